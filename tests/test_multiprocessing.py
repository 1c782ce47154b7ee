"""torchlite.multiprocessing: functions in several processes."""

import multiprocessing
import os
import pickle
import signal
import threading

import pytest

import torchlite as torch
import torchlite.multiprocessing as mp

pytestmark = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="no fork"
)


def square(i, folder, tensor):
    (folder / str(i)).write_text(str((tensor[i] ** 2).item()))


def fail(i):
    if i == 1:
        raise ValueError("bad process")
    threading.Event().wait(60)


def kill(i):
    os.kill(os.getpid(), signal.SIGKILL)


def leave(i):
    raise SystemExit(3)


def test_each_process_gets_its_number(tmp_path):
    assert mp.spawn(square, (tmp_path, torch.arange(3)), nprocs=2) is None
    assert [(tmp_path / str(i)).read_text() for i in range(2)] == ["0", "1"]


def test_an_exception_ends_the_others():
    context = mp.start_processes(fail, nprocs=2, join=False, start_method="fork")
    assert len(context.pids()) == 2
    text = r"(?s)-- Process 1 terminated with the following error:\nTraceback.*bad process"
    with pytest.raises(mp.ProcessRaisedException, match=text) as caught:
        while not context.join(grace_period=0):
            pass
    assert caught.value.error_index == 1 and caught.value.error_pid == context.pids()[1]
    assert context.join() and not any(process.is_alive() for process in context.processes)


@pytest.mark.parametrize("function, text, code, name", [
    (kill, "process 0 terminated with signal SIGKILL", -9, "SIGKILL"),
    (leave, "process 0 terminated with exit code 3", 3, None),
])  # fmt: skip
def test_processes_that_die(function, text, code, name):
    with pytest.raises(mp.ProcessExitedException, match=text) as caught:
        mp.start_processes(function, start_method="fork")
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.exit_code, error.signal_name, str(error)) == (code, name, text)


def test_waiting_has_an_end():
    context = mp.start_processes(fail, join=False, start_method="fork")
    assert not context.join(timeout=0.01)
    context.processes[0].kill()
    with pytest.raises(mp.ProcessExitedException, match="SIGKILL"):
        context.join()


def test_it_is_pythons_and_tensors_go_through_queues():
    assert torch.multiprocessing is mp and mp.Queue() and mp.get_context("fork")
    queue = mp.get_context("fork").SimpleQueue()
    queue.put({"x": torch.arange(3.0, requires_grad=True)})
    x = queue.get()["x"]
    assert x.tolist() == [0, 1, 2] and x.requires_grad


def test_sharing_strategies_are_remembered():
    before = mp.get_sharing_strategy()
    mp.set_sharing_strategy("file_system")
    assert mp.get_sharing_strategy() == "file_system" in mp.get_all_sharing_strategies()
    with pytest.raises(AssertionError, match="invalid sharing strategy 'magic'"):
        mp.set_sharing_strategy("magic")
    mp.set_sharing_strategy(before)
