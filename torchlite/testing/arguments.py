"""Arguments for elementwise methods, creation, memory and views; valid, as operations pass them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite.backends.protocol import SPECS
from torchlite.dtypes import BOOL, COMPLEX, FLOAT, INTEGER
from torchlite.testing.drawing import TABLE, Arguments, Draws, arguments, fixed

_NUMBERS, _ALL = (INTEGER, FLOAT), (BOOL, INTEGER, FLOAT, COMPLEX)
_DIVISORS = ("floor_divide", "remainder", "fmod", "bitwise_left_shift", "bitwise_right_shift")
_NEVER_ZERO = _DIVISORS[:3]


# --- elementwise ----------------------------------------------------------------------------------


def unary(d: Draws) -> Arguments:
    return [d.array(d.shape(), d.kind(*SPECS[d.method].takes))]


def binary(d: Draws) -> Arguments:
    """Two arrays that broadcast, or an array and a scalar."""
    kind = d.kind(*SPECS[d.method].takes)
    shape = d.shape()
    low = 1 if d.method in _DIVISORS and kind.category < FLOAT else -5
    operands = [d.array(shape, kind), d.array(d.broadcast(shape), kind, low, 6)]
    if d.integer(0, 2) == 0 and d.method not in _NEVER_ZERO and kind.category == FLOAT:
        operands[1] = d.one_of(0.5, 2.0, -1.0, 3.0)  # type: ignore[call-overload]
    elif low == -5 and d.integer(0, 1):
        operands.reverse()
    return operands


@arguments()
def pow(d: Draws) -> Arguments:
    kind, shape = d.kind(*_NUMBERS), d.shape()
    exponent = d.one_of(0, 1, 2, 3) if kind.category == INTEGER else d.one_of(0.0, 0.5, 2.0, -1.5)
    if d.integer(0, 1):
        return [d.array(shape, kind), exponent]
    return [d.array(shape, kind), d.array(d.broadcast(shape), kind, 0, 4)]


@arguments()
def where(d: Draws) -> Arguments:
    kind, shape = d.kind(*_ALL), d.shape()
    choices = [d.array(d.broadcast(shape), kind) for _ in range(2)]
    return [d.array(shape, dtypes.bool_), *choices]


def _parameters(**options: tuple) -> Callable[[Draws], Arguments]:
    """One float array, and a choice for each parameter."""

    def draw(d: Draws) -> Arguments:
        chosen = [d.one_of(*values) for values in options.values()]
        return [d.array(d.shape(), d.kind(FLOAT)), *chosen]

    return draw


def _slope(of_input: Callable[[Draws], Arguments]) -> Callable[[Draws], Arguments]:
    """The arguments of a ``*_backward``: the gradient of the result, then the inputs."""

    def draw(d: Draws) -> Arguments:
        x, *rest = of_input(d)
        return [d.array(x.shape, _dtype(x)), x, *rest]

    return draw


def _dtype(x: Any) -> dtypes.dtype:
    return dtypes.of(x.source)


_ACTIVATIONS: dict[str, dict[str, tuple]] = {
    "sigmoid": {}, "tanh": {}, "relu": {}, "silu": {}, "mish": {}, "log_sigmoid": {},
    "leaky_relu": {"negative_slope": (0.01, 0.5)},
    "elu": {"alpha": (1.0, 0.5), "scale": (1.0, 1.05), "input_scale": (1.0, 2.0)},
    "gelu": {"approximate": ("none", "tanh")},
    "softplus": {"beta": (1.0, 2.0), "threshold": (20.0, 1.0)},
    "clamp": {"low": (-1.0, None), "high": (1.0, None)},
    "hardtanh": {"low": (-1.0, 0.0), "high": (1.0, 6.0)},
}  # fmt: skip
_options: Any
for _name, _options in _ACTIVATIONS.items():
    if SPECS[_name].is_composite:
        TABLE[_name] = _parameters(**_options)
    TABLE[f"{_name}_backward"] = _slope(_parameters(**_options))


@arguments("xlogy xlog1py div_floor")
def _two_floats(d: Draws) -> Arguments:
    kind, shape = d.kind(FLOAT), d.shape()
    return [d.array(s, kind, specials=False) for s in (shape, d.broadcast(shape))]


@arguments("igamma igammac")
def _two_floats_of_slow_methods(d: Draws) -> Arguments:
    kind, shape = d.kind(FLOAT), d.shape(large=False)
    return [d.array(s, kind) for s in (shape, d.broadcast(shape))]


@arguments("i0e i1e")
def _one_float(d: Draws) -> Arguments:
    return [d.array(d.shape(), d.one_of(dtypes.float32, dtypes.float64), specials=False)]


@arguments()
def polygamma(d: Draws) -> Arguments:
    return [d.integer(1, 3), *_one_float(d)]


@arguments()
def complex(d: Draws) -> Arguments:
    kind, shape = d.one_of(dtypes.float32, dtypes.float64), d.shape()
    return [d.array(shape, kind, specials=False) for _ in range(2)]


@arguments()
def dropout(d: Draws) -> Arguments:
    shape = d.shape()
    return [d.array(shape, d.kind(FLOAT)), d.array(shape, dtypes.bool_), d.one_of(1.0, 2.0, 1.25)]


# --- conversion, creation, memory -----------------------------------------------------------------


@arguments("asarray copy contiguous to_numpy tolist strides storage_offset owns_memory data_ptr")
def _one_array(d: Draws) -> Arguments:
    return [d.array(d.shape(large=False), d.kind(*_ALL))]


@arguments()
def item(d: Draws) -> Arguments:
    return [d.array((1,) * d.integer(0, 3), d.kind(*_ALL))]


@arguments()
def astype(d: Draws) -> Arguments:
    x = d.array(d.shape(), d.kind(*_ALL), 0, 6, specials=False)
    unsigned = _dtype(x).category < FLOAT
    return [x, d.kind(*_ALL) if unsigned else d.kind(FLOAT, COMPLEX)]


@arguments()
def view_dtype(d: Draws) -> Arguments:
    x = d.array(d.shape(), d.one_of(dtypes.float32, dtypes.int32))
    return [x, d.one_of(dtypes.float32, dtypes.int32)]


@arguments()
def from_numpy(d: Draws) -> Arguments:
    x = d.array(d.shape(), d.kind(*_ALL))
    return [x.layout(x.source)]


@arguments()
def from_dlpack(d: Draws) -> Arguments:
    kinds = [kind for kind in d.kinds if kind is not dtypes.bfloat16]  # NumPy cannot export it
    x = d.array(d.shape(), d.one_of(*kinds))
    return [x.layout(x.source)]


@arguments()
def from_buffer(d: Draws) -> Arguments:
    return [bytearray(range(48)), d.one_of(dtypes.uint8, dtypes.int32), d.one_of((6,), (2, 3))]


@arguments()
def array(d: Draws) -> Arguments:
    kind = d.kind(*_ALL)
    numbers = [[0, 1, 1], [1, 0, 1]]
    return [d.one_of(numbers, [], 1), kind]


@arguments()
def empty(d: Draws) -> Arguments:
    return [d.shape(), d.kind(*_ALL)]


@arguments()
def full(d: Draws) -> Arguments:
    kind = d.kind(*_ALL)
    return [d.shape(), d.one_of(0.5, math.nan, -math.inf) if kind.category >= FLOAT else 1, kind]


@arguments()
def arange(d: Draws) -> Arguments:
    start = d.integer(-5, 5)
    return [start, start + d.integer(0, 9), d.one_of(1, 2), d.kind(INTEGER, FLOAT)]


@arguments()
def linspace(d: Draws) -> Arguments:
    return [d.one_of(0.0, -1.5), d.one_of(1.0, 7.25), d.integer(0, 9), d.kind(FLOAT)]


@arguments()
def eye(d: Draws) -> Arguments:
    return [d.integer(0, 4), d.integer(0, 4), d.kind(*_ALL)]


@arguments()
def copyto(d: Draws) -> Arguments:
    shape, kind = d.shape(), d.kind(INTEGER, FLOAT)
    source = d.array(d.broadcast(shape), kind)
    return [d.array(shape, kind, writable=True), d.one_of(source, 2)]


# --- shape ----------------------------------------------------------------------------------------


@arguments()
def reshape(d: Draws) -> Arguments:
    x = d.array(d.shape(), d.kind(*_ALL))
    return [x, d.one_of((math.prod(x.shape),), (1, *x.shape), x.shape[::-1])]


@arguments()
def permute(d: Draws) -> Arguments:
    x = d.array(d.shape(), d.kind(*_ALL))
    return [x, d.one_of(tuple(range(len(x.shape))), tuple(reversed(range(len(x.shape)))))]


@arguments()
def broadcast_to(d: Draws) -> Arguments:
    shape = d.shape()
    return [d.array(d.broadcast(shape), d.kind(*_ALL)), shape]


def _basic_index(d: Draws, shape: tuple[int, ...]) -> tuple:
    parts: list[Any] = [None] * d.integer(0, 1)
    for size in shape[: d.integer(0, len(shape))]:
        part = slice(d.one_of(None, 1, -2), d.one_of(None, 3, -1), d.one_of(None, 1, 2))
        parts.append(d.integer(-size, size - 1) if size and d.integer(0, 1) else part)
    return (*parts, ...)


@arguments()
def getitem(d: Draws) -> Arguments:
    x = d.array(d.shape(), d.kind(*_ALL))
    return [x, _basic_index(d, x.shape)]


@arguments()
def getitem_backward(d: Draws) -> Arguments:
    shape, kind = d.shape(), d.kind(FLOAT)
    probe = d.array(shape, kind)
    index = _basic_index(d, shape)
    part = probe.layout(probe.source)[index]
    return [d.array(part.shape, kind), shape, kind, index]


@arguments("as_strided strided_view")
def _strided(d: Draws) -> Arguments:
    """Views from the first element of a row-major array: other layouts may differ by backend."""
    x = d.array((12,), d.kind(*_ALL))
    places = d.one_of(((2, 3), (3, 1), 1), ((3, 3), (2, 1), 0), ((4,), (0,), 2))
    return [fixed(x.layout(x.source).copy()), *places]
