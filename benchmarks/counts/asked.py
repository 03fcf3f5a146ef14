"""What tools say of a model: the module that archspec emits for it, with inputs of zeros.

`python -m benchmarks.counts.asked TOOL` prints the answers of one tool as JSON. The tool called
`torch` is no other counter: it runs the module and measures what it does.
"""

import json
import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from torch import Tensor, nn

Question = Literal["parameters", "macs", "activations", "saved"]
TOOLS: Final = {
    "torch": "measured",
    "torchinfo": "torchinfo",
    "fvcore": "fvcore",
    "torchlens": "torchlens",
}
_SPECS: Final = Path(__file__).with_name("specs")


@dataclass(frozen=True, slots=True)
class Case:
    """A model, the sizes that its inputs have, and the inputs' shapes (of integers if `tokens`)."""

    model: str
    sizes: dict[str, int]
    shapes: tuple[tuple[int, ...], ...]
    tokens: bool = False

    @property
    def file(self) -> Path:
        return _SPECS / f"{self.model.lower()}.arch"

    def module(self) -> "nn.Module":
        """For inference; the same weights each time."""
        import torch

        import archspec

        torch.manual_seed(0)
        return archspec.load(self.file)[self.model].module().eval()

    def inputs(self) -> "tuple[Tensor, ...]":
        import torch

        kind = torch.long if self.tokens else torch.float32
        return tuple(torch.zeros(shape, dtype=kind) for shape in self.shapes)


CASES: Final = {
    "tied": Case("Tied", {"T": 32}, ((1, 32),), tokens=True),
    "shared": Case("Shared", {"H": 32, "W": 32}, ((1, 3, 32, 32),) * 2),
    "concat": Case("Concat", {"H": 32, "W": 32}, ((1, 3, 32, 32),)),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The numbers of a tool, where it has them, and what it prints.

    `activations` are elements that convolutions, linear maps and products put out, `saved` bytes
    that are kept for the backward pass.
    """

    numbers: dict[Question, int] = field(default_factory=dict)
    text: str = ""


def torch(case: Case) -> Answer:
    """What the module has and does."""
    from torch.autograd.graph import saved_tensors_hooks
    from torch.utils.flop_counter import FlopCounterMode

    module, inputs = case.module(), case.inputs()
    with FlopCounterMode(display=False) as counter:
        module(*inputs)
    module.train()
    weights = {t.data_ptr() for t in (*module.parameters(), *module.buffers())}
    kept: dict[int, int] = {}

    def keep(tensor: "Tensor") -> "Tensor":
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        # While the output lives so does all that is kept: no address stands for two tensors.
        output = module(*inputs)
    numbers: dict[Question, int] = {
        "parameters": sum(weight.numel() for weight in module.parameters()),
        "macs": counter.get_total_flops() // 2,
        "saved": sum(kept.values()),
    }
    del output
    return Answer(numbers)


def torchinfo(case: Case) -> Answer:
    from torchinfo import summary

    found = summary(case.module(), input_data=case.inputs(), depth=9, device="cpu", verbose=0)
    return Answer({"parameters": found.total_params, "macs": found.total_mult_adds}, str(found))


def fvcore(case: Case) -> Answer:
    """Its flops are multiply-adds, "one fused multiply-add is one flop"."""
    from fvcore.nn import (
        ActivationCountAnalysis,
        FlopCountAnalysis,
        flop_count_table,
        parameter_count,
    )

    module, inputs = case.module(), case.inputs()
    flops = FlopCountAnalysis(module, inputs)
    activations = ActivationCountAnalysis(module, inputs)
    numbers: dict[Question, int] = {
        "parameters": parameter_count(module)[""],
        "macs": int(flops.total()),
        "activations": int(activations.total()),
    }
    return Answer(numbers, flop_count_table(flops, activations=activations))


def torchlens(case: Case) -> Answer:
    import torchlens

    module, inputs = case.module(), case.inputs()
    # In training, as what is measured; a summary is made in evaluation whatever the mode.
    trace = torchlens.trace(module.train(), inputs)
    numbers: dict[Question, int] = {
        "parameters": int(trace.num_params),
        "macs": int(trace.total_macs_forward),
        "saved": int(trace.total_autograd_memory),
    }
    return Answer(numbers, str(torchlens.summary(module, inputs)))


_ASKED: Final[dict[str, tuple[Callable[[Case], Answer], tuple[str, ...]]]] = {
    "torch": (torch, ("torch",)),
    "torchinfo": (torchinfo, ("torchinfo", "torch")),
    "fvcore": (fvcore, ("fvcore", "torch")),
    "torchlens": (torchlens, ("torchlens", "torch")),
}


def answers(tool: str) -> dict[str, Any]:
    """The versions of a tool's packages and its answers by case, as JSON has them."""
    ask, packages = _ASKED[tool]
    # Of operators without a count; that they are left out shows in the numbers.
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {name: asdict(ask(case)) for name, case in CASES.items()}
    for answer in found.values():
        answer["text"] = "\n".join(line.rstrip() for line in answer["text"].splitlines())
    return {
        "python": ".".join(map(str, sys.version_info[:2])),
        "versions": {package: version(package) for package in packages},
        "answers": found,
    }


if __name__ == "__main__":
    json.dump(answers(sys.argv[1]), sys.stdout)
