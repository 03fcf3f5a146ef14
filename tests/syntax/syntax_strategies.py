"""Random syntax trees, as the parser can give them."""

from typing import Any

from hypothesis import strategies as st

from archspec.source import SourceFile, Span
from archspec.syntax import ast

NOWHERE = Span(SourceFile("generated", ""), 0, 0)
NAMES = ("x", "conv1", "Conv2d", "C", "_", "block", "layer", "model")


def make(kind: Any, *parts: Any) -> Any:
    return kind(*parts, span=NOWHERE)


names = st.sampled_from(NAMES)
name_nodes = st.builds(lambda word: make(ast.Name, word), names)
text = st.text(st.sampled_from("ab \"\\'#\n\t{};é\x00\r"), max_size=6)
numbers = st.builds(
    lambda value: make(ast.Number, value),
    st.integers(0, 10**20) | st.floats(0, 1e30, allow_nan=False),
)
strings = st.builds(lambda value: make(ast.String, value), text)
literals = (
    numbers
    | strings
    | st.booleans().map(lambda value: make(ast.Bool, value))
    | st.just(make(ast.NoneValue))
)
template_values = name_nodes | st.builds(
    lambda left, right: make(ast.Binary, "+", left, right),
    name_nodes,
    st.integers(0, 9).map(lambda value: make(ast.Number, value)),
)
templates = st.builds(
    lambda first, one, two, end: make(ast.Template, (first, one, *two, *([end] if end else []))),
    names,
    template_values,
    st.sampled_from([(), ("_b",), ("-",), ("_c-",)]).flatmap(
        lambda middle: st.just(()) if not middle else template_values.map(lambda v: (*middle, v))
    ),
    st.sampled_from(["", "_c", "7"]),
)
plain_text = st.text(st.sampled_from("ab \"\\'#\n\t;é\x00\r"), max_size=6)
files = plain_text | st.builds(
    lambda first, one, middle, end: make(
        ast.Template, (*([first] if first else []), one, *middle, end)
    ),
    plain_text,
    template_values,
    st.just(()) | st.tuples(plain_text.filter(bool), template_values) | st.tuples(template_values),
    plain_text.map(lambda end: f"{end}.pt"),
)
leaves = name_nodes | templates | literals


def _call(func: Any, args: list[Any], keywords: list[tuple[str, Any]]) -> Any:
    named = tuple(make(ast.Keyword, word, value) for word, value in keywords)
    return make(ast.Call, func, tuple(args), named)


def _extend(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    items = st.lists(inner, max_size=3)
    targets = st.lists(names, min_size=1, max_size=2).map(tuple)
    maybe = st.none() | inner
    slices = st.builds(lambda a, b, c: make(ast.Slice, a, b, c), maybe, maybe, maybe)
    index_items = st.lists(
        inner | slices | st.just(make(ast.Ellipsis)), min_size=1, max_size=3
    ).map(tuple)
    comparisons = st.lists(
        st.tuples(st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in"]), inner),
        min_size=1,
        max_size=2,
    ).map(tuple)
    operators = st.sampled_from(["+", "-", "*", "/", "//", "%", "@", "**", "and", "or"])
    return (
        st.builds(lambda v: make(ast.ListExpr, tuple(v)), items)
        | st.builds(lambda v: make(ast.TupleExpr, tuple(v)), items)
        | st.builds(lambda a, b, c: make(ast.Range, a, b, c), inner, inner, st.booleans())
        | st.builds(lambda op, v: make(ast.Unary, op, v), st.sampled_from(["-", "+", "not"]), inner)
        | st.builds(lambda op, a, b: make(ast.Binary, op, a, b), operators, inner, inner)
        | st.builds(lambda a, rest: make(ast.Compare, a, rest), inner, comparisons)
        | st.builds(lambda a, b, c: make(ast.Conditional, a, b, c), inner, inner, inner)
        | st.builds(lambda a, b: make(ast.Index, a, b), inner, index_items)
        | st.builds(lambda a, b: make(ast.Attribute, a, b), inner, name_nodes | templates)
        | st.builds(_call, inner, items, st.lists(st.tuples(names, inner), max_size=2))
        | st.builds(
            lambda e, t, i, c: make(ast.Comprehension, e, t, i, c), inner, targets, inner, maybe
        )
    )


expressions: st.SearchStrategy[Any] = st.recursive(leaves, _extend, max_leaves=6)
shapes = st.builds(
    lambda dtype, dims: make(ast.ShapeExpr, dtype, tuple(dims)),
    st.sampled_from([None, "float", "int"]),
    st.lists(expressions | st.just(make(ast.Ellipsis)), max_size=3),
)
labels = name_nodes | templates
few_names = st.lists(names, min_size=1, max_size=2).map(tuple)
maybe_expression = st.none() | expressions


def _body(doc: str | None, statements: list[Any]) -> Any:
    match statements:
        case [ast.Flow(targets=(), stages=(ast.Stage(core=ast.String(), label=None),)), *rest]:
            statements = rest  # that would be a doc
    if doc is None and statements and _is_string(statements[0]):
        statements = []
    return make(ast.Body, doc, tuple(statements))


def _is_string(statement: Any) -> bool:
    return isinstance(statement, ast.Flow) and isinstance(statement.stages[0].core, ast.String)


def _bodies(statements: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(_body, st.none() | text, st.lists(statements, max_size=3))


def _flows(cores: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    words = st.sampled_from([(), (), ("shared",), ("frozen", "ema"), ("checkpoint",)])
    stages = st.builds(
        lambda modifiers, label, core, weights: make(ast.Stage, modifiers, label, core, weights),
        words,
        st.none() | labels,
        cores,
        st.none() | files,
    )
    return st.builds(
        lambda targets, found: make(ast.Flow, tuple(targets), tuple(found)),
        st.lists(labels, max_size=2),
        st.lists(stages, min_size=1, max_size=3),
    )


output_items = st.builds(
    lambda a, b, c: make(ast.OutputItem, a, b, c), labels, st.none() | shapes, maybe_expression
)
simple_statements = (
    _flows(expressions)
    | st.builds(
        lambda a, b, c: ast.Input(a, NOWHERE, b, tuple(c), span=NOWHERE),
        names,
        shapes,
        st.lists(expressions, max_size=2),
    )
    | st.lists(output_items, min_size=1, max_size=2).map(
        lambda items: make(ast.Output, tuple(items))
    )
    | st.builds(lambda a, b: make(ast.Require, a, b), expressions, st.none() | text)
    | st.builds(lambda a, b: make(ast.Tie, a, b), expressions, expressions)
    | st.builds(
        lambda a, b: ast.Init(a, NOWHERE, b, span=NOWHERE),
        st.sampled_from(["Linear.weight", "*.bias", "h.*.attn.proj.weight"]),
        expressions,
    )
    | st.builds(
        lambda *parts: make(ast.Tensor, *parts),
        st.sampled_from(["param", "buffer"]),
        labels,
        shapes,
        maybe_expression,
    )
)


def _nest(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    bodies = _bodies(inner)
    groups = st.builds(lambda body: make(ast.Group, body), bodies)
    align = st.none() | groups | st.just(make(ast.Name, "crop"))
    cores = (
        groups
        | st.builds(lambda a, b: make(ast.Residual, a, b), bodies, align)
        | st.builds(lambda a: make(ast.Dense, a), bodies)
        | st.builds(
            lambda a, b, c: make(ast.Reuse, tuple(a), b, c),
            st.lists(expressions, min_size=1, max_size=2),
            expressions,
            align,
        )
        | st.builds(lambda a: make(ast.Inline, a), expressions)
        | expressions
    )
    ifs = st.builds(lambda a, b, c: make(ast.If, a, b, c), expressions, bodies, st.none() | bodies)
    return (
        _flows(cores)
        | st.builds(lambda a, b, c: make(ast.For, a, b, c), few_names, expressions, bodies)
        | ifs
        | st.builds(lambda a, b, c: make(ast.If, a, b, c), expressions, bodies, ifs)
    )


statements: st.SearchStrategy[Any] = st.recursive(simple_statements, _nest, max_leaves=5)
bodies = _bodies(statements)
params = st.lists(
    st.builds(lambda *parts: make(ast.Param, *parts), names, st.none() | names, maybe_expression),
    max_size=3,
).map(tuple)
definitions = (
    st.builds(
        lambda a, b: ast.Use(tuple(a), b, False, NOWHERE, span=NOWHERE),
        st.lists(name_nodes, min_size=1, max_size=2),
        text,
    )
    | st.builds(lambda a: ast.Use((a,), "std.attention", True, NOWHERE, span=NOWHERE), name_nodes)
    | st.builds(
        # Templates name values of a body; a function has none, so they stand in a bracket here.
        lambda a, b, c: make(ast.Function, a, b, make(ast.ListExpr, (c,))),
        name_nodes,
        params,
        expressions,
    )
    | st.builds(
        lambda a, b, c, d: make(ast.Block, a, b, c, d),
        st.sampled_from(["block", "model"]),
        name_nodes,
        params,
        bodies,
    )
    | st.builds(
        lambda a, b, c: make(ast.Variant, a, _call(b, c, [])),
        name_nodes,
        name_nodes,
        st.lists(expressions, max_size=2),
    )
    | st.builds(
        lambda a, b, c, d: make(ast.Extern, a, b, c, d),
        name_nodes,
        params,
        text,
        st.none() | bodies,
    )
)
files = st.builds(
    lambda doc, found: make(ast.File, doc, tuple(found), ()),
    st.none() | text,
    st.lists(definitions, max_size=3),
)
