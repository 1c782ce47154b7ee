"""Neural networks: modules, layers, losses, initial values. `torchlite.nn.functional` has the
functions behind the layers."""

from torchlite.nn import functional, init, modules, utils
from torchlite.nn.modules import *  # noqa: F403
from torchlite.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "Parameter", "Buffer", "UninitializedParameter", "UninitializedBuffer", "functional", "init",
    "modules", "utils", *modules.__all__,
]  # fmt: skip
