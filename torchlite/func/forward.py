"""`jvp`: the directional derivative of a function, along with its value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.autograd.dual_graph import checked_tangent, lift, lower
from torchlite.core.tensor import Tensor, alias
from torchlite.func import trees
from torchlite.func.derivatives import split_aux
from torchlite.interpreters.forward import Forward
from torchlite.ops.creation.factories import zeros_like


def _check(api: str, primals: Any, tangents: Any) -> None:
    if not isinstance(primals, tuple):
        raise RuntimeError(
            f"{api}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
        )
    if not trees.same_structure(primals, tangents):
        raise RuntimeError(
            f"{api}: Expected primals and tangents to have the same python structure. For example, "
            "if primals is a tuple of 3 tensors, tangents also must be."
        )
    for name, tree in (("primals", primals), ("tangents", tangents)):
        leaves = trees.leaves(tree)
        if not leaves:
            raise RuntimeError(f"{api}: Expected {name} to contain at least one Tensor.")
        for x in leaves:
            if not isinstance(x, Tensor):
                raise RuntimeError(f"{api}: Expected {name} to only contain Tensors, got {type(x)}")


def jvp(func: Callable, primals: tuple, tangents: tuple, *, strict: bool = False,
        has_aux: bool = False) -> tuple:  # fmt: skip
    """(``func(*primals)``, the product of its Jacobian with `tangents`), in one evaluation.

    Nothing is saved for a backward pass. It nests with itself, `grad` and ``backward``.

    Args:
        primals, tangents: Tuples of tensors, or trees of them, with equal structure and shapes.
        strict: An output that does not depend on the primals is an error; else its tangent is 0.
        has_aux: `func` returns (output, aux), and aux is returned third.

    Raises: RuntimeError (as PyTorch) for arguments or outputs that are not tensors or do not
        match; ValueError for tensors that are not floating point or complex.
    """
    api = "jvp(f, primals, tangents)"
    _check(api, primals, tangents)
    pairs = [(x, checked_tangent(x, t)) for x, t in zip(*map(trees.leaves, (primals, tangents)))]
    level = Forward()
    with level.active():
        duals = trees.fill(primals, iter([alias(lift(level, x, t)) for x, t in pairs]))
        output, aux = split_aux(api, func(*duals), has_aux)
        ends = [_lowered(api, level, y) for y in trees.leaves(output)]
        aux = trees.apply(lambda y: lower(level, y)[0] if isinstance(y, Tensor) else y, aux)
    if strict and any(tangent is None for _, tangent in ends):
        raise RuntimeError(
            "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. "
            "This is not allowed with strict=True."
        )
    primal = trees.fill(output, iter([y for y, _ in ends]))
    pushed = trees.fill(output, iter([zeros_like(y) if t is None else t for y, t in ends]))
    return (primal, pushed, aux) if has_aux else (primal, pushed)


def _lowered(api: str, level: Forward, y: Any) -> tuple[Tensor, Tensor | None]:
    if not isinstance(y, Tensor):
        raise RuntimeError(
            f"{api}: expected f(*primals) to return only tensors, got unsupported type {type(y)}"
        )
    return lower(level, y)


__all__ = ["jvp"]
