"""bfloat16: every operation computes as in float32 and rounds; what surrounds operations has it."""

import copy
import io
import pickle
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import torchlite as torch
from tests.ops.differences import leaves, mapped
from tests.ops.inputs import fewer
from tests.ops.samples import RANDOM, SAMPLES, Inputs
from torchlite import backends, nn
from torchlite.ops.core.family import operations

pytest.importorskip("ml_dtypes")
BACKENDS = ("numpy", "numba")
EPS = torch.finfo(torch.bfloat16).eps
#: Random; or about the digits of a number; or with a result that jumps.
UNCOMPARED = RANDOM | {
    "dropout", "fractional_max_pool2d", "fractional_max_pool3d", "frexp", "nextafter", "histc",
}  # fmt: skip
#: PyTorch has no kernel of them either.
REFUSED = frozenset(
    "det fft fft2 fftn geqrf hfft hfft2 hfftn ifft ifft2 ifftn ihfft ihfft2 ihfftn inverse irfft "
    "irfft2 irfftn logdet lu lu_solve nanquantile nuclear_norm orgqr ormqr pca_lowrank pinverse qr "
    "quantile rfft rfft2 rfftn slogdet stft svd svd_lowrank triangular_solve".split()
)
NAMES = [name for name in SAMPLES if name in operations and name not in UNCOMPARED]


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param == "numba":
        pytest.importorskip("numba")
    with backends.use(request.param):
        yield


def in_dtype(kind, args, kwargs):
    """The arguments of a call, arrays of floats rounded to bfloat16 and then of dtype `kind`."""

    def convert(x):
        x = torch.from_numpy(x)
        return x.bfloat16().to(kind) if x.is_floating_point() else x

    return mapped(convert, args), mapped(convert, kwargs)


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_computes_in_float32_and_rounds(backend, name):
    @fewer(5)
    @given(st.data())
    def check(data):
        args, kwargs = SAMPLES[name](Inputs(data))
        arrays = leaves((args, list(kwargs.values())))
        if any(isinstance(x, torch.Tensor) or x.dtype.kind == "c" for x in arrays):
            return
        op = operations[name]
        wide, options = in_dtype(torch.float32, args, kwargs)
        expected = op(*wide, **options)
        narrow, options = in_dtype(torch.bfloat16, args, kwargs)
        if name in REFUSED:
            with pytest.raises(RuntimeError, match="BFloat16|either float or double"):
                op(*narrow, **options)
            return
        actual = op(*narrow, **options)
        for a, e in zip(leaves(actual), leaves(expected), strict=True):
            compare(a, e)

    check()


def compare(actual, expected):
    assert actual.shape == expected.shape
    if expected.dtype is not torch.float32:
        assert actual.dtype is expected.dtype
        return
    assert actual.dtype is torch.bfloat16
    if expected.numel():
        largest = expected.nan_to_num(0, 0, 0).abs().max().item()
        torch.testing.assert_close(
            actual.float(), expected, rtol=2 * EPS, atol=2 * EPS * max(largest, 1), equal_nan=True
        )


# --- dtypes -------------------------------------------------------------------------------------


def test_promotion():
    x = torch.ones(2, dtype=torch.bfloat16)
    assert (x + torch.ones(2, dtype=torch.float16)).dtype is torch.float32
    assert (x + torch.ones(2)).dtype is torch.float32
    assert (x + torch.ones(2, dtype=torch.int64)).dtype is torch.bfloat16
    assert (x + torch.tensor(1.0, dtype=torch.float64)).dtype is torch.bfloat16
    assert (x * 2.5).dtype is (x > 1).float().bfloat16().dtype is torch.bfloat16
    assert (x + 1j).dtype is torch.complex64


@pytest.mark.parametrize("kind", [torch.float16, torch.float64, torch.int64, torch.bool], ids=str)
def test_conversions_there_and_back(backend, kind):
    x = torch.tensor([0, 1, 1, 0], dtype=kind)
    assert x.bfloat16().to(kind).equal(x) and x.bfloat16().dtype is torch.bfloat16


def test_halves_round_to_even_and_too_large_numbers_to_infinity():
    x = torch.tensor([1 + 2**-8, 1 + 3 * 2**-8, 3.4e38, -3.4e38, float("nan")])
    assert x.bfloat16().float()[:4].tolist() == [1, 1 + 2**-6, float("inf"), -float("inf")]
    assert x.bfloat16()[4].isnan()


def test_bits():
    x = torch.tensor([1.0, -2.0], dtype=torch.bfloat16)
    bits = x.view(torch.int16)
    assert bits.tolist() == [0x3F80, -0x4000] and bits.view(torch.bfloat16).equal(x)


def test_text_and_numbers():
    x = torch.tensor([1.0, 3.14159], dtype=torch.bfloat16)
    assert repr(x) == "tensor([1.0000, 3.1406], dtype=torch.bfloat16)"
    assert x.tolist() == [1, 3.140625] and type(x[1].item()) is float
    assert x.type() == "torch.BFloat16Tensor" and x.element_size() == 2


def test_sums_do_not_round_on_the_way(backend):
    assert torch.ones(1000, dtype=torch.bfloat16).sum().item() == 1000
    assert torch.ones(1000, dtype=torch.bfloat16).cumsum(0)[-1].item() == 1000


def test_there_is_no_complex32():
    with pytest.raises(TypeError, match="complex32"):
        torch.zeros(2, dtype=torch.complex32)


# --- the way in and out ---------------------------------------------------------------------------


def test_numpy_has_no_such_type():
    x = torch.ones(2, dtype=torch.bfloat16)
    for way in (torch.Tensor.numpy, np.asarray):
        with pytest.raises(TypeError, match="Got unsupported ScalarType BFloat16"):
            way(x)


def test_arrays_of_ml_dtypes_share_memory():
    array = np.zeros(3, sys.modules["ml_dtypes"].bfloat16)
    x = torch.from_numpy(array)
    x[1] = 2.5
    assert float(array[1]) == 2.5 and x.dtype is torch.bfloat16


def test_dlpack_shares_memory():
    x = torch.arange(6, dtype=torch.bfloat16).reshape(2, 3).t()
    y = torch.from_dlpack(x)
    y[0, 1] = 9
    assert y.dtype is torch.bfloat16 and x.equal(y) and y.stride() == (1, 3)


def test_copies_and_files():
    x = torch.randn(3, 4, dtype=torch.bfloat16)
    file = io.BytesIO()
    torch.save({"x": x, "view": x.t()[1:]}, file)
    file.seek(0)
    assert torch.load(file)["view"].equal(x.t()[1:])
    assert pickle.loads(pickle.dumps(x)).equal(x) and copy.deepcopy(x).equal(x)


@pytest.mark.parametrize("draw", ["normal_", "uniform_", "exponential_"])
def test_random_numbers_are_those_of_float32_rounded(backend, draw):
    wide, narrow = torch.empty(100), torch.empty(100, dtype=torch.bfloat16)
    for x in (wide, narrow):
        torch.manual_seed(1)
        getattr(x, draw)()
    assert wide.bfloat16()[:16].equal(narrow[:16])


def test_random_whole_numbers_are_exact():
    x = torch.empty(1000, dtype=torch.bfloat16).random_()
    assert 200 < x.max().item() <= 256 and x.min().item() >= 0


def test_without_the_package_an_error_tells_how_to_get_it(monkeypatch):
    from torchlite.backends.numpy import bfloat16

    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(ImportError, match=r"pip install 'torchlite\[bfloat16\]'"):
        bfloat16.load()


# --- training -------------------------------------------------------------------------------------


def test_gradients_have_the_dtype_of_the_parameters(backend):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(),
                        nn.Linear(32, 4), nn.LayerNorm(4)).bfloat16()  # fmt: skip
    loss = nn.functional.cross_entropy(net(torch.randn(3, 1, 6, 6).bfloat16()),
                                       torch.tensor([0, 1, 3]))  # fmt: skip
    loss.backward()
    assert loss.dtype is torch.bfloat16
    assert all(p.grad.dtype is torch.bfloat16 for p in net.parameters())


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta",
                                  "Adamax", "NAdam", "RAdam", "ASGD", "Rprop", "Adafactor",
                                  "Muon"])  # fmt: skip
def test_optimizers_round_once_a_step(backend, name):
    options = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    params = [nn.Parameter(torch.full((2, 3), 1.5, dtype=kind))
              for kind in (torch.bfloat16, torch.float32)]  # fmt: skip
    gradient = torch.tensor([[0.5, -1, 2], [0.25, 1, -2]])
    for p in params:
        p.grad = gradient.to(p.dtype)
        optimizer = getattr(torch.optim, name)([p], lr=0.125, **options)
        optimizer.step()
        states = [s for s in optimizer.state[p].values() if getattr(s, "shape", ()) == p.shape]
        assert all(s.dtype is p.dtype for s in states)
    narrow, wide = params
    assert narrow.dtype is torch.bfloat16
    torch.testing.assert_close(narrow.float(), wide.detach(), rtol=EPS, atol=EPS)
