"""Helpers for modules and their parameters: clipping, norms, pruning, packed sequences, ..."""

from torchlite.nn.utils import parametrizations, parametrize, rnn, stateless
from torchlite.nn.utils.clip_grad import *
from torchlite.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters
from torchlite.nn.utils.fusion import *
from torchlite.nn.utils.init import skip_init
from torchlite.nn.utils.memory_format import *
from torchlite.nn.utils.spectral_norm import remove_spectral_norm, spectral_norm
from torchlite.nn.utils.weight_norm import remove_weight_norm, weight_norm

__all__ = [
    "clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_",
    "convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format",
    "fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights",
    "get_total_norm", "parameters_to_vector", "parametrizations", "parametrize",
    "remove_spectral_norm", "remove_weight_norm", "rnn", "skip_init", "spectral_norm", "stateless",
    "vector_to_parameters", "weight_norm",
]  # fmt: skip
