"""The five mistakes as functions of JAX."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Weights = dict[str, Any]


def conv(x: Any, weight: Any, stride: int = 1) -> Any:
    layout = ("NCHW", "OIHW", "NCHW")
    return lax.conv_general_dilated(x, weight, (stride, stride), "SAME", dimension_numbers=layout)


def pool(x: Any) -> Any:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def up(x: Any, weight: Any) -> Any:
    layout = ("NCHW", "OIHW", "NCHW")
    return lax.conv_transpose(x, weight, (2, 2), "VALID", dimension_numbers=layout)


def residual(weights: Weights, image: Any) -> Any:
    return jax.nn.relu(conv(image, weights["conv"]) + image)  # here


def unet(weights: Weights, image: Any) -> Any:
    enc0 = jax.nn.relu(conv(image, weights["enc0"]))
    enc1 = jax.nn.relu(conv(pool(enc0), weights["enc1"]))
    mid = jax.nn.relu(conv(pool(enc1), weights["mid"]))
    up1 = up(mid, weights["up1"])
    dec1 = jax.nn.relu(conv(jnp.concatenate((up1, enc1), axis=1), weights["dec1"]))  # here
    up0 = up(dec1, weights["up0"])
    return conv(jnp.concatenate((up0, enc0), axis=1), weights["mask"])


def attention(weights: Weights, x: Any, heads: int) -> Any:
    def split(x: Any) -> Any:
        b, t, width = x.shape
        return x.reshape(b, t, heads, width // heads)  # here

    q, k, v = map(split, jnp.split(x @ weights["qkv"], 3, axis=-1))
    mixed = jax.nn.dot_product_attention(q, k, v)
    return mixed.reshape(x.shape) @ weights["proj"]


def two_views(weights: Weights, photo: Any, depth: Any) -> Any:
    def encoder(x: Any) -> Any:
        return jax.nn.relu(conv(x, weights["conv1"], stride=2)).mean(axis=(2, 3))

    return (encoder(photo) * encoder(depth)).sum(axis=1)  # here


def regressor(weights: Weights, features: Any, target: Any) -> Any:
    hidden = jax.nn.relu(features @ weights["hidden"])
    prediction = hidden @ weights["head"]
    return jnp.mean((prediction - target) ** 2)  # here
