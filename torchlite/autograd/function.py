"""`Function`: an operation whose gradient the user writes."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from torchlite import dtypes
from torchlite.autograd.engine import edge_of
from torchlite.backends.registry import local
from torchlite.core.graph import Node, Output, freed
from torchlite.core.tensor import UNWRITTEN, Tensor, alias, made_by, wrap
from torchlite.interpreters.dual import Dual
from torchlite.interpreters.recorded import recorded
from torchlite.ops.core import op
from torchlite.ops.core.inplace import check_writable, take_history
from torchlite.ops.core.nodes import unbroadcast
from torchlite.ops.core.promotion import cast


class FunctionCtx:
    """The context (`ctx`) that forward passes to backward. Any attribute may be set on it."""

    needs_input_grad: tuple[bool, ...] = ()
    _to_save: tuple = ()
    _for_forward: tuple = ()
    _dirty: tuple = ()
    _non_differentiable: tuple = ()
    _materialize = True
    _node: Callable | None = None  # a weak reference: the node owns this context

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Save inputs or outputs for backward, which detects in-place writes to them."""
        _check_saved("save_for_backward", tensors)
        self._to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Save inputs or outputs for ``jvp``, which runs right after forward."""
        _check_saved("save_for_forward", tensors)
        self._for_forward = tensors

    def mark_dirty(self, *args: Tensor) -> None:
        """Declare that forward modified these inputs in place; they must be among its results."""
        self._dirty = args

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Declare that these results have no gradient."""
        self._non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward receives zeros (default) or None for results without a gradient."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The tensors of `save_for_backward`; in ``jvp``, those of `save_for_forward`.

        Raises: RuntimeError if one was modified in place since, or the graph was freed.
        """
        if self._for_forward:
            return self._for_forward
        node = None if self._node is None else self._node()
        return self._to_save if node is None else node.saved_tensors()


def _check_saved(method: str, tensors: Sequence[Any]) -> None:
    for tensor in tensors:
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"{method} can only save variables, but argument is of type "
                f"{type(tensor).__name__}"
            )


class FunctionNode(Node):
    """One call of a custom function: runs its ``backward`` on tensors."""

    __slots__ = ("function", "ctx", "results", "saved", "positions", "shapes", "kinds", "count")

    def __init__(self, function: type[Function], ctx: FunctionCtx, inputs: Sequence[Any]) -> None:
        self.positions = [i for i, needed in enumerate(ctx.needs_input_grad) if needed]
        super().__init__([edge_of(inputs[i]) for i in self.positions])
        self.shapes = {i: inputs[i]._data.shape for i in self.positions}
        self.kinds = {i: inputs[i].dtype for i in self.positions}
        self.function, self.ctx, self.count = function, ctx, len(inputs)
        self.results: list[tuple] = []
        self.saved: list[tuple] | None = []

    def save(self, tensors: Sequence[Tensor | None], outs: Sequence[Any]) -> None:
        """Keep tensors; a result only by its array, since a node must not refer to its result."""
        for tensor in tensors:
            index = next((i for i, out in enumerate(outs) if out is tensor), None)
            if tensor is None or index is None:
                cell = getattr(tensor, "_cell", UNWRITTEN)
                kept: Any = tensor
            else:
                cell, kept = tensor._shared_cell(), (tensor._data, index)
            self.saved.append((kept, cell, cell[0]))  # type: ignore[union-attr]

    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        if self.saved is None:
            raise freed()
        return tuple(self._unpack(*entry) for entry in self.saved)

    def pack(self, keep: Callable[[Any, Any], Any]) -> None:
        saved: Any = self.saved
        for k, (kept, _, _) in enumerate(saved):
            if kept is not None:
                data, index = kept if isinstance(kept, tuple) else (kept._data, None)
                edge = index if index is not None else edge_of(kept) if kept._needs_grad else None
                saved[k] = keep(data, edge), UNWRITTEN, 0

    def result(self, index: int) -> Node:
        """The edge of a result of this node."""
        return self if len(self.results) == 1 else Output(self, index)

    def _unpack(self, kept: Any, cell: Any, version: int) -> Tensor | None:
        if hasattr(kept, "unpack_for"):
            return kept.unpack_for(self)
        now = cell[0] if isinstance(kept, tuple) else getattr(kept, "_cell", UNWRITTEN)[0]
        if now != version:
            data = kept[0] if isinstance(kept, tuple) else kept._data
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an "
                f"inplace operation: [torch.{dtypes.of(data).legacy}Tensor {list(data.shape)}], "
                f"which is output 0 of {self.name()}, is at version {now}; expected version "
                f"{version} instead. Hint: enable anomaly detection to find the operation that "
                "failed to compute its gradient, with torch.autograd.set_detect_anomaly(True)."
            )
        if isinstance(kept, tuple):
            data, index = kept
            return made_by(data, self.result(index))
        return kept

    def gradients(self, xp: Any, g: Any, differentiable: bool) -> Sequence[Any]:
        given = g if isinstance(g, dict) else {0: g}
        if not differentiable:
            given = {i: wrap(local.mode.xp.asarray(x)) for i, x in given.items()}
        arguments = [given.get(i) for i in range(len(self.results))]
        if self.ctx._materialize:
            arguments = [self._zeros(i) if x is None else x for i, x in enumerate(arguments)]
        grads = _backward_of(self.function)(self.ctx, *arguments)
        grads = grads if isinstance(grads, tuple) else (grads,)
        return [self._checked(grads, i, differentiable) for i in self._picks(grads)]

    def _zeros(self, i: int) -> Tensor | None:
        shape, kind = self.results[i]
        return None if kind is None else wrap(local.mode.xp.full(shape, 0, kind))

    def _picks(self, grads: tuple) -> list[int]:
        surplus = [x for x in grads[self.count :] if x is not None]
        if len(grads) < self.count or surplus:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{self.count}, got {len(grads)})"
            )
        return self.positions

    def _checked(self, grads: tuple, i: int, differentiable: bool) -> Any:
        g = grads[i]
        if g is None:
            return None
        if not isinstance(g, Tensor):
            raise TypeError(
                f"function {self.name()} returned {type(g).__name__} as gradient {i}, expected a "
                "Tensor or None"
            )
        g = cast(g, self.kinds[i])
        return self._fitted(g if differentiable else local.mode.xp.copy(g._data), i, differentiable)

    def _fitted(self, g: Any, i: int, differentiable: bool) -> Any:
        """A gradient in the shape of input `i`, summed over broadcast dimensions."""
        shape, own = self.shapes[i], tuple(g.shape)
        if own == shape:
            return g
        lead = len(own) - len(shape)
        if lead < 0 or any(n not in (1, m) for n, m in zip(shape, own[lead:])):
            raise RuntimeError(
                f"Function {self.name()} returned an invalid gradient at index {i} - got "
                f"{list(own)} but expected shape compatible with {list(shape)}"
            )
        return unbroadcast(recorded if differentiable else local.mode.xp, g, shape)

    def release(self) -> None:
        self.saved = None

    def name(self) -> str:
        return f"{self.function.__name__}Backward"


class Function:
    """Base class of operations with custom gradients.

    Define the static methods ``forward(ctx, *inputs)`` (or ``forward(*inputs)`` with
    ``setup_context(ctx, inputs, output)``) and ``backward(ctx, *grad_outputs)``, which returns one
    gradient for each input; call ``MyFunction.apply(*inputs)``. For forward mode also define
    ``jvp(ctx, *tangents)``, which returns a tangent for each result: it is called right after
    forward with the inputs' tangents, zeros (or None: `set_materialize_grads`) where missing.
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple, output: Any) -> None:
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: FunctionCtx, *grad_outputs: Any) -> Any:
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    vjp = backward  # an alias that a subclass may define instead

    @staticmethod
    def jvp(ctx: FunctionCtx, *grad_inputs: Any) -> Any:
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with "
            "forward mode AD."
        )

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run `forward` without recording, then record a single node for all of it."""
        ctx, mode = FunctionCtx(), local.mode
        needs = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        ctx.needs_input_grad = needs
        recording = mode.grad and any(needs)
        node = FunctionNode(cls, ctx, args) if recording else None
        ctx._node = None if node is None else weakref.ref(node)
        before, mode.grad = mode.grad, False
        try:
            output = _run(cls, ctx, args)
        finally:
            mode.grad, ctx._for_forward = before, ()
        several = isinstance(output, (tuple, list))
        outs = list(output) if several else [output]
        if node is not None:
            outs = _recorded(ctx, node, args, outs)
        return tuple(outs) if several else outs[0]

    @classmethod
    def _forward(cls, ctx: FunctionCtx, args: tuple) -> Any:
        if cls.setup_context is Function.setup_context:
            return cls.forward(ctx, *args)
        output = cls.forward(*args)
        cls.setup_context(ctx, args, output)
        return output


def _run(function: type[Function], ctx: FunctionCtx, args: tuple) -> Any:
    """The output of ``forward``, with tangents in forward mode."""
    if local.mode.xp.array_type is not Dual:
        return function._forward(ctx, args)
    from torchlite.autograd.function_jvp import run_forward  # rarely needed

    return run_forward(function, ctx, args)


def _backward_of(function: type[Function]) -> Callable:
    """The user's ``backward`` or ``vjp``."""
    if function.vjp is Function.vjp:
        return function.backward
    if function.backward is not Function.backward:
        raise RuntimeError(
            "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You "
            "should only implement one of them."
        )
    return function.vjp


def _recorded(ctx: FunctionCtx, node: FunctionNode, args: tuple, outs: list) -> list:
    """The results, attached to `node`."""
    node.results = [(o._data.shape, o.dtype) if isinstance(o, Tensor) else ((), None) for o in outs]
    joined = []
    for i, out in enumerate(outs):
        excluded = any(out is x for x in ctx._non_differentiable)
        if not isinstance(out, Tensor) or excluded or out.dtype.category < dtypes.FLOAT:
            joined.append(out)
            continue
        edge = node if len(outs) == 1 else Output(node, i)
        if any(out is x for x in ctx._dirty):
            check_writable(out)
            out._bump()
            take_history(out, made_by(out._data, edge))
        else:
            if any(out is x for x in args):
                out = alias(out)
            out._node, out._needs_grad = edge, True
        joined.append(out)
    node.save(ctx._to_save, joined)
    if op.observe is not None:
        op.observe(node)
    ctx._to_save = ()
    return joined


def once_differentiable(backward: Callable) -> Callable:
    """Decorates a ``backward`` that is not itself differentiable: its results have no history."""

    @functools.wraps(backward)
    def wrapper(ctx: FunctionCtx, *grad_outputs: Any) -> Any:
        mode = local.mode
        before, mode.grad = mode.grad, False
        try:
            return backward(ctx, *grad_outputs)
        finally:
            mode.grad = before

    return wrapper


__all__ = ["Function", "FunctionCtx", "once_differentiable"]
