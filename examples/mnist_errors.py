"""Where a network goes wrong: 784-128-64-10 on MNIST, 97.7% right; under a minute on a laptop.

    python examples/mnist_errors.py --backend numba
    python examples/mnist_errors.py --pictures .            # needs 'torchlite[plot]'

`mnist.py` writes the training loop out; here `Trainer` is the loop, and the subject is what comes
after it: which digits are hard, what they are mistaken for, and what the errors look like.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torchlite as torch
from torchlite import nn
from torchlite.optim.lr_scheduler import ExponentialLR
from torchlite.training import ConfusionMatrix, LearningRateScheduler, Trainer
from torchlite.vision.datasets import MNIST

DATA = Path(__file__).parent / "data" / "mnist"
MEAN, DEVIATION = 0.1307, 0.3081  # of the training pixels, from 0 (paper) to 1 (ink)


def load(root: Path, train: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The images as rows (N, 784), mean 0 and standard deviation 1, with their labels (N,)."""
    digits = MNIST(root, train=train)
    return ((digits.data / 255 - MEAN) / DEVIATION).flatten(1), digits.targets


def make_trainer(seed: int) -> Trainer:
    """The network with random weights, the loss to minimise and Adam to minimise it."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(784, 128), nn.ReLU(),
        nn.Linear(128, 64), nn.ReLU(),
        nn.Linear(64, 10),  # ten scores; the softmax is part of the loss
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    return Trainer(model, nn.CrossEntropyLoss(), optimizer, ["accuracy"])


def fit(trainer: Trainer, args: argparse.Namespace) -> None:
    """Train on four fifths of the images; the rest shows whether the network only memorises.

    The steps get smaller with each epoch: large ones find a good region, small ones settle in it.
    """
    images, labels = load(args.data, train=True)
    shorter = ExponentialLR(trainer.optimizer, gamma=0.6)
    trainer.fit(
        images, labels, epochs=args.epochs, batch_size=args.batch_size, validation_split=0.2,
        callbacks=[LearningRateScheduler(shorter)],
    )  # fmt: skip


def print_confusions(matrix: torch.Tensor, limit: int = 5) -> None:
    """Print the accuracy per class and the most frequent errors of a (10, 10) confusion matrix."""
    shares = matrix.diagonal() / matrix.sum(dim=1)
    print("by class:", "  ".join(f"{k}: {share:.1%}" for k, share in enumerate(shares.tolist())))
    errors = matrix - matrix.diagonal().diag()
    counts, places = errors.flatten().topk(limit)
    print("most frequent errors:", end="")
    for count, place in zip(counts.tolist(), places.tolist()):
        print(f"  {place // 10} mistaken for {place % 10}: {count}", end="")
    print()


def draw(folder: Path, trainer: Trainer, matrix: torch.Tensor, images: torch.Tensor,
         labels: torch.Tensor, predicted: torch.Tensor) -> None:  # fmt: skip
    """Plot the losses and the errors as four PNG files in `folder`."""
    from torchlite.training import plots  # matplotlib is an extra

    pictures = {
        "loss": plots.loss_curves(trainer.history),
        "gallery": plots.gallery(images.reshape(-1, 28, 28), labels, predicted),
        "confusion": plots.confusion_matrix(matrix),
        "by_class": plots.per_class_accuracy(matrix),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in pictures.items():
        figure.savefig(folder / f"mnist_errors_{name}.png", dpi=70)


def run(args: argparse.Namespace) -> float:
    trainer = make_trainer(args.seed)
    print(torch.summary(trainer.model, (args.batch_size, 784)))
    fit(trainer, args)

    images, labels = load(args.data, train=False)  # never seen: not used for training or validation
    reached = trainer.evaluate(images, labels)
    print(f"test accuracy: {reached['accuracy']:.2%} of {len(images)} images")

    scores = trainer.predict(images)  # (N, 10)
    confusion = ConfusionMatrix(10)
    confusion.update(scores, labels)
    print_confusions(confusion.matrix)
    if args.pictures:
        draw(args.pictures, trainer, confusion.matrix, images, labels, scores.argmax(dim=1))
    return reached["accuracy"]


def main(argv: Sequence[str] | None = None) -> float:
    """Train and test with the options in `argv`; returns the test accuracy, in [0, 1]."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(";")[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backend", help="e.g. numba; default: $TORCHLITE_BACKEND or numpy")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the four idx files")
    parser.add_argument("--pictures", type=Path, help="folder for the plots")
    args = parser.parse_args(argv)
    if args.backend is None:
        return run(args)
    with torch.backends.use(args.backend):
        return run(args)


if __name__ == "__main__":
    main()
