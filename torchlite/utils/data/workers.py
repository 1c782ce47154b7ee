"""The batches of a `DataLoader` with worker processes.

Each worker has its own pipe, and answers requests in order. So the main process takes the next
batch from the worker it requested it from, and a worker that dies corrupts no shared queue.
"""

from __future__ import annotations

import os
import signal
import weakref
from collections import deque
from contextlib import suppress
from itertools import cycle, islice
from multiprocessing import connection
from typing import Any

from torchlite.backends.registry import current
from torchlite.utils.data import transfer
from torchlite.utils.data.passes import Pass
from torchlite.utils.data.starting import context_for_workers, interrupts, start
from torchlite.utils.data.worker import BATCH, END, FAILURE, RESUME, Task, run

_PATIENCE = 5.0  # seconds that a worker has to finish its batch when it is no longer needed
_SEE_ALSO = (
    "For multiprocessing data-loading, this could be caused by not properly configuring the "
    "IterableDataset replica at each worker. Each should yield its share of the samples, based on "
    "torchlite.utils.data.get_worker_info()."
)


class _Worker:
    """A worker process, as seen from the main one."""

    def __init__(self, context: Any, ours: bool, task: Task) -> None:
        self.active = True  # False once its stream has ended
        self.pipe, theirs = context.Pipe()
        _pipes.add(self.pipe)
        self.process = context.Process(target=run, args=(theirs, task), daemon=True)
        try:
            start(self.process, context, ours)
        except BaseException:
            self.pipe.close()
            raise
        finally:
            theirs.close()  # otherwise the pipe would outlive the worker

    def ask(self, word: str, index: Any = None) -> None:
        """Send a request."""
        with suppress(ConnectionError):  # `receive` reports a dead worker
            self.pipe.send((word, index))

    def receive(self, timeout: float) -> tuple[str, Any]:
        """The next answer.

        Raises: RuntimeError if none arrives within `timeout` seconds (0: wait forever), or if the
        worker is dead.
        """
        try:
            if not self.pipe.poll(timeout or None):
                raise _timed_out(timeout)
            with interrupts(blocked=True):  # half a message would corrupt the pipe
                return transfer.receive(self.pipe)
        except (EOFError, ConnectionError):
            self.active = False
            raise RuntimeError(self._obituary()) from None

    def _obituary(self) -> str:
        self.process.join(_PATIENCE)
        code = self.process.exitcode
        text = f"DataLoader worker (pid(s) {self.process.pid}) exited unexpectedly"
        if code is not None and code < 0:
            return f"{text}\nIt was killed by signal: {signal.Signals(-code).name}."
        return f"{text}\nIts exit code is {code}."


def _timed_out(seconds: float) -> RuntimeError:
    return RuntimeError(f"DataLoader timed out after {seconds} seconds")


#: Our ends of the pipes. A forked process closes its copies, so that workers see ours close.
_pipes: weakref.WeakSet[Any] = weakref.WeakSet()


def _close_pipes() -> None:
    for pipe in list(_pipes):
        pipe.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_pipes)


def _stop(workers: list[_Worker], owner: int) -> None:
    """Stop all workers, by force if they do not exit by themselves."""
    if os.getpid() != owner:
        return  # a forked copy of the main process
    for worker in workers:
        worker.pipe.close()
    for worker in workers:
        worker.process.join(_PATIENCE)
        for end in (worker.process.terminate, worker.process.kill):
            if worker.process.is_alive():
                end()
                worker.process.join(_PATIENCE)


class WorkerBatches(Pass):
    """The batches of a loader, made by its workers."""

    def __init__(self, loader: Any) -> None:
        if loader.prefetch_factor == 0:
            raise AssertionError(
                "prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter"
            )
        super().__init__(loader)
        self._timeout, self._in_order = loader.timeout, loader.in_order
        self._is_last_pass = not loader.persistent_workers
        self._ahead = loader.prefetch_factor * loader.num_workers
        self._workers: list[_Worker] = []
        self._finalizer = weakref.finalize(self, _stop, self._workers, os.getpid())
        try:
            self._start(loader)
        except BaseException:
            self._finalizer()
            raise
        self._begin(loader)  # PyTorch starts the sampler twice: random orders depend on it
        self._ask_ahead()

    def _start(self, loader: Any) -> None:
        given = loader.multiprocessing_context
        context = given or context_for_workers()
        for i in range(loader.num_workers):
            task = Task(
                self._source, i, loader.num_workers, self._base_seed, self._shared_seed,
                loader.worker_init_fn, current().name,
            )  # fmt: skip
            self._workers.append(_Worker(context, given is None, task))

    def restart(self, loader: Any) -> None:
        """Begin another pass with the same workers."""
        self._begin(loader)
        for worker in self._workers:
            worker.ask(RESUME, self._shared_seed)
        for worker in self._workers:
            while worker.receive(self._timeout)[0] != RESUME:
                pass  # leftovers of an unfinished pass
            worker.active = True
        self._ask_ahead()

    def _ask_ahead(self) -> None:
        self._turns = cycle(self._workers)
        self._asked: deque[_Worker] = deque()  # the workers of the next batches, in order
        for _ in range(self._ahead):
            self._ask()

    def _ask(self) -> None:
        """Ask the worker whose turn it is for another batch, if there is one."""
        active = sum(worker.active for worker in self._workers)
        turns = islice(self._turns, len(self._workers))
        worker = next((w for w in turns if w.active and self._has_time(w, active)), None)
        if worker is None:
            return
        for index in islice(self._indices, 1):
            worker.ask(BATCH, index)
            self._asked.append(worker)

    def _has_time(self, worker: _Worker, active: int) -> bool:
        return self._in_order or self._asked.count(worker) < self._ahead // active

    def __next__(self) -> Any:
        while self._asked:
            worker = self._asked[0] if self._in_order else self._first_ready()
            word, value = self._receive(worker)
            self._ask()
            if word == FAILURE:
                value.reraise()
            if word == BATCH:
                if self._reported is not None:
                    self._count(_SEE_ALSO)
                return value
        if self._is_last_pass:
            self._finalizer()
        raise StopIteration

    def _first_ready(self) -> _Worker:
        """A worker that has an answer."""
        waiting = {worker.pipe: worker for worker in self._asked}
        for pipe in connection.wait(waiting, self._timeout or None):
            return waiting[pipe]  # type: ignore[index]
        raise _timed_out(self._timeout)

    def _receive(self, worker: _Worker) -> tuple[str, Any]:
        try:
            word, value = worker.receive(self._timeout)
        finally:
            if not worker.active:
                self._forget(worker)
        if word == END:
            worker.active = False
            self._forget(worker)
        else:
            self._asked.remove(worker)
        return word, value

    def _forget(self, worker: _Worker) -> None:
        self._asked = deque(w for w in self._asked if w is not worker)
