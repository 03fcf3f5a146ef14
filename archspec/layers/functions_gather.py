"""Elements chosen by tensors of indices, and by order: `gather`, `topk`, `sort`."""

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers.base import (
    Arg,
    Axis,
    EmitCall,
    FunctionDecl,
    Needs,
    Params,
    Port,
    Positive,
    RuleError,
    TensorType,
)
from archspec.layers.functions_shared import axis_of, count, keywords, method, need_kind


def _need_indices(name: str, index: TensorType) -> None:
    if index.dtype not in ("int", "int64"):
        raise RuleError(
            "A0701", f"`{name}` needs indices of dtype `int`, not `{index.dtype}`", Axis(1)
        )


class GatherArgs(Params):
    dim: int


class Gather(FunctionDecl[GatherArgs]):
    """Along `dim`, the element that each index names: [..., S, ...], int[..., N, ...] -> [..., N, ...]."""  # noqa: E501

    name = "gather"
    Params = GatherArgs
    ports = (Port("input"), Port("index"))

    def shape(
        self, p: GatherArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        source, index = x
        _need_indices(self.name, index)
        if source.rank != index.rank:
            raise RuleError(
                "A0404",
                f"`gather` needs indices of {count(source.rank, 'dimension')}, as {source} has,"
                f" not {index.rank}",
                Axis(1),
                Axis(0),
            )
        chosen = axis_of(p.dim, source.rank)
        for axis, (have, wanted) in enumerate(zip(source.shape, index.shape, strict=True)):
            if axis != chosen:
                message = f"the indices {index} are longer than {source} on axis {axis}"
                need.at_least(have, wanted, "A0401", message, Axis(1, axis), Axis(0, axis))
        return (TensorType(index.shape, source.dtype),)

    def emit(self, p: GatherArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "gather", (call.arg("dim"), call.tensors[1]))


class TopkArgs(Params):
    k: Positive
    dim: int = -1
    largest: bool = True
    sorted: bool = True


class Topk(FunctionDecl[TopkArgs]):
    """The `k` largest elements along `dim`, and where they are: [..., S] -> [..., k], int[..., k]."""  # noqa: E501

    name = "topk"
    Params = TopkArgs

    def shape(self, p: TopkArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float", "int")
        axis = axis_of(p.dim, x[0].rank)
        size = x[0].shape[axis]
        message = f"axis {axis} of {x[0]} has no {p.k} elements"
        need.at_least(size, p.k, "A0503", message, Arg("k"), Axis(0, axis))
        values = x[0].with_axis(axis, p.k)
        return (values, TensorType(values.shape, "int"))

    def emit(self, p: TopkArgs, call: EmitCall) -> "py.Expr":
        rest = keywords(p, call, "dim", "largest", "sorted")
        return method(call.tensors[0], "topk", (call.arg("k"),), rest)


class SortArgs(Params):
    dim: int = -1
    descending: bool = False


class Sort(FunctionDecl[SortArgs]):
    """The elements in order along `dim`, and where they were: [...] -> [...], int[...]."""

    name = "sort"
    Params = SortArgs

    def shape(self, p: SortArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float", "int")
        axis_of(p.dim, x[0].rank)
        return (x[0], TensorType(x[0].shape, "int"))

    def emit(self, p: SortArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "sort", (), keywords(p, call, "dim", "descending"))


class Argsort(FunctionDecl[SortArgs]):
    """Where the elements in order along `dim` are: [...] -> int[...]."""

    name = "argsort"
    Params = SortArgs

    def shape(self, p: SortArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float", "int")
        axis_of(p.dim, x[0].rank)
        return (TensorType(x[0].shape, "int"),)

    def emit(self, p: SortArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "argsort", (), keywords(p, call, "dim", "descending"))


class DiffArgs(Params):
    dim: int = -1


class Diff(FunctionDecl[DiffArgs]):
    """The differences of neighbours along `dim`: [..., S] -> [..., S - 1]."""

    name = "diff"
    Params = DiffArgs

    def shape(self, p: DiffArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float", "int", "complex")
        axis = axis_of(p.dim, x[0].rank)
        size = x[0].shape[axis]
        message = f"axis {axis} of {x[0]} has no neighbours"
        need.at_least(size, Dim.of(2), "A0503", message, Axis(0, axis))
        return (x[0].with_axis(axis, size - 1),)

    def emit(self, p: DiffArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "diff", (), keywords(p, call, "dim"))
