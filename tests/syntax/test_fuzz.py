"""Any text at all gives a tree or diagnostics, never an exception."""

import random

import pytest

from archspec.source import SourceFile
from archspec.syntax import parse
from archspec.syntax.format import format_source
from tests.syntax.syntax_cases import SAMPLES

SIGNS = '{ } ( ) [ ] -> : , . = ; .. ..< ... + - * ** # " """ \' \\ \n \t \0 é “ enc{ {i}'
WORDS = (
    "for in if else reuse by residual dense align input output where require tie to init param "
    "block model variant fn use from extern layer shared not true 1 2.5 1e9 x"
)
TOKENS = f"{SIGNS} {WORDS}".split(" ")


def check(text: str) -> None:
    source = SourceFile("fuzz.arch", text)
    result = parse(source)
    for found in result.diagnostics:
        assert found.primary is not None
        assert 0 <= found.primary.span.start <= found.primary.span.end <= len(text)
        assert not any(name in found.message for name in ("LBRACE", "NEWLINE", "$END", "RPAR"))
    assert len(result.diagnostics) <= 50
    if not result.diagnostics:
        assert result.file is not None
        formatted = format_source(source)
        assert format_source(SourceFile("again.arch", formatted)) == formatted


def mutate(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        length = chance.choice([0, 0, 1, 1, 2, 5, 20])
        middle = chance.choice(["", "", chance.choice(TOKENS), f" {chance.choice(TOKENS)} "])
        if chance.random() < 0.1:
            middle = text[at : at + 30] * 2
        text = text[:at] + middle + text[at + length :]
    return text


def run(seed: int, rounds: int) -> None:
    chance = random.Random(seed)
    names = sorted(SAMPLES)
    for _ in range(rounds):
        text = SAMPLES[chance.choice(names)]
        if chance.random() < 0.7:
            start = chance.randrange(len(text))
            text = text[start : start + chance.randint(20, 600)]
        check(mutate(text, chance))


def test_mutated_samples() -> None:
    run(seed=1, rounds=400)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_mutated_samples(seed: int) -> None:
    run(seed, rounds=2000)
