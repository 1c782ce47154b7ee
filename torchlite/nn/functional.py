"""Functions behind the layers of `torchlite.nn`, with PyTorch's names and signatures."""

# ruff: noqa: F401 -- the imports are the contents

from torchlite.nn._activation import gumbel_softmax, log_softmax, rrelu, rrelu_, softmax, softmin
from torchlite.nn._arguments import assert_int_or_pair
from torchlite.nn._attention import multi_head_attention_forward
from torchlite.nn._dropout import (
    alpha_dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from torchlite.nn._embedding_bag import embedding_bag
from torchlite.nn._grouped_products import (
    ScalingType,
    SwizzleType,
    grouped_mm,
    scaled_grouped_mm,
    scaled_mm,
)
from torchlite.nn._linear_cross_entropy import linear_cross_entropy
from torchlite.nn._loss import (
    gaussian_nll_loss,
    huber_loss,
    kl_div,
    poisson_nll_loss,
    smooth_l1_loss,
)
from torchlite.ops.layers.activations import (
    celu,
    celu_,
    elu,
    elu_,
    gelu,
    glu,
    leaky_relu,
    leaky_relu_,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu_,
    selu,
    selu_,
    sigmoid,
    silu,
    softplus,
    softsign,
    tanhshrink,
    threshold,
    threshold_,
)
from torchlite.ops.layers.adaptive_pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
)
from torchlite.ops.layers.attention import scaled_dot_product_attention
from torchlite.ops.layers.convolution import (
    conv1d,
    conv2d,
    conv3d,
    conv_tbc,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)
from torchlite.ops.layers.dropout import dropout
from torchlite.ops.layers.embedding import embedding, one_hot
from torchlite.ops.layers.folding import (
    channel_shuffle,
    fold,
    native_channel_shuffle,
    pixel_shuffle,
    pixel_unshuffle,
    unfold,
)
from torchlite.ops.layers.grid_sample import affine_grid, grid_sample
from torchlite.ops.layers.linear import bilinear, linear
from torchlite.ops.layers.normalization import (
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    normalize,
    rms_norm,
)
from torchlite.ops.layers.padding import pad
from torchlite.ops.layers.piecewise_linear import (
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    hardtanh_,
    relu6,
    softshrink,
)
from torchlite.ops.layers.pooling import (
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
)
from torchlite.ops.layers.pooling_indices import (
    adaptive_max_pool1d_with_indices,
    adaptive_max_pool2d_with_indices,
    adaptive_max_pool3d_with_indices,
    fractional_max_pool2d_with_indices,
    fractional_max_pool3d_with_indices,
    max_pool1d_with_indices,
    max_pool2d_with_indices,
    max_pool3d_with_indices,
)
from torchlite.ops.layers.resampling import (
    interpolate,
    upsample,
    upsample_bilinear,
    upsample_nearest,
)
from torchlite.ops.layers.unpooling import (
    fractional_max_pool2d,
    fractional_max_pool3d,
    max_unpool1d,
    max_unpool2d,
    max_unpool3d,
)
from torchlite.ops.linalg.distance import cosine_similarity, pairwise_distance, pdist
from torchlite.ops.losses.classification import cross_entropy, nll_loss
from torchlite.ops.losses.ctc import ctc_loss
from torchlite.ops.losses.elementwise import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    l1_loss,
    mse_loss,
)
from torchlite.ops.losses.margin import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    soft_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from torchlite.ops.math.trigonometry import tanh
