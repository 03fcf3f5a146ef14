"""Calls of the rarer layers of images: windows at random, maxima put back, patches as columns."""

from typing import Any

from tests.layers.case import Case, T
from tests.layers.layer_cases import Build, Maker, norm


def power_pool(n: int) -> Build:
    def build(m: Maker) -> Case:
        m.arguments |= {
            "norm_type": m.pick(1, 2, 2.0, 3, 0),
            "kernel_size": m.per_axis(n, 1, 3 if n == 3 else 5),
        }
        m.maybe("stride", lambda: m.per_axis(n, 1, 6), 60)
        m.flag("ceil_mode", 50)
        if n == 1 and m.chance(80):
            for name in ("kernel_size", "stride"):
                if not isinstance(m.arguments.get(name, 1), int):
                    m.arguments[name] = m.number(1, 5)
        return m.done(m.image(n))

    return build


def fractional(n: int) -> Build:
    def build(m: Maker) -> Case:
        m.arguments["kernel_size"] = m.per_axis(n, 1, 5 - n)
        ratio = (0.5, 0.25, 0.75, 0.7, 1.5)
        if m.chance(50):
            m.arguments["output_size"] = m.per_axis(n, 1, {2: 5, 3: 2}[n])
        if "output_size" not in m.arguments or m.chance(8):
            one: Any = m.pick(*ratio)
            several = tuple(m.pick(*ratio) for _ in range(n))
            m.arguments["output_ratio"] = one if m.chance(60) else several
        m.flag("return_indices", 50)
        image = m.image(n)
        if n == 3 and m.chance(80):
            image = T(tuple(m.number(1, 2) + (4 if i > 1 else 0) for i in range(5)))
        return m.done(image)

    return build


def unpool(n: int) -> Build:
    def build(m: Maker) -> Case:
        m.arguments["kernel_size"] = m.per_axis(n, 1, 4)
        m.maybe("stride", lambda: m.per_axis(n, 1, 4), 60)
        m.maybe("padding", lambda: m.per_axis(n, 0, 2))
        image = m.image(n)
        shape = list(image.sizes)
        if m.chance(15):
            shape[m.number(0, len(shape) - 1)] = m.number(1, 4)
        return m.done(image, T(tuple(shape), m.pick(*("int",) * 9, "int32", "float")))

    return build


def options(m: Maker) -> None:
    m.arguments["kernel_size"] = m.per_axis(2, 1, 3)
    for name, high in (("dilation", 2), ("stride", 3)):
        m.maybe(name, lambda high=high: m.per_axis(2, 1, high))  # type: ignore[misc]
    m.maybe("padding", lambda: m.per_axis(2, 0, 2))


def unfold(m: Maker) -> Case:
    options(m)
    return m.done(m.image(2))


def fold(m: Maker) -> Case:
    options(m)
    m.arguments["output_size"] = m.per_axis(2, 1, 6)
    a = {name: two(m.arguments.get(name, 1)) for name in ("kernel_size", "dilation", "stride")}
    padding, size = two(m.arguments.get("padding", 0)), two(m.arguments["output_size"])
    count = 1
    for i in range(2):
        reach = a["dilation"][i] * (a["kernel_size"][i] - 1) + 1
        count *= max((size[i] + 2 * padding[i] - reach) // a["stride"][i] + 1, 0)
    rows = a["kernel_size"][0] * a["kernel_size"][1] * m.number(1, 3)
    shape = (m.number(1, 3), m.number(1, 9) if m.chance(12) else rows, max(count, 1))
    if m.chance(12):
        shape = (*shape[:2], m.number(1, 9))
    return m.done(T(shape[1:] if m.chance(6) else shape, m.dtype()))


def two(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


def upsampling(m: Maker) -> Case:
    if m.chance(50):
        m.arguments["size"] = m.per_axis(2, 1, 9)
    if not m.arguments or m.chance(10):
        factors = (1, 2, 3, 0.5, 1.5, 0.25, 0.7, 0.29, 2.0, 1 / 3)
        one: Any = m.pick(*factors)
        m.arguments["scale_factor"] = one if m.chance(60) else (one, m.pick(*factors))
    return m.done(m.image(2, wrong=30))


def response(m: Maker) -> Case:
    m.arguments["size"] = m.number(0 if m.chance(30) else 1, 4)
    for name in ("alpha", "beta", "k"):
        m.maybe(name, lambda: m.pick(1, 0.5))
    return m.done(m.image(2, wrong=45))


def synchronised(m: Maker) -> Case:
    case = norm(m.number(1, 3))(m)
    x = m.any_rank(wrong=45) if m.chance(70) else case.tensors[0]
    return Case((x,), case.arguments, case.corrupted)


CASES: dict[str, Build] = {
    **{f"LPPool{n}d": power_pool(n) for n in (1, 2, 3)},
    **{f"FractionalMaxPool{n}d": fractional(n) for n in (2, 3)},
    **{f"MaxUnpool{n}d": unpool(n) for n in (1, 2, 3)},
    "Unfold": unfold,
    "Fold": fold,
    "UpsamplingNearest2d": upsampling,
    "UpsamplingBilinear2d": upsampling,
    "CrossMapLRN2d": response,
    "SyncBatchNorm": synchronised,
}
