"""Attaches the operations to `Tensor`: methods, in-place forms and Python's operators."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torchlite.autograd.backward import backward
from torchlite.core import overrides
from torchlite.core.tensor import Tensor
from torchlite.ops.core.aliases import ALIASES
from torchlite.ops.core.family import operations
from torchlite.ops.core.inplace import in_place
from torchlite.ops.creation import conversion, factories, inspection, interchange, random, storage
from torchlite.ops.indexing import brackets
from torchlite.ops.layers import activations
from torchlite.ops.linalg import matrix_functions, products
from torchlite.ops.math import arithmetic, comparison, complex_numbers, derived, exponentials
from torchlite.ops.shape import (
    dimensions,
    rearranging,
    repeating,
    reshaping,
    slicing,
    splitting,
    view_copies,
)

#: Operations that have an in-place form, named with an underscore at the end.
IN_PLACE = """
    abs acos acosh add addbmm addcdiv addcmul addmm addmv addr asin asinh atan atan2 atanh
    baddbmm bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift
    bitwise_xor ceil clamp clamp_max clamp_min conj_physical copysign cos cosh cumprod cumsum
    deg2rad digamma div eq erf erfc erfinv exp exp2 expm1 float_power floor floor_divide fmod
    frac gcd ge gt heaviside hypot i0 igamma igammac index_add index_copy index_fill index_put
    index_reduce lcm ldexp le lerp lgamma log log10 log1p log2 logical_and logical_not
    logical_or logical_xor logit lt masked_fill masked_scatter mul mvlgamma nan_to_num ne neg
    nextafter pow put rad2deg reciprocal remainder renorm round rsqrt scatter scatter_add
    scatter_reduce sgn sigmoid sign sin sinc sinh sqrt square sub tan tanh tril triu trunc xlogy
""".split()


def _attach_methods() -> None:
    """Every operation whose first parameter is a tensor called `input` becomes a method."""
    for name, operation in operations.items():
        first = inspect.unwrap(operation).__code__.co_varnames[:1]
        is_method = getattr(operation, "is_method", True)
        if first == ("input",) and is_method and name not in vars(Tensor):
            setattr(Tensor, name, operation)
    for name in IN_PLACE:
        setattr(Tensor, f"{name}_", in_place(operations[name]))
    for name, operation in ALIASES.items():
        setattr(Tensor, name, operation)
        in_place_form = getattr(Tensor, f"{operation.__name__}_", None)
        if in_place_form is not None:
            setattr(Tensor, f"{name}_", in_place_form)
    Tensor.relu_ = activations.relu_
    Tensor.polygamma = lambda self, n: derived.polygamma(n, self)
    Tensor.polygamma_ = in_place(Tensor.polygamma, "polygamma_")


def _operator(operation: Callable, reflected: bool = False) -> Callable:
    """A method for a Python operator: NotImplemented where the other operand is no operand."""

    def method(self: Tensor, other: Any) -> Any:
        if not isinstance(other, (Tensor, int, float, complex)):
            other = _array_like(other)
            if other is NotImplemented:
                return NotImplemented
        return operation(other, self) if reflected else operation(self, other)

    method.__doc__ = operation.__doc__
    overrides.overridable.add(method)  # the operation asks
    return method


def _array_like(other: Any) -> Any:
    if hasattr(type(other), "__torch_function__"):
        return other
    if hasattr(other, "__array__") and not isinstance(other, Tensor):
        return conversion.from_numpy(other.__array__()) if other.ndim else other.item()
    return NotImplemented


_OPERATORS = {
    "add": arithmetic.add,
    "sub": arithmetic.sub,
    "mul": arithmetic.mul,
    "truediv": arithmetic.div,
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
_COMPARISONS = {
    "eq": comparison.eq, "ne": comparison.ne, "lt": comparison.lt, "le": comparison.le,
    "gt": comparison.gt, "ge": comparison.ge,
}  # fmt: skip


def _attach_operators() -> None:
    for name, operation in _OPERATORS.items():
        setattr(Tensor, f"__{name}__", _operator(operation))
        setattr(Tensor, f"__r{name}__", _operator(operation, reflected=True))
        if name != "matmul":
            setattr(Tensor, f"__i{name}__", in_place(operation, f"__i{name}__"))
    Tensor.__div__, Tensor.__rdiv__ = Tensor.__truediv__, Tensor.__rtruediv__
    Tensor.__idiv__ = Tensor.__itruediv__
    for name, operation in _COMPARISONS.items():
        setattr(Tensor, f"__{name}__", _operator(operation))
    Tensor.__neg__ = arithmetic.neg
    Tensor.__pos__ = arithmetic.positive
    Tensor.__abs__ = arithmetic.abs
    Tensor.__invert__ = comparison.bitwise_not


def _attach_conversions() -> None:
    for name, method in conversion.converters.items():
        setattr(Tensor, name, method)
    Tensor.to, Tensor.type, Tensor.numpy = conversion.to, conversion.type_, conversion.numpy
    Tensor.is_contiguous, Tensor.cpu = conversion.is_contiguous, conversion.cpu
    Tensor.get_device = conversion.get_device
    Tensor.is_complex, Tensor.is_floating_point = factories.is_complex, factories.is_floating_point


def _attach_indexing() -> None:
    Tensor.__getitem__, Tensor.__setitem__ = brackets.getitem, brackets.setitem
    Tensor.copy_ = brackets.copy_
    Tensor.view, Tensor.expand = reshaping.view, reshaping.expand
    Tensor.where = lambda self, condition, other: comparison.where(condition, self, other)
    for family in (
        view_copies, factories, inspection, interchange, matrix_functions, storage, rearranging,
        repeating, slicing, splitting, dimensions,
    ):  # fmt: skip
        for name, method in family.METHODS.items():
            setattr(Tensor, name, method)
    for family in (complex_numbers, inspection, storage, dimensions):
        for name, get in family.PROPERTIES.items():
            setattr(Tensor, name, property(get))


def _backward(self: Tensor, gradient: Tensor | None = None, retain_graph: bool | None = None,
              create_graph: bool = False, inputs: Any = None) -> None:  # fmt: skip
    """Accumulate the gradient of this tensor into the leaves: see `autograd.backward`."""
    backward(self, gradient, retain_graph, create_graph, inputs=inputs)


def attach() -> None:
    """Give `Tensor` its methods. Called once, when torchlite is imported."""
    setattr(Tensor, "__new__", factories.construct)  # noqa: B010  (its type is its own affair)
    _attach_methods()
    _attach_operators()
    _attach_conversions()
    _attach_indexing()
    for name, filler in random.FILLERS.items():
        setattr(Tensor, name, filler)
    Tensor.backward = _backward
    overrides.attach()
