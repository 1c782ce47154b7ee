"""Padding with constants, or with elements that are already there."""

from __future__ import annotations

from collections.abc import Sequence

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import functional, not_a_tensor
from torchlite.ops.core.op import declared, run
from torchlite.ops.core.promotion import checked_number
from torchlite.ops.creation.conversion import clone
from torchlite.ops.shape.joining import cat
from torchlite.ops.shape.rearranging import flip
from torchlite.ops.shape.reshaping import expand
from torchlite.ops.shape.slicing import narrow, sliced

_MODES = ("constant", "reflect", "replicate", "circular")


@functional
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant",
        value: float | None = None) -> Tensor:  # fmt: skip
    """`input` with padded borders; negative widths crop.

    `pad` is (before, after) for the last dimension, then for the one before it, and so on.
    `mode`: "constant" (`value`, by default 0), "reflect" (mirrored at the border element),
    "replicate" (the border element) or "circular"; all but the first support 1 to 3 padded
    dimensions, after one or two others.
    Raises: RuntimeError or NotImplementedError (as PyTorch) if that is impossible.
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("pad", 1, "input", input)
    widths, shape = tuple(int(n) for n in pad), input._data.shape
    if len(widths) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(widths) > 2 * len(shape):
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(widths)} and input of dimension {len(shape)}"
        )
    if mode == "constant":
        return constant_pad_nd(input, widths, 0 if value is None else value)
    if value not in (None, 0):
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    _check_mode(mode, widths, shape)
    return _bordered(input, widths, mode)


def _bordered(input: Tensor, widths: tuple, mode: str) -> Tensor:
    _check_sizes(mode, widths, input._data.shape)
    result = input
    for i in range(len(widths) // 2):
        dim = result._data.ndim - 1 - i
        result = _BORDERS[mode](result, dim, *widths[2 * i : 2 * i + 2])
    return clone(input) if result is input else result


@functional
def constant_pad_nd(input: Tensor, pad: Sequence[int], value: float = 0) -> Tensor:
    """`pad` with a constant."""
    widths = [(0, 0)] * input._data.ndim
    for i in range(len(pad) // 2):
        widths[-1 - i] = (int(pad[2 * i]), int(pad[2 * i + 1]))
    result = input
    for dim, (before, after) in enumerate(widths):
        if before < 0 or after < 0:
            start, size = max(-before, 0), result._data.shape[dim]
            result = narrow(result, dim, start, size - start - max(-after, 0))
    added = tuple((max(before, 0), max(after, 0)) for before, after in widths)
    if not any(map(any, added)):
        return clone(result)
    args = added, checked_number(value, dtypes.of(input._data))
    return run(declared["pad"], (result, *args), (result._data, *args))


def _cropped(x: Tensor, dim: int, before: int, after: int) -> Tensor:
    """`x` without what negative widths crop."""
    if before >= 0 and after >= 0:
        return x
    return sliced(x, dim, max(-before, 0), x._data.shape[dim] - max(-after, 0))


def _reflected(x: Tensor, dim: int, before: int, after: int) -> Tensor:
    size, parts = x._data.shape[dim], [x]
    if before > 0:
        parts.insert(0, flip(sliced(x, dim, 1, before + 1), dim))
    if after > 0:
        parts.append(flip(sliced(x, dim, size - 1 - after, size - 1), dim))
    return _cropped(cat(parts, dim) if len(parts) > 1 else x, dim, before, after)


def _replicated(x: Tensor, dim: int, before: int, after: int) -> Tensor:
    shape, parts = list(x._data.shape), [x]
    if before > 0:
        shape[dim] = before
        parts.insert(0, expand(sliced(x, dim, 0, 1), shape))
    if after > 0:
        size, shape[dim] = x._data.shape[dim], after
        parts.append(expand(sliced(x, dim, size - 1, size), shape))
    return _cropped(cat(parts, dim) if len(parts) > 1 else x, dim, before, after)


def _wrapped(x: Tensor, dim: int, before: int, after: int) -> Tensor:
    size = x._data.shape[dim]
    kept, parts = _cropped(x, dim, before, after), []
    start, stop = max(-before, 0), size - max(-after, 0)
    if before > 0:
        parts.append(sliced(x, dim, stop - before, stop))
    parts.append(kept)
    if after > 0:
        parts.append(sliced(x, dim, start, start + after))
    return cat(parts, dim) if len(parts) > 1 else kept


_BORDERS = {"reflect": _reflected, "replicate": _replicated, "circular": _wrapped}


def _check_mode(mode: str, widths: tuple, shape: tuple) -> None:
    if mode not in _MODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    spatial = len(widths) // 2
    if spatial not in (1, 2, 3) or len(shape) not in (spatial + 1, spatial + 2):
        raise NotImplementedError(
            f"Padding size {len(widths)} is not supported for {len(shape)}D input tensor.\n"
            "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now"
        )


def _check_sizes(mode: str, widths: tuple, shape: tuple) -> None:
    spatial = len(widths) // 2
    if mode != "circular" and 0 in shape[len(shape) - spatial - 1 :]:
        raise RuntimeError(
            f"Expected {spatial + 1}D or {spatial + 2}D (batch mode) tensor with possibly 0 batch "
            f"size and other non-zero dimensions for input, but got: {list(shape)}"
        )
    for i in range(spatial):
        dim = len(shape) - 1 - i
        _CHECKS[mode](widths[2 * i], widths[2 * i + 1], shape, dim)


def _check_too_small(before: int, after: int, shape: tuple, dim: int) -> None:
    if shape[dim] + before + after < 1:
        raise RuntimeError(
            f"input ({'WHD'[len(shape) - 1 - dim]}: {shape[dim]}) is too small. Calculated output "
            f"{'WHD'[len(shape) - 1 - dim]}: {shape[dim] + before + after}"
        )


def _check_reflection(before: int, after: int, shape: tuple, dim: int) -> None:
    if before >= shape[dim] or after >= shape[dim]:
        raise RuntimeError(
            "Argument #4: Padding size should be less than the corresponding input dimension, but "
            f"got: padding ({before}, {after}) at dimension {dim} of input {list(shape)}"
        )
    _check_too_small(before, after, shape, dim)


def _check_circle(before: int, after: int, shape: tuple, dim: int) -> None:
    if before > shape[dim] or after > shape[dim]:
        raise RuntimeError("Padding value causes wrapping around more than once.")
    if shape[dim] + before + after < 0:
        raise RuntimeError("Negative padding value is resulting in an empty dimension")


_CHECKS = {
    "reflect": _check_reflection, "replicate": _check_too_small, "circular": _check_circle,
}  # fmt: skip

__all__ = ["constant_pad_nd"]
