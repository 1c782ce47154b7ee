"""The fast backend of torchlite: kernels compiled by Numba where they beat NumPy, NumPy elsewhere.

``torchlite.backends.use("numba")`` or ``TORCHLITE_BACKEND=numba`` switches to it. Kernels compile
when they are first used and stay on disk; ``python -m torchlite_numba warmup`` compiles them all
ahead of time.
"""

from torchlite_numba.convolution import Convolution
from torchlite_numba.elementwise import Elementwise
from torchlite_numba.embedding import Embedding
from torchlite_numba.launch import get_num_threads, set_num_threads
from torchlite_numba.linear import Linear
from torchlite_numba.normalization import Normalization
from torchlite_numba.pooling import Pooling
from torchlite_numba.random import Random
from torchlite_numba.reduction import Reductions
from torchlite_numba.sampling import Sampling
from torchlite_numba.softmax import Softmax
from torchlite_numba.updates import Updates

__all__ = ["NumbaBackend", "get_num_threads", "set_num_threads"]


class NumbaBackend(
    Random,
    Sampling,
    Elementwise,
    Reductions,
    Softmax,
    Linear,
    Convolution,
    Pooling,
    Normalization,
    Embedding,
    Updates,
):
    """`NumpyBackend` with the methods that Numba makes faster."""

    name = "numba"

    def get_num_threads(self) -> int:
        """The number of threads that large kernels use."""
        return get_num_threads()

    def set_num_threads(self, n: int) -> None:
        """Let large kernels, and BLAS, use `n` threads."""
        super().set_num_threads(n)
        set_num_threads(n)
