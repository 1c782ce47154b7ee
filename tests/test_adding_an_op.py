"""What README promises whoever adds an operation: three files, and all tests reach it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: File -> (a line of it, what is put before that line).
EDITS = {
    "torchlite/backends/composites/activations.py": ("    def sigmoid_backward(", """\
    def bent(xp, input: Array) -> Array:
        \"\"\"``input / (1 + input**2)``.\"\"\"
        return xp.div(input, xp.add(xp.square(input), 1))

    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")
"""),
    "torchlite/ops/math/exponentials.py": ("__all__ = [", """\
def _bent_input(xp: Any, g: Any, input: Any) -> Any:
    square = xp.square(input)
    return xp.mul(g, xp.div(xp.sub(1, square), xp.square(xp.add(square, 1))))


@unary(floats=True, input=_bent_input)
def bent(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    \"\"\"``input / (1 + input**2)``.\"\"\"


"""),
    "tests/ops/samples.py": ("_PARTS = (", """\
ELEMENTWISE["bent"] = valued(lambda x: x / (1 + x * x), _unary(-3, 3))
"""),
}  # fmt: skip
#: In the copy: the decorator above the first anchor serves the new body.
REPLACED = {
    "torchlite/backends/composites/activations.py": (
        '    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")\n    def bent(',
        "    @composite(ELEMENTWISE, takes=_FLOAT)\n    def bent(",
    ),
    "torchlite/ops/math/exponentials.py": ("__all__ = [", '__all__ = [\n    "bent",'),
    "tests/ops/samples.py": ("import call, each", "import call, each, valued"),
}


@pytest.mark.slow
def test_an_elementwise_op_takes_three_files_and_meets_every_test(tmp_path):
    for name in ("torchlite", "torchlite_numba", "tests", "pyproject.toml"):
        source = ROOT / name
        if source.is_file():
            shutil.copy(source, tmp_path)
        else:
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, (anchor, text) in EDITS.items():
        path = tmp_path / name
        changed = path.read_text().replace(anchor, text + anchor, 1).replace(*REPLACED[name], 1)
        assert "bent" in changed
        path.write_text(changed)
    assert len(EDITS) <= 3
    code = "import torchlite as t; print(t.ones(2).bent_().tolist(), t.backends.describe('numpy'))"
    assert run(tmp_path, "-c", code).startswith("[0.5, 0.5]")
    tests = run(tmp_path, "-m", "pytest", "-v", "-k", "bent", "-p", "no:cacheprovider",
                "tests/ops", "tests/func", "tests/backends/test_suite.py")  # fmt: skip
    for file in ("test_values", "test_gradients", "test_vmap_operations", "test_suite"):
        assert f"{file}.py::" in tests
    assert "failed" not in tests


def run(folder, *command):
    """What Python prints for `command`, in a new process inside `folder`."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    result = subprocess.run([sys.executable, *command], cwd=folder, env=environment,
                            capture_output=True, text=True)  # fmt: skip
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout
