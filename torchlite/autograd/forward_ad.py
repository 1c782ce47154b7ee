"""Explicit forward mode: tensors with tangents inside `dual_level`.

Example::

    with dual_level():
        y, derivative = unpack_dual(f(make_dual(x, direction)))
"""

from __future__ import annotations

import gc
import threading
from typing import Any, NamedTuple

from torchlite.autograd.dual_graph import checked_tangent, lift, lower
from torchlite.autograd.function import FunctionNode
from torchlite.autograd.grad_mode import Switch
from torchlite.backends.registry import local
from torchlite.core.graph import Node
from torchlite.core.tensor import Tensor, alias
from torchlite.interpreters.dual import Level
from torchlite.interpreters.forward import Forward, using
from torchlite.ops.core.nodes import OpNode


class _Levels(threading.local):
    """The level this thread is in."""

    current: Forward | None = None


_levels = _Levels()


class UnpackedDualTensor(NamedTuple):
    """What `unpack_dual` returns: the value of a tensor, and its tangent or None."""

    primal: Tensor
    tangent: Tensor | None


def enter_dual_level() -> int:
    """Begin a level, in which tensors may have tangents, and return its number: 0.

    Raises: RuntimeError (as PyTorch) inside another one; only `torchlite.func.jvp` nests.
    """
    if _levels.current is not None:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    level = _levels.current = Forward(Level(track=True))
    local.mode.xp = level
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """End the level; its tensors lose their tangents.

    Raises: RuntimeError (as PyTorch) if there is none, or `level` is not its number.
    """
    entered = _levels.current
    if level not in (None, 0 if entered else -1):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This "
            "is not supported."
        )
    if entered is None:
        raise RuntimeError("Dual level must be a positive number.")
    local.mode.xp, _levels.current = entered.inner, None
    _strip(entered)


def _strip(forward: Forward) -> None:
    """Turn the tensors inside the level into their primals, as `unpack_dual` returns them.

    An array does not know its tensor, hence the search. The graph keeps separate tensors, with
    tangents: gradients of primals and tangents can still be computed.
    """
    if not forward.level.alive:
        return
    everything = gc.get_objects()
    for node in everything:
        if issubclass(type(node), Node) and node._number > forward.level.start:
            _own_sources(forward, node)
    with using(forward, grad=True):
        for tensor in everything:
            if issubclass(type(tensor), Tensor) and forward.owns(getattr(tensor, "_data", None)):
                primal, _ = lower(forward, tensor)
                tensor._data = primal._data
                if tensor._node is not None:
                    tensor._node = primal._node


def _own_sources(forward: Forward, node: Any) -> None:
    """Make `node` hold separate objects for the tensors of the level that it has saved."""

    def own(x: Any) -> Any:
        return alias(x) if isinstance(x, Tensor) and forward.owns(x._data) else x

    if isinstance(node, OpNode) and node.sources:
        node.sources = [own(source) for source in node.sources]
    if isinstance(node, FunctionNode) and node.saved:
        node.saved = [(own(kept), cell, version) for kept, cell, version in node.saved]


class dual_level(Switch):
    """Inside, tensors may have tangents: `enter_dual_level` and `exit_dual_level`, in pairs."""

    def __enter__(self) -> int:  # type: ignore[override]
        return enter_dual_level()

    def __exit__(self, *exc: object) -> None:
        exit_dual_level()


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A tensor that shares memory with `tensor` and has this `tangent`; differentiable.

    Raises: RuntimeError (as PyTorch) outside a level, for a tangent of another shape, or for a
        tensor that has one already; ValueError for tensors that are not floating point or complex.
    """
    entered = _levels.current
    if entered is None or (level is not None and level < 0):
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to "
            "enter_dual_level() first."
        )
    tangent = checked_tangent(tensor, tangent)
    if entered.tangent(tensor._data) is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the "
            "same level 0 is not supported."
        )
    return lift(entered, tensor, tangent)


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The value of `tensor` and its tangent (None if it has none); differentiable."""
    entered = _levels.current
    if entered is None or (level is not None and level < 0):
        return UnpackedDualTensor(tensor, None)
    return UnpackedDualTensor(*lower(entered, tensor))


__all__ = [
    "UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual",
    "unpack_dual",
]  # fmt: skip
