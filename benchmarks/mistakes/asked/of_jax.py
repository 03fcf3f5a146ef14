"""`jax.export` with symbolic shapes, and runs. A definition infers nothing in JAX."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import export

from benchmarks.mistakes.outcomes import Action, Case, Shape, run_on
from benchmarks.mistakes.programs.in_jax import attention, regressor, residual, two_views, unet

PACKAGES = ("jax", "jaxlib")

Function = Callable[..., Any]
Weights = Mapping[str, Shape]


def exported(
    function: Function, weights: Weights, symbolic: tuple[str, ...], conditions: tuple[str, ...]
) -> object:
    """What an export for all values of the symbols gives, under conditions on them."""
    scope = export.SymbolicScope(conditions)
    structs = [
        jax.ShapeDtypeStruct(export.symbolic_shape(shape, scope=scope), jnp.float32)
        for shape in symbolic
    ]
    params = {name: jax.ShapeDtypeStruct(shape, jnp.float32) for name, shape in weights.items()}
    return export.export(jax.jit(function))(params, *structs).out_avals


def asked(
    function: Function, weights: Weights, symbolic: tuple[str, ...], *feeds: tuple[Shape, ...]
) -> list[Action]:
    """An export with open sizes, and a run with each feed."""

    def run(feed: tuple[Shape, ...]) -> object:
        params = {name: jnp.zeros(shape) for name, shape in weights.items()}
        return jax.jit(function)(params, *map(jnp.zeros, feed))

    return [
        Action("export", partial(exported, function, weights, symbolic, ())),
        *(Action(run_on(feed), partial(run, feed)) for feed in feeds),
    ]


def residual_of(width: int) -> list[Action]:
    weights = {"conv": (width, 64, 3, 3)}
    return asked(residual, weights, ("b, 64, h, w",), ((2, 64, 32, 32),))


UNET: Weights = {
    "enc0": (16, 3, 3, 3),
    "enc1": (32, 16, 3, 3),
    "mid": (64, 32, 3, 3),
    "up1": (32, 64, 2, 2),
    "dec1": (32, 64, 3, 3),
    "up0": (16, 32, 2, 2),
    "mask": (1, 32, 1, 1),
}
OPEN = ("b, 3, h, w",)
CONDITIONS = ("mod(h, 4) == 0", "mod(w, 4) == 0", "h >= 4", "w >= 4")


def heads(number: int) -> list[Action]:
    weights = {"qkv": (100, 300), "proj": (100, 100)}
    function = partial(attention, heads=number)
    return asked(function, weights, ("b, t, 100",), ((2, 10, 100),), ((2, 24, 100),))


def shared(channels: int) -> list[Action]:
    symbolic = ("b, 3, h, w", f"b, {channels}, h, w")
    feed = ((2, 3, 64, 64), (2, channels, 64, 64))
    return asked(two_views, {"conv1": (64, 3, 7, 7)}, symbolic, feed)


def broadcast(symbolic: str, *feed: Shape) -> list[Action]:
    return asked(regressor, {"hidden": (16, 64), "head": (64, 1)}, ("b, 16", symbolic), feed)


CASES = {
    "residual": Case(residual, residual_of(128), residual_of(64)),
    "skip": Case(
        unet,
        [
            *asked(unet, UNET, OPEN, ((2, 3, 224, 224),), ((2, 3, 250, 250),)),
            Action(
                "export where `mod(h, 4) == 0` and `h >= 4` are promised",
                partial(exported, unet, UNET, OPEN, CONDITIONS),
            ),
        ],
        asked(unet, UNET, ("b, 3, 4*h, 4*w",), ((2, 3, 224, 224),)),
    ),
    "heads": Case(attention, heads(12), heads(10)),
    "shared": Case(two_views, shared(1), shared(3)),
    "broadcast": Case(regressor, broadcast("b", (8, 16), (8,)), broadcast("b, 1", (8, 16), (8, 1))),
}
