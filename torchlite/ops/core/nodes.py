"""The nodes of recorded primitives: what they save, and how they propagate a gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlite import dtypes
from torchlite.core.graph import Node, Output, freed, next_number
from torchlite.core.tensor import UNWRITTEN, Tensor, made_by
from torchlite.ops.core.plan import DTYPE, SHAPE, VALUE, Plan


class _OwnResult:
    """Placeholder for a result of the node itself among its saved tensors: no reference cycle."""

    __slots__ = ("_cell", "index")
    _cell: Any
    index: int


_COUNTED = (Tensor, _OwnResult)  # these have a write counter


class OpNode(Node):
    """One primitive that ran on operands that need a gradient."""

    __slots__ = ("plan", "values", "sources", "versions", "shapes", "is_complex")
    values: Any
    sources: Any
    versions: Any

    def __init__(self, plan: Plan, args: Sequence[Any], raw: Sequence[Any], out: Any) -> None:
        # loops rather than comprehensions: each of those would cost a call, for every op
        self._hooks = self.retain = self.shapes = None
        self.plan, primitive = plan, plan.primitive
        self.edges = edges = []
        for i in plan.positions:
            node = args[i]._node
            edges.append(args[i] if node is None else node)
        values: list = []
        sources: list = []
        versions: list = []
        self.values, self.sources, self.versions = values, sources, versions
        if plan.values_only:
            for i in plan.values:
                source = args[i]
                values.append(raw[i])
                sources.append(source)
                versions.append(source._cell[0] if isinstance(source, Tensor) else 0)
        else:
            self._save(plan, args, raw, out)
        first = out if primitive.outputs == 1 else out[0]
        if primitive.broadcasts:
            shape = first._data.shape
            for i in plan.positions:
                if raw[i].shape != shape:
                    self.shapes = [raw[k].shape for k in plan.positions]
                    break
        self.is_complex: Any = None
        if primitive.holomorphic and first._data.dtype is not _real.dtype:
            self.is_complex = _complex_operands(plan, raw, first._data.dtype)
        self._number = next_number()

    def _save(self, plan: Plan, args: Sequence[Any], raw: Sequence[Any], out: Any) -> None:
        for kind, i in plan.slots:
            source: Any = None
            if kind == VALUE:
                value, source = raw[i], args[i]
            elif kind == SHAPE:
                value = tuple(raw[i].shape)
            elif kind == DTYPE:
                value = dtypes.of(raw[i])
            else:
                result = out if plan.primitive.outputs == 1 else out[i]
                value, source = result._data, _OwnResult()
                source._cell, source.index = result._shared_cell(), i
            self.values.append(value)
            self.sources.append(source)
            self.versions.append(getattr(source, "_cell", UNWRITTEN)[0])

    def gradients(self, xp: Any, g: Any, differentiable: bool) -> Sequence[Any]:
        values = self.values
        if values is None:
            raise freed()
        for k, source in enumerate(self.sources):
            if isinstance(source, _COUNTED) and source._cell[0] != self.versions[k]:
                self._refuse(k)
        if differentiable:
            values = [self._tensor(v, s) for v, s in zip(values, self.sources)]
        if self.is_complex is not None:
            return self._complex_gradients(xp, g, values)
        grads = self._apply(xp, g, values)
        if self.shapes is not None:
            self._unbroadcast(xp, grads)
        return grads

    def _apply(self, xp: Any, g: Any, values: Sequence[Any]) -> list:
        """The gradients that the rules give for the operands that need one."""
        plan, grads = self.plan, []
        for rule, picks in plan.rules:
            if len(picks) == 1:
                grads.append(rule(xp, g, values[picks[0]]))
            else:
                grads.append(rule(xp, g, *[values[k] for k in picks]))
        if plan.joint is not None:
            every = plan.joint(xp, g, plan.needs, *values)
            if plan.needs_all:
                return list(every)
            return [gx for gx, needed in zip(every, plan.needs) if needed]
        return grads

    def _complex_gradients(self, xp: Any, g: Any, values: Sequence[Any]) -> list:
        """Rules for reals applied to complex numbers: conjugates of holomorphic derivatives."""
        grads = self._apply(xp, xp.conj(g), values)
        for k, is_complex in enumerate(self.is_complex):
            grads[k] = _fitting(xp, grads[k], is_complex)
        if self.shapes is not None:
            self._unbroadcast(xp, grads)
        return grads

    def _unbroadcast(self, xp: Any, grads: list) -> None:
        for k, shape in enumerate(self.shapes or ()):
            if grads[k] is not None and grads[k].shape != shape:
                grads[k] = unbroadcast(xp, grads[k], shape)

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
            if isinstance(source, (Tensor, _OwnResult)):  # scalars and shapes may stay
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
        """The graph edge for one result of this node."""
        return self if self.plan.primitive.outputs == 1 else Output(self, index)

    def name(self) -> str:
        return f"{self.plan.primitive.title}Backward0"


class MultiNode(OpNode):
    """A primitive with several results; its gradient arrives as {result index: gradient}."""

    __slots__ = ("results",)

    def __init__(self, plan: Plan, args: Sequence[Any], raw: Sequence[Any], out: Any) -> None:
        super().__init__(plan, args, raw, out)
        fills = plan.primitive.fills
        self.results = [(x._data.shape, dtypes.of(x._data)) if fills else () for x in out]

    def gradients(self, xp: Any, g: dict, differentiable: bool) -> Sequence[Any]:
        if self.plan.primitive.fills:
            every = [g[i] if i in g else self._zeros(xp, *r) for i, r in enumerate(self.results)]
        else:
            every = [g.get(i) for i in range(len(self.results))]
        return OpNode.gradients(self, xp, every, differentiable)

    def _zeros(self, xp: Any, shape: tuple, kind: dtypes.dtype) -> Any:
        return xp.full(shape, 0, kind) if kind.category >= dtypes.FLOAT else None


class _Real:
    """The real dtype seen last: most programs use only one, and no complex dtypes."""

    __slots__ = ("dtype",)

    def __init__(self) -> None:
        self.dtype: Any = None


_real = _Real()


def _complex_operands(plan: Plan, raw: Sequence[Any], kind: Any) -> list[bool] | None:
    """Which operands are complex; None if the result, whose dtype is `kind`, is real."""
    if kind in dtypes.complex_array_dtypes:
        return [raw[i].dtype in dtypes.complex_array_dtypes for i in plan.positions]
    _real.dtype = kind
    return None


def _fitting(xp: Any, g: Any, is_complex: bool) -> Any:
    """The gradient from a rule for real numbers, made to fit an operand of a complex operation."""
    if g is None or is_complex:
        return g if g is None else xp.conj(g)
    return xp.real(g) if dtypes.of(getattr(g, "_data", g)).category == dtypes.COMPLEX else g


def _edge_or_none(tensor: Tensor) -> Any:
    return (tensor._node or tensor) if tensor._needs_grad else None


class _Unpacks:
    """Mixin for nodes whose saved tensors went through a pack hook."""

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


def unbroadcast(xp: Any, g: Any, shape: tuple[int, ...]) -> Any:
    """`g` summed over the dimensions in which an operand of `shape` was broadcast."""
    lead = len(g.shape) - len(shape)
    axes = tuple(
        i for i, size in enumerate(g.shape) if i < lead or (shape[i - lead] == 1 and size != 1)
    )
    g = xp.sum(g, axes, True)
    return xp.reshape(g, shape) if lead else g
