"""First and second gradients against central differences, along random directions."""

import numpy as np

import torchlite as torch
from torchlite.autograd import grad

EPS, TOLERANCE = 1e-5, 2e-6


def mapped(function, tree):
    """`tree` with `function` applied to the arrays in its lists, tuples and dicts."""
    if isinstance(tree, dict):
        return {key: mapped(function, x) for key, x in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(mapped(function, x) for x in tree)
    return function(tree) if isinstance(tree, np.ndarray) else tree


def is_differentiable(x):
    return isinstance(x, np.ndarray) and x.dtype.kind in "fc"


def leaves(tree):
    """The tensors and arrays in `tree`, in order."""
    if isinstance(tree, (list, tuple)):
        return [leaf for x in tree for leaf in leaves(x)]
    return [tree] if isinstance(tree, (np.ndarray, torch.Tensor)) else []


class Scalar:
    """A call of an operation made a function of its float arrays with one real result.

    That is the sum of the results, weighted at random, as the result of most operations of a
    network is; `weights` are drawn when the number of results is first known.
    """

    def __init__(self, op, args, kwargs):
        self.op, self.args, self.weights = op, args, {}
        self.kwargs = mapped(torch.from_numpy, kwargs)
        self.inputs = [x for x in leaves(args) if is_differentiable(x)]

    def tensors(self, inputs):
        """The arguments with `inputs`, arrays or tensors, in the place of the float arrays."""
        given = iter(inputs)

        def put(x):
            new = next(given) if is_differentiable(x) else x
            return torch.from_numpy(new) if isinstance(new, np.ndarray) else new

        return mapped(put, self.args)

    def __call__(self, inputs):
        torch.manual_seed(0)
        total = torch.tensor(0.0, dtype=torch.float64)
        for i, y in enumerate(leaves(self.op(*self.tensors(inputs), **self.kwargs))):
            if y.dtype.is_complex:
                y = torch.view_as_real(y)
            if y.dtype.is_floating_point and y.numel():
                total = total + (y * self.weight(i, y.shape)).sum()
        return total

    def weight(self, i, shape):
        if i not in self.weights:
            drawn = np.random.default_rng(i).uniform(0.5, 1.5, tuple(shape))
            self.weights[i] = np.asarray(drawn)
        return torch.from_numpy(self.weights[i])


def required(inputs):
    return [torch.from_numpy(x).requires_grad_() for x in inputs]


def slope(function, inputs, along):
    """The derivative of `function` along a direction, by a central difference."""
    ahead, behind = (
        function([np.asarray(x + sign * EPS * u) for x, u in zip(inputs, along)])
        for sign in (1, -1)
    )
    return (float(ahead) - float(behind)) / (2 * EPS)


def gradients(function, inputs, create_graph=False):
    """Tensors that require grad, and the gradients there; None if the result is a constant."""
    tensors = required(inputs)
    value = function(tensors)
    if not value.requires_grad:
        return tensors, None
    return tensors, grad(value, tensors, create_graph=create_graph, materialize_grads=True)


def inner(a, b):
    """The real inner product of lists of arrays."""
    return sum(float(np.real(np.vdot(x, y))) for x, y in zip(a, b))


def directions(inputs, seed):
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.uniform(-1, 1, x.shape)) for x in inputs]


def check_gradients(function, inputs, order):
    """Raise AssertionError if a gradient of `function` at `inputs` differs from the differences."""
    along = directions(inputs, 1)
    _, grads = gradients(function, inputs)
    if grads is None:
        return
    close(inner(along, [g.numpy() for g in grads]), slope(function, inputs, along), "gradient")
    if order == 2:
        weights = directions(inputs, 2)

        def first(at):
            """The first derivative along `weights`."""
            _, grads = gradients(function, at)
            return inner(weights, [g.numpy() for g in grads])

        analytic = second(function, inputs, weights, along)
        close(analytic, slope(first, inputs, along), "gradient of the gradient")


def second(function, inputs, weights, along):
    """The derivative along `along` of the derivative along `weights`, by two backward walks."""
    tensors, grads = gradients(function, inputs, create_graph=True)
    total = torch.tensor(0.0, dtype=torch.float64)
    for g, w in zip(grads, weights):
        total = total + (g * torch.from_numpy(w)).sum()
    if not total.requires_grad:
        return 0.0
    again = grad(total, tensors, materialize_grads=True)
    return inner(along, [g.detach().numpy() for g in again])


def close(analytic, numeric, what):
    assert abs(analytic - numeric) <= TOLERANCE * (1 + abs(numeric)), (
        f"{what}: {analytic} by the graph, {numeric} by differences"
    )
