"""A small backend with an array type of its own trains a model through the public API."""

import itertools
import math
import operator

import numpy as np
import pytest

import torchlite as torch
from torchlite import backends, dtypes
from torchlite.backends import Backend
from torchlite.core.shapes import broadcast_shapes, contiguous_strides
from torchlite.errors import BackendError
from torchlite.testing import backend_suite


class Array:
    """Numbers in a plain list, row by row."""

    def __init__(self, data, shape, dtype):
        self.data, self.shape, self.dtype = data, tuple(shape), dtype
        self.ndim, self.size = len(self.shape), len(data)


def cells(shape):
    return itertools.product(*map(range, shape))


class ToyBackend(Backend):
    """What a linear model needs; views other than `reshape` are copies."""

    name, array_type = "toy", Array

    def asarray(self, x):
        return x

    def from_numpy(self, array):
        return Array(array.ravel().tolist(), array.shape, dtypes.from_name(str(array.dtype)))

    def to_numpy(self, x):
        return np.array(x.data, x.dtype.name).reshape(x.shape)

    def array(self, data, dtype):
        return self.from_numpy(np.array(data, dtype.name))

    def full(self, shape, value, dtype):
        return Array([value] * math.prod(shape), shape, dtype)

    def empty(self, shape, dtype):
        return self.full(shape, 0, dtype)

    def item(self, x):
        return x.data[0]

    def tolist(self, x):
        return self.to_numpy(x).tolist()

    def owns_memory(self, x):
        return True

    def strides(self, x):
        return contiguous_strides(x.shape)

    def copy(self, x):
        return Array(list(x.data), x.shape, x.dtype)

    def contiguous(self, x):
        return x

    def copyto(self, dst, src):
        dst.data[:] = self.broadcast_to(src, dst.shape).data

    def reshape(self, x, shape):
        shape = [x.size // -math.prod(shape) if n == -1 else n for n in shape]
        return Array(x.data, shape, x.dtype)

    def _read(self, x, shape, steps):
        """The elements at the places that `steps` (in elements) lead to."""
        places = [sum(map(operator.mul, cell, steps)) for cell in cells(shape)]
        return Array([x.data[place] for place in places], shape, x.dtype)

    def permute(self, x, axes):
        steps = self.strides(x)
        return self._read(x, [x.shape[a] for a in axes], [steps[a] for a in axes])

    def broadcast_to(self, x, shape):
        old = (1,) * (len(shape) - x.ndim) + x.shape
        steps = contiguous_strides(old)
        return self._read(x, shape, [0 if n == 1 else step for n, step in zip(old, steps)])

    def sum(self, x, axis, keepdims):
        axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        kept = [1 if i in axes else n for i, n in enumerate(x.shape)]
        out = self.full(kept, 0, x.dtype)
        steps = [0 if i in axes else s for i, s in enumerate(contiguous_strides(kept))]
        parts = [[] for _ in out.data]
        for value, cell in zip(x.data, cells(x.shape)):
            parts[sum(map(operator.mul, cell, steps))].append(value)
        out.data[:] = [np.sum(part).item() for part in parts]  # pairwise: 70,000 terms stay exact
        left = [n for i, n in enumerate(x.shape) if i not in axes]
        return out if keepdims else self.reshape(out, left)

    def matmul(self, a, b):
        (n, k), m = a.shape, b.shape[1]
        rows = [a.data[i * k : (i + 1) * k] for i in range(n)]
        columns = [b.data[j::m] for j in range(m)]
        data = [sum(map(operator.mul, row, column)) for row in rows for column in columns]
        return Array(data, (n, m), a.dtype)


def elementwise(function):
    def method(self, *operands):
        like = next(x for x in operands if isinstance(x, Array))
        arrays = [x if isinstance(x, Array) else self.full((), x, like.dtype) for x in operands]
        shape = broadcast_shapes(*(x.shape for x in arrays))
        numbers = [self.broadcast_to(x, shape).data for x in arrays]
        return Array(list(map(function, *numbers)), shape, like.dtype)

    return method


for _name in ("add", "sub", "mul", "neg"):
    setattr(ToyBackend, _name, elementwise(getattr(operator, _name)))
ToyBackend.square = elementwise(lambda x: x * x)
ToyBackend.div = elementwise(operator.truediv)
backends.register("toy", ToyBackend)


def train():
    """The weights of ``y = 2 a - 3 b + 1``, found by gradient descent."""
    x = torch.tensor([[1.0, 2.0], [0.5, -1.0], [-1.0, 1.0], [2.0, 0.0]])
    y = torch.tensor([[-3.0], [5.0], [-4.0], [5.0]])
    weight = torch.zeros(1, 2, requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight, bias], lr=0.1, momentum=0.5)
    for _ in range(150):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(torch.nn.functional.linear(x, weight, bias), y)
        loss.backward()
        optimizer.step()
    assert type(weight._data) is type(weight.grad._data)
    return weight.tolist()[0] + bias.tolist()


def test_it_trains_a_linear_model():
    with backends.use("toy"):
        assert train() == pytest.approx([2, -3, 1], abs=1e-3)
    assert train() == pytest.approx([2, -3, 1], abs=1e-3)


def test_what_it_lacks_is_named():
    text = "backend 'toy' lacks the primitive exp"
    with backends.use("toy"), pytest.raises(BackendError, match=text):
        torch.ones(2).exp()


def test_describe_counts_its_methods():
    words = [line.split()[:2] for line in backends.describe("toy").splitlines()]
    assert ["matmul", "native"] in words
    assert ["linear", "composed"] in words
    assert ["sort", "missing"] in words


@pytest.mark.parametrize("case", backend_suite("toy", ["linear", "mse_mean", "square"]), ids=str)
def test_the_suite_accepts_what_it_has(case):
    case()


def test_threads_are_one_where_a_backend_does_not_say():
    with backends.use("toy"):
        assert torch.get_num_threads() == 1
        torch.set_num_threads(3)  # accepted, without effect
        assert torch.get_num_threads() == 1


def test_threads_inside_a_transform_are_those_of_the_backend():
    threads = torch.vmap(lambda x: x * torch.get_num_threads())(torch.ones(2))
    assert threads.tolist() == 2 * [torch.get_num_threads()]
