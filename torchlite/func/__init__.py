"""Function transforms: derivatives, `vmap`, and calls of modules with given parameters.

They are built on the tape and on interpreters of the backend's primitives, so they nest with each
other and with ``backward``. Each calls its function once; `vmap` does so for the whole batch.
"""

from torchlite.func.batching import vmap
from torchlite.func.derivatives import grad, grad_and_value, linearize, vjp
from torchlite.func.forward import jvp
from torchlite.func.jacobians import hessian, jacfwd, jacrev
from torchlite.func.modules import (
    functional_call,
    replace_all_batch_norm_modules_,
    stack_module_state,
)
from torchlite.func.rearranging import rearrange
from torchlite.func.tools import debug_unwrap, functionalize

__all__ = [
    "debug_unwrap", "functional_call", "functionalize", "grad", "grad_and_value", "hessian",
    "jacfwd", "jacrev", "jvp", "linearize", "rearrange", "replace_all_batch_norm_modules_",
    "stack_module_state", "vjp", "vmap",
]  # fmt: skip
