"""Functional models of Keras, which infer all shapes when they are defined, and runs."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np

from benchmarks.mistakes.outcomes import Action, Case, Shape, run_on
from benchmarks.mistakes.programs.in_keras import attention, regressor, residual, two_views, unet

PACKAGES = ("keras", "torch")


def asked(make: Callable[[], Any], *feeds: tuple[Shape, ...]) -> list[Action]:
    """The definition, and a run with each feed."""
    made: list[Any] = []

    def run(feed: tuple[Shape, ...]) -> object:
        arrays = [np.zeros(shape, "float32") for shape in feed]
        return made[0](arrays if len(arrays) > 1 else arrays[0])

    return [
        Action("definition", lambda: made.append(make())),
        *(Action(run_on(feed), partial(run, feed)) for feed in feeds),
    ]


def own_loss() -> object:
    """Keras's own loss, given the same two shapes: nothing is broadcast."""
    target = np.arange(8.0, dtype="float32")
    loss = float(keras.losses.MeanSquaredError()(target, target[:, None]))
    if loss != 0:
        raise AssertionError(f"the loss of a perfect prediction is {loss}")
    return loss


def attention_layer() -> object:
    """Keras's layer takes the width of a head, and any number of heads."""
    x = keras.Input((None, 100))
    return keras.Model(x, keras.layers.MultiHeadAttention(12, 100 // 12)(x, x))


def one_layer_twice() -> object:
    conv = keras.layers.Conv2D(64, 7, strides=2, padding="same", name="conv1")
    photo, depth = keras.Input((None, None, 3)), keras.Input((None, None, 1))
    return conv(photo), conv(depth)


def heads(number: int) -> list[Action]:
    return asked(lambda: attention(number), ((2, 10, 100),), ((2, 24, 100),))


def shared(channels: int) -> list[Action]:
    return asked(lambda: two_views(channels), ((2, 64, 64, 3), (2, 64, 64, channels)))


CASES = {
    "residual": Case(
        residual,
        asked(lambda: residual(128), ((2, 32, 32, 64),)),
        asked(lambda: residual(64), ((2, 32, 32, 64),)),
    ),
    "skip": Case(unet, asked(unet, ((2, 224, 224, 3),), ((2, 250, 250, 3),)), None),
    "heads": Case(
        attention,
        [*heads(12), Action("`layers.MultiHeadAttention(12, 100 // 12)` instead", attention_layer)],
        heads(10),
    ),
    "shared": Case(
        two_views,
        [*shared(1), Action("definition with a single `Conv2D` as encoder", one_layer_twice)],
        shared(3),
    ),
    "broadcast": Case(
        regressor,
        [
            *asked(lambda: regressor(()), ((8, 16), (8,))),
            Action("`keras.losses.MeanSquaredError` on these shapes", own_loss),
        ],
        asked(lambda: regressor((1,)), ((8, 16), (8, 1))),
    ),
}
