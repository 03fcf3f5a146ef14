"""What the parser makes of valid text: the tree, its spans, its comments."""

import dataclasses
from typing import Any

import pytest

from archspec.source import SourceFile
from archspec.syntax import ast, parse, tables
from archspec.syntax.dump import dump
from archspec.syntax.expressions import flat
from tests.syntax.syntax_cases import SAMPLES, expression, read, statement


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_read(name: str) -> None:
    assert read(SAMPLES[name]).definitions


@pytest.mark.parametrize("name", SAMPLES)
def test_line_endings_and_marks_change_nothing(name: str) -> None:
    text = SAMPLES[name]
    expected = read(text)
    assert read(text.replace("\n", "\r\n")) == expected
    assert read("\ufeff" + text) == expected
    assert read(text.rstrip()) == expected
    assert read(text.replace("    ", "\t")) == expected


@pytest.mark.parametrize("text", ["", "\n\n", "# a comment", "\ufeff", ";;", "\r\n \t\n"])
def test_files_without_definitions(text: str) -> None:
    assert read(text).definitions == ()


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a ** b ** c", "(a ** (b ** c))"),
        ("-a ** b", "(-(a ** b))"),
        ("a ** -b * c", "((a ** (-b)) * c)"),
        ("a * -b", "(a * (-b))"),
        ("not a == b", "(not (a == b))"),
        ("not a in b", "(not (a in b))"),
        ("a not in b", "(a not in b)"),
        ("a < b <= c == d", "(a < b <= c == d)"),
        ("a or b and not c", "(a or (b and (not c)))"),
        ("a == 0..<n + 1", "(a == (0..<(n + 1)))"),
        ("1..n in x", "((1..n) in x)"),
        ("a if b else c if d else e", "(a if b else (c if d else e))"),
        ("a or b if c or d else e", "((a or b) if (c or d) else e)"),
        ("a @ b[0].c(d)", "(a @ b[0].c(d))"),
        ("a // b % c / d", "(((a // b) % c) / d)"),
        ("(a + b) * c", "((a + b) * c)"),
    ],
)
def test_precedence(text: str, grouped: str) -> None:
    assert _grouped(expression(text)) == grouped


def _grouped(node: Any) -> str:
    match node:
        case ast.Binary():
            return f"({_grouped(node.left)} {node.op} {_grouped(node.right)})"
        case ast.Unary():
            return f"({node.op}{' ' if node.op == 'not' else ''}{_grouped(node.operand)})"
        case ast.Compare():
            rest = "".join(f" {op} {_grouped(value)}" for op, value in node.rest)
            return f"({_grouped(node.first)}{rest})"
        case ast.Range():
            sign = ".." if node.inclusive else "..<"
            return f"({_grouped(node.low)}{sign}{_grouped(node.high)})"
        case ast.Conditional():
            return f"({_grouped(node.then)} if {_grouped(node.test)} else {_grouped(node.other)})"
        case _:
            return flat(node)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("50_257", 50257),
        ("1e-6", 1e-6),
        ("0.5", 0.5),
        ("1E3", 1000.0),
        ('"a\\n\\"\\x41\\u00e9"', 'a\n"Aé'),
        ('"""a "b"\nc"""', 'a "b"\nc'),
        ('""', ""),
    ],
)
def test_literals(text: str, value: object) -> None:
    node = expression(text)
    assert isinstance(node, ast.Number | ast.String)
    assert node.value == value
    assert type(node.value) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "input: ReLU",
        "output = input -> dense: Linear(3)",
        "f(from=1, by=2, to=3)",
        "x -> to -> by",
        "a.residual.input",
        "x -> block(64)",
        "where = a.where",
        "shared: Linear(3)",
        "reuse layer by model",
    ],
)
def test_words_are_names_where_they_can_be(text: str) -> None:
    assert isinstance(statement(text), ast.Flow)


@pytest.mark.parametrize(
    ("broken", "joined"),
    [
        ("x\n    -> y\n\n    # why\n    -> z", "x -> y -> z"),
        ("x ->\n    y", "x -> y"),
        ("f(\n    1,\n    2,\n)", "f(1, 2)"),
        ("a,\n    b = x", "a, b = x"),
        ("residual { x }\nalign { y }", "residual { x } align { y }"),
        ("reuse a by add\n    align crop", "reuse a by add align crop"),
        ("if a { x }\nelse if b { y }\nelse { z }", "if a { x } else if b { y } else { z }"),
        ("g: {\n    x; y\n}", "g: { x; y; }"),
        ("residual{x}", "residual { x }"),
    ],
)
def test_newlines(broken: str, joined: str) -> None:
    assert statement(broken) == statement(joined)


def test_templates() -> None:
    flow = statement("enc{i}_b{j + 1}: ReLU")
    assert isinstance(flow, ast.Flow)
    label = flow.stages[0].label
    assert isinstance(label, ast.Template)
    assert [part if isinstance(part, str) else flat(part) for part in label.parts] == [
        "enc",
        "i",
        "_b",
        "j + 1",
    ]


def test_a_file_may_have_braces_in_its_name() -> None:
    flow = statement('a{i}: B(2) from "w/{d} \\"x\\" {i + 1}.v{2}.pt"')
    assert isinstance(flow, ast.Flow)
    file = flow.stages[0].weights
    assert isinstance(file, ast.Template)
    assert [part if isinstance(part, str) else flat(part) for part in file.parts] == [
        "w/", "d", ' "x" ', "i + 1", ".v", "2", ".pt",
    ]  # fmt: skip
    assert statement('B from "a.pt"').stages[0].weights == "a.pt"  # type: ignore[union-attr]


def test_a_hyphen_between_braces_belongs_to_the_name() -> None:
    flow = statement("block{i}-{j}: ReLU")
    assert isinstance(flow, ast.Flow)
    label = flow.stages[0].label
    assert isinstance(label, ast.Template)
    assert [part if isinstance(part, str) else flat(part) for part in label.parts] == [
        "block",
        "i",
        "-",
        "j",
    ]
    assert statement("y = enc{i}-x") == statement("y = enc{i} - x")


def test_doc_strings() -> None:
    file = read('"file"\nblock A { """block"""; x }')
    assert file.doc == "file"
    (block,) = file.definitions
    assert isinstance(block, ast.Block)
    assert block.body.doc == "block"
    assert len(block.body.statements) == 1


def test_comments_are_collected() -> None:
    file = read("# one\nblock A { # two\n    x # three  \n    # four\n}")
    assert [(found.text, found.own_line) for found in file.comments] == [
        ("# one", True),
        ("# two", False),
        ("# three", False),
        ("# four", True),
    ]


@pytest.mark.parametrize("name", SAMPLES)
def test_spans_cover_the_text_of_their_nodes(name: str) -> None:
    seen = set()
    for node in _walk(read(SAMPLES[name])):
        text = node.span.text
        seen.add(type(node))
        assert text == text.strip() or isinstance(node, ast.File)
        match node:
            case ast.Name():
                assert text == node.id
            case ast.Body():
                assert (text[0], text[-1]) == ("{", "}")
            case ast.Call():
                assert text[-1] == ")"
            case ast.Keyword():
                assert text.startswith(node.name)
            case ast.Input():
                assert node.name_span.text == node.name
            case ast.Init():
                assert node.selector_span.text == node.selector
            case ast.Number():
                assert float(text.replace("_", "")) == node.value
        for child in _children(node):
            assert node.span.start <= child.span.start <= child.span.end <= node.span.end
    assert ast.Stage in seen


def test_a_span_covers_parentheses() -> None:
    product = expression("(a + b) * c")
    assert isinstance(product, ast.Binary)
    assert product.span.text == "(a + b) * c"
    assert product.left.span.text == "(a + b)"


def _children(node: Any) -> list[Any]:
    found: list[Any] = []
    pending = [getattr(node, field.name) for field in dataclasses.fields(node)]
    while pending:
        value = pending.pop()
        if isinstance(value, ast.Node):
            found.append(value)
        elif isinstance(value, tuple):
            pending.extend(value)
    return found


def _walk(node: Any) -> list[Any]:
    found = [node]
    for child in _children(node):
        found.extend(_walk(child))
    return found


def test_dump_shows_places_and_values() -> None:
    text = dump(read("block A(n = 3) {\n    a: B(1 < n)\n}"))
    assert "Param 1:9 name='n'" in text
    assert "label: Name 2:5 id='a'" in text
    assert "< Name 2:14 id='n'" in text


@pytest.fixture
def fresh_tables() -> Any:
    tables.load_tables.cache_clear()
    yield
    tables.load_tables.cache_clear()


@pytest.mark.parametrize("content", [None, "", "garbage", "0\n{}", "\xff"])
def test_any_cache_will_do(
    content: str | None, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, fresh_tables: None
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = tables.load_tables()
    (path,) = (tmp_path / "archspec").iterdir()
    if content is not None:
        path.write_text(content, encoding="latin-1")
    tables.load_tables.cache_clear()
    assert tables.load_tables() == before


def test_a_cache_that_cannot_be_written(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, fresh_tables: None
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert parse(SourceFile("a.arch", "variant A = B()")).diagnostics == ()
