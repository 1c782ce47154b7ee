"""`gradcheck` and `gradgradcheck`: compare gradients with finite differences."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torchlite import dtypes
from torchlite.autograd.backward import grad
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import COMPLEX, FLOAT
from torchlite.ops.creation.factories import tensor, zeros_like
from torchlite.ops.math.comparison import allclose


class GradcheckError(RuntimeError):
    """A gradient differs from the numerical one; the message shows both."""


@dataclass
class _Check:
    """One call of `gradcheck`: the function and the tolerances."""

    function: Callable
    inputs: tuple
    eps: float
    atol: float
    rtol: float
    nondet_tol: float
    check_dtypes: bool

    def __post_init__(self) -> None:
        self.places = [i for i, x in enumerate(self.inputs) if _needs_grad(x)]

    def outputs(self, inputs: Sequence[Any] | None = None) -> list[Tensor]:
        """The differentiable results."""
        found = self.function(*(self.inputs if inputs is None else inputs))
        found = found if isinstance(found, (tuple, list)) else (found,)
        return [y for y in found if isinstance(y, Tensor) and y.dtype.category >= FLOAT]

    def gradient(self, y: Tensor, x: Tensor, direction: Tensor) -> Tensor:
        """The gradient of `y`, weighted with `direction`, by backward; run twice and compared."""
        if not y.requires_grad:
            return zeros_like(x)
        first: Any
        second: Any
        first, second = (grad(y, x, direction, retain_graph=True, materialize_grads=True)[0]
                         for _ in range(2))  # fmt: skip
        if not allclose(first, second, rtol=0, atol=self.nondet_tol, equal_nan=True):
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output "
                "multiple times gives different values, although analytical gradient matches "
                f"numerical gradient.The tolerance for nondeterminism was {self.nondet_tol}."
            )
        if self.check_dtypes and first.dtype is not x.dtype:
            raise GradcheckError(f"Gradient has dtype {first.dtype}, the input has {x.dtype}")
        return first

    def push(self, place: int, change: Tensor) -> list[Tensor]:
        """The derivative of each result as input `place` moves along `change`."""
        from torchlite.autograd.dual_graph import lift, lower  # rarely needed
        from torchlite.interpreters.forward import Forward

        level, inputs = Forward(), list(self.inputs)
        with level.active():
            inputs[place] = lift(level, self.inputs[place], change)
            pairs = [lower(level, y) for y in self.outputs(inputs)]
        return [zeros_like(y) if t is None else t.detach() for y, t in pairs]

    def difference(self, place: int, j: int, change: Tensor) -> Tensor:
        """The central difference of result `j` as input `place` moves along `change`."""
        x = self.inputs[place]
        before = x.detach().clone()
        values = []
        for sign in (1, -1):
            x.data[...] = before + change * (sign * self.eps)
            values.append(self.outputs()[j].detach().clone())
        x.data[...] = before
        return (values[0] - values[1]) / (2 * self.eps)

    def compare(self, j: int, place: int, numerical: Tensor, analytical: Tensor,
                how: str = "") -> None:  # fmt: skip
        """Raise GradcheckError unless the two are close."""
        if allclose(analytical, numerical, self.rtol, self.atol, equal_nan=True):
            return
        where = f"output {j} with respect to input {place}"
        raise GradcheckError(
            f"Jacobian {how}mismatch for {where},\n"
            f"numerical:{numerical}\nanalytical:{analytical}\n"
        )


def _needs_grad(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def _units(x: Tensor) -> Iterator[Tensor]:
    """For each element of `x`, a one-hot tensor."""
    for index in itertools.product(*map(range, x.shape)):
        unit = zeros_like(x).detach()
        unit[index] = 1
        yield unit


def _phases(x: Tensor) -> tuple:
    """The directions in which an element can move: 1 and, if complex, 1j."""
    return (1, 1j) if x.dtype.category == COMPLEX else (1,)


def _parts(x: Tensor) -> list[Tensor]:
    """The real and, if complex, the imaginary part."""
    if x.dtype.category != COMPLEX:
        return [x]
    xp = local.mode.xp
    return [wrap(xp.real(x._data)), wrap(xp.imag(x._data))]


def _flat(x: Tensor) -> list:
    """The elements of `x` as Python scalars."""
    return x.detach().reshape(-1).tolist()


def _slow(check: _Check, j: int, y: Tensor, place: int) -> None:
    """Check each element of the Jacobian; a complex result counts as its two parts."""
    x = check.inputs[place]
    kind = x.dtype if x.dtype.category == COMPLEX else y.dtype.to_real()
    moves = [[check.difference(place, j, unit * phase) for phase in _phases(x)]
             for unit in _units(x)]  # fmt: skip
    for part, phase in enumerate(_phases(y)):
        numerical = [_column([_flat(_parts(move)[part]) for move in row]) for row in moves]
        rows = [_flat(check.gradient(y, x, unit * phase)) for unit in _units(y)]
        shape = (x.numel(), y.numel())
        analytical = [list(column) for column in zip(*rows)]
        pair: Any = (tensor(n, dtype=kind).reshape(shape) for n in (numerical, analytical))
        check.compare(j, place, *pair)


def _column(parts: list[list]) -> list:
    """A gradient, from the differences along the real and imaginary axes."""
    return parts[0] if len(parts) == 1 else [a + 1j * b for a, b in zip(*parts)]


def _fast(check: _Check, j: int, y: Tensor, place: int) -> None:
    """Check one random combination of the elements of the Jacobian."""
    x, rng = check.inputs[place], local.mode.xp.generator(0)
    u, v = _random_like(x, rng), _random_like(y, rng)
    moved = check.difference(place, j, u)
    numerical: Any = sum((a * b).sum() for a, b in zip(_parts(v), _parts(moved)))
    slope = check.gradient(y, x, v)
    analytical: Any = sum((a * b).sum() for a, b in zip(_parts(slope), _parts(u)))
    check.compare(j, place, numerical, analytical.to(numerical.dtype))


def _forward(check: _Check, place: int, fast: bool) -> None:
    """Check the Jacobian's columns, or one combination of them, computed by forward mode."""
    x = check.inputs[place].detach()
    if fast:
        changes: Iterable[Tensor] = [_random_like(x, local.mode.xp.generator(0))]
    else:
        changes = (unit * phase for unit in _units(x) for phase in _phases(x))
    for change in changes:
        for j, moved in enumerate(check.push(place, change)):
            numerical = check.difference(place, j, change)
            check.compare(j, place, numerical, moved, "computed with forward mode ")


def _random_like(x: Tensor, rng: Any) -> Tensor:
    """Normally distributed samples in the shape and dtype of `x`."""
    xp, kind = local.mode.xp, x.dtype
    drawn = [wrap(xp.random_normal(rng, tuple(x.shape), kind.to_real(), 0.0, 1.0))
             for _ in _phases(x)]  # fmt: skip
    return drawn[0] if len(drawn) == 1 else (drawn[0] + drawn[1] * 1j).to(kind)


def _checked_inputs(inputs: Any) -> tuple:
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    wanted = [i for i, x in enumerate(inputs) if _needs_grad(x)]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them "
            "have requires_grad=True."
        )
    for i in wanted:
        if inputs[i].dtype.to_real() is not dtypes.float64:
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or "
                "complex. This check will likely fail if all the inputs are not of double "
                "precision floating point or complex. ",
                stacklevel=3,
            )
    return inputs


def gradcheck(func: Callable[..., Any], inputs: Tensor | Sequence[Any], *, eps: float = 1e-6,
              atol: float = 1e-5, rtol: float = 1e-3, raise_exception: bool = True,
              nondet_tol: float = 0.0, check_undefined_grad: bool = True,
              check_grad_dtypes: bool = False, check_batched_grad: bool = False,
              check_batched_forward_grad: bool = False, check_forward_ad: bool = False,
              check_backward_ad: bool = True, fast_mode: bool = False,
              masked: bool | None = None) -> bool:  # fmt: skip
    """Whether the gradients of ``func(*inputs)`` match central differences.

    Args:
        func: Takes tensors, returns a tensor or a sequence of them.
        inputs: Those with ``requires_grad`` are checked; they should be float64 or complex128.
        eps: The step size of the differences.
        fast_mode: Check one random combination of all derivatives instead of each one.
        nondet_tol: How much a second backward may differ from the first.
        check_undefined_grad: Ignored: the engine never passes undefined gradients.
        check_forward_ad: Also check the derivatives from forward mode.
    Raises: GradcheckError (a RuntimeError) that shows both gradients, unless `raise_exception`
        is False, which returns False; ValueError if no input requires grad;
        NotImplementedError for checks of batched gradients.
    """
    if not check_forward_ad and not check_backward_ad:
        raise AssertionError(
            "Expected at least one of check_forward_ad or check_backward_ad to be True"
        )
    if check_batched_grad or check_batched_forward_grad:
        raise NotImplementedError("gradcheck: batched gradients are not checked")
    inputs = _checked_inputs(inputs)
    check = _Check(func, inputs, eps, atol, rtol, nondet_tol, check_grad_dtypes)
    try:
        if check_forward_ad:
            for place in check.places:
                _forward(check, place, fast_mode)
        for j, y in enumerate(check.outputs() if check_backward_ad else ()):
            for place in check.places:
                (_fast if fast_mode else _slow)(check, j, y, place)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(func: Callable[..., Any], inputs: Tensor | Sequence[Any],
                  grad_outputs: Tensor | Sequence[Tensor] | None = None, *, eps: float = 1e-6,
                  atol: float = 1e-5, rtol: float = 1e-3, gen_non_contig_grad_outputs: bool = False,
                  raise_exception: bool = True, nondet_tol: float = 0.0,
                  check_undefined_grad: bool = True, check_grad_dtypes: bool = False,
                  check_batched_grad: bool = False, check_fwd_over_rev: bool = False,
                  check_rev_over_rev: bool = True, fast_mode: bool = False,
                  masked: bool = False) -> bool:  # fmt: skip
    """Whether the second gradients of ``func(*inputs)`` match central differences.

    Args: as for `gradcheck`, and
        grad_outputs: The gradients of the results to start from. Default: random.
        gen_non_contig_grad_outputs: Make the random ones non-contiguous.
    """
    inputs = _checked_inputs(inputs)
    results = _Check(func, inputs, eps, atol, rtol, nondet_tol, False).outputs()
    if grad_outputs is None:
        starts = _random_starts(results, gen_non_contig_grad_outputs)
    else:
        starts = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    places = [i for i, x in enumerate(inputs) if _needs_grad(x)]

    def gradients(*args: Any) -> tuple:
        own = args[: len(inputs)]
        ends = _Check(func, own, eps, atol, rtol, nondet_tol, False).outputs()
        outs = [(y, g) for y, g in zip(ends, args[len(inputs) :]) if y.requires_grad]
        grads = grad([y for y, _ in outs], [own[i] for i in places], [g for _, g in outs],
                     create_graph=True, allow_unused=True)  # fmt: skip
        return tuple(g for g in grads if g is not None)

    return gradcheck(
        gradients, (*inputs, *starts), eps=eps, atol=atol, rtol=rtol,
        raise_exception=raise_exception, nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad, check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad, check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev, fast_mode=fast_mode, masked=masked,
    )  # fmt: skip


def _random_starts(results: Sequence[Tensor], strided: bool) -> list[Tensor]:
    """A random gradient for each result, which itself requires grad."""
    rng, starts = local.mode.xp.generator(0), []
    for y in results:
        g = _random_like(y.detach(), rng)
        if strided and g.ndim:
            g = (g.unsqueeze(-1) + zeros_like(g).unsqueeze(-1).expand(*g.shape, 2))[..., 0]
        starts.append(g.requires_grad_())
    return starts


__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]
