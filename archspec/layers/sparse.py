"""Look-up tables: Embedding."""

from archspec.dims import Dim
from archspec.layers.base import (
    Arg,
    Axis,
    LayerDecl,
    Needs,
    Params,
    RuleError,
    Size,
    TensorType,
    Weight,
)

_INDICES = ("int", "int32", "int64")


class EmbeddingParams(Params):
    num_embeddings: Size
    embedding_dim: Size
    padding_idx: int | None = None
    max_norm: float | None = None
    norm_type: float = 2.0
    scale_grad_by_freq: bool = False
    sparse: bool = False


class Embedding(LayerDecl[EmbeddingParams]):
    """A learnt vector for each index: `int[...] -> [..., embedding_dim]`."""

    Params = EmbeddingParams

    def shape(
        self, p: EmbeddingParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        if x[0].dtype not in _INDICES:
            raise RuleError(
                "A0701",
                f"Embedding needs indices of dtype `int`, not `{x[0].dtype}`",
                Axis(0),
                help=("declare the input as `int[…]`; features are mapped by `Linear`",),
            )
        if p.padding_idx is not None:
            index = p.padding_idx
            need.at_least(
                p.num_embeddings,
                index + 1 if index >= 0 else -index,
                "A0106",
                f"`padding_idx` {index} is not an index of the table",
                Arg("padding_idx"),
            )
        return (TensorType((*x[0].shape, Dim.of(p.embedding_dim))),)

    def weights(self, p: EmbeddingParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return (Weight("weight", (Dim.of(p.num_embeddings), Dim.of(p.embedding_dim))),)
