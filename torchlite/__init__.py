"""torchlite: PyTorch's API and semantics in Python, on pluggable backends."""

import importlib
import math
from typing import TYPE_CHECKING, Any

from torchlite import autograd, backends, ops
from torchlite._tensor import Tensor, device
from torchlite._tensor_str import set_printoptions
from torchlite.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from torchlite.autograd.grad_mode import is_inference_mode_enabled
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
from torchlite.errors import OutOfMemoryError
from torchlite.layouts import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    layout,
    memory_format,
    preserve_format,
    strided,
)
from torchlite.ops import return_types
from torchlite.ops.activation import *  # noqa: F403
from torchlite.ops.adaptive_pooling import *  # noqa: F403
from torchlite.ops.aliases import *  # noqa: F403
from torchlite.ops.comparison import *  # noqa: F403
from torchlite.ops.complex_numbers import *  # noqa: F403
from torchlite.ops.contraction import *  # noqa: F403
from torchlite.ops.conversion import *  # noqa: F403
from torchlite.ops.convolution import *  # noqa: F403
from torchlite.ops.copies import *  # noqa: F403
from torchlite.ops.creation import *  # noqa: F403
from torchlite.ops.distance import *  # noqa: F403
from torchlite.ops.dropout import *  # noqa: F403
from torchlite.ops.eigenpairs import lobpcg
from torchlite.ops.elementwise import *  # noqa: F403
from torchlite.ops.exponentials import *  # noqa: F403
from torchlite.ops.extremes import *  # noqa: F403
from torchlite.ops.facts import *  # noqa: F403
from torchlite.ops.finite_differences import *  # noqa: F403
from torchlite.ops.folding import *  # noqa: F403
from torchlite.ops.gather import *  # noqa: F403
from torchlite.ops.grid import *  # noqa: F403
from torchlite.ops.hashing import *  # noqa: F403
from torchlite.ops.histogram import *  # noqa: F403
from torchlite.ops.interchange import *  # noqa: F403
from torchlite.ops.joining import *  # noqa: F403
from torchlite.ops.layers import *  # noqa: F403
from torchlite.ops.linalg import *  # noqa: F403
from torchlite.ops.masking import *  # noqa: F403
from torchlite.ops.matrices import *  # noqa: F403
from torchlite.ops.memory import *  # noqa: F403
from torchlite.ops.methods import attach
from torchlite.ops.normalization import *  # noqa: F403
from torchlite.ops.normalize import *  # noqa: F403
from torchlite.ops.order import *  # noqa: F403
from torchlite.ops.padding import *  # noqa: F403
from torchlite.ops.piecewise import *  # noqa: F403
from torchlite.ops.pointwise import *  # noqa: F403
from torchlite.ops.pooling import *  # noqa: F403
from torchlite.ops.pooling_indices import *  # noqa: F403
from torchlite.ops.promotion import result_type
from torchlite.ops.quantile import *  # noqa: F403
from torchlite.ops.random import *  # noqa: F403
from torchlite.ops.rearranging import *  # noqa: F403
from torchlite.ops.reduction import *  # noqa: F403
from torchlite.ops.repeating import *  # noqa: F403
from torchlite.ops.sampling import *  # noqa: F403
from torchlite.ops.scan import *  # noqa: F403
from torchlite.ops.search import *  # noqa: F403
from torchlite.ops.segments import *  # noqa: F403
from torchlite.ops.shape import *  # noqa: F403
from torchlite.ops.slicing import *  # noqa: F403
from torchlite.ops.special import *  # noqa: F403
from torchlite.ops.spectral import *  # noqa: F403
from torchlite.ops.splitting import *  # noqa: F403
from torchlite.ops.statistics import *  # noqa: F403
from torchlite.ops.trigonometry import *  # noqa: F403
from torchlite.ops.views import *  # noqa: F403
from torchlite.ops.windows import *  # noqa: F403
from torchlite.random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
    thread_safe_generator,
)
from torchlite.settings import *  # noqa: F403
from torchlite.shapes import Size, broadcast_shapes
from torchlite.version import __version__

short, int, long = int16, int32, int64
half, float, double = float16, float32, float64
chalf, cfloat, cdouble = complex32, complex64, complex128

e, inf, nan, pi = math.e, math.inf, math.nan, math.pi
newaxis = None
legacy_contiguous_format = contiguous_format

attach()

from torchlite import nn, random  # noqa: E402  (they need Tensor's methods)

rrelu_ = nn.functional.rrelu_

if TYPE_CHECKING:
    from torchlite import (
        amp,
        compiler,
        distributions,
        fft,
        func,
        hub,
        masked,
        multiprocessing,
        optim,
        serialization,
        signal,
        special,
        testing,
        training,
        utils,
        vision,
    )
    from torchlite.amp import GradScaler, autocast
    from torchlite.compiler import compile
    from torchlite.func import vmap
    from torchlite.serialization import load, save
    from torchlite.training.summary import summary

#: What is imported on first use, since many programs do without: modules, and names by module.
_MODULES = """
    accelerator amp compiler cuda distributed distributions fft func hub jit masked mps
    multiprocessing optim profiler serialization signal special testing training types utils
    version vision xpu
""".split()
_NAMES = {
    "amp": "GradScaler autocast clear_autocast_cache get_autocast_dtype is_autocast_available "
    "is_autocast_cache_enabled is_autocast_enabled set_autocast_cache_enabled set_autocast_dtype "
    "set_autocast_enabled",
    "compiler": "compile",
    "func": "vmap",
    "serialization": "load save",
    "training.summary": "summary",
}
_LAZY = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Import on first use what many programs do not need."""
    if name in _LAZY:
        value = getattr(importlib.import_module(f"torchlite.{_LAZY[name]}"), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return importlib.import_module(f"torchlite.{name}")
    raise AttributeError(f"module 'torchlite' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_MODULES})
