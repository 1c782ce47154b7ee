"""Metrics against their definitions, however the examples are cut into batches."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import torchlite as torch
from torchlite.training import (
    F1,
    R2,
    Accuracy,
    ConfusionMatrix,
    MeanAbsoluteError,
    MeanSquaredError,
    Precision,
    Recall,
    TopK,
)


def gathered(metric, output, target, sizes):
    metric.reset()
    for o, t in zip(output.split(sizes), target.split(sizes)):
        metric.update(o, t)
    return metric.compute()


def labels(draw, classes):
    count = draw(st.integers(1, 30))
    numbers = st.lists(st.integers(0, classes - 1), min_size=count, max_size=count)
    return draw(numbers), draw(numbers), draw(st.integers(1, count))


@given(st.data(), st.integers(2, 4))
def test_of_classes(data, classes):
    truth, guess, size = labels(data.draw, classes)
    output = torch.nn.functional.one_hot(torch.tensor(guess), classes).float()
    target, pairs = torch.tensor(truth), list(zip(truth, guess))
    right = sum(a == b for a, b in pairs) / len(pairs)
    assert gathered(Accuracy(), output, target, size) == pytest.approx(right)
    matrix = ConfusionMatrix(classes)
    assert gathered(matrix, output, target, size) == pytest.approx(right)
    counted = [[pairs.count((i, j)) for j in range(classes)] for i in range(classes)]
    assert matrix.matrix.tolist() == counted

    def share(i, total):
        return pairs.count((i, i)) / total if total else 0.0

    recalls = [share(i, truth.count(i)) for i in range(classes)]
    precisions = [share(i, guess.count(i)) for i in range(classes)]
    f1s = [2 * p * r / (p + r) if p + r else 0.0 for p, r in zip(precisions, recalls)]
    for metric, figures in ((Precision, precisions), (Recall, recalls), (F1, f1s)):
        expected = figures[1] if classes == 2 else sum(figures) / classes
        assert gathered(metric(classes), output, target, size) == pytest.approx(expected)


def test_one_score_for_two_classes():
    output, target = torch.tensor([[0.9], [0.2], [0.6]]), torch.tensor([[1.0], [0.0], [0.0]])
    assert gathered(Accuracy(), output, target, 2) == pytest.approx(2 / 3)
    assert gathered(Accuracy(threshold=0.7), output, target, 2) == 1
    assert gathered(Precision(), output, target, 2) == 0.5
    assert gathered(Recall(), output, target, 2) == 1


def test_top_k():
    output = torch.tensor([[0.1, 0.5, 0.4], [0.7, 0.2, 0.1]])
    target = torch.tensor([2, 2])
    assert gathered(TopK(1), output, target, 1) == 0
    assert gathered(TopK(2), output, target, 1) == 0.5
    assert gathered(TopK(9), output, target, 1) == 1
    assert TopK(3).name == "top_3"


def test_of_numbers():
    output, target = torch.tensor([1.0, 2, 4, 4]), torch.tensor([1.0, 2, 3, 5])
    assert gathered(MeanAbsoluteError(), output, target, 3) == pytest.approx(0.5)
    assert gathered(MeanSquaredError(), output, target, 3) == pytest.approx(0.5)
    assert gathered(R2(), output, target, 3) == pytest.approx(1 - 2 / 8.75)
    assert gathered(R2(), target, target, 3) == 1


def test_nothing_is_nan():
    for metric in (Accuracy(), ConfusionMatrix(2), MeanAbsoluteError(), R2()):
        assert math.isnan(metric.compute())
