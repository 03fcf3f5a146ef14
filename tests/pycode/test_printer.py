"""The printed text of chosen trees; `test_printer_random` covers the rest against `ruff format`."""

import pytest

from archspec.pycode import (
    Assign,
    Attr,
    Binary,
    Blank,
    Call,
    ClassDef,
    Comment,
    Compare,
    Comprehension,
    Conditional,
    Dict,
    Expr,
    ExprStmt,
    For,
    FString,
    FunctionDef,
    If,
    Import,
    Lambda,
    Module,
    Name,
    Parameter,
    Raise,
    Return,
    Slice,
    Starred,
    Stmt,
    Subscript,
    Tuple,
    Unary,
    With,
    attr,
    call,
    const,
    dotted,
    name,
    print_expr,
    print_module,
)

a, b, c, x = map(Name, "abcx")


def printed(*body: Stmt, width: int = 88) -> str:
    return print_module(Module(None, body), width)


def plus(left: Expr, right: Expr) -> Expr:
    return Binary("+", left, right)


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (Binary("*", plus(a, b), c), "(a + b) * c"),
        (plus(a, Binary("*", b, c)), "a + b * c"),
        (Binary("-", a, Binary("-", b, c)), "a - (b - c)"),
        (Binary("-", Binary("-", a, b), c), "a - b - c"),
        (Binary("**", a, Binary("**", b, c)), "a**b**c"),
        (Binary("**", Binary("**", a, b), c), "(a**b) ** c"),
        (Binary("**", Unary("-", a), const(2)), "(-a) ** 2"),
        (Binary("**", const(-1), const(2)), "(-1) ** 2"),
        (Binary("**", const(2), const(-1)), "2**-1"),
        (Unary("-", Binary("**", a, const(2))), "-(a**2)"),
        (Binary("**", dotted("self.n"), const(2)), "self.n**2"),
        (Binary("**", call("f"), const(2)), "f() ** 2"),
        (Unary("not", Compare(a, (("in", b),))), "not a in b"),
        (Compare(Unary("not", a), (("==", b),)), "(not a) == b"),
        (Compare(const(0), (("<", a), ("<=", b))), "0 < a <= b"),
        (Binary("and", Binary("or", a, b), c), "(a or b) and c"),
        (Conditional(Conditional(a, b, c), a, b), "(a if b else c) if a else b"),
        (Conditional(a, b, Conditional(a, b, c)), "a if b else a if b else c"),
        (Call(Lambda(a)), "(lambda: a)()"),
        (Attr(const(1), "real"), "(1).real"),
        (Attr(const(-1.5), "real"), "(-1.5).real"),
        (attr(plus(a, b), "shape"), "(a + b).shape"),
        (const(1e-6), "1e-6"),
        (const(1e22), "1e22"),
        (const(1.5e-12), "1.5e-12"),
        (const(0.02), "0.02"),
        (const(-0.0), "-0.0"),
        (const(float("inf")), 'float("inf")'),
        (const(True), "True"),
        (const(()), "()"),
        (const((1,)), "(1,)"),
        (const((1, 2)), "(1, 2)"),
        (const("it's"), '"it\'s"'),
        (const('say "hi"'), "'say \"hi\"'"),
        (const("'\"\\\n\t\x00é\u202e"), '"\'\\"\\\\\\n\\t\\x00é\\u202e"'),
        (FString(("layer", plus(Name("i"), const(1)))), 'f"layer{i + 1}"'),
        (FString(("{", Subscript(a, (const("k"),)), '"')), 'f\'{{{a["k"]}"\''),
        (FString((Dict(()),)), 'f"{ {} }"'),
        (FString((Lambda(a),)), 'f"{(lambda: a)}"'),
        (FString(("{}", const("it's"), a)), '"{{}}{}{}".format("it\'s", a)'),
        (FString((FString((a,)),)), '"{}".format(f"{a}")'),
        (Subscript(x, (Slice(), const(0))), "x[:, 0]"),
        (Subscript(x, (Slice(const(-1)),)), "x[-1:]"),
        (Subscript(x, (Slice(None, None, const(2)),)), "x[::2]"),
        (Subscript(x, (Slice(plus(a, const(1)), b),)), "x[a + 1 : b]"),
        (Subscript(x, (Slice(None, dotted("self.n")),)), "x[: self.n]"),
        (Call(a, (Starred(b),), (("", c),)), "a(*b, **c)"),
        (Call(a, (Comprehension(b, c, x, generator=True),)), "a(b for c in x)"),
        (
            Call(a, (Comprehension(b, c, x, generator=True), b)),
            "a((b for c in x), b)",
        ),
        (Comprehension(a, Tuple((a, b)), x, a), "[a for a, b in x if a]"),
    ],
)
def test_expressions(expr: Expr, text: str) -> None:
    assert print_expr(expr) == text
    assert printed(Assign(a, expr)) == f"a = {text}\n"


def test_long_call() -> None:
    conv = call(
        "nn.Conv2d", const(64), const(128), kernel_size=const(3), stride=const(2), bias=const(False)
    )
    assert printed(Assign(dotted("self.features"), conv), width=60).endswith(
        "self.features = nn.Conv2d(\n    64, 128, kernel_size=3, stride=2, bias=False\n)\n"
    )
    assert printed(Assign(dotted("self.features"), conv), width=40).endswith(
        "self.features = nn.Conv2d(\n"
        "    64,\n"
        "    128,\n"
        "    kernel_size=3,\n"
        "    stride=2,\n"
        "    bias=False,\n"
        ")\n"
    )


def test_long_value_without_brackets_gets_parentheses() -> None:
    value = plus(Name("hidden_states_" * 3), Name("projected_" * 3))
    assert printed(Assign(name("y"), value), width=60) == (
        f"y = (\n    {'hidden_states_' * 3}\n    + {'projected_' * 3}\n)\n"
    )
    assert printed(Return(value), width=60).startswith("return (\n")


def test_long_signature() -> None:
    params = tuple(Parameter(f"parameter_{i}", Name("int"), const(i)) for i in range(3))
    function = FunctionDef("__init__", (Parameter("self"), *params), (), const(None))
    assert printed(function, width=60) == (
        "def __init__(\n"
        "    self,\n"
        "    parameter_0: int = 0,\n"
        "    parameter_1: int = 1,\n"
        "    parameter_2: int = 2,\n"
        ") -> None:\n"
        "    pass\n"
    )


def test_blank_lines() -> None:
    method = FunctionDef("f", (Parameter("self"),), (Return(a),))
    text = printed(
        Comment("first"),
        ClassDef("A", (), (Assign(a, b), method, Comment("about it"), method), "Doc."),
        Assign(a, b),
        Blank(),
        Blank(),
        Assign(a, b),
        Comment("before"),
        FunctionDef("g", (), (method, Return())),
        ClassDef("B", (a,), ()),
    )
    assert text == (
        "# first\n"
        "class A:\n"
        '    """Doc."""\n'
        "\n"
        "    a = b\n"
        "\n"
        "    def f(self):\n"
        "        return a\n"
        "\n"
        "    # about it\n"
        "    def f(self):\n"
        "        return a\n"
        "\n"
        "\n"
        "a = b\n"
        "\n"
        "a = b\n"
        "\n"
        "\n"
        "# before\n"
        "def g():\n"
        "    def f(self):\n"
        "        return a\n"
        "\n"
        "    return\n"
        "\n"
        "\n"
        "class B(a):\n"
        "    pass\n"
    )


def test_compound_statements() -> None:
    text = printed(
        For(Tuple((a, b)), call("zip", x, x), (If(a, (Raise(b),), (If(b, (), (Return(),)),)),)),
        With(call("torch.no_grad"), (Comment("nothing"),)),
        ExprStmt(call("f")),
    )
    assert text == (
        "import torch\n"
        "\n"
        "for a, b in zip(x, x):\n"
        "    if a:\n"
        "        raise b\n"
        "    elif b:\n"
        "        pass\n"
        "    else:\n"
        "        return\n"
        "with torch.no_grad():\n"
        "    # nothing\n"
        "    pass\n"
        "f()\n"
    )


@pytest.mark.parametrize(
    ("doc", "lines"),
    [
        ("One.", ['"""One."""']),
        ("Two.\n\n    lines\n", ['"""Two.', "", "lines", '"""']),
        ("first\n    second\n      third", ['"""first', "second", "  third", '"""']),
        ('say "hi"', ['"""say "hi" """']),
        ('"hi" said', ['""" "hi" said"""']),
        ('a """ b', ['"""a \\"\\"\\" b"""']),
        ("a \\ b", ['"""a \\\\ b"""']),
        ("", ['""" """']),
    ],
)
def test_docstrings(doc: str, lines: list[str]) -> None:
    assert print_module(Module(doc, ())) == "".join(f"{line}\n" for line in lines)


def test_imports_are_derived_and_sorted() -> None:
    paths = """nn.Linear F.relu torch.cat Tensor OrderedDict math.pi partial Iterable Rotary
        checkpoint undefined"""
    imports = (Import("mylib.layers", "Rotary"), Import("mylib.layers", "Unused"))
    module = Module("Doc.", tuple(ExprStmt(dotted(path)) for path in paths.split()), imports)
    assert print_module(module).split("\n")[:15] == [
        '"""Doc."""',
        "",
        "import math",
        "from collections import OrderedDict",
        "from collections.abc import Iterable",
        "from functools import partial",
        "",
        "import torch",
        "import torch.nn.functional as F",
        "from mylib.layers import Rotary",
        "from torch import Tensor, nn",
        "from torch.utils.checkpoint import checkpoint",
        "",
        "nn.Linear",
        "F.relu",
    ]


def test_names_defined_in_the_module_are_not_imported() -> None:
    assert "import" not in printed(Assign(name("partial"), a), ExprStmt(call("partial")))
    local = FunctionDef("f", (Parameter("math"),), (Return(dotted("math.pi")),))
    assert "import" not in printed(local)


def test_comments() -> None:
    assert printed(Comment("a\nb"), Comment(""), Comment("\x00\u202e\ud800\t 層 ")) == (
        "# a\n# b\n#\n# \\x00\\u202e\\ud800\\t 層\n"
    )


def test_empty_module() -> None:
    assert print_module(Module(None, ())) == ""
    assert print_module(Module(None, (Blank(), Comment("x"), Blank()))) == "# x\n"
    assert print_module(Module("Doc.", (Blank(),))) == '"""Doc."""\n'
