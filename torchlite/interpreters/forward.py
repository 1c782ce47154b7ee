"""Forward mode: an interpreter whose arrays carry tangents.

`Forward` wraps another backend. Its arrays are `Dual`: a value (the primal) and its directional
derivative (the tangent, None for zero). Each primitive computes its primal with the inner backend,
and its tangent from the gradient rule that reverse mode uses:

* a linear primitive is applied to the tangents of its operands;
* an elementwise one has a diagonal Jacobian, so its gradient rule multiplies tangents as well;
* for any other, the rule, which is linear in the incoming gradient, is itself differentiated with
  respect to it: the transpose of the transpose;
* a composite without rules runs its default body on duals.

Any backend may be the inner one, even another `Forward`: each `Level` has its own duals and treats
those of other levels as plain arrays. Every floating-point array made inside is a `Dual`, so a
plain one comes from outside, and tangents must not be written to it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torchlite import dtypes
from torchlite.autograd.backward import grad, start_anywhere
from torchlite.backends.protocol import SPECS, Backend
from torchlite.backends.registry import local
from torchlite.backends.spec import ELEMENTWISE, QUERY, Spec
from torchlite.core.tensor import Tensor, wrap
from torchlite.interpreters.around import Around
from torchlite.interpreters.dual import Dual, Level, copied_like, zeros_like
from torchlite.ops.core.op import Primitive, declared
from torchlite.ops.core.promotion import cast


class Forward(Around):
    """The interpreter of `level` (default: a new one) around `inner`, the backend in use now.

    `paused`: compute as if there were no tangents.
    """

    array_type = Dual

    def __init__(self, level: Level | None = None) -> None:
        super().__init__(local.mode.xp)
        self.level = Level() if level is None else level
        self.paused = False

    @contextmanager
    def active(self) -> Iterator[None]:
        """Inside, operations compute on duals of this level."""
        with using(self):
            yield

    def owns(self, x: Any) -> bool:
        """Whether `x` is a dual of this level."""
        return type(x) is Dual and x.level is self.level

    def primal(self, x: Any) -> Any:
        """`x`, an array or a list or tuple of arrays, without tangents of this level."""
        if isinstance(x, (list, tuple)):
            return type(x)(map(self.primal, x)) if any(map(self.owns, x)) else x
        return x.primal if self.owns(x) else x

    def tangent(self, x: Any) -> Any:
        """The tangent of `x`, None for zero; for a list, a list of tangents."""
        if isinstance(x, (list, tuple)):
            found = [self.tangent(y) for y in x] if any(map(self.owns, x)) else []
            return found if any(t is not None for t in found) else None
        if self.paused or not self.owns(x):
            return None
        if x.base is None or x.base.own_tangent is None:
            return x.own_tangent
        return self._seen(x.base.own_tangent, x.steps)

    def set_tangent(self, x: Dual, tangent: Any) -> None:
        """Write the tangent of `x`, None for zero."""
        if x.base is None:
            x.own_tangent = tangent
            return
        xp, base = self.inner, x.base
        whole = zeros_like(xp, base.primal) if base.own_tangent is None else base.own_tangent
        whole = copied_like(xp, whole, base.primal)  # the tangent may be shared
        xp.copyto(self._seen(whole, x.steps), 0 if tangent is None else tangent)
        base.own_tangent = whole

    def _seen(self, x: Any, steps: tuple) -> Any:
        for name, rest in steps:
            x = getattr(self.inner, name)(x, *rest)
        return x

    def dual(self, primal: Any, tangent: Any = None) -> Dual:
        """An array of this level."""
        tangent = None if tangent is None else self._array(tangent)
        return Dual(self.level, self._array(primal), tangent)

    def _array(self, x: Any) -> Any:
        return x if x.__class__ is self.inner.array_type else self.inner.asarray(x)

    def _constant(self, out: Any) -> Any:
        """The inner backend's result, with floating-point arrays as duals without a tangent."""
        if isinstance(out, tuple):
            return tuple(map(self._constant, out))
        if not hasattr(out, "shape") or dtypes.of(out).category < dtypes.FLOAT:
            return out
        return self.dual(out)

    def copyto(self, dst: Any, src: Any) -> None:
        tangent = self.tangent(src)
        if not self.owns(dst):
            if tangent is not None and dtypes.of(dst).category >= dtypes.FLOAT:
                raise RuntimeError(
                    "During a grad (vjp, jvp, grad, etc) transform, the function provided "
                    "attempted to call in-place operation (aten::copy_) that would mutate a "
                    "captured Tensor. This is not supported; please rewrite the function being "
                    "transformed to explicitly accept the mutated Tensor(s) as inputs."
                )
            self.inner.copyto(dst, self.primal(src))
            return
        self.inner.copyto(dst.primal, self.primal(src))
        if tangent is not None:
            if tangent.dtype != dst.dtype:
                tangent = self.inner.astype(tangent, dtypes.of(dst))
            self.set_tangent(dst, self.inner.broadcast_to(tangent, dst.shape))
        elif self.tangent(dst) is not None:
            self.set_tangent(dst, None)

    # --- how tangents are computed --------------------------------------------------------------

    def apply(self, spec: Spec, args: tuple, kwargs: dict) -> Any:
        """The method described by `spec`, on duals."""
        name = spec.name
        if spec.view and spec.linear:
            return self._view(name, args)
        primals = [self.primal(x) for x in args]
        tangents = [self.tangent(x) for x in args]
        moving = [i for i, t in enumerate(tangents) if t is not None]
        if not moving:
            out = getattr(self.inner, name)(*primals, **kwargs)
            unchanged = [x for x, p in zip(args, primals) if p is out]
            return unchanged[0] if unchanged else self._constant(out)
        if spec.linear and all(i in spec.linear for i in moving):
            return self._linear(spec, args, primals, tangents, kwargs)
        if spec.bilinear and any(i in spec.bilinear for i in moving):
            return self._bilinear(spec, primals, tangents)
        primitive = declared.get(name)
        if primitive is None or not primitive.operands:
            if spec.is_composite:
                return getattr(Backend, name)(self, *args, **kwargs)
            return self._constant(getattr(self.inner, name)(*primals, **kwargs))
        real = dtypes.of(primals[moving[0]]).category < dtypes.COMPLEX
        if spec.kind == ELEMENTWISE and (spec.holomorphic or real):
            return self._diagonal(primitive, primals, tangents)
        return self._transposed_twice(primitive, primals, tangents)

    def _view(self, name: str, args: tuple) -> Any:
        x, *rest = args
        out = self._array(getattr(self.inner, name)(self.primal(x), *rest))
        if not self.owns(x):
            return self._constant(out) if self.inner.owns_memory(out) else out
        if out is x.primal:
            return x
        step = name, tuple(rest)
        if self.inner.owns_memory(out):
            t = self.tangent(x)
            return self.dual(out, None if t is None else getattr(self.inner, name)(t, *rest))
        root = x if x.base is None else x.base
        return Dual(self.level, out, base=root, steps=(*x.steps, step))

    def _linear(self, spec: Spec, args: tuple, primals: list, tangents: list, kwargs: dict) -> Any:
        xp: Any = self.inner
        method = getattr(xp, spec.name)
        out = method(*primals, **kwargs)
        for x, p in zip(args, primals):
            if out is p:
                return x
        if dtypes.of(out).category < dtypes.FLOAT:
            return out
        moved = list(primals)
        for i in spec.linear:
            if i < len(primals):
                moved[i] = _filled(xp, primals[i], tangents[i])
        return self.dual(out, method(*moved, **kwargs))

    def _bilinear(self, spec: Spec, primals: list, tangents: list) -> Dual:
        method = getattr(self.inner, spec.name)
        bias = spec.parameters.index("bias") if "bias" in spec.parameters else None
        total = None
        for i in spec.bilinear:
            if tangents[i] is not None:
                moved = list(primals)
                moved[i] = tangents[i]
                if bias is not None:
                    moved[bias] = tangents[bias] if total is None else None
                term = method(*moved)
                total = term if total is None else self.inner.add(total, term)
        return self.dual(method(*primals), total)

    def _diagonal(self, primitive: Primitive, primals: list, tangents: list) -> Dual:
        xp: Any = self.inner
        out, total = self._array(getattr(xp, primitive.name)(*primals)), None
        for i in primitive.operands:
            t = tangents[i]
            if t is not None:
                rule: Any = primitive.rules[primitive.parameters[i]]
                g = t if t.shape == out.shape else xp.broadcast_to(t, tuple(out.shape))
                values = [_named(primitive, name, primals, out) for name in _names(rule)]
                term = rule(xp, g, *values)
                total = term if total is None else xp.add(total, term)
        return self.dual(out, total)

    def _transposed_twice(self, primitive: Primitive, primals: list, tangents: list) -> Any:
        with using(self.inner, grad=True):
            args = [_tensor(p, t is not None) for p, t in zip(primals, tangents)]
            outs = primitive(*args)
            several = isinstance(outs, tuple)
            outs = outs if several else (outs,)
            found = _pushed(outs, args, tangents)
            duals = tuple(
                self._constant(y._data) if t is None else self.dual(y._data, t._data)
                for y, t in zip(outs, found)
            )
        return duals if several else duals[0]


def _filled(xp: Any, primal: Any, tangent: Any) -> Any:
    """`tangent` with zeros in place of None."""
    if isinstance(primal, (list, tuple)):
        tangents = [None] * len(primal) if tangent is None else tangent
        return [_filled(xp, p, t) for p, t in zip(primal, tangents)]
    if tangent is not None or primal is None:
        return tangent
    return zeros_like(xp, primal) if hasattr(primal, "shape") else 0


@functools.cache
def _names(rule: Callable) -> tuple[str, ...]:
    """The parameters of an elementwise rule after (xp, g)."""
    return tuple(inspect.signature(rule).parameters)[2:]


def _named(primitive: Primitive, name: str, primals: list, out: Any) -> Any:
    """The value of a rule's parameter `name`: see `torchlite.ops.core.op`."""
    if name == "out":
        return out
    if name in primitive.parameters:
        return primals[primitive.parameters.index(name)]
    operand, _, what = name.rpartition("_")
    x = primals[primitive.parameters.index(operand)]
    return tuple(x.shape) if what == "shape" else dtypes.of(x)


def _tensor(x: Any, needs_grad: bool) -> Any:
    """An array as a leaf; other values unchanged."""
    if not hasattr(x, "shape"):
        return x
    tensor = wrap(x)
    tensor._needs_grad = needs_grad
    return tensor


def _pushed(outs: Sequence[Tensor], args: Sequence[Any],
            tangents: Sequence[Any]) -> list[Tensor | None]:  # fmt: skip
    """The tangent of each result, by differentiating the vjp with respect to its cotangent."""
    ends = [y for y in outs if y._needs_grad]
    starts = [start_anywhere(y) for y in ends]
    moved = [(x, wrap(t)) for x, t in zip(args, tangents) if t is not None]
    slopes = grad(ends, [x for x, _ in moved], starts, create_graph=True, allow_unused=True)
    pairs = [(s, t) for s, (_, t) in zip(slopes, moved) if s is not None and s._needs_grad]
    found: Sequence[Tensor | None] = [None] * len(ends)
    if pairs:
        products, weights = zip(*pairs)
        found = grad(products, starts, weights, allow_unused=True)
    by_end = {id(y): t if t is None else _cast(t, y) for y, t in zip(ends, found)}
    return [by_end.get(id(y)) for y in outs]


def _cast(tangent: Tensor, out: Tensor) -> Tensor:
    """`tangent` in the dtype of `out`: a real result has a real tangent."""
    return tangent if tangent.dtype is out.dtype else cast(tangent.real, out.dtype)


@contextmanager
def using(xp: Any, grad: bool | None = None) -> Iterator[None]:
    """Inside, this thread computes with `xp`; `grad`, if given, sets gradient recording."""
    mode = local.mode
    before = mode.xp, mode.grad
    mode.xp, mode.grad = xp, mode.grad if grad is None else grad
    try:
        yield
    finally:
        mode.xp, mode.grad = before


def _method(spec: Spec) -> Callable:
    def method(self: Forward, *args: Any, **kwargs: Any) -> Any:
        return self.apply(spec, args, kwargs)

    return method


def _query(spec: Spec) -> Callable:
    """A method that inspects arrays and returns none."""

    def method(self: Forward, *args: Any) -> Any:
        return getattr(self.inner, spec.name)(*map(self.primal, args))

    return method


for _name, _spec in SPECS.items():
    if _name != "copyto":
        _made = (_query if _spec.kind == QUERY else _method)(_spec)
        _made.__name__ = _name
        setattr(Forward, _name, _made)

__all__ = ["Forward", "using"]
