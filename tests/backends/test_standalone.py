"""`archspec build --standalone-test`: the tests it writes pass, and fail for another module."""

import subprocess
import sys
from pathlib import Path

import pytest

from archspec.backends.standalone import standalone_test
from archspec.backends.standalone.braces import folded
from archspec.pipeline import build_graph, emit_python
from tests.support.zoo import DIGITS, SPECS, program

#: With ties, slow copies, frozen and shared parts, several inputs, own params, unused weights.
SAMPLE = ("autoencoder", "byol", "finetune", "multitask", "shufflenetv2", "siamese")
ZOO = sorted(SPECS.glob("*.arch"))
REST = [path for path in ZOO if path.stem not in SAMPLE]

#: pytest where archspec cannot be imported.
ALONE = "import sys, pytest; sys.modules['archspec'] = None; sys.exit(pytest.main(sys.argv[1:]))"


def written(spec: Path, folder: Path) -> Path:
    """The module of all models of a spec in `folder`, and its tests."""
    source = program(spec)
    models = [build_graph(source, name) for name in source.models]
    module = f"{spec.stem}.py"
    (folder / module).write_text(emit_python(models))
    test = folder / f"test_{module}"
    test.write_text(standalone_test(models, module, test.name))
    return test


def outcome(test: Path) -> subprocess.CompletedProcess[str]:
    options = ("-q", "-p", "no:cacheprovider", "-W", "ignore", test.name)
    return subprocess.run(
        (sys.executable, "-c", ALONE, *options),
        cwd=test.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def passes(test: Path) -> None:
    result = outcome(test)
    assert result.returncode == 0, result.stdout[-3000:]
    assert " passed" in result.stdout


@pytest.mark.parametrize("name", SAMPLE)
def test_sample(name: str, tmp_path: Path) -> None:
    passes(written(SPECS / f"{name}.arch", tmp_path))


@pytest.mark.exhaustive
@pytest.mark.parametrize("spec", [*REST, *sorted(DIGITS.glob("*.arch"))], ids=lambda p: p.stem)
def test_zoo(spec: Path, tmp_path: Path) -> None:
    passes(written(spec, tmp_path))


TIED = """\
model Words(vocab = 20, dim = 8) {
    input tokens: int[B, T]
    table: Embedding(vocab, dim)
    head: Linear(vocab, bias=false)
    tie head.weight to table.weight
    output logits: [B, T, vocab]
}
"""


@pytest.mark.parametrize(
    ("old", "new", "failing"),
    [
        ("", "", set[str]()),
        (
            "self.head.weight = self.table.weight",
            "pass",
            {"test_ties", "test_number_of_parameters"},
        ),
        (", bias=False)", ")", {"test_names_of_weights", "test_number_of_parameters"}),
        ("self.head(x)", "self.head(x).flatten(1)", {"test_shapes"}),
        ("self.table(tokens)", "self.table(tokens).detach()", set[str]()),
        ("self.head(x)", "self.head(x).detach()", {"test_gradients"}),
    ],
)
def test_a_changed_module_fails(old: str, new: str, failing: set[str], tmp_path: Path) -> None:
    spec = tmp_path / "words.arch"
    spec.write_text(TIED)
    test = written(spec, tmp_path)
    module = tmp_path / "words.py"
    text = module.read_text()
    assert old in text
    module.write_text(text.replace(old, new) if old else text)
    lines = outcome(test).stdout.splitlines()
    failed = {line.split("::")[1].split("[")[0] for line in lines if line.startswith("FAILED")}
    assert {name.split(" ")[0] for name in failed} == failing


def test_is_the_same_text_every_time_and_formatted(tmp_path: Path) -> None:
    test = written(SPECS / "siamese.arch", tmp_path)
    first = test.read_bytes()
    assert written(SPECS / "siamese.arch", tmp_path).read_bytes() == first
    for check in (("check",), ("format", "--check")):
        subprocess.run(
            (sys.executable, "-m", "ruff", *check, "--isolated", str(test)),
            check=True,
            capture_output=True,
        )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.0.w", "a.1.w", "a.3.w"], ("a.{0..1}.w", "a.3.w")),
        (["l1.0.w", "l1.1.w", "l2.0.w", "l2.1.w"], ("l{1..2}.{0..1}.w",)),
        (["l1.0.w", "l1.1.w", "l2.0.w"], ("l1.{0..1}.w", "l2.0.w")),
        (["a.01.w", "a.02.w"], ("a.01.w", "a.02.w")),
        (["a{0}.w", "a{1}.w"], ("a{0}.w", "a{1}.w")),
        ([], ()),
    ],
)
def test_braces(names: list[str], expected: tuple[str, ...]) -> None:
    assert folded(names) == expected


@pytest.mark.parametrize("spec", ZOO, ids=lambda p: p.stem)
def test_braces_say_every_name_once(spec: Path) -> None:
    source = program(spec)
    graph = build_graph(source, next(iter(source.models))).graph
    names = [name for module in graph.modules() for name, _ in module.all_weights()]
    assert sorted(n for group in folded(names) for n in expand(group)) == sorted(names)


def expand(names: str) -> list[str]:
    head, brace, rest = names.partition("{")
    if not brace:
        return [names]
    choices, _, tail = rest.partition("}")
    first, dots, last = choices.partition("..")
    numbers = map(str, range(int(first), int(last) + 1)) if dots else choices.split(",")
    return [head + choice + end for choice in numbers for end in expand(tail)]
