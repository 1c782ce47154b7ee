"""Neural networks: modules, layers, losses, initial values. `torchlite.nn.functional` has the
functions behind the layers."""

from torchlite.nn import functional, init, modules
from torchlite.nn.modules import *  # noqa: F403
from torchlite.nn.parameter import Buffer, Parameter

__all__ = ["Parameter", "Buffer", "functional", "init", "modules", *modules.__all__]
