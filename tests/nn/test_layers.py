"""Layers and losses: shapes, modes, what `repr` shows, how misuse is refused."""

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.nn import functional as F

ACTIVATIONS = [
    nn.CELU(), nn.ELU(), nn.GELU(), nn.GELU("tanh"), nn.Hardshrink(), nn.Hardsigmoid(),
    nn.Hardswish(), nn.Hardtanh(), nn.LeakyReLU(), nn.LogSigmoid(), nn.LogSoftmax(1), nn.Mish(),
    nn.PReLU(), nn.ReLU(), nn.ReLU6(), nn.RReLU(), nn.SELU(), nn.Sigmoid(), nn.SiLU(),
    nn.Softmax(1), nn.Softmin(1), nn.Softplus(), nn.Softshrink(), nn.Softsign(), nn.Tanh(),
    nn.Tanhshrink(), nn.Threshold(0.1, -1.0),
]  # fmt: skip
IN_PLACE = [
    nn.CELU, nn.ELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU, nn.Mish, nn.ReLU,
    nn.ReLU6, nn.RReLU, nn.SELU, nn.SiLU,
]  # fmt: skip


@pytest.mark.parametrize("layer", ACTIVATIONS, ids=repr)
def test_activations_keep_shape_and_dtype_and_pass_gradients(layer):
    x = torch.randn(3, 5, requires_grad=True)
    y = layer(x)
    assert y.shape == x.shape and y.dtype is x.dtype
    y.sum().backward()
    assert x.grad.shape == x.shape and x.grad.isfinite().all()


@pytest.mark.parametrize("kind", IN_PLACE)
def test_activations_in_place_are_the_same(kind):
    layer, in_place = kind().eval(), kind(inplace=True).eval()
    x = torch.randn(4, 5)
    expected = layer(x)
    y = x.clone()
    assert in_place(y) is y
    assert torch.equal(y, expected)
    first, second = (torch.randn(3).requires_grad_() for _ in range(2))
    second.data.copy_(first.data)
    layer(first * 2).sum().backward()
    in_place(second * 2).sum().backward()
    assert torch.allclose(first.grad, second.grad)


def test_linear_explains_a_wrong_shape():
    layer = nn.Linear(784, 10)
    with pytest.raises(RuntimeError) as caught:
        layer(torch.ones(32, 100))
    assert str(caught.value).split("\n") == [
        "mat1 and mat2 shapes cannot be multiplied (32x100 and 784x10)",
        "Linear(in_features=784, out_features=10, bias=True): expected (*, 784), got (32, 100)",
    ]


def test_linear_takes_any_leading_dimensions():
    layer = nn.Linear(3, 2)
    for shape in ((3,), (4, 3), (5, 4, 3), (0, 3)):
        assert layer(torch.ones(shape)).shape == (*shape[:-1], 2)
    assert nn.Linear(3, 2, bias=False).bias is None
    assert nn.Linear(3, 2, dtype=torch.float64).weight.dtype is torch.float64


def test_bilinear_is_the_sum_over_products():
    layer = nn.Bilinear(2, 3, 4)
    a, b = torch.randn(5, 2), torch.randn(5, 3)
    expected = [
        [(a[n] @ layer.weight[k] @ b[n] + layer.bias[k]).item() for k in range(4)] for n in range(5)
    ]
    assert torch.allclose(layer(a, b), torch.tensor(expected), atol=1e-5)
    with pytest.raises(ValueError, match="in1_features must be > 0"):
        nn.Bilinear(0, 1, 1)
    with pytest.raises(RuntimeError, match="input2 size does not match weight size"):
        layer(a, a)


def test_flatten_and_unflatten():
    x = torch.ones(2, 3, 4)
    assert nn.Flatten()(x).shape == (2, 12)
    assert nn.Flatten(0, 1)(x).shape == (6, 4)
    assert nn.Unflatten(1, (3, -1))(torch.ones(2, 12)).shape == (2, 3, 4)
    with pytest.raises(TypeError, match="element of type float at pos 1"):
        nn.Unflatten(1, (3, 4.0))
    with pytest.raises(TypeError, match="but found type int"):
        nn.Unflatten(1, 3)


@pytest.mark.parametrize(
    ("layer", "channels"),
    [
        (nn.Dropout(0.5), False),
        (nn.Dropout1d(0.5), True),
        (nn.Dropout2d(0.5), True),
        (nn.Dropout3d(0.5), True),
    ],
)
def test_dropout_zeroes_and_rescales_in_training_only(layer, channels):
    spatial = {nn.Dropout1d: (6,), nn.Dropout3d: (2, 3, 1)}.get(type(layer), (2, 3))
    x = torch.ones(20, 10, *spatial)
    y = layer(x)
    assert set(y.flatten().tolist()) == {0.0, 2.0}
    assert y.mean().item() == pytest.approx(1, abs=0.2)
    whole = y.flatten(2).amax(2) == y.flatten(2).amin(2)
    assert bool(whole.all()) is channels
    assert layer.eval()(x) is x


@pytest.mark.parametrize("kind", [nn.AlphaDropout, nn.FeatureAlphaDropout])
def test_alpha_dropout_keeps_mean_and_variance(kind):
    x = torch.randn(400, 50, 1)
    y = kind(0.3)(x)
    assert y.mean().item() == pytest.approx(0, abs=0.05)
    assert y.std().item() == pytest.approx(1, abs=0.05)
    assert kind(0.3).eval()(x) is x


def test_dropout_refuses():
    with pytest.raises(ValueError, match="probability has to be between 0 and 1, but got 2"):
        nn.Dropout(2)
    with pytest.raises(RuntimeError, match="dropout1d: Expected 2D or 3D input"):
        nn.Dropout1d()(torch.ones(3))
    with pytest.warns(UserWarning, match="assuming that channel-wise 1D dropout"):
        nn.Dropout2d()(torch.ones(2, 3, 4))


def test_activations_refuse():
    with pytest.raises(AssertionError, match="max_val"):
        nn.Hardtanh(1, 0)
    with pytest.raises(RuntimeError, match="Halving dimension must be even"):
        nn.GLU()(torch.ones(3))
    with pytest.raises(RuntimeError, match="lambda must be"):
        nn.Softshrink(-1)(torch.ones(1))
    with pytest.raises(RuntimeError, match="Found parameter numbers = 3 and channel size = 2"):
        nn.PReLU(3)(torch.ones(4, 2))
    with pytest.raises(ValueError, match="Softmax2d: expected input to be 3D or 4D, got 2D"):
        nn.Softmax2d()(torch.ones(2, 2))
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax"):
        assert nn.Softmax()(torch.ones(2, 2)).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    with pytest.warns(FutureWarning, match="keyword argument `min_value` is deprecated"):
        assert nn.Hardtanh(min_value=-3).min_val == -3


def test_glu_and_softmax2d():
    x = torch.randn(2, 4, 3)
    assert torch.allclose(nn.GLU(1)(x), x[:, :2] * x[:, 2:].sigmoid())
    assert torch.allclose(nn.Softmax2d()(x).sum(0), torch.ones(4, 3))


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        (nn.L1Loss, torch.zeros(4, 3)),
        (nn.MSELoss, torch.zeros(4, 3)),
        (nn.SmoothL1Loss, torch.zeros(4, 3)),
        (nn.HuberLoss, torch.zeros(4, 3)),
        (nn.NLLLoss, torch.tensor([0, 1, 2, 0])),
        (nn.CrossEntropyLoss, torch.tensor([0, 1, 2, 0])),
        (nn.BCELoss, torch.ones(4, 3)),
        (nn.BCEWithLogitsLoss, torch.ones(4, 3)),
        (nn.PoissonNLLLoss, torch.ones(4, 3)),
    ],
)
def test_losses_reduce(loss, target):
    x = torch.rand(4, 3).requires_grad_()
    each = loss(reduction="none")(x, target)
    assert each.shape == target.shape
    assert torch.allclose(loss(reduction="sum")(x, target), each.sum())
    mean = loss()(x, target)
    assert torch.allclose(mean, each.mean())
    mean.backward()
    assert x.grad.isfinite().all()
    with pytest.raises(ValueError, match="x is not a valid value for reduction"):
        loss(reduction="x")(x, target)


def test_old_forms_of_reduction_still_work():
    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        assert nn.MSELoss(size_average=False).reduction == "sum"
    with pytest.warns(UserWarning, match="please use reduction='none' instead"):
        assert nn.NLLLoss(reduce=False).reduction == "none"


def test_kl_div_and_gaussian_nll():
    p = torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    loss = nn.KLDivLoss(reduction="batchmean")
    assert loss(p[:1].log(), p[:1]).item() == pytest.approx(0)
    assert loss(torch.tensor([[0.5, 0.5]]).log(), p[1:]).item() == pytest.approx(0.6931, abs=1e-4)
    with pytest.warns(UserWarning, match="'mean' divides the total loss by both"):
        F.kl_div(p[:1].log(), p[:1])
    x, var = torch.zeros(3, 2), torch.ones(3, 1)
    assert nn.GaussianNLLLoss()(x, x + 1, var).item() == pytest.approx(0.5)
    with pytest.raises(ValueError, match="var has negative entry/entries"):
        nn.GaussianNLLLoss()(x, x, -var)
    with pytest.raises(ValueError, match="var is of incorrect size"):
        nn.GaussianNLLLoss()(x, x, torch.ones(5))


def test_weights_of_losses_are_buffers():
    loss = nn.CrossEntropyLoss(weight=torch.ones(3))
    assert list(loss.state_dict()) == ["weight"]
    assert loss.double().weight.dtype is torch.float64
    assert nn.CrossEntropyLoss().weight is None
    assert list(nn.BCEWithLogitsLoss(pos_weight=torch.ones(3)).state_dict()) == ["pos_weight"]
