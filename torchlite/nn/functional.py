"""Functions behind the layers of `torchlite.nn`, with PyTorch's names and signatures."""

from torchlite.nn._activation import gumbel_softmax as gumbel_softmax
from torchlite.nn._activation import log_softmax as log_softmax
from torchlite.nn._activation import rrelu as rrelu
from torchlite.nn._activation import rrelu_ as rrelu_
from torchlite.nn._activation import softmax as softmax
from torchlite.nn._activation import softmin as softmin
from torchlite.nn._arguments import assert_int_or_pair as assert_int_or_pair
from torchlite.nn._attention import multi_head_attention_forward as multi_head_attention_forward
from torchlite.nn._dropout import alpha_dropout as alpha_dropout
from torchlite.nn._dropout import dropout1d as dropout1d
from torchlite.nn._dropout import dropout2d as dropout2d
from torchlite.nn._dropout import dropout3d as dropout3d
from torchlite.nn._dropout import feature_alpha_dropout as feature_alpha_dropout
from torchlite.nn._embedding_bag import embedding_bag as embedding_bag
from torchlite.nn._grouped_products import ScalingType as ScalingType
from torchlite.nn._grouped_products import SwizzleType as SwizzleType
from torchlite.nn._grouped_products import grouped_mm as grouped_mm
from torchlite.nn._grouped_products import scaled_grouped_mm as scaled_grouped_mm
from torchlite.nn._grouped_products import scaled_mm as scaled_mm
from torchlite.nn._linear_cross_entropy import linear_cross_entropy as linear_cross_entropy
from torchlite.nn._loss import gaussian_nll_loss as gaussian_nll_loss
from torchlite.nn._loss import huber_loss as huber_loss
from torchlite.nn._loss import kl_div as kl_div
from torchlite.nn._loss import poisson_nll_loss as poisson_nll_loss
from torchlite.nn._loss import smooth_l1_loss as smooth_l1_loss
from torchlite.ops.layers.activations import celu as celu
from torchlite.ops.layers.activations import celu_ as celu_
from torchlite.ops.layers.activations import elu as elu
from torchlite.ops.layers.activations import elu_ as elu_
from torchlite.ops.layers.activations import gelu as gelu
from torchlite.ops.layers.activations import glu as glu
from torchlite.ops.layers.activations import leaky_relu as leaky_relu
from torchlite.ops.layers.activations import leaky_relu_ as leaky_relu_
from torchlite.ops.layers.activations import logsigmoid as logsigmoid
from torchlite.ops.layers.activations import mish as mish
from torchlite.ops.layers.activations import prelu as prelu
from torchlite.ops.layers.activations import relu as relu
from torchlite.ops.layers.activations import relu_ as relu_
from torchlite.ops.layers.activations import selu as selu
from torchlite.ops.layers.activations import selu_ as selu_
from torchlite.ops.layers.activations import sigmoid as sigmoid
from torchlite.ops.layers.activations import silu as silu
from torchlite.ops.layers.activations import softplus as softplus
from torchlite.ops.layers.activations import softsign as softsign
from torchlite.ops.layers.activations import tanhshrink as tanhshrink
from torchlite.ops.layers.activations import threshold as threshold
from torchlite.ops.layers.activations import threshold_ as threshold_
from torchlite.ops.layers.adaptive_pooling import adaptive_avg_pool1d as adaptive_avg_pool1d
from torchlite.ops.layers.adaptive_pooling import adaptive_avg_pool2d as adaptive_avg_pool2d
from torchlite.ops.layers.adaptive_pooling import adaptive_avg_pool3d as adaptive_avg_pool3d
from torchlite.ops.layers.adaptive_pooling import adaptive_max_pool1d as adaptive_max_pool1d
from torchlite.ops.layers.adaptive_pooling import adaptive_max_pool2d as adaptive_max_pool2d
from torchlite.ops.layers.adaptive_pooling import adaptive_max_pool3d as adaptive_max_pool3d
from torchlite.ops.layers.attention import (
    scaled_dot_product_attention as scaled_dot_product_attention,
)
from torchlite.ops.layers.convolution import conv1d as conv1d
from torchlite.ops.layers.convolution import conv2d as conv2d
from torchlite.ops.layers.convolution import conv3d as conv3d
from torchlite.ops.layers.convolution import conv_tbc as conv_tbc
from torchlite.ops.layers.convolution import conv_transpose1d as conv_transpose1d
from torchlite.ops.layers.convolution import conv_transpose2d as conv_transpose2d
from torchlite.ops.layers.convolution import conv_transpose3d as conv_transpose3d
from torchlite.ops.layers.dropout import dropout as dropout
from torchlite.ops.layers.embedding import embedding as embedding
from torchlite.ops.layers.embedding import one_hot as one_hot
from torchlite.ops.layers.folding import channel_shuffle as channel_shuffle
from torchlite.ops.layers.folding import fold as fold
from torchlite.ops.layers.folding import native_channel_shuffle as native_channel_shuffle
from torchlite.ops.layers.folding import pixel_shuffle as pixel_shuffle
from torchlite.ops.layers.folding import pixel_unshuffle as pixel_unshuffle
from torchlite.ops.layers.folding import unfold as unfold
from torchlite.ops.layers.grid_sample import affine_grid as affine_grid
from torchlite.ops.layers.grid_sample import grid_sample as grid_sample
from torchlite.ops.layers.linear import bilinear as bilinear
from torchlite.ops.layers.linear import linear as linear
from torchlite.ops.layers.normalization import batch_norm as batch_norm
from torchlite.ops.layers.normalization import group_norm as group_norm
from torchlite.ops.layers.normalization import instance_norm as instance_norm
from torchlite.ops.layers.normalization import layer_norm as layer_norm
from torchlite.ops.layers.normalization import local_response_norm as local_response_norm
from torchlite.ops.layers.normalization import normalize as normalize
from torchlite.ops.layers.normalization import rms_norm as rms_norm
from torchlite.ops.layers.padding import pad as pad
from torchlite.ops.layers.piecewise_linear import hardshrink as hardshrink
from torchlite.ops.layers.piecewise_linear import hardsigmoid as hardsigmoid
from torchlite.ops.layers.piecewise_linear import hardswish as hardswish
from torchlite.ops.layers.piecewise_linear import hardtanh as hardtanh
from torchlite.ops.layers.piecewise_linear import hardtanh_ as hardtanh_
from torchlite.ops.layers.piecewise_linear import relu6 as relu6
from torchlite.ops.layers.piecewise_linear import softshrink as softshrink
from torchlite.ops.layers.pooling import avg_pool1d as avg_pool1d
from torchlite.ops.layers.pooling import avg_pool2d as avg_pool2d
from torchlite.ops.layers.pooling import avg_pool3d as avg_pool3d
from torchlite.ops.layers.pooling import lp_pool1d as lp_pool1d
from torchlite.ops.layers.pooling import lp_pool2d as lp_pool2d
from torchlite.ops.layers.pooling import lp_pool3d as lp_pool3d
from torchlite.ops.layers.pooling import max_pool1d as max_pool1d
from torchlite.ops.layers.pooling import max_pool2d as max_pool2d
from torchlite.ops.layers.pooling import max_pool3d as max_pool3d
from torchlite.ops.layers.pooling_indices import (
    adaptive_max_pool1d_with_indices as adaptive_max_pool1d_with_indices,
)
from torchlite.ops.layers.pooling_indices import (
    adaptive_max_pool2d_with_indices as adaptive_max_pool2d_with_indices,
)
from torchlite.ops.layers.pooling_indices import (
    adaptive_max_pool3d_with_indices as adaptive_max_pool3d_with_indices,
)
from torchlite.ops.layers.pooling_indices import (
    fractional_max_pool2d_with_indices as fractional_max_pool2d_with_indices,
)
from torchlite.ops.layers.pooling_indices import (
    fractional_max_pool3d_with_indices as fractional_max_pool3d_with_indices,
)
from torchlite.ops.layers.pooling_indices import max_pool1d_with_indices as max_pool1d_with_indices
from torchlite.ops.layers.pooling_indices import max_pool2d_with_indices as max_pool2d_with_indices
from torchlite.ops.layers.pooling_indices import max_pool3d_with_indices as max_pool3d_with_indices
from torchlite.ops.layers.resampling import interpolate as interpolate
from torchlite.ops.layers.resampling import upsample as upsample
from torchlite.ops.layers.resampling import upsample_bilinear as upsample_bilinear
from torchlite.ops.layers.resampling import upsample_nearest as upsample_nearest
from torchlite.ops.layers.unpooling import fractional_max_pool2d as fractional_max_pool2d
from torchlite.ops.layers.unpooling import fractional_max_pool3d as fractional_max_pool3d
from torchlite.ops.layers.unpooling import max_unpool1d as max_unpool1d
from torchlite.ops.layers.unpooling import max_unpool2d as max_unpool2d
from torchlite.ops.layers.unpooling import max_unpool3d as max_unpool3d
from torchlite.ops.linalg.distance import cosine_similarity as cosine_similarity
from torchlite.ops.linalg.distance import pairwise_distance as pairwise_distance
from torchlite.ops.linalg.distance import pdist as pdist
from torchlite.ops.losses.classification import cross_entropy as cross_entropy
from torchlite.ops.losses.classification import nll_loss as nll_loss
from torchlite.ops.losses.ctc import ctc_loss as ctc_loss
from torchlite.ops.losses.elementwise import binary_cross_entropy as binary_cross_entropy
from torchlite.ops.losses.elementwise import (
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
)
from torchlite.ops.losses.elementwise import l1_loss as l1_loss
from torchlite.ops.losses.elementwise import mse_loss as mse_loss
from torchlite.ops.losses.margin import cosine_embedding_loss as cosine_embedding_loss
from torchlite.ops.losses.margin import hinge_embedding_loss as hinge_embedding_loss
from torchlite.ops.losses.margin import margin_ranking_loss as margin_ranking_loss
from torchlite.ops.losses.margin import multi_margin_loss as multi_margin_loss
from torchlite.ops.losses.margin import multilabel_margin_loss as multilabel_margin_loss
from torchlite.ops.losses.margin import multilabel_soft_margin_loss as multilabel_soft_margin_loss
from torchlite.ops.losses.margin import soft_margin_loss as soft_margin_loss
from torchlite.ops.losses.margin import triplet_margin_loss as triplet_margin_loss
from torchlite.ops.losses.margin import (
    triplet_margin_with_distance_loss as triplet_margin_with_distance_loss,
)
from torchlite.ops.math.trigonometry import tanh as tanh
