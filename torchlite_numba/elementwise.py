"""Elementwise methods of the backend, made from the table of `torchlite_numba.scalar`.

A method handles row-major arrays of the types its kernel supports; NumPy handles the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from torchlite.backends.numpy import NumpyBackend
from torchlite_numba import codegen, launch, scalar, vector
from torchlite_numba.kernel import F32, REALS, Bool, Kernel, Real, kernel

_ARRAYS = ("g", "x", "out", "mask")
_NUMBERS = {"low": "-inf if low is None else low", "high": "inf if high is None else high"}

_INHERITED = {  # what handles other arrays, where its name differs
    "_mse_slope": "mul(self.sub(x, out), scale)",
    "_gelu": "gelu(x, 'none')",
    "_gelu_backward": "gelu_backward(g, x, 'none')",
    "_gelu_tanh": "gelu(x, 'tanh')",
    "_gelu_tanh_backward": "gelu_backward(g, x, 'tanh')",
}

_BODY = """\
def elements({declared}, out: {type}, lo: int, hi: int{numbers}):
    kind = out.dtype.type
    ZERO, HALF, ONE = kind(0), kind(0.5), kind(1)
    {converted}
    {parts}, result = {slices}, out[lo:hi]
    for i in range(result.size):
        {elements}
        result[i] = {value}
"""

_METHOD = """\
def {name}(self, {signature}):
    if {x}.flags.c_contiguous and {x}.dtype in kinds{guard}:
        result = empty({x}.shape, {x}.dtype)
        kernel.launch({arrays}, result, result.size{numbers})
        return result
    return super(Elementwise, self).{inherited}
"""


def declare(name: str, signature: str, value: str, type: str, threshold: int) -> Kernel:
    """The kernel that computes `value` for each element of arrays of `type`, Real or F32."""
    arrays, numbers = _split(signature)
    source = _BODY.format(
        value=value, type=type,
        declared=", ".join(f"{w}s: {'Bool' if w == 'mask' else type}" for w in arrays),
        numbers="".join(f", {w}: float" for w in numbers),
        converted="; ".join(f"{w} = kind({w})" for w in numbers) or "pass",
        parts=", ".join(f"{w}s" for w in arrays),
        slices=", ".join(f"{w}s[lo:hi]" for w in arrays),
        elements="; ".join(f"{w} = {w}s[i]" for w in arrays),
    )  # fmt: skip
    scope = {**vars(vector), "Real": Real, "F32": F32, "Bool": Bool}
    body = codegen.define("elements", source, scope)
    return kernel(body, name=name.strip("_"), threshold=threshold)


def _split(signature: str) -> tuple[list[str], list[str]]:
    """The names of arrays and of numbers."""
    words = signature.split(", ")
    return [w for w in words if w in _ARRAYS], [w for w in words if w not in _ARRAYS]


def method(name: str, signature: str, kernel: Kernel, kinds: frozenset, least: int) -> Callable:
    """The backend's method: few checks, all in one frame, since every one delays small arrays.

    Arrays with fewer than `least` elements, or of a type not in `kinds`, go to NumPy.
    """
    arrays, numbers = _split(signature)
    source = _METHOD.format(
        name=name, signature=signature, x=arrays[0], arrays=", ".join(arrays),
        guard=_guard(arrays[0], arrays[-1], least),
        numbers="".join(f", {_NUMBERS.get(w, w)}" for w in numbers),
        inherited=_INHERITED.get(name, f"{name}({signature})"),
    )  # fmt: skip
    scope: dict[str, Any] = {
        "__name__": __name__, "kernel": kernel, "kinds": kinds, "empty": np.empty, "inf": np.inf,
        "boolean": np.dtype(bool), "Elementwise": Elementwise,
    }  # fmt: skip
    return codegen.define(name, source, scope)


def _guard(x: str, y: str, least: int) -> str:
    """What `method` checks besides the type and memory order of x."""
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


for _table, _type, _threshold, _least in (
    (scalar.CHEAP, "Real", launch.CHEAP_FROM, 0),
    (scalar.COSTLY, "F32", launch.COSTLY_FROM, 0),
    (scalar.LARGE, "F32", launch.COSTLY_FROM, launch.COSTLY_FROM),
):
    _kinds = REALS if _type == "Real" else frozenset((np.dtype(np.float32),))
    for _name, (_signature, _value) in _table.items():
        _kernel = declare(_name, _signature, _value, _type, _threshold)
        _method = method(_name, _signature, _kernel, _kinds, _least)
        _method.__doc__ = f"``{_value}`` for each element; see the composite or primitive."
        setattr(Elementwise, _name, _method)
