"""The networks that are compiled: chains of layers as specs, as `nn.Module`, and in Keras.

A layer is a convolution, a norm and an activation. In the residual chain each is added to its
input; in the dense chain each is concatenated to it, and after every `LENGTH` layers a 1x1
convolution brings the channels back, so that both grow linearly with the number of layers.
"""

from importlib import import_module
from typing import Any, Literal

Network = Literal["residual", "dense"]

WIDTH = 16
GROWTH = 8
#: Layers of one dense block.
LENGTH = 10
CLASSES = 10
#: Batch, channels, height, width of the rivals' input; archspec leaves all but the channels open.
INPUT = (1, 3, 32, 32)

_HEAD = f"    AdaptiveAvgPool2d(1) -> Flatten -> head: Linear({CLASSES})\n}}\n"


def spec(network: Network, layers: int, loops: bool) -> str:
    """The `.arch` text with `layers` layers, in loops or written out (three lines for a layer)."""
    match network:
        case "residual":
            body = _residual_loops(layers) if loops else _residual_written(layers)
        case "dense":
            body = _dense_loops(layers) if loops else _dense_written(layers)
    return body + _HEAD


_MODEL = f"""\
model Net {{
    input image: float[B, 3, H, W]
    stem: Conv2d({WIDTH}, 3, padding=1)
"""


def _residual_loops(layers: int) -> str:
    return f"""\
block Layer {{
    input x: [B, C, H, W]
    residual {{
        conv: Conv2d(C, 3, padding=1, bias=false) -> norm: BatchNorm2d -> ReLU
    }}
}}

{_MODEL}\
    for i in 0..<{layers} {{ layer{{i}}: Layer }}
"""


def _residual_written(layers: int) -> str:
    return _MODEL + "".join(
        f"""\
    residual {{
        conv{i}: Conv2d({WIDTH}, 3, padding=1, bias=false) -> norm{i}: BatchNorm2d -> ReLU
    }}
"""
        for i in range(layers)
    )


def _dense_loops(layers: int) -> str:
    return f"""\
block Layer(growth) {{
    norm: BatchNorm2d -> ReLU -> conv: Conv2d(growth, 3, padding=1, bias=false)
}}

{_MODEL}\
    for i in 0..<{layers // LENGTH} {{
        block{{i}}: {{
            for j in 0..<{LENGTH} {{ dense {{ layer{{j}}: Layer({GROWTH}) }} }}
            transition: Conv2d({WIDTH}, 1, bias=false)
        }}
    }}
"""


def _dense_written(layers: int) -> str:
    parts = [_MODEL]
    for i in range(layers):
        parts.append(f"""\
    dense {{
        norm{i}: BatchNorm2d -> ReLU -> conv{i}: Conv2d({GROWTH}, 3, padding=1, bias=false)
    }}
""")
        if (i + 1) % LENGTH == 0:
            parts.append(f"    transition{i // LENGTH}: Conv2d({WIDTH}, 1, bias=false)\n")
    return "".join(parts)


def torch_module(network: Network, layers: int) -> Any:
    """The same network as an `nn.Module` on the meta device, written as a PyTorch user would."""
    import torch
    from torch import nn

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False)
            self.norm = nn.BatchNorm2d(WIDTH)
            self.relu = nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = x + self.relu(self.norm(self.conv(x)))
            return y

    class Dense(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.norm = nn.BatchNorm2d(channels)
            self.relu = nn.ReLU()
            self.conv = nn.Conv2d(channels, GROWTH, 3, padding=1, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([x, self.conv(self.relu(self.norm(x)))], dim=1)

    def body() -> list[nn.Module]:
        if network == "residual":
            return [Residual() for _ in range(layers)]
        modules: list[nn.Module] = []
        for _ in range(layers // LENGTH):
            modules += [Dense(WIDTH + j * GROWTH) for j in range(LENGTH)]
            modules.append(nn.Conv2d(WIDTH + LENGTH * GROWTH, WIDTH, 1, bias=False))
        return modules

    with torch.device("meta"):
        stem = nn.Conv2d(INPUT[1], WIDTH, 3, padding=1)
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTH, CLASSES)]
        return nn.Sequential(stem, *body(), *head)


def keras_model(network: Network, layers: int) -> Any:
    """The same network in Keras's functional form, height and width left open."""
    keras = import_module("keras")

    def conv(channels: int, kernel: int = 3, bias: bool = False) -> Any:
        return keras.layers.Conv2D(channels, kernel, padding="same", use_bias=bias)

    inputs = keras.Input((None, None, INPUT[1]))
    x = conv(WIDTH, bias=True)(inputs)
    for i in range(layers):
        if network == "residual":
            y = keras.layers.BatchNormalization()(conv(WIDTH)(x))
            x = keras.layers.Add()([x, keras.layers.ReLU()(y)])
        else:
            y = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
            x = keras.layers.Concatenate()([x, conv(GROWTH)(y)])
            if (i + 1) % LENGTH == 0:
                x = conv(WIDTH, 1)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(CLASSES)(x))
