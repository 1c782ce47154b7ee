"""The engine: walks the graph once, newest node first.

Sequence numbers grow with creation, so a heap of them yields every node after all its users;
nothing recurses, and a node's saved values are freed as soon as it has run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any, NamedTuple

from torchlite.autograd import anomaly
from torchlite.backends.registry import local
from torchlite.core.graph import AccumulateGrad, Node
from torchlite.core.tensor import Tensor, refresh, wrap
from torchlite.interpreters.recorded import recorded
from torchlite.ops.core.inplace import check_no_overlap, write


class _Running(threading.local):
    walk: Walk | None = None  # the innermost one of this thread
    keeps_layout = True  # whether gradients are stored row-major, copied if necessary


running = _Running()
_accumulating = threading.RLock()  # threads may accumulate into the same leaf


class Walk:
    """One backward pass. `captures`: edge -> the list that receives its gradient.

    With `captures`, only nodes in `needed` run and no leaf accumulates.
    """

    def __init__(self, keep: bool, create: bool, captures: dict[Any, list] | None = None,
                 needed: set | None = None) -> None:  # fmt: skip
        self.keep, self.create, self.captures = keep, create, captures
        self.needed = needed or set()
        self.pending: dict[int, list] = {}  # sequence number -> [node, gradient]
        self.heap: list[int] = []
        self.leaves: dict[int, list] = {}  # id of a leaf -> [leaf, gradient, is it unshared]
        self.xp: Any = recorded if create else local.mode.xp

    def run(self, roots: Sequence[tuple[Any, Any]]) -> None:
        """Walk from `roots`, pairs of (edge, its gradient)."""
        mode = local.mode
        previous, mode.grad = mode.grad, self.create
        outer, running.walk, self.roots = running.walk, self, [edge for edge, _ in roots]
        try:
            for edge, g in roots:
                self.send(edge, g, False)
            self._walk()
            for leaf, g, fresh in self.leaves.values():
                self._reach_leaf(leaf, g, fresh)
        finally:
            mode.grad, running.walk = previous, outer

    def _walk(self) -> None:
        heap, pending, xp, create = self.heap, self.pending, self.xp, self.create
        send, keep, captures = self.send, self.keep, self.captures
        after = self._after if Node.watched or anomaly.state.check_nan else None
        while heap:
            node, g = pending.pop(-heappop(heap))
            if node._hooks or node.retain is not None:
                g = self._call_hooks(node, g)
            if captures is not None:
                if node in captures:
                    captures[node].append(g)
                if node not in self.needed:
                    continue
            try:
                grads = node.gradients(xp, g, create)
                if after is not None:
                    grads = after(node, g, grads)
            except Exception:
                anomaly.explain(node)
                raise
            if not keep:
                node.release()
            for edge, gx in zip(node.edges, grads):
                if gx is not None:
                    send(edge, gx, gx is not g)

    def send(self, edge: Any, g: Any, fresh: bool) -> None:
        """Add `g` to the gradient received at `edge`; `fresh`: nothing else refers to `g`."""
        number = edge._number
        if number:
            entry = self.pending.get(number)
            if entry is None:
                self.pending[number] = [edge, g]
                heappush(self.heap, -number)
            elif g.__class__ is dict:
                self._merge(entry[1], g)
            else:
                entry[1] = self.xp.add(entry[1], g)
        else:
            entry = self.leaves.get(id(edge))
            if entry is None:
                self.leaves[id(edge)] = [edge, g, fresh]
            else:
                entry[1:] = self.xp.add(entry[1], g), True

    def _merge(self, received: dict, g: dict) -> None:
        for index, value in g.items():
            received[index] = self.xp.add(received[index], value) if index in received else value

    def _call_hooks(self, owner: Any, g: Any) -> Any:
        """Pass `g` as a tensor to the hooks of a node or leaf; what they return replaces it."""
        tensor = g if self.create else wrap(self.xp.asarray(g))
        for hook in tuple((owner._hooks or {}).values()):
            changed = hook(tensor)
            if changed is not None:
                check_replacement(hook, tensor, changed)
                tensor = changed
        if getattr(owner, "retain", None) is not None:
            owner.retain(tensor)
        return tensor if self.create else tensor._data

    def _after(self, node: Node, g: Any, grads: Sequence[Any]) -> Sequence[Any]:
        """`grads` after anomaly detection and the node's hooks, which may replace them."""
        for hook in tuple(getattr(node, "_post_hooks", {}).values()):
            changed = hook(self._shown(grads), self._shown(g if type(g) is dict else (g,)))
            if changed is not None:
                grads = [x if x is None or self.create else x._data for x in changed]
        if anomaly.state.check_nan:
            anomaly.check(node, grads)
        return grads

    def _shown(self, grads: Any) -> tuple:
        """Gradients as a tuple of tensors or None, as passed to the user's hooks."""
        if type(grads) is dict:
            grads = [grads.get(i) for i in range(max(grads) + 1)]
        raw = self.create
        return tuple(x if x is None or raw else wrap(self.xp.asarray(x)) for x in grads)

    def _reach_leaf(self, leaf: Tensor, g: Any, fresh: bool) -> None:
        if self.captures is not None and leaf not in self.captures:
            return
        if leaf._hooks:
            g, fresh = self._call_hooks(leaf, g), False
        if self.captures is not None:
            self.captures[leaf].append(g)
            return
        self.accumulate(leaf, g, fresh)

    def accumulate(self, leaf: Tensor, g: Any, fresh: bool) -> None:
        """Add `g` to the ``.grad`` of `leaf`, and call its post-accumulate hooks."""
        xp = self.xp
        with _accumulating:
            grad = leaf._grad
            if self.create:
                leaf._grad = xp.copy(g) if grad is None else grad + g
            elif grad is None:
                g = xp.asarray(g)
                own = fresh and xp.owns_memory(g)
                stolen = own and not running.keeps_layout
                leaf._grad = wrap(g if stolen else xp.contiguous(g) if own else xp.copy(g))
            else:
                check_no_overlap(grad._data)
                write(grad, xp.add(grad._data, g))
        for hook in tuple((leaf._accumulate_hooks or {}).values()):
            hook(leaf)


class InnerWalk(Walk):
    """A walk that stops at `borders` and collects the gradients there in `found`, None for none.

    The graph is kept. With `needed`, only those nodes run and no leaf accumulates.
    """

    def __init__(self, borders: Sequence[Any], create: bool, needed: set | None = None) -> None:
        super().__init__(True, create, None if needed is None else {}, needed)
        self.found: dict[Any, Any] = dict.fromkeys(borders)

    def send(self, edge: Any, g: Any, fresh: bool) -> None:
        if edge not in self.found:
            super().send(edge, g, fresh)
            return
        held = self.found[edge]
        self.found[edge] = g if held is None else self.xp.add(held, g)


def check_replacement(hook: Callable, g: Tensor, changed: Any) -> None:
    """Raise (as PyTorch) if what `hook` returned cannot replace the gradient `g`."""
    name = getattr(hook, "__name__", type(hook).__name__)
    if not isinstance(changed, Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(changed).__name__}'")
    if changed.dtype is not g.dtype:
        raise RuntimeError(
            f"hook '{name}' has changed the type of value (was torch.{g.dtype.legacy}Tensor got "
            f"torch.{changed.dtype.legacy}Tensor)"
        )
    if changed._data.shape != g._data.shape:
        raise RuntimeError(f"hook '{name}' has changed the size of value")


class _Edge(NamedTuple):
    node: Node
    output_nr: int
    ownership_token: Any = None


class GradientEdge(_Edge):
    """An edge of the graph: a node and the index of one of its results.

    `backward` and `grad` accept it in place of a tensor. `result`: the shape and dtype there,
    if known.
    """

    result: tuple | None = None


def edge_of(tensor: Tensor | GradientEdge) -> Any:
    """Where the gradient of `tensor` goes: the node that made it, or itself if it is a leaf."""
    if isinstance(tensor, GradientEdge):
        node = tensor.node
        return node.variable if isinstance(node, AccumulateGrad) else node
    if tensor._view is not None:
        refresh(tensor)
    return tensor if tensor._node is None else tensor._node


def reaching(roots: Sequence[Any], targets: set) -> set:
    """The nodes reachable from `roots` through which a gradient can reach one of `targets`."""
    seen: dict[int, Any] = {}
    stack = [edge for edge in roots if edge._number]
    while stack:
        node = stack.pop()
        if node._number not in seen:
            seen[node._number] = node
            stack += [e for e in node.edges if e._number and e._number not in seen]
    needed: set = set()
    for number in sorted(seen):  # a node's edges have smaller numbers
        node = seen[number]
        if any(edge in targets or edge in needed for edge in node.edges):
            needed.add(node)
    return needed
