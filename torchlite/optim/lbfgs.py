"""L-BFGS: a quasi-Newton method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.autograd.grad_mode import no_grad
from torchlite.core.tensor import Tensor
from torchlite.ops.math.complex_numbers import view_as_real
from torchlite.ops.shape.joining import cat
from torchlite.optim.checks import check_lr
from torchlite.optim.line_search import Point, strong_wolfe
from torchlite.optim.optimizer import Optimizer, ParamsT


class LBFGS(Optimizer):
    """L-BFGS: each step iterates along directions derived from recent changes of the gradient.

    For smooth functions of few parameters, without noise: each step calls the closure many times.
    Source: Nocedal and Wright 2006, Numerical Optimization, algorithm 7.5.

    Args:
        params: Tensors, one group or named tensors: see `Optimizer`.
        lr: Step length along the direction, or the first try of a line search. Default: 1.
        max_iter: Iterations per step. Default: 20.
        max_eval: Calls of the closure per step. Default: ``max_iter * 5 // 4``.
        tolerance_grad: Stop when no element of the gradient exceeds this. Default: 1e-7.
        tolerance_change: Stop at smaller changes of loss or parameters. Default: 1e-9.
        history_size: Number of changes stored. Default: 100.
        line_search_fn: "strong_wolfe", or None for steps of length `lr`. Default: None.

    Raises: ValueError for a negative rate or several groups; RuntimeError in `step` for another
        line search.
    """

    def __init__(self, params: ParamsT, lr: float | Tensor = 1, max_iter: int = 20,
                 max_eval: int | None = None, tolerance_grad: float = 1e-7,
                 tolerance_change: float = 1e-9, history_size: int = 100,
                 line_search_fn: str | None = None) -> None:  # fmt: skip
        check_lr(lr)
        defaults = {
            "lr": lr, "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change,
            "history_size": history_size, "line_search_fn": line_search_fn,
        }  # fmt: skip
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Iterate; returns the initial loss. `closure` computes the loss and its gradients."""
        group, state = self.param_groups[0], self.state[self._params()[0]]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss = self._evaluate(closure)
        state["func_evals"] += 1
        loss, g, evaluations = float(first_loss), self._gradient(), 1
        if _largest(g) <= group["tolerance_grad"]:
            return first_loss
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            d = self._direction(state, g, group["history_size"])
            before, length = loss, self._first_length(state, g, float(group["lr"]))
            state.update(d=d, t=length, prev_flat_grad=g, prev_loss=loss)
            here = Point(0.0, loss, g, float(g.dot(d)))
            if here.slope > -group["tolerance_change"]:
                break
            last, budget = iteration == group["max_iter"], group["max_eval"] - evaluations
            (length, loss, g, _), count = self._advance(closure, here, length, d, budget, last)
            state["t"] = length
            evaluations += count
            state["func_evals"] += count
            if (
                last
                or evaluations >= group["max_eval"]
                or _largest(g) <= group["tolerance_grad"]
                or abs(length) * _largest(d) <= group["tolerance_change"]
                or abs(loss - before) < group["tolerance_change"]
            ):
                break
        return first_loss

    def _advance(self, closure: Callable[[], Any], here: Point, length: float, d: Tensor,
                 budget: int, last: bool) -> tuple[Point, int]:  # fmt: skip
        """Move along `d`; the new point and the number of closure calls, 0 for the `last` move."""
        if self.param_groups[0]["line_search_fn"] is not None:
            found, count = self._search(closure, here, length, d, budget)
            self._walk(found.t, d)
            return found, count
        self._walk(length, d)
        if last:
            return here._replace(t=length), 0
        return Point(length, float(self._evaluate(closure)), self._gradient(), here.slope), 1

    def _params(self) -> list[Tensor]:
        return self.param_groups[0]["params"]

    def _first_length(self, state: dict[str, Any], g: Tensor, lr: float) -> float:
        return min(1.0, 1.0 / float(g.abs().sum())) * lr if state["n_iter"] == 1 else lr

    def _direction(self, state: dict[str, Any], g: Tensor, history_size: int) -> Tensor:
        """Minus the gradient times the inverse Hessian estimated from the stored changes."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return g.neg()
        self._remember(state, g, history_size)
        changes, steps, inverses = (state[name] for name in ("old_dirs", "old_stps", "ro"))
        weights = state.setdefault("al", [None] * history_size)
        d = g.neg()
        for i in reversed(range(len(changes))):
            weights[i] = float(steps[i].dot(d)) * float(inverses[i])
            d.add_(changes[i], alpha=-weights[i])
        d.mul_(float(state["H_diag"]))
        for i in range(len(changes)):
            d.add_(steps[i], alpha=weights[i] - float(changes[i].dot(d)) * float(inverses[i]))
        return d

    def _remember(self, state: dict[str, Any], g: Tensor, history_size: int) -> None:
        """Store the last step, and the change of the gradient, if the curvature was positive."""
        change, step = g.sub(state["prev_flat_grad"]), state["d"].mul(float(state["t"]))
        curvature = float(change.dot(step))
        if curvature > 1e-10:
            memory = [state[name] for name in ("old_dirs", "old_stps", "ro")]
            for one, value in zip(memory, (change, step, 1.0 / curvature)):
                if len(one) == history_size:
                    one.pop(0)
                one.append(value)
            state["H_diag"] = curvature / float(change.dot(change))

    def _gradient(self) -> Tensor:
        """All gradients as one real vector."""
        parts = []
        for p in self._params():
            g = p.new_zeros(p.shape) if p.grad is None else p.grad
            parts.append((view_as_real(g) if g.is_complex() else g).reshape(-1))
        return cat(parts)

    def _walk(self, length: float, d: Tensor) -> None:
        """Move the parameters by ``length * d``."""
        start = 0
        for p in self._params():
            p = view_as_real(p) if p.is_complex() else p
            p.add_(d[start : start + p.numel()].view_as(p), alpha=length)
            start += p.numel()

    def _search(self, closure: Callable[[], Any], start: Point, length: float, d: Tensor,
                budget: int) -> tuple[Point, int]:  # fmt: skip
        saved = [p.clone() for p in self._params()]

        def evaluate(t: float) -> Point:
            self._walk(t, d)
            loss, g = float(self._evaluate(closure)), self._gradient()
            for p, value in zip(self._params(), saved):
                p.copy_(value)
            return Point(t, loss, g, float(g.dot(d)))

        change = self.param_groups[0]["tolerance_change"]
        return strong_wolfe(evaluate, start, length, _largest(d), change, budget)


def _largest(x: Tensor) -> float:
    return float(x.abs().max())


__all__ = ["LBFGS"]
