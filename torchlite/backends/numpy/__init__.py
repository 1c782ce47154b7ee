"""The reference backend: plain NumPy, short and obvious."""

from __future__ import annotations

import numpy as np

from torchlite.backends.numpy.creation import Creation
from torchlite.backends.numpy.elementwise import Elementwise
from torchlite.backends.numpy.indexing import Indexing
from torchlite.backends.numpy.lapack import Lapack
from torchlite.backends.numpy.linalg import Linalg
from torchlite.backends.numpy.random import Random
from torchlite.backends.numpy.reduction import Reductions
from torchlite.backends.numpy.shape import Shapes
from torchlite.backends.numpy.special import Special
from torchlite.backends.protocol import Backend


class NumpyBackend(
    Elementwise, Special, Reductions, Shapes, Indexing, Linalg, Lapack, Creation, Random, Backend
):
    """Every primitive by NumPy; composites by their default bodies."""

    name = "numpy"
    array_type = np.ndarray
