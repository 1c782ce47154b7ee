"""``*_copy``: like the view operations, with the same parameters, but returning copies."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import operation, write_out
from torchlite.ops.creation.conversion import clone
from torchlite.ops.indexing.brackets import alias_view
from torchlite.ops.math import complex_numbers
from torchlite.ops.shape import reshaping, slicing, splitting


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
    "expand": reshaping.expand,
    "narrow": slicing.narrow,
    "permute": reshaping.permute,
    "select": slicing.select,
    "split_with_sizes": splitting.split_with_sizes,
    "slice": _slice,
    "split": splitting.split,
    "squeeze": reshaping.squeeze,
    "t": reshaping.t,
    "transpose": reshaping.transpose,
    "unbind": splitting.unbind,
    "unfold": slicing.unfold,
    "unsqueeze": reshaping.unsqueeze,
    "view": reshaping.view,
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
    copying.__doc__ = f"A copy of the view that `{name}` returns."
    return operation(method=name == "narrow")(copying)


globals().update({f"{name}_copy": _copying(name, view) for name, view in _VIEWS.items()})

__all__ = [  # noqa: F822  (defined above)
    "alias_copy", "as_strided_copy", "detach_copy", "diagonal_copy", "expand_copy", "narrow_copy",
    "permute_copy", "select_copy", "slice_copy", "split_copy", "split_with_sizes_copy",
    "squeeze_copy", "t_copy", "transpose_copy", "unbind_copy", "unfold_copy", "unsqueeze_copy",
    "view_as_complex_copy", "view_as_real_copy", "view_copy",
]  # fmt: skip
