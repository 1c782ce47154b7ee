"""torchlite: PyTorch's API and semantics in Python, on pluggable backends."""

import importlib as _importlib
import math as _math
from typing import TYPE_CHECKING

from torchlite import autograd as autograd
from torchlite import backends as backends
from torchlite import linalg as linalg
from torchlite import ops as ops
from torchlite.autograd import enable_grad as enable_grad
from torchlite.autograd import inference_mode as inference_mode
from torchlite.autograd import is_grad_enabled as is_grad_enabled
from torchlite.autograd import no_grad as no_grad
from torchlite.autograd import set_grad_enabled as set_grad_enabled
from torchlite.autograd.grad_mode import is_inference_mode_enabled as is_inference_mode_enabled
from torchlite.core import module_aliases as _module_aliases
from torchlite.core import return_types as return_types
from torchlite.core.layouts import *
from torchlite.core.printing import set_printoptions as set_printoptions
from torchlite.core.settings import *
from torchlite.core.shapes import Size as Size
from torchlite.core.shapes import broadcast_shapes as broadcast_shapes
from torchlite.core.tensor import Tensor as Tensor
from torchlite.core.tensor import device as device
from torchlite.core.version import __version__ as __version__
from torchlite.dtypes import *
from torchlite.dtypes import bool_ as _bool
from torchlite.errors import OutOfMemoryError as OutOfMemoryError
from torchlite.ops.core import operators as _operators
from torchlite.ops.core.promotion import result_type as result_type
from torchlite.ops.creation import filling as _filling
from torchlite.ops.creation.conversion import *
from torchlite.ops.creation.factories import *
from torchlite.ops.creation.hashing import *
from torchlite.ops.creation.inspection import *
from torchlite.ops.creation.interchange import *
from torchlite.ops.creation.random import *
from torchlite.ops.creation.sampling import *
from torchlite.ops.creation.storage import *
from torchlite.ops.indexing.gather import *
from torchlite.ops.indexing.index_select import *
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
from torchlite.ops.linalg.lobpcg import lobpcg as lobpcg
from torchlite.ops.linalg.matrix_functions import *
from torchlite.ops.linalg.products import *
from torchlite.ops.math.arithmetic import *
from torchlite.ops.math.clamping import *
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
from torchlite.random import Generator as Generator
from torchlite.random import default_generator as default_generator
from torchlite.random import get_rng_state as get_rng_state
from torchlite.random import initial_seed as initial_seed
from torchlite.random import manual_seed as manual_seed
from torchlite.random import seed as seed
from torchlite.random import set_rng_state as set_rng_state
from torchlite.random import thread_safe_generator as thread_safe_generator

short, int, long = int16, int32, int64
half, float, double = float16, float32, float64
chalf, cfloat, cdouble = complex32, complex64, complex128

bool = _bool
e, inf, nan, pi = _math.e, _math.inf, _math.nan, _math.pi
newaxis: None = None
legacy_contiguous_format = contiguous_format


from torchlite import nn as nn  # noqa: E402  (they need Tensor's methods)
from torchlite import random as random  # noqa: E402  (they need Tensor's methods)

rrelu_ = nn.functional.rrelu_

if TYPE_CHECKING:  # what is imported on first use
    from torchlite import amp as amp
    from torchlite import compiler as compiler
    from torchlite import distributions as distributions
    from torchlite import fft as fft
    from torchlite import func as func
    from torchlite import multiprocessing as multiprocessing
    from torchlite import optim as optim
    from torchlite import serialization as serialization
    from torchlite import special as special
    from torchlite import testing as testing
    from torchlite import training as training
    from torchlite import utils as utils
    from torchlite import vision as vision
    from torchlite.amp import GradScaler as GradScaler
    from torchlite.amp import autocast as autocast
    from torchlite.amp import clear_autocast_cache as clear_autocast_cache
    from torchlite.amp import get_autocast_dtype as get_autocast_dtype
    from torchlite.amp import is_autocast_available as is_autocast_available
    from torchlite.amp import is_autocast_cache_enabled as is_autocast_cache_enabled
    from torchlite.amp import is_autocast_enabled as is_autocast_enabled
    from torchlite.amp import set_autocast_cache_enabled as set_autocast_cache_enabled
    from torchlite.amp import set_autocast_dtype as set_autocast_dtype
    from torchlite.amp import set_autocast_enabled as set_autocast_enabled
    from torchlite.compiler import compile as compile
    from torchlite.core import overrides as overrides
    from torchlite.core import types as types
    from torchlite.core import version as version
    from torchlite.func import vmap as vmap
    from torchlite.namespaces import hub as hub
    from torchlite.namespaces import masked as masked
    from torchlite.namespaces import profiler as profiler
    from torchlite.namespaces import signal as signal
    from torchlite.serialization import load as load
    from torchlite.serialization import save as save
    from torchlite.standins import accelerator as accelerator
    from torchlite.standins import cuda as cuda
    from torchlite.standins import distributed as distributed
    from torchlite.standins import jit as jit
    from torchlite.standins import mps as mps
    from torchlite.standins import xpu as xpu
    from torchlite.training.summary import summary as summary

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


if not TYPE_CHECKING:

    def __getattr__(name):
        """Import on first use what many programs do not need."""
        if name in _LAZY:
            value = getattr(_importlib.import_module(f"torchlite.{_LAZY[name]}"), name)
            globals()[name] = value
            return value
        if name in _MODULES:
            return _importlib.import_module(f"torchlite.{name}")
        raise AttributeError(f"module 'torchlite' has no attribute {name!r}")


def __dir__() -> list[str]:
    names = {*globals(), *_LAZY, *_MODULES} - {"TYPE_CHECKING"}
    return sorted(n for n in names if n[0] != "_" or n.endswith("__"))
