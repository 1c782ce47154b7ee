"""Views with the dimensions reordered, changed in number, or broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite.core.shapes import broadcast_shapes, infer_size, normalize_dim
from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import functional, operation
from torchlite.ops.core.methods import attribute, method
from torchlite.ops.creation.conversion import contiguous
from torchlite.ops.shape.reshaping import (
    expand,
    permute,
    reshape,
    sizes_of,
    transpose,
    unsqueeze,
    view,
)


@operation
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension; a view where the memory allows it."""
    return reshape(contiguous(input), -1)


@operation
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension `dim` split into `sizes`, one of which may be -1."""
    shape = input._data.shape
    dim = normalize_dim(dim, len(shape))
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    try:
        inner = infer_size(sizes, shape[dim])
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} "
            f"({shape[dim]}) in the input tensor"
        ) from None
    return view(input, *shape[:dim], *inner, *shape[dim + 1 :])


@operation
def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """`transpose` under NumPy's name."""
    return transpose(input, axis0, axis1)


@operation
def swapdims(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """`transpose` under another name."""
    return transpose(input, dim0, dim1)


@operation
def adjoint(input: Tensor) -> Tensor:
    """The conjugate transpose of the last two dimensions."""
    if input._data.ndim < 2:
        raise RuntimeError(
            f"tensor.adjoint() is only supported on matrices or batches of matrices. Got "
            f"{input._data.ndim}-D tensor."
        )
    turned = transpose(input, -2, -1)
    return turned.conj() if input.dtype.is_complex else turned


@operation
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """A view with dimensions `source` moved to `destination`; the others keep their order.

    Raises: RuntimeError if there are not equally many of both, or if some repeat.
    """
    ndim = input._data.ndim
    source = (source,) if isinstance(source, int) else tuple(source)
    destination = (destination,) if isinstance(destination, int) else tuple(destination)
    if len(source) != len(destination):
        raise RuntimeError(
            "movedim: Invalid source or destination dims: source "
            f"({list(source)} dims) should contain the same number of dims as destination "
            f"({list(destination)} dims)"
        )
    if not source:
        return permute(input, tuple(range(ndim)))
    source = _distinct(source, ndim, "source")
    destination = _distinct(destination, ndim, "destination")
    rest = iter([d for d in range(ndim) if d not in source])
    placed = dict(zip(destination, source))
    return permute(input, tuple(placed[d] if d in placed else next(rest) for d in range(ndim)))


def _distinct(dims: tuple, ndim: int, label: str) -> tuple[int, ...]:
    result = tuple(normalize_dim(d, ndim) for d in dims)
    if len(set(result)) != len(result):
        raise RuntimeError(f"movedim: repeated dim in `{label}` ({list(dims)})")
    return result if ndim else ()


@operation
def moveaxis(input: Tensor, source: Any, destination: Any) -> Tensor:
    """`movedim` under NumPy's name."""
    return movedim(input, source, destination)


@functional
def broadcast_tensors(*tensors: Tensor) -> list[Tensor]:
    """Each tensor expanded to the shape that they all broadcast to."""
    tensors = sizes_of(tensors)
    shape = broadcast_shapes(*(t._data.shape for t in tensors))
    return [expand(t, *shape) for t in tensors]


def _at_least(ndim: int, pad: Any, tensors: tuple) -> Any:
    """`pad` applied to tensors with fewer than `ndim` dimensions; a tuple unless one is given."""
    several = len(tensors) != 1 or isinstance(tensors[0], (tuple, list))
    done = tuple(t if t._data.ndim >= ndim else pad(t) for t in sizes_of(tensors))
    return done if several else done[0]


@functional
def atleast_1d(*tensors: Any) -> Any:
    """Each tensor with at least one dimension."""
    return _at_least(1, lambda t: reshape(t, 1), tensors)


@functional
def atleast_2d(*tensors: Any) -> Any:
    """Each tensor with at least two dimensions; new ones come first."""
    return _at_least(2, lambda t: reshape(t, 1, -1), tensors)


@functional
def atleast_3d(*tensors: Any) -> Any:
    """Each tensor with at least three dimensions: (N,) -> (1, N, 1), (N, M) -> (N, M, 1)."""
    return _at_least(3, lambda t: unsqueeze(_row(t), -1), tensors)


def _row(tensor: Tensor) -> Tensor:
    return tensor if tensor._data.ndim == 2 else reshape(tensor, 1, -1)


@method()
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """`view` in the shape of `other`."""
    return view(self, other._data.shape)


@method()
def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """`reshape` to the shape of `other`."""
    return reshape(self, other._data.shape)


@method()
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """`expand` to the shape of `other`."""
    return expand(self, other._data.shape)


@attribute(name="T")
def _reversed(self: Tensor) -> Tensor:
    """A view with the dimensions in reverse order."""
    return permute(self, tuple(reversed(range(self._data.ndim))))


@attribute(name="mT")
def _matrix_turned(self: Tensor) -> Tensor:
    """A view with the last two dimensions exchanged."""
    _check_matrix(self, "mT", (0, *range(2, 65)))
    return transpose(self, -2, -1) if self._data.ndim else self


@attribute(name="H")
def _hermitian(self: Tensor) -> Tensor:
    """The conjugate transpose of a matrix."""
    _check_matrix(self, "H", (0, 2))
    return adjoint(self) if self._data.ndim else self


@attribute(name="mH")
def _matrix_adjoint(self: Tensor) -> Tensor:
    """`adjoint` of a matrix or a batch of matrices."""
    _check_matrix(self, "mH", (0, *range(2, 65)))
    return adjoint(self) if self._data.ndim else self


def _check_matrix(tensor: Tensor, name: str, allowed: Sequence[int]) -> None:
    ndim = tensor._data.ndim
    if ndim not in allowed:
        what = "matrices (2-D tensors)" if name == "H" else "matrices or batches of matrices"
        hint = " For batches of matrices, consider using tensor.mH" if name == "H" else ""
        raise RuntimeError(f"tensor.{name} is only supported on {what}. Got {ndim}-D tensor.{hint}")


#: Properties of `Tensor` by name.
PROPERTIES = {"T": _reversed, "mT": _matrix_turned, "H": _hermitian, "mH": _matrix_adjoint}

__all__ = [
    "adjoint", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_tensors", "moveaxis",
    "movedim", "ravel", "swapaxes", "swapdims", "unflatten",
]  # fmt: skip
