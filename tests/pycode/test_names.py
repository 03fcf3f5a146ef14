"""Names: those that code uses, those that are handed out, replacing them."""

import keyword

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.pycode import (
    Assign,
    Attr,
    Binary,
    ClassDef,
    Comprehension,
    Expr,
    ExprStmt,
    For,
    FString,
    FunctionDef,
    If,
    Lambda,
    Module,
    Name,
    Namespace,
    Parameter,
    Return,
    Slice,
    Stmt,
    Subscript,
    Tuple,
    call,
    const,
    dotted,
    names_used,
    print_expr,
    substitute,
    walk,
)

a, b, c, x = map(Name, "abcx")


@pytest.mark.parametrize(
    ("node", "names"),
    [
        (dotted("torch.nn.Linear"), {"torch"}),
        (call("f", a, key=b), {"f", "a", "b"}),
        (Subscript(x, (Slice(a, b), c)), {"x", "a", "b", "c"}),
        (FString(("text", a)), {"a"}),
        (Lambda(a), {"a"}),
        (Comprehension(a, Tuple((a, b)), c, b), {"c"}),
        (Comprehension(a, a, a), {"a"}),
        (Assign(Attr(a, "n"), b, c), {"a", "b", "c"}),
        (Assign(a, b), {"b"}),
        (For(a, b, (ExprStmt(a), ExprStmt(c))), {"a", "b", "c"}),
        (FunctionDef("f", (Parameter("a", b, c),), (Return(Binary("+", a, x)),)), {"b", "c", "x"}),
        (
            ClassDef("A", (a,), (Assign(b, c), FunctionDef("f", (), (Return(b),)))),
            {"a", "b", "c"},
        ),
        (Module(None, (Assign(a, b), ExprStmt(a), If(c, (Assign(x, x),)))), {"b", "c"}),
    ],
)
def test_names_used(node: Expr | Stmt | Module, names: set[str]) -> None:
    assert names_used(node) == names


def test_substitute() -> None:
    expr = call("f", Binary("*", a, b), key=Subscript(a, (Slice(a, None),)))
    replaced = substitute(expr, {"a": Binary("+", x, const(1)), "f": dotted("torch.cat")})
    assert print_expr(replaced) == "torch.cat((x + 1) * b, key=(x + 1)[x + 1 :])"


def test_substitute_leaves_bound_names() -> None:
    expr = Comprehension(Binary("*", a, b), a, a, Binary("+", a, b))
    replaced = substitute(expr, {"a": x, "b": c})
    assert print_expr(replaced) == "[a * c for a in x if a + c]"


def test_walk_is_in_order() -> None:
    names = [e.id for e in walk(call("f", a, Binary("+", b, c), key=x)) if isinstance(e, Name)]
    assert names == ["f", "a", "b", "c", "x"]


def test_namespace() -> None:
    names = Namespace(["torch", "nn"])
    handed = [
        names.new(label) for label in ("conv", "conv", "class", "1x1", "layer 1", "torch", "l")
    ]
    assert handed == ["conv", "conv_2", "class_", "_1x1", "layer_1", "torch_2", "l_"]
    assert [names.new(label) for label in ("list", "conv", "é", "", "_", "größe", "🔥")] == [
        "list_",
        "conv_3",
        "é",
        "x",
        "x_2",
        "größe",
        "x_3",
    ]


def test_attributes_may_be_called_as_builtins_are() -> None:
    names = Namespace(avoid_builtins=False)
    assert [names.new(label) for label in ("type", "class", "max")] == ["type", "class_", "max"]


def test_child_scopes() -> None:
    outer = Namespace()
    outer.new("a")
    first, second = outer.child(["self"]), outer.child()
    assert first.new("a") == "a_2"
    assert first.new("b") == second.new("b") == "b"
    assert second.new("self") == "self"
    assert "a" in first
    assert "b" not in outer
    outer.reserve("c")
    assert first.new("c") == "c_2"


@settings(derandomize=True, deadline=None)
@given(st.lists(st.text(max_size=6) | st.sampled_from(keyword.kwlist), max_size=12))
def test_any_labels_give_different_valid_names(labels: list[str]) -> None:
    names = Namespace()
    handed = [names.new(label) for label in labels]
    assert len(set(handed)) == len(handed)
    for identifier in handed:
        assert identifier.isidentifier()
        assert not keyword.iskeyword(identifier)
        # Python reads identifiers in a normal form; they must be different in it as well.
        namespace: dict[str, int] = {}
        exec(f"{identifier} = 1", namespace)
        assert identifier in namespace
