"""Any text gives diagnostics or a module that compiles: never a traceback, never without end."""

import random
import re
from pathlib import Path

import pytest

from archspec.diagnostics import ArchSpecError
from archspec.diagnostics.codes import CODES
from archspec.diagnostics.render.text import render_text
from archspec.elaborate import Limits
from archspec.ir import verify
from archspec.pipeline import build_graph, emit_python, load_text

ROOT = Path(__file__).parents[2]
FOLDERS = ("specs", "tests/specs/samples", "tests/specs/language", "tests/syntax/samples")
FENCE = re.compile(r"^```arch[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)

#: So that a mutant like `depth = 9999` takes a moment, not a minute.
LIMITS = Limits(steps=20_000, nodes=1_500)

TOKENS = re.compile(
    r"\"\"\".*?\"\"\"|\"[^\"\n]*\"|#[^\n]*|\w+|\.\.<|->|\*\*|//|[=!<>]=|\s+|.", re.DOTALL
)
KEYWORDS = frozenset(
    [
        "block",
        "model",
        "variant",
        "fn",
        "use",
        "from",
        "extern",
        "layer",
        "input",
        "output",
        "where",
        "require",
        "for",
        "in",
        "if",
        "else",
        "inline",
        "residual",
        "dense",
        "reuse",
        "by",
        "align",
        "shared",
        "frozen",
        "ema",
        "checkpoint",
        "tie",
        "to",
        "init",
        "param",
        "buffer",
        "and",
        "or",
        "not",
    ]
)
NUMBERS = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "-1",
    "0.5",
    "1e9",
    "10**9",
    "none",
    "true",
    "(2,2)",
    "[1]",
    "len(1)",
    "2**70",
    "8//3",
    "H",
]
WORDS = [
    "x",
    "_",
    "B",
    "H",
    "ReLU",
    "BatchNorm2d",
    "Linear",
    "Conv2d",
    "LayerNorm",
    "Flatten",
    "MaxPool2d",
    "Dropout",
    "Embedding",
    "concat",
    "add",
    "mul",
    "chunk",
    "softmax",
    "matmul",
    "detach",
    "relu",
    "mean",
    "sum",
    "len",
    "int",
    "range",
    "min",
    "crop",
    "pad",
]
ANYTHING = [
    *NUMBERS,
    *WORDS,
    *sorted(KEYWORDS),
    *[
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "->",
        "=",
        ":",
        ",",
        ".",
        "*",
        "//",
        "@",
        "..<",
        "...",
        "é",
        "\x00",
        '"',
    ],
]


def corpus() -> list[str]:
    """Specs of the zoo, samples, and the small ones of the documents of errors."""
    files = [p for folder in FOLDERS for p in sorted((ROOT / folder).glob("*.arch"))]
    texts = [path.read_text(encoding="utf-8") for path in files]
    documents = [
        *sorted((ROOT / "docs/errors").glob("*.md")),
        *sorted((ROOT / "tests/errors").glob("*.md")),
    ]
    for document in documents:
        texts += FENCE.findall(document.read_text(encoding="utf-8"))
    return texts


def kind(token: str) -> str:
    if token[0].isdigit():
        return "number"
    if token in KEYWORDS or not (token[0].isalpha() or token[0] == "_"):
        return token
    return "word"


def mutate(text: str, chance: random.Random) -> str:
    """The text with a change or two: of a token within its kind, of a line, or of anything."""
    for _ in range(chance.choice([1, 1, 2])):
        match chance.choices(["token", "line", "wild"], [6, 3, 1])[0]:
            case "token":
                text = _change_token(text, chance)
            case "line":
                text = _change_line(text, chance)
            case _:
                at = chance.randrange(len(text) + 1)
                text = text[:at] + chance.choice(ANYTHING) + text[at + chance.randint(0, 3) :]
    return text


def _change_token(text: str, chance: random.Random) -> str:
    tokens = TOKENS.findall(text)
    places = [i for i, token in enumerate(tokens) if kind(token) in ("number", "word")]
    if not places:
        return text
    at = chance.choice(places)
    if chance.random() < 0.5:
        alike = [tokens[i] for i in places if kind(tokens[i]) == kind(tokens[at])]
        tokens[at] = chance.choice(alike)
    else:
        tokens[at] = chance.choice(NUMBERS if kind(tokens[at]) == "number" else WORDS)
    return "".join(tokens)


def _change_line(text: str, chance: random.Random) -> str:
    """A line doubled, left out or put elsewhere."""
    lines = text.split("\n")
    at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
    line = lines[at] if chance.random() < 0.4 else lines.pop(at)
    if chance.random() < 0.7:
        lines.insert(to, line)
    return "\n".join(lines)


def run(text: str, emit: bool) -> str:
    """What became of the text: `sound`, `refused`, or `empty` where it has no model."""
    program = load_text(text, "fuzz.arch")
    found = list(program.diagnostics)
    built = []
    if not any(d.severity == "error" for d in found):
        for name in program.models:
            try:
                model = build_graph(program, name, limits=LIMITS)
            except ArchSpecError as error:
                found.extend(error.diagnostics)
                break
            verify(model.graph)
            built.append(model)
    for diagnostic in found:
        assert diagnostic.code in CODES
        assert diagnostic.place is not None, diagnostic
        assert "\n" not in diagnostic.message
    render_text(found)
    if any(d.severity == "error" for d in found):
        return "refused"
    if not built:
        return "empty"
    if emit and sum(len(model.graph.nodes) for model in built) < 400:
        compile(emit_python(built), "fuzz", "exec")
    return "sound"


def fuzz(seed: int, rounds: int, emit: bool) -> None:
    chance = random.Random(seed)
    texts = corpus()
    seen = {"sound": 0, "refused": 0, "empty": 0}
    for number in range(rounds):
        text = mutate(chance.choice(texts), chance)
        try:
            seen[run(text, emit)] += 1
        except Exception as error:
            error.add_note(f"seed {seed}, round {number}:\n{text}")
            raise
    assert seen["sound"] > rounds // 20, seen
    assert seen["refused"] > rounds // 20, seen


def test_corpus_is_there() -> None:
    assert len(corpus()) > 100


def test_mutants_are_checked() -> None:
    fuzz(seed=1, rounds=250, emit=False)


def test_mutants_are_emitted() -> None:
    fuzz(seed=2, rounds=100, emit=True)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(3, 23))
def test_many_mutants(seed: int) -> None:
    fuzz(seed, rounds=1000, emit=True)
