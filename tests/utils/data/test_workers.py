"""DataLoader with worker processes. Real ones: what they say, and how they end."""

import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import torchlite as torch
from torchlite.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
    get_worker_info,
)
from torchlite.utils.data.starting import can_fork, context_for_workers

pytestmark = [
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),  # on a single processor
    pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork"),
]
ROOT = Path(__file__).resolve().parents[3]
TEN = list(range(10))


class From(Dataset):
    """Sample i is ``function(i)``."""

    def __init__(self, function, length=10):
        self.function, self.length = function, length

    def __getitem__(self, i):
        return self.function(i)

    def __len__(self):
        return self.length


class Stream(IterableDataset):
    """Its samples are shared out among the workers."""

    def __init__(self, length=10):
        self.length = length

    def __iter__(self):
        info = get_worker_info()
        return iter(range(info.id, self.length, info.num_workers))

    def __len__(self):
        return self.length


class Custom(Exception):
    def __init__(self, first, second):
        super().__init__(first, second)


def lists(loader):
    return [batch.tolist() for batch in loader]


def fail(error):
    def function(i):
        if i == 3:
            raise error
        return i

    return function


def children():
    return multiprocessing.active_children()


@pytest.fixture(autouse=True)
def no_worker_is_left():
    yield
    gc.collect()
    assert children() == []


# --- batches -------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [
    {}, {"batch_size": 4, "drop_last": True}, {"batch_size": None}, {"prefetch_factor": 5},
    {"batch_size": 3, "shuffle": True}, {"batch_size": 2, "persistent_workers": True},
    {"batch_sampler": [[1, 2], [9, 8, 7], [0]]},
])  # fmt: skip
def test_batches_and_random_streams_are_those_of_the_main_process(options):
    workers = {"num_workers": 2, **options}
    alone = {k: v for k, v in options.items() if not k.startswith(("prefetch", "persistent"))}
    results = []
    for chosen in (workers, alone):
        torch.manual_seed(0)
        loader = DataLoader(torch.arange(10), **chosen)
        results.append((lists(loader), len(loader), torch.rand(1).item()))
    assert results[0] == results[1]


@pytest.mark.parametrize("shared", [True, False])
def test_tensors_large_and_small_come_back_whole(shared, monkeypatch):
    if not shared:  # as where there is no memory without a name
        monkeypatch.delattr(os, "memfd_create", raising=False)
    x = torch.randn(6, 3, 300, 300)
    for batch_size in (1, 3):
        loader = DataLoader(TensorDataset(x, torch.arange(6)), batch_size, num_workers=2)
        batches = list(loader)
        assert torch.equal(torch.cat([images for images, _ in batches]), x)
        assert torch.cat([labels for _, labels in batches]).tolist() == [0, 1, 2, 3, 4, 5]
        for images, _ in batches:
            images.zero_()  # the memory is the batch's own


def test_any_object_is_a_batch():
    kinds = [torch.float16, torch.complex64, torch.bool, torch.int8]

    def sample(i):
        tensors = [torch.ones(i + 1, 400, 400).to(kind).permute(1, 2, 0) for kind in kinds]
        return {"tensors": tensors, "text": "x" * i, "array": np.arange(200_000)[::2], "none": None}

    for i, batch in enumerate(DataLoader(From(sample, 3), None, num_workers=1)):
        assert [t.dtype for t in batch["tensors"]] == kinds
        assert all(t.shape == (400, 400, i + 1) and bool(t.all()) for t in batch["tensors"])
        assert batch["text"] == "x" * i and batch["none"] is None
        assert batch["array"].tolist() == list(range(0, 200_000, 2))


def test_long_lists_of_indices_do_not_block():
    order = list(range(60_000))
    loader = DataLoader(order, batch_sampler=[order] * 8, num_workers=1, prefetch_factor=8)
    assert all(batch.tolist() == order for batch in loader)


def test_streams():
    pairs = [[0, 2], [1, 3], [4, 6], [5, 7], [8], [9]]
    assert lists(DataLoader(Stream(), 2, num_workers=2)) == pairs
    assert lists(DataLoader(Stream(), 3, num_workers=2, drop_last=True)) == [[0, 2, 4], [1, 3, 5]]
    loader = DataLoader(Stream(7), None, num_workers=2, persistent_workers=True)
    assert list(loader) == list(loader) == [0, 1, 2, 3, 4, 5, 6]


def test_a_stream_that_is_longer_than_it_says():
    class Wrong(Stream):
        def __len__(self):
            return 3

    loader = DataLoader(Wrong(4), None, num_workers=2)
    assert list(loader) == [0, 1, 2, 3]  # nobody has asked for the length
    assert len(loader) == 3
    with pytest.warns(UserWarning, match=r"(?s)was reported to be 3.*but 4 samples.*replica"):
        list(loader)


def test_the_number_of_passes():
    for persistent in (False, True):
        loader = DataLoader(TEN, 3, num_workers=2, persistent_workers=persistent)
        assert [len(lists(loader)) for _ in range(3)] == [4, 4, 4]
        assert len(children()) == 2 * persistent
        first, second = iter(loader), iter(loader)
        assert (first is second) is persistent
        del first, second


def test_a_pass_that_is_left_does_not_disturb_the_next():
    for persistent in (False, True):
        loader = DataLoader(TEN, 2, num_workers=2, persistent_workers=persistent)
        for batch in loader:
            assert batch.tolist() == [0, 1]
            break
        assert [batch[0] for batch in lists(loader)] == [0, 2, 4, 6, 8]


def test_out_of_order(tmp_path):
    def sample(i):  # 0 waits until another one has come: in order, that would be for ever
        while i == 0 and not (tmp_path / "come").exists():
            time.sleep(0.01)
        return i

    loader = DataLoader(From(sample, 4), None, num_workers=2, in_order=False)
    batches = iter(loader)
    assert next(batches) == 1
    (tmp_path / "come").touch()
    assert sorted(batches) == [0, 2, 3]


# --- what a worker knows -------------------------------------------------------------------------


def test_worker_info():
    def sample(_):
        info = get_worker_info()
        return info.id, info.num_workers, info.seed, type(info.dataset).__name__, os.getpid()

    torch.manual_seed(5)
    samples = list(DataLoader(From(sample, 4), None, num_workers=2, collate_fn=tuple))
    assert [s[:2] for s in samples] == [(0, 2), (1, 2), (0, 2), (1, 2)]
    assert samples[1][2] == samples[0][2] + 1 and samples[0][3] == "From"
    assert samples[0][4] == samples[2][4] != samples[1][4] and os.getpid() not in samples[0]
    assert get_worker_info() is None


def test_worker_init_fn_and_threads():
    set_by = {}

    def sample(i):
        return set_by["init"], torch.get_num_threads(), torch.backends.current().name

    threads = torch.get_num_threads()
    loader = DataLoader(From(sample, 2), None, num_workers=2,
                        worker_init_fn=lambda i: set_by.update(init=10 + i))  # fmt: skip
    name = torch.backends.current().name
    assert [tuple(s) for s in loader] == [(10, 1, name), (11, 1, name)]
    assert torch.get_num_threads() == threads and not set_by


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("error, kind", [
    (ValueError("bad sample"), ValueError), (KeyError("bad sample"), KeyError),
    (Custom("bad sample", 2), RuntimeError), (StopIteration("bad sample"), None),
])  # fmt: skip
def test_an_exception_comes_with_its_traceback(error, kind):
    loader = DataLoader(From(fail(error)), 2, num_workers=2)
    batches = iter(loader)
    assert next(batches).tolist() == [0, 1]
    name = type(error).__name__
    text = rf"(?s)Caught {name} in DataLoader worker process 1\.\nOriginal Traceback.*bad sample"
    if kind is None:  # an iterator cannot raise it otherwise
        with pytest.raises(StopIteration, match=text):
            next(batches)
    else:
        with pytest.raises(kind, match=text):
            next(batches)
    assert [batch.tolist() for batch in batches] == [[4, 5], [6, 7], [8, 9]]


def test_exceptions_of_preparation():
    def refuse(worker):
        raise ValueError(f"worker {worker} is not ready")

    loader = DataLoader(TEN, num_workers=1, worker_init_fn=refuse)
    with pytest.raises(ValueError, match="Caught ValueError(?s:.*)worker 0 is not ready"):
        next(iter(loader))
    loader = DataLoader(From(lambda i: i), num_workers=1, collate_fn=lambda samples: lambda: 0)
    with pytest.raises((AttributeError, TypeError, RuntimeError), match="pickle"):
        next(iter(loader))


def test_an_exception_whose_class_only_the_worker_knows():
    class Local(Exception):
        pass

    loader = DataLoader(From(fail(Local("bad sample"))), None, num_workers=1, sampler=[3])
    with pytest.raises(RuntimeError, match=r"(?s)Caught Local in .*bad sample"):
        next(iter(loader))


def test_a_killed_worker():
    loader = DataLoader(From(lambda i: os.kill(os.getpid(), signal.SIGKILL)), num_workers=1)
    text = r"DataLoader worker \(pid\(s\) \d+\) exited unexpectedly\n.*SIGKILL"
    with pytest.raises(RuntimeError, match=text):
        next(iter(loader))
    loader = DataLoader(From(lambda i: sys.exit(3) if i == 2 else i), None, num_workers=2)
    batches = iter(loader)
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(RuntimeError, match=r"exited unexpectedly\nIts exit code is 3"):
        next(batches)


def test_timeout():
    forever = threading.Event()  # in a worker, nobody sets it
    loader = DataLoader(From(lambda i: forever.wait(60)), num_workers=1, timeout=0.1)
    for in_order in (True, False):
        loader.in_order = in_order
        batches = iter(loader)
        with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.1 seconds"):
            next(batches)
        for worker in children():
            worker.terminate()


def test_wrong_arguments():
    for options, kind, text in (
        ({"prefetch_factor": -1}, ValueError, "prefetch_factor option should be non-negative"),
        ({"multiprocessing_context": "magic"}, ValueError, r"valid start method in \['fork'"),
        ({"multiprocessing_context": 3}, TypeError, "should be a valid context object or a string"),
    ):
        with pytest.raises(kind, match=text):
            DataLoader(TEN, num_workers=1, **options)
    with pytest.raises(AssertionError, match="prefetch_factor must be greater than 0"):
        iter(DataLoader(TEN, num_workers=1, prefetch_factor=0))


def test_more_workers_than_processors():
    with pytest.warns(UserWarning, match="This DataLoader will create 1000 worker processes"):
        DataLoader(TEN, num_workers=1000)


# --- how workers start ---------------------------------------------------------------------------


def in_a_thread(function):
    """What `function` returns in another thread."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def while_a_thread_runs(function, check):
    """What `check` returns while ``function(inside, stop)`` runs, which sets one, awaits one."""
    inside, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=function, args=(inside, stop))
    thread.start()
    inside.wait()
    try:
        return check()
    finally:
        stop.set()
        thread.join()


def compute(inside, stop):
    def sample(_):
        inside.set()
        return stop.wait()

    list(DataLoader([0], None, collate_fn=sample))  # stands for any function of torchlite


def work(inside, stop):
    inside.set()
    while not stop.is_set():
        sum(range(100))


def test_forking_is_safe_while_no_other_thread_computes():
    safe = sys.platform != "darwin"
    assert can_fork() == while_a_thread_runs(work, can_fork) == safe
    assert not while_a_thread_runs(compute, can_fork)
    assert not in_a_thread(can_fork)


def test_a_program_may_set_the_start_method():
    default, *_ = multiprocessing.get_all_start_methods()

    def method():
        return context_for_workers().get_start_method()

    assert method() == ("fork" if can_fork() else default)
    assert while_a_thread_runs(compute, method) in ("forkserver", "spawn")
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method("spawn", force=True)
    try:
        assert method() == "spawn"
    finally:
        multiprocessing.set_start_method(before, force=True)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_start_methods(method):
    loader = DataLoader(TensorDataset(torch.arange(4)), 2, num_workers=1,
                        multiprocessing_context=method)  # fmt: skip
    assert [numbers.tolist() for (numbers,) in loader] == [[0, 1], [2, 3]]


def test_what_cannot_be_pickled_is_named():
    loader = DataLoader(From(lambda i: i), num_workers=2, multiprocessing_context="spawn")
    text = r"(?s)lambda.*starts worker processes by 'spawn', which pickles the data set"
    with pytest.raises((AttributeError, TypeError, pickle.PicklingError), match=text):
        iter(loader)


LAYERS = ["default", "workqueue"] + ["omp"] * (sys.platform == "linux")


@pytest.mark.parametrize("layer", LAYERS)
def test_workers_after_kernels_ran_in_several_threads(layer):
    pytest.importorskip("numba")
    code = """
import torchlite as torch
from torchlite.utils.data import DataLoader
torch.set_num_threads(2)
def compute(i):
    x = torch.arange(1 << 20) * 1e-6 + i
    return torch.sigmoid(x).sum().item(), torch.softmax(x.reshape(1024, -1), 1).std().item()
alone = [compute(i) for i in range(4)]
for _ in range(2):
    loader = DataLoader(range(4), None, num_workers=2, collate_fn=lambda i: compute(i))
    assert list(loader) == alone
print("equal")
"""
    assert run(code, TORCHLITE_BACKEND="numba", NUMBA_THREADING_LAYER=layer) == "equal"


# --- how they end --------------------------------------------------------------------------------


def run(code, **environment):
    """What a new program prints that runs `code`; it must end by itself, in silence."""
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT,
                            capture_output=True, text=True, timeout=300,
                            env={**os.environ, **environment})  # fmt: skip
    assert result.returncode == 0 and not result.stderr, result.stderr
    return result.stdout.strip()


LEFT = """
from torchlite.utils.data import DataLoader
loader = DataLoader(list(range(1000)), num_workers=2, persistent_workers={})
batches = iter(loader)
print(next(batches).item())
"""


@pytest.mark.parametrize("persistent", [False, True])
def test_a_program_may_end_amid_a_pass(persistent):
    assert run(LEFT.format(persistent)) == "0"


def test_workers_end_when_their_loader_is_dropped():
    loader = DataLoader(TEN, num_workers=2, persistent_workers=True)
    batches = iter(loader)
    next(batches)
    pids = [worker.pid for worker in children()]
    assert len(pids) == 2
    del loader, batches
    assert children() == []
    for pid in pids:  # reaped: no zombie is left
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_workers_end_when_the_main_process_is_killed():
    code = f"{LEFT.format(False)}import multiprocessing, os\n" + (
        "print(*[p.pid for p in multiprocessing.active_children()], flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE,
                          text=True) as program:  # fmt: skip
        _, pids = program.stdout.read().splitlines()  # ends when the last worker has closed it
    assert program.returncode == -9 and len(pids.split()) == 2


def test_an_interrupt_ends_all():
    code = f"{LEFT.format(False)}import os, signal\n" + (
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n    os.killpg(0, signal.SIGINT)\n    for _ in batches: pass\n"
        "except KeyboardInterrupt:\n    print('interrupted', flush=True)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                            start_new_session=True, timeout=300)  # fmt: skip
    assert result.stdout.split() == ["0", "interrupted"]
    assert result.returncode == 0 and not result.stderr


def test_a_fork_of_the_main_process_leaves_its_workers_alone():
    passes = [iter(DataLoader(TEN, 5, num_workers=1))]
    fork = multiprocessing.get_context("fork").Process(target=passes.clear)
    fork.start()
    fork.join()
    assert fork.exitcode == 0
    assert lists(passes[0]) == [TEN[:5], TEN[5:]]
