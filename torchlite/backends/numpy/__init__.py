"""The reference backend: plain NumPy, short and obvious."""

from __future__ import annotations

import numpy as np

from torchlite.backends.numpy import bfloat16
from torchlite.backends.numpy.bessel import Bessel
from torchlite.backends.numpy.creation import Creation
from torchlite.backends.numpy.elementwise import Elementwise
from torchlite.backends.numpy.fourier import Fourier
from torchlite.backends.numpy.fused import Fused
from torchlite.backends.numpy.gamma import Gamma
from torchlite.backends.numpy.images import ImageKernels
from torchlite.backends.numpy.implicit import Implicit
from torchlite.backends.numpy.indexing import Indexing
from torchlite.backends.numpy.lapack import Lapack
from torchlite.backends.numpy.linalg import Linalg
from torchlite.backends.numpy.random import Random
from torchlite.backends.numpy.reduction import Reductions
from torchlite.backends.numpy.sampling import Sampling
from torchlite.backends.numpy.shape import Shapes
from torchlite.backends.numpy.special import Special
from torchlite.backends.numpy.threads import Threads
from torchlite.backends.protocol import Backend


class NumpyBackend(
    Fused, ImageKernels, Elementwise, Special, Bessel, Gamma, Reductions, Shapes, Indexing, Linalg,
    Lapack, Fourier,
    Implicit, Creation, Random, Sampling, Threads, Backend,
):  # fmt: skip
    """Every primitive by NumPy; most composites by their default bodies."""

    name = "numpy"
    array_type = np.ndarray

    def __new__(cls, *args: object, **kwargs: object) -> NumpyBackend:
        backend = super().__new__(cls)
        bfloat16.attach(backend)
        return backend
