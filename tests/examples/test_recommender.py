"""Recommending films: what a user must never see, and that the planted tastes are found again."""

import math

import pytest

import torchlite as torch
from examples import recommender

SMALL = ["--epochs", "3", "--lr", "0.03"]


def test_it_learns_and_recommends(capsys):
    figures = recommender.main([*SMALL, "--user", "7", "--top", "5"])
    assert set(figures) == {"factors", "towers"}
    for row in figures.values():
        assert 0.4 < row["test"] < 0.75  # from the noise floor to what the biases reach
    assert figures["factors"]["top 5"] > 0.3  # two in a hundred by chance
    assert figures["towers"]["new films"] < figures["factors"]["new films"]
    printed = capsys.readouterr().out
    assert printed.count("val_loss") == 6
    assert printed.partition("for user 7:\n")[2].count("stars predicted") == 5


def test_nobody_is_recommended_what_they_rated_or_what_is_new():
    torch.manual_seed(0)
    world = recommender.make_world()
    found = recommender.recommend(world.planted, recommender.closed(world), 10)
    rated = {cell for part in world[2:] for cell in zip(*(c.tolist() for c in part[:2]))}
    for user, films in enumerate(found.tolist()):
        assert len(set(films)) == 10
        assert not rated.intersection((user, film) for film in films)
        assert max(films) < recommender.FILMS - recommender.NEW_FILMS


def test_an_unknown_user_is_refused_before_the_training(capsys):
    with pytest.raises(SystemExit):
        recommender.main(["--user", "400"])
    assert "expected 0 to 399, got 400" in capsys.readouterr().err


def test_precision_is_the_share_of_the_best_that_is_found():
    found, best = torch.tensor([[1, 2], [3, 4]]), torch.tensor([[2, 1], [4, 9]])
    assert recommender.precision(found, best) == 0.75


def test_the_parts_of_the_ratings_do_not_overlap_and_have_the_stated_noise():
    torch.manual_seed(0)
    world = recommender.make_world()
    cells = [set(zip(p.users.tolist(), p.films.tolist())) for p in world[2:]]
    assert len(set.union(*cells)) == sum(map(len, cells))
    for part in world[2:]:
        noise = part.stars - world.planted[part.users, part.films]
        assert noise.std().item() == pytest.approx(recommender.NOISE, rel=0.05)


def test_the_table_holds_what_the_model_says():
    torch.manual_seed(0)
    world = recommender.make_world()
    for make in recommender.MODELS.values():
        model = make(world, size=5)
        users, films = torch.tensor([3, 399]), torch.tensor([299, 0])
        expected = model(users, films).tolist()
        assert model.table()[users, films].tolist() == pytest.approx(expected, rel=1e-5)


def test_both_backends_reach_the_same():
    pytest.importorskip("numba")
    both = [recommender.main([*SMALL, "--backend", backend]) for backend in ("numpy", "numba")]
    for name, row in both[0].items():
        assert row["test"] == pytest.approx(both[1][name]["test"], abs=0.01)


def test_pictures(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is an extra: torchlite[plot]")
    recommender.main(["--epochs", "1", "--pictures", str(tmp_path / "new")])
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {"recommender_loss.png", "recommender_stars.png"}


@pytest.mark.slow
def test_the_figures_of_the_docstring():
    figures = recommender.main([])
    factors, towers = figures["factors"], figures["towers"]
    assert factors["test"] < 0.46
    assert factors["planted"] < math.sqrt(0.46**2 - recommender.NOISE**2)
    assert factors["top 10"] > 0.75
    assert towers["new films"] < 0.6 < 0.85 < factors["new films"]
