"""Mistakes between definitions and in their headers."""

from typing import Final

from archspec.syntax.malformed.entry import Malformed, top


def _headers() -> list[Malformed]:
    entries = []
    for word, kind in (("block", "a block"), ("model", "a model")):
        entries += [
            top(
                f"`{word}` is followed by a name",
                f"write `{word} Name(parameters) {{ … }}`",
                f"{word}",
                f"{word} {{ x }}",
                f"{word} (a) {{ x }}",
                f"{word} 3 {{ x }}",
            ),
            top(
                f"{kind} body starts with `{{`",
                f"write `{word} Name(parameters) {{ … }}`",
                f"{word} A",
                f"{word} A x",
                f"{word} A = x",
                f"{word} A: x",
            ),
        ]
    entries.append(
        top(
            "the body after a parameter list starts with `{`",
            "write `block Name(parameters) { … }`",
            "block A(x)",
            "block A(x) = 3",
            "block A(x) y",
            "block A(x): y",
            "block A(x) -> y",
        )
    )
    return entries


DEFINITIONS: Final = (
    *_headers(),
    top(
        "a file holds definitions, not `{found}`",
        "layers stand in the body of a `block` or `model`; a file may also hold "
        "`use`, `fn`, `variant` and `extern layer`",
        "x: ReLU",
        "3",
        "{ x }",
        "(x)",
        "-> x",
        "fn f() = 3\nx",
        "fn f() = 3\n3",
        "fn f() = 3\n{ x }",
        '"doc"\nx',
        "= 3",
    ),
    top(
        "the next definition begins on a line of its own",
        "",
        "variant A = B() variant C = D()",
        "block A { x } block B { x }",
        "block A { x } y",
        "block A { x } -> y",
        "fn f() = 3 fn g() = 4",
        '"doc" block A { x }',
    ),
    top(
        "`use` is followed by the names it brings in",
        'write `use Encoder, Decoder from "file.arch"`',
        "use",
        'use "file.arch"',
        "use 3",
    ),
    top(
        "`use` needs `from`",
        'write `use Encoder from "file.arch"`',
        "use A",
        "use A B",
        'use A "file.arch"',
        "use A.b",
        "use A = 3",
    ),
    top(
        "`from` is followed by a file in double quotes or by a library",
        'write `from "file.arch"` or `from std.attention`',
        "use A from",
        "use A from 3",
        "use A from (x)",
    ),
    top("`fn` is followed by a name", "write `fn name(v) = v + 1`", "fn", "fn 3", "fn (x) = 3"),
    top(
        "`fn` needs a parameter list",
        "write `fn name(v) = v + 1`",
        "fn f",
        "fn f = 3",
        "fn f x = 3",
        "fn f { x }",
    ),
    top(
        "`fn` needs `=` and one value",
        "write `fn name(v) = v + 1`",
        "fn f(x)",
        "fn f(x) { x }",
        "fn f(x) x",
        "fn f(x) -> x",
        "fn f(x): x",
    ),
    top(
        "`variant` is followed by a name",
        "write `variant ResNet50 = ResNet(Bottleneck, [3, 4, 6, 3])`",
        "variant",
        "variant 3",
    ),
    top(
        "`variant` needs `=`",
        "write `variant ResNet50 = ResNet(Bottleneck, [3, 4, 6, 3])`",
        "variant A",
        "variant A(x)",
        "variant A B",
        "variant A: B",
        "variant A { x }",
    ),
    top(
        "`extern` is followed by `layer` and a name",
        'write `extern layer Name(dim) from "package.module:Class" { … }`',
        "extern",
        "extern A",
        "extern A(x)",
        "extern layer",
        "extern layer (x)",
        "extern layer 3",
    ),
    top(
        "`extern layer` needs `from` and its class",
        'write `extern layer Name(dim) from "package.module:Class" { … }`',
        "extern layer A",
        "extern layer A { x }",
        "extern layer A(x)",
        "extern layer A(x) { x }",
        "extern layer A(x) from",
        "extern layer A(x) from B",
        "extern layer A from B",
    ),
    top(
        "`keys` is followed by the name of a library, and its rules",
        'write `keys timm { "fc.{w}" from "head.fc.{w}" }`',
        "keys",
        "keys 3",
        'keys "timm"',
        "keys A",
        "keys A(x)",
        "keys A = B",
    ),
    top(
        "a rule says what a weight is called there",
        'write `"fc.{w}" from "head.fc.{w}"`',
        "keys A { b }",
        "keys A { 3 }",
        'keys A { "b" }',
        'keys A { "b" = "c" }',
        'keys A { "b" -> "c" }',
        'keys A { "b": "c" }',
        'keys A { "b" from }',
        'keys A { "b" from 3 }',
        'keys A { "b" from c }',
        'keys A { "b" "c" }',
    ),
    top(
        "a parameter list holds names, not `{found}`",
        "write `(growth, drop = 0.0, act: layer = ReLU)`",
        "block A(3) { x }",
        "block A(a, 3) { x }",
        "block A(a,, b) { x }",
        "block A([a]) { x }",
        'block A("s") { x }',
        "block A(-a) { x }",
    ),
    top(
        "parameters are separated by `,`",
        "write `(growth, drop = 0.0, act: layer = ReLU)`",
        "block A(a b) { x }",
        "block A(a 3) { x }",
        "block A(a: layer b) { x }",
        "block A(a = 3 b) { x }",
        "block A(a = b c) { x }",
    ),
    top(
        "the `:` of a parameter is followed by its kind",
        "write `block: layer`",
        "block A(a:) { x }",
        "block A(a: 3) { x }",
        "block A(a: = 3) { x }",
    ),
)
