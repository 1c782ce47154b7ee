"""Composites: methods of every backend whose default body is made of primitives.

`xp`, the first parameter, is the backend, or the differentiable namespace, or a tracer: a body
says what a composite *means* to each of them. A backend overrides one with a fused kernel where
that is faster. ``*_backward(g, ...)`` is the gradient of the input, given that of the result.
The decorator of each body states what else is known of it: see `torchlite.backends.spec`.
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
