"""`vmap` of every operation, and gradients within and through it, against a loop over slices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import torchlite as torch
from tests.ops.differences import mapped
from tests.ops.inputs import fewer
from tests.ops.samples import RANDOM, SAMPLES, Inputs
from torchlite import backends, func
from torchlite.ops.core.family import operations

BACKENDS = ("numpy", "numba")
SIZE = 3
#: Their results have no fixed shape, or are no tensors: vmap refuses them.
REFUSED = {
    "allclose", "argwhere", "equal", "histc", "histogram", "histogramdd",
    "masked_scatter", "masked_select", "nonzero", "nonzero_static", "unique", "unique_consecutive",
}  # fmt: skip
#: Draw random numbers.
SKIPPED = RANDOM | {
    "dropout", "fractional_max_pool2d", "fractional_max_pool3d", "pca_lowrank", "svd_lowrank",
}  # fmt: skip
CHECKED = [n for n in SAMPLES if n in operations and n not in SKIPPED | REFUSED]
NO_GRADIENT = {"floor_divide", "heaviside"}


class Call:
    """A call of an operation for several slices of some of its tensors."""

    def __init__(self, name, data, all_floats=False):
        self.name = name
        self.args, kwargs = SAMPLES[name](Inputs(data))
        self.kwargs = {key: mapped(torch.from_numpy, x) for key, x in kwargs.items()}
        arrays = []
        mapped(arrays.append, tuple(self.args))
        self.cut = [data.draw(st.booleans(), label="batched") for _ in arrays]
        self.floats = [i for i, a in enumerate(arrays) if a.dtype.kind in "fc"]
        if arrays and not any(self.cut):
            self.cut[0] = True
        if all_floats:
            self.cut = [cut or i in self.floats for i, cut in enumerate(self.cut)]
        self.slices = [
            [self._slice(a, i if cut else 0) for a, cut in zip(arrays, self.cut)]
            for i in range(SIZE)
        ]

    def _slice(self, array, i):
        """Floats differ from slice to slice, but not in sign or order."""
        scale = 1 - i / 20 if array.dtype.kind in "fc" else 1
        return torch.from_numpy(np.array(array * scale, array.dtype))

    def run(self, *tensors):
        """The tensors of the result."""
        given = iter(tensors)
        args = mapped(lambda array: next(given), tuple(self.args))
        return self.tensors_in(operations[self.name](*args, **self.kwargs))

    def tensors_in(self, result):
        if isinstance(result, (list, tuple)):
            return tuple(t for part in result for t in self.tensors_in(part))
        return (result,) if isinstance(result, torch.Tensor) else ()

    def total(self, *tensors):
        """A number that depends on all differentiable results; None if there are none."""
        return total(self.run(*tensors))

    def batches(self):
        columns = list(zip(*self.slices))
        return [torch.stack(c) if cut else c[0] for c, cut in zip(columns, self.cut)]

    def vmap(self, function):
        return func.vmap(function, in_dims=tuple(0 if cut else None for cut in self.cut))


def total(tensors):
    parts = [torch.view_as_real(t) if t.is_complex() else t for t in tensors if t.requires_grad]
    terms = [(t * t * (i + 1) + t).sum() for i, t in enumerate(parts)]
    return sum(terms[1:], terms[0]) if terms else None


def same(batch, slices):
    for i, x in enumerate(slices):
        assert batch[i].dtype is x.dtype
        assert batch[i].shape == x.shape
        np.testing.assert_allclose(batch[i].numpy(force=True), x.numpy(force=True), 1e-6, 1e-7)


@pytest.mark.parametrize("name", CHECKED)
@pytest.mark.parametrize("backend", BACKENDS)
def test_vmap_equals_a_loop(backend, name):
    if backend == "numba":
        pytest.importorskip("numba")

    @fewer(8)
    @given(st.data())
    def check(data):
        call = Call(name, data)
        expected = [call.run(*tensors) for tensors in call.slices]
        if call.cut and expected[0]:
            found = call.vmap(call.run)(*call.batches())
            for batch, *slices in zip(found, *expected):
                same(batch, slices)

    with backends.use(backend):
        check()


def gradients(call, tensors):
    """What `Call.total` gives for leaves with the values of `tensors`: the gradients of these."""
    leaves = [t.detach().requires_grad_(i in call.floats) for i, t in enumerate(tensors)]
    own = [leaves[i] for i in call.floats]
    value = call.total(*leaves) if own else None
    if value is None:
        return None
    grad = torch.autograd.grad
    return grad(value, own, create_graph=True, materialize_grads=True), own


@pytest.mark.parametrize("name", [n for n in CHECKED if n not in NO_GRADIENT])
def test_gradients_inside_and_outside_of_vmap_equal_a_loop(name):
    @fewer(8)
    @given(st.data())
    def check(data):
        call = Call(name, data, all_floats=True)
        if not call.floats:
            return
        pairs = [gradients(call, tensors) for tensors in call.slices]
        if pairs[0] is None:
            return
        first = [grads for grads, _ in pairs]
        inside = call.vmap(func.grad(call.total, argnums=tuple(call.floats)))(*call.batches())
        for batch, *slices in zip(inside, *first):
            same(batch, slices)
        check_outside(call, pairs)

    check()


def check_outside(call, pairs):
    """The gradient through `vmap`, and the gradient of that."""
    leaves = [t.requires_grad_(i in call.floats) for i, t in enumerate(call.batches())]
    own = [leaves[i] for i in call.floats]
    value = call.vmap(call.total)(*leaves).sum()
    found = torch.autograd.grad(value, own, create_graph=True, materialize_grads=True)
    for batch, *slices in zip(found, *[grads for grads, _ in pairs]):
        same(batch, slices)
    if total(found) is None:
        return
    second = torch.autograd.grad(total(found), own, materialize_grads=True)
    expected = [torch.autograd.grad(total(g), x, materialize_grads=True) for g, x in pairs]
    for batch, *slices in zip(second, *expected):
        same(batch, slices)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_results_without_a_fixed_shape_are_refused(name):
    @fewer(8)
    @given(st.data())
    def check(data):
        call = Call(name, data)
        if not all(call.cut):
            return
        with pytest.raises((RuntimeError, ValueError), match="vmap|must only return"):
            call.vmap(call.run)(*call.batches())

    check()
