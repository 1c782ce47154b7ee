"""100 small eager operations: the interpreter overhead of torchlite and PyTorch per operation.

    python tests/benchmarks/eager_ops.py --rounds 50

Each call computes 100 elementwise operations on 16 numbers: forward only, then forward and
backward. It only measures, and asserts nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from types import ModuleType

import numpy as np
from side_by_side import compare, libraries


def make_chain(lib: ModuleType, gradients: bool) -> Callable[[], None]:
    x = lib.from_numpy(np.linspace(-1, 1, 16, dtype="f4")).requires_grad_(gradients)

    def chain() -> None:
        y = x
        for _ in range(25):
            y = (y * 0.5 + x).tanh() - x
        if gradients:
            x.grad = None
            y.sum().backward()

    return chain


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--repeat", type=int, default=20, help="chains in a row")
    args = parser.parse_args()
    contenders = list(libraries())
    for gradients in (False, True):
        print("100 operations, forward and backward" if gradients else "100 operations, forward")
        steps = {name: (context, make_chain(lib, gradients)) for name, lib, context in contenders}
        compare(steps, args.rounds, args.repeat)


if __name__ == "__main__":
    main()
