"""Praise and blame: the grammar, the batches, and that only the LSTM hears the order of words."""

import random

import pytest

import torchlite as torch
from examples import sentiment

SMALL = ["--reviews", "1000", "--epochs", "5", "--batch-size", "32", "--lr", "0.01"]


def test_order_matters_and_only_the_lstm_hears_it(capsys):
    accuracies = sentiment.main([*SMALL, "--predict", *sentiment.TWINS, "the food was blue"])
    assert accuracies["bag"] < 0.88
    assert accuracies["LSTM"] > 0.95
    praise, blame, unknown, note = (
        line.split() for line in capsys.readouterr().out.splitlines()[-6:-2]
    )
    assert praise[2] == blame[2]  # the same words, the same answer
    assert float(praise[4].strip("%")) > 90 > 10 > float(blame[4].strip("%"))
    assert unknown[-1] == note[-1].strip(")") == "blue"


@pytest.mark.parametrize("negation", ["", "not"])
def test_a_negation_turns_a_clause_round(monkeypatch, negation):
    monkeypatch.setattr(sentiment, "NEGATIONS", [negation])
    rng = random.Random(0)
    for _ in range(50):
        text, praises = sentiment.clause(rng)
        assert praises == ((text.split()[-1] in sentiment.PRAISE) != bool(negation))


def test_but_and_although_tell_which_clause_counts():
    for text, label in sentiment.reviews(300, seed=1):
        _, joint, second = text.partition(" but ")
        counts = second if joint else text.partition(" although ")[0]
        negated = {"not", "never"} & set(counts.split())
        assert label == ((counts.split()[-1] in sentiment.PRAISE) != bool(negated))


def test_reviews_are_all_different_and_repeatable():
    texts = [text for text, _ in sentiment.reviews(500, seed=0)]
    assert len(set(texts)) == 500
    assert texts == [text for text, _ in sentiment.reviews(500, seed=0)]
    assert texts != [text for text, _ in sentiment.reviews(500, seed=1)]


def test_a_batch_is_padded_and_knows_its_lengths():
    vocabulary = sentiment.Vocabulary(["the food was good", "the bed"])
    batch = [(vocabulary.encode(text), 1.0) for text in ("the bed", "THE food was blue")]
    words, lengths, labels = sentiment.collate(batch)
    assert words.tolist() == [[5, 2, 0, 0], [5, 3, 6, 1]]  # bed food good the was, from 2
    assert lengths.tolist() == [2, 4]
    assert labels.tolist() == [1.0, 1.0]


def test_an_empty_sentence_is_refused_before_the_training(capsys):
    with pytest.raises(SystemExit):
        sentiment.main(["--predict", "the food was good", " "])
    assert "a sentence must contain a word" in capsys.readouterr().err


@pytest.mark.parametrize("name", sentiment.MODELS)
def test_padding_does_not_change_an_answer(name):
    torch.manual_seed(0)
    model = sentiment.MODELS[name](9)
    alone = model(torch.tensor([[3, 4]]), torch.tensor([2]))
    beside = model(torch.tensor([[3, 4, 0, 0], [5, 6, 7, 8]]), torch.tensor([2, 4]))
    assert beside[0].item() == pytest.approx(alone.item(), abs=1e-6)


def test_both_backends_reach_the_same():
    pytest.importorskip("numba")
    small = ["--reviews", "200", "--epochs", "2"]
    both = [sentiment.main([*small, "--backend", backend]) for backend in ("numpy", "numba")]
    assert both[0] == pytest.approx(both[1], abs=0.03)


def test_pictures(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is an extra: torchlite[plot]")
    sentiment.main(["--reviews", "100", "--epochs", "1", "--pictures", str(tmp_path / "new")])
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {"sentiment_loss.png", "sentiment_accuracy.png"}


@pytest.mark.slow
def test_the_figures_of_the_docstring():
    accuracies = sentiment.main([])
    assert 0.7 < accuracies["bag"] < 0.8
    assert accuracies["LSTM"] > 0.99
