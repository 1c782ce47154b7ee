"""Arguments for optimizer steps."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from torchlite import dtypes
from torchlite.backends.protocol import Backend
from torchlite.testing.drawing import Arguments, Draws, Spread, arguments


def _lists(d: Draws, count: int) -> list[list[Spread]]:
    """`count` lists of positive, writable arrays of the same shapes."""
    kind = d.one_of(dtypes.float32, dtypes.float64)
    shapes = [d.shape() for _ in range(d.integer(1, 3))]
    lists = [
        [d.array(s, kind, specials=False, writable=True) for s in shapes] for _ in range(count)
    ]
    for x in (x for one in lists for x in one):
        x.source[...] = abs(x.source)
    return lists


@arguments()
def sgd_step(d: Draws) -> Arguments:
    params, grads, buffers = _lists(d, 3)
    momentum = d.one_of(0.0, 0.9)
    numbers = [0.1, momentum, d.one_of(0.0, 0.5), d.one_of(0.0, 0.01)]
    flags = [d.flag() for _ in range(3)]
    return [params, grads, buffers if momentum else None, *numbers, *flags]


@arguments()
def adam_step(d: Draws) -> Arguments:
    params, grads, means, squares, largest = _lists(d, 5)
    numbers = [d.integer(1, 100), 0.01, 0.9, 0.999, 1e-8, d.one_of(0.0, 0.01)]
    flags = [d.flag() for _ in range(2)]
    return [params, grads, means, squares, d.one_of(None, largest), *numbers, *flags]


#: The values of scalar parameters of the other steps; 0.01 for names not listed.
_NUMBERS = {
    "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "alpha": 0.99, "momentum": 0.9, "mu": 0.5,
    "shrink": 0.5, "grow": 1.2, "least": 1e-6, "most": 50.0, "eps": 1e-6,
}  # fmt: skip


@arguments(
    "adadelta_step adagrad_step adamax_step asgd_step nadam_step radam_step rmsprop_step rprop_step"
)
def _step(d: Draws) -> Arguments:
    """Arguments by parameter name and annotation."""
    parameters = list(inspect.signature(getattr(Backend, d.method)).parameters.values())[1:]
    lists = iter(_lists(d, sum(p.annotation.startswith("list") for p in parameters)))
    return [_parameter(d, p.name, p.annotation, lists) for p in parameters]


def _parameter(d: Draws, name: str, annotation: str, lists: Iterator[list[Spread]]) -> Any:
    if annotation.startswith("list"):
        arrays = next(lists)
        return d.one_of(arrays, None) if annotation.endswith("None") else arrays
    if annotation == "bool":
        return d.flag()
    return d.integer(1, 100) if annotation == "int" else _NUMBERS.get(name, 0.01)


@arguments()
def muon_step(d: Draws) -> Arguments:
    kind, shapes = dtypes.float32, [(3, 4), (5, 2)][: d.integer(1, 2)]
    lists = [[d.array(s, kind, specials=False, writable=True) for s in shapes] for _ in range(3)]
    rates = [0.01] * len(shapes)
    return [*lists, rates, 0.99, 0.9, d.flag(), (3.4445, -4.775, 2.0315), 5, 1e-7]


@arguments()
def adafactor_step(d: Draws) -> Arguments:
    """For one matrix, or one vector, which has no `columns`."""
    kind, vector = d.one_of(dtypes.float32, dtypes.float64), d.flag()
    shapes = ((4,), (4,), (4,)) if vector else ((3, 4), (3, 4), (3, 1), (1, 4))
    lists = [[d.array(s, kind, specials=False, writable=True)] for s in shapes]
    for (x,) in lists[2:]:
        x.source[...] = abs(x.source) + 0.1
    lists += [None] if vector else []  # type: ignore[list-item]
    return [*lists, d.integer(1, 100), 0.01, -0.8, d.one_of(None, 1e-6), 1e-3, 1.0, 0.01, False]
