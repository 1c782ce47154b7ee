"""A transformer that learns to add numbers of three digits; about a minute on two cores.

    python examples/transformer.py --backend numba --save sums.pt --pictures pictures
    python examples/transformer.py --load sums.pt --prompt 123+456=
    python examples/transformer.py --text examples/data/tinyshakespeare.txt --prompt ROMEO:

A decoder-only transformer predicts the next character from those before it; attention, its mask
and the positions are written out below. How well it does on a text is a matter of taste, so by
default it learns sums, where each answer is right or wrong.

A sum is written "123+456=9750": the answer has four digits always, the units first. That order
makes it easy: a digit depends on two digits of the question and on a carry that was settled one
place before, whereas to begin with the 0 of "0579" one must have added all in one's head. Only
the answer counts in the loss, for nobody can foretell the digits of a question.

It sees 10,000 of the million sums, eight times each, and is tested on 2,000 that it never saw: at
least 1,999 of them were right, with the seeds 0, 1 and 2, on both backends. On tinyshakespeare,
which takes some minutes, three epochs reach a held-out loss of 1.66 (seed 0, numba).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import torchlite as torch
from torchlite import Tensor, nn
from torchlite.optim.lr_scheduler import LambdaLR
from torchlite.training import History, LearningRateScheduler, Trainer
from torchlite.utils.data import DataLoader, TensorDataset

#: What the two tasks go by where the command line does not say otherwise.
FOR_SUMS = {"epochs": 8, "lr": 4e-3, "width": 64, "layers": 2, "temperature": 0.0}
FOR_TEXT = {"epochs": 3, "lr": 2e-3, "width": 128, "layers": 3, "temperature": 0.8}
IGNORED = -100  # a target that `cross_entropy` leaves out


# The model


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Each row of `q` looks up `v`: a mean of its rows, by how well `q` fits those of `k`.

    Shape: (*, L, D), (*, S, D), (*, S, D) -> values (*, L, D), weights (*, L, S), whose rows sum
    to 1. Where the boolean `mask` (L, S) is true a row may not look.
    Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762
    """
    # A product of D random numbers has variance D: without the root, softmax would saturate.
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (*, L, S)
    if mask is not None:
        scores = scores.masked_fill(mask, -math.inf)
    weights = scores.softmax(dim=-1)
    return weights @ v, weights


def causal_mask(length: int) -> Tensor:
    """True above the diagonal: token i may not look at those that come after it. (L, L)"""
    return torch.ones(length, length, dtype=torch.bool).triu(1)


def sinusoids(length: int, width: int) -> Tensor:
    """Positions as waves, sin and cos in turn, from one radian a token to one in 10,000. (L, W)"""
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))  # (W/2,)
    angles = torch.arange(length).unsqueeze(1) * rates  # (L, W/2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each on its own share of the width."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"the width {width} cannot be shared by {heads} heads")
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)  # the three projections as one product
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(N, L, W) -> result (N, L, W), weights (N, heads, L, L)."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        values, weights = attention(q, k, v, mask)  # each (N, heads, L, W / heads)
        return self.output(values.transpose(1, 2).flatten(2)), weights


class Block(nn.Module):
    """Attention moves facts between tokens, then two layers work on each token alone.

    Both add to what they were given, and normalise only what they read ("pre-norm"): the way
    from the last block back to the first is a sum, through which gradients pass unchanged.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = MultiHeadAttention(width, heads)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width),
            nn.GELU(approximate="tanh"),  # as GPT-2; quicker than the exact one
            nn.Linear(4 * width, width),
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x), mask)[0]
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    """Scores of the next character after each, from the characters up to it.

    Args:
        alphabet: The characters; a token is the place of its character in it.
        context: How many tokens it can look at.
        positions: "learned" or "sinusoidal". Among eleven tokens the waves of neighbours are
            much alike: sums are learned with them too, but take 16 epochs.

    Shape: (N, L) -> (N, L, len(alphabet)), where L is at most `context`.
    """

    mask: Tensor

    def __init__(self, alphabet: str, context: int, width: int, heads: int, layers: int,
                 positions: str = "learned") -> None:  # fmt: skip
        super().__init__()
        self.alphabet, self.context = alphabet, context
        self.tokens = nn.Embedding(len(alphabet), width)
        learned = positions == "learned"
        # Small numbers at first: the blocks see them normalised, so that a step turns them far.
        places = 0.02 * torch.randn(context, width) if learned else sinusoids(context, width)
        nn.init.normal_(self.tokens.weight, std=0.02)
        self.positions = nn.Parameter(places, requires_grad=learned)  # (context, W)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm, self.output = nn.LayerNorm(width), nn.Linear(width, len(alphabet))
        self.register_buffer("mask", causal_mask(context), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        length = tokens.shape[1]
        x = self.tokens(tokens) + self.positions[:length]  # (N, L, W)
        for block in self.blocks:
            x = block(x, self.mask[:length, :length])
        return self.output(self.norm(x))


def encode(text: str, alphabet: str) -> Tensor:
    """(L,). Raises: ValueError for a character that is not in the alphabet."""
    number = {character: i for i, character in enumerate(alphabet)}
    if unknown := set(text) - set(alphabet):
        raise ValueError(f"not in the alphabet {alphabet!r}: {''.join(sorted(unknown))!r}")
    return torch.tensor([number[character] for character in text], dtype=torch.long)


def decode(tokens: Tensor, alphabet: str) -> str:
    return "".join(alphabet[i] for i in tokens.tolist())


# Sampling


def sample(scores: Tensor, temperature: float = 1.0, top_k: int | None = None) -> Tensor:
    """Draw from the softmax of `scores`: (N, V) -> (N, 1).

    A low temperature prefers what is likely, 0 takes the likeliest; `top_k` leaves that many.
    """
    if temperature == 0:
        return scores.argmax(dim=-1, keepdim=True)
    if top_k is not None:
        best = scores.topk(min(top_k, scores.shape[-1])).values  # (N, K), the greatest first
        scores = scores.masked_fill(scores < best[:, -1:], -math.inf)
    return torch.multinomial((scores / temperature).softmax(dim=-1), 1)


@torch.no_grad()
def generate(model: Transformer, tokens: Tensor, count: int, temperature: float = 1.0,
             top_k: int | None = None) -> Tensor:  # fmt: skip
    """Append `count` tokens to each row, one after the other: (N, L) -> (N, L + count)."""
    for _ in range(count):
        scores = model(tokens[:, -model.context :])[:, -1]
        tokens = torch.cat([tokens, sample(scores, temperature, top_k)], dim=1)
    return tokens


# The tasks


class Sums:
    """Sums of two numbers below 10 ** digits; one in ten is held out, the same ones always."""

    alphabet = "0123456789+="

    def __init__(self, digits: int, count: int) -> None:
        self.context, self.answer = 3 * digits + 2, digits + 1
        self.powers = 10 ** torch.arange(digits + 1)
        self.prompt = f"{'123'[:digits]}+{'456'[:digits]}="
        drawn = torch.rand(10**digits, 10**digits, generator=torch.Generator().manual_seed(0))
        # a + b and b + a are held out together, or one would give the other away.
        self.is_held_out = torch.minimum(drawn, drawn.T) < 0.05
        self.data = self.examples(self.pairs(False, count))
        self.held_out = self.examples(self.pairs(True, 500))

    def pairs(self, held_out: bool, count: int) -> Tensor:
        """A random choice of the pairs of one kind, of all at most: (count, 2)."""
        pairs = (self.is_held_out == held_out).nonzero()
        return pairs[torch.randperm(len(pairs))[:count]]

    def write(self, pairs: Tensor) -> Tensor:
        """The tokens of "123+456=9750" for each (123, 456): (N, 2) -> (N, 12)."""
        a, b = pairs[:, :1], pairs[:, 1:]
        rising, falling = self.powers, self.powers[:-1].flip(0)
        plus, equals = (torch.full_like(a, self.alphabet.index(sign)) for sign in "+=")
        parts = (a // falling % 10, plus, b // falling % 10, equals, (a + b) // rising % 10)
        return torch.cat(parts, dim=1)

    def examples(self, pairs: Tensor) -> TensorDataset:
        """All tokens but the last, and what follows each where that belongs to the answer."""
        tokens = self.write(pairs)
        following = tokens[:, 1:].clone()
        following[:, : -self.answer] = IGNORED
        return TensorDataset(tokens[:, :-1], following)

    def test(self, model: Transformer) -> float:
        """The share of 2,000 held-out sums for which `model` writes each digit right."""
        tokens = self.write(self.pairs(True, 2000))
        answers = [generate(model, questions, self.answer, temperature=0)
                   for questions in tokens[:, : -self.answer].split(1000)]  # fmt: skip
        right = (torch.cat(answers) == tokens).all(dim=1)
        print(f"{int(right.sum())} of {len(right)} held-out sums are exactly right")
        return right.float().mean().item()


class Text:
    """Windows of a text: of its first nine tenths to learn from, of the rest to test with.

    They lie end to end, so that in an epoch each character is foretold once.
    """

    prompt, answer = "\n", 500

    def __init__(self, path: Path, context: int) -> None:
        text = path.read_text(encoding="utf-8")
        self.alphabet, self.context = "".join(sorted(set(text))), context
        windows = encode(text, self.alphabet).unfold(0, context + 1, context)  # a view
        self.data, self.held_out = (
            TensorDataset(part[:, :-1], part[:, 1:])
            for part in windows.tensor_split([len(windows) * 9 // 10])
        )

    @torch.no_grad()
    def test(self, model: Transformer) -> float:
        """The mean cross entropy of the held-out characters."""
        batches = DataLoader(self.held_out, 100)
        total = sum(loss(model(x), y).item() * len(x) for x, y in batches)
        mean = total / len(self.held_out)
        print(f"held-out loss {mean:.3f}: as unsure as among {math.exp(mean):.1f} characters")
        return mean


# Training


def loss(scores: Tensor, following: Tensor) -> Tensor:
    """The mean cross entropy of the tokens that count: (N, L, V), (N, L) -> ()."""
    scores, following = scores.flatten(0, 1), following.flatten()
    return nn.functional.cross_entropy(scores, following, ignore_index=IGNORED)


def exact(scores: Tensor, following: Tensor) -> Tensor:
    """The share of rows in which all that counts is right: (N, L, V), (N, L) -> ().

    The model reads true digits here, not its own; up to its first error they are the same.
    """
    right = (scores.argmax(dim=-1) == following) | (following == IGNORED)
    return right.all(dim=1).float().mean()


def train(model: Transformer, task: Sums | Text, args: argparse.Namespace) -> History:
    """AdamW; the learning rate rises for a tenth of the steps, then falls along a cosine."""
    optimizer = torch.optim.AdamW(model.parameters(), args.lr, betas=(0.9, 0.99))
    steps = args.epochs * math.ceil(len(task.data) / args.batch_size)

    def factor(step: int) -> float:
        return min(10 * (step + 1) / steps, 0.5 + 0.5 * math.cos(math.pi * step / steps))

    schedule = LearningRateScheduler(LambdaLR(optimizer, factor), every="step")
    metrics = [exact] if isinstance(task, Sums) else []
    trainer = Trainer(model, loss, optimizer, metrics, clip_norm=1.0)
    return trainer.fit(task.data, validation_data=task.held_out, epochs=args.epochs,
                       batch_size=args.batch_size, callbacks=[schedule])  # fmt: skip


def save(path: Path, model: Transformer, args: argparse.Namespace) -> None:
    sizes = {name: getattr(args, name) for name in ("width", "heads", "layers", "positions")}
    sizes |= {"alphabet": model.alphabet, "context": model.context}
    torch.save({"sizes": sizes, "model": model.state_dict()}, path)


def load(path: Path, task: Sums | Text) -> Transformer:
    """What `save` wrote. Raises: ValueError if it was trained for another task."""
    saved = torch.load(path)
    model = Transformer(**saved["sizes"])
    if (model.alphabet, model.context) != (task.alphabet, task.context):
        raise ValueError(
            f"{path} was trained with context {model.context} and alphabet {model.alphabet!r}; "
            "give the --text and --context, or the --digits, of then"
        )
    model.load_state_dict(saved["model"])
    return model


def draw(model: Transformer, text: str, history: History, folder: Path) -> None:
    """Where each head of the first block looks while it reads `text`; and how it was learned."""
    from torchlite.training import plots

    folder.mkdir(parents=True, exist_ok=True)
    attention, seen = model.blocks[0].attention, []
    hook = attention.register_forward_hook(lambda layer, inputs, result: seen.append(result[1][0]))
    with torch.no_grad():
        model(encode(text, model.alphabet).unsqueeze(0))
    hook.remove()
    plots.attention_maps(seen[0], text).savefig(folder / "transformer_attention.png", dpi=60)
    if history:
        curve = plots.loss_curves(history, [name for name in ("loss", "exact") if name in history])
        curve.savefig(folder / "transformer_curve.png", dpi=60)


def run(args: argparse.Namespace) -> float:
    torch.manual_seed(args.seed)
    task = Text(args.text, args.context) if args.text else Sums(args.digits, args.examples)
    if args.load:
        model, history = load(args.load, task), History()
    else:
        sizes = (args.width, args.heads, args.layers, args.positions)
        model = Transformer(task.alphabet, task.context, *sizes)
        history = train(model, task, args)
        if args.save:
            save(args.save, model, args)
    figure = task.test(model)
    prompt = encode(args.prompt or task.prompt, task.alphabet).unsqueeze(0)  # (1, L)
    count = task.answer if args.generate is None else args.generate
    written = decode(generate(model, prompt, count, args.temperature, args.top_k)[0], task.alphabet)
    print(written)
    if args.pictures:
        draw(model, written[: min(task.context, 24)], history, args.pictures)
    return figure


def main(argv: Sequence[str] | None = None) -> float:
    """Train and test as `argv` says.

    Returns the share of held-out sums that are exactly right, in [0, 1]; of a text, the mean
    cross entropy of the held-out characters.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(";")[0])
    parser.add_argument("--digits", type=int, choices=[1, 2, 3], default=3, help="of a summand")
    parser.add_argument("--examples", type=int, default=10_000, help="how many sums to learn from")
    parser.add_argument("--text", type=Path, help="learn the characters of this file instead")
    parser.add_argument("--context", type=int, default=64, help="characters of a text to look at")
    parser.add_argument("--epochs", type=int, help="default: 8, text: 3")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, help="the greatest; default: 0.004, text: 0.002")
    parser.add_argument("--width", type=int, help="numbers a token; default: 64, text: 128")
    parser.add_argument("--layers", type=int, help="default: 2, text: 3")
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--positions", choices=["learned", "sinusoidal"], default="learned")
    parser.add_argument("--prompt", help="what to continue at the end")
    parser.add_argument("--generate", type=int, help="characters; default: an answer, text: 500")
    parser.add_argument("--temperature", type=float, help="default: 0, text: 0.8")
    parser.add_argument("--top-k", type=int, help="draw among so many; default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backend", help="such as numba; default: $TORCHLITE_BACKEND or numpy")
    parser.add_argument("--save", type=Path, help="write the trained model to this file")
    parser.add_argument("--load", type=Path, help="take this model instead of training one")
    parser.add_argument("--pictures", type=Path, help="draw into this folder")
    args = parser.parse_args(argv)
    for name, value in (FOR_TEXT if args.text else FOR_SUMS).items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    if args.backend is None:
        return run(args)
    with torch.backends.use(args.backend):
        return run(args)


if __name__ == "__main__":
    main()
