"""Orthogonal polynomials, by their three-term recurrences (Abramowitz and Stegun 22.7).

``f(input, n)``: the polynomial of degree `n` at `input`; both are scalars or tensors and
broadcast; a negative degree gives 0. Computed in float64. As in PyTorch, there is no gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor
from torchlite.dtypes import COMPLEX
from torchlite.ops.core.family import functional, not_a_tensor, refuse, write_out
from torchlite.ops.core.promotion import at_least_float, cast, result_type
from torchlite.ops.creation.factories import as_tensor
from torchlite.ops.math.comparison import where
from torchlite.ops.shape.dimensions import broadcast_tensors

_Step = Callable[[int, Tensor, Tensor, Tensor], Tensor]


def _polynomial(name: str, meaning: str, linear: Callable[[Tensor], Tensor], step: _Step,
                shifted: bool = False) -> Callable:  # fmt: skip
    """The operation: ``linear(x)`` has degree 1, ``step(k, x, before, p)`` degree k + 1."""

    def polynomial(input: Any, n: Any, *, out: Tensor | None = None) -> Tensor:
        kind, x, degree = _operands(name, input, n)
        x = 2 * x - 1 if shifted else x
        before, p = x * 0 + 1, linear(x)
        result = where(degree < 0, 0.0, where(degree == 0, 1.0, p))
        greatest = local.mode.xp.extremes(degree._data)[1] if degree.numel() else 0
        for k in range(1, greatest):
            before, p = p, step(k, x, before, p)
            result = where(degree == k + 1, p, result)
        result = cast(result, kind)
        return result if out is None else write_out(name, out, result)

    polynomial.__name__ = polynomial.__qualname__ = name
    polynomial.__doc__ = f"{meaning} of degree `n`."
    return functional(polynomial)


def _operands(name: str, input: Any, n: Any) -> tuple[dtypes.dtype, Tensor, Tensor]:
    """The dtype of the result; `input` as float64 and `n` as int64, broadcast."""
    if not isinstance(input, Tensor) and not isinstance(n, Tensor):
        raise not_a_tensor(name, 1, "input", input)
    kind = at_least_float(result_type(input, n))
    if kind.category == COMPLEX:
        raise refuse(f"{name}_cpu", kind)
    x, degree = (as_tensor(v).detach() for v in (input, n))
    x, degree = broadcast_tensors(cast(x, dtypes.float64), cast(degree, dtypes.int64))
    return kind, x, degree


def _chebyshev(letter: str, kind: str, linear: Callable[[Tensor], Tensor]) -> tuple:
    """The polynomials on [-1, 1] and, shifted, on [0, 1]."""
    return tuple(
        _polynomial(
            f"{'shifted_' * shifted}chebyshev_polynomial_{letter}",
            f"{'The shifted' if shifted else 'The'} Chebyshev polynomial of the {kind} kind",
            linear,
            lambda k, x, before, p: 2 * x * p - before,
            shifted,
        )
        for shifted in (False, True)
    )


chebyshev_polynomial_t, shifted_chebyshev_polynomial_t = _chebyshev("t", "first", lambda x: x)
chebyshev_polynomial_u, shifted_chebyshev_polynomial_u = _chebyshev("u", "second", lambda x: 2 * x)
chebyshev_polynomial_v, shifted_chebyshev_polynomial_v = _chebyshev(
    "v", "third", lambda x: 2 * x - 1
)
chebyshev_polynomial_w, shifted_chebyshev_polynomial_w = _chebyshev(
    "w", "fourth", lambda x: 2 * x + 1
)
hermite_polynomial_h = _polynomial(
    "hermite_polynomial_h",
    "The physicist's Hermite polynomial",
    lambda x: 2 * x,
    lambda k, x, before, p: 2 * x * p - 2 * k * before,
)
hermite_polynomial_he = _polynomial(
    "hermite_polynomial_he",
    "The probabilist's Hermite polynomial",
    lambda x: x,
    lambda k, x, before, p: x * p - k * before,
)
laguerre_polynomial_l = _polynomial(
    "laguerre_polynomial_l",
    "The Laguerre polynomial",
    lambda x: 1 - x,
    lambda k, x, before, p: ((2 * k + 1 - x) * p - k * before) / (k + 1),
)
legendre_polynomial_p = _polynomial(
    "legendre_polynomial_p",
    "The Legendre polynomial",
    lambda x: x,
    lambda k, x, before, p: ((2 * k + 1) * x * p - k * before) / (k + 1),
)
