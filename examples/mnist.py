"""Recognise handwritten digits with a 784-128-128-10 network; well under a minute on a laptop.

    python examples/mnist.py --momentum 0.9 --backend numba
    python examples/mnist.py --checkpoint digits.pt         # and later: --resume digits.pt
    python examples/mnist.py --study                        # momentum, with and without softmax
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torchlite as torch
from torchlite import nn
from torchlite.utils.data import DataLoader, TensorDataset
from torchlite.vision.datasets import MNIST

try:
    from tqdm import tqdm
except ImportError:  # the progress bar is optional: `pip install 'torchlite[progress]'`
    tqdm = None

DATA = Path(__file__).parent / "data" / "mnist"
STUDY_SEEDS = range(3)
#: Settings that must not change when a checkpoint is resumed.
SETTINGS = ("optimizer", "lr", "momentum", "softmax_output", "batch_size", "seed")


class Net(nn.Module):
    """Three linear layers with ReLU between them: 118,282 parameters.

    `softmax_output` adds a softmax layer at the end. `nn.CrossEntropyLoss` applies a softmax of
    its own, so the network then squashes its output twice and learns slowly.
    Shape: ``(N, 784) -> (N, 10)``.
    """

    def __init__(self, softmax_output: bool = False) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(784, 128), nn.ReLU(),
            nn.Linear(128, 128), nn.ReLU(),
            nn.Linear(128, 10),
        )  # fmt: skip
        self.output = nn.Softmax(dim=1) if softmax_output else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.output(self.layers(x))


def load(root: Path, train: bool) -> TensorDataset:
    """The images as rows of 784 pixels in [-1, 1], with their labels."""
    digits = MNIST(root, train=train)
    return TensorDataset((digits.data / 127.5 - 1).flatten(1), digits.targets)


def make_optimizer(model: Net, args: argparse.Namespace) -> torch.optim.Optimizer:
    if args.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=args.lr)
    return torch.optim.SGD(model.parameters(), lr=args.lr, momentum=args.momentum)


def bar(batches: DataLoader, text: str) -> Iterable:
    """`batches`, with a progress bar if tqdm is installed and the output is a terminal."""
    return tqdm(batches, text, leave=False, disable=None) if tqdm else batches


def train_epoch(model: Net, optimizer: torch.optim.Optimizer, batches: Iterable) -> float:
    """Train for one epoch; returns the mean loss."""
    criterion = nn.CrossEntropyLoss()
    losses = []
    for images, labels in batches:
        loss = criterion(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def evaluate(model: Net, data: TensorDataset) -> tuple[float, list[float]]:
    """The accuracy of `model` on `data`: overall and per class."""
    images, labels = data.tensors
    with torch.no_grad():
        right = model(images).argmax(dim=1) == labels
    per_class = [right[labels == digit].float().mean().item() for digit in range(10)]
    return right.float().mean().item(), per_class


def save(path: Path, epoch: int, model: Net, optimizer: Any, args: argparse.Namespace) -> None:
    """Save everything the next epoch depends on."""
    checkpoint = {
        "epoch": epoch,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "rng": torch.get_rng_state(),
        "settings": {name: getattr(args, name) for name in SETTINGS},
    }
    torch.save(checkpoint, path)


def resume(path: Path, model: Net, optimizer: Any, args: argparse.Namespace) -> int:
    """Restore the state saved in `path`; returns the number of epochs done.

    Raises: ValueError if it was saved by a run with different settings.
    """
    checkpoint = torch.load(path)
    for name, saved in checkpoint["settings"].items():
        if saved != getattr(args, name):
            raise ValueError(f"{path} was saved with {name}={saved}, not {getattr(args, name)}")
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    torch.set_rng_state(checkpoint["rng"])
    return checkpoint["epoch"]


def train(args: argparse.Namespace, data: TensorDataset, test: TensorDataset) -> Net:
    """A network trained according to `args`, starting from the seed or the checkpoint."""
    torch.manual_seed(args.seed)
    model = Net(args.softmax_output)
    optimizer = make_optimizer(model, args)
    done = resume(args.resume, model, optimizer, args) if args.resume else 0
    batches = DataLoader(data, batch_size=args.batch_size, shuffle=True)
    for epoch in range(done + 1, args.epochs + 1):
        loss = train_epoch(model, optimizer, bar(batches, f"epoch {epoch}/{args.epochs}"))
        accuracy, _ = evaluate(model, test)
        print(f"epoch {epoch}/{args.epochs}  loss {loss:.4f}  test accuracy {accuracy:.2%}")
        if args.checkpoint:
            save(args.checkpoint, epoch, model, optimizer, args)
    return model


def study(args: argparse.Namespace, data: TensorDataset, test: TensorDataset) -> float:
    """Train with and without momentum and the softmax layer; returns the best accuracy."""
    table = {}
    for args.softmax_output in (True, False):
        for args.seed in STUDY_SEEDS:
            for args.momentum in (0.0, 0.9):
                print(f"softmax {args.softmax_output}, seed {args.seed}, momentum {args.momentum}")
                accuracy, _ = evaluate(train(args, data, test), test)
                table[args.softmax_output, args.seed, args.momentum] = accuracy
    print("\ntest accuracy     seed   momentum 0   momentum 0.9     gain")
    for (softmax, seed, momentum), plain in table.items():
        if momentum == 0:
            moved = table[softmax, seed, 0.9]
            name = "softmax layer" if softmax else "no softmax layer"
            print(f"{name:16}{seed:6}{plain:13.2%}{moved:15.2%}{100 * (moved - plain):+9.2f}")
    return max(table.values())


def run(args: argparse.Namespace) -> float:
    data, test = load(args.data, train=True), load(args.data, train=False)
    if args.study:
        return study(args, data, test)
    accuracy, per_class = evaluate(train(args, data, test), test)
    print(f"test accuracy: {accuracy:.2%} of {len(test)} images")
    print("by class:", "  ".join(f"{digit}: {share:.1%}" for digit, share in enumerate(per_class)))
    return accuracy


def main(argv: Sequence[str] | None = None) -> float:
    """Train and test with the options in `argv`; returns the test accuracy, in [0, 1]."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(";")[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="sgd")
    parser.add_argument("--lr", type=float, help="default: 0.01 for sgd, 0.001 for adam")
    parser.add_argument("--momentum", type=float, default=0.0, help="for sgd, e.g. 0.9")
    parser.add_argument("--softmax-output", action="store_true", help="end in a softmax layer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backend", help="e.g. numba; default: $TORCHLITE_BACKEND or numpy")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the four idx files")
    parser.add_argument("--checkpoint", type=Path, help="write this file after each epoch")
    parser.add_argument("--resume", type=Path, help="continue from this checkpoint")
    parser.add_argument("--study", action="store_true", help="compare momentum 0 and 0.9")
    args = parser.parse_args(argv)
    if args.lr is None:
        args.lr = {"sgd": 0.01, "adam": 0.001}[args.optimizer]
    if args.backend is None:
        return run(args)
    with torch.backends.use(args.backend):
        return run(args)


if __name__ == "__main__":
    main()
