"""The checker and strict shape inference of ONNX, and ONNX Runtime."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import onnxruntime
from onnx import checker, shape_inference

from benchmarks.mistakes.outcomes import Action, Case, Shape, run_on
from benchmarks.mistakes.programs.in_onnx import attention, regressor, residual, two_views, unet

PACKAGES = ("onnx", "onnxruntime")


def asked(make: Callable[[], Any], *feeds: Mapping[str, Shape]) -> list[Action]:
    """The definition, what is inferred from it, and a run with each feed."""

    def infer() -> object:
        return shape_inference.infer_shapes(
            make(), check_type=True, strict_mode=True, data_prop=True
        )

    def session() -> Any:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # its exceptions say what it logs
        return onnxruntime.InferenceSession(
            make().SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def run(feed: Mapping[str, Shape]) -> object:
        return session().run(None, {k: np.zeros(v, "float32") for k, v in feed.items()})

    return [
        Action("definition", lambda: checker.check_model(make())),
        Action("shape inference", infer),
        Action("loading", session),
        *(Action(run_on(feed.values()), partial(run, feed)) for feed in feeds),
    ]


def inferred_error() -> object:
    """The shape that is inferred for the difference of prediction and target."""
    given = shape_inference.infer_shapes(regressor(("B",)), strict_mode=True, data_prop=True)
    (error,) = (value for value in given.graph.value_info if value.name == "error")
    assert [dim.dim_param for dim in error.type.tensor_type.shape.dim] == ["B", "B"]
    return error


def heads(number: int) -> list[Action]:
    return asked(lambda: attention(number), {"x": (2, 10, 100)}, {"x": (2, 24, 100)})


def shared(channels: int) -> list[Action]:
    feed = {"photo": (2, 3, 64, 64), "depth": (2, channels, 64, 64)}
    return asked(lambda: two_views(channels), feed)


CASES = {
    "residual": Case(
        residual,
        asked(lambda: residual(128), {"image": (2, 64, 32, 32)}),
        asked(lambda: residual(64), {"image": (2, 64, 32, 32)}),
    ),
    "skip": Case(unet, asked(unet, {"image": (2, 3, 224, 224)}, {"image": (2, 3, 250, 250)}), None),
    "heads": Case(attention, heads(12), heads(10)),
    "shared": Case(two_views, shared(1), shared(3)),
    "broadcast": Case(
        regressor,
        [
            *asked(lambda: regressor(("B",)), {"features": (8, 16), "target": (8,)}),
            Action("shape inference: `error` is `[B, B]`", inferred_error),
        ],
        asked(lambda: regressor(("B", 1)), {"features": (8, 16), "target": (8, 1)}),
    ),
}
