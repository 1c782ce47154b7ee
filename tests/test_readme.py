"""The README keeps its word: commands, training loop, files it names."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_first_two_lines_of_code_install_and_train_and_test():
    train, test = (code for _, code in BLOCKS[:2])
    assert train.count("\n") == test.count("\n") == 1
    assert "[numba" in train and "examples/mnist.py" in train
    assert "[test]" in test and "pytest -n auto" in test


def test_the_training_loop_trains(monkeypatch, capsys):
    loop = next(code for language, code in BLOCKS if language == "python")
    assert len(loop.splitlines()) <= 21
    monkeypatch.chdir(ROOT)
    exec(compile(loop.replace("range(2)", "range(1)"), "README.md", "exec"), {})
    assert float(capsys.readouterr().out.split()[-1]) < 1


def test_the_few_lines_with_a_trainer_train(monkeypatch, capsys):
    code = next(code for language, code in BLOCKS if language == "python" and "Trainer(" in code)
    monkeypatch.chdir(ROOT)
    for data in ("train.data / 255", "train.targets"):
        assert data in code
        code = code.replace(data, f"({data})[:6400]")
    exec(compile(code, "README.md", "exec"), {})
    assert float(capsys.readouterr().out.rstrip("}\n").split()[-1]) > 0.85


def test_the_files_it_names_exist():
    named = re.findall(r"`((?:torchlite|torchlite_numba|tests|examples)/[\w/.]+)`", README)
    named += re.findall(r"(?:python|pytest) ((?:tests|examples)/[\w/.]+)", README)
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]
