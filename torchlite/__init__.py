"""torchlite: PyTorch's API and semantics in Python, on pluggable backends."""

import importlib
import math
from typing import TYPE_CHECKING, Any

from torchlite import autograd, backends, ops
from torchlite.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from torchlite.autograd.grad_mode import is_inference_mode_enabled
from torchlite.core import module_aliases
from torchlite.core.layouts import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    layout,
    memory_format,
    preserve_format,
    strided,
)
from torchlite.core.printing import set_printoptions
from torchlite.core.settings import *
from torchlite.core.shapes import Size, broadcast_shapes
from torchlite.core.tensor import Tensor, device
from torchlite.core.version import __version__
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
from torchlite.ops.core import operators, return_types
from torchlite.ops.core.promotion import result_type
from torchlite.ops.creation.conversion import *
from torchlite.ops.creation.factories import *
from torchlite.ops.creation.hashing import *
from torchlite.ops.creation.inspection import *
from torchlite.ops.creation.interchange import *
from torchlite.ops.creation.random import *
from torchlite.ops.creation.sampling import *
from torchlite.ops.creation.storage import *
from torchlite.ops.indexing.gather import *
from torchlite.ops.indexing.masking import *
from torchlite.ops.indexing.search import *
from torchlite.ops.indexing.segments import *
from torchlite.ops.layers.activations import *
from torchlite.ops.layers.adaptive_pooling import *
from torchlite.ops.layers.convolution import *
from torchlite.ops.layers.dropout import *
from torchlite.ops.layers.folding import *
from torchlite.ops.layers.grid_sample import *
from torchlite.ops.layers.linear import *
from torchlite.ops.layers.normalization import *
from torchlite.ops.layers.padding import *
from torchlite.ops.layers.piecewise_linear import *
from torchlite.ops.layers.pooling import *
from torchlite.ops.layers.pooling_indices import *
from torchlite.ops.linalg.contraction import *
from torchlite.ops.linalg.distance import *
from torchlite.ops.linalg.lobpcg import lobpcg
from torchlite.ops.linalg.matrix_functions import *
from torchlite.ops.linalg.products import *
from torchlite.ops.math.arithmetic import *
from torchlite.ops.math.comparison import *
from torchlite.ops.math.complex_numbers import *
from torchlite.ops.math.derived import *
from torchlite.ops.math.exponentials import *
from torchlite.ops.math.finite_differences import *
from torchlite.ops.math.special import *
from torchlite.ops.math.trigonometry import *
from torchlite.ops.reduce.extremes import *
from torchlite.ops.reduce.histogram import *
from torchlite.ops.reduce.norms import *
from torchlite.ops.reduce.quantile import *
from torchlite.ops.reduce.reductions import *
from torchlite.ops.reduce.scan import *
from torchlite.ops.reduce.sorting import *
from torchlite.ops.reduce.statistics import *
from torchlite.ops.shape.dimensions import *
from torchlite.ops.shape.joining import *
from torchlite.ops.shape.rearranging import *
from torchlite.ops.shape.repeating import *
from torchlite.ops.shape.reshaping import *
from torchlite.ops.shape.slicing import *
from torchlite.ops.shape.splitting import *
from torchlite.ops.shape.view_copies import *
from torchlite.ops.spectral.stft import *
from torchlite.ops.spectral.windows import *
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

short, int, long = int16, int32, int64
half, float, double = float16, float32, float64
chalf, cfloat, cdouble = complex32, complex64, complex128

e, inf, nan, pi = math.e, math.inf, math.nan, math.pi
newaxis = None
legacy_contiguous_format = contiguous_format


from torchlite import nn, random  # noqa: E402  (they need Tensor's methods)

rrelu_ = nn.functional.rrelu_

if TYPE_CHECKING:
    from torchlite import (
        amp,
        compiler,
        distributions,
        fft,
        func,
        multiprocessing,
        optim,
        serialization,
        special,
        testing,
        training,
        utils,
        vision,
    )
    from torchlite.amp import GradScaler, autocast
    from torchlite.compiler import compile
    from torchlite.func import vmap
    from torchlite.namespaces import hub, masked, signal
    from torchlite.serialization import load, save
    from torchlite.training.summary import summary

#: What is imported on first use, since many programs do without: modules, and names by module.
_MODULES = """
    accelerator amp compiler cuda distributed distributions fft func hub jit masked mps
    multiprocessing optim overrides profiler serialization signal special testing training
    types utils version vision xpu
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
