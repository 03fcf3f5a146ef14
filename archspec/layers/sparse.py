"""Look-up tables: Embedding, EmbeddingBag."""

from typing import Literal

from archspec.dims import Dim
from archspec.layers.base import (
    ABSENT,
    Arg,
    Axis,
    LayerDecl,
    Needs,
    Params,
    Port,
    RuleError,
    Size,
    TensorType,
    Weight,
)
from archspec.layers.checks import need_float, need_rank

_INDICES = ("int", "int32", "int64")


def _need_indices(layer: str, x: TensorType, port: int) -> None:
    if x.dtype not in _INDICES:
        raise RuleError(
            "A0701",
            f"{layer} needs indices of dtype `int`, not `{x.dtype}`",
            Axis(port),
            help=("declare the input as `int[…]`; features are mapped by `Linear`",),
        )


class EmbeddingParams(Params):
    num_embeddings: Size
    embedding_dim: Size
    padding_idx: int | None = None
    max_norm: float | None = None
    norm_type: float = 2.0
    scale_grad_by_freq: bool = False
    sparse: bool = False


class EmbeddingBagParams(Params):
    num_embeddings: Size
    embedding_dim: Size
    max_norm: float | None = None
    norm_type: float = 2.0
    scale_grad_by_freq: bool = False
    mode: Literal["sum", "mean", "max"] = "mean"
    sparse: bool = False
    include_last_offset: bool = False
    padding_idx: int | None = None


def _need_padding(p: EmbeddingParams | EmbeddingBagParams, need: Needs) -> None:
    if p.padding_idx is not None:
        index = p.padding_idx
        need.at_least(
            p.num_embeddings,
            index + 1 if index >= 0 else -index,
            "A0106",
            f"`padding_idx` {index} is not an index of the table of {p.num_embeddings}",
            Arg("padding_idx"),
            help=(f"indices run from {-p.num_embeddings} to {p.num_embeddings - 1}",),
        )


class Embedding(LayerDecl[EmbeddingParams]):
    """A learnt vector for each index: `int[...] -> [..., embedding_dim]`."""

    channels = -1
    Params = EmbeddingParams

    def shape(
        self, p: EmbeddingParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        _need_indices(self.name, x[0], 0)
        _need_padding(p, need)
        return (TensorType((*x[0].shape, Dim.of(p.embedding_dim))),)

    def entries(self, p: EmbeddingParams) -> Dim | None:
        return Dim.of(p.num_embeddings)

    def weights(self, p: EmbeddingParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return (Weight("weight", (Dim.of(p.num_embeddings), Dim.of(p.embedding_dim))),)


class EmbeddingBag(LayerDecl[EmbeddingBagParams]):
    """Sum, mean or maximum of the vectors of each bag: `int[B, N] -> [B, embedding_dim]`.

    With `offsets`, where each bag begins in one row of indices: `int[N], int[B]`. The weights of a
    sum are the third input.
    """

    channels = -1
    Params = EmbeddingBagParams
    ports = (
        Port("input"),
        Port("offsets", optional=True),
        Port("per_sample_weights", optional=True),
    )
    torch_order = (
        "num_embeddings",
        "embedding_dim",
        "max_norm",
        "norm_type",
        "scale_grad_by_freq",
        "mode",
        "sparse",
        "_weight",
        "include_last_offset",
        "padding_idx",
    )

    def shape(
        self, p: EmbeddingBagParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        indices, offsets, weights = (*x, *(ABSENT,) * (3 - len(x)))
        _need_indices(self.name, indices, 0)
        _need_padding(p, need)
        if p.mode == "max" and (p.scale_grad_by_freq or p.sparse):
            argument = "sparse" if p.sparse else "scale_grad_by_freq"
            raise RuleError("A0106", f"`{argument}` goes with a sum or mean only", Arg(argument))
        if offsets is ABSENT:
            need_rank(self.name, indices, ("B", "N"))
            if p.include_last_offset:
                raise RuleError(
                    "A0106", "`include_last_offset` speaks of `offsets`, which are not given",
                    Arg("include_last_offset"),
                )  # fmt: skip
            bags = indices.shape[0]
        else:
            bags = self._bags(p, indices, offsets, need)
        if weights is not ABSENT:
            self._need_weights(p, indices, weights, need)
        return (TensorType((bags, Dim.of(p.embedding_dim))),)

    def _bags(
        self, p: EmbeddingBagParams, indices: TensorType, offsets: TensorType, need: Needs
    ) -> Dim:
        _need_indices(f"`offsets` of {self.name}", offsets, 1)
        need_rank(f"{self.name} with `offsets`", indices, ("N",))
        need_rank(f"`offsets` of {self.name}", offsets, ("B",), 1)
        bags = offsets.shape[0]
        if p.include_last_offset:
            bags = bags - 1
            message = "`offsets` hold the end of the last bag only"
            need.at_least(bags, 1, "A0503", message, Axis(1, 0))
        return bags

    def _need_weights(
        self, p: EmbeddingBagParams, indices: TensorType, weights: TensorType, need: Needs
    ) -> None:
        need_float(f"`per_sample_weights` of {self.name}", weights, 2)
        if p.mode != "sum":
            raise RuleError(
                "A0106", "weights of each index go with the mode `sum` only", Arg("mode"), Axis(2)
            )
        if weights.rank != indices.rank:
            message = f"`per_sample_weights` need the shape of the indices, {indices}"
            raise RuleError("A0404", message, Axis(2), Axis(0))
        for axis, (have, wanted) in enumerate(zip(weights.shape, indices.shape, strict=True)):
            message = f"`per_sample_weights` are {weights}, the indices {indices}"
            need.equal(have, wanted, "A0401", message, Axis(2, axis), Axis(0, axis))

    def weights(self, p: EmbeddingBagParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return (Weight("weight", (Dim.of(p.num_embeddings), Dim.of(p.embedding_dim))),)
