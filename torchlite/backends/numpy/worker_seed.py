"""NumPy's global generator in the worker processes of a data loader."""

from __future__ import annotations

import numpy as np


def seed_worker(base_seed: int, worker: int) -> None:
    """Seed ``numpy.random`` as PyTorch does in worker number `worker`: with a hash of both numbers.

    The hash keeps the stream different from that of Python's ``random``, the same generator,
    which is seeded with their sum.
    """
    entropy = [worker, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))
