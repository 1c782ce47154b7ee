"""Image kernels in NumPy: windows are views, convolutions one BLAS call per block of images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib import stride_tricks

from torchlite.backends.composites.images import inner, padded, per_channel, reach, taps
from torchlite.backends.numpy.quiet import local
from torchlite.backends.protocol import Backend

Ints = tuple[int, ...]
#: Size in bytes of a buffer of columns, which should stay in the cache.
_BUFFER = 1 << 20


def _add_to(total: np.ndarray, part: np.ndarray) -> None:
    """``total += part``, without NumPy's warnings."""
    local.run(np.add, total, part, total)


class ImageKernels(Backend):
    """Overrides of default bodies that need more memory or passes."""

    def im2col(self, x: np.ndarray, counts: Ints, kernel: Ints, stride: Ints, padding: Ints,
               dilation: Ints) -> np.ndarray:  # fmt: skip
        """One copy of a strided view."""
        view = self._windows(x, counts, kernel, stride, padding, dilation)
        shape = x.shape[0], x.shape[1] * math.prod(kernel), math.prod(counts)
        return view.reshape(shape)

    def _windows(self, x: np.ndarray, counts: Ints, kernel: Ints, stride: Ints, padding: Ints,
                 dilation: Ints) -> np.ndarray:  # fmt: skip
        """A view (N, C, *kernel, *counts) of padded x."""
        x = padded(self, x, counts, kernel, stride, padding, dilation, 0)
        steps = x.strides[2:]
        strides = (
            *x.strides[:2],
            *(step * d for step, d in zip(steps, dilation)),
            *(step * s for step, s in zip(steps, stride)),
        )
        shape = (*x.shape[:2], *kernel, *counts)
        return stride_tricks.as_strided(x, shape, strides, writeable=False)

    def col2im(self, columns: np.ndarray, size: Ints, counts: Ints, kernel: Ints, stride: Ints,
               padding: Ints, dilation: Ints) -> np.ndarray:  # fmt: skip
        """Sums in place."""
        n, rows, _ = columns.shape
        area = math.prod(kernel)
        parts = columns.reshape((n, rows // area, area, *counts))
        whole = reach(size, counts, kernel, stride, padding, dilation)
        total = np.zeros((n, rows // area, *whole), columns.dtype)
        for k, place in enumerate(taps(counts, kernel, stride, dilation)):
            _add_to(total[place], parts[:, :, k])
        return np.ascontiguousarray(total[inner(size, padding)])

    def convolution(self, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, size: Ints,
                    stride: Ints, padding: Ints, dilation: Ints,
                    groups: int) -> np.ndarray:  # fmt: skip
        """Processes blocks of images whose columns fit into the buffer."""
        n, outputs, kernel = x.shape[0], weight.shape[0], weight.shape[2:]
        rows, places = math.prod(weight.shape[1:]), math.prod(size)
        matrix = weight.reshape(groups, outputs // groups, rows)
        out = np.empty((n, outputs, *size), x.dtype)
        for block in _blocks(n, groups * rows * places * x.itemsize):
            columns = self.im2col(x[block], size, kernel, stride, padding, dilation)
            columns = columns.reshape(len(columns), groups, rows, places)
            out[block] = self.matmul(matrix, columns).reshape(len(columns), outputs, *size)
        if bias is not None:
            _add_to(out, per_channel(self, bias, len(size)))
        return out

    def convolution_transposed(self, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None,
                               size: Ints, stride: Ints, padding: Ints, dilation: Ints,
                               groups: int) -> np.ndarray:  # fmt: skip
        """Processes blocks, like `convolution`."""
        rows, places = math.prod(weight.shape[1:]), math.prod(x.shape[2:])
        out = np.empty((x.shape[0], groups * weight.shape[1], *size), x.dtype)
        for block in _blocks(x.shape[0], groups * rows * places * x.itemsize):
            out[block] = super().convolution_transposed(
                x[block], weight, None, size, stride, padding, dilation, groups
            )
        if bias is not None:
            _add_to(out, per_channel(self, bias, len(size)))
        return out

    def convolution_weight(self, grad: np.ndarray, x: np.ndarray, kernel: Ints, stride: Ints,
                           padding: Ints, dilation: Ints, groups: int) -> np.ndarray:  # fmt: skip
        """The sum over blocks."""
        channels = x.shape[1] // groups
        out = np.zeros((grad.shape[1], channels, *kernel), x.dtype)
        size = x.shape[1] * math.prod(kernel) * math.prod(grad.shape[2:]) * x.itemsize
        for block in _blocks(x.shape[0], size):
            part = super().convolution_weight(
                grad[block], x[block], kernel, stride, padding, dilation, groups
            )
            _add_to(out, part)
        return out

    def max_pool(self, x: np.ndarray, size: Ints, kernel: Ints, stride: Ints, padding: Ints,
                 dilation: Ints) -> tuple:  # fmt: skip
        """One pass per element of the window."""
        lowest: Any = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        whole = padded(self, x, size, kernel, stride, padding, dilation, lowest)
        best = np.full((*x.shape[:2], *size), lowest, x.dtype)
        chosen = np.zeros(best.shape, np.intp)
        for k, place in enumerate(taps(size, kernel, stride, dilation)):
            candidate = whole[place]
            better = (candidate > best) | (candidate != candidate)
            np.copyto(best, candidate, where=better)
            np.copyto(chosen, k, where=better)
        if whole is not x and (best == lowest).any():  # may have been found in the padding
            return super().max_pool(x, size, kernel, stride, padding, dilation)
        return best, _flat_places(chosen, x.shape[2:], kernel, stride, padding, dilation)

    def max_pool_backward(self, grad: np.ndarray, places: np.ndarray, shape: Ints) -> np.ndarray:
        """Sums at flat indices, which is fast in NumPy."""
        plane = math.prod(shape[2:])
        starts = np.arange(0, shape[0] * shape[1] * plane, plane or 1).reshape(-1, 1)
        flat = places.reshape(len(starts), -1) + starts
        out = np.zeros(shape, grad.dtype)
        np.add.at(out.reshape(-1), flat.reshape(-1), grad.reshape(-1))
        return out

    def pool_sum(self, x: np.ndarray, size: Ints, kernel: Ints, stride: Ints,
                 padding: Ints) -> np.ndarray:  # fmt: skip
        """Axis by axis, one pass per element of the window."""
        whole = padded(self, x, size, kernel, stride, padding, (1,) * len(kernel), 0)
        for axis, (count, width, step) in enumerate(zip(size, kernel, stride), 2):
            total = np.zeros((*whole.shape[:axis], count, *whole.shape[axis + 1 :]), x.dtype)
            for k in range(width):
                _add_to(total, whole[(slice(None),) * axis + (_stepped(k, count, step),)])
            whole = total
        return whole

    def pool_sum_backward(self, grad: np.ndarray, shape: Ints, kernel: Ints, stride: Ints,
                          padding: Ints) -> np.ndarray:  # fmt: skip
        """`pool_sum` in reverse."""
        size, counts = shape[2:], grad.shape[2:]
        whole = reach(size, counts, kernel, stride, padding, (1,) * len(kernel))
        for axis, (count, width, step) in enumerate(zip(counts, kernel, stride), 2):
            total = np.zeros(
                (*grad.shape[:axis], whole[axis - 2], *grad.shape[axis + 1 :]), grad.dtype
            )
            for k in range(width):
                _add_to(total[(slice(None),) * axis + (_stepped(k, count, step),)], grad)
            grad = total
        return np.ascontiguousarray(grad[inner(size, padding)])

    def resample_backward(self, grad: np.ndarray, axis: int, length: int, index: np.ndarray,
                          weights: np.ndarray | None) -> np.ndarray:  # fmt: skip
        """Sums of runs, since the indices in a row are non-decreasing."""
        total = np.zeros((*grad.shape[:axis], length, *grad.shape[axis + 1 :]), grad.dtype)
        for t, places in enumerate(index):
            term = grad
            if weights is not None:
                term = grad * weights[t].reshape((-1,) + (1,) * (grad.ndim - axis - 1))
            first = np.flatnonzero(np.diff(places, prepend=-1))
            sums = np.add.reduceat(term, first, axis)
            place = (slice(None),) * axis + (places[first],)  # each index once; not a view
            total[place] = local.run(np.add, total[place], sums)
        return total


def _blocks(count: int, each: int) -> list[slice]:
    """Slices of `count` images, each as long as fits into the buffer."""
    step = max(_BUFFER // max(each, 1), 1)
    return [slice(i, i + step) for i in range(0, count, step)]


def _stepped(start: int, count: int, step: int) -> slice:
    return slice(start, start + (count - 1) * step + 1, step)


def _flat_places(chosen: np.ndarray, length: Ints, kernel: Ints, stride: Ints, padding: Ints,
                 dilation: Ints) -> np.ndarray:  # fmt: skip
    """The flat index of element number `chosen` of each window."""
    steps = [math.prod(length[i + 1 :]) for i in range(len(length))]
    offsets: Any = np.zeros(1, np.intp)
    starts: Any = 0
    for i, step in enumerate(steps):
        along: Any = np.arange(kernel[i]) * dilation[i] * step
        offsets = (offsets[:, None] + along).reshape(-1)
        first: Any = (np.arange(chosen.shape[2 + i]) * stride[i] - padding[i]) * step
        starts = np.add.outer(starts, first)
    return offsets[chosen] + starts
