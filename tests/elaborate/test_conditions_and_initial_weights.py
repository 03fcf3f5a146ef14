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
