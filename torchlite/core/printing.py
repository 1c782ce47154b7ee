"""The text of a tensor for `repr`, `str` and `print`, character for character like PyTorch's.

Three steps: an *excerpt* (the elements to show, as nested lists with ``...`` for those elided), a
*column* (a number format and a width that suit all of them), and a layout.
Only the public tensor API is used, so any tensor with PyTorch's API can be printed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from numbers import Integral, Real
from textwrap import indent as indented
from typing import Any, NamedTuple

from torchlite import dtypes
from torchlite.backends.wrapped import Batched
from torchlite.core.tensor import wrap


@dataclass(frozen=True)
class _Options:
    """Print options. Frozen: they change together, or not at all if one of them is invalid."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: float = 80
    sci_mode: bool | None = None

    def __post_init__(self) -> None:
        _check("precision", self.precision, Integral, "an integer")
        _check("threshold", self.threshold, Real, "a number")
        _check("edgeitems", self.edgeitems, Integral, "an integer")
        _check("linewidth", self.linewidth, Real, "a number")


def _check(name: str, value: Any, kind: Any, words: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {words}, got {type(value).__name__}")
    if not value >= 0:  # also refuses NaN
        raise ValueError(f"{name} must not be negative, got {value}")


_PROFILES = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=math.inf),
}
_options = _PROFILES["default"]


def set_printoptions(precision: int | None = None, threshold: float | None = None,
                     edgeitems: int | None = None, linewidth: float | None = None,
                     profile: str | None = None, sci_mode: bool | None = None) -> None:  # fmt: skip
    """Set how tensors are printed; options that are None keep their value, except `sci_mode`.

    Args:
        precision: Digits after the decimal point. Initially 4.
        threshold: Tensors with more elements than this are summarised. Initially 1000.
        edgeitems: Elements shown at each end of a dimension in a summary. Initially 3.
        linewidth: Characters per line. Initially 80.
        profile: ``"default"``, ``"short"`` or ``"full"``: defaults for the options above.
        sci_mode: Scientific notation always (True), never (False), or automatic (None). As in
            PyTorch, each call sets it, to None if it is not given.

    Raises: TypeError or ValueError for an invalid value, and changes nothing. PyTorch accepts
    such a value (ignoring an unknown profile) and fails when printing.
    """
    global _options
    if profile is not None and profile not in _PROFILES:
        raise ValueError(f"profile must be one of {', '.join(_PROFILES)}, got {profile!r}")
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    base = _options if profile is None else _PROFILES[profile]
    _options = replace(base, sci_mode=sci_mode, **changes)


def get_printoptions() -> dict[str, Any]:
    """The options in use, as keyword arguments for `set_printoptions`."""
    return asdict(_options)


@contextmanager
def printoptions(**kwargs: Any) -> Iterator[None]:
    """Print with other options inside a ``with`` block; same arguments as `set_printoptions`."""
    global _options
    before = _options
    set_printoptions(**kwargs)
    try:
        yield
    finally:
        _options = before


def format_tensor(tensor: Any) -> str:
    """The text of `tensor`, e.g. ``tensor([1.0000, 2.5000], requires_grad=True)``.

    If summarised, the cost depends on what is shown, not on the size of `tensor`.
    """
    if isinstance(getattr(tensor, "_data", None), Batched):
        return _batch(tensor._data)
    options = _options
    lineage = [kind.__name__ for kind in type(tensor).__mro__]
    is_plain = lineage[0] in ("Tensor", "Parameter")
    prefix = "tensor(" if is_plain else f"{lineage[0]}("
    text = prefix + _contents(tensor.detach(), len(prefix), options)
    text = _with_notes(text, _notes(tensor, options), len(prefix), options)
    if "Parameter" not in lineage:
        return text
    return "Parameter containing:\n" + (text if is_plain else f"Parameter({text})")


def _batch(data: Batched) -> str:
    """A tensor inside `vmap`: the whole batch is shown, with the batch dimension first."""
    inside, level = data.value, 1
    while isinstance(inside, Batched):
        inside, level = inside.value, level + 1
    text = indented(repr(wrap(data.value)), "    ")
    return f"BatchedTensor(lvl={level}, bdim=0, value=\n{text}\n)"


# --- after the elements: size, dtype, gradient ---------------------------------------------------


def _notes(tensor: Any, options: _Options) -> list[str]:
    """Facts not evident from the elements, e.g. ``dtype=torch.float64``."""
    is_empty = tensor.numel() == 0
    notes = []
    if tensor.dim() != 1 if is_empty else options.edgeitems == 0:
        notes.append(f"size={tuple(tensor.shape)}")
    if str(tensor.dtype) not in _evident_dtypes(is_empty):
        notes.append(f"dtype={tensor.dtype}")
    if tensor.grad_fn is not None:
        notes.append(f"grad_fn=<{tensor.grad_fn.name().rpartition('::')[2]}>")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    return notes


def _evident_dtypes(is_empty: bool) -> set[str]:
    """Names of the dtypes that are evident from the elements, if there are any."""
    default = dtypes.get_default_dtype()
    if is_empty:
        return {str(default)}
    of_complex = dtypes.complex128 if default is dtypes.float64 else dtypes.complex64
    return {str(kind) for kind in (default, of_complex, dtypes.int64, dtypes.bool_)}


def _with_notes(text: str, notes: Iterable[str], indent: int, options: _Options) -> str:
    """`text` and `notes`, each on the last line if there is room, else on a new line."""
    used = len(text) - text.rfind("\n") + 1  # two more than the line's length, as PyTorch counts
    for note in notes:
        if used + len(note) + 2 > options.linewidth:
            text += ",\n" + " " * indent + note
            used = indent + len(note)
        else:
            text += ", " + note
            used += len(note) + 2
    return text + ")"


# --- the elements --------------------------------------------------------------------------------


def _contents(tensor: Any, indent: int, options: _Options) -> str:
    """The elements of `tensor` in brackets; lines after the first are indented by `indent`."""
    if tensor.numel() == 0:
        return "[]"
    if tensor.numel() <= options.threshold:
        excerpt = tensor.tolist()
    elif options.edgeitems or tensor.dim() == 0:
        excerpt = _excerpt(tensor, options.edgeitems)
    else:
        return "[...]"
    values = list(_flatten(excerpt, tensor.dim()))
    column = _column(values, tensor.dtype, options)
    return _layout(excerpt, tensor.dim(), indent, column, options)


def _excerpt(tensor: Any, edge: int) -> Any:
    """The first and last `edge` elements of each long dimension, with ``...`` for the others."""
    if all(size <= 2 * edge for size in tensor.shape):
        return tensor.tolist()
    size = tensor.shape[0]
    if tensor.dim() == 1:
        return [*tensor[:edge].tolist(), ..., *tensor[size - edge :].tolist()]
    if size <= 2 * edge:
        return [_excerpt(tensor[i], edge) for i in range(size)]
    head = [_excerpt(tensor[i], edge) for i in range(edge)]
    return [*head, ..., *(_excerpt(tensor[i], edge) for i in range(size - edge, size))]


def _flatten(excerpt: Any, dim: int) -> Iterator[Any]:
    """The numbers in `excerpt`, lists nested to depth `dim`."""
    if dim == 0:
        yield excerpt
        return
    for item in excerpt:
        if item is not ...:
            yield from _flatten(item, dim - 1)


def _layout(excerpt: Any, dim: int, indent: int, column: _Column, options: _Options) -> str:
    """The text of `excerpt`, lists nested to depth `dim`; its bracket opens at column `indent`."""
    if dim == 0:
        return column.write(excerpt)
    if dim == 1:
        numbers = [" ..." if item is ... else column.write(item) for item in excerpt]
        room = (options.linewidth - indent) / (column.width + len(", "))
        per_line = max(1, int(min(room, len(numbers))))
        starts = range(0, len(numbers), per_line)
        parts = [", ".join(numbers[start : start + per_line]) for start in starts]
    else:
        parts = [
            "..." if item is ... else _layout(item, dim - 1, indent + 1, column, options)
            for item in excerpt
        ]
    line_breaks = "\n" * max(1, dim - 1)  # blank lines separate matrices
    return "[" + f",{line_breaks}{' ' * (indent + 1)}".join(parts) + "]"


# --- one element ---------------------------------------------------------------------------------


class _Column(NamedTuple):
    """How to format an element, and the width used to lay out lines."""

    write: Callable[[Any], str]
    width: int


def _column(values: list[Any], dtype: Any, options: _Options) -> _Column:
    if dtype.is_complex:
        return _complex_column(values, options)
    if dtype.is_floating_point:
        return _float_column(values, options)
    return _aligned(str, values)


def _aligned(text: Callable[[Any], str], values: Iterable[Any]) -> _Column:
    """A column as wide as the longest text of `values`; other values may be wider."""
    width = max((len(text(value)) for value in values), default=1)
    return _Column(lambda value: text(value).rjust(width), width)


def _float_column(values: list[float], options: _Options) -> _Column:
    """``1.0000e-05`` if magnitudes are extreme, ``1.`` if all are integers, else ``1.0000``.

    Zeros, infinities and NaN affect neither the format nor the width.
    """
    telling = [value for value in values if value and math.isfinite(value)]
    whole = all(value.is_integer() for value in telling)
    if telling and _is_scientific(telling, options):
        spec = f".{options.precision}e"
    elif whole:
        return _aligned(_whole, telling)
    else:
        spec = f".{options.precision}f"
    return _aligned(lambda value: format(value, spec), telling)


def _is_scientific(values: list[float], options: _Options) -> bool:
    if options.sci_mode is not None:
        return options.sci_mode
    magnitudes = [abs(value) for value in values]
    smallest, largest = min(magnitudes), max(magnitudes)
    return largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4


def _whole(value: float) -> str:
    return f"{value:.0f}." if math.isfinite(value) else str(value)


def _complex_column(values: list[complex], options: _Options) -> _Column:
    """Real and imaginary parts have a column each; only the real one is aligned, as in PyTorch."""
    real = _float_column([value.real for value in values], options)
    imag = _float_column([value.imag for value in values], options)

    def write(value: complex) -> str:
        tail = imag.write(value.imag).lstrip()
        sign = "" if tail.startswith("-") else "+"
        return f"{real.write(value.real)}{sign}{tail}j"

    return _Column(write, real.width + imag.width + 1)
