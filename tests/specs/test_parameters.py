"""The constructor of an emitted class does what overriding the spec's parameters does.

The emitter sees a model with one set of arguments; a size that it takes for fixed though it follows
from an argument shows only when that argument changes.
"""

from pathlib import Path
from typing import Any

import pytest
import torch

from archspec.pipeline import build_graph
from tests.support.zoo import SAMPLES, SPECS, emitted_source, import_source, program

CASES: list[tuple[Path, str, dict[str, Any]]] = [
    (SPECS / "densenet.arch", "DenseNet121", {"growth": 12}),
    (SPECS / "densenet.arch", "DenseNet121", {"stem": 20, "classes": 7}),
    (SPECS / "densenet.arch", "DenseNet161", {"classes": 7}),
    (SAMPLES / "densenet.arch", "DenseNet169", {"growth": 8, "stem": 10, "classes": 3}),
    (SPECS / "resnet.arch", "ResNet18", {"classes": 5}),
    (SPECS / "resnet.arch", "ResNeXt50_32x4d", {"classes": 5}),
    (SPECS / "resnet.arch", "WideResNet50_2", {"classes": 5}),
    (SAMPLES / "resnet.arch", "ResNet50", {"classes": 5}),
    (SPECS / "vgg.arch", "VGG11", {"norm": True, "classes": 3}),
    (SPECS / "squeezenet.arch", "SqueezeNet1_0", {"classes": 3}),
    (SPECS / "mobilenetv2.arch", "MobileNetV2", {"scale": 0.35, "classes": 3}),
    (SPECS / "mnasnet.arch", "MnasNet", {"scale": 1.7}),
    (SPECS / "shufflenetv2.arch", "ShuffleNetV2_0_5", {"last": 64, "classes": 3}),
    (SPECS / "mobilenetv3.arch", "MobileNetV3Small", {"classes": 3}),
    (SPECS / "efficientnet.arch", "EfficientNetB0", {"width": 0.5, "depth": 0.6}),
    (SPECS / "efficientnet.arch", "EfficientNetV2S", {"classes": 3}),
    (SPECS / "regnet.arch", "RegNetX400MF", {"squeeze": 0.25, "classes": 3}),
    (SPECS / "convnext.arch", "ConvNeXtTiny", {"widths": [8, 16, 24, 32], "depths": [1, 2, 1, 1]}),
    (SPECS / "segmentation.arch", "FCN_ResNet50", {"layers": [1, 1, 2, 1], "classes": 3}),
    (SPECS / "lraspp.arch", "LRASPP", {"classes": 3}),
    (SPECS / "unet.arch", "UNet", {"base": 8, "depth": 2}),
    (SPECS / "unet.arch", "UNet", {"channels": 1, "classes": 5}),
    (SPECS / "unet.arch", "OriginalUNet", {"base": 8, "classes": 3}),
    (SAMPLES / "unet.arch", "UNet", {"base": 8, "depth": 3, "classes": 2}),
    (SPECS / "gpt2.arch", "GPT2", {"dim": 32, "heads": 4, "depth": 2, "vocab": 50}),
    (SPECS / "gpt2.arch", "GPT2", {"context": 16, "depth": 1, "dropout": 0.0}),
    (SPECS / "gpt2.arch", "GPT2Medium", {"vocab": 60}),
    (SAMPLES / "gpt.arch", "GPT", {"dim": 64, "heads": 16, "depth": 3, "vocab": 50}),
    (SPECS / "mlp.arch", "MLP", {"hidden": [5, 6, 7]}),
    (SPECS / "mlp.arch", "MLP", {"hidden": [], "classes": 2}),
    (SPECS / "siamese.arch", "Siamese", {"dim": 8}),
    (SPECS / "byol.arch", "BYOL", {"hidden": 32, "dim": 8}),
    (SPECS / "byol.arch", "BYOL", {"dim": 8}),
    (SPECS / "multitask.arch", "MultiTask", {"classes": 3}),
    (SPECS / "finetune.arch", "Finetune", {"classes": 3}),
]


@pytest.mark.filterwarnings("ignore:random weights")  # of a file that is not at hand
@pytest.mark.parametrize(
    ("path", "model", "arguments"), CASES, ids=lambda v: v.stem if isinstance(v, Path) else None
)
def test_arguments_do_what_overrides_do(path: Path, model: str, arguments: dict[str, Any]) -> None:
    graph = build_graph(program(path), model, arguments).graph
    want = {
        key: tuple(dim.const for dim in weight.shape)
        for part in graph.modules()
        for key, weight in part.all_weights()
    }
    module = import_source(f"emitted_{path.parent.name}_{path.stem}", emitted_source(path))
    with torch.device("meta"):
        network = getattr(module, model)(**arguments)
    assert {key: tuple(t.shape) for key, t in network.state_dict().items()} == want
    sizes = graph.domains.smallest(
        frozenset(
            s for n in graph.inputs for d in graph.node(n).outputs[0].shape for s in d.symbols()
        )
    )
    inputs = []
    for node in graph.inputs:
        (kind,) = graph.node(node).outputs
        shape = [dim.evaluate({**sizes, "B": 2}) for dim in kind.shape]
        dtype = torch.float32 if kind.kind == "float" else torch.int64
        inputs.append(torch.zeros(shape, dtype=dtype, device="meta"))
    result = network.eval()(*inputs)
    got = [tuple(t.shape) for t in (result if isinstance(result, tuple) else (result,))]
    assert got == [
        tuple(dim.evaluate({**sizes, "B": 2}) for dim in graph.type_of(value).shape)
        for _, value in graph.outputs
    ]
