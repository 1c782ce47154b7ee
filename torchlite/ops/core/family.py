"""Families of elementwise operations: the shape and dtype rules that their members share.

A decorator takes the gradient rules and an empty function, which gives the operation its name,
parameters and docstring: ``@unary(...) def tanh(input, *, out=None)``. The backend's primitive has
the same name.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, overload

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core import overrides
from torchlite.core.shapes import broadcast_shapes
from torchlite.core.tensor import Tensor
from torchlite.dtypes import BOOL, FLOAT
from torchlite.ops.core.inplace import check_castable, check_no_overlap, resize_output, write
from torchlite.ops.core.methods import F, put, put_in_place
from torchlite.ops.core.op import declare, run
from torchlite.ops.core.promotion import as_operand, at_least_float, cast, result_type

_NO_BOOLS = {
    "sub": "Subtraction, the `-` operator, with two bool tensors is not supported. "
    "Use the `^` or `logical_xor()` operator instead.",
    "neg": "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
    "invert a mask, use the `~` or `logical_not()` operator instead.",
}
_ONE_BOOL = (
    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to "
    "invert a mask, use the `~` or `logical_not()` operator instead."
)
_NUMPY_NAMES = (("axis", "dim"), ("keepdims", "keepdim"))
#: Public operations by name, for the tests' table of samples.
operations: dict[str, Callable] = {}


@overload
def operation(function: F) -> F: ...
@overload
def operation(*, method: bool = True, in_place: bool = False) -> Callable[[F], F]: ...
def operation(function: Any = None, *, method: bool = True, in_place: bool = False) -> Any:
    """Decorator: register a public operation (a test asserts that each has samples).

    It becomes a method too if its first parameter is called ``input``, unless `method` is false.
    `in_place`: add a method ``name_`` that writes the result into its operand. An operation with a
    parameter ``dim`` may also be called with NumPy's names, as PyTorch allows.
    """
    if function is None:
        return functools.partial(operation, method=method, in_place=in_place)
    code: Any = getattr(function, "__code__", None)
    if function not in overrides.overridable:
        named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ()
        function = overrides.taken_over(function, _NUMPY_NAMES if "dim" in named else ())
    name = function.__name__
    operations[name] = function
    if method and inspect.unwrap(function).__code__.co_varnames[:1] == ("input",):
        put(name, function)
    if in_place:
        put_in_place(function, name)
    return function


def functional(function: F) -> F:
    """Register a public operation that PyTorch has as a function only, not as a method."""
    return operation(method=False)(function)


def not_a_tensor(name: str, position: int, argument: str, value: Any) -> TypeError:
    """PyTorch's error for an argument that should be a tensor."""
    return TypeError(
        f"{name}(): argument '{argument}' (position {position}) must be Tensor, "
        f"not {type(value).__name__}"
    )


def check_tensors(name: str, **arguments: Any) -> None:
    """Raise PyTorch's TypeError if one of the first `arguments` of a call is not a tensor."""
    for position, (argument, value) in enumerate(arguments.items(), 1):
        if not isinstance(value, Tensor):
            raise not_a_tensor(name, position, argument, value)


def no_gradient(name: str) -> Callable:
    """The rule for an operand whose gradient PyTorch does not implement."""

    def rule(xp: Any, g: Any) -> Any:
        raise NotImplementedError(f"the derivative for '{name}' is not implemented.")

    return rule


def refuse(name: str, kind: dtypes.dtype) -> RuntimeError:
    """PyTorch's error (a RuntimeError) for a dtype that an operation does not support."""
    if kind.category == BOOL and name in _NO_BOOLS:
        return RuntimeError(_NO_BOOLS[name])
    return NotImplementedError(f"\"{name}\" not implemented for '{kind.legacy}'")


def unary(*, floats: bool = False, refuses: tuple[int, ...] = (), extra: Callable | None = None,
          method: bool = True, in_place: bool = True, public: bool = True,
          **options: Any) -> Callable[[F], F]:  # fmt: skip
    """Decorator: one operand, and a result of the same shape.

    `floats`: integers and bool are converted to the default float; `refuses`: categories that
    raise; ``extra(op, input, **keywords)`` handles calls with extra keywords; `method`,
    `in_place`: as in `operation`; `public`: false for a building block of another operation. The
    other options and the rule for ``input`` are those of `declare`.
    """

    def decorate(stub: Any) -> Any:
        name = stub.__name__
        primitive = declare(name, **options)

        @functools.wraps(stub)
        def op(input: Tensor, *, out: Tensor | None = None, **keywords: Any) -> Tensor:
            if overrides.active and overrides.asked((input, out), keywords):
                return overrides.hand_over(op, (input,), _with_out(keywords, out))
            if keywords:
                result = _special(name, extra, keywords)(op, input, **keywords)
                return result if out is None else write_out(name, out, result)
            data = getattr(input, "_data", None)
            if data is None:
                if overrides.asked((input,), keywords):
                    return overrides.hand_over(op, (input,), _with_out(keywords, out))
                raise not_a_tensor(name, 1, "input", input)
            category = dtypes.of(data).category
            if category in refuses:
                raise refuse(name, input.dtype)
            if floats and category < FLOAT:
                input = cast(input, dtypes.get_default_dtype())
                data = input._data
            result = run(primitive, (input,), (data,))
            return result if out is None else write_out(name, out, result)

        overrides.overridable.add(op)
        if not public:
            return op
        return operation(method=method, in_place=method and in_place)(op)

    return decorate


def binary(*, floats: bool = False, refuses: tuple[int, ...] = (), extra: Callable | None = None,
           check: Callable | None = None, method: bool = True, in_place: bool = True,
           public: bool = True, **options: Any) -> Callable[[F], F]:  # fmt: skip
    """Decorator: two operands that broadcast; those not annotated ``Tensor`` may be scalars.

    Options as in `unary`; ``check(x, y)`` may reject the promoted arrays or scalars.
    """

    def decorate(stub: Any) -> Any:
        name = stub.__name__
        primitive = declare(name, **options)
        special = floats or bool(refuses) or check is not None
        tensors = [kind == "Tensor" for kind in list(stub.__annotations__.values())[:2]]
        plain_numbers = FLOAT not in refuses and not tensors[1]

        @functools.wraps(stub)
        def op(input: Any, other: Any, *, out: Tensor | None = None, **keywords: Any) -> Tensor:
            if overrides.active and overrides.asked((input, other, out), keywords):
                return overrides.hand_over(op, (input, other), _with_out(keywords, out))
            if keywords:
                result = _special(name, extra, keywords)(op, input, other, **keywords)
                return result if out is None else write_out(name, out, result)
            x: Any = getattr(input, "_data", None)
            y: Any = getattr(other, "_data", None)
            if x is None or y is None or x.dtype is not y.dtype:
                if plain_numbers and _is_float_and_number(x, other):
                    y = other = float(other)
                else:
                    input, other = _meet(name, input, other, floats, refuses, tensors)
                    x, y = getattr(input, "_data", input), getattr(other, "_data", other)
            elif special:
                category = dtypes.of(x).category
                if category in refuses or (floats and category < FLOAT):
                    input, other = _meet(name, input, other, floats, refuses, tensors)
                    x, y = input._data, other._data
            if check is not None:
                check(x, y)
            if x.__class__ is y.__class__ and x.shape != y.shape:
                broadcast_shapes(x.shape, y.shape)
            result = run(primitive, (input, other), (x, y))
            return result if out is None else write_out(name, out, result)

        overrides.overridable.add(op)
        if not public:
            return op
        return operation(method=method, in_place=method and in_place)(op)

    return decorate


def _with_out(keywords: dict, out: Tensor | None) -> dict:
    return keywords if out is None else {**keywords, "out": out}


def _special(name: str, extra: Callable | None, keywords: dict) -> Callable:
    """The handler for extra keywords. Raises PyTorch's TypeError if there is none."""
    if extra is None:
        raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(keywords))}'")
    return extra


def _is_float_and_number(x: Any, other: Any) -> bool:
    """Whether a float array meets a real Python scalar: the most common mix of dtypes."""
    kind = other.__class__
    return (kind is float or kind is int) and x is not None and dtypes.of(x).category == FLOAT


def _category(x: Any) -> int:
    return (x.dtype if isinstance(x, Tensor) else dtypes.of_scalar(x)).category


def _meet(name: str, input: Any, other: Any, floats: bool, refuses: tuple[int, ...],
          tensors: Sequence[bool]) -> tuple:  # fmt: skip
    """Both operands in the dtype of the computation; `tensors`: which must be tensors."""
    is_number = not isinstance(input, Tensor), not isinstance(other, Tensor)
    if is_number[0] and (tensors[0] or is_number[1]):
        raise not_a_tensor(name, 1, "input", input)
    if is_number[1] and tensors[1]:
        raise not_a_tensor(name, 2, "other", other)
    try:
        kind = result_type(input, other)
    except TypeError:
        if isinstance(input, Tensor):
            raise not_a_tensor(name, 2, "other", other) from None
        raise not_a_tensor(name, 1, "input", input) from None
    if kind.category in refuses:
        raise refuse(name, kind)
    if name == "sub" and BOOL in (_category(input), _category(other)):
        raise RuntimeError(_ONE_BOOL)
    if floats:
        kind = at_least_float(kind)
    return as_operand(input, kind), as_operand(other, kind)


def write_out(name: str, out: Tensor, result: Tensor) -> Tensor:
    """Write `result` into `out`, resized to its shape, and return `out`."""
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if result._needs_grad or (out._needs_grad and local.mode.grad):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    check_castable(result.dtype, out.dtype)
    resize_output(out, result._data.shape)
    check_no_overlap(out._data)
    write(out, result._data)
    return out
