"""Dropout: elements set to zero at random."""

from __future__ import annotations

import functools
from typing import Any

from torchlite import dtypes, random
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import functional, not_a_tensor
from torchlite.ops.core.inplace import in_place
from torchlite.ops.core.op import declare, run
from torchlite.ops.math.arithmetic import mul

_dropout = declare("dropout", input=lambda xp, g, mask, scale: xp.dropout(g, mask, scale))


@functional
def dropout(input: Tensor, p: float = 0.5, training: bool = True,
            inplace: bool = False) -> Tensor:  # fmt: skip
    """Set each element to zero with probability `p`, and divide the others by ``1 - p``.

    Without `training`, returns `input` itself. Draws from the default generator like PyTorch on AMD
    and ARM machines (on Intel machines its numbers come from MKL). Shape: ``(*) -> (*)``.
    Raises: ValueError if `p` is not a probability.
    """
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if inplace:
        return _dropped_(input, p, training)
    return _dropped(input, p, training)


def _dropped(input: Tensor, p: float, training: bool) -> Tensor:
    data = getattr(input, "_data", None)
    if data is None:
        raise not_a_tensor("dropout", 1, "input", input)
    if not training or p == 0.0 or not data.size:
        return input
    if p == 1.0:
        return mul(input, 0)
    kind = dtypes.of(data)
    if kind.category < dtypes.FLOAT:
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {kind.legacy}"
        )
    mask, scale = _keep(data, 1.0 - p), _scale(kind, 1.0 - p)
    return run(_dropout, (input, mask, scale), (data, mask, scale))


_dropped_ = in_place(_dropped, "dropout_")


def _keep(data: Any, probability: float) -> Any:
    """A bool array in the shape of `data`, drawn in the memory order of its elements."""
    xp, shape = local.mode.xp, data.shape
    strides = xp.strides(data)
    order = sorted(range(len(shape)), key=lambda i: -strides[i])
    engine = random.default_generator.engine
    if order == list(range(len(shape))):
        return xp.random_bernoulli(engine, probability, shape)
    mask = xp.random_bernoulli(engine, probability, tuple(shape[i] for i in order))
    return xp.permute(mask, tuple(order.index(i) for i in range(len(shape))))


@functools.cache
def _scale(kind: dtypes.dtype, probability: float) -> Any:
    """``1 / probability``, rounded like PyTorch's mask: computed in float32 for float16."""
    xp = local.mode.xp
    wide = dtypes.float32 if kind is dtypes.float16 else kind
    one = xp.full((), 1.0, wide)
    return xp.item(xp.asarray(xp.astype(xp.asarray(xp.div(one, probability)), kind)))


__all__ = ["dropout"]
