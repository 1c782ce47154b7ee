"""``python -m torchlite_numba warmup``: compile the kernels before they are needed.

They stay in the cache folder (NUMBA_CACHE_DIR, by default beside the package or in the user's
cache), so that every later process starts at once. Kernels for several types are compiled for
float32.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np

from torchlite_numba import NumbaBackend, launch
from torchlite_numba.kernel import kernels


def warmup() -> None:
    """Compile every kernel and both drivers, with a progress line on the standard error stream."""
    for i, kernel in enumerate(kernels, 1):
        sys.stderr.write(f"\r{i}/{len(kernels)} {kernel.name:24}")
        kernel.compile(np.dtype(np.float32))
    NumbaBackend().relu(np.ones(launch.CHEAP_FROM, np.float32))  # runs a driver
    sys.stderr.write(f"\r{len(kernels)} kernels are ready{'':24}\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m torchlite_numba", description=__doc__)
    parser.add_argument("command", choices=["warmup"])
    parser.parse_args(argv)
    warmup()


if __name__ == "__main__":
    main()
