"""An interpreter that runs a program written for one example on a whole batch.

`Batching` wraps another backend. Its arrays, `Batched`, hold a batch but look like one example;
each primitive has a rule by which the inner backend computes it for all examples at once.
`torchlite.func.vmap` runs a function with it.
"""

from torchlite.backends.wrapped import Batched, Level
from torchlite.interpreters.batching.interpreter import Batching

__all__ = ["Batched", "Batching", "Level"]
