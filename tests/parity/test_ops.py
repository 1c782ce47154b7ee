"""Every operation against real PyTorch: values, dtypes and gradients, from the table of samples."""

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

import torchlite
from tests.ops.differences import mapped
from tests.ops.inputs import fewer
from tests.ops.samples import RANDOM, SAMPLES, Inputs
from torchlite.ops.core.family import operations

torch = pytest.importorskip("torch")
#: What differs on purpose: dropout's masks depend on the maker of the processor in PyTorch; and
#: what draws windows at random, which is compared with a seed (tests/parity/test_images.py).
SKIPPED = RANDOM | {"dropout", "fractional_max_pool2d", "fractional_max_pool3d"}
#: Unique up to signs, and (the last two) up to what is drawn at random.
SKIPPED |= {"svd", "pca_lowrank", "svd_lowrank"}
#: PyTorch refuses float32 statistics of float64 numbers.
SKIPPED |= {"batch_norm"}
#: In PyTorch under these names, or with other arguments.
CALLED = {
    "put": lambda x, *rest: x.put(*rest),
    "index_put": lambda x, *rest, **kwargs: x.index_put(*rest, **kwargs),
    "contiguous": lambda x: x.contiguous(),
}
#: PyTorch gives no gradient, or an error or a wrong one; or takes no arguments that require grad.
NO_GRADIENT = {
    "heaviside", "floor_divide", "vander", "as_strided_scatter", "detach_copy",
    "histogram", "histogramdd", "geqrf", "view_as_complex_copy",
}  # fmt: skip
NAMES = [name for name in SAMPLES if name in operations and name not in SKIPPED]


def theirs(name):
    for home in (torch.nn.functional, torch.fft, torch, torch.special, torch.Tensor):
        if hasattr(home, name):
            return CALLED.get(name) or getattr(home, name)
    return CALLED[name]


def tensors(args, library, differentiable):
    """The arguments, arrays made tensors, and those that require grad."""
    leaves = []

    def convert(x):
        x = library.from_numpy(x.copy() if 0 in x.strides else x)
        if differentiable and (x.dtype.is_floating_point or x.dtype.is_complex):
            leaves.append(x.requires_grad_())
        return x

    constants = [library.from_numpy(x.numpy()) if isinstance(x, torchlite.Tensor) else x
                 for x in args]  # fmt: skip
    return mapped(convert, tuple(constants)), leaves


def results(y):
    """The tensors, numbers and flags of a result, in order."""
    if isinstance(y, (list, tuple)) and not isinstance(y, (torch.Size, torchlite.Size)):
        return [part for x in y for part in results(x)]
    return [y]


def total(library, ys):
    """One number that depends on all differentiable results; None if there are none."""
    parts = [library.view_as_real(y.resolve_conj()) if y.dtype.is_complex else y for y in ys
             if hasattr(y, "requires_grad") and y.requires_grad]  # fmt: skip
    terms = [(part * (i + 1) * part).sum() for i, part in enumerate(parts)]
    return sum(terms[1:], terms[0]) if terms else None


def same(mine, real):
    if not isinstance(real, torch.Tensor):
        assert mine == real
        return
    assert tuple(mine.shape) == tuple(real.shape)
    assert repr(mine.dtype) == repr(real.dtype)
    mine, real = (x.numpy(force=True) for x in (mine, real.resolve_conj()))
    np.testing.assert_allclose(mine, real, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore")  # PyTorch's own
def test_an_operation_equals_pytorch(name):
    @fewer(6)
    @given(st.data())
    def check(data):
        args, kwargs = SAMPLES[name](Inputs(data))
        differentiable = name not in NO_GRADIENT
        my_args, my_leaves = tensors(args, torchlite, differentiable)
        real_args, real_leaves = tensors(args, torch, differentiable)
        mine = results(operations[name](*my_args, **mapped(torchlite.from_numpy, kwargs)))
        real = results(answer_of_pytorch(theirs(name), real_args, mapped(torch.from_numpy, kwargs)))
        assert len(mine) == len(real)
        for a, b in zip(mine, real):
            same(a, b)
        if differentiable:
            check_gradients(mine, my_leaves, real, real_leaves)

    check()


def answer_of_pytorch(operation, args, kwargs):
    try:
        return operation(*args, **kwargs)
    except RuntimeError as error:  # PyTorch's kron takes a view that transposed operands lack
        if "view size is not compatible" not in str(error):
            raise
        reject()


def check_gradients(mine, my_leaves, real, real_leaves):
    losses = total(torchlite, mine), total(torch, real)
    assert (losses[0] is None) == (losses[1] is None)
    if losses[0] is None:
        return
    for loss in losses:
        loss.backward()
    for a, b in zip(my_leaves, real_leaves):
        assert (a.grad is None) == (b.grad is None)
        if b.grad is not None:
            same(a.grad, b.grad)


def test_tensors_of_the_two_do_not_mix():
    with pytest.raises(TypeError):
        torch.ones(2) + torchlite.ones(2)
    with pytest.raises(TypeError):
        torch.add(torch.ones(2), torchlite.ones(2))
