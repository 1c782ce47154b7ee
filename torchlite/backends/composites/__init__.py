"""Composites: backend methods with a default body made of primitives.

`xp`, the first parameter, is the backend, the differentiable namespace or a tracer: the body
defines the composite for each of them. A backend overrides it with a fused kernel where that is
faster. ``*_backward(g, ...)`` is the gradient of the input, given the gradient `g` of the result.
The decorator of each body states its other properties: see `torchlite.backends.spec`.
"""

from torchlite.backends.composites.activations import Activations
from torchlite.backends.composites.images import Images
from torchlite.backends.composites.layers import Layers, Places
from torchlite.backends.composites.linalg import LinearAlgebra
from torchlite.backends.composites.normalization import Attention, Normalization
from torchlite.backends.composites.recurrent import Recurrence
from torchlite.backends.composites.reductions import Order, Reductions
from torchlite.backends.composites.special import SpecialFunctions
from torchlite.backends.composites.updates import Updates


class Composites(Activations, SpecialFunctions, LinearAlgebra, Reductions, Order, Places, Layers,
                 Images, Updates, Normalization, Attention, Recurrence):  # fmt: skip
    """All composites with their default bodies."""
