"""Reverse-mode derivatives of functions: `grad`, `vjp` and `linearize`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from torchlite import autograd, dtypes
from torchlite.autograd.backward import start_anywhere
from torchlite.autograd.engine import edge_of
from torchlite.autograd.grad_mode import enable_grad
from torchlite.backends.registry import local
from torchlite.core.graph import Identity
from torchlite.core.tensor import Tensor, alias, made_by, wrap
from torchlite.func import trees
from torchlite.ops.creation.factories import zeros_like


class Entry(Identity):
    """The node where an argument enters a transformed function and its gradient is collected.

    `active`: the function has not returned yet, so its results still depend on a variable.
    """

    __slots__ = ("active",)

    def __init__(self, edges: Sequence[Any]) -> None:
        super().__init__(edges)
        self.active = True


def enter(tree: Any) -> Any:
    """`tree` with each floating-point tensor replaced by an alias made by an `Entry` node."""

    def one(x: Any) -> Any:
        if not isinstance(x, Tensor) or x.dtype.category < dtypes.FLOAT:
            return x
        entered = made_by(x._data, Entry((edge_of(x),) if x.requires_grad else ()))
        entered._cell = x._shared_cell()
        return entered

    return trees.apply(one, tree)


def handed(tree: Any) -> Any:
    """`tree` with aliases of its tensors, for a function that may modify its arguments in place."""
    return trees.apply(lambda x: alias(x) if isinstance(x, Tensor) else x, tree)


def finish(entered: Sequence[Tensor]) -> None:
    """Mark that the function these tensors entered has returned."""
    for tensor in entered:
        tensor._node.active = False


def tracked(tree: Any) -> list[Tensor]:
    """The leaves of `tree` that require a gradient."""
    return [x for x in trees.leaves(tree) if isinstance(x, Tensor) and x.requires_grad]


def is_outer(tensors: Sequence[Tensor], own: Sequence[Tensor]) -> bool:
    """Whether anything other than the entered tensors `own` gets a gradient through `tensors`."""
    mine = {x._node for x in own}
    stack, seen = [edge_of(t) for t in tensors if t.requires_grad], set()
    while stack:
        edge = stack.pop()
        if edge in seen:
            continue
        seen.add(edge)
        if not edge._number or (type(edge) is Entry and edge.active and edge not in mine):
            return True
        stack += edge.edges
    return False


def _without_history(x: Tensor) -> Tensor:
    """Like ``x.detach()``, but keeps the tangent that `x` may have."""
    result = wrap(x._data)
    result._cell = x._shared_cell()
    return result


def leave(tree: Any, own: Sequence[Tensor], recording: bool) -> Any:
    """`tree` detached, unless the caller is `recording` and tensors other than `own` need it."""

    def one(x: Any) -> Any:
        if not isinstance(x, Tensor) or not x.requires_grad:
            return x
        return x if recording and is_outer([x], own) else _without_history(x)

    return trees.apply(one, tree)


def _split(args: tuple, argnums: Any) -> tuple[list, Any]:
    """All arguments, with those in `argnums` entered; and the latter alone, as a tuple or one."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    for i in numbers:
        if not -len(args) <= i < len(args):
            raise RuntimeError(
                f"Got argnum={i}, but only {len(args)} positional inputs\n"
                "Pass the arguments to differentiate by position, not by keyword."
            )
    full = list(args)
    for i in numbers:
        full[i] = enter(args[i])
    chosen = tuple(full[i] for i in numbers)
    return full, chosen if isinstance(argnums, tuple) else chosen[0]


def split_aux(api: str, output: Any, has_aux: bool) -> tuple[Any, Any]:
    """The output and the auxiliary output of a function."""
    if not has_aux:
        return output, None
    if not isinstance(output, tuple) or len(output) != 2:
        raise RuntimeError(
            f"{api}: output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    return output


def grad_and_value(func: Callable, argnums: Any = 0, has_aux: bool = False) -> Callable:
    """A function that returns (gradient, value) of the scalar function `func`.

    Args:
        argnums: The position, or tuple of positions, of the arguments (tensors or trees of them)
            to differentiate with respect to. Default: the first.
        has_aux: `func` returns (value, aux), the new function (gradient, (value, aux)).
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        recording = local.mode.grad
        with enable_grad():
            full, chosen = _split(args, argnums)
            own = tracked(chosen)
            result = func(*handed(full), **kwargs)
            output, aux = split_aux("grad_and_value(f)(*args)", result, has_aux)
            finish(own)
            _check_scalar(output)
            keep = recording and is_outer([output], own)
            grads = gradients([output], own, None, keep)
        placed = _placed(chosen, own, grads)
        value = leave(output, own, recording)
        aux = leave(aux, own, recording)
        return leave(placed, own, recording), (value, aux) if has_aux else value

    return wrapper


def _check_scalar(output: Any) -> None:
    api = "grad_and_value(f)(*args)"
    if not isinstance(output, Tensor):
        raise RuntimeError(f"{api}: Expected f(*args) to return a Tensor, got {type(output)}")
    if output.ndim:
        raise RuntimeError(
            f"{api}: Expected f(*args) to return a scalar Tensor, got tensor with {output.ndim} "
            "dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
        )


def _placed(chosen: Any, own: Sequence[Tensor], grads: Sequence[Tensor]) -> Any:
    """The tree `chosen` with the gradients in place of the tensors."""
    found = {id(x): g for x, g in zip(own, grads)}
    for x in trees.leaves(chosen):
        if id(x) not in found:
            raise RuntimeError(
                "only Tensors of floating point and complex dtype can be differentiated, got "
                f"{x.dtype if isinstance(x, Tensor) else type(x)}"
            )
    return trees.apply(lambda x: found[id(x)], chosen)


def gradients(outputs: Sequence[Tensor], inputs: Sequence[Tensor], starts: Any,
              create_graph: bool) -> list[Tensor]:  # fmt: skip
    """The gradient for each of `inputs`, zeros for unused ones. The graph is retained."""
    if starts is None:
        starts = [None] * len(outputs)
    pairs = [(y, g) for y, g in zip(outputs, starts) if y.requires_grad]
    if not pairs or not inputs:
        return [zeros_like(x.detach()) for x in inputs]
    ys, gs = zip(*pairs)
    found = autograd.grad(ys, inputs, gs, retain_graph=True, create_graph=create_graph,
                          allow_unused=True)  # fmt: skip
    return [zeros_like(x.detach()) if g is None else g for x, g in zip(inputs, found)]


def grad(func: Callable, argnums: Any = 0, has_aux: bool = False) -> Callable:
    """A function that returns the gradient of `func`: see `grad_and_value`."""
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


class Linearization:
    """One evaluation of ``func(*primals)``, ready for Jacobian products from either side."""

    def __init__(self, api: str, func: Callable, primals: Any, has_aux: bool = False) -> None:
        self.recording = local.mode.grad
        with enable_grad():
            self.inputs = enter(primals)
            self.own = tracked(self.inputs)
            self.output, self.aux = split_aux(api, func(*handed(self.inputs)), has_aux)
            finish(self.own)
        self.ends = trees.leaves(self.output)
        for y in self.ends:
            if not isinstance(y, Tensor):
                raise RuntimeError(
                    f"{api}: expected f(*primals) to return only tensors, got unsupported type "
                    f"{type(y)}"
                )
        self.is_outer = is_outer(self.ends, self.own)

    def settled(self, tree: Any) -> Any:
        """`tree` as returned to the caller."""
        return leave(tree, self.own, self.recording)

    def pull(self, cotangents: Sequence[Tensor]) -> Any:
        """The vector-Jacobian product with cotangents, one for each output."""
        outer = local.mode.grad and (self.is_outer or any(c.requires_grad for c in cotangents))
        with enable_grad():
            grads = gradients(self.ends, self.own, cotangents, outer)
        found = _placed(self.inputs, self.own, grads)
        return found if outer else leave(found, self.own, False)

    @functools.cached_property
    def _transposed(self) -> tuple[list[Tensor], list[Tensor]]:
        """Cotangents and their vector-Jacobian products, which are linear in them."""
        with enable_grad():
            starts = enter([self._start(y) for y in self.ends])
            finish(tracked(starts))
            return starts, gradients(self.ends, self.own, starts, True)

    def _start(self, y: Tensor) -> Tensor:
        floating = y.dtype.category >= dtypes.FLOAT
        return start_anywhere(y).detach() if floating else zeros_like(y)

    def push(self, tangents: Sequence[Tensor]) -> Any:
        """The Jacobian-vector product with tangents, one for each differentiated input."""
        starts, products = self._transposed
        outer = local.mode.grad and (self.is_outer or any(t.requires_grad for t in tangents))
        floating = [s for s in starts if s.requires_grad]
        with enable_grad():
            found = iter(gradients(products, floating, tangents, outer))
        every = [next(found) if s.requires_grad else s for s in starts]
        own = [*self.own, *floating]
        return trees.fill(self.output, iter(leave(every, own, outer)))


def vjp(func: Callable, *primals: Any, has_aux: bool = False) -> tuple:
    """(``func(*primals)``, a function from cotangents to their vector-Jacobian product).

    With `has_aux`, `func` returns (output, aux), and aux is returned third.
    """
    line = Linearization("vjp(f, *primals)", func, primals, has_aux)
    for y in line.ends:
        if y.dtype.category < dtypes.FLOAT:
            raise RuntimeError(
                "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got "
                f"Tensor with dtype {y.dtype}"
            )

    def pullback(*cotangents: Any, retain_graph: bool = True, create_graph: Any = None) -> Any:
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        if not trees.same_structure(given, line.output):
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of "
                f"outputs to the function. cotangents: {type(given).__name__}, primal output: "
                f"{type(line.output).__name__}"
            )
        found = line.pull(trees.leaves(given))
        return found

    output = line.settled(line.output)
    return (output, pullback, line.settled(line.aux)) if has_aux else (output, pullback)


def linearize(func: Callable, *primals: Any) -> tuple[Any, Callable]:
    """(``func(*primals)``, a function from tangents to their Jacobian-vector product)."""
    line = Linearization("linearize(f, *primals)", func, primals)

    def push(*tangents: Any) -> Any:
        if not trees.same_structure(primals, tangents):
            raise RuntimeError("Expected the tangents to have the same argspec as the primals")
        return line.push(trees.leaves(tangents))

    return line.settled(line.output), push
