"""Constraints: what they accept and refuse, how they print."""

import math

import pytest

import torchlite as torch
from torchlite.distributions import constraints as c

NAN = math.nan
#: Constraint -> an event inside, an event outside.
CASES = {
    c.boolean: (1.0, 0.5),
    c.integer_interval(0, 3): (3, 4),
    c.nonnegative_integer: (0, -1),
    c.positive_integer: (1.0, 1.5),
    c.real: (-3.0, NAN),
    c.positive: (0.1, 0.0),
    c.nonnegative: (0.0, -0.1),
    c.greater_than(2.0): (2.1, 2.0),
    c.less_than(2.0): (1.9, 2.0),
    c.unit_interval: (1.0, 1.1),
    c.half_open_interval(0.0, 1.0): (0.0, 1.0),
    c.real_vector: ([1.0, -2.0], [1.0, NAN]),
    c.independent(c.positive, 1): ([1.0, 2.0], [1.0, -2.0]),
    c.simplex: ([0.4, 0.6], [0.4, 0.7]),
    c.one_hot: ([0, 1, 0], [0, 1, 1]),
    c.multinomial(3): ([1, 2], [2, 2]),
    c.lower_triangular: ([[1.0, 0.0], [2.0, -3.0]], [[1.0, 0.1], [2.0, 3.0]]),
    c.lower_cholesky: ([[1.0, 0.0], [2.0, 3.0]], [[1.0, 0.0], [2.0, -3.0]]),
    c.corr_cholesky: ([[1.0, 0.0], [0.6, 0.8]], [[1.0, 0.0], [0.6, 0.9]]),
    c.square: ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0]]),
    c.symmetric: ([[1.0, 2.0], [2.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]]),
    c.positive_semidefinite: ([[1.0, 0.0], [0.0, 0.0]], [[1.0, 2.0], [2.0, 1.0]]),
    c.positive_definite: ([[2.0, 1.0], [1.0, 2.0]], [[1.0, 2.0], [2.0, 1.0]]),
    c.MixtureSameFamilyConstraint(c.positive): (1.0, -1.0),
}


@pytest.mark.parametrize("constraint", CASES, ids=repr)
def test_inside_and_outside(constraint):
    inside, outside = (torch.tensor(v) for v in CASES[constraint])
    assert bool(constraint.check(inside))
    assert not bool(constraint.check(outside))
    if inside.dim() == constraint.event_dim and inside.shape == outside.shape:
        both = constraint.check(torch.stack([inside, outside.to(inside.dtype)]))
        expected = [True, False] if outside.dtype is inside.dtype else None
        assert expected is None or both.tolist() == expected


def test_parts_are_checked_each_by_its_own():
    stacked = c.stack([c.positive, c.unit_interval], dim=-1)
    found = stacked.check(torch.tensor([[3.0, 0.5], [-3.0, 2.0]]))
    assert found.tolist() == [[True, True], [False, False]]
    joined = c.cat([c.positive, c.real], lengths=[1, 2])
    assert joined.check(torch.tensor([-1.0, -1.0, -1.0])).tolist() == [False, True, True]
    assert joined.event_dim == 0
    with pytest.raises(AssertionError, match="same length"):
        c.cat([c.positive], lengths=[1, 2])


def test_what_depends_on_others_cannot_be_checked():
    assert c.is_dependent(c.dependent)
    assert not c.is_dependent(c.real)
    with pytest.raises(ValueError, match="Cannot determine validity"):
        c.dependent.check(torch.ones(2))
    with pytest.raises(NotImplementedError, match="cannot be determined statically"):
        _ = c.dependent.event_dim
    assert c.dependent(event_dim=1).event_dim == 1


def test_a_dependent_property_is_a_constraint_of_the_class_and_a_value_of_the_instance():
    class Box:
        high = 3.0

        @c.dependent_property(is_discrete=False, event_dim=0)
        def support(self):
            return c.less_than(self.high)

    assert c.is_dependent(Box.support)
    assert Box.support.event_dim == 0
    assert repr(Box().support) == "LessThan(upper_bound=3.0)"
