"""What a check imports, and how its work grows: counted, not timed."""

import subprocess
import sys
from pathlib import Path

import pytest

from archspec import pipeline
from archspec.elaborate import model
from archspec.elaborate.context import Context
from archspec.layers.conv import Conv2d
from benchmarks.networks import LENGTH, Network, spec

ROOT = Path(__file__).parents[2]
#: What no check needs: heavy packages, and the rooms that write code.
LATE = ("torch", "networkx", "numpy", "lark", "rich", "archspec.pycode.nodes", "archspec.backends")


def imported(statement: str, *arguments: str) -> set[str]:
    """All modules that a fresh process has after a statement."""
    code = f"import sys\n{statement}\nsys.stderr.write(' '.join(sys.modules))"
    process = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return set(process.stderr.split())


RUN = "from archspec.cli.app import run\nassert run(sys.argv[1:]) == 0"


@pytest.fixture(scope="module")
def hundred_lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("specs") / "net.arch"
    text = spec("residual", 32, loops=False)
    assert 95 <= text.count("\n") <= 105
    file.write_text(text, encoding="utf-8")
    pipeline.load_file(file)  # the grammar's tables are in the cache from now on
    return file


def test_a_check_imports_nothing_heavy(hundred_lines: Path) -> None:
    modules = imported(RUN, "check", str(hundred_lines))
    assert "archspec.elaborate" in modules
    assert modules.isdisjoint(LATE)


def test_a_check_loads_only_the_families_of_layers_that_the_spec_uses(hundred_lines: Path) -> None:
    modules = imported(RUN, "check", str(hundred_lines))
    assert "archspec.layers.conv" in modules
    assert "archspec.layers.attention" not in modules


def test_help_imports_no_compiler() -> None:
    modules = imported(f"{RUN}", "--help")
    assert "click" in modules
    assert modules.isdisjoint({*LATE, "pydantic", "archspec.pipeline", "archspec.syntax"})


def test_the_list_of_imports_would_show_torch() -> None:
    assert "torch" in imported("import torch")


# --- growth ------------------------------------------------------------------------------------


def counted(
    network: Network, layers: int, loops: bool, patch: pytest.MonkeyPatch
) -> dict[str, int]:
    """Steps, nodes, evaluations of one shape rule and decisions for one check."""
    contexts: list[Context] = []
    calls = {"rules": 0, "decisions": 0}
    rule, decide = Conv2d.shape, Context.judge

    def shape(*args: object) -> object:
        calls["rules"] += 1
        return rule(*args)  # type: ignore[arg-type]

    def judge(*args: object) -> object:
        calls["decisions"] += 1
        return decide(*args)  # type: ignore[arg-type]

    def context(*args: object) -> Context:
        contexts.append(Context(*args))  # type: ignore[arg-type]
        return contexts[-1]

    with patch.context() as patched:
        patched.setattr(Conv2d, "shape", shape)
        patched.setattr(Context, "judge", judge)
        patched.setattr(model, "Context", context)
        program = pipeline.load_text(spec(network, layers, loops))
        elaborated = pipeline.build_graph(program, "Net")
    return {"steps": contexts[0].steps, "nodes": len(elaborated.graph.nodes), **calls}


@pytest.mark.parametrize("loops", [True, False])
@pytest.mark.parametrize("network", ["residual", "dense"])
def test_twice_the_layers_are_twice_the_work(
    network: Network, loops: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = counted(network, 10 * LENGTH, loops, monkeypatch)
    large = counted(network, 20 * LENGTH, loops, monkeypatch)
    for kind in ("steps", "nodes"):
        assert 1.8 * small[kind] < large[kind] < 2.2 * small[kind]


def test_the_same_call_on_the_same_sizes_is_ruled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    small = counted("residual", 10, True, monkeypatch)
    large = counted("residual", 200, True, monkeypatch)
    assert small["rules"] > 0
    assert large["rules"] == small["rules"]
    assert large["decisions"] == small["decisions"]


@pytest.mark.parametrize("loops", [True, False])
@pytest.mark.parametrize("network", ["residual", "dense"])
def test_emission_grows_with_the_text_alone(network: Network, loops: bool) -> None:
    """Calls of functions while code is emitted, per layer."""

    def calls(layers: int) -> int:
        program = pipeline.load_text(spec(network, layers, loops))
        elaborated = pipeline.build_graph(program, "Net")
        count = 0

        def count_call(frame: object, event: str, argument: object) -> None:
            nonlocal count
            count += event == "call"

        sys.setprofile(count_call)
        try:
            pipeline.emit_python([elaborated])
        finally:
            sys.setprofile(None)
        return count

    calls(LENGTH)  # imports and caches
    small, large = calls(5 * LENGTH), calls(10 * LENGTH)
    assert large < 2.3 * small
