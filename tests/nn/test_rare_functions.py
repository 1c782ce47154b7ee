"""Functions of `nn` and `nn.functional` that few programs need."""

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.nn import functional as F
from torchlite.testing import assert_close

ENDS = torch.tensor([2, 6], dtype=torch.int32)


def test_gumbel_softmax_chooses_and_has_a_gradient():
    logits = torch.tensor([[0.0, 1.0, 2.0]], requires_grad=True)
    torch.manual_seed(0)
    soft = F.gumbel_softmax(logits, tau=0.5)
    torch.manual_seed(0)
    hard = F.gumbel_softmax(logits, tau=0.5, hard=True)
    assert_close(soft.sum(-1), torch.ones(1))
    assert_close(hard, F.one_hot(soft.argmax(-1), 3).float())
    (of_soft,) = torch.autograd.grad(soft[0, 1], logits)
    (of_hard,) = torch.autograd.grad(hard[0, 1], logits)
    assert_close(of_hard, of_soft)
    with pytest.warns(UserWarning, match="deprecated"):
        F.gumbel_softmax(logits, eps=1.0)


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


def test_keywords_of_factories():
    given = {"device": "cpu", "factory_kwargs": {"dtype": torch.float64}}
    assert nn.factory_kwargs(given) == {"device": "cpu", "dtype": torch.float64}
    assert nn.factory_kwargs(None) == {}
    with pytest.raises(TypeError, match="unexpected"):
        nn.factory_kwargs({"size": 1})
    with pytest.raises(TypeError, match="twice"):
        nn.factory_kwargs(given | {"dtype": torch.float32})


def test_an_int_or_a_pair():
    F.assert_int_or_pair(1, "size", "")
    F.assert_int_or_pair([1, 2], "size", "")
    with pytest.raises(AssertionError, match="size is wrong"):
        F.assert_int_or_pair([1], "size", "{} is wrong")


@pytest.mark.parametrize(
    "wrong",
    [{"acc_policy": "fast"}, {"chunking_method": "aspect_ratio:0"}, {"batch_chunk_size": 0},
     {"acc_dtype": torch.int64}],
)  # fmt: skip
def test_options_of_the_linear_cross_entropy(wrong):
    options = nn.LinearCrossEntropyOptions(chunking_method="aspect_ratio:2")
    x, weight, target = torch.rand(3, 4), torch.rand(5, 4), torch.tensor([0, 4, 2])
    loss = F.linear_cross_entropy(x, weight, target, options=options)
    assert_close(loss, F.cross_entropy(x @ weight.T, target))
    with pytest.raises(ValueError, match=next(iter(wrong))):
        nn.LinearCrossEntropyOptions(**wrong)
    with pytest.raises(RuntimeError, match="dimensionality 1 or 2"):
        F.linear_cross_entropy(x[None], weight, target)


def test_a_class_weight_has_one_dimension():
    x, target = torch.rand(3, 4), torch.tensor([0, 3, 2])
    with pytest.raises(ValueError, match="one-dimensional"):
        F.multi_margin_loss(x, target, weight=torch.tensor(1.0))


def test_a_module_that_is_found_twice():
    shared = nn.Linear(1, 1)
    model = nn.Sequential(shared, shared)
    assert len(list(model.modules())) == 2
    assert list(model.modules(remove_duplicate=False)) == [model, shared, shared]


def test_random_slopes_in_place():
    x = torch.tensor([-24.0, 1.0])
    assert torch.rrelu_(x) is x
    assert x.tolist() == [-5.5, 1.0]
