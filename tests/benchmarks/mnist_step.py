"""One training step of the MNIST network: torchlite on each backend against PyTorch eager.

    python tests/benchmarks/mnist_step.py --rounds 50

Same weights, same batch, same optimizer (SGD, lr 0.01). It only measures, and asserts nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from itertools import pairwise
from types import ModuleType

import numpy as np
from side_by_side import compare, libraries

SIZES = (784, 128, 128, 10)


def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    state = {}
    for i, (width, height) in enumerate(pairwise(SIZES)):
        bound = width**-0.5
        state[f"{2 * i}.weight"] = rng.uniform(-bound, bound, (height, width)).astype("f4")
        state[f"{2 * i}.bias"] = rng.uniform(-bound, bound, height).astype("f4")
    return state


def make_step(lib: ModuleType, batch: int, momentum: float) -> Callable[[], None]:
    """A function without arguments that trains `lib`'s network on the same batch each time."""
    rng = np.random.default_rng(1)
    images = lib.from_numpy(rng.random((batch, SIZES[0]), dtype="f4"))
    labels = lib.from_numpy(rng.integers(0, SIZES[-1], batch))
    nn = lib.nn
    model = nn.Sequential(
        nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10)
    )
    model.load_state_dict({name: lib.from_numpy(w) for name, w in weights().items()})
    optimizer = lib.optim.SGD(model.parameters(), lr=0.01, momentum=momentum)
    criterion = nn.CrossEntropyLoss()

    def step() -> None:
        optimizer.zero_grad()
        criterion(model(images), labels).backward()
        optimizer.step()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--repeat", type=int, default=20, help="steps in a row")
    parser.add_argument("--momentum", type=float, default=0.0)
    args = parser.parse_args()
    contenders = list(libraries())
    for batch in (32, 128):
        print(f"batch {batch}, {args.rounds} rounds of {args.repeat} steps")
        steps = {
            name: (context, make_step(lib, batch, args.momentum))
            for name, lib, context in contenders
        }
        compare(steps, args.rounds, args.repeat)


if __name__ == "__main__":
    main()
