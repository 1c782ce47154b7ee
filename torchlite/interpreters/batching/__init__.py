"""An interpreter that computes for a whole batch what a program says of one example.

`Batching` is a backend around another one. Its arrays, `Batched`, hold a batch and show one of its
examples; each primitive has a rule that says how the inner backend computes it for all of them at
once. `torchlite.func.vmap` runs a function with it.
"""

from torchlite.backends.wrapped import Batched, Level
from torchlite.interpreters.batching.interpreter import Batching

__all__ = ["Batched", "Batching", "Level"]
