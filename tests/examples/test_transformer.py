"""The transformer: its parts against their formulas and PyTorch's layer, and that it learns."""

import math

import numpy as np
import pytest

import torchlite as torch
from examples import transformer
from examples.transformer import Sums, Transformer
from torchlite import nn

TINY = ["--digits", "1", "--examples", "64", "--width", "16", "--layers", "1"]


def tiny(positions="learned"):
    torch.manual_seed(0)
    return Transformer(Sums.alphabet, 11, width=16, heads=2, layers=2, positions=positions)


@pytest.fixture
def rhyme(tmp_path):
    path = tmp_path / "rhyme.txt"
    path.write_text("one, two, buckle my shoe\nthree, four, knock at the door\n" * 60)
    return path


@pytest.mark.parametrize("is_causal", [False, True])
def test_attention_is_that_of_the_library(is_causal):
    torch.manual_seed(0)
    ours = transformer.MultiHeadAttention(12, 3).double()
    theirs = nn.MultiheadAttention(12, 3, batch_first=True, dtype=torch.float64)
    names = {"in_proj_weight": "qkv.weight", "in_proj_bias": "qkv.bias",
             "out_proj.weight": "output.weight", "out_proj.bias": "output.bias"}  # fmt: skip
    theirs.load_state_dict({name: ours.state_dict()[own] for name, own in names.items()})
    x = torch.randn(4, 7, 12, dtype=torch.float64)
    mask = transformer.causal_mask(7) if is_causal else None
    expected = theirs(x, x, x, attn_mask=mask, average_attn_weights=False)
    for result, wanted in zip(ours(x, mask), expected):
        np.testing.assert_allclose(result.detach(), wanted.detach(), rtol=0, atol=1e-12)


def test_a_width_that_heads_cannot_share_is_refused():
    with pytest.raises(ValueError, match="width 10 is not divisible by 4 heads"):
        transformer.MultiHeadAttention(10, 4)


@pytest.mark.parametrize("positions", ["learned", "sinusoidal"])
def test_a_later_token_changes_no_earlier_score(positions):
    model = tiny(positions)
    tokens = torch.randint(12, (3, 11))
    before = model(tokens)
    for place in range(1, 11):
        changed = tokens.clone()
        changed[:, place] = (changed[:, place] + 1) % 12
        after = model(changed)
        assert torch.equal(after[:, :place], before[:, :place])
        assert not torch.equal(after[:, place], before[:, place])


def test_sinusoids_are_those_of_the_paper():
    waves = transformer.sinusoids(5, 6)
    for place in range(5):
        for i in range(3):
            angle = place / 10_000 ** (2 * i / 6)
            assert waves[place, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert waves[place, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


def test_sinusoidal_positions_are_not_trained():
    assert tiny("learned").positions.requires_grad
    fixed = tiny("sinusoidal")
    assert not fixed.positions.requires_grad
    assert torch.equal(fixed.positions, transformer.sinusoids(11, 16))


@pytest.mark.parametrize(("k", "likeliest"), [(1, {1}), (3, {1, 3, 2}), (9, {0, 1, 2, 3, 4})])
def test_sampling_keeps_to_the_top_k(k, likeliest):
    torch.manual_seed(0)
    scores = torch.tensor([[1.0, 4.0, 2.0, 3.0, 0.0]]).expand(500, 5)
    drawn = transformer.sample(scores, temperature=2.0, top_k=k)
    assert drawn.shape == (500, 1)
    assert set(drawn.flatten().tolist()) == likeliest


def test_a_low_temperature_is_the_likeliest_and_one_the_softmax():
    torch.manual_seed(0)
    scores = torch.tensor([[0.0, math.log(3.0)]]).expand(4000, 2)
    for temperature in (0, 1e-3):
        assert transformer.sample(scores, temperature).all()
    assert transformer.sample(scores).float().mean().item() == pytest.approx(0.75, abs=0.03)
    assert transformer.sample(scores, 100.0).float().mean().item() == pytest.approx(0.5, abs=0.03)


def test_generation_slides_its_window():
    tokens = transformer.generate(tiny(), torch.tensor([[1, 2, 3], [4, 5, 6]]), 12, temperature=0)
    assert tokens.shape == (2, 15)
    assert tokens[:, :3].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert tokens[:, -1:].equal(tiny()(tokens[:, -12:-1])[:, -1].argmax(-1, keepdim=True))


def test_sums_are_written_with_the_last_digit_first():
    sums = Sums(3, 100)
    rows = sums.write(torch.tensor([[123, 456], [999, 1], [0, 0]]))
    written = [transformer.decode(row, sums.alphabet) for row in rows]
    assert written == ["123+456=9750", "999+001=0001", "000+000=0000"]
    tokens, following = sums.examples(torch.tensor([[123, 456]]))[0]
    assert transformer.decode(tokens, sums.alphabet) == "123+456=975"
    assert following.tolist() == [-100] * 7 + [9, 7, 5, 0]


def test_what_is_held_out_is_the_same_for_each_seed_and_never_learned():
    held_out = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        sums = Sums(2, 10_000)
        held_out.append({tuple(pair) for pair in sums.pairs(True, 10_000).tolist()})
        learned = {transformer.decode(row, sums.alphabet)[:6] for row, _ in sums.data}
        assert len(learned) + len(held_out[-1]) == 10_000
        assert not learned & {f"{a:02}+{b:02}=" for a, b in held_out[-1]}
    assert held_out[0] == held_out[1] == {(b, a) for a, b in held_out[0]}
    assert 800 < len(held_out[0]) < 1200


def test_unknown_characters_are_named():
    with pytest.raises(ValueError, match="not in the alphabet '01': 'xy'"):
        transformer.encode("0y1x", "01")


def test_it_learns_sums_by_heart(capsys):
    options = ["--width", "32", "--heads", "2", "--epochs", "100", "--lr", "0.006"]
    transformer.main([*TINY, "--examples", "100", *options])
    printed = capsys.readouterr().out.splitlines()
    assert float(printed[-3].partition("  exact ")[2].split()[0]) > 0.9  # of the last epoch
    assert printed[-2].endswith("of 14 held-out sums are exactly right")
    assert printed[-1].startswith("1+4=") and len(printed[-1]) == 6


@pytest.mark.slow
def test_it_adds_what_it_has_not_seen():
    assert transformer.main([]) >= 0.99


def test_a_saved_model_is_loaded(tmp_path, capsys):
    path = str(tmp_path / "sums.pt")
    figure = transformer.main([*TINY, "--epochs", "2", "--save", path])
    trained = capsys.readouterr().out.splitlines()
    assert transformer.main([*TINY, "--load", path]) == figure
    assert capsys.readouterr().out.splitlines() == trained[2:]  # no line of an epoch
    with pytest.raises(ValueError, match=r"sums\.pt was trained with context 5 and alphabet '012"):
        transformer.main(["--digits", "2", "--load", path])


def test_it_learns_a_text_and_continues_a_prompt(rhyme, capsys):
    options = ["--text", str(rhyme), "--context", "16", "--width", "32", "--layers", "1"]
    figure = transformer.main([*options, "--epochs", "6", "--prompt", "one, ", "--generate", "20",
                               "--lr", "0.01", "--top-k", "3"])  # fmt: skip
    assert figure < 1.5  # log 22 = 3.1 at first
    printed = capsys.readouterr().out
    assert f"held-out loss {figure:.3f}" in printed
    assert len(printed.partition("\none, ")[2]) == 20 + len("\n")


def test_pictures_are_drawn(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is an extra: torchlite[plot]")
    transformer.main([*TINY, "--epochs", "2", "--pictures", str(tmp_path / "new")])
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["transformer_attention.png", "transformer_curve.png"]


def test_both_backends_learn_the_same(tmp_path):
    """By what the models say: a bias of the keys, say, shifts all scores of a row and so has no
    gradient but rounding errors, which Adam makes as large as any step."""
    pytest.importorskip("numba")
    said = []
    for backend in ("numpy", "numba"):
        path = tmp_path / backend
        transformer.main([*TINY, "--epochs", "2", "--backend", backend, "--save", str(path)])
        model = transformer.load(path, Sums(1, 10))
        said.append(model(torch.arange(5).unsqueeze(0)).detach())
    np.testing.assert_allclose(said[1], said[0], atol=1e-3)
