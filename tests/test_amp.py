"""autocast: what computes in which dtype, where it is on, and what backward does."""

import threading
import warnings

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.nn import functional as F

pytest.importorskip("ml_dtypes")
BFLOAT16, FLOAT32 = torch.bfloat16, torch.float32


def test_products_are_lowered_and_losses_are_not():
    x, y = torch.randn(3, 3), torch.randn(3, 3)
    with torch.autocast("cpu"):
        assert (x @ y).dtype is torch.einsum("ij,jk", x, y).dtype is BFLOAT16
        assert F.linear(x, y).dtype is F.conv1d(x[None], y[None]).dtype is BFLOAT16
        assert F.mse_loss(x.bfloat16(), y).dtype is F.huber_loss(x.bfloat16(), y).dtype is FLOAT32
        assert torch.linalg.inv(x.bfloat16()).dtype is x.bfloat16().prod().dtype is FLOAT32
        assert F.pad(x.bfloat16(), (1, 1), "reflect").dtype is FLOAT32
        assert (x + y).dtype is torch.mv(x, y[0]).dtype is FLOAT32
        assert x.bfloat16().exp().dtype is F.pad(x.bfloat16(), (1, 1)).dtype is BFLOAT16
    assert (x @ y).dtype is FLOAT32


def test_a_float64_operand_and_out_stay_as_they_are():
    x = torch.ones(2, 2, dtype=torch.float64)
    with torch.autocast("cpu"):
        assert (x @ x).dtype is torch.float64
        out = torch.mm(x.float(), x.float(), out=torch.empty(2, 2))
    assert out.dtype is FLOAT32


def test_other_dtype_and_nesting():
    x = torch.ones(2, 2)
    with torch.autocast("cpu", dtype=torch.float16):
        assert (x @ x).dtype is torch.float16 is torch.get_autocast_dtype("cpu")
        with torch.autocast("cpu", enabled=False):
            assert (x @ x).dtype is FLOAT32 and not torch.is_autocast_enabled("cpu")
        assert torch.is_autocast_enabled("cpu")
    assert not torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") is BFLOAT16


def test_it_is_put_back_after_an_error_and_used_as_a_decorator():
    @torch.autocast("cpu")
    def product(x):
        assert torch.is_autocast_enabled("cpu")
        return x @ x

    assert product(torch.ones(2, 2)).dtype is BFLOAT16
    with pytest.raises(RuntimeError):
        product(torch.ones(2, 3))
    assert not torch.is_autocast_enabled("cpu")


def test_another_thread_has_its_own():
    seen = []
    with torch.autocast("cpu"):
        thread = threading.Thread(target=lambda: seen.append(torch.is_autocast_enabled("cpu")))
        thread.start()
        thread.join()
    assert seen == [False]


@pytest.mark.parametrize("layer", [
    nn.Linear(4, 4), nn.LSTM(4, 4, 2), nn.RNN(4, 4), nn.GRU(4, 4), nn.TransformerEncoderLayer(4, 2),
    nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)),
], ids=lambda layer: type(layer).__name__)  # fmt: skip
def test_parameters_get_gradients_in_their_own_dtype(layer):
    x = torch.randn(3, 2, 4)
    with torch.autocast("cpu"):
        y = layer(x)
        y = y[0] if isinstance(y, tuple) else y
    y.float().square().sum().backward()
    expected = FLOAT32 if isinstance(layer, (nn.GRU, nn.TransformerEncoderLayer)) else BFLOAT16
    assert y.dtype is expected
    assert all(p.grad.dtype is FLOAT32 and p.grad.any() for p in layer.parameters())


def test_functions_know_the_autocast_of_their_forward():
    class Product(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu")
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x @ x

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            seen.append((x @ x).dtype)
            return 2 * x

    class InFloat32(Product):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=FLOAT32)
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x @ x

    seen: list = []
    x = torch.ones(2, 2, requires_grad=True)
    with torch.autocast("cpu"):
        outs = Product.apply(x), InFloat32.apply(x.bfloat16())
    assert [y.dtype for y in outs] == [BFLOAT16, FLOAT32]
    for y in outs:
        y.float().sum().backward()
    assert seen == [BFLOAT16, FLOAT32]


def test_what_is_not_there_is_told():
    with pytest.warns(UserWarning, match="target dtype is not supported"):
        context = torch.autocast("cpu", dtype=torch.float64)
    with context:
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is FLOAT32
    with pytest.warns(UserWarning, match="CUDA is not available"):
        context = torch.autocast("cuda")
    with context:
        assert not torch.is_autocast_enabled() and not torch.is_autocast_enabled("cpu")
    with pytest.raises(ValueError, match="device_type"):
        torch.autocast(torch.device("cpu"))
    with pytest.raises(TypeError, match="requires a callable"):
        torch.autocast("cpu")(3)
    with warnings.catch_warnings(), torch.autocast("cpu", enabled=False):
        warnings.simplefilter("error")


@pytest.mark.parametrize("use_reentrant", [False, True])
def test_a_checkpointed_function_runs_again_in_the_same_autocast(use_reentrant):
    layer = nn.Linear(3, 3)
    x = torch.randn(2, 3, requires_grad=True)
    with torch.autocast("cpu"):
        expected = torch.autograd.grad(layer(x).relu().float().sum(), x)[0]
        y = torch.utils.checkpoint.checkpoint(
            lambda x: layer(x).relu(), x, use_reentrant=use_reentrant
        )
    y.float().sum().backward()
    assert y.dtype is BFLOAT16 and x.grad.equal(expected)
