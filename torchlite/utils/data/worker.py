"""The main loop of a `DataLoader` worker process."""

from __future__ import annotations

import queue
import random
import threading
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

from torchlite import backends
from torchlite.backends.numpy.worker_seed import seed_worker
from torchlite.core.settings import set_num_threads
from torchlite.random import manual_seed
from torchlite.utils.data import transfer
from torchlite.utils.data.fetching import Source
from torchlite.utils.data.starting import interrupts
from torchlite.utils.data.worker_info import WorkerInfo, become_worker

#: The kinds of requests and answers. A worker answers in the order of the requests, except that
#: requests for batches of a stream that has ended get no answer.
BATCH, RESUME, FAILURE, END = "batch", "resume", "failure", "end"


class Task(NamedTuple):
    """The arguments that a worker is started with."""

    source: Source
    id: int
    num_workers: int
    base_seed: int
    shared_seed: int | None
    init: Callable[[int], Any] | None
    backend: str


class Failure(NamedTuple):
    """An exception on its way from a worker to the main process."""

    kind: type[BaseException]
    text: str

    @classmethod
    def of(cls, error: BaseException, worker: int) -> Failure:
        """The failure for `error`, caught by worker number `worker`."""
        trace = "".join(traceback.format_exception(error))
        name = type(error).__name__
        return cls(
            type(error), f"Caught {name} in DataLoader worker process {worker}.\nOriginal {trace}"
        )

    def reraise(self) -> None:
        """Raise the worker's exception; a RuntimeError if its class does not take a message."""
        if issubclass(self.kind, KeyError):
            raise self.kind(_Verbatim(self.text))
        try:
            error = self.kind(self.text)
        except Exception:  # a constructor may do anything with arguments it does not expect
            raise RuntimeError(self.text) from None
        raise error


class _Verbatim(str):
    """A message that KeyError shows with its line breaks intact."""

    def __repr__(self) -> str:
        return str(self)


def run(pipe: Any, task: Task) -> None:
    """Answer the requests that come through `pipe`, until its other end is closed.

    It starts with interrupts blocked: one that came too early or too late would print a traceback.
    """
    packets: queue.SimpleQueue[transfer.Packet | None] = queue.SimpleQueue()
    # sends one batch while the next is being made
    sender = threading.Thread(target=_deliver, args=(pipe, packets), daemon=True)
    sender.start()
    try:
        with interrupts(blocked=False):
            _answer_all(pipe, task, packets)
    except KeyboardInterrupt:
        return  # the main process gets the same signal, and reports it
    finally:
        packets.put(None)
        sender.join()  # a data set may exit the process: earlier batches are still delivered


def _answer_all(pipe: Any, task: Task, packets: queue.SimpleQueue[transfer.Packet | None]) -> None:
    maker = _Maker(task)
    while True:
        try:
            word, index = pipe.recv()
        except (EOFError, ConnectionError):
            return
        answer = maker.answer(word, index)
        if answer is not None:
            packets.put(_packed(*answer, task.id))
        del answer  # the next batch may need its memory


def _deliver(pipe: Any, packets: queue.SimpleQueue[transfer.Packet | None]) -> None:
    try:
        while (packet := packets.get()) is not None:
            transfer.send(pipe, packet)
    except ConnectionError:
        return  # the main process has closed its end: `_answer_all` sees that too


def _packed(word: str, value: Any, worker: int) -> transfer.Packet:
    """A pickled answer; if it cannot be pickled, a failure that says so."""
    try:
        return transfer.pack((word, value))
    except Exception as error:
        if isinstance(value, Failure):  # of a class that only this process knows
            failure = Failure(RuntimeError, value.text)
        else:
            failure = Failure.of(error, worker)
        return transfer.pack((FAILURE, failure))


class _Maker:
    """Makes batches from a worker's copy of the source."""

    def __init__(self, task: Task) -> None:
        self._source, self._id = task.source, task.id
        seed = task.base_seed + task.id
        random.seed(seed)
        manual_seed(seed)
        seed_worker(task.base_seed, task.id)
        become_worker(WorkerInfo(task.id, task.num_workers, seed, task.source.dataset))
        self._try(self._prepare, task)

    def _prepare(self, task: Task) -> None:
        backends.use(task.backend)
        set_num_threads(1)
        self._source.shard(task.num_workers, task.id)
        if task.init is not None:
            task.init(task.id)
        self._open(task.shared_seed)

    def _open(self, shared_seed: int | None) -> None:
        self._source.seed(shared_seed)
        self._fetch = self._source.open()
        self._ended = False

    def _try(self, prepare: Callable[..., None], *args: Any) -> None:
        """Prepare a pass; if that fails, all requests of the pass are answered with the failure."""
        self._failure: Failure | None = None
        try:
            prepare(*args)
        except Exception as error:
            self._failure = Failure.of(error, self._id)

    def answer(self, word: str, index: Any) -> tuple[str, Any] | None:
        """The answer to a request, or None for no answer. With RESUME, `index` is a shared seed."""
        if word == RESUME:
            self._try(self._open, index)
            return RESUME, None
        if self._failure is not None:
            return FAILURE, self._failure
        return None if self._ended else self._batch(index)

    def _batch(self, index: Any) -> tuple[str, Any]:
        try:
            return BATCH, self._source.collate(self._fetch(index))
        except Exception as error:
            if isinstance(error, StopIteration) and self._source.is_stream:
                self._ended = True
                return END, None
            return FAILURE, Failure.of(error, self._id)
