"""`torch.profiler`: `torchlite.autograd.profiler` with a schedule of steps."""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Iterable
from typing import Any

from torchlite.autograd.profiler import Timer, record_function
from torchlite.autograd.profiler import profile as Profile


class ProfilerActivity(enum.Enum):
    """What to profile: always the CPU here."""

    CPU, CUDA, XPU, MTIA = range(4)


class ProfilerAction(enum.Enum):
    """What to do in a step."""

    NONE, WARMUP, RECORD, RECORD_AND_SAVE = range(4)


def schedule(*, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0,
             skip_first_wait: int = 0) -> Callable[[int], ProfilerAction]:  # fmt: skip
    """The action of each step: after `skip_first` steps, cycles of `wait`, `warmup` and `active`.

    Args:
        repeat: Number of cycles; 0: forever.
        skip_first_wait: If not 0, the first cycle does not wait.
    """

    def action(step: int) -> ProfilerAction:
        step -= skip_first
        if step >= 0 and skip_first_wait:
            step += wait
        cycle, place = divmod(step, wait + warmup + active)
        if step < 0 or (repeat and cycle >= repeat) or place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        is_last = place == wait + warmup + active - 1
        return ProfilerAction.RECORD_AND_SAVE if is_last else ProfilerAction.RECORD

    return action


def _always(step: int) -> ProfilerAction:
    return ProfilerAction.RECORD


_RECORDING = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


class profile(Profile):
    """Inside ``with profile(...) as prof:``, operations and `record_function` blocks are timed.

    Args:
        schedule: ``schedule(step)`` returns the action of each step. Default: always record.
        on_trace_ready: ``on_trace_ready(prof)`` is called when a recording ends.

    `step` advances to the next step. PyTorch's other options are accepted without effect.
    """

    def __init__(self, *, activities: Iterable[ProfilerActivity] | None = None,
                 schedule: Callable[[int], ProfilerAction] | None = None,
                 on_trace_ready: Callable[[Any], Any] | None = None,
                 **options: Any) -> None:  # fmt: skip
        super().__init__()
        self._schedule, self._on_trace_ready = schedule or _always, on_trace_ready
        self.step_num = 0
        self._records = False

    @property
    def current_action(self) -> ProfilerAction:
        """The action of the current step."""
        return self._schedule(self.step_num)

    def start(self) -> None:
        """Start profiling, as on entering ``with prof:``."""
        if self.current_action in _RECORDING:
            self._timer = Timer()
            super().__enter__()
            self._records = True

    def stop(self) -> None:
        """Stop profiling, as on leaving ``with prof:``."""
        if self._records:
            super().__exit__()
            self._records = False
            if self._on_trace_ready is not None:
                self._on_trace_ready(self)

    def step(self) -> None:
        """Mark the end of a step, and the beginning of the next."""
        ends = self.current_action is ProfilerAction.RECORD_AND_SAVE
        self.step_num += 1
        if ends:
            self.stop()
        if not self._records:
            self.start()

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def tensorboard_trace_handler(dir_name: str, worker_name: str | None = None,
                              use_gzip: bool = False) -> Callable[[profile], None]:  # fmt: skip
    """An `on_trace_ready` function that writes a Chrome trace to the directory."""

    def handler(prof: profile) -> None:
        os.makedirs(dir_name, exist_ok=True)
        name = f"{worker_name or 'worker'}.{prof.step_num}.pt.trace.json"
        prof.export_chrome_trace(os.path.join(dir_name, name))

    return handler


__all__ = [
    "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule",
    "tensorboard_trace_handler",
]  # fmt: skip
