"""Recurrent networks: RNN, LSTM, GRU over sequences, and their cells for one step."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import Field

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers.base import (
    Arg,
    Axis,
    LayerDecl,
    Needs,
    NonNegative,
    Params,
    Port,
    Positive,
    Probability,
    RuleError,
    Size,
    TensorType,
    Weight,
)
from archspec.layers.checks import need_float, need_rank

# Required, as torch's default, time first, is seldom what is meant.
BatchFirst = Annotated[
    bool,
    Field(description="write `batch_first=true` for [B, T, C], `batch_first=false` for [T, B, C]"),
]


class GRUParams(Params):
    hidden_size: Size
    num_layers: Positive = 1
    bias: bool = True
    batch_first: BatchFirst
    dropout: Probability = 0.0
    bidirectional: bool = False


class RNNParams(Params):
    hidden_size: Size
    num_layers: Positive = 1
    nonlinearity: Literal["tanh", "relu"] = "tanh"
    bias: bool = True
    batch_first: BatchFirst
    dropout: Probability = 0.0
    bidirectional: bool = False


class LSTMParams(GRUParams):
    proj_size: NonNegative = 0


R = TypeVar("R", bound=GRUParams | RNNParams)


def _directions(p: GRUParams | RNNParams) -> int:
    return 2 if p.bidirectional else 1


class _Recurrent(LayerDecl[R]):
    """Layers of cells that run over time, in one direction or in both."""

    channels = -1
    #: How many maps of the input a cell has: the number of its gates.
    gates: ClassVar[int]
    # Only where `dropout` is not 0, but that is decided per call, not per class.
    mode_dependent = True

    def given_out(self, p: R) -> Dim:
        """The width of the state that a cell gives out, `H`."""
        return Dim.of(p.hidden_size)

    def shape(self, p: R, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        names = ("B", "T", "C") if p.batch_first else ("T", "B", "C")
        need_float(self.name, x[0])
        need_rank(self.name, x[0], names)
        if p.dropout > 0 and p.num_layers == 1:
            raise RuleError(
                "A0106",
                f"`dropout` of {self.name} acts between its layers, of which there is one",
                Arg("dropout"),
                help=("give it `num_layers`, or write `Dropout` behind it",),
            )
        states = self.states(p, x[0])
        if 1 < len(x) <= len(states):
            listed = " and ".join(f"`{port.name}`" for port in self.ports[1:])
            raise RuleError("A0305", f"{self.name} takes {listed} together, or neither", Axis(1))
        for port, (given, wanted) in enumerate(zip(x[1:], states, strict=False), start=1):
            self._need_state(given, wanted, need, port)
        output = x[0].with_axis(2, self.given_out(p) * _directions(p))
        return (output, *states)

    def states(self, p: R, x: TensorType) -> tuple[TensorType, ...]:
        """The types of the states, before the first step and after the last."""
        batch = x.shape[0 if p.batch_first else 1]
        layers = p.num_layers * _directions(p)
        return (x.with_shape(layers, batch, self.given_out(p)),)

    def _need_state(self, given: TensorType, wanted: TensorType, need: Needs, port: int) -> None:
        name, width = self.ports[port].name, "hidden_size" if port > 1 else "H"
        need_float(self.name, given, port)
        need_rank(f"`{name}` of {self.name}", given, ("layers * directions", "B", width), port)
        for axis in range(3):
            need.equal(
                given.shape[axis],
                wanted.shape[axis],
                "A0401",
                f"`{name}` of {self.name} is {given}, not {wanted}",
                Axis(port, axis),
                *((Axis(0),) if axis == 1 else ()),
                help=("states are [layers * directions, B, H], whatever `batch_first` is",),
            )

    inferred_names = ("input_size",)

    def inferred(self, p: R, x: tuple[TensorType, ...]) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"input_size": x[0].shape[2]}

    def weights(self, p: R, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        hidden, out = Dim.of(p.hidden_size), self.given_out(p)
        rows = hidden * self.gates
        weights: list[Weight] = []
        for layer in range(p.num_layers):
            width = x[0].shape[2] if layer == 0 else out * _directions(p)
            for direction in ("", "_reverse")[: _directions(p)]:
                end = f"l{layer}{direction}"
                weights.append(Weight(f"weight_ih_{end}", (rows, width)))
                weights.append(Weight(f"weight_hh_{end}", (rows, out)))
                if p.bias:
                    weights += [
                        Weight(f"bias_ih_{end}", (rows,)),
                        Weight(f"bias_hh_{end}", (rows,)),
                    ]
                weights += self.projection(p, end)
        return tuple(weights)

    def projection(self, p: R, end: str) -> list[Weight]:
        """The weights of a map from the state to what a cell gives out."""
        return []

    def macs(self, p: R, x: tuple[TensorType, ...], out: tuple[TensorType, ...]) -> Dim:
        per_step = Dim.of(0)
        for weight in self.weights(p, x):
            if weight.name.startswith("weight"):
                per_step = per_step + weight.count
        return x[0].shape[0] * x[0].shape[1] * per_step

    def outputs(self, p: R) -> tuple[str, ...]:
        return ("output", "h_n")


class RNN(_Recurrent[RNNParams]):
    """Elman network: `[B, T, C] -> output [B, T, H], h_n [layers, B, H]`.

    `batch_first=true` means `[B, T, C]`, `batch_first=false` means `[T, B, C]`; it has to be
    written, as torch's default is the latter. With `bidirectional`, the output has twice the width
    and the states twice the layers. `(x, h_0) -> RNN(…)` begins with a state of your own.
    """

    Params = RNNParams
    ports = (Port("input"), Port("h_0", optional=True))
    gates = 1


class GRU(_Recurrent[GRUParams]):
    """Gated recurrent units (arXiv:1406.1078): `[B, T, C] -> output [B, T, H], h_n [layers, B, H]`.

    `batch_first=true` means `[B, T, C]`, `batch_first=false` means `[T, B, C]`; it has to be
    written, as torch's default is the latter. With `bidirectional`, the output has twice the width
    and the states twice the layers. `(x, h_0) -> GRU(…)` begins with a state of your own.
    """

    Params = GRUParams
    ports = (Port("input"), Port("h_0", optional=True))
    gates = 3


class LSTM(_Recurrent[LSTMParams]):
    """Long short-term memory: `[B, T, C] -> output [B, T, H], h_n [layers, B, H], c_n [layers, B, H]`.

    `batch_first=true` means `[B, T, C]`, `batch_first=false` means `[T, B, C]`; it has to be
    written, as torch's default is the latter. With `bidirectional`, the output has twice the width
    and the states twice the layers. With `proj_size`, `H` is that everywhere but in `c_n`
    (arXiv:1402.1128). `(x, h_0, c_0) -> LSTM(…)` begins with states of your own.
    """  # noqa: E501

    Params = LSTMParams
    ports = (Port("input"), Port("h_0", optional=True), Port("c_0", optional=True))
    gates = 4
    nesting = ((0,), (1, 0), (1, 1))

    def given_out(self, p: LSTMParams) -> Dim:
        return Dim.of(p.proj_size or p.hidden_size)

    def shape(
        self, p: LSTMParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        message = f"`proj_size` {p.proj_size} is not smaller than `hidden_size` {p.hidden_size}"
        need.at_least(p.hidden_size, p.proj_size + 1, "A0106", message, Arg("proj_size"))
        return super().shape(p, x, need)

    def states(self, p: LSTMParams, x: TensorType) -> tuple[TensorType, ...]:
        (h,) = super().states(p, x)
        return (h, h.with_axis(2, p.hidden_size))

    def projection(self, p: LSTMParams, end: str) -> list[Weight]:
        shape = (Dim.of(p.proj_size), Dim.of(p.hidden_size))
        return [Weight(f"weight_hr_{end}", shape)] if p.proj_size else []

    def outputs(self, p: LSTMParams) -> tuple[str, ...]:
        return ("output", "h_n", "c_n")

    def emit_call(
        self, p: LSTMParams, callee: "py.Expr", tensors: "tuple[py.Expr, ...]"
    ) -> "py.Expr":
        return call_with_states(callee, tensors)


def call_with_states(callee: "py.Expr", tensors: "tuple[py.Expr, ...]") -> "py.Expr":
    """`lstm(x, (h, c))`: torch takes the two states as one tuple."""
    first, *states = tensors
    return py.call(callee, first, py.Tuple(tuple(states))) if states else py.call(callee, first)


class CellParams(Params):
    hidden_size: Size
    bias: bool = True


class RNNCellParams(CellParams):
    nonlinearity: Literal["tanh", "relu"] = "tanh"


C = TypeVar("C", bound=CellParams)


class _Cell(LayerDecl[C]):
    """One step of a recurrent network; without states it begins with zeros."""

    channels = -1
    gates: ClassVar[int]
    ports: ClassVar[tuple[Port, ...]] = (Port("input"), Port("hx", optional=True))

    def shape(self, p: C, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        for port, tensor in enumerate(x):
            need_float(self.name, tensor, port)
            need_rank(self.name, tensor, ("B", "C" if port == 0 else "H"), port)
        states = (x[0].with_axis(1, p.hidden_size),) * (len(self.ports) - 1)
        if 1 < len(x) < len(self.ports):
            listed = " and ".join(f"`{port.name}`" for port in self.ports[1:])
            raise RuleError("A0305", f"{self.name} takes {listed} together, or neither", Axis(1))
        for port in range(1, len(x)):
            for axis in range(2):
                need.equal(
                    x[port].shape[axis],
                    states[0].shape[axis],
                    "A0401",
                    f"`{self.ports[port].name}` of {self.name} is {x[port]}, not {states[0]}",
                    Axis(port, axis),
                    *((Axis(0, 0),) if axis == 0 else (Arg("hidden_size"),)),
                )
        return states

    inferred_names = ("input_size",)

    def inferred(self, p: C, x: tuple[TensorType, ...]) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"input_size": x[0].shape[1]}

    def weights(self, p: C, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        hidden = Dim.of(p.hidden_size)
        rows = hidden * self.gates
        weights = (Weight("weight_ih", (rows, x[0].shape[1])), Weight("weight_hh", (rows, hidden)))
        if not p.bias:
            return weights
        return (*weights, Weight("bias_ih", (rows,)), Weight("bias_hh", (rows,)))

    def macs(self, p: C, x: tuple[TensorType, ...], out: tuple[TensorType, ...]) -> Dim:
        ih, hh, *_ = self.weights(p, x)
        return x[0].shape[0] * (ih.count + hh.count)


class RNNCell(_Cell[RNNCellParams]):
    """One step of an Elman network: `[B, C], hx [B, H] -> [B, H]`."""

    Params = RNNCellParams
    gates = 1


class GRUCell(_Cell[CellParams]):
    """One step of gated recurrent units: `[B, C], hx [B, H] -> [B, H]` (arXiv:1406.1078)."""

    Params = CellParams
    gates = 3


class LSTMCell(_Cell[CellParams]):
    """One step of long short-term memory: `[B, C], h_0 [B, H], c_0 [B, H] -> h_1 [B, H], c_1 [B, H]`."""  # noqa: E501

    Params = CellParams
    ports = (Port("input"), Port("h_0", optional=True), Port("c_0", optional=True))
    gates = 4

    def outputs(self, p: CellParams) -> tuple[str, ...]:
        return ("h_1", "c_1")

    def emit_call(
        self, p: CellParams, callee: "py.Expr", tensors: "tuple[py.Expr, ...]"
    ) -> "py.Expr":
        return call_with_states(callee, tensors)
