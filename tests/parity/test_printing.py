"""The text of tensors against PyTorch's own, for PyTorch's own tensors: only their public API is
needed to print them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torchlite import dtypes  # noqa: E402
from torchlite.core import printing as ours  # noqa: E402

INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
COMPLEX = (torch.complex64, torch.complex128)
SPECIAL = (math.nan, math.inf, -math.inf, 0.0, -0.0)

shapes = st.one_of(
    st.lists(st.integers(0, 4), max_size=4),
    st.lists(st.sampled_from([1, 2, 6, 7, 30]), min_size=1, max_size=3),
    st.sampled_from([(999,), (1000,), (1001,), (1, 2000), (2000, 1), (2, 7, 8, 9), (6, 6, 6, 6)]),
)


@st.composite
def tensors(draw):
    """Tensors of all dtypes and of all orders of magnitude, some of them strided."""
    dtype = draw(st.sampled_from((*INTEGERS, torch.bool, *FLOATS, *COMPLEX)))
    shape = draw(shapes)
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    spread, offset = draw(st.sampled_from([0, 0, 1, 5, 30])), draw(st.integers(-8, 12))
    parts = [_numbers(draw, shape, generator, spread, offset) for _ in range(2)]
    x = torch.complex(*parts) if dtype in COMPLEX else parts[0]
    x = x.nan_to_num(0, 100, -100).clamp(0, 100) if dtype in INTEGERS else x
    x = x.to(dtype)
    return x.transpose(0, -1)[::2] if x.dim() and draw(st.booleans()) else x


def _numbers(draw, shape, generator, spread, offset):
    normal = torch.randn(shape, generator=generator, dtype=torch.float64)
    powers = torch.randn(shape, generator=generator, dtype=torch.float64) * spread + offset
    x = normal * 10 ** powers.clamp(-300, 300)
    x = x.round() if draw(st.booleans()) else x
    if draw(st.booleans()):
        chosen = torch.rand(shape, generator=generator) < draw(st.sampled_from([0.1, 0.5, 1]))
        which = torch.randint(len(SPECIAL), shape, generator=generator)
        x = torch.where(chosen, torch.tensor(SPECIAL, dtype=torch.float64)[which], x)
    return x


@pytest.fixture(autouse=True)
def restored_options():
    with ours.printoptions(), torch._tensor_str.printoptions():
        yield


def set_both(**options):
    torch.set_printoptions(**options)
    ours.set_printoptions(**options)


@given(x=tensors())
def test_same_text(x):
    assert ours.format_tensor(x) == repr(x)


@given(
    x=tensors(),
    options=st.fixed_dictionaries(
        {"profile": st.sampled_from(["default", "short", "full"])},
        optional={
            "precision": st.integers(0, 12),
            "threshold": st.sampled_from([0, 5, 100, math.inf]),
            "edgeitems": st.integers(0, 5),
            "linewidth": st.sampled_from([0, 20, 79, 200]),
            "sci_mode": st.sampled_from([None, True, False]),
        },
    ),
)
def test_same_text_with_options(x, options):
    set_both(**options)
    assert ours.get_printoptions() == torch._tensor_str.get_printoptions()
    assert ours.format_tensor(x) == repr(x)


@given(x=tensors())
def test_same_text_with_gradient(x):
    if not (x.is_floating_point() or x.is_complex()):
        return
    leaf = x.detach().clone().requires_grad_()
    made = leaf * 2
    written = leaf.clone()
    written.zero_()
    view = written[None]
    with torch.no_grad():
        view_without_history = leaf[None]
    for y in (leaf, made, written, view, view_without_history, torch.nn.Parameter(x)):
        assert ours.format_tensor(y) == repr(y)


def test_same_text_after_a_write_to_a_part():
    x = torch.ones(3, requires_grad=True) * 1
    x[0] = 2
    assert ours.format_tensor(x) == repr(x)


def test_same_text_of_a_custom_function():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    y = Double.apply(torch.ones(2, requires_grad=True))
    assert ours.format_tensor(y) == repr(y)


def test_same_text_of_subclasses():
    class Image(torch.Tensor):
        pass

    class Weight(torch.nn.Parameter):
        pass

    for x in (torch.rand(9, 9).as_subclass(Image), Weight(torch.rand(9, 9))):
        assert ours.format_tensor(x) == repr(x)


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_same_text_for_each_default_dtype(name):
    default = dtypes.get_default_dtype()
    torch.set_default_dtype(getattr(torch, name))
    dtypes.set_default_dtype(dtypes.from_name(name))
    try:
        for dtype in (*INTEGERS, torch.bool, *FLOATS, *COMPLEX):
            for shape in ((), (0,), (0, 2), (3,)):
                x = torch.ones(shape, dtype=dtype)
                assert ours.format_tensor(x) == repr(x)
    finally:
        torch.set_default_dtype(torch.float32)
        dtypes.set_default_dtype(default)


@pytest.mark.parametrize("dtype", [torch.uint16, torch.uint32, torch.uint64, torch.int64])
def test_same_text_of_wide_integers(dtype):
    x = torch.tensor([0, torch.iinfo(dtype).max, 7], dtype=dtype)
    assert ours.format_tensor(x) == repr(x)
