"""What torch has and archspec lacks, each with the reason."""

#: Classes of `torch.nn`.
LAYERS: dict[str, str] = {
    "hold other modules: a block, a group or a list of labels in a spec": (
        "Container DataParallel Module ModuleDict ModuleList ParameterDict ParameterList Sequential"
    ),
    "have no forward of their own": "RNNBase RNNCellBase",
    "repeat a layer: a loop in a spec, with the same keys": "TransformerDecoder TransformerEncoder",
    "find their sizes at run time, which a spec does when it is compiled": (
        "LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d LazyConv3d "
        "LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d LazyInstanceNorm1d "
        "LazyInstanceNorm2d LazyInstanceNorm3d LazyLinear"
    ),
    "are losses: training is not part of a spec": (
        "AdaptiveLogSoftmaxWithLoss BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss "
        "CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss "
        "LinearCrossEntropyLoss MSELoss MarginRankingLoss MultiLabelMarginLoss "
        "MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss NLLLoss2d PoissonNLLLoss SmoothL1Loss "
        "SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss"
    ),
}

#: Functions of `torch.nn.functional`, without those whose layer is declared.
FUNCTIONAL: dict[str, str] = {
    "are losses: training is not part of a spec": (
        "binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy "
        "ctc_loss gaussian_nll_loss hinge_embedding_loss huber_loss kl_div l1_loss "
        "linear_cross_entropy margin_ranking_loss mse_loss multi_margin_loss "
        "multilabel_margin_loss multilabel_soft_margin_loss nll_loss poisson_nll_loss "
        "smooth_l1_loss soft_margin_loss triplet_margin_loss triplet_margin_with_distance_loss"
    ),
    "change their input: what a name stands for never changes in a spec": (
        "celu_ elu_ hardtanh_ leaky_relu_ relu_ rrelu_ selu_ threshold_"
    ),
    "are the layer with `return_indices`": (
        "adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices "
        "adaptive_max_pool3d_with_indices fractional_max_pool2d_with_indices "
        "fractional_max_pool3d_with_indices max_pool1d_with_indices max_pool2d_with_indices "
        "max_pool3d_with_indices"
    ),
    "are a layer under another name": (
        "batch_norm instance_norm multi_head_attention_forward native_channel_shuffle "
        "upsample_bilinear upsample_nearest"
    ),
    "multiply in parts or in eight bits, on some devices only": (
        "grouped_mm scaled_grouped_mm scaled_mm"
    ),
    "are for old models of speech": "conv_tbc",
    "draw random numbers, for which a spec has no word but dropout": "gumbel_softmax",
    "compare all pairs of rows once: `norm` of differences does it": "pdist",
    "are torch's own tools": (
        "assert_int_or_pair boolean_dispatch handle_torch_function has_torch_function "
        "has_torch_function_unary has_torch_function_variadic"
    ),
}

#: Functions of `torch.fft`.
FOURIER: dict[str, str] = {
    "transform any number of axes: one and two are offered": "fftn ifftn irfftn rfftn",
    "are of Hermitian signals": "hfft ihfft",
    "are `arange` and `roll`": "fftfreq fftshift ifftshift rfftfreq",
    "is a type": "Tensor",
}


def names(table: dict[str, str]) -> set[str]:
    return {name for listed in table.values() for name in listed.split()}
