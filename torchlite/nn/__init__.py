"""Neural networks: modules, layers, losses, initialisation. `torchlite.nn.functional` has the
functions behind the layers."""

from torchlite.nn import functional, init, modules, parallel, utils
from torchlite.nn._arguments import factory_kwargs
from torchlite.nn._linear_cross_entropy import LinearCrossEntropyOptions
from torchlite.nn.modules import *
from torchlite.nn.parallel import DataParallel
from torchlite.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "DataParallel", "Parameter", "Buffer", "UninitializedParameter", "UninitializedBuffer",
    "LinearCrossEntropyOptions", "factory_kwargs", "functional", "init", "modules", "parallel",
    "utils",
    *modules.__all__,
]  # fmt: skip
