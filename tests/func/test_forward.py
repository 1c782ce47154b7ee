"""Forward mode: `jvp` of every operation, and what it nests with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import torchlite as torch
from tests.ops.differences import is_differentiable, leaves, mapped
from tests.ops.inputs import fewer
from tests.ops.samples import RANDOM, SAMPLES, Inputs
from torchlite import func
from torchlite.ops.core.family import operations

EPS = 1e-5
#: Operations without a derivative, whose results are not unique, or that are not for complex
#: numbers.
NOT_COMPLEX = (
    "detach_copy geqrf svd svd_lowrank pca_lowrank polygamma adaptive_max_pool1d "
    "adaptive_max_pool2d adaptive_max_pool3d"
).split()
CHECKED = [name for name in SAMPLES if name in operations and name not in RANDOM]


class Call:
    """A sample's call of an operation as a function of its float arrays."""

    def __init__(self, name, args, kwargs, is_complex):
        self.op, self.args = operations[name], args
        self.kwargs = {k: mapped(torch.from_numpy, v) for k, v in kwargs.items()}
        phase = 0.8 + 0.6j if is_complex else 1.0
        self.inputs = [torch.from_numpy(np.asarray(x * phase)) for x in self.arrays(args)]

    def arrays(self, args):
        return [x for x in leaves(args) if is_differentiable(x)]

    def __call__(self, *tensors):
        given = iter(tensors)

        def put(x):
            return next(given) if is_differentiable(x) else torch.from_numpy(x)

        torch.manual_seed(0)
        ends = leaves(self.op(*mapped(put, self.args), **self.kwargs))
        return [y for y in ends if y.dtype.is_floating_point or y.dtype.is_complex]


def check_forward_equals_reverse(call):
    """`linearize` pushes tangents by two walks backward."""
    torch.manual_seed(1)
    tangents = tuple(torch.randn_like(x) for x in call.inputs)
    try:
        found = func.jvp(call, tuple(call.inputs), tangents)
    except NotImplementedError as error:
        assert "the derivative for" in str(error)  # which PyTorch has not either
        return
    values, push = func.linearize(call, *call.inputs)
    torch.testing.assert_close(found[0], values, equal_nan=True)
    torch.testing.assert_close(found[1], push(*tangents), equal_nan=True, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", CHECKED)
def test_forward_mode_equals_reverse_mode(name):
    @fewer(4)
    @given(st.data())
    def check(data):
        args, kwargs = SAMPLES[name](Inputs(data))
        call = Call(name, args, kwargs, False)
        if call.inputs:
            check_forward_equals_reverse(call)

    check()


def check_forward_equals_differences(call):
    torch.manual_seed(1)
    tangents = tuple(torch.randn_like(x) for x in call.inputs)
    _, found = func.jvp(call, tuple(call.inputs), tangents)
    ahead, behind = (
        call(*(x + sign * EPS * t for x, t in zip(call.inputs, tangents))) for sign in (1, -1)
    )
    moved = [(a - b) / (2 * EPS) for a, b in zip(ahead, behind)]
    torch.testing.assert_close(found, moved, equal_nan=True, rtol=1e-5, atol=1e-6)


def computes(call):
    """Whether the operation takes these inputs."""
    try:
        call(*call.inputs)
    except (RuntimeError, TypeError, ValueError):
        return False
    return True


@pytest.mark.parametrize("name", [name for name in CHECKED if name not in NOT_COMPLEX])
def test_forward_mode_equals_differences_for_complex_numbers(name):
    @fewer(8)
    @given(st.data())
    def check(data):
        args, kwargs = SAMPLES[name](Inputs(data))
        call = Call(name, args, kwargs, True)
        if call.inputs and computes(call):
            check_forward_equals_differences(call)

    check()


def numbers(*values):
    return torch.tensor(values, dtype=torch.float64)


X, V, W = numbers(1.0, 2.0, 3.0), numbers(0.5, -1.0, 2.0), numbers(0.3, 0.7, -0.4)
close = torch.testing.assert_close


def composed(x):
    return (x.sin() * x.sum()).cumsum(0)


def test_levels_do_not_mix():
    ones = torch.ones_like(X)

    def outer(y):
        return y * func.jvp(lambda z: z + y, (y,), (ones,))[1]

    close(func.jvp(outer, (X,), (ones,))[1], ones)
    twice = func.jvp(lambda y: func.jvp(torch.sin, (y,), (V,))[1], (X,), (V,))[1]
    close(twice, -X.sin() * V * V)


@pytest.mark.parametrize(
    "second",
    [
        lambda f: func.jacfwd(func.jacfwd(f)),
        lambda f: func.jacfwd(func.jacrev(f)),
        lambda f: func.jacrev(func.jacfwd(f)),
    ],
    ids=["forward over forward", "forward over reverse", "reverse over forward"],
)
def test_second_derivatives_in_all_orders(second):
    close(second(composed)(X), func.jacrev(func.jacrev(composed))(X))


def test_a_backward_walk_reaches_primals_tangents_and_what_the_function_found_outside():
    x, v, w = (t.clone().requires_grad_() for t in (X, V, W))
    by_forward_mode = func.jvp(lambda x: (x * w).sin() * x, (x,), (v,))
    value = (x * w).sin() * x
    by_hand = value, ((x * w).cos() * w * x + (x * w).sin()) * v

    def walks(ends):
        total = sum((y**2).sum() for y in ends)
        first = torch.autograd.grad(total, (x, v, w), create_graph=True)
        return *first, *torch.autograd.grad(sum((g**2).sum() for g in first), (x, v, w))

    for a, b in zip(walks(by_forward_mode), walks(by_hand)):
        close(a, b)


def test_batches_of_derivatives_and_derivatives_of_batches():
    rows = torch.stack([X, V, W])
    directions = rows.flip(0)
    expected = torch.stack([func.jvp(composed, (a,), (b,))[1] for a, b in zip(rows, directions)])
    close(func.vmap(lambda a, b: func.jvp(composed, (a,), (b,))[1])(rows, directions), expected)
    close(func.jvp(func.vmap(composed), (rows,), (directions,))[1], expected)
    close(func.jvp(func.vmap(lambda x: x.detach() * x), (rows,), (directions,))[1],
          rows * directions)  # fmt: skip


def test_writes_in_place_move_tangents():
    def writes(x):
        y = torch.zeros(3, 4, dtype=torch.float64)
        y[0, :3] = x * 2
        y.t()[1].mul_(3).add_(x)
        y.view(-1)[5:8] = x.flip(0)
        y[2] = 1.0
        return y.sum(1)

    def pure(x):
        first = torch.stack([x[0] * 2, x[1] * 6 + x[0], x[2] * 2])
        return torch.stack([first.sum(), x.sum() + 0 * x[1], 4 + 0 * x[0]])

    close(func.jvp(writes, (X,), (V,)), func.jvp(pure, (X,), (V,)))
    captured = torch.zeros(3, dtype=torch.float64)
    with pytest.raises(RuntimeError, match="that would mutate a captured Tensor"):
        func.jvp(lambda x: captured.copy_(x), (X,), (V,))


def test_detach_stops_tangents_and_no_grad_does_not():
    close(func.jvp(lambda x: x.detach() * x, (X,), (V,))[1], X * V)
    with torch.no_grad():
        close(func.jvp(torch.sin, (X,), (V,))[1], X.cos() * V)
        assert not func.jvp(lambda x: x * X, (X,), (V,))[1].requires_grad


def test_integers_and_auxiliary_outputs():
    _, (moved, none) = func.jvp(lambda x: tuple(x.max(0)), (X,), (V,))
    close(moved, V[2])
    assert not none.any()
    _, tangent, aux = func.jvp(lambda x: (x * 2, {"a": x + 1}), (X,), (V,), has_aux=True)
    close(tangent, V * 2)
    close(aux["a"], X + 1)
    jacobian, aux = func.jacfwd(lambda x: (x * x, x + 1), has_aux=True)(X)
    close(jacobian, torch.diag(2 * X))
    close(aux, X + 1)


def test_a_network_with_all_its_parameters():
    layers = torch.nn.Linear(3, 4), torch.nn.GELU(), torch.nn.LayerNorm(4)
    net = torch.nn.Sequential(*layers).double()
    parameters = dict(net.named_parameters())

    def loss(parameters):
        return func.functional_call(net, parameters, (X,)).square().sum()

    forward, reverse = func.jacfwd(loss)(parameters), func.grad(loss)(parameters)
    for name in parameters:
        close(forward[name], reverse[name])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: func.jvp(torch.sin, (), ()), "Expected primals to contain at least one Tensor"),
        (lambda: func.jvp(torch.sin, (3,), (3,)), "Expected primals to only contain Tensors"),
        (lambda: func.jvp(torch.sin, (X,), (None,)), "Expected tangents to only contain Tensors"),
        (lambda: func.jvp(torch.sin, (X,), (V[:2],)), "has a different size than that"),
        (lambda: func.jvp(lambda x: 3, (X,), (V,)), "to return only tensors"),
        (lambda: func.jvp(torch.sin, (X,), (V,), has_aux=True), "should be a tuple"),
        (lambda: func.jacfwd(torch.sin, 1.0)(X), "argnums must be int"),
        (lambda: func.jacfwd(torch.sin, ())(X), "argnums must be non-empty"),
        (lambda: func.jacfwd(torch.mul, (0, 0))(X, X), "must be unique"),
        (lambda: func.jacfwd(torch.sin, 1)(X), "Got argnum=1, but only 1"),
    ],
)
def test_what_does_not_fit_is_refused(call, text):
    with pytest.raises(RuntimeError, match=text):
        call()


def test_integers_have_no_tangents():
    with pytest.raises(ValueError, match="Expected primal to be floating point"):
        func.jvp(torch.sin, (torch.arange(3),), (V,))
