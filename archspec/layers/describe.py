"""What `archspec layers [NAME]` shows of a declaration, as data."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic.fields import FieldInfo

from archspec.dims import Dim
from archspec.layers.base import Declaration, LayerDecl, Needs, RuleError, TensorType


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument; `default` is None where it is required, else written as in a spec."""

    name: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Example:
    """What follows from an input, in words such as `weight [out_channels, C, 3, 3]`."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    inferred: tuple[tuple[str, str], ...]
    weights: tuple[tuple[str, str, bool], ...]
    """Name, shape, and whether it is a buffer."""


@dataclass(frozen=True, slots=True)
class Description:
    """A declaration for a reader. `summary` is the first line of `doc`."""

    name: str
    kind: Literal["layer", "function"]
    signature: str
    arguments: tuple[Argument, ...]
    inputs: tuple[str, ...]
    doc: str
    torch_name: str | None
    example: Example | None

    @property
    def summary(self) -> str:
        return self.doc.partition("\n")[0]

    def __str__(self) -> str:
        lines = [self.signature, "", *(f"    {line}".rstrip() for line in self.doc.split("\n"))]
        if len(self.inputs) > 1:
            lines += ["", f"inputs: {', '.join(self.inputs)}"]
        if self.example is not None:
            example = self.example
            lines += ["", f"for {', '.join(example.inputs)} it gives {', '.join(example.outputs)}"]
            lines += [f"inferred: {name} = {size}" for name, size in example.inferred]
            for name, shape, buffer in example.weights:
                lines.append(f"{'buffer' if buffer else 'weight'}: {name} {shape}")
        return "\n".join(lines)


def describe(decl: Declaration[Any]) -> Description:
    """What a reader needs to use `decl`."""
    arguments = tuple(
        Argument(name, None if info.is_required() else as_written(info.default))
        for name, info in decl.Params.model_fields.items()
    )
    layer: LayerDecl[Any] | None = decl if isinstance(decl, LayerDecl) else None
    return Description(
        name=decl.name,
        kind="layer" if layer else "function",
        signature=signature(decl),
        arguments=arguments,
        inputs=tuple(
            port.name + ("..." if port.variadic else "?" if port.optional else "")
            for port in decl.ports
        ),
        doc=_clean(type(decl).__doc__ or ""),
        torch_name=layer.torch_name if layer else None,
        example=_example(layer) if layer else None,
    )


def signature(decl: Declaration[Any]) -> str:
    """The call with its arguments and their defaults, as a spec writes it."""
    parts = (
        name if info.is_required() else f"{name}={as_written(info.default)}"
        for name, info in decl.Params.model_fields.items()
    )
    return f"{decl.name}({', '.join(parts)})"


def as_written(value: object) -> str:
    """A default as a spec would write it: `true`, `none`, and `1` for `(1, 1)`."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"'
        case tuple() if value and all(item == value[0] for item in value):
            return as_written(value[0])
        case tuple() | list():
            return f"[{', '.join(as_written(item) for item in value)}]"
        case _:
            return str(value)


def _clean(doc: str) -> str:
    first, *rest = doc.strip().split("\n")
    return "\n".join([first.strip(), *(line.strip() for line in rest)])


def _example(decl: LayerDecl[Any]) -> Example | None:
    """The declaration at work on the first of some usual inputs that it takes."""
    required = sum(1 for port in decl.ports if not port.optional)
    values = {n: _sample(n, i) for n, i in decl.Params.model_fields.items() if i.is_required()}
    try:
        p = decl.Params(**_EXTRA.get(decl.name, {}), **values)
    except ValueError:
        return None
    for axes, dtype in _USUAL:
        shape = tuple(Dim.symbol(a) if isinstance(a, str) else Dim.of(a) for a in axes)
        x = tuple(
            TensorType(shape, "int" if port.name == "indices" else dtype)
            for port in decl.ports[:required]
        )
        try:
            out = decl.shape(p, x, Needs())
        except RuleError:
            continue
        return Example(
            inputs=tuple(str(tensor) for tensor in x),
            outputs=_named(decl.outputs(p), out),
            inferred=tuple((name, _size(v)) for name, v in decl.inferred(p, x).items()),
            weights=tuple(
                (w.name, f"[{', '.join(map(str, w.shape))}]", w.buffer) for w in decl.weights(p, x)
            ),
        )
    return None


def _named(names: tuple[str, ...], tensors: tuple[TensorType, ...]) -> tuple[str, ...]:
    """`h_n [1, B, 2]`, or the type alone where there is one output."""
    if not names:
        return tuple(map(str, tensors))
    return tuple(f"{name} {tensor}" for name, tensor in zip(names, tensors, strict=True))


#: Arguments without which a call says too little, though each has a default.
_EXTRA: dict[str, dict[str, object]] = {
    "Upsample": {"scale_factor": 2},
    "UpsamplingBilinear2d": {"scale_factor": 2},
    "UpsamplingNearest2d": {"scale_factor": 2},
    "FractionalMaxPool2d": {"output_ratio": 0.5},
    "FractionalMaxPool3d": {"output_ratio": 0.5},
}
_USUAL: tuple[tuple[tuple[str | int, ...], str], ...] = (
    (("B", "C", "H", "W"), "float"),
    (("B", "C", "L"), "float"),
    (("B", "C", "D", "H", "W"), "float"),
    (("B", "C"), "float"),
    (("B", "T"), "int"),
)


def _size(value: Dim | tuple[Dim, ...]) -> str:
    return str(value) if isinstance(value, Dim) else f"[{', '.join(map(str, value))}]"


def _sample(name: str, info: FieldInfo) -> object:
    """A small value for a required argument."""
    if info.annotation is bool:
        return True
    if name == "unflattened_size":
        return (-1, 1)
    if name in ("dim", "padding", "num_heads"):
        return 1
    return 2 if get_args(info.annotation) or info.annotation is int else 1.0
