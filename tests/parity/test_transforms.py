"""`func`, `autograd.functional`, `checkpoint`, hooks and DLPack against real PyTorch."""

import importlib

import numpy as np
import pytest

import torchlite

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own


def numbers(lib, *shape, seed=0):
    return lib.from_numpy(np.random.default_rng(seed).random(shape))


def leaf(lib, *shape, seed=0):
    return numbers(lib, *shape, seed=seed).requires_grad_()


def func(lib):
    return importlib.import_module(f"{lib.__name__}.func")


def functional(lib):
    return importlib.import_module(f"{lib.__name__}.autograd.functional")


def checkpoint(lib, f, x, use_reentrant):
    module = importlib.import_module(f"{lib.__name__}.utils.checkpoint")
    return module.checkpoint(f, x, use_reentrant=use_reentrant)


def cubic(x):
    return (x**3).sum() * x[0]


def two(x, y):
    return x * y.sin(), x.sum()


FUNC = {
    "grad of a tree": lambda m: func(m).grad(lambda d: (d["a"] * d["b"]).sum())(
        {"a": numbers(m, 3), "b": numbers(m, 3) + 1}
    ),
    "grad of a leaf": lambda m: func(m).grad(cubic)(leaf(m, 3)),
    "grad inside grad": lambda m: func(m).grad(
        lambda x: func(m).grad(lambda y: (x * y * y).sum())(x).sum()
    )(numbers(m, 3)),
    "jvp of grad": lambda m: func(m).jvp(
        func(m).grad(cubic), (numbers(m, 3),), (numbers(m, 3, seed=1),)
    ),
    "vjp": lambda m: func(m).vjp(two, numbers(m, 3), numbers(m, 3))[1](
        (numbers(m, 3), numbers(m, 1)[0])
    ),
    "jacrev": lambda m: func(m).jacrev(two, (0, 1))(numbers(m, 3), numbers(m, 3)),
    "jacfwd": lambda m: func(m).jacfwd(two, (0, 1))(numbers(m, 3), numbers(m, 3)),
    "hessian": lambda m: func(m).hessian(cubic)(numbers(m, 3)),
    "vmap": lambda m: func(m).vmap(two, in_dims=(1, None), out_dims=(1, 0))(
        numbers(m, 4, 3), numbers(m, 4)
    ),
    "vmap of grad": lambda m: func(m).vmap(func(m).grad(cubic))(numbers(m, 3, 4)),
    "linearize": lambda m: func(m).linearize(two, numbers(m, 3), numbers(m, 3))[1](
        numbers(m, 3), numbers(m, 3)
    ),
}
FUNCTIONAL = {
    "jacobian": lambda m: functional(m).jacobian(two, (numbers(m, 3), numbers(m, 3))),
    "jacobian with a graph": lambda m: functional(m).jacobian(cubic, leaf(m, 3), create_graph=True),
    "functional hessian": lambda m: functional(m).hessian(cubic, numbers(m, 3)),
    "functional jvp": lambda m: functional(m).jvp(
        two, (numbers(m, 3),) * 2, (numbers(m, 3, seed=2),) * 2
    ),
    "hvp": lambda m: functional(m).hvp(cubic, numbers(m, 3), numbers(m, 3, seed=2)),
    "vhp": lambda m: functional(m).vhp(cubic, numbers(m, 3), numbers(m, 3, seed=2)),
}


def checkpointed(use_reentrant):
    def program(m):
        m.manual_seed(3)
        x, w = leaf(m, 4, 3), leaf(m, 3, 3, seed=1)

        def layer(a):
            return ((a @ w).tanh() ** 2).exp() * m.rand(4, 3).to(a.dtype)

        y = checkpoint(m, layer, checkpoint(m, layer, x * 1, use_reentrant), use_reentrant)
        y.sum().backward()
        return y.detach(), x.grad, w.grad

    return program


def hooked(m):
    seen, x = [], leaf(m, 4)
    y = x * 2
    y.retain_grad()
    view = y[:2]
    view.mul_(3)
    view.register_hook(lambda g: seen.append(g.clone()) or g * 2)
    y.register_hook(lambda g: g * 10)
    ((y * y).sum() + view.exp().sum()).backward()
    return [*seen, y.grad, x.grad]


def multi_hooked(m):
    seen, a, b = [], leaf(m, 3), leaf(m, 3, seed=1)
    m.autograd.graph.register_multi_grad_hook((a, b), lambda grads: seen.extend(grads))
    (a * b * a).sum().backward()
    return seen


PROGRAMS = {
    **FUNC, **FUNCTIONAL, "hooks": hooked, "hooks of several": multi_hooked,
    "checkpoint": checkpointed(False), "reentrant checkpoint": checkpointed(True),
}  # fmt: skip


def flat(tree):
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [leaf for t in tree for leaf in flat(t)] if isinstance(tree, (tuple, list)) else [tree]


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_results_are_pytorchs(program):
    ours, theirs = flat(program(torchlite)), flat(program(torch))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        assert a.requires_grad == b.requires_grad
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, strict=True)


def test_dlpack_shares_memory_with_pytorch_both_ways():
    theirs = torch.ones(3, 4).T
    ours = torchlite.from_dlpack(theirs)
    ours[1, 2] = 5
    assert theirs[1, 2] == 5 and ours.stride() == theirs.stride()
    again = torch.from_dlpack(ours)
    again[0, 0] = 7
    assert ours[0, 0] == 7 and again.data_ptr() == theirs.data_ptr()
