"""What flows where, what names mean, and how weights are keyed."""

import pytest

from tests.support.checking import faults, graph_from, keys, net, outputs


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Linear(8)", "[B, 8]"),
        ("Linear(8) -> ReLU -> Linear(4)", "[B, 4]"),
        ("Linear(8)\nLinear(4)", "[B, 4]"),
        ("y = Linear(8)\nz = y -> Linear(4)", "[B, 4]"),
        ("y = Linear(8)\nz = x -> Linear(4)\nconcat(y, z, dim=1)", "[B, 12]"),
        ("y = Linear(8)\nz = x -> Linear(4) -> concat(_, y, dim=1)", "[B, 12]"),
        ("Linear(8) -> concat(x, _, dim=1)", "[B, 24]"),
        ("fc: Linear(8)\nx -> Linear(4)\nreuse fc by concat", "[B, 12]"),
        ("g: { a: Linear(8) -> b: Linear(4) }\nreuse g.a, g.b by concat", "[B, 16]"),
        ("g: { h: { a: Linear(8) } -> Linear(4) }\nconcat(g.h.a, _, dim=1)", "[B, 12]"),
        ("a, b = chunk(2, dim=1)\nconcat(a, b, x, dim=1)", "[B, 32]"),
        ("a, b = x -> chunk(2, dim=1)\n(a, b) -> concat(dim=1)", "[B, 16]"),
        ("y = -x * 2 + 1 / (x ** 2 + 1)\noutput y", "[B, 16]"),
        ("x[:, 2:8]", "[B, 6]"),
        ("x[..., 0]", "[B]"),
        ("output y = x @ transpose(x, 0, 1)", "[B, B]"),
        ("y = x\ny = y -> Linear(3)\nx -> Linear(2) -> concat(_, y, dim=1)", "[B, 5]"),
        ("for i in 0..<3 { Linear(8 + i) }", "[B, 10]"),
        ("for i in 1..3 { Linear(i) }", "[B, 3]"),
        ("for i in 0..<0 { Linear(8) }\nReLU", "[B, 16]"),
        ("if 1 > 2 { Linear(8) } else if 2 > 1 { Linear(4) } else { Linear(2) }", "[B, 4]"),
        ("if none { Linear(8) }\nReLU", "[B, 16]"),
        ("for i in [2, 4] { fc{i}: Linear(i) }\nreuse fc2 by concat", "[B, 6]"),
        ("for i, (a) in enumerate([5, 6]) { Linear(a + i) }", None),
        ("for i, a in enumerate([5, 6], start=2) { Linear(a + i) }", "[B, 9]"),
        ("for a, b in zip([1, 2], [3, 4]) { Linear(a * b) }", "[B, 8]"),
        ("residual { fc: Linear(16) }", "[B, 16]"),
        ("dense { fc: Linear(4) }", "[B, 20]"),
        ("dense { fc: Linear(4) }\ndense { fc2: Linear(4) }", "[B, 24]"),
        ("residual { fc: Linear(8) } align { proj: Linear(8) }", "[B, 8]"),
        ("fc: Linear(16)\nreuse x by mul", "[B, 16]"),
        ("fc: Linear(16)\nreuse x, x by mean", "[B, 16]"),
        ("fc: Linear(4)\nreuse x by concat(dim=1)", "[B, 20]"),
        ("param w: [16] = ones\nreuse w by mul", "[B, 16]"),
        ("buffer w: [4, 16] = zeros\noutput y = x @ transpose(w, 0, 1)", "[B, 4]"),
    ],
)
def test_flow(body: str, expected: str | None) -> None:
    if expected is None:
        assert faults(net(body)) != []
        return
    assert list(outputs(net(body)).values()) == [expected]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("fc: Linear(8, bias=false)", ["fc.weight"]),
        ("Linear(8, bias=false)", ["0.weight"]),
        ("ReLU -> Linear(8, bias=false)", ["1.weight"]),
        ("relu -> Linear(8, bias=false)", ["0.weight"]),  # a function is no module
        ("g: { ReLU -> Linear(8, bias=false) }", ["g.1.weight"]),
        ("act: ReLU -> Linear(8, bias=false)", ["1.weight"]),
        ("{ Linear(8, bias=false) }", ["0.0.weight"]),
        ("for i in 0..<2 { Linear(8, bias=false) }", ["0.weight", "1.weight"]),
        ("for i in 0..<2 { u{i + 1}: Linear(8, bias=false) }", ["u1.weight", "u2.weight"]),
        ('name = "a"\nfc_{name}2: Linear(8, bias=false)', ["fc_a2.weight"]),
        ("residual { fc: Linear(16, bias=false) }", ["fc.weight"]),
        ("residual { fc: Linear(8, bias=false) } align { p: { Linear(8, bias=false) } }",
         ["fc.weight", "p.0.weight"]),
        ("param w: [16] = ones\nreuse w by mul", ["w"]),
        ("buffer w: [16] = ones\nreuse w by mul\nfc: Linear(2, bias=false)", ["w", "fc.weight"]),
    ],
)  # fmt: skip
def test_keys(body: str, expected: list[str]) -> None:
    assert keys(net(body)) == expected


BLOCKS = """
block Two(width) {
    input x: [B, D]
    require D > 1
    low = x -> a: Linear(width)
    high = x -> b: Linear(2 * width)
    output low, high
}

block One(width) {
    mid: Linear(width)
}

"""


def test_named_outputs_of_blocks() -> None:
    body = "t: Two(4)\noutput y = concat(t.high, t.low, dim=1)"
    assert outputs(BLOCKS + net(body)) == {"y": "[B, 12]"}


def test_outputs_of_blocks_in_order() -> None:
    body = "low, high = x -> Two(4)\noutput high, low"
    assert outputs(BLOCKS + net(body)) == {"high": "[B, 8]", "low": "[B, 4]"}


def test_inlined_blocks_give_their_labels_and_names() -> None:
    body = "inline One(4)\nx -> Linear(3)\nreuse mid by concat"
    assert outputs(BLOCKS + net(body)) == {"output": "[B, 7]"}
    assert "mid.weight" in keys(BLOCKS + net(body))


def test_blocks_are_scopes_of_their_own() -> None:
    assert faults(BLOCKS + net("One(4)\nreuse mid by concat")) != []


def test_blocks_are_values() -> None:
    text = BLOCKS + net(
        "unit = One(5)\nfor i in 0..<2 { unit }\nnorm", params="(norm = LayerNorm(eps=0.1))"
    )
    assert keys(text)[:2] == ["0.mid.weight", "0.mid.bias"]
    assert outputs(text) == {"output": "[B, 5]"}


def test_shared_layers_have_one_set_of_weights() -> None:
    text = net("shared fc: Linear(16, bias=false)\nx -> fc -> ReLU -> fc -> fc")
    assert keys(text) == ["fc.weight"]
    assert len(graph_from(text).nodes) == 5


def test_shared_groups_are_checked_in_every_application() -> None:
    text = net("shared g: { Linear(16, bias=false) -> ReLU }\nx -> g -> g")
    assert keys(text) == ["g.0.weight"]


def test_variants_and_overrides() -> None:
    text = net("Linear(width)", params="(width = 8, depth = 1)").replace("Linear(width)",
        "for i in 0..<depth { Linear(width) }") + "variant Wide = Net(width=32)\n"  # fmt: skip
    assert str(graph_from(text, "Wide").nodes[-1].outputs[0]) == "[B, 32]"
    from archspec.pipeline import build_graph, load_text

    built = build_graph(load_text(text), "Wide", {"depth": 3}).graph
    assert [str(n.outputs[0]) for n in built.nodes] == ["[B, 16]"] + ["[B, 32]"] * 3


def test_untaken_branches_and_values_are_not_evaluated() -> None:
    assert faults(net("w = 3 if true else nonsense\nLinear(w)")) == []
    assert faults(net("if false and nonsense { Linear(0) }\nLinear(2)")) == []
    assert faults(net("if true or nonsense { Linear(3) }")) == []


@pytest.mark.parametrize(
    ("where", "allowed", "refused"),
    [
        ("H % 4 == 0", (4, 8), (1, 6)),
        ("H % 4 == 3, H >= 10", (11, 15), (3, 12)),
        ("H > 4 and H < 9", (5, 8), (4, 9)),
        ("4 <= H, H <= 6", (4, 6), (3, 7)),
        ("4 < H <= 6", (5, 6), (4, 7)),
        ("H == 7", (7,), (6, 8)),
        ("H % 2 ** 3 == 0", (8, 16), (4, 12)),
        ("H == W", (1, 2), ()),
        ("H == W and W % 2 == 0", (2, 4), (1, 3)),
    ],
)
def test_where(where: str, allowed: tuple[int, ...], refused: tuple[int, ...]) -> None:
    graph = graph_from(net("ReLU", f"input x: float[B, 3, H, W] where {where}"))
    domain = graph.domains["H"]
    assert all(size in domain for size in allowed)
    assert not any(size in domain for size in refused)


def test_equal_sizes_are_one() -> None:
    text = net("output y = x + transpose(x, 2, 3)", "input x: float[B, 3, H, W] where H == W")
    assert outputs(text) == {"y": "[B, 3, H, H]"}


def test_known_sizes_are_numbers() -> None:
    text = "block Half {\n    input x: [..., D]\n    Linear(D // 2)\n}\n\n" + net("Half -> Half")
    assert outputs(text) == {"output": "[B, 4]"}


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [("[..., D]", "[B, T, 16]"), ("[N, ...]", "[B, T, 16]"), ("[N, ..., D]", "[B, 16]")],
)
def test_leading_sizes(shape: str, sizes: str) -> None:
    block = f"block Any {{\n    input x: {shape}\n    Linear(4)\n}}\n\n"
    assert faults(block + net("Any", f"input x: float{sizes}")) == []


def test_too_few_sizes_for_dots() -> None:
    block = "block Any {\n    input x: [A, ..., C, D]\n    Linear(4)\n}\n\n"
    (found,) = faults(block + net("Any"))
    assert found == "A0404 2:14 input `x` of `Any` has 2 dimensions, but at least 3 are declared"


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("len([1, 2, 3])", 3), ("min(4, 2)", 2), ("max([4, 7])", 7), ("sum([1, 2])", 3),
        ("int(7 / 2)", 3), ("round(3.6)", 4), ("floor(3.6)", 3), ("ceil(3.2)", 4),
        ("int(sqrt(81))", 9), ("int(log2(32))", 5), ("abs(-4)", 4), ("len(enumerate([5]))", 1),
        ("zip([1], [2])[0][1]", 2), ("reversed(0..<4)[0]", 3), ("[i * i for i in 1..4][-1]", 16),
        ("len([i for i in 0..<9 if i % 2 == 0])", 5), ("7 // 2 + 7 % 4 + 2 ** 3", 14),
        ("[1, 2, 3, 4][1:3][0]", 2), ("(3, 5)[1]", 5), ("len([0] * 6)", 6), ('len("ab" + "c")', 3),
        ("2 if 3 in [1, 2] else 6", 6), ("2 if not (1 == 2) else 6", 2),
        ("4 if 1 < 2 < 3 else 1", 4),
        ("double(4)", 8), ("divisible(30)", 32), ("sum([a * b for a, b in [(1, 2), (3, 4)]])", 14),
        ("int(float(3))", 3), ("5 if 16 == D else 1", 5), ("5 if B >= 1 else 1", 5),
    ],
)  # fmt: skip
def test_values(value: str, result: int) -> None:
    functions = (
        "fn double(n) = 2 * n\n\nfn divisible(v, by = 8) = max(by, int(v + by / 2) // by * by)\n\n"
    )
    text = functions + net(f"Linear({value})", "input x: float[B, D] where D == 16")
    text = text.replace("float[B, D] where D == 16", "float[B, 16]").replace("== D", "== 16")
    assert outputs(text) == {"output": f"[B, {result}]"}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("[1][0:1:0]", "A0202"), ("round(5, -100000000)", "A0202"), ("[1, 2][B]", "A0204"),
        ("[1, 2][:B]", "A0204"), ("B in [1, 2]", "A0204"), ("2 ** -1 ** 5 @ 2", "A0201"),
        ("int(10 ** 60 * 1.5e300)", "A0202"), ("-[1]", "A0201"), ("len()", "A0201"),
        ("1 in 3", "A0201"), ("[1].x", "A0101"), ("log2(0)", "A0202"), ("int(\"a\")", "A0202"),
        ("enumerate([1], start=\"a\")", "A0201"), ("B / 2", "A0204"),
        ("2 ** B", "A0204"), ("7 // B", "A0204"), ("7 % B", "A0204"), ("B * 0.5", "A0204"),
    ],
)  # fmt: skip
def test_values_that_are_refused(value: str, code: str) -> None:
    found = faults(net(f"w = {value}\nLinear(4)"))
    assert [f.split()[0] for f in found] == [code]
