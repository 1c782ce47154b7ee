"""`assert_close`: check that tensors, scalars or collections of them are equal up to rounding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from torchlite import dtypes
from torchlite.autograd.grad_mode import no_grad
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor
from torchlite.ops.core.promotion import cast
from torchlite.ops.math.comparison import isclose

_TOLERANCES = {  # of the comparison: (rtol, atol)
    dtypes.float16: (1e-3, 1e-5), dtypes.bfloat16: (1.6e-2, 1e-5), dtypes.float32: (1.3e-6, 1e-5),
    dtypes.float64: (1e-7, 1e-7), dtypes.complex32: (1e-3, 1e-5),
    dtypes.complex64: (1.3e-6, 1e-5), dtypes.complex128: (1e-7, 1e-7),
}  # fmt: skip


def assert_close(actual: Any, expected: Any, *, allow_subclasses: bool = True,
                 rtol: float | None = None, atol: float | None = None, equal_nan: bool = False,
                 check_device: bool = True, check_dtype: bool = True, check_layout: bool = True,
                 check_stride: bool = False,
                 msg: str | Callable[[str], str] | None = None) -> None:  # fmt: skip
    """Raise unless ``|actual - expected| <= atol + rtol * |expected|`` everywhere.

    Args:
        actual, expected: Tensors, scalars, None, or sequences and mappings of them.
        rtol, atol: Both or neither; the default depends on the dtype (float32: 1.3e-6, 1e-5;
            float64: 1e-7, 1e-7; integers: 0, 0).
        equal_nan: Whether NaN equals NaN.
        check_dtype, check_stride: Whether these must agree too.
        msg: Replaces the error message, or a function from the default message to a new one.
    Raises: AssertionError that reports what differs, by how much and where; ValueError if only
        one tolerance is given; TypeError for objects that cannot be compared.
    """
    if (rtol is None) != (atol is None):
        missing = "rtol" if rtol is None else "atol"
        raise ValueError(
            f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}."
        )
    options = (allow_subclasses, rtol, atol, equal_nan, check_dtype, check_stride)
    try:
        _compare(actual, expected, options, "")
    except AssertionError as error:
        if msg is None:
            raise
        raise AssertionError(msg(str(error)) if callable(msg) else msg) from None


def _compare(actual: Any, expected: Any, options: tuple, where: str) -> None:
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        _compare_keys(actual, expected, where)
        pairs: Any = [(key, actual[key], expected[key]) for key in actual]
    elif _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            raise AssertionError(
                f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
                + _place(where)
            )
        pairs = zip(range(len(actual)), actual, expected)
    else:
        return _compare_leaves(actual, expected, options, where)
    for key, a, e in pairs:
        _compare(a, e, options, f"{where}[{key!r}]")
    return None


def _is_sequence(x: Any) -> bool:
    return isinstance(x, Sequence) and not isinstance(x, str)


def _compare_keys(actual: Mapping, expected: Mapping, where: str) -> None:
    missing, surplus = sorted(expected.keys() - actual), sorted(actual.keys() - expected)
    if missing or surplus:
        raise AssertionError(
            "The keys of the mappings do not match:\n"
            f"Missing keys in the actual mapping: {missing}\n"
            f"Additional keys in the actual mapping: {surplus}" + _place(where)
        )


def _place(where: str) -> str:
    return f"\n\nThe failure occurred for item {where}" if where else ""


def _compare_leaves(actual: Any, expected: Any, options: tuple, where: str) -> None:
    allow_subclasses, rtol, atol, equal_nan, check_dtype, check_stride = options
    if isinstance(actual, Tensor) and isinstance(expected, Tensor):
        if not allow_subclasses and type(actual) is not type(expected):
            raise TypeError(_no_pair(actual, expected))
        _compare_tensors(actual, expected, rtol, atol, equal_nan, check_dtype, check_stride, where)
    elif isinstance(actual, (int, float, complex)) and isinstance(expected, (int, float, complex)):
        _compare_numbers(actual, expected, rtol, atol, equal_nan, check_dtype, where)
    elif actual is not None and expected is not None:
        raise TypeError(_no_pair(actual, expected) + _place(where))
    elif actual is not expected:
        raise AssertionError(f"None mismatch: {actual} is not {expected}{_place(where)}")


def _no_pair(actual: Any, expected: Any) -> str:
    return (
        "No comparison pair was able to handle inputs of type "
        f"{type(actual)} and {type(expected)}."
    )


def _compare_tensors(actual: Tensor, expected: Tensor, rtol: Any, atol: Any, equal_nan: bool,
                     check_dtype: bool, check_stride: bool, where: str) -> None:  # fmt: skip
    strides = local.mode.xp.strides
    for name, checked, a, e in (
        ("shape", True, actual.shape, expected.shape),
        ("dtype", check_dtype, actual.dtype, expected.dtype),
        ("stride()", check_stride, strides(actual._data), strides(expected._data)),
    ):
        if checked and a != e:
            raise AssertionError(
                f"The values for attribute '{name}' do not match: {a} != {e}.{_place(where)}"
            )
    if rtol is None:
        rtol, atol = map(max, zip(_tolerances(actual.dtype), _tolerances(expected.dtype)))
    kind = dtypes.promote_types(actual.dtype, expected.dtype)
    with no_grad():
        actual, expected = cast(actual, kind), cast(expected, kind)
        close = isclose(actual, expected, rtol, atol, equal_nan)
    matches = close.reshape(-1).tolist()
    if all(matches):
        return
    if not actual.shape:
        _differ(actual.item(), expected.item(), rtol, atol, where)
    text = "close" if rtol or atol else "equal"
    raise AssertionError(
        f"Tensor-likes are not {text}!\n\n"
        + _statistics(actual, expected, matches, rtol, atol) + _place(where)
    )  # fmt: skip


def _tolerances(kind: dtypes.dtype) -> tuple[float, float]:
    return _TOLERANCES.get(kind, (0.0, 0.0))


def _statistics(actual: Tensor, expected: Tensor, matches: list, rtol: float, atol: float) -> str:
    """How many elements differ, and where the greatest differences are."""
    wrong = [i for i, match in enumerate(matches) if not match]
    a, e = actual.detach().reshape(-1).tolist(), expected.detach().reshape(-1).tolist()
    apart = {i: abs(a[i] - e[i]) for i in wrong}
    ratio = {i: apart[i] / abs(e[i]) if e[i] else float("inf") for i in wrong}
    lines = [f"Mismatched elements: {len(wrong)} / {len(a)} ({len(wrong) / len(a):.1%})"]
    for name, found, limit in (("absolute", apart, atol), ("relative", ratio, rtol)):
        at = max(found, key=lambda i: (found[i] != found[i], found[i]))
        index, allowed = _unravel(at, actual.shape), _allowed(limit, rtol or atol)
        lines.append(f"Greatest {name} difference: {found[at]} at index {index}{allowed}")
    return "\n".join(lines)


def _allowed(limit: float, tolerant: Any) -> str:
    return f" (up to {limit} allowed)" if tolerant else ""


def _unravel(i: int, shape: Sequence[int]) -> tuple[int, ...]:
    index: list[int] = []
    for size in reversed(shape):
        i, rest = divmod(i, size)
        index.append(rest)
    return tuple(reversed(index))


def _compare_numbers(actual: Any, expected: Any, rtol: Any, atol: Any, equal_nan: bool,
                     check_dtype: bool, where: str) -> None:  # fmt: skip
    if check_dtype and type(actual) is not type(expected):
        raise AssertionError(
            f"The (d)types do not match: {type(actual)} != {type(expected)}.{_place(where)}"
        )
    if rtol is None:
        inexact = isinstance(expected, (float, complex)) or isinstance(actual, (float, complex))
        rtol = atol = 1e-7 if inexact else 0.0
    apart = abs(actual - expected)
    both_nan = equal_nan and actual != actual and expected != expected
    if actual == expected or both_nan or apart <= atol + rtol * abs(expected) < float("inf"):
        return
    _differ(actual, expected, rtol, atol, where)


def _differ(actual: Any, expected: Any, rtol: float, atol: float, where: str) -> NoReturn:
    tolerant, apart = rtol or atol, abs(actual - expected)
    ratio = apart / abs(expected) if expected else float("inf")
    raise AssertionError(
        f"Scalars are not {'close' if tolerant else 'equal'}!\n\n"
        f"Expected {expected} but got {actual}.\n"
        f"Absolute difference: {apart}{_allowed(atol, tolerant)}\n"
        f"Relative difference: {ratio}{_allowed(rtol, tolerant)}" + _place(where)
    )


__all__ = ["assert_close"]
