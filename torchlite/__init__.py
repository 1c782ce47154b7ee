"""torchlite: PyTorch's API and semantics in Python, on pluggable backends."""

from torchlite import autograd, backends, ops
from torchlite._tensor import Tensor, device
from torchlite.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from torchlite.dtypes import (
    bfloat16,
    can_cast,
    complex32,
    complex64,
    complex128,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    get_default_dtype,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    promote_types,
    set_default_dtype,
    uint8,
    uint16,
    uint32,
    uint64,
)
from torchlite.dtypes import bool_ as bool
from torchlite.ops.activation import *  # noqa: F403
from torchlite.ops.comparison import *  # noqa: F403
from torchlite.ops.conversion import *  # noqa: F403
from torchlite.ops.creation import *  # noqa: F403
from torchlite.ops.elementwise import *  # noqa: F403
from torchlite.ops.layers import *  # noqa: F403
from torchlite.ops.linalg import *  # noqa: F403
from torchlite.ops.loss import *  # noqa: F403
from torchlite.ops.methods import attach
from torchlite.ops.pointwise import *  # noqa: F403
from torchlite.ops.reduction import *  # noqa: F403
from torchlite.ops.shape import *  # noqa: F403
from torchlite.shapes import Size, broadcast_shapes

short, int, long = int16, int32, int64
half, float, double = float16, float32, float64
chalf, cfloat, cdouble = complex32, complex64, complex128

attach()
__version__ = "0.1.0"
