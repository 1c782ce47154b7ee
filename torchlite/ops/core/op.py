"""Primitives as recorded operations: run them on tensors, and record how to go backward.

`declare` gives a backend method its gradient rules. A rule is plain code against a namespace
`xp`; it receives ``g``, the gradient of the result, and whatever else its parameters name:

* a parameter of the primitive: its array (for an operand) or its value;
* ``out``: the result (``out0``, ``out1``, ... if there are several);
* ``x_shape``, ``x_dtype``: only the shape or dtype of the operand ``x``.

Only what is named by the rules of operands that need a gradient is saved. The same rule runs on
arrays (`xp` is the backend) and on tensors (`xp` is `recorded`, for gradients of gradients).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from torchlite import dtypes
from torchlite.backends.protocol import SPECS
from torchlite.backends.registry import local
from torchlite.backends.spec import Spec
from torchlite.core.graph import Node, Output
from torchlite.core.tensor import INFERENCE, Tensor, View, refresh, wrap
from torchlite.errors import NO_GRAD_VIEW_IN_PLACE
from torchlite.interpreters.recorded import Recorded
from torchlite.ops.core.nodes import MultiNode, OpNode
from torchlite.ops.core.plan import Plan

_new = object.__new__
#: The declared primitives by name.
declared: dict[str, Primitive] = {}


class Primitive:
    """A backend method with its gradient rules; call it on tensors to run and record it."""

    def __init__(self, spec: Spec, rules: dict[str, Callable | None], title: str | None,
                 fills: bool = True) -> None:  # fmt: skip
        self.spec, self.name, self.parameters = spec, spec.name, spec.parameters
        self.fills = fills
        self.joint = rules.pop("joint", None)
        self.rules = rules
        self.operands = [i for i, p in enumerate(self.parameters) if self.joint or rules.get(p)]
        self.outputs, self.view, self.holomorphic = spec.results, spec.view, spec.holomorphic
        self.broadcasts = spec.broadcasts
        self.title = title or "".join(part.capitalize() for part in spec.name.split("_"))
        self.bits = [(i, 1 << i) for i in self.operands]
        self.plans: dict[int, Plan] = {}  # by bit mask of the operands that need a gradient

    def plan(self, mask: int) -> Plan:
        """A new plan: what to save and compute when the operands in `mask` need a gradient."""
        plan = self.plans[mask] = Plan(self, mask)
        return plan

    def __call__(self, *args: Any) -> Any:
        """Run on tensors, arrays and plain values; record if an operand needs a gradient."""
        return run(self, args, [getattr(a, "_data", a) for a in args])

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


_observers: list[Callable[[Node], None]] = []
observe: Callable[[Node], None] | None = None  # called with each new node; None: no observers


def watch(observer: Callable[[Node], None], on: bool = True) -> None:
    """Call `observer` with each new node from now on; or, if not `on`, stop doing so."""
    global observe
    (_observers.append if on else _observers.remove)(observer)
    observe = _tell_all if _observers else None


def _tell_all(node: Node) -> None:
    for observer in tuple(_observers):
        observer(node)


def run(primitive: Primitive, args: Sequence[Any], raw: Sequence[Any]) -> Any:
    """Call the backend on `raw`, the arrays of `args`; wrap the result and record it."""
    mode = local.mode
    data = getattr(mode.xp, primitive.name)(*raw)
    if primitive.outputs != 1:
        return _wrap_several(primitive, args, raw, data, mode)
    if data.__class__ is not mode.xp.array_type:
        data = mode.xp.asarray(data)
    out = _new(Tensor)
    out._data = data
    if mode.grad:
        record(primitive, args, raw, out)
    elif mode.inference:
        out._cell = INFERENCE
    if primitive.view:
        _mark_view(out, primitive, args)
    return out


def record(primitive: Primitive, args: Sequence[Any], raw: Sequence[Any], out: Any) -> Any:
    """Record that `primitive` computed `out` from `args`, if an operand needs a gradient.

    Returns the node, or None. If there are several results, the caller sets their edges.
    """
    mask = 0
    for i, bit in primitive.bits:
        x = args[i]
        if isinstance(x, Tensor):
            if x._view is not None:
                refresh(x)
            if x._needs_grad:
                mask |= bit
    if not mask:
        return None
    plan = primitive.plans.get(mask) or primitive.plan(mask)
    if primitive.outputs == 1:
        node = out._node = OpNode(plan, args, raw, out)
        out._needs_grad = True
    else:
        node = MultiNode(plan, args, raw, out)
    if observe is not None:
        observe(node)
    return node


def _wrap_several(primitive: Primitive, args: Any, raw: Any, data: Any, mode: Any) -> tuple:
    outs = tuple([wrap(mode.xp.asarray(d)) for d in data])
    node = record(primitive, args, raw, outs) if mode.grad else None
    if node is not None:
        for i, out in enumerate(outs):
            if dtypes.of(out._data).category >= dtypes.FLOAT:
                out._needs_grad, out._node = True, Output(node, i)
    return outs


def _mark_view(out: Tensor, primitive: Primitive, args: Sequence[Any]) -> None:
    source, mode = args[0], local.mode
    if mode.xp.owns_memory(out._data):
        return  # a reshape that had to copy
    view = source._view
    step = (primitive, tuple(args[1:]))
    if view is None or (source._needs_grad and source._node is None):  # a leaf is its own base
        out._view = View(source, (step,), None if mode.grad else NO_GRAD_VIEW_IN_PLACE)
    else:
        refusal = view.refusal if mode.grad else NO_GRAD_VIEW_IN_PLACE
        out._view = View(view.base, (*view.steps, step), refusal)
    out._cell = source._shared_cell()


def declare(name: str, title: str | None = None, fills: bool = True, **rules: Any) -> Primitive:
    """Give the backend method `name` its gradient rules and make it a recorded primitive.

    `rules`: one for each differentiable operand, by its name; or ``joint``, a single rule
    ``(xp, g, needs, ...)`` that returns a gradient for every parameter. `title` names the nodes, as
    ``TitleBackward0``. Default: from `name`. For several results ``g`` is a list, in which unused
    ones are zeros if `fills`, otherwise None.
    """
    primitive = declared[name] = Primitive(SPECS[name], rules, title, fills)
    setattr(Recorded, name, staticmethod(primitive))
    return primitive


class Joint(Primitive):
    """A primitive on a list of tensors, called as ``joint(tensors, axis)``.

    ``parts(arrays, axis)``: the index of each operand in the result, at which the gradient of the
    result is read.
    """

    def __init__(self, name: str, title: str, parts: Callable) -> None:
        super().__init__(SPECS[name], {}, title)
        self.parts = parts
        self._by_count: dict[int, Primitive] = {}
        setattr(Recorded, name, staticmethod(self))

    def __call__(self, tensors: Sequence[Tensor], axis: int) -> Tensor:
        arrays = [t._data for t in tensors]
        mode = local.mode
        out = wrap(mode.xp.asarray(getattr(mode.xp, self.name)(arrays, axis)))
        if mode.grad:
            parts = self.parts(arrays, axis)
            record(self._spread(len(arrays)), (*tensors, parts), (*arrays, parts), out)
        return out

    def _spread(self, count: int) -> Primitive:
        """The same primitive with each of `count` tensors as a separate operand."""
        primitive = self._by_count.get(count)
        if primitive is None:
            parameters = (*(f"x{i}" for i in range(count)), "parts")
            spec = replace(self.spec, parameters=parameters, operands=tuple(range(count)))
            primitive = Primitive(spec, {"joint": _read_parts}, self.title)
            primitive.operands.pop()
            self._by_count[count] = primitive
        return primitive


def _read_parts(xp: Any, g: Any, needs: Sequence[bool], parts: Sequence[tuple]) -> list:
    return [xp.getitem(g, part) if needed else None for part, needed in zip(parts, needs)]
