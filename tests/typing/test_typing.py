"""What type checkers know: the generated stub is up to date, and they find a user's mistakes."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.typing import stub

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHECKERS = {
    "mypy": ["--strict", "--config-file=", "--follow-imports=silent", "--no-error-summary",
             f"--cache-dir={os.devnull}"],
    "pyright": ["--pythonpath", sys.executable],
}  # fmt: skip


def complaints(checker: str, program: str) -> dict[int, str]:
    """The errors that `checker` finds in a program, by line."""
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed: it is no dependency of the tests")
    command = [sys.executable, "-m", checker, *CHECKERS[checker], f"tests/typing/{program}"]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = [line.split(":", 2) for line in done.stdout.splitlines() if ": error:" in line
             or " - error:" in line]  # fmt: skip
    return {int(line): message for _, line, message in found}


def test_the_stub_of_the_methods_is_up_to_date():
    assert stub.PATH.read_text() == stub.generated(), f"run python {stub.__file__}"


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_a_checker_has_nothing_to_say_about_a_correct_program(checker):
    assert complaints(checker, "program.py") == {}


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_a_checker_finds_every_mistake_and_nothing_else(checker):
    lines = (HERE / "mistakes.py").read_text().splitlines()
    planted = {n for n, line in enumerate(lines, 1) if "# mistake:" in line}
    assert len(planted) >= 20
    assert set(complaints(checker, "mistakes.py")) == planted
