"""The benchmark says what is missing, what failed and what took too long; its networks compile."""

import gc
from typing import get_args

import pytest

from archspec import pipeline
from benchmarks import compile, contenders
from benchmarks.compile import Samples
from benchmarks.networks import LENGTH, Network, spec, torch_module
from benchmarks.report import growth_table, process_table

ALL = contenders.CONTENDERS | contenders.ANALYSES


def test_ratios_are_to_the_first_row_and_gaps_are_named() -> None:
    table = {
        size: {
            "ours": Samples(calm=[0.1 * size, 0.3 * size, 0.2 * size]),
            "theirs": Samples(calm=[0.8 * size], disturbed=[9.0]),
            "slow": Samples(over=15.0),
            "absent": Samples(missing="keras"),
            "broken": Samples(failed=True),
        }
        for size in (1, 2)
    }
    rows = [line.split(" | ") for line in growth_table(table, torch_import=0.8).split("\n")]
    assert rows[2] == ["| ours", "0.20 (1.0x)", "0.40 (1.0x)", "2.0x", "0.50x |"]
    assert rows[3] == ["| theirs", "0.80* (4.0x)", "1.60* (4.0x)", "2.0x", "2.00x |"]
    assert rows[4][1] == "> 15 (> 75x)"
    assert rows[5][1] == "keras is not installed"
    assert rows[6][1] == "failed"


def test_samples_with_other_load_are_dropped_unless_most_have_it() -> None:
    assert Samples(calm=[1.0, 1.0], disturbed=[9.0]).seconds == 1.0
    assert Samples(calm=[1.0], disturbed=[3.0, 5.0]).seconds == 3.0
    table = process_table({"python -c 'import torch'": Samples(calm=[2.0], disturbed=[4.0])})
    assert "| 2.00* | 1.00x | 1, 1 discarded |" in table


def test_a_rival_that_is_not_installed_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contenders, "find_spec", lambda package: None)
    assert contenders.missing("Keras functional") == "keras"
    assert contenders.missing("archspec check, loops") is None
    assert contenders.main(["Keras functional", "dense", "10"]) == contenders.MISSING


@pytest.mark.parametrize("loops", [True, False])
@pytest.mark.parametrize("network", get_args(Network))
def test_all_sides_build_the_same_network(network: Network, loops: bool) -> None:
    text = spec(network, 2 * LENGTH, loops)
    program = pipeline.load_text(text)
    assert [d for d in pipeline.check(program) if d.severity == "error"] == []
    modules = pipeline.build_graph(program, "Net").graph.modules()
    ours = sum(w.count.const or 0 for m in modules for w in m.weights if not w.buffer)
    theirs = torch_module(network, 2 * LENGTH)
    assert ours == sum(p.numel() for p in theirs.parameters())


@pytest.mark.parametrize("name", [n for n in ALL if contenders.NEEDS.get(n) is None])
@pytest.mark.parametrize("network", get_args(Network))
def test_contenders_run(network: Network, name: str) -> None:
    gc_was_on = gc.isenabled()
    try:
        assert ALL[name](network, LENGTH)() is not None
    finally:
        if gc_was_on:
            gc.enable()


def test_skips_have_all_sizes_once() -> None:
    graph = pipeline.build_graph(pipeline.load_text(spec("skips", 40, loops=True)), "Net").graph
    assert sum(node.name == "add" for node in graph.nodes) == 10
    added = {graph.input_types(node.id)[0].shape for node in graph.nodes if node.name == "add"}
    assert len(added) == 10


@pytest.mark.parametrize(
    ("code", "over", "failed"), [("while True: pass", 1.0, False), ("raise ValueError", None, True)]
)
def test_what_takes_too_long_is_no_failure(code: str, over: float | None, failed: bool) -> None:
    samples = Samples()
    compile._measure(samples, ["-c", code], limit=1.0, whole=True)
    assert (samples.over, samples.failed) == (over, failed)
