"""A profiler for operations, by name, and for blocks that the program names.

Times are wall-clock times in microseconds. Operations inside other operations, and those of the
backward pass, are attributed to the call that ran them.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from torchlite.core.overrides import TorchFunctionMode, resolve_name

_COLUMNS = ("Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg",
            "# of Calls")  # fmt: skip


class FunctionEvent(NamedTuple):
    """One call of an operation, or one run of a block. Times in microseconds."""

    name: str
    start: float
    cpu_time_total: float
    self_cpu_time_total: float  # without nested events


class FunctionEventAvg:
    """All events with the same name."""

    def __init__(self, key: str, events: list[FunctionEvent]) -> None:
        self.key, self.count = key, len(events)
        self.cpu_time_total = sum(event.cpu_time_total for event in events)
        self.self_cpu_time_total = sum(event.self_cpu_time_total for event in events)

    @property
    def cpu_time(self) -> float:
        """The mean time of an event."""
        return self.cpu_time_total / self.count


class EventList(list):
    """The result of `profile.key_averages`: a printable list of `FunctionEventAvg`."""

    @property
    def self_cpu_time_total(self) -> float:
        """The total time of all events."""
        return sum(event.self_cpu_time_total for event in self)

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options: Any) -> str:
        """A readable table. `sort_by`: an attribute of `FunctionEventAvg`, in descending order.

        Raises: AttributeError if there is no such attribute.
        """
        events = sorted(self, key=lambda e: -getattr(e, sort_by)) if sort_by else self
        rows = [_COLUMNS, *(self._row(event) for event in events[:row_limit])]
        widths = [max(map(len, column)) for column in zip(*rows)]
        rule = "  ".join("-" * width for width in widths)
        lines = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths)) for row in rows]
        total = f"Self CPU time total: {_readable(self.self_cpu_time_total)}"
        return "\n".join([rule, lines[0], rule, *lines[1:], rule, total, ""])

    def _row(self, event: FunctionEventAvg) -> tuple[str, ...]:
        own, total = event.self_cpu_time_total, event.cpu_time_total
        whole = self.self_cpu_time_total or 1.0
        return (event.key, f"{own / whole:.2%}", _readable(own), f"{total / whole:.2%}",
                _readable(total), _readable(event.cpu_time), str(event.count))  # fmt: skip

    def __str__(self) -> str:
        return self.table()


def _readable(time_us: float) -> str:
    for unit, size in (("s", 1e6), ("ms", 1e3)):
        if time_us >= size:
            return f"{time_us / size:.3f}{unit}"
    return f"{time_us:.3f}us"


class Timer(TorchFunctionMode):
    """Collects events: of operations inside ``with timer:``, and of `record_function`."""

    def __init__(self) -> None:
        self.events: list[FunctionEvent] = []
        self._inside = [0.0]  # for each open event, the time of its nested events

    def __torch_function__(self, func: Callable, types: Iterable[type], args: tuple = (),
                           kwargs: dict | None = None) -> Any:  # fmt: skip
        name = (resolve_name(func) or func.__name__).rpartition(".")[2]
        self.open()
        start = time.perf_counter()
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self.close(name, start)

    def open(self) -> None:
        """Begin an event."""
        self._inside.append(0.0)

    def close(self, name: str, start: float) -> None:
        """End the most recently opened event, which began at `start`."""
        took = (time.perf_counter() - start) * 1e6
        own = took - self._inside.pop()
        self._inside[-1] += took
        self.events.append(FunctionEvent(name, start * 1e6, took, own))


_timers: list[Timer] = []  # the active ones


class profile:
    """Inside ``with profile() as prof:``, operations and `record_function` blocks are timed.

    If not `enabled`, nothing is timed. PyTorch's other options are accepted and ignored.
    """

    def __init__(self, enabled: bool = True, **options: Any) -> None:
        self._enabled, self._timer = enabled, Timer()

    def __enter__(self) -> Any:
        if self._enabled:
            self._timer.__enter__()
            _timers.append(self._timer)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._enabled:
            _timers.remove(self._timer)
            self._timer.__exit__()

    def events(self) -> list[FunctionEvent]:
        """All events, in the order they ended."""
        return list(self._timer.events)

    def key_averages(self, group_by_input_shape: bool = False, **options: Any) -> EventList:
        """The events grouped by name, in order of first occurrence. The options are ignored."""
        by_name: dict[str, list[FunctionEvent]] = {}
        for event in self._timer.events:
            by_name.setdefault(event.name, []).append(event)
        return EventList(FunctionEventAvg(*item) for item in by_name.items())

    def table(self, *args: Any, **kwargs: Any) -> str:
        """``key_averages().table(...)``."""
        return self.key_averages().table(*args, **kwargs)

    def export_chrome_trace(self, path: str) -> None:
        """Write the events to a file for chrome://tracing."""
        events = [{"name": e.name, "ph": "X", "pid": 0, "tid": 0, "ts": e.start,
                   "dur": e.cpu_time_total} for e in self._timer.events]  # fmt: skip
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"traceEvents": events}, file)


class record_function:
    """Times a block or, as a decorator, a function under `name` while a `profile` is active."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name

    def __enter__(self) -> record_function:
        self._timers, self._start = tuple(_timers), time.perf_counter()
        for timer in self._timers:
            timer.open()
        return self

    def __exit__(self, *exc: object) -> None:
        for timer in self._timers:
            timer.close(self.name, self._start)

    def __call__(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name):
                return function(*args, **kwargs)

        return timed


__all__ = ["EventList", "FunctionEvent", "FunctionEventAvg", "Timer", "profile", "record_function"]
