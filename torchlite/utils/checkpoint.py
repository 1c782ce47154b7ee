"""Activation checkpointing: recompute intermediate results in backward instead of storing them."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager as Context
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from torchlite.amp import autocast, get_autocast_dtype, is_autocast_enabled
from torchlite.autograd import Function, backward
from torchlite.autograd.grad_mode import enable_grad
from torchlite.autograd.saved_tensors import Packed, innermost_hooks, saved_tensors_hooks
from torchlite.core.tensor import Tensor
from torchlite.random import default_generator


class CheckpointError(RuntimeError):
    """The second run of a checkpointed function behaved differently from the first."""


class _Enough(Exception):
    """The second run has computed all that backward needs."""


def noop_context_fn() -> tuple[Context, Context]:
    """Two contexts that do nothing: the default of `checkpoint`'s `context_fn`."""
    return nullcontext(), nullcontext()


def checkpoint(function: Callable, *args: Any, use_reentrant: bool | None = None,
               context_fn: Callable[[], tuple[Context, Context]] = noop_context_fn,
               determinism_check: str = "default", debug: bool = False, early_stop: bool = True,
               **kwargs: Any) -> Any:  # fmt: skip
    """``function(*args, **kwargs)``, whose intermediate results are recomputed in backward.

    Args:
        use_reentrant: Use an `autograd.Function` around the whole (True), or hooks on saved
            tensors (False, recommended). Should be given; None warns and means True.
        context_fn: Two context managers, for the first and for the second run.
        determinism_check: "default" compares shapes and dtypes of both runs, "none" does not.
        debug: Has no effect.
        early_stop: Stop the second run as soon as it has computed all that is needed.
        preserve_rng_state: Make the second run draw the same random numbers. Default: True.
    Raises: CheckpointError in backward if the runs differ; ValueError for arguments that
        ``use_reentrant=True`` does not support.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. "
            "Starting in PyTorch 2.9, calling checkpoint without use_reentrant will raise an "
            "exception. use_reentrant=False is recommended, but if you need to preserve the "
            "current default behavior, you can pass use_reentrant=True. Refer to docs for more "
            "details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if not use_reentrant:
        frame = _Frame(function, args, kwargs, preserve, determinism_check, early_stop)
        return frame.first_run(*context_fn())
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if context_fn is not noop_context_fn or debug:
        raise ValueError(
            "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
        )
    if not any(isinstance(a, Tensor) and a.requires_grad for a in args):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2
        )
    return CheckpointFunction.apply(function, preserve, *args)


@contextmanager
def _random_numbers_from(state: bytes | None) -> Iterator[None]:
    """Inside, the default generator starts from `state`; None leaves it unchanged."""
    if state is None:
        yield
        return
    engine = default_generator.engine
    before = engine.get_state()
    engine.set_state(state)
    try:
        yield
    finally:
        engine.set_state(before)


def _same_autocast() -> autocast:
    """A context manager that restores the current autocast state."""
    return autocast("cpu", get_autocast_dtype("cpu"), is_autocast_enabled("cpu"))


class CheckpointFunction(Function):
    """Runs a function without recording; backward reruns it with recording, and walks its graph."""

    @staticmethod
    def forward(ctx: Any, function: Callable, preserve: bool, *args: Any) -> Any:
        ctx.function, ctx.args = function, [None if isinstance(a, Tensor) else a for a in args]
        ctx.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.state = default_generator.engine.get_state() if preserve else None
        ctx.autocast = _same_autocast()
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        return function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        args = list(ctx.args)
        for i, x in zip(ctx.places, ctx.saved_tensors):
            args[i] = x.detach().requires_grad_(x.requires_grad)
        with enable_grad(), ctx.autocast, _random_numbers_from(ctx.state):
            outputs = ctx.function(*args)
        outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
        pairs = [
            (y, g) for y, g in zip(outputs, grads) if isinstance(y, Tensor) and y.requires_grad
        ]
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        backward([y for y, _ in pairs], [g for _, g in pairs])
        return None, None, *(a.grad if isinstance(a, Tensor) else None for a in args)


class _Frame:
    """One checkpointed call: saves indices in place of tensors, and recomputes these on demand."""

    def __init__(self, function: Callable, args: tuple, kwargs: dict, preserve: bool,
                 determinism_check: str, early_stop: bool) -> None:  # fmt: skip
        if determinism_check not in ("default", "none"):
            raise ValueError(
                "determinism_check should be one of ['default', 'none'], but got "
                f"{determinism_check}"
            )
        self.function, self.args, self.kwargs = function, args, kwargs
        self.checks, self.early_stop = determinism_check == "default", early_stop
        self.state = default_generator.engine.get_state() if preserve else None
        self.autocast = _same_autocast()
        self.facts: list[tuple] = []  # (shape, dtype) of the tensors saved by the first run
        self.values: dict[int, Tensor] = {}  # saved by the second run and not fetched yet

    def first_run(self, context: Context, again: Context) -> Any:
        self.again = again
        args, kwargs = self.args, self.kwargs
        self.args = tuple(map(_kept, args))
        self.kwargs = {name: _kept(value) for name, value in kwargs.items()}
        with saved_tensors_hooks(self._pack, self._unpack), context:
            return self.function(*args, **kwargs)

    def _pack(self, tensor: Tensor) -> int:
        self.facts.append((tensor.shape, tensor.dtype))
        return len(self.facts) - 1

    def _unpack(self, number: int) -> Tensor:
        if number not in self.values:
            self._second_run()
        return self.values.pop(number)

    def _second_run(self) -> None:
        found: list[Tensor] = []

        def collect(tensor: Tensor) -> None:
            found.append(tensor)
            if self.early_stop and len(found) == len(self.facts):
                raise _Enough

        args = [_given(a) for a in self.args]
        kwargs = {name: _given(value) for name, value in self.kwargs.items()}
        hooks = saved_tensors_hooks(collect, _refuse)
        numbers = _random_numbers_from(self.state)
        with enable_grad(), self.autocast, numbers, self.again, hooks, suppress(_Enough):
            self.function(*args, **kwargs)
        self._check(found)
        self.values = dict(enumerate(found))

    def _check(self, found: Sequence[Tensor]) -> None:
        if len(found) != len(self.facts):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation.\nNumber of tensors saved during forward: "
                f"{len(self.facts)}\nNumber of tensors saved during recomputation: {len(found)}."
            )
        new = [(t.shape, t.dtype) for t in found]
        if self.checks and new != self.facts:
            k = next(k for k, fact in enumerate(self.facts) if fact != new[k])
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have "
                "different metadata than during the forward pass.\ntensor at position "
                f"{k}:\nsaved metadata: {self.facts[k]}\nrecomputed metadata: {new[k]}"
            )


def _kept(value: Any) -> Any:
    """An argument for the second run, which an enclosing checkpoint may recompute as well."""
    hooks = innermost_hooks()
    if hooks is None or not isinstance(value, Tensor) or not value.requires_grad:
        return value
    return hooks.keep(value._data, value.grad_fn or value)


def _given(kept: Any) -> Any:
    return kept.unpack_for(None) if isinstance(kept, Packed) else kept


def _refuse(packed: Any) -> Tensor:
    raise CheckpointError(
        "torch.utils.checkpoint: Unpack is being triggered for a tensor that was already unpacked "
        "once. If you are calling ctx.saved_tensors in backward, make sure to do so only once."
    )


def checkpoint_sequential(functions: Any, segments: int, input: Any,
                          use_reentrant: bool | None = None, **kwargs: Any) -> Any:  # fmt: skip
    """Call modules in sequence, in `segments` parts; all but the last are checkpointed.

    Args:
        functions: A `nn.Sequential` or a list of callables.
        use_reentrant: As in `checkpoint`.
        preserve_rng_state: As in `checkpoint`.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be "
            "passed explicitly. use_reentrant=False is recommended, but if you need to preserve "
            "the current default behavior, you can pass use_reentrant=True.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    children = getattr(functions, "children", None)
    steps = list(functions if children is None else children())

    size = len(steps) // segments
    cuts = [i * size for i in range(segments)]
    for start, stop in itertools.pairwise(cuts):
        input = checkpoint(_chain(steps[start:stop]), input, use_reentrant=use_reentrant,
                           preserve_rng_state=preserve)  # fmt: skip
    return _chain(steps[cuts[-1] :])(input)


def _chain(steps: list[Callable]) -> Callable:
    def run(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return run


__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "noop_context_fn"]
