"""What can be settled only when the whole model stands: ties, initialisers, dead ends, lints."""

from dataclasses import replace

from archspec.diagnostics import Diagnostic
from archspec.diagnostics import Label as Mark
from archspec.elaborate.context import Context, LimitError, SilentError, SpecError, fail
from archspec.elaborate.evaluate import name_of
from archspec.elaborate.explain import merged
from archspec.elaborate.files import suggestion
from archspec.elaborate.initializers import RANKS, read_initializer
from archspec.elaborate.values import Frame, Label, names_in
from archspec.elaborate.weights import weight_labels
from archspec.ir import Initializer, Module, Relation, Tie
from archspec.layers.base import Weight
from archspec.source import Span
from archspec.syntax import ast


def finish(ctx: Context) -> None:
    """Resolve ties and initialisers, then refuse what no output depends on."""
    frame = ctx.frame
    failed = ctx.failed
    for where, statement in ctx.deferred:
        ctx.frame = where.frame
        names = ctx.frame.names
        ctx.frame.names = names | where.visible()  # loop variables as they were
        try:
            if isinstance(statement, ast.Tie):
                _tie(ctx, where.frame, statement)
            else:
                _init(ctx, where.frame, statement)
        except LimitError:
            raise
        except SpecError as error:
            # What a failed layer would have brought is missing, and no fault of its own.
            if not (failed and error.diagnostic.code in ("A0306", "A0603")):
                ctx.report(error.diagnostic)
        except SilentError:
            continue
        finally:
            ctx.frame.names = names
    ctx.frame = frame
    if failed:
        return
    _relations(ctx)
    _copies(ctx)
    _unused(ctx)
    _shared_statistics(ctx)
    _unused_params(ctx)


# --- ties --------------------------------------------------------------------------------------


def _tie(ctx: Context, frame: Frame, statement: ast.Tie) -> None:
    target_name, target = _weight(ctx, frame, statement.target)
    source_name, source = _weight(ctx, frame, statement.source)
    if target_name == source_name:
        fail("A0603", f"`{target_name}` cannot be tied to itself", statement.span)
    if target.shape != source.shape:
        shapes = [f"[{', '.join(str(d) for d in w.shape)}]" for w in (target, source)]
        fail(
            "A0602",
            f"cannot tie `{target_name}` {shapes[0]} to `{source_name}` {shapes[1]}: "
            "the shapes differ",
            statement.target.span,
            f"is {shapes[0]}",
            labels=merged(
                (
                    Mark(statement.source.span, f"is {shapes[1]}"),
                    *_shaped(ctx, target_name, target, source),
                    *_shaped(ctx, source_name, source, target),
                ),
                statement.target.span,
            ),
            help=("tied weights are one tensor, so both layers must need the same shape",),
        )
    if target.buffer or source.buffer:
        fail("A0603", "only parameters can be tied, not buffers", statement.span)
    if Tie(target_name, source_name, statement.span) in ctx.graph.ties:
        return  # a shared block says it again in every application
    for tie in ctx.graph.ties:
        if tie.target == target_name:
            fail(
                "A0603",
                f"`{target_name}` is tied already",
                statement.span,
                labels=(Mark(tie.span, "here"),),
            )
        if tie.target == source_name:
            source_name = tie.source
    if target_name == source_name:
        fail("A0603", f"`{target_name}` is tied to itself by the ties before", statement.span)
    graph = ctx.graph
    graph.ties = [
        replace(tie, source=source_name) if tie.source == target_name else tie for tie in graph.ties
    ]
    graph.relations = [
        replace(r, source=source_name) if r.source == target_name else r for r in graph.relations
    ]
    graph.ties.append(Tie(target_name, source_name, statement.span))
    ctx.graph.relations.append(Relation("tied", source_name, target_name, statement.span))


def _shaped(ctx: Context, name: str, weight: Weight, other: Weight) -> tuple[Mark, ...]:
    """The places that gave a weight the sizes in which it differs from another."""
    path, _, key = name.rpartition(".")
    module = next((m for m in ctx.graph.modules() if m.path == path), None)
    if module is None or len(weight.shape) != len(other.shape):
        return ()
    pairs = enumerate(zip(weight.shape, other.shape, strict=True))
    return weight_labels(ctx, module, key, [axis for axis, (a, b) in pairs if a is not b])


def _path(ctx: Context, expr: ast.Expr) -> list[str]:
    match expr:
        case ast.Attribute(value=value, name=name):
            return [*_path(ctx, value), name_of(ctx, name)]
        case ast.Name() | ast.Template():
            return [name_of(ctx, expr)]
        case ast.Number(value=int() as value):
            return [str(value)]
        case _:
            return fail("A0603", "a weight is named by its path, as in `lm_head.weight`", expr.span)


def _shown(module: Module) -> str:
    return f"`{module.path}`" if module.path else "the model"


def _weight(ctx: Context, frame: Frame, expr: ast.Expr) -> tuple[str, Weight]:
    keys = _path(ctx, expr)
    label = frame.names.get(keys[0])
    if isinstance(label, Label):
        module, keys = label.module, keys[1:]
    else:
        module = frame.module
    while len(keys) > 1:
        child = module.children.get(keys[0])
        if child is None:
            known = ", ".join(f"`{k}`" for k in module.children) or "none"
            place = Span(expr.span.source, expr.span.start, expr.span.start + len(keys[0]))
            named = place.text == keys[0]
            help, fixes = suggestion(
                place if named else expr.span, keys[0], [*module.children], "layer"
            )
            fixes = fixes if named else ()
            fail(
                "A0603",
                f"there is no layer `{keys[0]}` in {_shown(module)}",
                expr.span,
                help=help or (f"its layers are {known}",),
                fixes=fixes,
            )
        module, keys = child, keys[1:]
    weights = dict(module.all_weights())
    prefix = f"{module.path}." if module.path else ""
    name = prefix + keys[0] if keys else ""
    if name not in weights:
        known = ", ".join(f"`{n.removeprefix(prefix)}`" for n in weights) or "none"
        fail(
            "A0603",
            f"there is no weight `{expr.span.text}`",
            expr.span,
            help=(f"the weights of {_shown(module)} are {known}",),
        )
    return name, weights[name]


# --- initialisers ------------------------------------------------------------------------------


def _init(ctx: Context, frame: Frame, statement: ast.Init) -> None:
    function, args = read_initializer(ctx, statement.initializer)
    weights = select(frame.module, statement.selector)
    if not weights:
        fail(
            "A0306",
            f"the selector `{statement.selector}` matches no weight",
            statement.selector_span,
            help=_selector_help(frame.module),
        )
    _check_ranks(frame.module, function, weights, statement)
    arguments = tuple((a.name or "", a.value) for a in args)
    ctx.graph.initializers.append(
        Initializer(statement.selector, function, arguments, tuple(weights), statement.span)
    )


def _check_ranks(module: Module, function: str, weights: list[str], statement: ast.Init) -> None:
    """Some initialisers are defined for matrices, or for weights with a fan-in, only."""
    allowed = RANKS.get(function)
    if allowed is None:
        return
    ranks = {n: len(w.shape) for m in module.walk() for n, w in m.all_weights()}
    for name in weights:
        if ranks[name] not in allowed:
            count = ranks[name]
            wanted = f"{allowed.start}" if len(allowed) == 1 else f"at least {allowed.start}"
            fail(
                "A0404",
                f"`{function}` needs {wanted} dimensions, but `{name}` has {count}",
                statement.initializer.span,
                labels=(Mark(statement.selector_span, "selects it"),),
                help=("select weights only, or use `zeros`, `constant` or `normal`",),
            )


def _selector_help(module: Module) -> tuple[str, ...]:
    names = [n for m in module.walk() for n, w in m.all_weights() if not w.buffer]
    shown = ", ".join(f"`{n}`" for n in names[:4])
    return (f"select by layer class (`Linear.weight`) or by path; paths here begin {shown}",)


def select(module: Module, selector: str) -> list[str]:
    """Full names of the parameters that a selector matches: `Linear.weight` by class, else by path.

    In a path `*` stands for one part and `**` for any number of parts.
    """
    parts = selector.split(".")
    found: list[str] = []
    base = len(module.path.split(".")) if module.path else 0
    for child in module.walk():
        for name, weight in child.all_weights():
            if weight.buffer:
                continue
            keys = name.split(".")
            if parts[0][:1].isupper():
                kind = child.decl.name if child.decl is not None else child.block
                matches = kind == parts[0] and parts[1:] == [keys[-1]]
            else:
                matches = _matches(parts, keys[base:])
            if matches:
                found.append(name)
    return found


def _matches(parts: list[str], keys: list[str]) -> bool:
    reach = {0}
    for part in parts:
        if part == "**":
            reach = {j for i in reach for j in range(i, len(keys) + 1)}
        else:
            reach = {i + 1 for i in reach if i < len(keys) and part in ("*", keys[i])}
    return len(keys) in reach


# --- what relates modules ----------------------------------------------------------------------


def _relations(ctx: Context) -> None:
    for module in ctx.graph.modules():
        if module.shared:
            ctx.graph.relations.append(Relation("shared", module.path, module.path, module.span))
        if module.frozen:
            ctx.graph.relations.append(Relation("frozen", module.path, module.path, module.span))
        if module.ema_of is not None:
            ctx.graph.relations.append(
                Relation("ema", module.ema_of.path, module.path, module.span)
            )


def _copies(ctx: Context) -> None:
    """Refuse a slow copy whose weights took other shapes than those it copies."""
    for module in ctx.graph.modules():
        if module.ema_of is None:
            continue
        pairs = zip(module.walk(), module.ema_of.walk(), strict=False)
        for copy, source in pairs:
            uneven = [
                (a, b)
                for a, b in zip(copy.weights, source.weights, strict=False)
                if a.shape != b.shape
            ]
            for a, b in uneven[:1]:
                shapes = [f"[{', '.join(str(d) for d in w.shape)}]" for w in (a, b)]
                label = ctx.labels[id(module)]
                ctx.report(
                    Diagnostic(
                        "A0601",
                        "error",
                        f"`{module.path}` copies `{module.ema_of.path}`, "
                        "but is applied to an input that needs other weights",
                        (
                            Mark(label.span, "the copy", primary=True),
                            Mark(ctx.labels[id(module.ema_of)].span, "what it copies"),
                        ),
                        notes=(
                            f"`{copy.path}.{a.name}` would be {shapes[0]}, "
                            f"`{source.path}.{b.name}` is {shapes[1]}",
                        ),
                        help=("apply both to inputs of the same channels or features",),
                    )
                )
                break


def _unused(ctx: Context) -> None:
    """Refuse layers and inputs that no output depends on; of a dead chain, its end."""
    graph = ctx.graph
    live = graph.live_nodes()
    stack = [t.value.node for t in ctx.given_out]
    given: set[int] = set()
    while stack:
        node = stack.pop()
        if node not in live and node not in given:
            given.add(node)
            stack.extend(edge.source for edge in graph.edges_into(node))
    feeds = {edge.source for edge in graph.edges}
    for item in graph.nodes:
        if item.id in live or item.id in given or item.id in feeds:
            continue
        what = (
            f"the input `{item.name}`" if item.kind == "input" else f"the result of `{item.name}`"
        )
        if item.kind == "param":
            what = f"`{item.name}`"
        ctx.report(
            Diagnostic(
                "A0304",
                "error",
                f"{what} is never used",
                (Mark(item.span, "no output depends on it", primary=True),),
                help=("let it flow into an output, or remove it",),
            )
        )
    for label in ctx.labels.values():
        if label.reusable and label.first is None:
            ctx.report(
                Diagnostic(
                    "A0304",
                    "error",
                    f"`{label.name}` is declared but never applied",
                    (Mark(label.span, "", primary=True),),
                    help=(f"apply it: `x -> {label.name}`, or remove it",),
                )
            )


def _shared_statistics(ctx: Context) -> None:
    """Warn of a norm with running statistics in a layer that is applied more than once."""
    applied: dict[int, list[Span]] = {}
    for node in ctx.graph.nodes:
        if node.kind == "layer":
            applied.setdefault(id(node.module), []).append(node.span)
    for module in ctx.graph.modules():
        if not module.shared:
            continue
        norms = [
            m
            for m in module.walk()
            if len(applied.get(id(m), ())) > 1 and any(w.name == "running_mean" for w in m.weights)
        ]
        if norms:
            first = norms[0]
            kind = first.decl.name if first.decl is not None else ""
            ctx.report(
                Diagnostic(
                    "W0601",
                    "warning",
                    f"`{kind}` inside shared `{module.path}` "
                    "mixes the statistics of its applications",
                    (
                        Mark(first.span, "its running statistics see every branch", primary=True),
                        Mark(ctx.labels[id(module)].span, "shared here"),
                    ),
                    notes=((f"{len(norms)} layers are concerned",) if len(norms) > 1 else ()),
                    help=(
                        "use a norm without running statistics (GroupNorm, LayerNorm), "
                        "or feed the branches as one batch",
                    ),
                )
            )


def _unused_params(ctx: Context) -> None:
    for block in (ctx.frame.block, *ctx.blocks.values()):
        _unused_params_of(ctx, block)


def _unused_params_of(ctx: Context, block: ast.Block) -> None:
    used = {
        n.id for part in (block.body, *(p.default for p in block.params)) for n in names_in(part)
    }
    for param in block.params:
        if param.name not in used:
            ctx.report(
                Diagnostic(
                    "W0101",
                    "warning",
                    f"the parameter `{param.name}` of `{block.name.id}` is never used",
                    (Mark(param.span, "", primary=True),),
                    help=("remove it, or use it in the body",),
                )
            )
