"""Matrix products of groups of rows."""

import pytest

import torchlite as torch
from torchlite.nn import functional as F
from torchlite.testing import assert_close

ENDS = torch.tensor([2, 6], dtype=torch.int32)


def test_products_of_groups():
    rows, stacked = torch.rand(6, 16), torch.rand(2, 16, 4)
    expected = torch.cat((rows[:2] @ stacked[0], rows[2:] @ stacked[1]))
    assert_close(F.grouped_mm(rows, stacked, offs=ENDS), expected)
    assert_close(F.grouped_mm(stacked.mT, rows.T, offs=ENDS), expected.T)
    a, b = torch.rand(3, 6), torch.rand(6, 5)
    inner = F.grouped_mm(a, b, offs=ENDS)
    assert_close(inner, torch.stack((a[:, :2] @ b[:2], a[:, 2:] @ b[2:])))
    assert_close(F.grouped_mm(stacked.mT, stacked), stacked.mT @ stacked)


@pytest.mark.parametrize(
    "a, b, options, words",
    [
        ((6, 16), (2, 16, 4), {}, "provide offsets"),
        ((2, 3, 16), (2, 16, 4), {"offs": ENDS}, "provide offsets"),
        ((6, 16), (2, 12, 4), {"offs": ENDS}, "contraction"),
        ((6, 16), (3, 16, 4), {"offs": ENDS}, "batch sizes"),
        ((16,), (2, 16, 4), {"offs": ENDS}, "2 or 3d"),
        ((6, 16), (2, 16, 4), {"offs": ENDS.long()}, "int32"),
        ((6, 16), (2, 16, 4), {"offs": ENDS, "bias": torch.ones(4)}, "Bias"),
        ((6, 16), (2, 16, 4), {"offs": ENDS, "out_dtype": torch.float64}, "output dtype"),
    ],
)
def test_groups_that_do_not_fit(a, b, options, words):
    with pytest.raises(RuntimeError, match=words):
        F.grouped_mm(torch.ones(a), torch.ones(b), **options)


def test_there_are_no_products_of_8_bit_floats():
    x, scale = torch.ones(16, 16), torch.ones(1)
    kind = F.ScalingType.TensorWise
    with pytest.raises(ValueError, match="float8"):
        F.scaled_mm(x, x, scale, kind, scale, kind)
    with pytest.raises(NotImplementedError, match="CPU"):
        F.scaled_grouped_mm(x, x, scale, kind, scale, kind)
