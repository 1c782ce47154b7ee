"""Elementwise methods of the backend, made from the table of `torchlite_numba.scalar`.

A method takes row-major arrays of a type that its kernel has; all else is NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from torchlite.backends.numpy import NumpyBackend
from torchlite_numba import codegen, launch, scalar

_ARRAYS = ("g", "x", "out", "mask")
_NUMBERS = {  # numbers as a driver takes them: floats, since it is compiled for each type
    "low": "-inf if low is None else float(low)",
    "high": "inf if high is None else float(high)",
}

_INHERITED = {  # what serves the arrays that a kernel does not take, where the name differs
    "_mse_slope": "mul(self.sub(x, out), scale)",
    "_gelu": "gelu(x, 'none')",
    "_gelu_backward": "gelu_backward(g, x, 'none')",
    "_gelu_tanh": "gelu(x, 'tanh')",
    "_gelu_tanh_backward": "gelu_backward(g, x, 'tanh')",
}

_KERNEL = '''\
"""{name} of {kind} elements."""

import numpy as np
from numba import carray

from torchlite_numba.vector import *

ZERO, HALF, ONE = np.{kind}(0), np.{kind}(0.5), np.{kind}(1)


def kernel(a, b, c, o, lo, hi, n, m, p, q, r):
    first, second, result = carray(a, hi)[lo:hi], carray(b, hi)[lo:hi], carray(o, hi)[lo:hi]
    {numbers}
    for i in range(result.size):
        {elements}
        result[i] = {value}
'''

_METHOD = """\
def {name}(self, {parameters}):
    if {x}.flags.c_contiguous{guard}:
        kind = {x}.dtype
        address = addresses.get(kind)
        if address is None:
            address = addresses[kind] = build(kind)
        if address:
            result, first, second = empty({x}.shape, kind), {x}.ravel(), {y}.ravel()
            if {x}.size < threshold:
                {serial}
            else:
                parallel({full})
            return result
    return super(Elementwise, self).{inherited}
"""


def build(name: str, signature: str, value: str, kinds: tuple[str, ...]) -> Callable[[Any], int]:
    """A function from a dtype to the address of the compiled kernel; 0 if it has none."""

    def address(dtype: np.dtype) -> int:
        if dtype not in kinds:
            return 0
        parameters = signature.split(", ")
        arrays = [word for word in parameters if word in _ARRAYS]
        source = _source(name, str(dtype), parameters, value)
        kernel, cache = codegen.load(f"{name}_{dtype}", source)
        second = np.bool_ if arrays[-1] == "mask" else dtype
        return codegen.compile_kernel(kernel, (dtype, second, second, dtype), cache)

    return address


def _source(name: str, kind: str, parameters: list[str], value: str) -> str:
    arrays = [word for word in parameters if word in _ARRAYS]
    numbers = [word for word in parameters if word not in _ARRAYS]
    return _KERNEL.format(
        name=name,
        kind=kind,
        value=value,
        numbers="; ".join(f"{w} = np.{kind}({raw})" for w, raw in zip(numbers, "pqr")) or "pass",
        elements="; ".join(f"{w} = {a}[i]" for w, a in zip(arrays, ("first", "second"))),
    )


def method(
    name: str, signature: str, value: str, kinds: tuple[str, ...], threshold: int, least: int = 0
) -> Callable:
    """The method of the backend: few checks in one frame, since small arrays pay for each.

    Arrays of `threshold` elements go to all threads, those below `least` elements to NumPy.
    """
    parameters = signature.split(", ")
    arrays = [word for word in parameters if word in _ARRAYS]
    x, y = arrays[0], arrays[-1]
    numbers = [_NUMBERS.get(word, f"float({word})") for word in parameters if word not in _ARRAYS]
    padded = ", ".join((numbers + ["0.0"] * 3)[:3])
    full = f"address, first, second, second, result.ravel(), result.size, 1, 1, {padded}"
    few = "small(address, first, second, result.ravel())"
    source = _METHOD.format(
        name=name, parameters=signature, x=x, y=y, guard=_guard(x, y, least), full=full,
        serial=f"serial({full})" if numbers else few,
        inherited=_INHERITED.get(name, f"{name}({signature})"),
    )  # fmt: skip
    scope: dict[str, Any] = {
        "__name__": __name__, "addresses": {}, "build": build(name, signature, value, kinds),
        "threshold": threshold, "empty": np.empty, "boolean": np.dtype(bool), "inf": np.inf,
        "small": launch.small, "serial": launch.serial, "parallel": launch.parallel,
        "Elementwise": Elementwise,
    }  # fmt: skip
    exec(source, scope)
    scope[name].__doc__ = f"``{value}`` for each element; see the composite or primitive."
    return scope[name]


def _guard(x: str, y: str, least: int) -> str:
    """What `method` checks besides the order of x in memory."""
    size = f" and {x}.size >= {least}" if least else ""
    if x == y:
        return size
    kind = "boolean" if y == "mask" else f"{x}.dtype"
    return f"{size} and {y}.flags.c_contiguous and {y}.shape == {x}.shape and {y}.dtype == {kind}"


class Elementwise(NumpyBackend):
    """Fused activations, their gradients and dropout; exponentials of large arrays."""

    _mse_slope: Callable[..., Any]
    _gelu: Callable[..., Any]
    _gelu_backward: Callable[..., Any]
    _gelu_tanh: Callable[..., Any]
    _gelu_tanh_backward: Callable[..., Any]

    def gelu(self, x: Any, approximate: str) -> Any:
        """``x * Phi(x)``."""
        return self._gelu_tanh(x) if approximate == "tanh" else self._gelu(x)

    def gelu_backward(self, g: Any, x: Any, approximate: str) -> Any:
        """``g * (Phi(x) + x * Phi'(x))``."""
        if approximate == "tanh":
            return self._gelu_tanh_backward(g, x)
        return self._gelu_backward(g, x)

    def mse_mean_backward(self, g: Any, x: Any, target: Any) -> Any:
        """``(x - target) * 2 * g / n``, where g () is the gradient of the mean of n squares."""
        if x.dtype.kind == "f" and x.size:
            return self._mse_slope(x, target, g * (2 / x.size))
        return super().mse_mean_backward(g, x, target)


_FLOATS = ("float32", "float64")
for _table, _arguments in (
    (scalar.CHEAP, (_FLOATS, launch.CHEAP_FROM)),
    (scalar.COSTLY, (_FLOATS[:1], launch.COSTLY_FROM)),
    (scalar.LARGE, (_FLOATS[:1], launch.COSTLY_FROM, launch.COSTLY_FROM)),
):
    for _name, (_signature, _value) in _table.items():
        setattr(Elementwise, _name, method(_name, _signature, _value, *_arguments))
