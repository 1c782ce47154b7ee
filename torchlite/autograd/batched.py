"""Batches and the graph: how tensors enter a batched run, and how its results leave it.

Inside a run, operations are recorded as usual, with batches as arrays. Batches are unknown outside,
so the results leave with a single node, `Vmap`, that represents everything recorded inside: it
takes their gradients inside, walks the inner graph, and hands out the gradients of the function's
arguments and of tensors captured from outside. A captured tensor was used by every example, so its
gradient is a sum over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from typing import Any

from torchlite.autograd.engine import InnerWalk, edge_of
from torchlite.backends.registry import local
from torchlite.core.graph import Identity, Node, Output, freed, next_number
from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor, made_by, wrap
from torchlite.interpreters.batching import Batched, Batching, Level

#: Half-open ranges of the sequence numbers of the nodes made inside.
Spans = tuple[tuple[int, int], ...]


class Entrance(Identity):
    """Where a tensor that requires grad enters a run; `dim` is its batch dimension."""

    __slots__ = ("level", "dim")

    def __init__(self, edge: Any, level: Level, dim: int) -> None:
        super().__init__((edge,))
        self.level, self.dim = level, dim


class Run:
    """One run of a function on batches: `enter` its arguments, call it `inside`, `leave`.

    `randomness`: as for `Batching`. Backward walks through a run's graph are runs of the same
    `level`; `spans` are the nodes recorded by the earlier ones.
    """

    def __init__(self, level: Level, randomness: str = "error", spans: Spans = ()) -> None:
        self.level, self.randomness, self.spans = level, randomness, spans

    def enter(self, tensor: Tensor, dim: int) -> Tensor:
        """`tensor` as one example; its dimension `dim` is the batch dimension."""
        data, ndim = tensor._data, tensor._data.ndim
        dim = normalize_dim(dim, ndim)
        if dim:
            others = (i for i in range(ndim) if i != dim)
            data = local.mode.xp.permute(data, (dim, *others))
        data = Batched(data, self.level)
        if tensor.requires_grad:
            example = made_by(data, Entrance(edge_of(tensor), self.level, dim))
        else:
            example = wrap(data)
        example._cell = tensor._shared_cell()
        return example

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Within the block, operations compute with batches."""
        mode, first = local.mode, next_number()
        outer, mode.xp = mode.xp, Batching(mode.xp, self.level, self.randomness)
        try:
            yield
        finally:
            mode.xp = outer
            self.spans += ((first, next_number()),)

    def holds(self, tensor: Tensor) -> bool:
        """Whether `tensor` is one example of a batch of this run."""
        data = tensor._data
        return data.__class__ is Batched and data.level is self.level

    def leave(self, tensors: Sequence[Tensor], dims: Sequence[int] | None = None) -> list[Tensor]:
        """The results as batches, with the batch dimension at `dims`. Default: first.

        Raises: IndexError for a dimension out of range.
        """
        dims = [normalize_dim(d, t._data.ndim + 1) for t, d in zip(tensors, dims or repeat(0))]
        left = [self._left(t, d) for t, d in zip(tensors, dims)]
        recorded = [i for i, t in enumerate(tensors)
                    if local.mode.grad and self.holds(t) and t.requires_grad]  # fmt: skip
        if recorded:
            roots = [edge_of(tensors[i]) for i in recorded]
            node = Vmap(self, roots, [dims[i] for i in recorded])
            for k, i in enumerate(recorded):
                if node.edges:
                    left[i]._node, left[i]._needs_grad = Output(node, k), True
        return left

    def _left(self, tensor: Tensor, dim: int) -> Tensor:
        if not self.holds(tensor):
            shared = tensor.expand(self.level.size, *tensor.shape)
            return shared.movedim(0, dim) if dim else shared
        data = tensor._data.value
        if dim:
            axes = [*range(1, data.ndim)]
            axes.insert(dim, 0)
            data = local.mode.xp.permute(data, tuple(axes))
        result = wrap(data)
        result._cell = tensor._shared_cell()
        return result

    def is_inner(self, edge: Any) -> bool:
        """Whether an edge is a node that was made inside and is not an entrance."""
        if type(edge) is Entrance and edge.level is self.level:
            return False
        return any(first <= edge._number < last for first, last in self.spans)


def for_each(function: Callable, *tensors: Tensor | None) -> list[Tensor | None]:
    """`function`, which returns a tuple of tensors, on each slice of `tensors`, in one pass.

    A tensor or result that is None is None for every slice.
    """
    run = Run(Level(next(len(t) for t in tensors if t is not None)))
    entered = [None if t is None else run.enter(t, 0) for t in tensors]
    with run.inside():
        results = function(*entered)
    left = iter(run.leave([r for r in results if r is not None]))
    return [None if r is None else next(left) for r in results]


class Vmap(Node):
    """Everything a run recorded for its differentiable results, whose edges are `roots`."""

    __slots__ = ("level", "spans", "roots", "dims", "frontier", "needed")

    def __init__(self, run: Run, roots: list, dims: list[int]) -> None:
        self.level, self.spans, self.roots, self.dims = run.level, run.spans, roots, dims
        self.frontier, self.needed = _between(run, roots)
        super().__init__([e.edges[0] if self._is_entrance(e) else e for e in self.frontier])

    def _is_entrance(self, edge: Any) -> bool:
        return type(edge) is Entrance and edge.level is self.level

    def gradients(self, xp: Any, g: dict, differentiable: bool) -> Sequence[Any]:
        if self.roots is None:
            raise freed()
        run = Run(self.level, spans=self.spans)
        starts = [
            (self.roots[i], run.enter(x if differentiable else wrap(xp.asarray(x)), self.dims[i]))
            for i, x in g.items()
        ]
        with run.inside():
            walk = InnerWalk(self.frontier, differentiable, self.needed)
            walk.run([(edge, x if differentiable else x._data) for edge, x in starts])
        reached = [edge for edge in self.frontier if walk.found[edge] is not None]
        totals = [walk.found[edge] for edge in reached]
        dims = [edge.dim if self._is_entrance(edge) else 0 for edge in reached]
        outside = run.leave([x if differentiable else wrap(x) for x in totals], dims)
        found = dict(zip(reached, outside))
        return [self._handed(xp, edge, found.get(edge), differentiable) for edge in self.frontier]

    def _handed(self, xp: Any, edge: Any, total: Any, differentiable: bool) -> Any:
        if total is None:
            return None
        total = total if differentiable else total._data
        return total if self._is_entrance(edge) else xp.sum(total, 0, False)

    def release(self) -> None:
        self.roots = self.needed = None  # type: ignore[assignment]


def _between(run: Run, roots: Sequence[Any]) -> tuple[list, set]:
    """The edges where the graph recorded by `run` begins, and the nodes from `roots` to them."""
    frontier: dict[Any, None] = {}
    nodes: dict[int, Any] = {}
    stack = list(roots)
    while stack:
        edge = stack.pop()
        if not run.is_inner(edge):
            if edge._number or not run.holds(edge):  # not a leaf that was made inside
                frontier[edge] = None
        elif edge._number not in nodes:
            nodes[edge._number] = edge
            stack += edge.edges
    needed: set = set()
    for number in sorted(nodes):  # a node's edges have smaller numbers
        if any(edge in frontier or edge in needed for edge in nodes[number].edges):
            needed.add(nodes[number])
    return list(frontier), needed


__all__ = ["Run", "for_each"]
