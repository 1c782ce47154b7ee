"""Initial values: ranges, moments, structure, refusals."""

import math

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.nn import init


@pytest.mark.parametrize(
    ("fill", "bound"),
    [
        (lambda w: init.uniform_(w, -2, 3), (-2, 3)),
        (init.xavier_uniform_, (-math.sqrt(6 / 300), math.sqrt(6 / 300))),
        (
            lambda w: init.kaiming_uniform_(w, nonlinearity="relu"),
            (-math.sqrt(0.06), math.sqrt(0.06)),
        ),
        (lambda w: init.trunc_normal_(w, 0, 1, -0.5, 2), (-0.5, 2)),
        (lambda w: init.trunc_normal_(w, 0, 1, 1, 1.1), (1, 1.1)),
    ],
)
def test_values_are_within_bounds(fill, bound):
    weight = nn.Parameter(torch.zeros(200, 100))
    low, high = bound
    assert fill(weight) is weight and weight.requires_grad and weight.is_leaf
    assert low <= weight.min().item() < weight.max().item() <= high
    assert weight.max().item() - weight.min().item() > 0.9 * (high - low)


@pytest.mark.parametrize(
    ("fill", "std"),
    [
        (lambda w: init.normal_(w, 0, 3), 3),
        (init.xavier_normal_, math.sqrt(2 / 300)),
        (lambda w: init.kaiming_normal_(w, mode="fan_out"), math.sqrt(2 / 200)),
    ],
)
def test_values_have_the_standard_deviation(fill, std):
    assert fill(torch.zeros(200, 100)).std().item() == pytest.approx(std, rel=0.05)


def test_structured_values():
    assert init.eye_(torch.zeros(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert init.constant_(torch.zeros(2), 5).tolist() == [5, 5]
    assert init.ones_(torch.zeros(1)).item() == 1 and init.zeros_(torch.ones(1)).item() == 0
    kernel = init.dirac_(torch.ones(4, 2, 3), groups=2)
    assert kernel.sum().item() == 4 and kernel[:, :, 1].tolist() == [[1, 0], [0, 1]] * 2
    columns = init.sparse_(torch.ones(10, 4), sparsity=0.25)
    assert (columns == 0).sum(dim=0).tolist() == [3, 3, 3, 3]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: init.calculate_gain("nothing"), "Unsupported nonlinearity nothing"),
        (lambda: init.calculate_gain("leaky_relu", "a"), "negative_slope a not a valid number"),
        (lambda: init.xavier_normal_(torch.ones(3)), "fewer than 2 dimensions"),
        (lambda: init.kaiming_normal_(torch.ones(3, 3), mode="x"), "Mode x not supported"),
        (lambda: init.eye_(torch.ones(3)), "Only tensors with 2 dimensions"),
        (lambda: init.sparse_(torch.ones(3), 0.1), "Only tensors with 2 dimensions"),
        (lambda: init.dirac_(torch.ones(3, 3)), "Only tensors with 3, 4, or 5 dimensions"),
        (lambda: init.dirac_(torch.ones(3, 3, 3), 2), "dim 0 must be divisible by groups"),
    ],
)
def test_misuse_is_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_warnings():
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        init.kaiming_uniform_(torch.ones(0, 3))
    with pytest.warns(UserWarning, match="mean is more than 2 std"):
        init.trunc_normal_(torch.ones(3), mean=9, a=5, b=6)
    with pytest.warns(FutureWarning, match=r"`nn\.init\.constant` is now deprecated"):
        init.constant(torch.ones(1), 2)
