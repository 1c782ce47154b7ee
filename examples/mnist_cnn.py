"""Digits with convolution and pooling: 99% right after 3 epochs; a few minutes on a laptop.

    python examples/mnist_cnn.py --backend numba
    python examples/mnist_cnn.py --pictures .               # needs 'torchlite[plot]'

A linear layer has a weight for each pixel and must learn a stroke separately at every position. A
convolution slides one small filter over the whole image: what it finds, it finds everywhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torchlite as torch
from torchlite import nn
from torchlite.optim.lr_scheduler import ExponentialLR
from torchlite.training import LearningRateScheduler, Trainer
from torchlite.vision.datasets import MNIST

DATA = Path(__file__).parent / "data" / "mnist"
MEAN, DEVIATION = 0.1307, 0.3081  # of the training pixels, from 0 (paper) to 1 (ink)


class Net(nn.Module):
    """Two convolutions find strokes and shapes, two linear layers classify: 108,618 parameters.

    Max pooling over 2 x 2 pixels halves the image: it matters that a stroke is there, not exactly
    where. Dropout zeroes a quarter of the features at random, so that no single one is crucial.
    Shape: ``(N, 1, 28, 28) -> (N, 10)``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3), nn.MaxPool2d(2), nn.ReLU(),  # (N, 16, 26, 26), (N, 16, 13, 13)
            nn.Conv2d(16, 32, 3), nn.MaxPool2d(2), nn.ReLU(),  # (N, 32, 11, 11), (N, 32, 5, 5)
        )  # fmt: skip
        self.decide = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.25),  # (N, 800)
            nn.Linear(800, 128), nn.ReLU(), nn.Dropout(0.25),
            nn.Linear(128, 10),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decide(self.features(x))


def load(root: Path, train: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The images (N, 1, 28, 28), mean 0 and standard deviation 1, with their labels (N,)."""
    digits = MNIST(root, train=train)
    return ((digits.data / 255 - MEAN) / DEVIATION).unsqueeze(1), digits.targets


def fit(args: argparse.Namespace, test: tuple[torch.Tensor, torch.Tensor]) -> Trainer:
    """A network trained from the seed; `test` is evaluated after each epoch, never trained on."""
    torch.manual_seed(args.seed)
    model = Net()
    print(torch.summary(model, (args.batch_size, 1, 28, 28)))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    trainer = Trainer(model, nn.CrossEntropyLoss(), optimizer, ["accuracy"])
    shorter = ExponentialLR(optimizer, gamma=0.4)  # large steps first, then small ones that settle
    trainer.fit(
        *load(args.data, train=True), epochs=args.epochs, batch_size=args.batch_size,
        validation_data=test, callbacks=[LearningRateScheduler(shorter)],
    )  # fmt: skip
    return trainer


def feature_maps(layer: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """The response of each filter of `layer` to `image` (1, 28, 28): (16, 26, 26)."""
    with torch.no_grad():
        return layer(image.unsqueeze(0)).relu()[0]


def draw(folder: Path, trainer: Trainer, images: torch.Tensor, labels: torch.Tensor) -> None:
    """Plot the losses, the first layer and the errors as four PNG files in `folder`.

    Dark means large: much ink, a large weight, a strong response.
    """
    from torchlite.training import plots  # matplotlib is an extra

    predicted = trainer.predict(images, batch_size=500).argmax(dim=1)
    first = trainer.model.features[0]
    maps = feature_maps(first, images[0])
    pictures = {
        "loss": plots.loss_curves(trainer.history),
        "filters": plots.image_grid(first.weight, title="the filters, 3 x 3"),
        "maps": plots.image_grid(maps, title=f"their responses to a {labels[0].item()}"),
        "gallery": plots.gallery(images, labels, predicted),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in pictures.items():
        figure.savefig(folder / f"mnist_cnn_{name}.png", dpi=70)


def run(args: argparse.Namespace) -> float:
    test = load(args.data, train=False)
    trainer = fit(args, test)
    accuracy = trainer.history["val_accuracy"][-1]
    print(f"test accuracy: {accuracy:.2%} of {len(test[0])} images")
    if args.pictures:
        draw(args.pictures, trainer, *test)
    return accuracy


def main(argv: Sequence[str] | None = None) -> float:
    """Train and test with the options in `argv`; returns the test accuracy, in [0, 1]."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(";")[0])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=64)
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
