"""How many Python functions common calls enter: a figure that does not depend on machine load.

    python tests/benchmarks/frames.py --backend numpy

It only counts, and asserts nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import torchlite as torch
from torchlite import nn
from torchlite.nn import functional as F


def frames(call: Callable[[], Any]) -> int:
    """How many Python functions the third `call` enters, after two that fill the caches."""
    count = 0

    def notice(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    for _ in range(2):
        call()
    sys.setprofile(notice)
    try:
        call()
    finally:
        sys.setprofile(None)
    return count - 1  # the lambda itself


def calls() -> dict[str, Callable[[], Any]]:
    """The calls by name; an optimizer step updates two parameters."""
    x, y = torch.randn(8, 8), torch.randn(8, 8, requires_grad=True)
    images, target = torch.randn(2, 3, 8, 8), torch.zeros(8, dtype=torch.long)
    layer, conv = nn.Linear(8, 8), nn.Conv2d(3, 4, 3)
    sgd, adam = (kind(nn.Linear(8, 8).parameters(), lr=0.1)
                 for kind in (torch.optim.SGD, torch.optim.Adam))  # fmt: skip
    for optimizer in (sgd, adam):
        for p in optimizer.param_groups[0]["params"]:
            p.grad = torch.ones_like(p)

    def loss() -> Any:
        return F.cross_entropy(layer(x), target)

    found = {
        "relu": lambda: torch.relu(x),
        "relu, recorded": lambda: torch.relu(y),
        "x + x": lambda: x + x,
        "x + x, recorded": lambda: y + y,
        "Linear": lambda: layer(x),
        "cross_entropy, mean": lambda: F.cross_entropy(y, target),
        "cross_entropy, sum": lambda: F.cross_entropy(y, target, reduction="sum"),
        "cat": lambda: torch.cat([y, y]),
        "conv2d": lambda: conv(images),
        "Linear + cross_entropy": loss,
        "Linear + cross_entropy, backward": lambda: loss().backward(),
        "SGD step": sgd.step,
        "Adam step": adam.step,
    }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backend", default="numpy", choices=torch.backends.available())
    torch.backends.use(parser.parse_args().backend)
    for name, call in calls().items():
        print(f"{name:34} {frames(call):4}")


if __name__ == "__main__":
    main()
