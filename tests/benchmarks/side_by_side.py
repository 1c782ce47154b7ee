"""Time several contenders in turn, in one process, so that a busy machine slows them all alike."""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from types import ModuleType
from typing import Any

import torchlite


def libraries() -> Iterator[tuple[str, ModuleType, Any]]:
    """(name, module, context manager to run it in): torchlite on each backend, then PyTorch."""
    for backend in ("numpy", "numba"):
        try:
            torchlite.backends.get(backend)
        except torchlite.errors.BackendError as error:
            print(f"skipped: {error}")
        else:
            yield f"torchlite, {backend}", torchlite, lambda b=backend: torchlite.backends.use(b)
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        print("skipped: PyTorch is not installed, so there is nothing to compare with")
    else:
        yield "PyTorch", torch, nullcontext


def compare(steps: dict[str, tuple[Any, Callable]], rounds: int, repeat: int) -> None:
    """Print the median time of one call of each (context, step), and its speed over the last one's.

    A round runs every contender `repeat` times, each round in a different order. The ratio is the
    median of the rounds' ratios: above 1, the contender is faster than the last one.
    """
    times: dict[str, list[float]] = {name: [] for name in steps}
    names = list(steps)
    for round_ in range(rounds + 1):
        shift = round_ % len(names)
        for name in names[shift:] + names[:shift]:
            elapsed = _time_one(*steps[name], repeat)
            if round_:  # the first one warms up
                times[name].append(elapsed)
    reference = names[-1]
    for name in names:
        ratio = statistics.median(r / t for r, t in zip(times[reference], times[name]))
        median = statistics.median(times[name]) * 1e6
        print(f"  {name:20}{median:10.1f} µs   {ratio:6.2f} x the speed of {reference}")


def _time_one(context: Any, step: Callable[[], Any], repeat: int) -> float:
    with context():
        start = time.perf_counter()
        for _ in range(repeat):
            step()
        return (time.perf_counter() - start) / repeat
