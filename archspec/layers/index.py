"""Which family declares what, so that a spec loads only the families that it uses.

Loading all of them takes longer than checking most specs. The registry compares this table with the
declarations whenever all are loaded.
"""

from typing import Final

#: The names of layers and tensor functions by the module of this package that declares them.
FAMILIES: Final[dict[str, str]] = {
    "activation": (
        "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid "
        "LogSoftmax Mish PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin "
        "Softplus Softshrink Softsign Tanh Tanhshrink Threshold"
    ),
    "attention": "MultiheadAttention",
    "conv": "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d",
    "dropout": "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
    "distance": "CosineSimilarity PairwiseDistance",
    "fold": "Fold Unfold",
    "functions_activation": (
        "celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu logsigmoid mish "
        "relu relu6 selu silu softplus softshrink softsign tanhshrink threshold"
    ),
    "functions_arith": (
        "add div eq floor_divide ge gt le logical_and logical_not logical_or lt matmul maximum "
        "minimum mul ne outer pow remainder sub"
    ),
    "functions_attention": "einsum scaled_dot_product_attention",
    "functions_create": (
        "arange eye full linspace one_hot ones ones_like tril triu zeros zeros_like"
    ),
    "functions_elementwise": (
        "abs acos asin atan ceil clamp contiguous cos cosh detach erf erfc exp exp2 expm1 floor "
        "isfinite isinf isnan log log10 log1p log2 masked_fill "
        "neg reciprocal round rsqrt sigmoid sign sin sinh sqrt square tan tanh to trunc where"
    ),
    "functions_fourier": (
        "angle complex conj fft fft2 ifft ifft2 imag irfft irfft2 polar real rfft rfft2 "
        "view_as_complex view_as_real"
    ),
    "functions_gather": "argsort diff gather sort topk",
    "functions_index": "flip index index_select narrow roll",
    "functions_join": "chunk concat pixel_shuffle pixel_unshuffle split stack unbind unfold",
    "functions_rearrange": "rearrange",
    "functions_reduce": (
        "all amax amin any argmax argmin cosine_similarity cumprod cumsum log_softmax logsumexp "
        "max mean min norm normalize softmax std sum var"
    ),
    "functions_sample": "affine_grid grid_sample",
    "functions_shape": (
        "expand expand_as flatten permute repeat repeat_interleave reshape squeeze transpose "
        "unflatten unsqueeze view"
    ),
    "functions_spatial": "crop interpolate pad pad_to",
    "linear": "Bilinear Identity Linear",
    "norm": (
        "BatchNorm1d BatchNorm2d BatchNorm3d CrossMapLRN2d GroupNorm InstanceNorm1d "
        "InstanceNorm2d InstanceNorm3d LayerNorm LocalResponseNorm RMSNorm SyncBatchNorm"
    ),
    "padding": (
        "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d "
        "ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d "
        "ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d"
    ),
    "pool": (
        "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d "
        "AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d MaxPool1d MaxPool2d "
        "MaxPool3d"
    ),
    "pool_special": (
        "FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d LPPool3d MaxUnpool1d "
        "MaxUnpool2d MaxUnpool3d"
    ),
    "recurrent": "GRU GRUCell LSTM LSTMCell RNN RNNCell",
    "shape": (
        "ChannelShuffle Flatten PixelShuffle PixelUnshuffle Unflatten Upsample "
        "UpsamplingBilinear2d UpsamplingNearest2d"
    ),
    "sparse": "Embedding EmbeddingBag",
    "transformer": "Transformer TransformerDecoderLayer TransformerEncoderLayer",
}
