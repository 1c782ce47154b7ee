"""``*_copy``: views, under the same parameters, that have memory of their own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torchlite._tensor import Tensor
from torchlite.ops import complex_numbers, shape, slicing, splitting
from torchlite.ops.conversion import clone
from torchlite.ops.family import functional, write_out
from torchlite.ops.indexing import alias_view
from torchlite.shapes import normalize_dim


def _slice(input: Tensor, dim: int = 0, start: int | None = None, end: int | None = None,
           step: int = 1) -> Tensor:  # fmt: skip
    """``input[start:end:step]`` along `dim`."""
    dim = normalize_dim(dim, input.ndim)
    return input[(slice(None),) * dim + (slice(start, end, step),)]


_VIEWS: dict[str, Callable] = {
    "alias": alias_view,
    "as_strided": slicing.as_strided,
    "detach": Tensor.detach,
    "diagonal": slicing.diagonal,
    "expand": shape.expand,
    "narrow": slicing.narrow,
    "permute": shape.permute,
    "select": slicing.select,
    "split_with_sizes": splitting.split_with_sizes,
    "slice": _slice,
    "split": splitting.split,
    "squeeze": shape.squeeze,
    "t": shape.t,
    "transpose": shape.transpose,
    "unbind": splitting.unbind,
    "unfold": slicing.unfold,
    "unsqueeze": shape.unsqueeze,
    "view": shape.view,
    "view_as_complex": complex_numbers.view_as_complex,
    "view_as_real": complex_numbers.view_as_real,
}


def _copying(name: str, view: Callable) -> Callable:
    @functools.wraps(view)
    def copying(input: Tensor, *args: Any, out: Tensor | None = None, **kwargs: Any) -> Any:
        seen = view(input, *args, **kwargs)
        if isinstance(seen, tuple):
            return tuple(clone(part) for part in seen)
        return clone(seen) if out is None else write_out(f"{name}_copy", out, seen)

    copying.__name__ = f"{name}_copy"
    copying.__doc__ = f"A copy of the view that `{name}` gives."
    return functional(copying)


globals().update({f"{name}_copy": _copying(name, view) for name, view in _VIEWS.items()})

#: Which of them `torchlite.ops.methods` attaches.
METHODS = {"narrow_copy": globals()["narrow_copy"]}

__all__ = [  # noqa: F822  (made above)
    "alias_copy", "as_strided_copy", "detach_copy", "diagonal_copy", "expand_copy", "narrow_copy",
    "permute_copy", "select_copy", "slice_copy", "split_copy", "split_with_sizes_copy",
    "squeeze_copy", "t_copy", "transpose_copy", "unbind_copy", "unfold_copy", "unsqueeze_copy",
    "view_as_complex_copy", "view_as_real_copy", "view_copy",
]  # fmt: skip
