"""Running emitted modules: what a generated module must agree on with the graph it came from."""

import itertools
import warnings
from collections.abc import Mapping
from typing import Any

import torch

from archspec import pipeline
from archspec.elaborate import Elaborated


def namespace(source: str) -> dict[str, Any]:
    """The names that the emitted source defines."""
    found: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(source, "<emitted>", "exec"), found)
    return found


def smallest_sizes(model: Elaborated, batch: int = 2) -> dict[str, int]:
    """The smallest sizes that the model's inputs may have (a batch of two, as norms need)."""
    domains = model.graph.domains
    sizes = {}
    for node in model.graph.inputs:
        for dim in model.graph.node(node).outputs[0].shape:
            for name in dim.symbols():
                sizes[name] = next(iter(domains[name]))
    return {**sizes, "B": max(batch, sizes.get("B", 1))} if "B" in sizes else sizes


def random_inputs(model: Elaborated, sizes: Mapping[str, int]) -> list[torch.Tensor]:
    """A tensor for each input; integers are 0, which every embedding has."""
    tensors = []
    for node in model.graph.inputs:
        type_ = model.graph.node(node).outputs[0]
        shape = [dim.evaluate(sizes) for dim in type_.shape]
        if type_.kind == "int":
            tensors.append(torch.zeros(shape, dtype=torch.int64))
        elif type_.kind == "bool":
            tensors.append(torch.ones(shape, dtype=torch.bool))
        else:
            tensors.append(torch.randn(shape))
    return tensors


def check_agreement(model: Elaborated, source: str, **arguments: Any) -> Any:
    """Build the module; compare its `state_dict` and output shapes with the graph's."""
    torch.manual_seed(0)
    module = namespace(source)[model.entry.name](**arguments)
    expected = {
        name: tuple(dim.evaluate({}) for dim in weight.shape)
        for m in model.graph.modules()
        for name, weight in m.all_weights()
    }
    actual = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    assert actual == expected
    sizes = smallest_sizes(model)
    module.eval()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "random weights")  # as is meant here
        outputs = module(*random_inputs(model, sizes))
    if isinstance(outputs, torch.Tensor):
        outputs = (outputs,)
    for (name, value), tensor in itertools.zip_longest(model.graph.outputs, outputs):
        shape = tuple(dim.evaluate(sizes) for dim in model.graph.type_of(value).shape)
        assert tuple(tensor.shape) == shape, name
    return module


def emit_text(text: str, name: str | None = None, **overrides: Any) -> tuple[Elaborated, str]:
    """Compile a spec given as text; one model, its emitted source."""
    program = pipeline.load_text(text)
    chosen = name or next(iter(program.models))
    model = pipeline.build_graph(program, chosen, overrides or None)
    return model, pipeline.emit_python([model])
