"""Own layers: `extern layer Name(params) from "package.module:Class" { … }` as a declaration.

The body states what the class does: the shapes of its inputs and outputs over its parameters and
the sizes that the inputs bind, conditions, weights under their `state_dict` names, and `macs`.
Nothing here imports the class: `runtime/own_layers.py` compares it with the declaration.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from archspec.diagnostics import Diagnostic, Label
from archspec.dims import Dim, Domains
from archspec.elaborate.context import Context, Limits, fail
from archspec.elaborate.evaluate import evaluate_static, truth
from archspec.elaborate.files import FileScope
from archspec.elaborate.values import Cursor, Frame, LayerValue, describe, names_in
from archspec.ir import Graph, Module
from archspec.layers.base import (
    DTYPES,
    SIZE,
    Arg,
    Axis,
    LayerDecl,
    Needs,
    Params,
    Port,
    RuleError,
    TensorType,
    Weight,
    dtype_kind,
)
from archspec.syntax import ast

_TARGET: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_KINDS: Final = ("int", "float", "bool", "str", "list")
#: The assignment in the body that states the multiply-adds of one application.
MACS: Final = "macs"


@dataclass(slots=True)
class _Outcome:
    """What a body says of one application."""

    outputs: list[TensorType] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    inferred: dict[str, Dim | tuple[Dim, ...]] = field(default_factory=dict)
    macs: Dim = field(default_factory=lambda: Dim.of(0))
    needs: Needs = field(default_factory=Needs)


class ExternLayer(LayerDecl[Params]):
    """A class of the user's own; one subclass is made for each `extern layer`."""

    name = "ExternLayer"
    extern: ClassVar[ast.Extern]
    scope: ClassVar[FileScope]
    #: Its arguments are passed by name: the class may order them as it likes.
    torch_order = ()

    def __init__(self) -> None:
        #: Where it was applied without having a rule: arguments and input types.
        self.applications: list[tuple[Params, tuple[TensorType, ...]]] = []

    @property
    def has_rule(self) -> bool:
        return any(isinstance(s, ast.Output) for s in self.statements)

    @property
    def statements(self) -> tuple[ast.Statement, ...]:
        return self.extern.body.statements if self.extern.body is not None else ()

    def shape(self, p: Params, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        if not self.has_rule:
            self.applications.append((p, x))
            raise RuleError(
                "A0116",
                f"`{self.name}` has no shape rule, so nothing can be checked after it",
                help=(
                    "state its shapes in the body of its declaration: "
                    "`{ input x: [B, D]; output y: [B, D] }`",
                    "`archspec probe FILE` finds them by running the class, and writes them",
                ),
            )
        outcome = _run(self, p, x)
        need.obligations.extend(outcome.needs.obligations)
        return tuple(outcome.outputs)

    def inferred(self, p: Params, x: tuple[TensorType, ...]) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return _run(self, p, x).inferred

    def weights(self, p: Params, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return tuple(_run(self, p, x).weights)

    def macs(self, p: Params, x: tuple[TensorType, ...], out: tuple[TensorType, ...]) -> Dim:
        return _run(self, p, x).macs

    def defaults(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The defaults of the declaration, which need not be those of the class.

        One that uses a size of an input is not among them: it is inferred.
        """
        sizes = {name.id for s in self.statements if isinstance(s, ast.Input)
                 for name in names_in(s.shape)}  # fmt: skip
        names = dict(given)
        ctx = _context(self, names)
        for param in self.extern.params:
            if param.name in given or param.default is None:
                continue
            if {n.id for n in names_in(param.default)} & sizes - names.keys():
                sizes.add(param.name)
                continue
            names[param.name] = evaluate_static(ctx, param.default, "a compile-time value")
        return {name: value for name, value in names.items() if name not in given}


# --- the rule ----------------------------------------------------------------------------------


def _context(decl: ExternLayer, names: dict[str, Any]) -> Context:
    """Where the expressions of a declaration are evaluated: among `names` and its file's."""
    extern = decl.extern
    body = extern.body or ast.Body(None, (), span=extern.span)
    block = ast.Block("block", extern.name, extern.params, body, span=extern.span)
    root = Module("", None, extern.span, block=extern.name.id)
    frame = Frame(block, decl.scope, root, names, names)
    return Context(Graph(decl.name, root, Domains()), Limits(), frame, frame.root, Cursor(root))


def _run(decl: ExternLayer, p: Params, x: tuple[TensorType, ...]) -> _Outcome:
    """The body of the declaration for one application."""
    outcome = _Outcome()
    names: dict[str, Any] = {name: getattr(p, name) for name in p.model_fields_set}
    ctx = _context(decl, names)
    inputs = [s for s in decl.statements if isinstance(s, ast.Input)]
    params = {param.name for param in decl.extern.params}
    dots: list[tuple[Dim, ...]] = []
    later: list[tuple[ast.Expr, int, int, Dim]] = []
    for port, (statement, tensor) in enumerate(zip(inputs, x, strict=True)):
        _check_dtype(decl, statement, tensor, port)
        for item, axis in _axes(decl, statement, tensor, port, dots, outcome.needs):
            dim = tensor.shape[axis]
            if isinstance(item, ast.Name) and item.id not in names and item.id not in params:
                names[item.id] = dim if dim.const is None else dim.const
            else:
                later.append((item, port, axis, dim))
    for param in decl.extern.params:
        if param.name not in names and param.default is not None:
            value = names[param.name] = _size(ctx, param.default)
            outcome.inferred[param.name] = value
    for item, port, axis, dim in later:
        declared = _size(ctx, item)
        text = item.span.text
        shown = text if text == str(declared) else f"{text} = {declared}"
        message = f"`{inputs[port].name}` of `{decl.name}` has {dim} where {shown} is declared"
        place = (Arg(text), Axis(port, axis))
        outcome.needs.equal(dim, declared, "A0408", message, *place)
    for statement in inputs:
        for condition in statement.where:
            _condition(ctx, decl, condition, None, outcome.needs)
    for other in decl.statements:
        _statement(ctx, decl, other, dots[0] if dots else None, outcome, x)
    return outcome


def _statement(
    ctx: Context,
    decl: ExternLayer,
    statement: ast.Statement,
    dots: tuple[Dim, ...] | None,
    outcome: _Outcome,
    x: tuple[TensorType, ...],
) -> None:
    match statement:
        case ast.Require(condition, message):
            _condition(ctx, decl, condition, message, outcome.needs)
        case ast.Flow(targets=(ast.Name(id=name),), stages=(stage,)):
            value = evaluate_static(ctx, stage.core, "a size")  # type: ignore[arg-type]
            if name == MACS:
                outcome.macs = _as_size(ctx, value, stage.core)
            ctx.frame.names[name] = value
        case ast.Tensor(kind=kind, name=ast.Name(id=name), shape=shape):
            outcome.weights.append(_weight(ctx, kind, name, shape))
        case ast.Weight(kind=kind, name=name, shape=shape):
            outcome.weights.append(_weight(ctx, kind, name.value, shape))
        case ast.Output(items):
            for item in items:
                assert item.shape is not None
                outcome.outputs.append(_output(ctx, decl, item, dots, outcome.needs, x))
        case _:  # inputs are bound already, all else is refused where it is declared
            return


def _axes(
    decl: ExternLayer,
    statement: ast.Input,
    tensor: TensorType,
    port: int,
    dots: list[tuple[Dim, ...]],
    needs: Needs,
) -> list[tuple[ast.Expr, int]]:
    """The declared sizes with their axes; what `...` stands for is added to `dots`."""
    items = statement.shape.dims
    at = next((i for i, item in enumerate(items) if isinstance(item, ast.Ellipsis)), None)
    least = len(items) - (at is not None)
    if tensor.rank < least or (at is None and tensor.rank != least):
        many = f"at least {least}" if at is not None else str(least)
        raise RuleError(
            "A0404",
            f"`{statement.name}` of `{decl.name}` has {many} dimensions, not {tensor.rank}",
            Axis(port),
        )
    if at is None:
        return [(item, i) for i, item in enumerate(items)]  # type: ignore[misc]
    after = len(items) - at - 1
    covered = tensor.shape[at : tensor.rank - after]
    if dots and len(dots[0]) != len(covered):
        raise RuleError(
            "A0404",
            f"`...` of `{decl.name}` stands for {len(dots[0])} dimensions, and for {len(covered)} "
            f"in `{statement.name}`",
            Axis(port),
        )
    for i, (a, b) in enumerate(zip(dots[0], covered, strict=True) if dots else ()):
        message = f"`...` of `{decl.name}` stands for {a}, and for {b} in `{statement.name}`"
        needs.equal(b, a, "A0401", message, Axis(port, at + i))
    dots.append(covered)
    before = [(item, i) for i, item in enumerate(items[:at])]
    behind = [(item, tensor.rank - after + i) for i, item in enumerate(items[at + 1 :])]
    return [*before, *behind]  # type: ignore[list-item]


def _check_dtype(decl: ExternLayer, statement: ast.Input, x: TensorType, port: int) -> None:
    dtype = statement.shape.dtype or "float"
    if dtype_kind(dtype) != x.kind or (dtype != dtype_kind(dtype) and dtype != x.dtype):
        message = f"`{statement.name}` of `{decl.name}` is {dtype}, not {x.dtype}"
        raise RuleError("A0701", message, Axis(port))


def _condition(
    ctx: Context, decl: ExternLayer, condition: ast.Expr, message: str | None, needs: Needs
) -> None:
    """A condition on sizes as obligations; any other must hold as it stands."""
    text = message or f"`{decl.name}` requires {condition.span.text}"
    if not isinstance(condition, ast.Compare):
        if not truth(ctx, condition):
            raise RuleError("A0205", text)
        return
    left = condition.first
    for op, right in condition.rest:
        a = evaluate_static(ctx, left, "a compile-time value")
        b = evaluate_static(ctx, right, "a compile-time value")
        sizes = all(isinstance(v, int | Dim) and not isinstance(v, bool) for v in (a, b))
        match op:
            case "==" if sizes and isinstance(left, ast.Binary) and left.op == "%" and b == 0:
                whole, part = (_size(ctx, e) for e in (left.left, left.right))
                needs.divisible(whole, part, "A0205", text)
            case "==" if sizes:
                needs.equal(a, b, "A0205", text)
            case ">=" | ">" if sizes:
                needs.at_least(a, Dim.of(b) + int(op == ">"), "A0205", text)
            case "<=" | "<" if sizes:
                needs.at_least(b, Dim.of(a) + int(op == "<"), "A0205", text)
            case _:
                pair = ast.Compare(left, ((op, right),), span=condition.span)
                if not truth(ctx, pair):
                    raise RuleError("A0205", text)
        left = right


def _size(ctx: Context, expr: ast.Expr) -> Dim:
    return _as_size(ctx, evaluate_static(ctx, expr, "a size"), expr)


def _as_size(ctx: Context, value: object, node: ast.Node) -> Dim:
    if isinstance(value, bool) or not isinstance(value, int | Dim):
        fail("A0201", f"a size is an integer, not {describe(value)}", node.span)
    return Dim.of(value)


def _weight(ctx: Context, kind: str, name: str, shape: ast.ShapeExpr) -> Weight:
    dims = tuple(_size(ctx, item) for item in shape.dims)  # type: ignore[arg-type]
    return Weight(name, dims, kind == "buffer", shape.dtype or "float")


def _output(
    ctx: Context,
    decl: ExternLayer,
    item: ast.OutputItem,
    dots: tuple[Dim, ...] | None,
    needs: Needs,
    x: tuple[TensorType, ...],
) -> TensorType:
    assert item.shape is not None
    dims: list[Dim] = []
    for size in item.shape.dims:
        if isinstance(size, ast.Ellipsis):
            dims.extend(dots or ())
            continue
        dim = _size(ctx, size)
        dims.append(dim)
        message = f"the output `{item.name.span.text}` of `{decl.name}` has the size {dim}"
        needs.at_least(dim, 1, "A0502", message)
    like_input = x[0].dtype if x and x[0].kind == "float" else "float"
    return TensorType(tuple(dims), item.shape.dtype or like_input)


# --- the declaration ---------------------------------------------------------------------------


def declare_extern(
    extern: ast.Extern, scope: FileScope, diagnostics: list[Diagnostic]
) -> LayerValue | None:
    """The layer of a declaration; None, and why in `diagnostics`, where it declares none."""
    before = len(diagnostics)

    def error(code: str, message: str, node: ast.Node, *help: str) -> None:
        label = Label(node.span, "", primary=True)
        diagnostics.append(Diagnostic(code, "error", message, (label,), help=help))

    name = extern.name.id
    if not _TARGET.fullmatch(extern.target):
        error(
            "A0116", f'"{extern.target}" names no class', extern,
            f'write the module and the class: from "package.module:{name}"',
        )  # fmt: skip
    for param in extern.params:
        if param.kind is not None and param.kind not in _KINDS:
            error(
                "A0101", f"`{param.name}` of an own layer cannot be of kind `{param.kind}`", param,
                f"kinds are {', '.join(_KINDS)}",
            )  # fmt: skip
    statements = extern.body.statements if extern.body is not None else ()
    for statement in statements:
        _check_statement(statement, error)
    inputs = [s for s in statements if isinstance(s, ast.Input)]
    outputs = [s for s in statements if isinstance(s, ast.Output)]
    if statements and not inputs:
        error("A0307", f"`{name}` declares no input", extern.name, "add e.g. `input x: [B, D]`")
    if any(isinstance(d, ast.Ellipsis) for s in outputs for i in s.items if i.shape
           for d in i.shape.dims) and not any(
        isinstance(d, ast.Ellipsis) for s in inputs for d in s.shape.dims
    ):  # fmt: skip
        error("A0404", "`...` of an output stands for that of an input, which has none", outputs[0])
    if len(diagnostics) > before:
        return None
    module, _, cls = extern.target.partition(":")
    members: dict[str, Any] = {
        "__doc__": extern.body.doc if extern.body is not None else None,
        "name": name,
        "torch_name": cls,
        "module": module,
        "Params": _params_model(extern),
        "ports": tuple(Port(s.name) for s in inputs) or (Port("input", variadic=True),),
        "extern": extern,
        "scope": scope,
        "states_macs": any(
            isinstance(s, ast.Flow) and [t.span.text for t in s.targets] == [MACS]
            for s in statements
        ),
    }
    return LayerValue(type(name, (ExternLayer,), members)())


def _check_statement(statement: ast.Statement, error: Any) -> None:
    match statement:
        case ast.Input(shape=shape) | ast.Tensor(shape=shape) | ast.Weight(shape=shape):
            dots = [d for d in shape.dims if isinstance(d, ast.Ellipsis)]
            if len(dots) > (1 if isinstance(statement, ast.Input) else 0):
                error("A0404", "`...` stands for the leading sizes of an input, once", dots[-1])
            if shape.dtype is not None and shape.dtype not in DTYPES:
                known = f"dtypes are {', '.join(DTYPES)}"
                error("A0701", f"unknown dtype `{shape.dtype}`", shape, known)
            if isinstance(statement, ast.Tensor) and statement.value is not None:
                error("A0308", "the class sets its own weights", statement.value)
            if isinstance(statement, ast.Tensor) and isinstance(statement.name, ast.Template):
                error("A0308", "the weights of an own layer have fixed names", statement.name)
        case ast.Output(items):
            for item in items:
                if item.shape is None or item.value is not None:
                    name = item.name.span.text
                    error(
                        "A0116", f"the output `{name}` of an own layer needs a shape", item,
                        f"write `output {name}: [B, …]`",
                    )  # fmt: skip
                elif item.shape.dtype is not None and item.shape.dtype not in DTYPES:
                    known = f"dtypes are {', '.join(DTYPES)}"
                    error("A0701", f"unknown dtype `{item.shape.dtype}`", item.shape, known)
        case ast.Require():
            return
        case ast.Flow(targets=(ast.Name(),), stages=(ast.Stage((), None, core, None),)) if (
            not isinstance(core, ast.Group | ast.Residual | ast.Dense | ast.Reuse | ast.Inline)
        ):
            return
        case _:
            error(
                "A0308", "this does not belong into the declaration of an own layer", statement,
                "it states inputs, outputs, `require`, sizes (`hidden = 4 * D`), weights, `macs`",
            )  # fmt: skip


def _params_model(extern: ast.Extern) -> type[Params]:
    from typing import Annotated

    from pydantic import BeforeValidator, create_model

    def plain(value: object) -> object:
        if isinstance(value, list | tuple):
            return tuple(plain(item) for item in value)
        if value is None or isinstance(value, bool | int | float | str):
            return value
        raise ValueError("must be a number, a bool, a string, none or a list of them")

    kinds: dict[str | None, Any] = {
        "int": int, "float": float, "bool": bool, "str": str,
        "list": Annotated[tuple[Any, ...], BeforeValidator(plain)],
        None: Annotated[Any, BeforeValidator(plain)],
    }  # fmt: skip
    fields: dict[str, Any] = {}
    for param in extern.params:
        kind = kinds[param.kind]
        if param.kind == "int" or (
            param.kind is None and isinstance(param.default, ast.Number | None)
        ):
            kind = Annotated[kind, SIZE]
        optional = kind if param.default is None else kind | None
        fields[param.name] = (optional, ... if param.default is None else None)
    return create_model(f"{extern.name.id}Params", __base__=Params, **fields)
