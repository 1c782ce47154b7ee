"""The layers of `torchlite.nn`."""

from torchlite.nn.modules.activation import *
from torchlite.nn.modules.adaptive import *
from torchlite.nn.modules.attention import *
from torchlite.nn.modules.batchnorm import *
from torchlite.nn.modules.container import ModuleDict, ModuleList, Sequential
from torchlite.nn.modules.conv import *
from torchlite.nn.modules.distance import *
from torchlite.nn.modules.dropout import *
from torchlite.nn.modules.flatten import Flatten, Unflatten
from torchlite.nn.modules.fold import Fold, Unfold
from torchlite.nn.modules.instancenorm import *
from torchlite.nn.modules.lazy import *
from torchlite.nn.modules.lazy_conv import *
from torchlite.nn.modules.linear import Bilinear, Identity, Linear
from torchlite.nn.modules.linear_cross_entropy import *
from torchlite.nn.modules.loss import *
from torchlite.nn.modules.margin import *
from torchlite.nn.modules.module import Module
from torchlite.nn.modules.normalization import *
from torchlite.nn.modules.padding import *
from torchlite.nn.modules.parameter_container import ParameterDict, ParameterList
from torchlite.nn.modules.pixelshuffle import ChannelShuffle, PixelShuffle, PixelUnshuffle
from torchlite.nn.modules.pooling import *
from torchlite.nn.modules.rectifier import *
from torchlite.nn.modules.rnn import *
from torchlite.nn.modules.rnn_cells import *
from torchlite.nn.modules.sparse import *
from torchlite.nn.modules.transformer import *
from torchlite.nn.modules.upsampling import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d

__all__ = [
    "Module",
    "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict",
    "Identity", "Linear", "Bilinear", "Flatten", "Unflatten",
    "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout",
    "CELU", "ELU", "GELU", "GLU", "SELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh",
    "LeakyReLU", "LogSigmoid", "LogSoftmax", "Mish", "PReLU", "ReLU", "ReLU6", "RReLU", "Sigmoid",
    "SiLU", "Softmax", "Softmax2d", "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh",
    "Tanhshrink", "Threshold",
    "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "GaussianNLLLoss", "HuberLoss",
    "KLDivLoss", "L1Loss", "MSELoss", "NLLLoss", "PoissonNLLLoss", "SmoothL1Loss",
    "AdaptiveLogSoftmaxWithLoss", "MultiheadAttention", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d",
    "SyncBatchNorm", "CosineSimilarity", "PairwiseDistance", "InstanceNorm1d", "InstanceNorm2d",
    "InstanceNorm3d", "CosineEmbeddingLoss", "HingeEmbeddingLoss", "MarginRankingLoss",
    "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "SoftMarginLoss",
    "TripletMarginLoss", "TripletMarginWithDistanceLoss", "CrossMapLRN2d", "GroupNorm", "LayerNorm",
    "LocalResponseNorm", "RMSNorm", "GRU", "LSTM", "RNN", "RNNBase", "GRUCell", "LSTMCell",
    "RNNCell", "RNNCellBase", "Embedding", "EmbeddingBag", "Transformer", "TransformerDecoder",
    "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer", "CTCLoss",
    "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "Fold",
    "Unfold", "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d",
    "ConstantPad3d", "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d",
    "ReplicationPad2d", "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d", "ChannelShuffle",
    "PixelShuffle", "PixelUnshuffle", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d",
    "AvgPool3d", "FractionalMaxPool2d", "FractionalMaxPool3d", "LPPool1d", "LPPool2d", "LPPool3d",
    "MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d", "Upsample",
    "UpsamplingBilinear2d", "UpsamplingNearest2d",
    "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyInstanceNorm1d",
    "LazyInstanceNorm2d", "LazyInstanceNorm3d", "LazyLinear", "LazyConv1d", "LazyConv2d",
    "LazyConv3d", "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d",
    "LinearCrossEntropyLoss",
]  # fmt: skip
