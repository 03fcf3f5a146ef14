"""`torch.export` for all sizes, and runs."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import Tensor, nn, zeros
from torch.export import Dim, export
from torch.nn import MultiheadAttention

from benchmarks.mistakes.outcomes import Action, Case, run_on
from benchmarks.mistakes.programs.in_torch import Attention, Regressor, Residual, TwoViews, UNet

PACKAGES = ("torch",)

Sizes = dict[str, Any]

b, t, h, w = (Dim(name) for name in "bthw")
IMAGE = {0: b, 2: h, 3: w}
AUTO = {0: Dim.AUTO, 2: Dim.AUTO, 3: Dim.AUTO}


def asked(make: Callable[[], nn.Module], sizes: Sizes, *feeds: tuple[Tensor, ...]) -> list[Action]:
    """The definition, an export with open sizes, and a run with each feed."""
    made: list[nn.Module] = []

    def run(feed: tuple[Tensor, ...]) -> object:
        return made[0](*feed)

    return [
        Action("definition", lambda: made.append(make().eval())),
        Action("export", lambda: export(made[0], feeds[0], dynamic_shapes=sizes)),
        *(Action(run_on(x.shape for x in feed), partial(run, feed)) for feed in feeds),
    ]


def exported_with_auto() -> object:
    """An export that may choose the conditions itself, and a run of what it gave."""
    image = zeros(2, 3, 224, 224)
    program = export(UNet().eval(), (image,), dynamic_shapes={"image": AUTO})
    return program.module()(zeros(2, 3, 250, 250))


def residual(width: int) -> list[Action]:
    return asked(lambda: Residual(width), {"image": IMAGE}, (zeros(2, 64, 32, 32),))


def skip(*sides: Any) -> list[Action]:
    sizes = {"image": {0: b, 2: sides[0], 3: sides[1]}}
    return asked(UNet, sizes, (zeros(2, 3, 224, 224),), (zeros(2, 3, 250, 250),))


def heads(number: int) -> list[Action]:
    sizes = {"x": {0: b, 1: t}}
    return asked(lambda: Attention(number), sizes, (zeros(2, 10, 100),), (zeros(2, 24, 100),))


def shared(channels: int, image: Mapping[int, Any]) -> list[Action]:
    feed = (zeros(2, 3, 64, 64), zeros(2, channels, 64, 64))
    return asked(TwoViews, {"photo": image, "depth": image}, feed)


def broadcast(target: Tensor) -> list[Action]:
    return asked(Regressor, {"features": {0: b}, "target": {0: b}}, (zeros(8, 16), target))


def squares() -> object:
    loss = (zeros(8, 1) - zeros(8)) ** 2
    assert loss.shape == (8, 8)
    return loss


CASES = {
    "residual": Case(Residual, residual(128), residual(64)),
    "skip": Case(
        UNet,
        [*skip(h, w), Action("export with `Dim.AUTO`, run on 2x3x250x250", exported_with_auto)],
        skip(4 * Dim("quarter_h"), 4 * Dim("quarter_w"))[:3],
    ),
    "heads": Case(
        Attention,
        [
            *heads(12),
            Action("`nn.MultiheadAttention` instead", lambda: MultiheadAttention(100, 12)),
        ],
        heads(10),
    ),
    "shared": Case(
        TwoViews, shared(1, IMAGE), shared(3, {0: b, 2: Dim("h", min=3), 3: Dim("w", min=3)})
    ),
    "broadcast": Case(
        Regressor,
        [*broadcast(zeros(8)), Action("`(prediction - target) ** 2` instead", squares)],
        broadcast(zeros(8, 1)),
    ),
}
