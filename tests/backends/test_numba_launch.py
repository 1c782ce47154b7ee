"""How kernels are declared, compiled, cached and launched, in threads and processes."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from torchlite.backends import get

numba = pytest.importorskip("numba")

from torchlite_numba import get_num_threads, launch, set_num_threads  # noqa: E402
from torchlite_numba.__main__ import main  # noqa: E402
from torchlite_numba.kernel import F32, I64, Real, codegen, kernel, kernels  # noqa: E402

fast = get("numba")
LARGE = launch.CHEAP_FROM + 3


@kernel(threshold=1000)
def _line(x: Real, out: Real, lo: int, hi: int, factor: float, summand: int) -> None:
    x, out = x[lo:hi], out[lo:hi]
    for i in range(out.size):
        out[i] = x[i] * factor + summand


@kernel
def _take(x: F32, index: I64, out: F32, lo: int, hi: int) -> None:
    for i in range(lo, hi):
        out[i] = x[index[i]]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("count", [0, 1, 999, 1000, 100_001])
def test_a_kernel_takes_arrays_integers_and_floats(kind, count):
    x = np.arange(count, dtype=kind)
    out = np.empty_like(x)
    _line.launch(x, out, count, 0.5, -3)
    np.testing.assert_array_equal(out, x * kind(0.5) - 3)


def test_arrays_that_are_read_may_have_any_layout():
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    read_only = base.copy()
    read_only.flags.writeable = False
    views = [base.T, base[::2], base[:, ::-1], np.broadcast_to(base[0], (3, 6)), base[2, 3],
             base[:0], np.array(2, np.float32), read_only, base.view(np.recarray)]  # fmt: skip
    for x in views:
        out = np.empty(x.shape, np.float32)
        _line.launch(x, out, x.size, 2.0, 1)
        np.testing.assert_array_equal(out, np.asarray(x) * 2 + 1)


def test_element_types_may_differ():
    x, out = np.arange(5, dtype=np.float32), np.empty(3, np.float32)
    _take.launch(x, np.array([4, 0, 4]), out, 3)
    assert out.tolist() == [4, 0, 4]


def test_a_kernel_of_real_arrays_names_the_types_it_takes():
    x = np.ones(3, np.float16)
    with pytest.raises(TypeError, match="line takes float32 and float64, not float16"):
        _line.launch(x, x.copy(), 3, 1.0, 0)


def test_debug_prints_what_is_compiled(monkeypatch, capsys):
    monkeypatch.setenv("TORCHLITE_DEBUG", "1")

    @kernel
    def _negated(x: F32, out: F32, lo: int, hi: int) -> None:
        for i in range(lo, hi):
            out[i] = -x[i]

    _negated.launch(np.ones(2, np.float32), np.empty(2, np.float32), 2)
    assert "out[i] = -x[i]" in capsys.readouterr().err


def test_warmup_leaves_nothing_to_compile(monkeypatch, capsys):
    main(["warmup"])
    assert capsys.readouterr().err.rstrip().endswith(f"{len(kernels)} kernels are ready")
    assert all(kernel.addresses for kernel in kernels)
    monkeypatch.setattr(codegen, "compile_kernel", None)
    x = np.ones((40, 30), np.float32)
    fast.linear(x, x, x[:, 0].copy()), fast.linear(x[:1, :2], x[:1, :2], x[0, :1])
    fast.gelu(x, "tanh"), fast.softmax(x, 1), fast.sum(x, 0, False)
    fast.layer_norm(x, None, None, 1, 1e-5)
    fast.adam_step([x], [x], [x], [x], None, 1, 0.1, 0.9, 0.9, 1.0, 0.0, False, False)


HELPED = """
import numpy as np
from torchlite_numba.kernel import F32, kernel
from helping import shifted

@kernel
def move(x: F32, out: F32, lo: int, hi: int) -> None:
    for i in range(lo, hi):
        out[i] = shifted(x[i])

out = np.zeros(1, np.float32)
move.launch(out, out, 1)
print(out[0])
"""
HELPING = """
from torchlite_numba.kernel import helper

@helper
def shifted(x):
    return x + {}
"""


def test_a_changed_helper_is_compiled_anew_although_its_kernels_are_cached(tmp_path):
    (tmp_path / "helped.py").write_text(HELPED)
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
    for summand in (1, 1, 25):
        (tmp_path / "helping.py").write_text(HELPING.format(summand))
        result = python(str(tmp_path / "helped.py"), NUMBA_CACHE_DIR=str(tmp_path / "cache"),
                        PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1")  # fmt: skip
        assert result.stdout.strip() == f"{summand}.0", result.stderr


# --- processes and threads -----------------------------------------------------------------------


@pytest.mark.skipif(get_num_threads() == 1, reason="one processor")
@pytest.mark.parametrize("axis", [0, 1, None])
def test_no_result_depends_on_the_number_of_threads(axis):
    x = np.random.default_rng(0).normal(size=(700, 900)).astype(np.float32)
    many = fast.sum(x, axis, False)
    before = get_num_threads()
    set_num_threads(1)
    try:
        np.testing.assert_array_equal(fast.sum(x, axis, False), many)
    finally:
        set_num_threads(before)


def test_the_number_of_threads_is_positive():
    with pytest.raises(RuntimeError, match="set_num_threads expects a positive integer"):
        set_num_threads(0)


def test_threads_may_launch_at_the_same_time():
    x = np.random.default_rng(0).normal(size=LARGE).astype(np.float32)
    expected, results = fast.sigmoid(x), []
    work = [threading.Thread(target=lambda: results.append(fast.sigmoid(x))) for _ in range(4)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(result, expected)


PROGRAM = """
import os, sys
import numpy as np
from torchlite.backends import get
x = np.full(300_000, -1, np.float32)
assert get("numba").relu(x).max() == 0
if hasattr(os, "fork") and "fork" in sys.argv:
    child = os.fork()
    if not child:
        os._exit(int(get("numba").relu(x).max()))
    assert os.waitpid(child, 0)[1] == 0
"""


def python(*args, **environment):
    return subprocess.run(
        [sys.executable, *args], env={**os.environ, **environment}, capture_output=True, text=True
    )


@pytest.mark.parametrize("layer", ["default", "omp", "workqueue"])
def test_a_forked_child_computes_whatever_the_threading_layer(layer):
    result = python("-c", PROGRAM, "fork", NUMBA_THREADING_LAYER=layer)
    if "No threading layer could be loaded" in result.stderr:
        pytest.skip(f"no {layer} here")
    assert result.returncode == 0, result.stderr


def test_kernels_compile_where_no_cache_folder_is_writable(tmp_path):
    (tmp_path / "file").write_text("")
    result = python("-c", PROGRAM, NUMBA_CACHE_DIR=str(tmp_path / "file" / "folder"))
    assert result.returncode == 0, result.stderr
