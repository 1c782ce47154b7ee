"""Embeddings, recurrent layers, attention, transformers and their losses."""

import math

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.nn import functional as F
from torchlite.nn.utils import rnn

# --- embeddings ----------------------------------------------------------------------------------


def test_the_padding_row_is_zero_and_stays_so():
    layer = nn.Embedding(4, 3, padding_idx=-1)
    assert layer.weight[3].tolist() == [0, 0, 0]
    layer(torch.tensor([[0, 3], [3, 3]])).sum().backward()
    assert layer.weight.grad.tolist() == [[1.0] * 3, [0.0] * 3, [0.0] * 3, [0.0] * 3]


def test_embedding_from_pretrained_is_frozen():
    table = torch.randn(4, 3)
    layer = nn.Embedding.from_pretrained(table)
    assert not layer.weight.requires_grad and torch.equal(layer(torch.tensor(2)), table[2])
    assert nn.Embedding.from_pretrained(table, freeze=False).weight.requires_grad
    with pytest.raises(AssertionError, match="2-dimensional"):
        nn.Embedding.from_pretrained(table[0])


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_embedding_bag_combines_rows(mode):
    layer = nn.EmbeddingBag(6, 3, mode=mode)
    rows = layer.weight[[1, 2, 4]]
    expected = rows.max(0).values if mode == "max" else getattr(rows, mode)(0)
    assert torch.allclose(layer(torch.tensor([[1, 2, 4]]))[0], expected)
    bags = layer(torch.tensor([0, 1, 2, 4]), torch.tensor([0, 1, 1]))
    assert torch.allclose(bags[2], expected) and bags[1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("arguments, error", [
    (([1, 2], None), "offsets has to be a 1D Tensor but got None"),
    (([1, 2], [1]), r"offsets\[0\] has to be 0"),
    (([1, 2], [0, 3]), r"offsets\[-1\] can not be greater"),
    (([[1, 2]], [0]), "if input is 2D, then offsets has to be None"),
])  # fmt: skip
def test_embedding_bag_refuses_bad_offsets(arguments, error):
    with pytest.raises((ValueError, RuntimeError), match=error):
        nn.EmbeddingBag(6, 3)(*(None if a is None else torch.tensor(a) for a in arguments))


# --- recurrence ----------------------------------------------------------------------------------

CELLS = {nn.RNN: nn.RNNCell, nn.LSTM: nn.LSTMCell, nn.GRU: nn.GRUCell}


@pytest.mark.parametrize("kind", CELLS)
def test_a_layer_repeats_its_cell(kind):
    layer, cell = kind(3, 4), CELLS[kind](3, 4)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(cell, name).data.copy_(getattr(layer, f"{name}_l0"))
    x, state = torch.randn(5, 2, 3), None
    out, last = layer(x)
    for step, expected in zip(x, out):
        state = cell(step, state)
        h = state[0] if kind is nn.LSTM else state
        assert torch.allclose(h, expected, atol=1e-6)
    ends = last if kind is nn.LSTM else (last,)
    for end, s in zip(ends, state if kind is nn.LSTM else (state,)):
        assert torch.allclose(end[0], s, atol=1e-6)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("options", [{}, {"bidirectional": True}, {"num_layers": 2}])
def test_packed_sequences_give_what_each_gives_alone(kind, options):
    layer = kind(3, 4, **options)
    sequences = [torch.randn(n, 3) for n in (2, 5, 3)]
    packed, last = layer(rnn.pack_sequence(sequences, enforce_sorted=False))
    out, lengths = rnn.pad_packed_sequence(packed)
    assert lengths.tolist() == [2, 5, 3]
    last = last if kind is nn.LSTM else (last,)
    for i, x in enumerate(sequences):
        alone, ends = layer(x)
        assert torch.allclose(out[: len(x), i], alone, atol=1e-6)
        for end, own in zip(last, ends if kind is nn.LSTM else (ends,)):
            assert torch.allclose(end[:, i], own, atol=1e-6)


@pytest.mark.parametrize("layer", [
    nn.RNN(2, 3), nn.RNN(2, 3, nonlinearity="relu"), nn.GRU(2, 3),
    nn.LSTM(2, 3, proj_size=2), nn.GRU(2, 3, bias=False),
], ids=repr)  # fmt: skip
def test_recurrent_layers_have_gradients_of_gradients(layer):
    layer = layer.double()
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    inputs = (x, *layer.parameters())
    function = lambda *_: layer(x)[0]  # noqa: E731
    assert torch.autograd.gradcheck(function, inputs)
    assert torch.autograd.gradgradcheck(function, inputs)


def test_batch_first_and_no_batch():
    layer, first = nn.LSTM(3, 4), nn.LSTM(3, 4, batch_first=True)
    first.load_state_dict(layer.state_dict())
    x = torch.randn(5, 2, 3)
    out, (_, c) = layer(x)
    assert torch.allclose(first(x.transpose(0, 1))[0], out.transpose(0, 1))
    alone, (h1, c1) = layer(x[:, 1])
    assert alone.shape == (5, 4) and h1.shape == c1.shape == (1, 4)
    assert torch.allclose(alone, out[:, 1], atol=1e-6) and torch.allclose(c1, c[:, 1], atol=1e-6)


def test_dropout_between_layers_only_in_training():
    layer = nn.GRU(3, 64, num_layers=2, dropout=0.5)
    x = torch.randn(4, 1, 3)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last"):
        nn.RNN(3, 4, dropout=0.5)


def test_all_weights_lists_each_direction():
    layer = nn.LSTM(3, 4, 2, bidirectional=True)
    names = {id(p): n for n, p in layer.named_parameters()}
    listed = [[names[id(p)] for p in group] for group in layer.all_weights]
    assert [group[0] for group in listed] == [
        "weight_ih_l0", "weight_ih_l0_reverse", "weight_ih_l1", "weight_ih_l1_reverse",
    ]  # fmt: skip
    assert [n for group in listed for n in group] == list(names.values())


@pytest.mark.parametrize("call, error", [
    (lambda: nn.GRU(3, 4)(torch.ones(2, 1, 5)), r"Expected 3, got 5"),
    (lambda: nn.GRU(3, 4)(torch.ones(2, 1, 3), torch.ones(1, 2, 4)), r"Expected hidden size"),
    (lambda: nn.LSTM(3, 4)(torch.ones(2, 3), (torch.ones(1, 1, 4),) * 2), "should also be 2-D"),
    (lambda: nn.RNN(3, 4)(torch.ones(2, 1, 3).double()), "does not match weight dtype"),
    (lambda: nn.RNN(3, 4)(torch.ones(3)), "Expected input to be 2D or 3D"),
    (lambda: nn.RNN(3, 4, nonlinearity="elu"), "Unknown nonlinearity 'elu'"),
    (lambda: nn.GRU(3, 4, proj_size=2), "proj_size argument is only supported for LSTM"),
    (lambda: nn.LSTMCell(3, 4)(torch.ones(1, 2, 3)), "Expected input to be 1D or 2D"),
    (lambda: nn.GRUCell(3, 4)(torch.ones(2, 3), torch.ones(3, 4)), "doesn't match hidden0"),
])  # fmt: skip
def test_wrong_recurrent_calls_are_refused(call, error):
    with pytest.raises((RuntimeError, ValueError), match=error):
        call()


# --- attention -----------------------------------------------------------------------------------


def test_attention_is_a_weighted_mean_of_values():
    q, k, v = torch.randn(2, 3, 4), torch.randn(2, 5, 4), torch.randn(2, 5, 6)
    weights = (q @ k.transpose(1, 2) / 2).softmax(-1)
    assert torch.allclose(F.scaled_dot_product_attention(q, k, v), weights @ v, atol=1e-6)
    causal = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    assert torch.allclose(causal[:, 0], v[:, 0])
    mask = torch.ones(3, 5, dtype=torch.bool).tril()
    assert torch.allclose(F.scaled_dot_product_attention(q, k, v, mask), causal, atol=1e-6)


def test_a_row_that_sees_nothing_is_zero_and_so_are_its_gradients():
    q, k, v = (torch.randn(2, 3, 4, requires_grad=True) for _ in range(3))
    mask = torch.tensor([[False] * 3, [True] * 3, [True] * 3])
    out = F.scaled_dot_product_attention(q, k, v, mask)
    assert out[:, 0].abs().sum() == 0
    (grad,) = torch.autograd.grad(out.square().sum(), q, create_graph=True)
    grad.square().sum().backward()
    assert k.grad.isfinite().all() and q.grad[:, 0].abs().sum() == 0


def test_groups_of_query_heads_share_keys():
    q, k, v = torch.randn(1, 4, 3, 2), torch.randn(1, 2, 3, 2), torch.randn(1, 2, 3, 2)
    shared = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    k, v = (x.repeat_interleave(2, 1) for x in (k, v))
    assert torch.allclose(shared, F.scaled_dot_product_attention(q, k, v))


def test_multihead_attention_averages_weights_and_ignores_padding():
    layer = nn.MultiheadAttention(4, 2, batch_first=True)
    x = torch.randn(2, 5, 4)
    padding = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    out, weights = layer(x, x, x, key_padding_mask=padding)
    assert out.shape == (2, 5, 4) and weights.shape == (2, 5, 5)
    assert torch.allclose(weights.sum(-1), torch.ones(2, 5))
    assert weights[1, :, 3:].abs().sum() == 0
    fast, none = layer(x, x, x, key_padding_mask=padding, need_weights=False)
    assert none is None and torch.allclose(fast, out, atol=1e-6)


def test_a_causal_encoder_does_not_see_the_future():
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2)
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    x = torch.randn(1, 5, 4)
    before = encoder(x, mask=mask)
    x[:, 3:] = 0
    after = encoder(x, mask=mask)
    assert torch.allclose(before[:, :3], after[:, :3], atol=1e-6)
    assert not torch.allclose(before[:, 3:], after[:, 3:])


def test_an_encoder_says_why_it_would_not_use_nested_tensors():
    with pytest.warns(UserWarning, match="self_attn.batch_first was not True"):
        nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 1)
    with pytest.raises(RuntimeError, match="activation should be relu/gelu, not tanh"):
        nn.TransformerEncoderLayer(4, 2, activation="tanh")


# --- losses --------------------------------------------------------------------------------------


def test_ctc_sums_over_all_alignments():
    log_probs = torch.randn(3, 1, 3).log_softmax(-1)
    p = log_probs.exp()[:, 0]
    paths = [(1, 1, 1), (0, 1, 1), (1, 1, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0)]
    total = sum(p[0, a] * p[1, b] * p[2, c] for a, b, c in paths)
    loss = F.ctc_loss(log_probs, torch.tensor([[1]]), [3], [1])
    assert math.isclose(loss.item(), -total.log().item(), rel_tol=1e-5)


def test_ctc_of_a_target_that_is_too_long():
    log_probs = torch.randn(2, 1, 3, requires_grad=True)
    target = torch.tensor([[1, 1, 2]])
    assert F.ctc_loss(log_probs.log_softmax(-1), target, [2], [3]).item() == math.inf
    loss = nn.CTCLoss(zero_infinity=True)(log_probs.log_softmax(-1), target, [2], [3])
    loss.backward()
    assert loss.item() == 0 and log_probs.grad.abs().sum() == 0


def test_adaptive_softmax_is_a_distribution():
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 12, [4, 8], div_value=2.0)
    x, target = torch.randn(5, 8), torch.tensor([0, 3, 5, 11, 8])
    log_probs = layer.log_prob(x)
    assert torch.allclose(log_probs.exp().sum(1), torch.ones(5), atol=1e-5)
    out, loss = layer(x, target)
    assert torch.allclose(out, log_probs.gather(1, target[:, None])[:, 0], atol=1e-5)
    assert torch.allclose(loss, -out.mean())
    assert torch.equal(layer.predict(x), log_probs.argmax(1))
    with pytest.raises(RuntimeError, match=r"Target values should be in \[0, 11\]"):
        layer(x, target + 1)
    with pytest.raises(ValueError, match="cutoffs should be a sequence of unique"):
        nn.AdaptiveLogSoftmaxWithLoss(8, 12, [4, 4])


def test_linear_cross_entropy_is_both_in_one():
    layer = nn.LinearCrossEntropyLoss(4, 3, bias=True)
    x, target = torch.randn(5, 4), torch.tensor([0, 2, 1, 1, 0])
    assert torch.equal(layer(x, target), F.cross_entropy(layer.linear(x), target))
    places = nn.LinearCrossEntropyLoss(4, 3, out_features=(2,))
    assert places(x, target[:, None].expand(5, 2)).shape == ()


def test_margin_layers_are_their_functions():
    x, y = torch.randn(4, 3), torch.randn(4, 3)
    sign, classes = torch.tensor([1, -1, 1, -1]), torch.tensor([0, 2, 1, 1])
    assert nn.CosineEmbeddingLoss(0.1)(x, y, sign) == F.cosine_embedding_loss(x, y, sign, 0.1)
    assert nn.MultiMarginLoss(2)(x, classes) == F.multi_margin_loss(x, classes, 2)
    assert nn.TripletMarginLoss()(x, y, y + 1) == F.triplet_margin_loss(x, y, y + 1)
    assert nn.TripletMarginWithDistanceLoss()(x, y, y + 1) == F.triplet_margin_loss(x, y, y + 1)
    with pytest.raises(ValueError, match="expected margin to be greater than 0"):
        nn.TripletMarginLoss(margin=0)
