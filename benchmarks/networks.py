"""The networks that are compiled: chains of layers as specs, as `nn.Module`, and in Keras.

A layer is a convolution, a norm and an activation. In the residual chain each is added to its
input; in the dense chain each is concatenated to it, and after every `LENGTH` layers a 1x1
convolution brings the channels back, so that both grow linearly with the number of layers. The
chain of skips is of convolutions only, four to a skip: one halves height and width, one doubles
them again, so the skip fits for even sizes, and the last takes two pixels off each side, so no size
occurs twice.
"""

from importlib import import_module
from typing import Any, Literal

Network = Literal["residual", "dense", "skips"]

WIDTH = 16
GROWTH = 8
#: Layers of one dense block.
LENGTH = 10
CLASSES = 10
#: Layers of one skip.
SKIP = 4
CHANNELS = 3


def input_shape(network: Network, layers: int) -> tuple[int, int, int, int]:
    """Batch, channels, height, width for the rivals; archspec leaves all but the channels open."""
    side = 32 + (2 * (layers // SKIP) if network == "skips" else 0)
    return 1, CHANNELS, side, side


_HEAD = f"    AdaptiveAvgPool2d(1) -> Flatten -> head: Linear({CLASSES})\n}}\n"


def spec(network: Network, layers: int, loops: bool) -> str:
    """The `.arch` text with `layers` layers, in loops or written out (three lines for a layer)."""
    match network:
        case "residual":
            body = _residual_loops(layers) if loops else _residual_written(layers)
        case "dense":
            body = _dense_loops(layers) if loops else _dense_written(layers)
        case "skips":
            body = _skips_loops(layers) if loops else _skips_written(layers)
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


_EVEN = _MODEL.replace("W]", "W] where H % 2 == 0, W % 2 == 0")


def _skips_loops(layers: int) -> str:
    return f"""\
block Skip {{
    input x: [B, C, H, W]
    down: Conv2d(C, 3, stride=2, padding=1) -> mid: Conv2d(C, 3, padding=1)
    up: ConvTranspose2d(C, 2, stride=2)
    reuse x by add
    out: Conv2d(C, 3)
}}

{_EVEN}\
    for i in 0..<{layers // SKIP} {{ skip{{i}}: Skip }}
"""


def _skips_written(layers: int) -> str:
    return _EVEN + "".join(
        f"""\
    before = _
    down{i}: Conv2d({WIDTH}, 3, stride=2, padding=1) -> mid{i}: Conv2d({WIDTH}, 3, padding=1)
    up{i}: ConvTranspose2d({WIDTH}, 2, stride=2)
    reuse before by add
    out{i}: Conv2d({WIDTH}, 3)
"""
        for i in range(layers // SKIP)
    )


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

    class Skip(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down = nn.Conv2d(WIDTH, WIDTH, 3, stride=2, padding=1)
            self.mid = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
            self.up = nn.ConvTranspose2d(WIDTH, WIDTH, 2, stride=2)
            self.out = nn.Conv2d(WIDTH, WIDTH, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.out(self.up(self.mid(self.down(x))) + x)
            return y

    def body() -> list[nn.Module]:
        if network == "skips":
            return [Skip() for _ in range(layers // SKIP)]
        if network == "residual":
            return [Residual() for _ in range(layers)]
        modules: list[nn.Module] = []
        for _ in range(layers // LENGTH):
            modules += [Dense(WIDTH + j * GROWTH) for j in range(LENGTH)]
            modules.append(nn.Conv2d(WIDTH + LENGTH * GROWTH, WIDTH, 1, bias=False))
        return modules

    with torch.device("meta"):
        stem = nn.Conv2d(CHANNELS, WIDTH, 3, padding=1)
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTH, CLASSES)]
        return nn.Sequential(stem, *body(), *head)


def keras_model(network: Network, layers: int) -> Any:
    """The same network in Keras's functional form, height and width left open."""
    keras = import_module("keras")

    def conv(channels: int, kernel: int = 3, bias: bool = False) -> Any:
        return keras.layers.Conv2D(channels, kernel, padding="same", use_bias=bias)

    inputs = keras.Input((None, None, CHANNELS))
    x = conv(WIDTH, bias=True)(inputs)
    for _ in range(layers // SKIP if network == "skips" else 0):
        down = keras.layers.Conv2D(WIDTH, 3, 2, padding="same")(x)
        up = keras.layers.Conv2DTranspose(WIDTH, 2, 2)(conv(WIDTH, bias=True)(down))
        x = keras.layers.Conv2D(WIDTH, 3)(keras.layers.Add()([up, x]))
    for i in range(0 if network == "skips" else layers):
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
