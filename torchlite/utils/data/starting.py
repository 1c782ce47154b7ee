"""How worker processes start: forked where that is safe, as then nothing need be pickled."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from multiprocessing.context import BaseContext
from types import FrameType
from typing import Any

_COMPUTING = {"torchlite", "torchlite_numba", "numba", "llvmlite"}
_LOOKS = 5  # a single one might fall between two operations


def can_fork() -> bool:
    """Whether it is safe to fork this process.

    The child has only the thread that forks. So this must be the main thread, and no other one may
    be computing, here or in Numba: it might hold a lock that the child would find locked forever.
    Other threads (of progress bars, loggers, notebooks) do not matter, nor do the backends' thread
    pools: a worker computes with one thread and does not need them. On macOS, system libraries do
    not survive a fork.
    """
    return (
        "fork" in multiprocessing.get_all_start_methods()
        and sys.platform != "darwin"
        and threading.current_thread() is threading.main_thread()
        and not any(_others_compute() for _ in range(_LOOKS))
    )


def _others_compute() -> bool:
    """Whether another Python thread is inside a function of torchlite or Numba."""
    frames = sys._current_frames()
    del frames[threading.get_ident()]  # it would keep itself and our callers' variables alive
    if frames:
        time.sleep(0.001)  # lets the others run before the next look
    return any(map(_computes, frames.values()))


def _computes(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] in _COMPUTING:
            return True
        frame = frame.f_back
    return False


def as_context(given: Any) -> BaseContext:
    """The multiprocessing context for `given`, a context or the name of a start method.

    Raises: ValueError for an unknown name; TypeError if it is neither.
    """
    if isinstance(given, str):
        methods = multiprocessing.get_all_start_methods()
        if given not in methods:
            raise ValueError(
                "multiprocessing_context option should specify a valid start method in "
                f"{methods!r}, but got multiprocessing_context={given!r}"
            )
        return multiprocessing.get_context(given)
    if not isinstance(given, BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string "
            f"specifying the start method, but got multiprocessing_context={given}"
        )
    return given


def context_for_workers() -> BaseContext:
    """The start method that the program has set; by default "fork" if safe, else a fresh process.

    A method counts as set if it differs from Python's default.
    """
    first, *_ = multiprocessing.get_all_start_methods()
    chosen = multiprocessing.get_start_method(allow_none=True)
    if chosen is not None and chosen != first:
        return multiprocessing.get_context(chosen)
    if can_fork():
        return multiprocessing.get_context("fork")
    methods = multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")


@contextmanager
def interrupts(*, blocked: bool) -> Iterator[None]:
    """Block Ctrl-C inside this block, or let it through; a process started inside inherits that."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    how = signal.SIG_BLOCK if blocked else signal.SIG_UNBLOCK
    before = signal.pthread_sigmask(how, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start(process: Any, context: BaseContext, ours: bool) -> None:
    """Start a worker; `ours`: `context` was not chosen by the user.

    Raises: what pickling raises, if the worker is not forked and its data set cannot be pickled.
    """
    try:
        # a fork server would pass a blocked signal on to every process it ever starts
        is_server = context.get_start_method() == "forkserver"
        with warnings.catch_warnings(), nullcontext() if is_server else interrupts(blocked=True):
            if ours:  # Python 3.12 warns of any other thread; `can_fork` has looked
                warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        text = (
            f"{error}\nThis DataLoader starts worker processes by {context.get_start_method()!r}, "
            "which pickles the data set, collate_fn and worker_init_fn: their functions and "
            "classes must be defined at the top level of a module."
        )
        if ours:
            text += " Or use multiprocessing_context='fork', while no other thread computes."
        raise type(error)(text) from error
