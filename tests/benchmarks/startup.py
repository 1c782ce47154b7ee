"""Startup times: imports, and the first training step with cold and warm kernels.

    python tests/benchmarks/startup.py --rounds 5

Every figure is the time from the start of a new process to its end. It asserts nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRST_STEP = """
import torchlite as torch
from torchlite import nn
model = nn.Sequential(
    nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
nn.CrossEntropyLoss()(model(torch.randn(32, 784)), torch.zeros(32).long()).backward()
optimizer.step()
"""


def seconds(code: str, **environment: str) -> float:
    """The lifetime of a Python process that runs `code`."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=ROOT, env={**os.environ, **environment}
    )
    return time.perf_counter() - start


def report(name: str, times: list[float]) -> None:
    print(f"{name:36}{statistics.median(times):8.3f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = range(parser.parse_args().rounds)
    report("empty process", [seconds("pass") for _ in rounds])
    for module in ("numpy", "torchlite", "torch"):
        if importlib.util.find_spec(module):
            report(f"import {module}", [seconds(f"import {module}") for _ in rounds])
        else:
            print(f"skipped: {module} is not installed")
    report("first step, numpy", [seconds(FIRST_STEP, TORCHLITE_BACKEND="numpy") for _ in rounds])
    if not importlib.util.find_spec("numba"):
        print("skipped: numba is not installed")
        return
    with tempfile.TemporaryDirectory() as cache:
        jit = {"TORCHLITE_BACKEND": "numba", "NUMBA_CACHE_DIR": cache}
        report("first step, numba, empty cache", [seconds(FIRST_STEP, **jit)])
        report("first step, numba, warm cache", [seconds(FIRST_STEP, **jit) for _ in rounds])


if __name__ == "__main__":
    main()
