"""The models of other libraries that those of `specs/` are compared with."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from tests.support.torchvision_cpu import library, torchvision_models, transformers_model
from tests.support.zoo import Case


def reference(case: Case) -> nn.Module:
    """The model that a case is compared with, built by its library, without trained weights."""
    model: nn.Module
    match case.source:
        case "torchvision":
            model = torchvision_models().get_model(case.reference, weights=None, **case.options)
        case "timm":
            model = library("timm").create_model(case.reference, **case.options)
        case "segmentation-models-pytorch":
            unet = library("segmentation_models_pytorch").Unet
            model = unet(case.reference, encoder_weights=None, **case.options)
        case "transformers":
            bert = transformers_model("bert")
            model = bert.BertModel(bert.BertConfig(**case.options))
        case _:
            raise LookupError(f"{case}: models of {case.source} cannot be built")
    return model


def blank(case: Case) -> nn.Module:
    """The reference without memory for its weights."""
    # RegNet computes its widths with tensors, which must hold numbers.
    with torch.device("cpu" if case.reference.startswith("regnet") else "meta"):
        return reference(case).to("meta")


def small_reference(case: Case) -> nn.Module:
    """The library's model of the family that `case.small` describes in our words."""
    return SMALL[case.spec](**case.small)


def _vit(patch: int, dim: int, depth: int, heads: int, side: int, classes: int) -> nn.Module:
    model: nn.Module = torchvision_models().VisionTransformer(
        side, patch, depth, heads, dim, 4 * dim, num_classes=classes
    )
    return model


def _mixer(patch: int, dim: int, depth: int, tokens: int, side: int, classes: int) -> nn.Module:
    model: nn.Module = library("timm.models.mlp_mixer").MlpMixer(
        num_classes=classes,
        img_size=side,
        patch_size=patch,
        num_blocks=depth,
        embed_dim=dim,
        mlp_ratio=(tokens / dim, 4.0),
    )
    return model


def _bert(vocab: int, context: int, dim: int, depth: int, heads: int, dropout: float) -> nn.Module:
    bert = transformers_model("bert")
    config = bert.BertConfig(
        vocab_size=vocab,
        max_position_embeddings=context,
        hidden_size=dim,
        num_hidden_layers=depth,
        num_attention_heads=heads,
        intermediate_size=4 * dim,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    model: nn.Module = bert.BertModel(config)
    return model


def _swin_v2(
    dim: int, depths: list[int], heads: list[int], window: int, side: int, drop: float, classes: int
) -> nn.Module:
    swin = torchvision_models().swin_transformer
    model: nn.Module = swin.SwinTransformer(
        [4, 4], dim, depths, heads, [window] * 2, stochastic_depth_prob=drop, num_classes=classes,
        block=swin.SwinTransformerBlockV2, downsample_layer=swin.PatchMergingV2,
    )  # fmt: skip
    return model


def _swin(
    dim: int, depths: list[int], heads: list[int], window: int, side: int, drop: float, classes: int
) -> nn.Module:
    swin = torchvision_models().swin_transformer
    model: nn.Module = swin.SwinTransformer(
        [4, 4], dim, depths, heads, [window] * 2, stochastic_depth_prob=drop, num_classes=classes
    )
    return model


SMALL: Final[dict[str, Callable[..., nn.Module]]] = {
    "vit": _vit,
    "swin": _swin,
    "swin_v2": _swin_v2,
    "mixer": _mixer,
    "bert": _bert,
}


def inputs(case: Case, dtype: torch.dtype, small: bool = False) -> tuple[Tensor, ...]:
    """A small batch of what the models of a case take."""
    generator = torch.Generator().manual_seed(2)
    if case.source == "transformers":
        return _texts(generator)
    side = case.small.get("side", case.image) if small else case.image
    return (torch.randn(2, 3, side, side, generator=generator, dtype=dtype),)


def _texts(generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens, segments and mask of two texts of up to 9 tokens; the second is padded."""
    tokens = torch.randint(1, 50, (2, 9), generator=generator)
    segments = torch.arange(9).ge(4).long().expand(2, 9)
    return tokens, segments, torch.arange(9).lt(torch.tensor([[9], [6]]))


def call(case: Case, model: nn.Module, given: tuple[Tensor, ...]) -> Any:
    """What the library's model gives for our inputs."""
    if case.source != "transformers":
        return model(*given)
    tokens, segments, mask = given
    found = model(input_ids=tokens, token_type_ids=segments, attention_mask=mask.long())
    return found.last_hidden_state, found.pooler_output


def counted_at(case: Case) -> dict[str, int]:
    """The open sizes of a model at which its MACs are counted."""
    if case.source == "transformers":
        return {"T": 128}
    size = case.size if case.published is None else case.published.input_size
    return {} if size is None else {"H": size, "W": size}


def macs_of(case: Case) -> int:
    """Multiplications of the library's model, as torch counts them: half of its FLOPs."""
    sizes, model = counted_at(case), blank(case)
    if case.source == "transformers":
        given = torch.ones(1, sizes["T"], dtype=torch.int64, device="meta")
    else:
        given = torch.empty(1, 3, sizes["H"], sizes["W"], device="meta")
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model.eval()(given)
    return int(counter.get_total_flops()) // 2


def tensors(result: Any) -> list[Tensor]:
    """All tensors of what a model gave, in order: of one, a tuple, or a mapping of them."""
    if isinstance(result, Tensor):
        return [result]
    parts = result.values() if isinstance(result, Mapping) else result
    return [tensor for part in parts for tensor in tensors(part)]
