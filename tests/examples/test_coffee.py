"""Coffee roasting: the rule, the network that finds it, and the same computed by hand."""

import pytest

import torchlite as torch
from examples import coffee


def test_the_rule_is_a_triangle():
    temperature = torch.tensor([200.0, 170, 200, 250, 250, 262])
    minutes = torch.tensor([13.0, 13, 11.9, 12.1, 12.3, 12])
    expected = [True, False, False, True, False, False]
    assert coffee.is_good(temperature, minutes).tolist() == expected


def test_roasts_lie_where_they_should():
    x, y = coffee.roast(500)
    assert ((x > torch.tensor([150, 11.5])) & (x < torch.tensor([285, 15.5]))).all()
    assert y.shape == (500, 1)
    assert 0.1 < y.mean().item() < 0.4


def test_it_learns_the_triangle(capsys):
    # It begins with 0.8 for taking every roast as bad.
    assert coffee.main(["--epochs", "60"]) > 0.95
    printed = capsys.readouterr().out.splitlines()
    assert [line[:10] for line in printed[2:]] == ["in loops  ", "vectorised", "the model "]


def test_by_hand_is_what_the_model_says():
    x, _ = coffee.roast(20)
    model = coffee.Coffee(x)
    expected = model(x).detach()
    for compute in (coffee.in_loops, coffee.vectorised):
        torch.testing.assert_close(compute(model, x).detach(), expected)


def test_a_difference_would_be_told(monkeypatch):
    monkeypatch.setattr(coffee, "vectorised", lambda model, x: model(x) + 0.1)
    with pytest.raises(AssertionError, match="not close"):
        coffee.main(["--epochs", "1", "--count", "40"])


def test_picture(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is an extra: torchlite[plot]")
    coffee.main(["--epochs", "20", "--picture", str(tmp_path / "coffee.png")])
    assert (tmp_path / "coffee.png").stat().st_size > 1000


def test_both_backends_judge_alike():
    pytest.importorskip("numba")
    options = ["--epochs", "3", "--backend"]
    accuracies = [coffee.main([*options, backend]) for backend in ("numpy", "numba")]
    assert accuracies[0] == pytest.approx(accuracies[1], abs=2e-3)
