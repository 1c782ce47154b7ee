"""Python's multiprocessing, and `spawn`, which runs a function in several processes.

Tensors sent to another process are copied.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing import *  # noqa: F403
from multiprocessing import connection
from typing import Any

__all__ = [
    *multiprocessing.__all__,  # type: ignore[attr-defined]
    "ProcessContext", "ProcessException", "ProcessExitedException", "ProcessRaisedException",
    "get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy", "spawn",
    "start_processes",
]  # fmt: skip

_STRATEGIES = {"file_descriptor", "file_system"}
_PATIENCE = 30.0  # seconds that a process has to exit when asked to


class _Settings:
    strategy = "file_descriptor"


def get_all_sharing_strategies() -> set[str]:
    """The strategies that `set_sharing_strategy` accepts."""
    return set(_STRATEGIES)


def get_sharing_strategy() -> str:
    """The strategy chosen with `set_sharing_strategy`. Default: "file_descriptor"."""
    return _Settings.strategy


def set_sharing_strategy(new_strategy: str) -> None:
    """Stored, but has no effect. Raises: AssertionError (as PyTorch) if it is unknown."""
    if new_strategy not in _STRATEGIES:
        raise AssertionError(
            f"invalid sharing strategy {new_strategy!r}, expected one of {_STRATEGIES}"
        )
    _Settings.strategy = new_strategy


class ProcessException(Exception):
    """A process started by `spawn` failed."""

    def __init__(self, msg: str, error_index: int, error_pid: int) -> None:
        super().__init__(msg, error_index, error_pid)
        self.msg, self.error_index, self.error_pid = msg, error_index, error_pid

    def __str__(self) -> str:
        return self.msg


class ProcessRaisedException(ProcessException):
    """The process raised an exception, whose traceback is in the message."""


class ProcessExitedException(ProcessException):
    """The process exited with an error, or was killed by a signal."""

    def __init__(self, msg: str, error_index: int, error_pid: int, exit_code: int,
                 signal_name: str | None = None) -> None:  # fmt: skip
        super().__init__(msg, error_index, error_pid)
        self.args = (msg, error_index, error_pid, exit_code, signal_name)
        self.exit_code, self.signal_name = exit_code, signal_name


class ProcessContext:
    """Processes that were started together; each of `reports` yields the traceback of one."""

    def __init__(self, processes: list[Any], reports: list[Any]) -> None:
        self.processes, self._reports = processes, reports
        self.sentinels = {process.sentinel: i for i, process in enumerate(processes)}

    def pids(self) -> list[int]:
        """The process ids."""
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait until a process ends; returns whether all have.

        If one fails, the others are terminated after `grace_period` seconds; its failure is raised.
        Raises: ProcessRaisedException; ProcessExitedException.
        """
        running = self.sentinels.values()
        waited = {**self.sentinels, **{self._reports[i]: i for i in running}}
        ready = connection.wait(list(waited), timeout) if waited else []
        for index in {waited[item] for item in ready}:
            trace, process = self._trace(index), self.processes[index]
            process.join()
            del self.sentinels[process.sentinel]
            if process.exitcode:
                self._end(grace_period)
                raise _failure(index, process, trace)
        return not self.sentinels

    def _trace(self, index: int) -> str | None:
        try:
            return self._reports[index].recv() if self._reports[index].poll() else None
        except EOFError:
            return None  # it has exited without a report

    def _end(self, grace_period: float | None) -> None:
        if grace_period is not None:
            self._join_all(grace_period)
        for process in self.processes:
            process.terminate()
        self._join_all(_PATIENCE if grace_period is None else grace_period)
        for process in self.processes:
            process.kill()
            process.join()
        self.sentinels.clear()

    def _join_all(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for process in self.processes:
            process.join(max(0.0, deadline - time.monotonic()))


def _failure(index: int, process: Any, trace: str | None) -> ProcessException:
    if trace is not None:
        text = f"\n\n-- Process {index} terminated with the following error:\n{trace}"
        return ProcessRaisedException(text, index, process.pid)
    code = process.exitcode
    name = signal.Signals(-code).name if code < 0 else None
    cause = f"signal {name}" if name else f"exit code {code}"
    text = f"process {index} terminated with {cause}"
    return ProcessExitedException(text, index, process.pid, code, name)


def _run(fn: Callable, index: int, args: tuple, report: Any) -> None:
    try:
        fn(index, *args)
    except KeyboardInterrupt:
        return  # the main process gets the same signal, and reports it
    except Exception:
        report.send(traceback.format_exc())
        sys.exit(1)


def start_processes(fn: Callable, args: tuple = (), nprocs: int = 1, join: bool = True,
                    daemon: bool = False,
                    start_method: str = "spawn") -> ProcessContext | None:  # fmt: skip
    """Call ``fn(i, *args)`` in processes i = 0 ... `nprocs` - 1.

    Args:
        fn: Must be picklable, unless `start_method` is "fork".
        args: The remaining arguments of `fn`.
        nprocs: How many processes.
        join: Wait for all of them; otherwise, return a `ProcessContext` to wait with.
        daemon: Whether they exit with this process.
        start_method: How they start: "spawn", "fork" or "forkserver".

    Raises: as `ProcessContext.join` does.
    """
    start: Any = multiprocessing.get_context(start_method)
    processes, reports = [], []
    for i in range(nprocs):
        ours, theirs = start.Pipe(duplex=False)
        process = start.Process(target=_run, args=(fn, i, args, theirs), daemon=daemon)
        process.start()
        theirs.close()
        processes.append(process)
        reports.append(ours)
    context = ProcessContext(processes, reports)
    if not join:
        return context
    while not context.join():
        pass
    return None


def spawn(fn: Callable, args: tuple = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
          start_method: str = "spawn") -> ProcessContext | None:  # fmt: skip
    """Like `start_processes`."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)
