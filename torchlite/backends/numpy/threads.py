"""The number of threads of NumPy's BLAS, set through threadpoolctl if it is installed."""

from __future__ import annotations

import importlib
import importlib.util
import os


class Threads:
    """NumPy computes in one thread, except for matrix products, which BLAS computes."""

    _threads = os.cpu_count() or 1

    def get_num_threads(self) -> int:
        """The number last set; by default, the number of processors."""
        return self._threads

    def set_num_threads(self, n: int) -> None:
        """Let BLAS use at most `n` threads; without threadpoolctl, only remember it."""
        self._threads = n
        if importlib.util.find_spec("threadpoolctl") is not None:
            importlib.import_module("threadpoolctl").threadpool_limits(limits=n)
