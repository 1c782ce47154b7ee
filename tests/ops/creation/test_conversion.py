"""Tensors from data, and tensor types named after dtypes."""

import pytest

import torchlite as torch


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ([[1, 2], [3]], ValueError, r"expected sequence of length 2 at dim 1 \(got 1\)"),
        (None, RuntimeError, "Could not infer dtype of NoneType"),
        ("a", TypeError, r"new\(\): invalid data type 'str'"),
    ],
)
def test_data_that_cannot_become_a_tensor_is_named(data, error, text):
    with pytest.raises(error, match=text):
        torch.tensor(data)


def test_types_named_after_dtypes():
    assert torch.LongTensor([1, 2]).dtype is torch.int64
    assert torch.FloatTensor(2, 3).shape == (2, 3)
    assert torch.DoubleTensor(torch.Size([4])).shape == (4,)
    assert isinstance(torch.zeros(1), torch.FloatTensor)
    assert not isinstance(torch.zeros(1), torch.LongTensor)
    assert torch.zeros(1).type(torch.IntTensor).dtype is torch.int32
    x = torch.zeros(2)
    torch.FloatTensor(x)[0] = 1
    assert x[0] == 1
    with pytest.raises(TypeError, match="dtype"):
        torch.FloatTensor(torch.zeros(2, dtype=torch.int32))
