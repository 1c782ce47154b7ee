"""Primitives as recorded operations: run one on tensors, and remember how to go backward.

`declare` gives a method of the backend its gradient rules. A rule is plain code against a
namespace `xp`; it receives ``g``, the gradient of the result, and whatever else it names:

* a parameter of the primitive: its array (for an operand) or its value;
* ``out``: the result (``out0``, ``out1``, ... if there are several);
* ``x_shape``, ``x_dtype``: no more than that of the operand ``x``.

Only what the rules of the operands that need a gradient name is kept. The same rule runs on arrays
(`xp` is the backend) and on tensors (`xp` is `recorded`, for gradients of gradients).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from torchlite import dtypes
from torchlite.backends.protocol import SPECS
from torchlite.backends.registry import local
from torchlite.backends.spec import Spec
from torchlite.core.graph import Node, Output, freed, next_number
from torchlite.core.tensor import INFERENCE, UNWRITTEN, Tensor, View, made_by, refresh, wrap
from torchlite.errors import NO_GRAD_VIEW_IN_PLACE
from torchlite.interpreters.recorded import Recorded

_new = object.__new__
_VALUE, _SHAPE, _DTYPE, _OUT = range(4)  # what of a value is kept

#: The declared primitives by name.
declared: dict[str, Primitive] = {}


class Primitive:
    """A method of the backend, with its gradient rules; call it on tensors to run and record it."""

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
        self._plans: dict[int, Plan] = {}

    def plan(self, mask: int) -> Plan:
        """What to keep and what to compute when the operands in the bit set `mask` need it."""
        plan = self._plans.get(mask)
        if plan is None:
            plan = self._plans[mask] = Plan(self, mask)
        return plan

    def __call__(self, *args: Any) -> Any:
        """Run on tensors, arrays and plain values; record if an operand needs a gradient."""
        return run(self, args, [getattr(a, "_data", a) for a in args])

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


class Plan:
    """What one primitive keeps and computes, for one set of operands that need a gradient."""

    __slots__ = ("primitive", "positions", "slots", "values_only", "rules", "joint", "needs")

    def __init__(self, primitive: Primitive, mask: int) -> None:
        self.primitive = primitive
        self.positions = [i for i in primitive.operands if mask & 1 << i]
        self.needs = tuple(bool(mask & 1 << i) for i in primitive.operands)
        self.slots: list[tuple[int, int]] = []
        self.joint: tuple[Callable, list[int]] | None = None
        self.rules: list[tuple[Callable, list[int]]] = []
        if primitive.joint is not None:
            self.joint = primitive.joint, self._picks(primitive.joint, 3)
        else:
            named = [primitive.rules[primitive.parameters[i]] for i in self.positions]
            self.rules = [(rule, self._picks(rule, 2)) for rule in named if rule is not None]
        self.values_only = all(kind == _VALUE for kind, _ in self.slots)

    def _picks(self, rule: Callable, skipped: int) -> list[int]:
        """The places in `slots` of what `rule` names after (xp, g) or (xp, g, needs)."""
        picks = []
        for name in list(inspect.signature(rule).parameters)[skipped:]:
            slot = self._slot(name)
            if slot not in self.slots:
                self.slots.append(slot)
            picks.append(self.slots.index(slot))
        return picks

    def _slot(self, name: str) -> tuple[int, int]:
        parameters = self.primitive.parameters
        if name == "out" or (name[:3] == "out" and name[3:].isdigit()):
            return _OUT, int(name[3:] or 0)
        if name.endswith("_shape") and name[:-6] in parameters:
            return _SHAPE, parameters.index(name[:-6])
        if name.endswith("_dtype") and name[:-6] in parameters:
            return _DTYPE, parameters.index(name[:-6])
        return _VALUE, parameters.index(name)


class _OwnResult:
    """Stands among the saved tensors for a result of the node itself: no reference cycle."""

    __slots__ = ("_cell", "index")
    _cell: Any
    index: int


class OpNode(Node):
    """One primitive that ran on operands that need a gradient."""

    __slots__ = ("plan", "values", "sources", "versions", "shapes", "is_complex")
    values: Any
    sources: Any

    def __init__(self, plan: Plan, args: Sequence[Any], raw: Sequence[Any], out: Any) -> None:
        self._hooks = self.retain = None
        operands = [args[i] for i in plan.positions]
        self.edges = [x if x._node is None else x._node for x in operands]
        self.plan = plan
        primitive = plan.primitive
        if plan.values_only:
            self.values = [raw[i] for _, i in plan.slots]
            self.sources = [args[i] for _, i in plan.slots]
        else:
            self._save(plan, args, raw, out)
        self.versions = [getattr(s, "_cell", UNWRITTEN)[0] for s in self.sources]
        self.shapes = None
        if primitive.broadcasts:
            shape = out._data.shape
            for i in plan.positions:
                if raw[i].shape != shape:
                    self.shapes = [raw[k].shape for k in plan.positions]
        self.is_complex = primitive.holomorphic and _complex_operands(plan, raw, out)
        self._number = next_number()

    def _save(self, plan: Plan, args: Sequence[Any], raw: Sequence[Any], out: Any) -> None:
        self.values, self.sources = [], []
        for kind, i in plan.slots:
            source = None
            if kind == _VALUE:
                value, source = raw[i], args[i]
            elif kind == _SHAPE:
                value = tuple(raw[i].shape)
            elif kind == _DTYPE:
                value = dtypes.of(raw[i])
            else:
                result = out[i] if plan.primitive.outputs != 1 else out
                value, source = result._data, _OwnResult()
                source._cell, source.index = result._shared_cell(), i
            self.values.append(value)
            self.sources.append(source)

    def gradients(self, xp: Any, g: Any, differentiable: bool) -> Sequence[Any]:
        values, plan = self.values, self.plan
        if values is None:
            raise freed()
        for k, source in enumerate(self.sources):
            if getattr(source, "_cell", UNWRITTEN)[0] != self.versions[k]:
                self._refuse(k)
        if differentiable:
            values = [self._tensor(v, s) for v, s in zip(values, self.sources)]
        if self.is_complex:
            g = xp.conj(g)
        if plan.joint is not None:
            rule, picks = plan.joint
            every = rule(xp, g, plan.needs, *[values[k] for k in picks])
            grads = [gx for gx, needed in zip(every, plan.needs) if needed]
        else:
            grads = [rule(xp, g, *[values[k] for k in picks]) for rule, picks in plan.rules]
        if self.is_complex:
            grads = [_fitting(xp, *pair) for pair in zip(grads, self.is_complex)]
        if self.shapes is not None:
            for k, shape in enumerate(self.shapes):
                if grads[k] is not None and grads[k].shape != shape:
                    grads[k] = unbroadcast(xp, grads[k], shape)
        return grads

    def _tensor(self, value: Any, source: Any) -> Any:
        if isinstance(source, Tensor):
            return source
        if type(source) is not _OwnResult:
            return value
        return made_by(value, self.result(source.index))

    def _refuse(self, k: int) -> None:
        value, source, version = self.values[k], self.sources[k], self.versions[k]
        kind = dtypes.of(value).legacy
        origin = ""
        if type(source) is _OwnResult:
            origin = f", which is output {source.index} of {self.plan.primitive.title},"
        elif getattr(source, "_node", None) is not None:
            origin = f", which is output 0 of {source._node.name().removesuffix('Backward0')},"
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace "
            f"operation: [torch.{kind}Tensor {list(value.shape)}]{origin} is at version "
            f"{source._cell[0]}; expected version {version} instead. Hint: enable anomaly "
            "detection to find the operation that failed to compute its gradient, with "
            "torch.autograd.set_detect_anomaly(True)."
        )

    def release(self) -> None:
        for source in self.sources:
            if isinstance(source, (Tensor, _OwnResult)):  # numbers and shapes may stay
                self.values, self.sources = None, ()
                break

    def rebind_result(self, tensor: Tensor) -> None:
        """The result now lives in the memory of `tensor` (it was computed in place)."""
        for k, source in enumerate(self.sources):
            if type(source) is _OwnResult:
                self.values[k], source._cell = tensor._data, tensor._shared_cell()
                self.versions[k] = source._cell[0]

    def pack(self, keep: Callable[[Any, Any], Any]) -> None:
        self.values, self.sources = list(self.values), list(self.sources)
        for k, source in enumerate(self.sources):
            if type(source) is _OwnResult:
                self.values[k] = keep(self.values[k], source.index)
            elif isinstance(source, Tensor):
                self.values[k] = keep(self.values[k], _edge_or_none(source))
            else:
                continue
            self.sources[k], self.versions[k] = None, 0
            self.__class__ = _packed.get(type(self), type(self))

    def result(self, index: int) -> Node:
        """The edge of a result of this node."""
        return self if self.plan.primitive.outputs == 1 else Output(self, index)

    def name(self) -> str:
        return f"{self.plan.primitive.title}Backward0"


class MultiNode(OpNode):
    """A primitive with several results; its gradient arrives as {index of the result: gradient}."""

    __slots__ = ("results",)
    results: list[tuple]  # shape and dtype of each

    def gradients(self, xp: Any, g: dict, differentiable: bool) -> Sequence[Any]:
        if self.plan.primitive.fills:
            every = [g[i] if i in g else self._zeros(xp, *r) for i, r in enumerate(self.results)]
        else:
            every = [g.get(i) for i in range(len(self.results))]
        return OpNode.gradients(self, xp, every, differentiable)

    def _zeros(self, xp: Any, shape: tuple, kind: dtypes.dtype) -> Any:
        return xp.full(shape, 0, kind) if kind.category >= dtypes.FLOAT else None


def _complex_operands(plan: Plan, raw: Sequence[Any], out: Any) -> list[bool]:
    """Which operands are complex; nothing if the rules can be read as they stand, for real ones."""
    first, known = raw[plan.positions[0]].dtype, dtypes.complex_array_dtypes
    last = (out if plan.primitive.outputs == 1 else out[0])._data.dtype
    if first in known or (last is not first and last in known):
        return [raw[i].dtype in known for i in plan.positions]
    return []


def _fitting(xp: Any, g: Any, is_complex: bool) -> Any:
    """The gradient that a rule for real numbers gave, for an operand in a complex operation."""
    if g is None or is_complex:
        return g if g is None else xp.conj(g)
    return xp.real(g) if dtypes.of(getattr(g, "_data", g)).category == dtypes.COMPLEX else g


def _edge_or_none(tensor: Tensor) -> Any:
    return (tensor._node or tensor) if tensor._needs_grad else None


class _Unpacks:
    """Mixed into a node whose saved tensors went through a pack hook."""

    __slots__ = ()

    def gradients(self: Any, xp: Any, g: Any, differentiable: bool) -> Sequence[Any]:
        if self.values is None:
            raise freed()
        packed, sources, versions = self.values, self.sources, self.versions
        self.values, self.sources, self.versions = list(packed), list(sources), list(versions)
        try:
            for k, value in enumerate(packed):
                if hasattr(value, "unpack_for"):
                    tensor = self.sources[k] = value.unpack_for(self)
                    self.values[k], self.versions[k] = tensor._data, tensor._version
            return super().gradients(xp, g, differentiable)  # type: ignore[misc]
        finally:
            self.values, self.sources, self.versions = packed, sources, versions

    def release(self: Any) -> None:
        self.values, self.sources = None, ()


class _PackedOpNode(_Unpacks, OpNode):
    __slots__ = ()


class _PackedMultiNode(_Unpacks, MultiNode):
    __slots__ = ()


_packed: dict[type, type] = {OpNode: _PackedOpNode, MultiNode: _PackedMultiNode}
_observers: list[Callable[[Node], None]] = []
observe: Callable[[Node], None] | None = None  # told of each new node; None: nobody watches


def watch(observer: Callable[[Node], None], on: bool = True) -> None:
    """Tell `observer` of each new node from now on; or, if not `on`, no longer."""
    global observe
    (_observers.append if on else _observers.remove)(observer)
    observe = _tell_all if _observers else None


def _tell_all(node: Node) -> None:
    for observer in tuple(_observers):
        observer(node)


def unbroadcast(xp: Any, g: Any, shape: tuple[int, ...]) -> Any:
    """`g` summed over the dimensions in which an operand of `shape` was broadcast."""
    lead = len(g.shape) - len(shape)
    axes = tuple(
        i for i, size in enumerate(g.shape) if i < lead or (shape[i - lead] == 1 and size != 1)
    )
    g = xp.sum(g, axes, True)
    return xp.reshape(g, shape) if lead else g


def run(primitive: Primitive, args: Sequence[Any], raw: Sequence[Any]) -> Any:
    """Call the backend on `raw`, wrap the result, record it: `raw` holds the arrays of `args`."""
    return record(primitive, args, raw, getattr(local.mode.xp, primitive.name)(*raw))


def record(primitive: Primitive, args: Sequence[Any], raw: Sequence[Any], data: Any) -> Any:
    """Wrap `data`, what the backend returned for `raw`, and remember how it was made."""
    mode = local.mode
    if primitive.outputs != 1:
        return _record_several(primitive, args, raw, data, mode)
    xp = mode.xp
    if data.__class__ is not xp.array_type:
        data = xp.asarray(data)
    out = _new(Tensor)
    out._data = data
    if mode.grad:
        mask = _mask(primitive, args)
        if mask:
            out._needs_grad = True
            out._node = OpNode(primitive.plan(mask), args, raw, out)
            if observe is not None:
                observe(out._node)
    elif mode.inference:
        out._cell = INFERENCE
    if primitive.view:
        _mark_view(out, primitive, args)
    return out


def _mask(primitive: Primitive, args: Sequence[Any]) -> int:
    mask = 0
    for i, bit in primitive.bits:
        if getattr(args[i], "_view", None) is not None:
            refresh(args[i])
        if getattr(args[i], "_needs_grad", False):
            mask |= bit
    return mask


def _record_several(primitive: Primitive, args: Any, raw: Any, data: Any, mode: Any) -> tuple:
    outs = [wrap(mode.xp.asarray(d)) for d in data]
    mask = _mask(primitive, args) if mode.grad else 0
    if mask:
        node = MultiNode(primitive.plan(mask), args, raw, outs)
        node.results = [(o._data.shape, o.dtype) for o in outs]
        if observe is not None:
            observe(node)
        for i, out in enumerate(outs):
            if dtypes.of(out._data).category >= dtypes.FLOAT:
                out._needs_grad, out._node = True, Output(node, i)
    return tuple(outs)


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
    """Give the backend's method `name` its gradient rules and make it a recorded primitive.

    `rules`: one for each operand that has a gradient, under its name; or ``joint``, one rule
    ``(xp, g, needs, ...)`` for all parameters that returns a gradient for each. `title` names its
    nodes, as ``TitleBackward0``. Default: the name. Of several results ``g`` is a list; those that
    nobody used have zeros there, or None unless `fills`.
    """
    primitive = declared[name] = Primitive(SPECS[name], rules, title, fills)
    setattr(Recorded, name, staticmethod(primitive))
    return primitive


class Joint(Primitive):
    """A primitive on a list of tensors: call it as ``joint(tensors, axis)``.

    ``parts(arrays, axis)`` are the indices of the operands in the result, which its gradient is
    read at.
    """

    def __init__(self, name: str, title: str, parts: Callable) -> None:
        super().__init__(SPECS[name], {}, title)
        self.parts = parts
        self._by_count: dict[int, Primitive] = {}
        setattr(Recorded, name, staticmethod(self))

    def __call__(self, tensors: Sequence[Tensor], axis: int) -> Tensor:
        arrays = [t._data for t in tensors]
        data = getattr(local.mode.xp, self.name)(arrays, axis)
        parts = self.parts(arrays, axis)
        return record(self._spread(len(arrays)), (*tensors, parts), (*arrays, parts), data)

    def _spread(self, count: int) -> Primitive:
        """The same with each of `count` tensors an operand of its own."""
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
