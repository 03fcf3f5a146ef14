"""What is measured, each in a process: `python -m benchmarks.contenders NAME NETWORK LAYERS`.

Prints the CPU seconds of the work alone: imports, and whatever else happens once in a process, are
spent on a network of a few layers before. Exits with 3 where a package is missing.
"""

import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, get_args

from benchmarks.networks import LENGTH, Network, input_shape, keras_model, spec, torch_module

MISSING: Final = 3

#: Makes ready (imports, the spec's file) and gives the work to be measured.
Contender = Callable[[Network, int], Callable[[], object]]


def _spec_file(network: Network, layers: int, loops: bool) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="archspec-benchmark-"))
    file = folder / "net.arch"
    file.write_text(spec(network, layers, loops), encoding="utf-8")
    return file


def _archspec(loops: bool, build: bool) -> Contender:
    def ready(network: Network, layers: int) -> Callable[[], object]:
        from archspec import pipeline

        file = _spec_file(network, layers, loops)

        def work() -> object:
            program = pipeline.load_file(file)
            elaborated = pipeline.build_graph(program, "Net")
            return pipeline.emit_python([elaborated]) if build else elaborated

        return work

    return ready


def _deciding(network: Network, layers: int) -> Callable[[], object]:
    """The decision procedure alone: all that a check asks, asked again of its final domains."""
    from unittest.mock import patch

    import archspec.dims.decide as decide
    from archspec import pipeline
    from archspec.dims import Proven, at_least, divisible, equal
    from archspec.elaborate.context import Context

    procedures = {"equal": equal, "divisible": divisible, "at_least": at_least}
    asked: dict[tuple[str, Any, Any], None] = {}
    right = Context.decide

    def recording(self: Context, kind: Any, left: Any, bound: Any) -> Any:
        asked[kind, left, bound] = None
        return right(self, kind, left, bound)

    with patch.object(Context, "decide", recording):
        program = pipeline.load_text(spec(network, layers, loops=True))
        domains = pipeline.build_graph(program, "Net").graph.domains
    for cached in (decide._zero, decide._multiple, decide._nonnegative):
        cached.cache_clear()
    gc.disable()  # as a check does

    def work() -> object:
        verdicts = [procedures[kind](a, b, domains) for kind, a, b in asked]
        assert all(isinstance(verdict, Proven) for verdict in verdicts)
        return verdicts

    return work


def _meta(network: Network, layers: int) -> Callable[[], object]:
    import torch

    def work() -> object:
        module = torch_module(network, layers)
        with torch.no_grad():
            return module(torch.empty(input_shape(network, layers), device="meta"))

    return work


def _fx(network: Network, layers: int) -> Callable[[], object]:
    import torch
    from torch.fx import symbolic_trace
    from torch.fx.passes.shape_prop import ShapeProp

    def work() -> object:
        traced = symbolic_trace(torch_module(network, layers))
        with torch.no_grad():
            return ShapeProp(traced).propagate(
                torch.empty(input_shape(network, layers), device="meta")
            )

    return work


def _export(network: Network, layers: int) -> Callable[[], object]:
    import torch
    import torch.export

    def work() -> object:
        # Deep chains nest contexts and calls: the default limits of Python are too low for them.
        sys.setrecursionlimit(1_000_000)
        module = torch_module(network, layers).eval()
        return torch.export.export(
            module, (torch.empty(input_shape(network, layers), device="meta"),)
        )

    return work


def _keras(network: Network, layers: int) -> Callable[[], object]:
    os.environ["KERAS_BACKEND"] = "torch"
    import_module("keras")

    def work() -> object:
        sys.setrecursionlimit(1_000_000)
        return keras_model(network, layers)

    return work


def _reuse(page: bool) -> Contender:
    """All of `archspec reuse`, from the file to its text, or to the page."""

    def ready(network: Network, layers: int) -> Callable[[], object]:
        from archspec import pipeline
        from archspec.backends.report import write_reports
        from archspec.reuse.report import report
        from archspec.reuse.sized import sized

        file = _spec_file(network, layers, loops=True)
        _, _, height, width = input_shape(network, layers)
        gc.disable()  # as on the command line

        def work() -> object:
            graph = pipeline.build_graph(pipeline.load_file(file), "Net").graph
            found = report(sized(graph, {"H": height, "W": width}))
            return write_reports([found], "html" if page else "text")

        return work

    return ready


def _flops(network: Network, layers: int) -> Callable[[], object]:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    def work() -> object:
        module = torch_module(network, layers)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            module(torch.empty(input_shape(network, layers), device="meta"))
        return counter.get_total_flops()

    return work


CONTENDERS: Final[dict[str, Contender]] = {
    "archspec check, loops": _archspec(loops=True, build=False),
    "archspec check, written out": _archspec(loops=False, build=False),
    "of that, the decision procedure": _deciding,
    "archspec build, loops": _archspec(loops=True, build=True),
    "archspec build, written out": _archspec(loops=False, build=True),
    "nn.Module and forward on meta": _meta,
    "torch.fx trace and ShapeProp": _fx,
    "torch.export": _export,
    "Keras functional": _keras,
}
#: What is known of a network before it has weights.
ANALYSES: Final[dict[str, Contender]] = {
    "archspec reuse": _reuse(page=False),
    "archspec reuse, as a page": _reuse(page=True),
    "of that, archspec check": _archspec(loops=True, build=False),
    "nn.Module and FlopCounterMode on meta": _flops,
}
#: The package that a contender needs beside archspec.
NEEDS: Final[dict[str, str]] = {
    "nn.Module and forward on meta": "torch",
    "nn.Module and FlopCounterMode on meta": "torch",
    "torch.fx trace and ShapeProp": "torch",
    "torch.export": "torch",
    "Keras functional": "keras",
}


def missing(name: str) -> str | None:
    """The package that `name` needs and that is not installed."""
    package = NEEDS.get(name)
    return package if package and find_spec(package) is None else None


def main(arguments: list[str]) -> int:
    name, network, layers = arguments
    if missing(name):
        return MISSING
    for known in get_args(Network):
        if known == network:
            contender = (CONTENDERS | ANALYSES)[name]
            contender(known, LENGTH)()
            work = contender(known, int(layers))
            begin = time.process_time()
            work()
            sys.stdout.write(str(time.process_time() - begin))
            return 0
    raise SystemExit(f"unknown network {network}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
