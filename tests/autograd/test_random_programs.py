"""Random programs of operations, writes in place and views, against a naive tape.

The tape keeps, for every storage, its elements as numbers with exact derivatives: each element is a
(value, gradient with respect to all elements of the leaves) pair, so a view is a list of places and
a write replaces elements. There is no graph: nothing in common with what is tested.
"""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import torchlite as torch
from torchlite.autograd import grad

LEAVES = 2
SHAPE = (2, 3)
COUNT = LEAVES * 6  # elements of all leaves: the length of a derivative

UNARY = {
    "sin": (np.sin, np.cos),
    "tanh": (np.tanh, lambda v: 1 - np.tanh(v) ** 2),
    "square": (np.square, lambda v: 2 * v),
    "neg": (np.negative, lambda v: -np.ones_like(v)),
    "sigmoid": (lambda v: 1 / (1 + np.exp(-v)), lambda v: np.exp(-v) / (1 + np.exp(-v)) ** 2),
}
VIEWS = {
    "t": lambda x: x.T,
    "row": lambda x: x[0] if x.ndim == 2 else x,
    "tail": lambda x: x[..., 1:] if x.shape[-1] > 1 else x,
    "steps": lambda x: x[..., ::2],
    "flat": lambda x: x.reshape(-1),
}


class Dual:
    """A naive tensor: `values` and `slopes` are storage that views share; `places` lie in it."""

    def __init__(self, values, slopes, places):
        self.values, self.slopes, self.places = values, slopes, places

    @classmethod
    def new(cls, values, slopes):
        places = np.arange(values.size).reshape(values.shape)
        return cls(values.reshape(-1).copy(), slopes.reshape(-1, COUNT).copy(), places)

    def read(self):
        return self.values[self.places], self.slopes[self.places]

    def write(self, values, slopes):
        self.values[self.places], self.slopes[self.places] = values, slopes


def unary(name, x):
    f, slope = UNARY[name]
    value, d = x.read()
    return f(value), slope(value)[..., None] * d


def product(x, y):
    (a, da), (b, db) = x.read(), y.read()
    return a * b, a[..., None] * db + b[..., None] * da


def total(x, y):
    (a, da), (b, db) = x.read(), y.read()
    return a + b, da + db


BINARY = {"add": total, "mul": product}
PICK = st.integers(0, 10**6)


class Programs(RuleBasedStateMachine):
    """`pairs` are (tensor, naive tensor); the first ones are leaves, which nobody writes to."""

    @initialize(seed=st.integers(0, 2**32 - 1))
    def start(self, seed):
        drawn = np.random.default_rng(seed).uniform(-1, 1, (LEAVES, *SHAPE))
        slopes = np.eye(COUNT).reshape(LEAVES, *SHAPE, COUNT)
        self.leaves = [torch.from_numpy(x.copy()).requires_grad_() for x in drawn]
        self.pairs = [(t, Dual.new(x, s)) for t, x, s in zip(self.leaves, drawn, slopes)]

    def pick(self, n, start=0):
        return self.pairs[start + n % (len(self.pairs) - start)]

    def partner(self, n, shape):
        """One of the tensors that have `shape`."""
        fitting = [pair for pair in self.pairs if tuple(pair[0].shape) == tuple(shape)]
        return fitting[n % len(fitting)]

    def keep(self, tensor, values, slopes):
        if np.abs(values).max(initial=0) < 1e3 and np.abs(slopes).max(initial=0) < 1e3:
            self.pairs.append((tensor, Dual.new(values, slopes)))

    @rule(n=PICK, name=st.sampled_from(sorted(UNARY)))
    def apply(self, n, name):
        x, dual = self.pick(n)
        self.keep(getattr(torch, name)(x), *unary(name, dual))

    @rule(n=PICK, m=PICK, name=st.sampled_from(sorted(BINARY)))
    def combine(self, n, m, name):
        x, dual = self.pick(n)
        y, other = self.partner(m, x.shape)
        self.keep(getattr(torch, name)(x, y), *BINARY[name](dual, other))

    @rule(n=PICK, name=st.sampled_from(sorted(VIEWS)))
    def look(self, n, name):
        x, dual = self.pick(n)
        view = VIEWS[name](x)
        if view._is_view() or x is view:  # a reshape may have had to copy
            places = VIEWS[name](dual.places)
            self.pairs.append((view, Dual(dual.values, dual.slopes, places)))
        else:
            value, slope = dual.read()
            self.keep(view, VIEWS[name](value), slope.reshape(*VIEWS[name](value).shape, COUNT))

    @rule(n=PICK, m=PICK, name=st.sampled_from(sorted(BINARY)))
    def write(self, n, m, name):
        x, dual = self.pick(n)
        if self.is_of_a_leaf(dual):
            return
        y, other = self.partner(m, x.shape)
        values, slopes = BINARY[name](dual, other)
        if np.abs(values).max() < 1e3 and np.abs(slopes).max() < 1e3:
            getattr(x, f"{name}_")(y)
            dual.write(values, slopes)

    @rule(n=PICK, m=PICK, start=st.integers(0, 1))
    def put(self, n, m, start):
        """``x[..., start:] = y[..., start:]``."""
        x, dual = self.pick(n)
        if self.is_of_a_leaf(dual) or x.shape[-1] <= start:
            return
        y, other = self.partner(m, x.shape)
        if np.shares_memory(dual.values, other.values):
            return  # what overlapping copies do is not promised
        values, slopes = other.read()
        x[..., start:] = y[..., start:]
        part = Dual(dual.values, dual.slopes, dual.places[..., start:])
        part.write(values[..., start:], slopes[..., start:, :])

    def is_of_a_leaf(self, dual):
        return any(dual.values is own.values for _, own in self.pairs[:LEAVES])

    @invariant()
    def values_agree(self):
        for tensor, dual in getattr(self, "pairs", ()):
            np.testing.assert_allclose(tensor.detach().numpy(), dual.read()[0], atol=1e-9)

    @rule(n=PICK)
    def gradients_agree(self, n):
        """A saved operand that was overwritten since is refused, never used."""
        tensor, dual = self.pick(n)
        weights = np.cos(np.arange(dual.places.size)).reshape(dual.places.shape)
        loss = (tensor * torch.from_numpy(weights)).sum()
        try:
            grads = grad(loss, self.leaves, retain_graph=True, materialize_grads=True)
        except RuntimeError as error:
            assert "modified by an inplace operation" in str(error)
            return
        expected = np.tensordot(weights, dual.read()[1], weights.ndim)
        found = np.concatenate([g.numpy().reshape(-1) for g in grads])
        np.testing.assert_allclose(found, expected, atol=1e-7)


Programs.TestCase.settings = settings(stateful_step_count=20)
TestPrograms = Programs.TestCase
