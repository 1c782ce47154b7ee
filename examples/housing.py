"""Predict house prices, first with one linear layer, then with a small network; takes seconds.

    python examples/housing.py --pictures pictures --save prices.pt
    python examples/housing.py --load prices.pt

The five steps of nearly every training program, each written out: read and normalise the data,
build a model, choose the settings, train in a loop, save and predict.

The data set covers 506 districts of Boston in 1970. Thirteen columns describe each, such as RM,
the rooms per house, and LSTAT, the percentage of people of lower status; the last, MEDV, is the
median house price in 1000 dollars (Harrison and Rubinfeld 1978, "Hedonic housing prices and the
demand for clean air"). One column is objectionable: B is a function of the share of Black
residents, based on the assumption that segregation raises prices. Use the table as a textbook
classic, not to draw conclusions about houses or people; `--without-b` drops B. More:
examples/data/README.md.

On unseen houses the linear layer has a root mean squared error of 4.5, 5.2 and 4.9 thousand dollars
(seeds 0, 1 and 2), the network 4.1, 3.7 and 3.1, and without B 4.3, 3.5 and 3.0.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torchlite as torch
from torchlite import Tensor, nn
from torchlite.training import History

DATA = Path(__file__).parent / "data" / "boston_house_prices.csv"
NAMES = "CRIM ZN INDUS CHAS NOX RM AGE DIS RAD TAX PTRATIO B LSTAT MEDV".split()


# Step 1: the data


def read(path: Path, names: Sequence[str]) -> Tensor:
    """The columns `names` of the table: (N, len(names))."""
    with open(path, newline="", encoding="utf-8") as file:
        return torch.tensor([[float(row[name]) for name in names] for row in csv.DictReader(file)])


class Scale(NamedTuple):
    """The mean and standard deviation of each column, prices included: both (14,)."""

    mean: Tensor
    std: Tensor

    def normalise(self, rows: Tensor) -> Tensor:
        """Columns with mean 0 and deviation 1, so that one learning rate suits all weights."""
        return (rows - self.mean) / self.std

    def to_dollars(self, prices: Tensor) -> Tensor:
        """Convert normalised prices (N, 1) to thousands of dollars."""
        return prices * self.std[-1] + self.mean[-1]


def split(rows: Tensor) -> tuple[Tensor, Tensor, Scale]:
    """A random 80% for training and the rest for testing, both normalised, and the scale used.

    Only the training rows set the scale: to the model, the test rows are future houses.
    """
    training, test = rows[torch.randperm(len(rows))].tensor_split([len(rows) * 8 // 10])
    scale = Scale(training.mean(dim=0), training.std(dim=0))
    return scale.normalise(training), scale.normalise(test), scale


def batches(rows: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """All rows once, shuffled: inputs (size, 13) and prices (size, 1); the last batch is short."""
    for batch in rows[torch.randperm(len(rows))].split(size):
        yield batch[:, :-1], batch[:, -1:]


# Step 2: the model


def make_model(inputs: int, hidden: int) -> nn.Module:
    """A weighted sum of the columns, or `hidden` such sums, a ReLU, and a weighted sum of those.

    Shape: (N, inputs) -> (N, 1).
    """
    if not hidden:
        return nn.Linear(inputs, 1)
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 1))


# Step 3: the settings

criterion = nn.MSELoss()


def make_optimizer(model: nn.Module, args: argparse.Namespace) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=args.lr)


# Step 4: the loop


def train(model: nn.Module, rows: Tensor, test: Tensor, args: argparse.Namespace,
          note: Callable[[], Any] = lambda: None) -> History:  # fmt: skip
    """Train `model`, calling `note` after each step; returns both losses per epoch."""
    optimizer, history = make_optimizer(model, args), History()
    for _ in range(args.epochs):
        for inputs, prices in batches(rows, args.batch_size):
            loss = criterion(model(inputs), prices)  # forward: how wrong the prices are
            optimizer.zero_grad()
            loss.backward()  # backward: which way is down, for each weight
            optimizer.step()  # and a step that way
            note()
        history.append({"loss": evaluate(model, rows), "val_loss": evaluate(model, test)})
    return history


@torch.no_grad()
def evaluate(model: nn.Module, rows: Tensor) -> float:
    """The mean squared error; always predicting the mean price would give about 1."""
    return criterion(model(rows[:, :-1]), rows[:, -1:]).item()


# Step 5: save and predict


def save(path: Path, model: nn.Module, args: argparse.Namespace, names: Sequence[str],
         scale: Scale) -> None:  # fmt: skip
    """Save everything a prediction needs: weights alone do not say which columns they are for."""
    saved = {"model": model.state_dict(), "hidden": args.hidden, "names": names,
             "mean": scale.mean, "std": scale.std}  # fmt: skip
    torch.save(saved, path)


@torch.no_grad()
def predict(path: Path, table: Path) -> tuple[Tensor, Tensor]:
    """The saved model's prices for the houses in a table, and the true prices: both (N, 1)."""
    saved = torch.load(path)
    scale = Scale(saved["mean"], saved["std"])
    model = make_model(len(saved["names"]) - 1, saved["hidden"])
    model.load_state_dict(saved["model"])
    rows = read(table, saved["names"])
    return scale.to_dollars(model(scale.normalise(rows)[:, :-1])), rows[:, -1:]


# The plots


def draw_descent(model: nn.Module, path: Sequence[Sequence[float]], rows: Tensor,
                 names: Sequence[str]) -> Any:  # fmt: skip
    """The path of the weights of RM and LSTAT down the loss surface.

    The surface is drawn for the final values of the other weights. During training those changed
    too, and the surface with them, so the path need not cross the contours at right angles.
    """
    from torchlite.training import plots

    first, second = names.index("RM"), names.index("LSTAT")
    weight, bias = model.weight.detach().clone(), model.bias.detach()

    def loss(rm: float, lstat: float) -> float:
        weight[0, first], weight[0, second] = rm, lstat
        return criterion(nn.functional.linear(rows[:, :-1], weight, bias), rows[:, -1:]).item()

    steps = [(weights[first], weights[second]) for weights in path]
    return plots.loss_surface(loss, steps, ("weight of RM", "weight of LSTAT"))


def draw_losses(histories: Mapping[str, History]) -> Any:
    """The training and test losses of each model."""
    from torchlite.training import plots

    both = {name: history["loss"] for name, history in histories.items()}
    both |= {f"val_{name}": history["val_loss"] for name, history in histories.items()}
    return plots.loss_curves(both, list(histories), log=True)


# Putting it all together


def fit_both(args: argparse.Namespace) -> float:
    """Train the linear layer and the network; returns the network's error on the test set."""
    torch.manual_seed(args.seed)
    names = [name for name in NAMES if name != "B" or not args.without_b]
    training, test, scale = split(read(args.data, names))
    line, network = (make_model(len(names) - 1, hidden) for hidden in (0, args.hidden))
    weight = next(line.parameters())  # (1, 13)
    path = [weight[0].tolist()]
    histories = {
        "line": train(line, training, test, args, lambda: path.append(weight[0].tolist())),
        "network": train(network, training, test, args),
    }
    if args.pictures:
        args.pictures.mkdir(parents=True, exist_ok=True)
        draw_losses(histories).savefig(args.pictures / "housing_loss.png", dpi=70)
        descent = draw_descent(line, path[:400:4], training, names)
        descent.savefig(args.pictures / "housing_descent.png", dpi=70)
    if args.save:
        save(args.save, network, args, names, scale)
    errors = [report(name, history, scale) for name, history in histories.items()]
    return errors[-1]


def report(name: str, history: History, scale: Scale) -> float:
    """Print a model's final errors; returns its error on the test set in 1000 dollars."""
    squared, test_squared = history["loss"][-1], history["val_loss"][-1]
    error = test_squared**0.5 * scale.std[-1].item()
    print(f"{name:8} squared error {squared:.3f}, on the test set {test_squared:.3f}: "
          f"{error:.2f} thousand dollars off")  # fmt: skip
    return error


def show(args: argparse.Namespace) -> float:
    """Print some of the saved network's predictions; returns its error over all houses."""
    prices, true = predict(args.load, args.data)
    for price, real in zip(prices[:5].flatten().tolist(), true[:5].flatten().tolist()):
        print(f"{price:6.1f} thousand dollars; true price {real:.1f}")
    return criterion(prices, true).sqrt().item()


def run(args: argparse.Namespace) -> float:
    return show(args) if args.load else fit_both(args)


def main(argv: Sequence[str] | None = None) -> float:
    """Train or load the network; returns its root mean squared error in 1000 dollars.

    After training the error is that on the test set; after loading, that on the whole table.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(";")[0])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=10)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--hidden", type=int, default=32, help="hidden units of the network")
    parser.add_argument("--seed", type=int, default=0, help="seed of the weights and the split")
    parser.add_argument("--without-b", action="store_true", help="drop column B")
    parser.add_argument("--backend", help="e.g. numba; default: $TORCHLITE_BACKEND or numpy")
    parser.add_argument("--data", type=Path, default=DATA, help="the CSV file")
    parser.add_argument("--pictures", type=Path, help="folder for the loss and descent pictures")
    parser.add_argument("--save", type=Path, help="write the network to this file")
    parser.add_argument("--load", type=Path, help="predict with this file instead of training")
    args = parser.parse_args(argv)
    if args.backend is None:
        return run(args)
    with torch.backends.use(args.backend):
        return run(args)


if __name__ == "__main__":
    main()
