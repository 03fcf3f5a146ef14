"""The emitted file: classes, helpers, and one class per model or variant."""

from collections.abc import Sequence
from textwrap import fill
from typing import Any

from archspec import pycode as py
from archspec.backends.torch.classes import build_class
from archspec.backends.torch.emitter import CtorParam
from archspec.backends.torch.literals import literal
from archspec.backends.torch.planner import ClassPlan, Planner
from archspec.backends.torch.records import exchangeable, layer_key, structural
from archspec.backends.torch.sizes import CannotEmit
from archspec.backends.torch.witnesses import Varied, arguments, together, witnesses
from archspec.diagnostics import ArchSpecError, Diagnostic, Label
from archspec.elaborate import Elaborated
from archspec.elaborate.allow import ALLOWANCE
from archspec.pycode.printer import print_module

Family = list[Elaborated]
#: A variant repeats at most so many parameters of its base; more are passed on unseen.
SPELLED_OUT = 4


def emit_module(models: Sequence[Elaborated]) -> str:
    """The source of a standalone module that defines `models`; the same bytes on every run."""
    if not models:
        message = "there is no model to write"
        help = "define a `model`, or a `variant` that sets all parameters of one"
        raise ArchSpecError((Diagnostic("A0307", "error", message, help=(help,)),))
    layers = exchangeable(model.frame for model in models)
    families: dict[Any, Family] = {}
    for model in models:
        key = (id(model.entry.block), structural(model.frame, layers))
        families.setdefault(key, []).append(model)
    varied = {key: witnesses(members[0]) for key, members in families.items()}
    try:
        return _emit(models, families, varied, keep_loops=True)
    except CannotEmit:
        pass
    for key, members in families.items():
        varied[key] = {
            name: others
            for name, others in varied[key].items()
            if _can_vary(key, members, name, others)
        }
    none: dict[Any, Varied] = {key: {} for key in families}
    for attempt, keep_loops in ((varied, True), (varied, False), (none, False)):
        try:
            return _emit(models, families, attempt, keep_loops)
        except CannotEmit as error:
            refusal = _refusal(models, error)
    raise ArchSpecError((refusal,))


def _can_vary(key: Any, members: Family, name: str, others: list[Elaborated]) -> bool:
    """Whether one class can be written for all values of a parameter, loops kept."""
    try:
        _emit(members[:1], {key: members[:1]}, {key: {name: others}}, keep_loops=True)
    except CannotEmit:
        return False
    return True


def _emit(
    models: Sequence[Elaborated],
    families: dict[Any, Family],
    varied: dict[Any, Varied],
    keep_loops: bool,
) -> str:
    others = {key: together(members[0], varied[key]) for key, members in families.items()}
    fixed = {
        (id(members[0].entry.block), name)
        for key, members in families.items()
        for name in arguments(members[0])
        if name not in varied[key] and not _differs(members, name)
    }
    every = [w for found in others.values() for w in found]
    imports = _imports(models)
    planner = Planner(list(models), every, frozenset(fixed), keep_loops)
    planner.names.reserve(*imports)
    for key, members in families.items():
        _emit_members(planner, members, others[key], families)
    body: list[py.Stmt] = [*planner.function.definitions, *planner.helpers, *planner.classes]
    return print_module(py.Module(_module_doc(models), tuple(body), tuple(imports.values())))


def _imports(models: Sequence[Elaborated]) -> dict[str, py.Import]:
    """The imports of layers that are not torch's."""
    found: dict[str, py.Import] = {}
    for model in models:
        for module in model.graph.modules():
            decl = module.decl
            if decl is None or decl.module is None:
                continue
            name = decl.torch_name
            if found.setdefault(name, py.Import(decl.module, name)).module != decl.module:
                raise CannotEmit(f"two classes of different modules are called `{name}`")
            if name in {m.entry.name for m in models} | py.reserved_names():
                raise CannotEmit(f"the class `{decl.module}:{name}` has a name that is taken")
    return found


def _differs(members: Family, name: str) -> bool:
    """Whether the variants themselves vary a parameter."""
    first = layer_key(members[0].frame.constants[name])
    return any(layer_key(m.frame.constants[name]) != first for m in members)


def _refusal(models: Sequence[Elaborated], error: CannotEmit) -> Diagnostic:
    return Diagnostic(
        "A0203",
        "error",
        f"no Python can be written for `{models[0].entry.name}`: {error}",
        (
            Label(
                error.span or models[0].entry.span,
                "checks, but is beyond what can be emitted",
                primary=True,
            ),
        ),
        help=("write it more explicitly: name each value, or do without the loop around it",),
    )


def _module_doc(models: Sequence[Elaborated]) -> str:
    """Where the file comes from, and what stands at the top of the spec: its papers, usually."""
    source = models[0].entry.scope.source
    file = source.name.replace("\\", "/").rsplit("/", 1)[-1]
    header = []
    for line in source.text.lstrip("\ufeff").splitlines():
        if not line.startswith("#"):
            break
        if not ALLOWANCE.match(line):
            header.append(line.removeprefix("#").strip())
    paragraphs = "\n".join(header).strip().split("\n\n")
    names = ", ".join(m.entry.name for m in models) + "."
    parts = [f"Generated by archspec from {file}.", fill(names, 88)]
    parts += [
        p if max(map(len, p.splitlines()), default=0) <= 88 else fill(p, 88) for p in paragraphs
    ]
    return "\n\n".join(p for p in parts if p)


def _emit_members(planner: Planner, members: Family, others: Family, families: Any) -> None:
    """One class for all members of a family; one each where no class can be all of them."""
    saved = planner.snapshot()
    try:
        _emit_family(planner, members, others, families)
    except CannotEmit:
        if len(members) == 1 or planner.keep_loops:
            raise
        planner.restore(saved)
        for member in members:
            _emit_family(planner, [member], others if member is members[0] else [], families)


def _emit_family(planner: Planner, members: Family, others: Family, families: Any) -> None:
    """One class for a model; several variants share a base class and differ in their arguments."""
    first = members[0]
    block = first.entry.block
    if len(members) == 1:
        passes = tuple(m.frame.root for m in (first, *others))
        plan = build_class(planner, first.entry.name, block, passes)
        planner.classes.append(_with_defaults(plan, first))
        return
    base = next((m for m in members if m.entry.name == block.name.id), None)
    same = [k for k in families if k[0] == id(block)]
    name = block.name.id if base is not None or len(same) == 1 else _distinct(first)
    name = name if base is not None else planner.names.new(name)
    plan = build_class(planner, name, block, tuple(m.frame.root for m in (*members, *others)))
    planner.classes.append(plan.definition if base is None else _with_defaults(plan, base))
    for member in members:
        if member is not base:
            planner.classes.append(_variant(plan, member, base))


def _distinct(model: Elaborated) -> str:
    """`ResNetBottleneck`: the base class of the variants that use the same blocks."""
    parts = [str(key[1][0]) for key in structural(model.frame) if isinstance(key[1], tuple)]
    return model.entry.block.name.id + "".join(parts)


def _with_defaults(plan: ClassPlan, model: Elaborated) -> py.ClassDef:
    """The constructor's defaults are the model's own arguments."""
    params = tuple(_defaulted(p, model) for p in plan.params)
    return _replace_init(plan.definition, params)


def _defaulted(param: CtorParam, model: Elaborated) -> py.Parameter:
    return py.Parameter(param.name, param.annotation, literal(param.value_in(model.frame)))


def _replace_init(definition: py.ClassDef, params: tuple[py.Parameter, ...]) -> py.ClassDef:
    body = tuple(
        py.FunctionDef(
            "__init__", (py.Parameter("self"), *params), s.body, s.returns, s.doc, s.decorators
        )
        if isinstance(s, py.FunctionDef) and s.name == "__init__"
        else s
        for s in definition.body
    )
    return py.ClassDef(definition.name, definition.bases, body, definition.doc)


def _variant(plan: ClassPlan, model: Elaborated, base: Elaborated | None) -> py.ClassDef:
    """`class DenseNet169(DenseNet)`: what the variant sets is set, the rest stays open."""
    open_params: list[py.Parameter] = []
    inherited: list[py.Parameter] = []
    keywords: list[tuple[str, py.Expr]] = []
    for param in plan.params:
        given = model.frame.given.get(param.source)
        value = literal(param.value_in(model.frame))
        if param.values is not None:
            if value != param.default:
                keywords.append((param.name, value))
        elif given is None:
            default = param.default if base is None else literal(param.value_in(base.frame))
            own = py.Parameter(param.name, param.annotation, value)
            (inherited if default == value else open_params).append(own)
        else:
            keywords.append((param.name, value))
    bases = (py.name(plan.name),)
    if not keywords and not open_params:
        return py.ClassDef(model.entry.name, bases, (py.ExprStmt(py.name("pass")),))
    order = [param.name for param in plan.params]
    if len(inherited) <= SPELLED_OUT:
        open_params = sorted([*open_params, *inherited], key=lambda p: order.index(p.name))
        inherited = []
    keywords += [(p.name, py.name(p.name)) for p in open_params]
    keywords.sort(key=lambda keyword: order.index(keyword[0]))
    if inherited:
        open_params.append(py.Parameter("**options", py.name("Any")))
        keywords.append(("", py.name("options")))
    call = py.Call(py.attr(py.call("super"), "__init__"), (), tuple(keywords))
    init = py.FunctionDef(
        "__init__",
        (py.Parameter("self"), *open_params),
        (py.ExprStmt(call),),
        py.const(None),
    )
    return py.ClassDef(model.entry.name, bases, (init,))
