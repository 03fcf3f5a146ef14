"""Modifiers, sharing, ties, copies and initial values: what is allowed, and what is not dropped."""

import pytest

from tests.support.checking import faults, graph_from, keys, net, outputs

BLOCKS = """
block One {
    c3 = Linear(4)
    output c3
}

block Wide(width) {
    input x: [B, D]
    if D > width { a: Linear(width) } else { b: Linear(16) }
}

"""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("frozen relu",
         "A0308 3:5 `frozen` is for a layer, block or group, not the function `relu`"),
        ("checkpoint relu(x)",
         "A0308 3:5 `checkpoint` is for a layer, block or group, not the function `relu`"),
        ("frozen x -> Linear(3)",
         "A0308 3:5 `frozen` is for a layer, block or group, not a tensor [B, 16]"),
        ('x from "w.safetensors"',
         "A0308 3:5 `from` is for a layer, block or group, not a tensor [B, 16]"),
        ("frozen residual { Linear(16) }",
         "A0308 3:5 `residual`, `dense` and `reuse` take no label"),
        ("shared fc: Linear(16)\nx -> frozen fc",
         "A0308 4:10 `frozen` is for a layer, block or group, not the layer labelled `fc`"),
        ("shared fc: Linear(16) -> ReLU",
         "A0308 3:5 `shared` declares a layer, and stands alone in its statement"),
        ("shared r: relu\nx -> r",
         "A0112 3:15 a layer or block can be shared, not the function `relu`"),
        ("a: { a -> ReLU }", "A0301 3:10 `a` has no value inside of itself"),
        ("shared a: Linear(8)\nema t: a(momentum=0.9)\nx -> a -> t",
         "A0601 4:9 `t` copies `a`, but is applied to an input that needs other weights"),
        ("ema t: a(momentum=0.9)\nshared a: Linear(16)\nx -> a",
         "A0112 3:12 `ema` copies a layer that is declared above"),
        ("shared w: Wide(8)\nx -> w -> w",
         "A0601 8:46 applied again, `w` would need a layer `b` that it does not have"),
        ("a: Linear(16)\nb: Linear(16)\ntie b.weight to a.weight\ntie a.weight to b.weight",
         "A0603 6:5 `a.weight` is tied to itself by the ties before"),
        ("a: Linear(16)\nb: Linear(16)\nc: Linear(16)\ntie b.weight to a.weight\n"
         "tie b.weight to c.weight", "A0603 7:5 `b.weight` is tied already"),
        ("a: Linear(16)\ntie a.weight to a.weight",
         "A0603 4:5 `a.weight` cannot be tied to itself"),
        ("buffer m: [4, 4] = x @ x\nx[:, :4] @ m",
         "A0112 3:24 `m` is made once, before anything flows: it cannot depend on `x`"),
        ("param w: [16] = ones\nparam w: [16] = ones\nreuse w by mul",
         "A0107 4:11 `w` is taken already"),
        ("param w: [16] = ones\nreuse w by mul\nw: Linear(3)",
         "A0107 5:5 the label `w` is taken already"),
        ("g: { Linear(3) }\nx", "A0304 3:10 the result of `Linear` is never used"),
    ],
)  # fmt: skip
def test_refused(body: str, found: str) -> None:
    text = net(body)
    if "Wide" in body:
        text = BLOCKS.strip() + "\n" + text
        assert [f.split(" ", 2)[2] for f in faults(text)] == [found.split(" ", 2)[2]]
        return
    assert found in faults(text)
    assert len({f.split()[0] for f in faults(text)}) == 1


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ("b: One\noutput y = b.c3", "[B, 4]"),
        ("frozen g: { Linear(3) }", "[B, 3]"),
        ("checkpoint e: One", "[B, 4]"),
        ("shared frozen a: Linear(16)\nx -> a -> a", "[B, 16]"),
        ("shared a: Linear(16)\nema t: a(momentum=0.9)\nx -> t -> a", "[B, 16]"),
        ("shared w: Wide(16)\nx -> w -> w", "[B, 16]"),
        ("reuse x by concat", "[B, 32]"),
        ("Linear(16)\nreuse x by Bilinear(3)", "[B, 3]"),
        ("for c in chunk(x, 2, dim=1) { y = c }\noutput y", "[B, 8]"),
        ("buffer m: [4, 4] = tril(ones(4, 4))\nx[:, :4] @ m", "[B, 4]"),
    ],
)
def test_allowed(body: str, result: str) -> None:
    assert list(outputs(BLOCKS + net(body)).values()) == [result]


def test_layers_of_a_shared_block_are_found_again() -> None:
    text = BLOCKS + net("shared one: One\ny = x -> one\nx -> one\nreuse y by concat")
    assert keys(text) == ["one.0.weight", "one.0.bias"]


def test_ties_in_loops() -> None:
    body = (
        "e: Linear(16)\nfor i in 0..<3 {\n    l{i}: Linear(16)\n    tie l{i}.weight to e.weight\n}"
    )
    graph = graph_from(net(body))
    assert [(t.target, t.source) for t in graph.ties] == [
        (f"l{i}.weight", "e.weight") for i in range(3)
    ]


def test_ties_in_blocks_are_each_instance_s_own() -> None:
    block = (
        "block Pair {\n    a: Linear(16)\n    b: Linear(16)\n    tie b.weight to a.weight\n}\n\n"
    )
    graph = graph_from(block + net("Pair -> Pair"))
    assert [(t.target, t.source) for t in graph.ties] == [
        ("0.b.weight", "0.a.weight"),
        ("1.b.weight", "1.a.weight"),
    ]
    shared = graph_from(block + net("shared p: Pair\nx -> p -> p"))
    assert [(t.target, t.source) for t in shared.ties] == [("p.b.weight", "p.a.weight")]


def test_a_source_that_is_tied_itself_is_followed() -> None:
    body = "a: Linear(16)\nb: Linear(16)\nc: Linear(16)\n"
    for ties in (
        "tie b.weight to a.weight\ntie c.weight to b.weight",
        "tie c.weight to b.weight\ntie b.weight to a.weight",
    ):
        graph = graph_from(net(body + ties))
        assert {(t.target, t.source) for t in graph.ties} == {
            ("b.weight", "a.weight"),
            ("c.weight", "a.weight"),
        }


def test_the_same_dim_twice_must_be_equal() -> None:
    block = "block Square {\n    input x: [N, N]\n    ReLU\n}\n\n"
    assert faults(block + net("Square", "input x: [B, B]")) == []
    (found,) = faults(block + net("Square", "input x: [B, C]"))
    assert found.startswith("A0408 2:18 input `x` of `Square` has C where N is declared")


def test_inits_see_loop_variables() -> None:
    body = "for i in 0..<2 {\n    l{i}: Linear(16)\n    init l0.weight by normal(std=0.1 + i)\n}"
    graph = graph_from(net(body))
    assert [dict(i.arguments) for i in graph.initializers] == [{"std": 0.1}, {"std": 1.1}]
