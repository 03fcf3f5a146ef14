"""Conditions that mix kinds of values; initialisers that need more dimensions than a weight has."""

import pytest

from archspec import pipeline


def codes(text: str) -> list[str]:
    return [d.code for d in pipeline.check(pipeline.load_text(text))]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("D % heads == true", ["A0205"]),
        ("true == false", ["A0205"]),
        ("D % heads == 0", []),
        ("(D % heads == 0) == true", []),
    ],
)
def test_requirements(condition: str, expected: list[str]) -> None:
    text = f"""
block Heads(heads) {{
    input x: [B, T, D]
    require {condition}, "no"
    Linear(D)
}}
model Net {{
    input x: [B, T, 96]
    Heads(12)
}}"""
    assert codes(text) == expected


@pytest.mark.parametrize(
    ("condition", "bounds"),
    [
        ("H >= 4", {"H": 8}),
        ("H > 4", {"H": 10}),
        ("4 <= H", {"H": 8}),
        ("H < 4", None),
        ("H >= W", None),
        ("4 <= H < W + 9", None),
    ],
)
def test_lower_bounds_that_a_block_asks_for(condition: str, bounds: dict[str, int] | None) -> None:
    """They are inferred, as those of layers are; upper bounds and relations are not."""
    text = f"""
block Coarse {{
    input x: [B, C, H, W] where {condition}
    Conv2d(C, 1)
}}
model Net {{
    input x: [B, 3, H, W]
    MaxPool2d(2) -> Coarse
}}"""
    if bounds is None:
        assert codes(text) == ["A0205"]
        return
    graph = pipeline.build_graph(pipeline.load_text(text), "Net").graph
    assert {n: r.lower for n, r in graph.requirements.items()} == {"W": 2} | bounds


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("init a.weight by xavier_uniform", []),
        ("init a.bias by xavier_uniform", ["A0404"]),
        ("init Linear.bias by kaiming_normal", ["A0404"]),
        ("init a.weight by dirac", ["A0404"]),
        ("init a.bias by normal(std=0.1)", []),
    ],
)
def test_ranks_of_initialisers(statement: str, expected: list[str]) -> None:
    text = f"model Net {{\n    input x: [B, 8]\n    a: Linear(4)\n    {statement}\n}}"
    assert codes(text) == expected


def test_param_of_too_few_dimensions() -> None:
    text = "model Net {\n    input x: [B, 4]\n    param s: [4] = orthogonal\n    x * s\n}"
    assert codes(text) == ["A0404"]


@pytest.mark.parametrize("size", ["B, 4, H, W", "B"])
def test_a_buffer_whose_value_does_not_fit(size: str) -> None:
    """It is made outside the model, where nodes have numbers of their own."""
    text = f"""
model Net {{
    input x: [{size}]
    buffer shifts: int[4] = arange(4) - arange(5)
    relu
}}"""
    assert codes(text)[0] == "A0401"
