"""Calls of layers to try, one strategy each: arguments and inputs, about half of them wrong."""

from collections.abc import Callable
from random import Random
from typing import Any

from tests.layers.case import Case, T
from tests.layers.draws import Gen


class Maker:
    """Draws the parts of a case."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.arguments: dict[str, Any] = {}

    def number(self, low: int, high: int) -> int:
        return self.random.randrange(low, high + 1)

    def pick(self, *options: Any) -> Any:
        return self.random.choice(options)

    def chance(self, percent: int) -> bool:
        # Hypothesis shrinks towards 0, so that the likely answer is the simple one.
        return self.number(0, 99) >= 100 - percent

    def per_axis(self, n: int, low: int, high: int) -> Any:
        """One integer for all axes, or one for each, seldom one too many."""
        if self.chance(50):
            return self.number(low, high)
        sizes = [self.number(low, high) for _ in range(n + (1 if self.chance(3) else 0))]
        return tuple(sizes) if self.chance(50) else sizes

    def maybe(self, name: str, value: Callable[[], Any], percent: int = 40) -> None:
        if self.chance(percent):
            self.arguments[name] = value()

    def flag(self, name: str, percent: int = 25) -> None:
        self.maybe(name, lambda: self.pick(True, False), percent)

    def size(self, n: int) -> int:
        return self.number(1, {0: 9, 1: 11, 2: 9, 3: 6}[n])

    def dtype(self, wrong: int = 7) -> str:
        return self.pick("int", "bool", "int32") if self.chance(wrong) else "float"

    def image(self, n: int, channels: int | None = None, wrong: int = 10) -> T:
        """[B, C, …] with `n` spatial axes, sometimes of another rank."""
        spatial = [self.size(n) for _ in range(n)]
        shape = [self.number(1, 3), channels or self.number(1, 6), *spatial]
        if self.chance(wrong):
            shape = [self.number(1, 5) for _ in range(self.pick(1, 2, 3, 4, 5))]
        return T(tuple(shape), self.dtype())

    def any_rank(self, low: int = 1, wrong: int = 7) -> T:
        rank = self.number(low, 5)
        return T(tuple(self.number(1, 6) for _ in range(rank)), self.dtype(wrong))

    def done(self, *inputs: T) -> Case:
        arguments, corrupted = self.arguments, None
        if arguments and self.chance(8):
            corrupted = self.pick(*sorted(arguments))
            arguments[corrupted] = self.pick(*CORRUPT)
        return Case(inputs, arguments, corrupted)


#: What an argument is seldom meant to be.
CORRUPT: tuple[Any, ...] = (0, -1, -7, 2.5, None, "x", True, [], (1, 2, 3, 4, 5, 6, 7))


def case_of(build: Callable[[Maker], Case]) -> Gen[Case]:
    return Gen(lambda random: build(Maker(random)))


Build = Callable[[Maker], Case]


# --- families ----------------------------------------------------------------------------------


def linear(m: Maker) -> Case:
    m.arguments["out_features"] = m.number(1, 7)
    m.flag("bias")
    return m.done(m.any_rank(m.pick(0, 1, 1), wrong=45))


def bilinear(m: Maker) -> Case:
    m.arguments["out_features"] = m.number(1, 5)
    m.flag("bias")
    left = m.any_rank()
    lead = list(left.sizes[:-1])
    if lead and m.chance(35):
        lead[m.number(0, len(lead) - 1)] = m.number(1, 4)
    if m.chance(10):
        lead.append(1)
    return m.done(left, T((*lead, m.number(1, 5)), m.dtype()))


def groups_of(m: Maker) -> tuple[int, int, int]:
    """Groups, input and output channels that mostly fit together."""
    groups = m.pick(1, 1, 2, 3)
    fit = [groups * m.number(1, 3), groups * m.number(1, 3)]
    if groups > 1 and m.chance(30):
        fit[m.number(0, 1)] = m.number(1, 7)
    return groups, fit[0], fit[1]


def conv(n: int) -> Build:
    def build(m: Maker) -> Case:
        groups, channels, out = groups_of(m)
        m.arguments |= {"out_channels": out, "kernel_size": m.per_axis(n, 1, 5)}
        m.maybe("stride", lambda: m.per_axis(n, 1, 3))
        m.maybe(
            "padding",
            lambda: m.pick("same", "valid") if m.chance(35) else m.per_axis(n, 0, 3),
            60,
        )
        m.maybe("dilation", lambda: m.per_axis(n, 1, 3))
        if groups > 1:
            m.arguments["groups"] = groups
        m.flag("bias")
        m.maybe("padding_mode", lambda: m.pick("reflect", "replicate", "circular", "zeros"))
        return m.done(m.image(n, channels))

    return build


def conv_transpose(n: int) -> Build:
    def build(m: Maker) -> Case:
        groups, channels, out = groups_of(m)
        m.arguments |= {"out_channels": out, "kernel_size": m.per_axis(n, 1, 4)}
        m.maybe("stride", lambda: m.per_axis(n, 1, 3))
        m.maybe("padding", lambda: m.per_axis(n, 0, 4))
        m.maybe("output_padding", lambda: m.per_axis(n, 0, 2))
        m.maybe("dilation", lambda: m.per_axis(n, 1, 3))
        if groups > 1:
            m.arguments["groups"] = groups
        m.flag("bias")
        m.maybe("padding_mode", lambda: m.pick("zeros", "zeros", "reflect"), 10)
        return m.done(m.image(n, channels))

    return build


def max_pool(n: int) -> Build:
    def build(m: Maker) -> Case:
        m.arguments["kernel_size"] = m.per_axis(n, 1, 5)
        m.maybe("stride", lambda: m.per_axis(n, 1, 6), 60)
        m.maybe("padding", lambda: m.per_axis(n, 0, 2))
        m.maybe("dilation", lambda: m.per_axis(n, 1, 3), 30)
        m.flag("ceil_mode", 60)
        m.flag("return_indices", 30)
        return m.done(m.image(n))

    return build


def avg_pool(n: int) -> Build:
    def build(m: Maker) -> Case:
        m.arguments["kernel_size"] = m.per_axis(n, 1, 3 if n == 3 else 5)
        m.maybe("stride", lambda: m.per_axis(n, 1, 6), 60)
        m.maybe("padding", lambda: m.per_axis(n, 0, 2))
        m.flag("ceil_mode", 60)
        m.flag("count_include_pad")
        if n > 1:
            m.maybe("divisor_override", lambda: m.pick(1, 2, 5, 0, -3), 20)
        return m.done(m.image(n))

    return build


def adaptive_pool(n: int, indices: bool) -> Build:
    def build(m: Maker) -> Case:
        sizes = tuple(m.pick(None, 0, 1, 2, 3, 7) for _ in range(m.pick(n, n, n, n, n + 1)))
        m.arguments["output_size"] = sizes if m.chance(60) else m.pick(1, 2, 5, None, 0)
        if indices:
            m.flag("return_indices", 30)
        return m.done(m.image(n, wrong=25))

    return build


def norm(n: int) -> Build:
    def build(m: Maker) -> Case:
        m.maybe("eps", lambda: m.pick(1e-3, 1, 0.5, 0))
        m.maybe("momentum", lambda: m.pick(None, 0.2, 0))
        m.flag("affine")
        m.flag("track_running_stats", 50)
        image = m.image(n, wrong=50)
        if m.chance(25):  # a single value per channel
            image = T((1, *image.sizes[1:2], *(1 for _ in image.sizes[2:])), image.dtype)
        return m.done(image)

    return build


def last_axis(m: Maker) -> Case:
    m.maybe("eps", lambda: m.pick(1e-3, 1, 0.5, -1.0, "small"), 60)
    m.flag("elementwise_affine")
    return m.done(m.any_rank(0 if m.chance(20) else 1, wrong=25))


def layer_norm(m: Maker) -> Case:
    m.flag("bias")
    return last_axis(m)


def group_norm(m: Maker) -> Case:
    m.arguments["num_groups"] = m.number(1, 4)
    m.maybe("eps", lambda: m.pick(1e-3, 1))
    m.flag("affine")
    x = m.any_rank(1 if m.chance(20) else 2)
    if len(x.sizes) > 1 and m.chance(60):
        ones = m.chance(30)
        lead = 1 if ones else x.sizes[0]
        rest = (1,) * (len(x.sizes) - 2) if ones else x.sizes[2:]
        x = T((lead, m.arguments["num_groups"] * m.number(1, 2), *rest), x.dtype)
    return m.done(x)


def response_norm(m: Maker) -> Case:
    m.arguments["size"] = m.number(0, 6)
    for name in ("alpha", "beta", "k"):
        m.maybe(name, lambda: m.pick(1e-3, 1, 0.5))
    return m.done(m.any_rank())


def elementwise(**options: tuple[Any, ...]) -> Build:
    """Arguments from the given choices; a name in capitals is required."""

    def build(m: Maker) -> Case:
        for name, choices in options.items():
            m.maybe(name.lower(), lambda: m.pick(*choices), 100 if name.isupper() else 50)  # noqa: B023
        x = m.any_rank(0 if m.chance(10) else 1)
        return m.done(T(x.sizes, m.dtype(wrong=40)))

    return build


def prelu(m: Maker) -> Case:
    x = m.any_rank(0 if m.chance(10) else 1)
    fitting = x.sizes[1] if len(x.sizes) > 1 else 1
    m.maybe("num_parameters", lambda: fitting if m.chance(40) else m.number(1, 4), 80)
    m.maybe("init", lambda: m.pick(0.5, 1))
    return m.done(x)


def along_axis(m: Maker) -> Case:
    m.arguments["dim"] = m.number(-4, 3)
    return m.done(m.any_rank(0 if m.chance(10) else 1))


def gated(m: Maker) -> Case:
    m.maybe("dim", lambda: m.number(-3, 2), 50)
    shape = m.any_rank().sizes
    return m.done(T(tuple(2 * n for n in shape) if m.chance(60) else shape, m.dtype()))


def no_arguments(n: int) -> Build:
    return lambda m: m.done(m.image(n, wrong=60))


def dropout(n: int, low: int = 1) -> Build:
    def build(m: Maker) -> Case:
        m.maybe("p", lambda: m.pick(0, 0.5, 1, 0.1, 1.5, -0.1), 70)
        m.flag("inplace")
        return m.done(m.image(n, wrong=35) if n else m.any_rank(low))

    return build


def embedding(m: Maker) -> Case:
    m.arguments |= {"num_embeddings": m.number(1, 6), "embedding_dim": m.number(1, 5)}
    m.maybe("padding_idx", lambda: m.number(-7, 7))
    m.maybe("max_norm", lambda: m.pick(1, 2.5))
    m.maybe("norm_type", lambda: m.pick(1, 2.0))
    m.flag("scale_grad_by_freq")
    m.flag("sparse")
    x = m.any_rank(0)
    return m.done(T(x.sizes, m.pick("int", "int", "int64", "int32", "float", "bool", "int16")))


def flatten(m: Maker) -> Case:
    m.maybe("start_dim", lambda: m.number(-4, 4), 60)
    m.maybe("end_dim", lambda: m.number(-4, 4), 60)
    return m.done(m.any_rank(0 if m.chance(10) else 1))


def unflatten(m: Maker) -> Case:
    x = m.any_rank()
    dim = m.number(0, len(x.sizes) - 1)
    sizes = [m.number(1, 3) for _ in range(m.number(1, 3))]
    total = 1
    for size in sizes:
        total *= size
    shape = list(x.sizes)
    if m.chance(60):
        shape[dim] = total
    for i in range(len(sizes)):
        if m.chance(25):
            sizes[i] = m.pick(-1, -1, -1, 0, -2)
    if m.chance(10):
        dim = m.pick(-7, 7)
    elif m.chance(30):
        dim -= len(shape)
    m.arguments |= {"dim": dim, "unflattened_size": tuple(sizes) if m.chance(50) else sizes}
    return m.done(T(tuple(shape), x.dtype))


def shuffle(name: str, channels: bool, pixels: bool) -> Build:
    def build(m: Maker) -> Case:
        factor = m.number(1, 3)
        m.arguments[name] = factor
        lead = [m.number(1, 3) for _ in range(m.number(0, 2))]
        c, h, w = (m.number(1, 6) for _ in range(3))
        if channels and m.chance(60):
            c = factor * factor * m.number(1, 2)
        if pixels and m.chance(60):
            h, w = factor * m.number(1, 3), factor * m.number(1, 3)
        shape = (*lead, c, h, w)
        return m.done(T(shape[1:] if m.chance(15) else shape, m.dtype()))

    return build


def channel_shuffle(m: Maker) -> Case:
    m.arguments["groups"] = m.number(1, 3)
    x = m.any_rank()
    shape = list(x.sizes)
    if len(shape) > 1 and m.chance(50):
        shape[1] = m.arguments["groups"] * m.number(1, 3)
    return m.done(T(tuple(shape), x.dtype))


def upsample(m: Maker) -> Case:
    n = m.number(1, 3)
    if m.chance(30):
        m.arguments["size"] = m.per_axis(n, 1, 9)
    if not m.arguments or m.chance(10):
        factors = (1, 2, 3, 0.5, 1.5, 0.25, 0.7, 0.29, 2.0, 1 / 3)
        one: Any = m.pick(*factors)
        m.arguments["scale_factor"] = (
            one if m.chance(60) else tuple(m.pick(*factors) for _ in range(n))
        )
    fitting = {1: "linear", 2: "bilinear", 3: "trilinear"}[n]
    m.maybe("mode", lambda: m.pick(fitting, fitting, "nearest", "nearest-exact", "bicubic"), 70)
    m.flag("align_corners")
    m.flag("recompute_scale_factor", 15)
    return m.done(m.image(n))


def pad(n: int, negative: bool, value: bool = False) -> Build:
    high = {1: 5, 2: 4, 3: 2}[n]

    def build(m: Maker) -> Case:
        low = -2 if negative or m.chance(8) else 0
        if m.chance(40):
            m.arguments["padding"] = m.number(low, high)
        else:
            sides = [m.number(low, high) for _ in range(2 * n + (2 if m.chance(8) else 0))]
            m.arguments["padding"] = tuple(sides) if m.chance(50) else sides
        if value:
            m.arguments["value"] = m.pick(0, 1, 0.5, -2.5)
        return m.done(m.image(n, wrong=25))

    return build


def attention(m: Maker) -> Case:
    heads, first = m.number(1, 3), m.pick(True, False)
    m.arguments |= {"num_heads": heads, "batch_first": first}
    m.maybe("dropout", lambda: m.pick(0, 0.5), 15)
    m.flag("bias")
    m.flag("add_bias_kv")
    m.flag("add_zero_attn")
    embed = heads * m.number(1, 3) if m.chance(75) else m.number(1, 9)
    batch, queries, keys = m.number(1, 3), m.number(1, 4), m.number(1, 4)

    def tensor(length: int, width: int) -> T:
        b = m.number(1, 3) if m.chance(4) else batch
        shape = (b, length, width) if first else (length, b, width)
        return T(shape[1:] if m.chance(3) else shape, m.dtype() if m.chance(20) else "float")

    inputs = [tensor(queries, embed)]
    same = m.chance(50)
    if m.chance(50):
        inputs.append(tensor(keys, embed if same else m.number(1, 6)))
        if m.chance(50):
            width = embed if same else m.number(1, 6)
            inputs.append(tensor(m.number(1, 4) if m.chance(8) else keys, width))
    length = keys if len(inputs) > 1 else queries
    masks: list[T] = []
    if m.chance(50):
        kind = m.pick("bool", "float")
        off = 1 if m.chance(10) else 0
        padding: T = T((batch, length + off), "int" if m.chance(5) else kind)
        attend = T((queries, length + (1 if m.chance(8) else 0)), kind)
        if m.chance(40):
            attend = T((batch * heads, queries, length), kind)
        masks = [padding if m.chance(60) else T(None)]
        if m.chance(60):
            masks.append(attend)
        if masks[-1].shape is None:
            masks.pop()
    if masks:
        inputs += [T(None)] * (3 - len(inputs))
    return m.done(*inputs, *masks)


BOOLS = (True, False)
LAYERS: dict[str, Build] = {
    "Linear": linear,
    "Bilinear": bilinear,
    "Identity": elementwise(),
    "LayerNorm": layer_norm,
    "RMSNorm": last_axis,
    "GroupNorm": group_norm,
    "LocalResponseNorm": response_norm,
    "Embedding": embedding,
    "Flatten": flatten,
    "Unflatten": unflatten,
    "Upsample": upsample,
    "PixelShuffle": shuffle("upscale_factor", True, False),
    "PixelUnshuffle": shuffle("downscale_factor", False, True),
    "ChannelShuffle": channel_shuffle,
    "MultiheadAttention": attention,
    "Dropout": dropout(0),
    "AlphaDropout": dropout(0),
    "FeatureAlphaDropout": dropout(0),
    "PReLU": prelu,
    "Softmax": along_axis,
    "Softmin": along_axis,
    "LogSoftmax": along_axis,
    "Softmax2d": no_arguments(2),
    "GLU": gated,
    **dict.fromkeys(("Sigmoid", "LogSigmoid", "Tanh", "Tanhshrink", "Softsign"), elementwise()),
    **dict.fromkeys(
        ("ReLU", "ReLU6", "Hardsigmoid", "SiLU", "Mish", "Hardswish", "SELU"),
        elementwise(inplace=BOOLS),
    ),
    "GELU": elementwise(approximate=("none", "tanh", "sigmoid")),
    "ELU": elementwise(alpha=(1, 0.5, 0, -1), inplace=BOOLS),
    "CELU": elementwise(alpha=(1, 0.5, 0, -1), inplace=BOOLS),
    "LeakyReLU": elementwise(negative_slope=(0, 0.2, -1), inplace=BOOLS),
    "RReLU": elementwise(lower=(0, 0.1, 0.5), upper=(0.4, 0.6, 0.5), inplace=BOOLS),
    "Hardtanh": elementwise(min_val=(-2, 0), max_val=(2, 0, -3), inplace=BOOLS),
    "Threshold": elementwise(THRESHOLD=(0.1, 20), VALUE=(0, 0.5), inplace=BOOLS),
    "Softplus": elementwise(beta=(1, 2.5), threshold=(20, 1)),
    "Hardshrink": elementwise(lambd=(0.5, -1, 0)),
    "Softshrink": elementwise(lambd=(0.5, -1, 0)),
    **{f"Conv{n}d": conv(n) for n in (1, 2, 3)},
    **{f"ConvTranspose{n}d": conv_transpose(n) for n in (1, 2, 3)},
    **{f"BatchNorm{n}d": norm(n) for n in (1, 2, 3)},
    **{f"InstanceNorm{n}d": norm(n) for n in (1, 2, 3)},
    **{f"MaxPool{n}d": max_pool(n) for n in (1, 2, 3)},
    **{f"AvgPool{n}d": avg_pool(n) for n in (1, 2, 3)},
    **{
        f"Adaptive{kind}Pool{n}d": adaptive_pool(n, kind == "Max")
        for n in (1, 2, 3)
        for kind in ("Avg", "Max")
    },
    **{f"Dropout{n}d": dropout(n) for n in (1, 2, 3)},
    **{f"ZeroPad{n}d": pad(n, negative=True) for n in (1, 2, 3)},
    **{f"ConstantPad{n}d": pad(n, negative=True, value=True) for n in (1, 2, 3)},
    **{
        f"{kind}Pad{n}d": pad(n, negative=False)
        for n in (1, 2, 3)
        for kind in ("Reflection", "Replication", "Circular")
    },
}
