"""Python's operators on tensors, and what `Tensor` needs from modules it may not import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.autograd.backward import backward
from torchlite.core import overrides
from torchlite.core.tensor import Tensor
from torchlite.ops.core.inplace import in_place
from torchlite.ops.core.methods import METHODS, method, put
from torchlite.ops.creation import conversion, factories
from torchlite.ops.linalg import products
from torchlite.ops.math import arithmetic, comparison, exponentials


def _operator(name: str, operation: Callable, reflected: bool = False) -> None:
    """Add the method of a Python operator; it returns NotImplemented for unsupported operands."""

    def method(self: Tensor, other: Tensor | complex) -> Tensor:
        if not isinstance(other, (Tensor, int, float, complex)):
            other = _array_like(other)
            if other is NotImplemented:
                return NotImplemented
        return operation(other, self) if reflected else operation(self, other)

    method.__name__, method.__doc__ = name, operation.__doc__
    overrides.overridable.add(method)  # the operation checks for overrides
    put(name, method)


def _array_like(other: Any) -> Any:
    if hasattr(type(other), "__torch_function__"):
        return other
    if hasattr(other, "__array__") and not isinstance(other, Tensor):
        return conversion.from_numpy(other.__array__()) if other.ndim else other.item()
    return NotImplemented


_OPERATORS: dict[str, Callable] = {
    "add": arithmetic.add,
    "sub": arithmetic.sub,
    "mul": arithmetic.mul,
    "truediv": arithmetic.div,
    "div": arithmetic.div,
    "floordiv": arithmetic.floor_divide,
    "mod": arithmetic.remainder,
    "pow": exponentials.pow,
    "matmul": products.matmul,
    "and": comparison.bitwise_and,
    "or": comparison.bitwise_or,
    "xor": comparison.bitwise_xor,
    "lshift": comparison.bitwise_left_shift,
    "rshift": comparison.bitwise_right_shift,
}
_COMPARISONS: dict[str, Callable] = {
    "eq": comparison.eq, "ne": comparison.ne, "lt": comparison.lt, "le": comparison.le,
    "gt": comparison.gt, "ge": comparison.ge,
}  # fmt: skip
_UNARY: dict[str, Callable] = {
    "neg": arithmetic.neg, "pos": arithmetic.positive, "abs": arithmetic.abs,
    "invert": comparison.bitwise_not,
}  # fmt: skip

for _name, _operation in _OPERATORS.items():
    _operator(f"__{_name}__", _operation)
    _operator(f"__r{_name}__", _operation, reflected=True)
    if _name != "matmul":
        put(f"__i{_name}__", in_place(_operation, f"__i{_name}__"))
for _name, _operation in _COMPARISONS.items():
    _operator(f"__{_name}__", _operation)
for _name, _operation in _UNARY.items():
    put(f"__{_name}__", _operation)


@method(name="backward")
def _backward(self: Tensor, gradient: Tensor | None = None, retain_graph: bool | None = None,
              create_graph: bool = False, inputs: Any = None) -> None:  # fmt: skip
    """Accumulate the gradient of this tensor into the leaves: see `autograd.backward`."""
    backward(self, gradient, retain_graph, create_graph, inputs=inputs)


setattr(Tensor, "__new__", factories.construct)  # noqa: B010  (mypy rejects an assignment)
overrides.attach()

__all__ = ["METHODS"]
