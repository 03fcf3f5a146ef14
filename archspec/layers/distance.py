"""Similarity and distance of vectors."""

from archspec.layers.base import LayerDecl, Needs, Params, Port, TensorType
from archspec.layers.checks import need_float, need_min_rank
from archspec.layers.functions_arith import elementwise
from archspec.layers.functions_reduce import CosineSimilarity as CosineFunction
from archspec.layers.functions_reduce import CosineSimilarityArgs, reduced

_COSINE = CosineFunction()


class CosineSimilarity(LayerDecl[CosineSimilarityArgs]):
    """The cosine of the angle between vectors along `dim`: `[B, D], [B, D] -> [B]`."""

    Params = CosineSimilarityArgs
    ports = (Port("x1"), Port("x2"))

    def shape(
        self, p: CosineSimilarityArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        return _COSINE.shape(p, x, need)


class PairwiseDistanceParams(Params):
    p: float = 2.0
    eps: float = 1e-6
    keepdim: bool = False


class PairwiseDistance(LayerDecl[PairwiseDistanceParams]):
    """The norm of the difference of vectors on the last axis: `[..., D], [..., D] -> [...]`."""

    Params = PairwiseDistanceParams
    ports = (Port("x1"), Port("x2"))

    def shape(
        self, p: PairwiseDistanceParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        for port, tensor in enumerate(x):
            need_float(self.name, tensor, port)
            need_min_rank(self.name, tensor, ("...", "D"), port)
        both = elementwise(self.name, x, need)
        return (reduced(both, -1, p.keepdim, both.dtype),)
