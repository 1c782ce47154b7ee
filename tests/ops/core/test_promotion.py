"""Which dtype an operation gives: against PyTorch's table."""

import itertools

import pytest

import torchlite as torch

NAMES = {
    "b": torch.bool, "u1": torch.uint8, "i1": torch.int8, "i2": torch.int16, "i4": torch.int32,
    "i8": torch.int64, "f2": torch.float16, "bf": torch.bfloat16, "f4": torch.float32,
    "f8": torch.float64, "c8": torch.complex64, "c16": torch.complex128,
}  # fmt: skip
#: Of two tensors with dimensions. https://pytorch.org/docs/stable/tensor_attributes.html#torch.dtype
TABLE = """
        b   u1  i1  i2  i4  i8  f2  bf  f4  f8  c8  c16
    b   b   u1  i1  i2  i4  i8  f2  bf  f4  f8  c8  c16
    u1  u1  u1  i2  i2  i4  i8  f2  bf  f4  f8  c8  c16
    i1  i1  i2  i1  i2  i4  i8  f2  bf  f4  f8  c8  c16
    i2  i2  i2  i2  i2  i4  i8  f2  bf  f4  f8  c8  c16
    i4  i4  i4  i4  i4  i4  i8  f2  bf  f4  f8  c8  c16
    i8  i8  i8  i8  i8  i8  i8  f2  bf  f4  f8  c8  c16
    f2  f2  f2  f2  f2  f2  f2  f2  f4  f4  f8  c8  c16
    bf  bf  bf  bf  bf  bf  bf  f4  bf  f4  f8  c8  c16
    f4  f4  f4  f4  f4  f4  f4  f4  f4  f4  f8  c8  c16
    f8  f8  f8  f8  f8  f8  f8  f8  f8  f8  f8  c16 c16
    c8  c8  c8  c8  c8  c8  c8  c8  c8  c8  c16 c8  c16
    c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16
"""
_HEAD, *_ROWS = [line.split() for line in TABLE.strip().splitlines()]
PAIRS = {(row[0], column): result for row in _ROWS for column, result in zip(_HEAD, row[1:])}
HELD = [name for name in NAMES if name != "bf"]  # the dtypes that both backends have


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_promote_types_follows_the_table(a, b):
    assert torch.promote_types(NAMES[a], NAMES[b]) is NAMES[PAIRS[a, b]]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(HELD, HELD)))
def test_operations_follow_the_table(a, b):
    x, y = torch.ones(2, dtype=NAMES[a]), torch.ones(2, dtype=NAMES[b])
    expected = NAMES[PAIRS[a, b]]
    assert torch.add(x, y).dtype is expected
    assert torch.mul(x[0], y[0]).dtype is expected  # two 0-d tensors promote like others
    assert torch.where(x.bool(), x, y).dtype is expected
    assert torch.eq(x, y).dtype is torch.bool


@pytest.mark.parametrize(
    ("tensor", "other", "result"),
    [
        ("i4", 1, "i4"), ("i4", 1.5, "f4"), ("f2", 1.5, "f2"), ("f8", 1, "f8"), ("b", 1, "i8"),
        ("b", True, "b"), ("b", 1.5, "f4"), ("f4", 1j, "c8"), ("f8", 1j, "c16"), ("u1", 300, "u1"),
        ("c8", 1.5, "c8"), ("i8", 1j, "c8"),
    ],
)  # fmt: skip
def test_numbers_raise_the_category_only(tensor, other, result):
    x = torch.ones(2, dtype=NAMES[tensor])
    assert (x + other).dtype is NAMES[result]
    assert (other + x).dtype is NAMES[result]


@pytest.mark.parametrize(
    ("tensor", "zero_dim", "result"),
    [
        ("f4", "f8", "f4"), ("i4", "i8", "i4"), ("i4", "f8", "f8"), ("f4", "c16", "c8"),
        ("i1", "u1", "i1"), ("b", "i2", "i2"), ("f4", "i8", "f4"), ("c8", "f8", "c8"),
    ],
)  # fmt: skip
def test_zero_dim_tensors_raise_the_category_only(tensor, zero_dim, result):
    x, y = torch.ones(2, dtype=NAMES[tensor]), torch.ones((), dtype=NAMES[zero_dim])
    assert (x + y).dtype is NAMES[result]


@pytest.mark.parametrize(
    ("call", "result"),
    [
        (lambda x: x / x, "f4"), (lambda x: x // x, "i4"), (lambda x: x % 2, "i4"),
        (lambda x: x.exp(), "f4"), (lambda x: x.sum(), "i8"), (lambda x: x.prod(), "i8"),
        (lambda x: x.cumsum(0), "i8"), (lambda x: x.abs(), "i4"), (lambda x: x**2, "i4"),
        (lambda x: x.amax(), "i4"), (lambda x: x.argmax(), "i8"), (lambda x: x.bool().sum(), "i8"),
        (lambda x: x.add(1.5), "f4"), (lambda x: torch.atan2(x, x), "f4"),
    ],
)  # fmt: skip
def test_integers(call, result):
    assert call(torch.ones(3, dtype=torch.int32)).dtype is NAMES[result]


def test_the_default_dtype_is_what_numbers_become():
    torch.set_default_dtype(torch.float64)
    try:
        assert (torch.ones(2, dtype=torch.int32) + 1.5).dtype is torch.float64
        assert torch.ones(2, dtype=torch.int32).exp().dtype is torch.float64
        assert torch.tensor(1.0).dtype is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_the_mean_of_integers_is_refused():
    with pytest.raises(RuntimeError, match="mean"):
        torch.ones(3, dtype=torch.int64).mean()


def test_unsigned_integers_wrap_around():
    assert (torch.tensor([250], dtype=torch.uint8) + 300).tolist() == [(250 + 300) % 256]


@pytest.mark.parametrize("other", ["i4", "u1"])
def test_wide_unsigned_integers_promote_with_themselves_only(other):
    x = torch.ones(2, dtype=torch.uint32)
    assert (x + x).dtype is torch.uint32
    with pytest.raises(RuntimeError, match="Promotion for uint16, uint32, uint64 types"):
        x + torch.ones(2, dtype=NAMES[other])
