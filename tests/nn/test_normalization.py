"""Normalisation layers: what they compute, what they remember, how misuse is refused."""

import warnings

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.nn import functional as F


def moments(x, dims):
    return x.mean(dims), x.var(dims, correction=0)


def test_batch_norm_standardizes_each_channel_and_remembers_the_moments():
    layer = nn.BatchNorm2d(3)
    x = torch.randn(4, 3, 5, 5) * 3 + 2
    mean, var = moments(layer(x), (0, 2, 3))
    assert torch.allclose(mean, torch.zeros(3), atol=1e-5)
    assert torch.allclose(var, torch.ones(3), atol=1e-3)
    assert torch.allclose(layer.running_mean, 0.1 * x.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(layer.running_var, 0.9 + 0.1 * x.var((0, 2, 3)), atol=1e-5)
    assert layer.num_batches_tracked == 1


def test_batch_norm_in_evaluation_uses_what_it_remembers():
    layer = nn.BatchNorm1d(2, eps=0.0).eval()
    layer.running_mean.copy_(torch.tensor([1.0, -1.0]))
    layer.running_var.fill_(4.0)
    assert layer(torch.ones(3, 2)).tolist() == [[0.0, 1.0]] * 3
    assert layer.num_batches_tracked == 0


def test_batch_norm_without_momentum_averages_all_batches():
    layer = nn.BatchNorm1d(1, momentum=None)
    batches = [torch.randn(5, 1) for _ in range(4)]
    for batch in batches:
        layer(batch)
    assert torch.allclose(layer.running_mean, torch.cat(batches).mean(0), atol=1e-6)


def test_batch_norm_without_tracking_uses_the_batch_in_both_modes():
    layer = nn.BatchNorm1d(2, track_running_stats=False)
    x = torch.randn(6, 2)
    assert torch.equal(layer(x), layer.eval()(x))
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_batch_norm_refuses_one_value_a_channel_and_keeps_its_state():
    layer = nn.BatchNorm1d(2)
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        layer(torch.ones(1, 2))
    assert layer.running_mean.tolist() == [0, 0] and layer.running_var.tolist() == [1, 1]


def test_an_empty_batch_leaves_the_moments_alone():
    layer = nn.BatchNorm1d(2)
    assert layer(torch.ones(0, 2, 3)).shape == (0, 2, 3)
    assert layer.running_mean.tolist() == [0, 0]


@pytest.mark.parametrize("layer, shape", [
    (nn.BatchNorm1d(2), (2,)), (nn.BatchNorm2d(2), (2, 2)), (nn.BatchNorm3d(2), (2, 2, 2, 2)),
    (nn.SyncBatchNorm(2), (2,)), (nn.InstanceNorm1d(2), (2,)), (nn.InstanceNorm3d(2), (2, 2)),
])  # fmt: skip
def test_wrong_dimensions_are_refused(layer, shape):
    with pytest.raises(ValueError, match=r"expected .*D input \(got \dD input\)"):
        layer(torch.ones(shape))


def test_a_gradient_in_evaluation_notices_that_the_moments_changed():
    layer = nn.BatchNorm1d(2).eval()
    x = torch.randn(4, 2, requires_grad=True)
    y = layer(x)
    layer.train()(x)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_batch_norm_in_evaluation_has_gradients_of_gradients():
    layer = nn.BatchNorm1d(2).double().eval()
    layer.running_var.fill_(2.0)
    x = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: layer(x) ** 2, (x,))


def test_converting_to_sync_batch_norm_keeps_parameters():
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.BatchNorm1d(2)))
    weight = model[1][0].weight
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    assert isinstance(converted[1][0], nn.SyncBatchNorm) and converted[1][0].weight is weight


def test_instance_norm_standardizes_each_sample():
    x = torch.randn(2, 3, 50) * torch.tensor([1.0, 10.0]).reshape(2, 1, 1)
    mean, var = moments(nn.InstanceNorm1d(3)(x), 2)
    assert torch.allclose(mean, torch.zeros(2, 3), atol=1e-5)
    assert torch.allclose(var, torch.ones(2, 3), atol=1e-3)
    assert torch.allclose(nn.InstanceNorm1d(3)(x[0]), nn.InstanceNorm1d(3)(x)[0])


def test_instance_norm_complains_about_other_channels():
    with pytest.warns(UserWarning, match="does not match num_features"):
        nn.InstanceNorm1d(3)(torch.randn(2, 4, 5))
    with pytest.raises(ValueError, match="to match num_features"):
        nn.InstanceNorm1d(3, affine=True)(torch.randn(2, 4, 5))


def test_group_norm_lies_between_layer_norm_and_instance_norm():
    x = torch.randn(2, 4, 3, 3)
    assert torch.allclose(F.group_norm(x, 4), F.instance_norm(x), atol=1e-5)
    assert torch.allclose(F.group_norm(x, 1), F.layer_norm(x, (4, 3, 3)), atol=1e-5)
    with pytest.raises(ValueError, match="must be divisible by num_groups"):
        nn.GroupNorm(3, 4)


def test_layer_norm_and_rms_norm_over_last_dimensions():
    x = torch.randn(5, 2, 3) + 4
    mean, var = moments(nn.LayerNorm((2, 3))(x), (1, 2))
    assert torch.allclose(mean, torch.zeros(5), atol=1e-5)
    assert torch.allclose(var, torch.ones(5), atol=1e-3)
    assert torch.allclose((nn.RMSNorm(3)(x) ** 2).mean(-1), torch.ones(5, 2), atol=1e-5)
    with pytest.raises(RuntimeError, match=r"expected input with shape \[\*, 4\], but got input"):
        nn.LayerNorm(4)(x)


def test_half_precision_computes_in_single():
    x = (torch.randn(4, 300) * 100).half()
    exact = F.layer_norm(x.float(), (300,))
    assert F.layer_norm(x, (300,)).dtype is torch.float16
    assert torch.allclose(F.layer_norm(x, (300,)).float(), exact, atol=2e-3)


def test_local_response_norm_divides_by_neighbours():
    x = torch.ones(1, 3, 2)
    y = nn.LocalResponseNorm(3, alpha=3.0, beta=1.0)(x)
    assert torch.allclose(y[0, :, 0], torch.tensor([1 / 3, 1 / 4, 1 / 3]))
    with pytest.raises(ValueError, match="Expected input to be 4D"):
        nn.CrossMapLRN2d(3)(x)


LAZY = [
    (nn.LazyLinear(3), (2, 5), nn.Linear), (nn.LazyBatchNorm1d(), (2, 5), nn.BatchNorm1d),
    (nn.LazyInstanceNorm1d(), (2, 5, 3), nn.InstanceNorm1d),
    (nn.LazyConv2d(4, 3), (2, 5, 6, 6), nn.Conv2d),
    (nn.LazyConvTranspose1d(4, 3), (2, 5, 6), nn.ConvTranspose1d),
]  # fmt: skip


@pytest.mark.parametrize("layer, shape, becomes", LAZY, ids=lambda x: type(x).__name__)
def test_lazy_layers_take_their_width_from_the_first_input(layer, shape, becomes):
    assert layer.has_uninitialized_params()
    with pytest.raises(RuntimeError, match="shape of an uninitialized parameter"):
        next(layer.parameters()).shape  # noqa: B018
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(torch.randn(shape))
    assert type(layer) is becomes
    assert all(type(p) is nn.Parameter and p.numel() for p in layer.parameters())
    layer(torch.randn(shape)).sum().backward()


def test_lazy_layers_take_their_width_from_a_checkpoint():
    source, lazy = nn.Linear(5, 3), nn.LazyLinear(3)
    lazy.load_state_dict(source.state_dict())
    x = torch.randn(2, 5)
    assert torch.equal(lazy(x), source(x)) and type(lazy) is nn.Linear
    first, second = nn.LazyLinear(3), nn.LazyLinear(3)
    second.load_state_dict(first.state_dict())
    assert second.has_uninitialized_params()
