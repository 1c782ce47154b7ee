"""Functions of functions: derivatives, batches, and calls of modules with given parameters.

They are built on the tape, so they nest with each other and with ``backward``. `vmap` calls its
function once for each slice, so it is a convenience, not a way to speed.
"""

from torchlite.func.batching import vmap
from torchlite.func.derivatives import grad, grad_and_value, jvp, linearize, vjp
from torchlite.func.jacobians import hessian, jacfwd, jacrev
from torchlite.func.modules import functional_call, stack_module_state

__all__ = [
    "functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
    "stack_module_state", "vjp", "vmap",
]  # fmt: skip
