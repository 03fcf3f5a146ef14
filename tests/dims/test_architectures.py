"""The obligations of published architectures, decided as they should be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pytest

from archspec.dims import (
    Condition,
    Dim,
    Domain,
    Domains,
    Proven,
    Refuted,
    Verdict,
    at_least,
    ceil_div,
    divisible,
    equal,
    satisfying,
    satisfying_lower,
    satisfying_residues,
)

H, W, T, C, B = (Dim.symbol(name) for name in "HWTCB")
ANY = Domains()


def conv(x: Dim, k: int, s: int = 1, p: int = 0, d: int = 1) -> Dim:
    return (x + 2 * p - d * (k - 1) - 1) // s + 1


def pool(x: Dim, k: int, s: int | None = None, p: int = 0) -> Dim:
    return conv(x, k, s or k, p)


def pool_ceil(x: Dim, k: int, s: int) -> Dim:
    return ceil_div(x - k, s) + 1


def deconv(x: Dim, k: int, s: int, p: int = 0, extra: int = 0) -> Dim:
    return (x - 1) * s - 2 * p + k + extra


def down(x: Dim, times: int) -> Dim:
    for _ in range(times):
        x = pool(x, 2)
    return x


def stem(x: Dim) -> Dim:
    return pool(conv(x, 7, 2, 3), 3, 2, 1)


def multiple(n: int, *names: str) -> Domains:
    domains = ANY
    for name in names or ("H",):
        domains = domains.with_residue(name, n, 0)
    return domains


def padded(x: Dim, window: int) -> Dim:
    return x + (window - x % window) % window


PROVEN = [
    ("unet, depth 4", lambda: equal(deconv(down(H, 4), 2, 2), down(H, 3), multiple(16))),
    ("unet, depth 4, full size", lambda: equal(deconv(down(H, 1), 2, 2), H, multiple(16))),
    ("unet, depth 5", lambda: equal(2 * down(H, 5), down(H, 4), multiple(32))),
    ("unet, odd multiple of 16", lambda: equal(
        2 * down(H, 4), down(H, 3), ANY.with_residue("H", 32, 16))),
    ("unet, output is input", lambda: equal(16 * down(H, 4), H, multiple(16))),
    ("unet padded to 16", lambda: equal(2 * down(padded(H, 16), 4), down(padded(H, 16), 3), ANY)),
    ("resnet, projection and body agree", lambda: equal(
        conv(H, 1, 2), conv(H, 3, 2, 1), ANY)),
    ("resnet, stride 1 keeps", lambda: equal(conv(H, 3, 1, 1), H, ANY)),
    ("resnet, layer 4 projection", lambda: equal(
        conv(conv(conv(stem(H), 3, 2, 1), 3, 2, 1), 1, 2),
        conv(conv(conv(stem(H), 3, 2, 1), 3, 2, 1), 3, 2, 1), ANY)),
    ("resnet, dilated stage keeps", lambda: equal(conv(stem(H), 3, 1, 2, 2), stem(H), ANY)),
    ("resnet, any size gives one pixel", lambda: at_least(
        conv(conv(conv(stem(H), 3, 2, 1), 3, 2, 1), 3, 2, 1), 1, ANY)),
    ("resnet, stem of 224", lambda: equal(stem(H), 56, ANY.with_value("H", 224))),
    ("fpn, upsampled to the finer level", lambda: equal(
        2 * conv(stem(H), 3, 2, 1), stem(H), multiple(32))),
    ("fpn, coarsest level", lambda: equal(
        2 * conv(conv(conv(stem(H), 3, 2, 1), 3, 2, 1), 3, 2, 1),
        conv(conv(stem(H), 3, 2, 1), 3, 2, 1), multiple(32))),
    ("densenet, layers keep the size", lambda: equal(
        conv(conv(stem(H), 1), 3, 1, 1), stem(H), ANY)),
    ("densenet, last pool", lambda: at_least(down(stem(H), 3), 1, ANY.with_lower("H", 29))),
    ("inception, branches agree", lambda: equal(conv(H, 3, 2), pool(H, 3, 2), ANY)),
    ("inception, 5x5 against 1x1", lambda: equal(conv(H, 5, 1, 2), conv(H, 1), ANY)),
    ("googlenet, ceil mode", lambda: equal(pool_ceil(H, 3, 2), H // 2, ANY)),
    ("vit, patches", lambda: equal(16 * conv(H, 16, 16), H, multiple(16))),
    ("vit, tokens", lambda: equal(
        conv(H, 16, 16) * conv(W, 16, 16) * 256, H * W, multiple(16, "H", "W"))),
    ("vit, heads", lambda: divisible(64 * C, 12, ANY.with_residue("C", 3, 0))),
    ("vit, 14x14", lambda: equal(
        conv(H, 16, 16) * conv(W, 16, 16) + 1, 197,
        ANY.with_value("H", 224).with_value("W", 224))),
    ("swin, windows", lambda: divisible(H // 4, 7, multiple(28))),
    ("swin, windows of padded maps", lambda: divisible(padded(H, 7), 7, ANY)),
    ("swin, padding covers", lambda: at_least(padded(H, 7), H, ANY)),
    ("swin, padding is less than a window", lambda: at_least(H + 6, padded(H, 7), ANY)),
    ("swin, windows hold all pixels", lambda: equal(
        B * (H // 28) * (W // 28) * 49 * C, B * (H // 4) * (W // 4) * C, multiple(28, "H", "W"))),
    ("swin, merging keeps all", lambda: equal(
        4 * (H // 8) * (W // 8), (H // 4) * (W // 4), multiple(8, "H", "W"))),
    ("pixel shuffle undone", lambda: equal(3 * H // 3, H, ANY)),
    ("pixel unshuffle and shuffle", lambda: equal(2 * (H // 2), H, multiple(2))),
    ("pixel shuffle channels", lambda: divisible(9 * C, 9, ANY)),
    ("deconv 4, 2, 1 doubles", lambda: equal(deconv(H, 4, 2, 1), 2 * H, ANY)),
    ("deconv undoes conv with output padding", lambda: equal(
        deconv(conv(H, 3, 2, 1), 3, 2, 1, 1), H, multiple(2))),
    ("deconv undoes odd sizes without", lambda: equal(
        deconv(conv(H, 3, 2, 1), 3, 2, 1), H, ANY.with_residue("H", 2, 1))),
    ("halves make the whole", lambda: equal(H // 2 + ceil_div(H, 2), H, ANY)),
    ("thirds make the whole", lambda: equal(H // 3 + (H + 1) // 3 + (H + 2) // 3, H, ANY)),
    ("attention, heads", lambda: equal((3 * C) // 3, C, ANY)),
    ("attention, split and merge", lambda: equal(8 * (C // 8), C, multiple(8, "C"))),
    ("gpt, context", lambda: at_least(1024, T, ANY.with_upper("T", 1024))),
    ("group norm", lambda: divisible(2 * C, 32, multiple(16, "C"))),
    ("depthwise", lambda: divisible(B * C, C, ANY)),
    ("odd product", lambda: divisible(C * (C + 1), 2, ANY)),
    ("hrnet, branch", lambda: equal(4 * conv(conv(H, 3, 2, 1), 3, 2, 1), H, multiple(4))),
    ("wavenet, causal", lambda: equal(conv(T + 2 * 8, 3, 1, 0, 8), T, ANY)),
    ("conformer, subsampling", lambda: at_least(
        conv(conv(T, 3, 2), 3, 2), 1, ANY.with_lower("T", 7))),
]  # fmt: skip

REFUTED: list[tuple[str, Callable[[], Verdict], dict[str, int]]] = [
    ("unet, any size", lambda: equal(2 * down(H, 1), H, ANY), {"H": 1}),
    ("unet, from 16 up", lambda: equal(
        4 * down(H, 2), H, ANY.with_lower("H", 16)), {"H": 17}),
    ("unet, only 8 promised", lambda: equal(
        2 * down(H, 4), down(H, 3), multiple(8).with_lower("H", 16)), {"H": 24}),
    ("unet, the width", lambda: equal(
        2 * down(W, 4) + 0 * H, down(W, 3), multiple(16, "H")), {"W": 8}),
    ("fpn, any size", lambda: equal(2 * conv(H, 3, 2, 1), H, ANY), {"H": 1}),
    ("fpn, even sizes are not enough", lambda: equal(
        2 * conv(conv(H, 3, 2, 1), 3, 2, 1), conv(H, 3, 2, 1), multiple(2)), {"H": 2}),
    ("resnet, no padding", lambda: equal(conv(H, 3), H, ANY), {"H": 1}),
    ("resnet, projection without stride", lambda: equal(
        conv(H, 1), conv(H, 3, 2, 1), ANY), {"H": 2}),
    ("densenet, small images", lambda: at_least(down(stem(H), 3), 1, ANY), {"H": 1}),
    ("densenet, from 28 up", lambda: at_least(
        down(stem(H), 3), 1, ANY.with_lower("H", 28)), {"H": 28}),
    ("channels", lambda: equal(64 * B, 128 * B, ANY), {"B": 1}),
    ("vit, any size", lambda: equal(16 * conv(H, 16, 16), H, ANY), {"H": 1}),
    ("vit, heads", lambda: divisible(C, 12, ANY), {"C": 1}),
    ("vit, heads, even widths", lambda: divisible(C, 12, multiple(2, "C")), {"C": 2}),
    ("vit, 100 by 12", lambda: divisible(100, 12, ANY), {}),
    ("swin, maps of 4", lambda: divisible(H // 4, 7, multiple(4)), {"H": 4}),
    ("swin, merging", lambda: equal(
        4 * (H // 2) * (W // 2), H * W, multiple(2, "H")), {"H": 2, "W": 1}),
    ("pixel shuffle channels", lambda: divisible(C, 4, multiple(2, "C")), {"C": 2}),
    ("deconv 3, 2, 1", lambda: equal(deconv(conv(H, 3, 2, 1), 3, 2, 1), H, ANY), {"H": 2}),
    ("gpt, no bound", lambda: at_least(1024, T, ANY), {"T": 1025}),
    ("height is not width", lambda: equal(H, W, ANY), {"H": 1, "W": 2}),
    ("one in any case", lambda: equal(C, 1, ANY), {"C": 2}),
    ("kernel 7 unpadded", lambda: at_least(conv(H, 7), 1, ANY), {"H": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "ask"), PROVEN, ids=[name for name, _ in PROVEN])
def test_proven(name: str, ask: Callable[[], Verdict]) -> None:
    assert ask() == Proven()


@pytest.mark.parametrize(("name", "ask", "smallest"), REFUTED, ids=[one[0] for one in REFUTED])
def test_refuted(name: str, ask: Callable[[], Verdict], smallest: dict[str, int]) -> None:
    assert ask() == Refuted(smallest)


def test_two_thousand_layers() -> None:
    domains = multiple(32, "H", "W")
    sizes: tuple[Dim, ...] = (H, W)
    skip = sizes
    for layer in range(2_000):
        stride = 2 if layer in (3, 700, 1_300, 1_900) else 1
        sizes = tuple(conv(size, 3, stride, 1) for size in sizes)
        skip = sizes if stride == 2 else skip
        assert all(at_least(size, 1, domains) == Proven() for size in sizes)
        if layer % 4 == 3:
            assert all(equal(a, b, domains) == Proven() for a, b in zip(sizes, skip, strict=True))
    assert equal(16 * sizes[0], H, domains) == Proven()


# --- inference -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    kind: Literal["equal", "divisible", "at_least"]
    left: Dim
    right: Dim


def unet_claims(x: Dim, depth: int) -> list[Claim]:
    return [Claim("equal", 2 * down(x, i + 1), down(x, i)) for i in range(depth)]


def test_the_weakest_residues() -> None:
    assert satisfying_residues(unet_claims(H, 4), "H", ANY) == Domain(1, None, 16)
    assert satisfying_residues(unet_claims(H, 4), "H", multiple(8)) == Domain(1, None, 16)
    assert satisfying_residues(unet_claims(H, 4)[3:], "H", ANY) == Domain(
        1, None, 16, frozenset(range(8))
    )
    odd = [Claim("equal", deconv(conv(H, 3, 2, 1), 3, 2, 1), H)]
    assert satisfying_residues(odd, "H", ANY) == Domain(1, None, 2, frozenset({1}))
    assert satisfying_residues([Claim("divisible", 2 * C, Dim.of(12))], "C", ANY) == Domain(
        1, None, 6
    )


def test_no_size_aligns() -> None:
    found = satisfying_residues([Claim("equal", conv(H, 3), H)], "H", ANY)
    assert found is not None
    assert found.empty


def test_residues_of_several_sizes() -> None:
    tokens = Claim("equal", 256 * (H // 16) * (W // 16), H * W)
    assert satisfying([tokens], ANY) == Condition(multiple(16, "H", "W"), weakest=True)
    assert satisfying([*unet_claims(H, 3), *unet_claims(W, 2)], ANY) == Condition(
        ANY.with_residue("H", 8, 0).with_residue("W", 4, 0), weakest=True
    )
    assert satisfying([Claim("equal", H, W)], ANY) is None


def test_the_size_from_which_it_fits() -> None:
    def fits(x: Dim) -> list[Claim]:
        return [Claim("at_least", x, Dim.of(1))]

    assert satisfying_lower(fits(conv(H, 7)), "H", ANY) == 7
    assert satisfying_lower(fits(down(stem(H), 3)), "H", ANY) == 29
    assert satisfying_lower(fits(H), "H", ANY) == 1
    assert satisfying_lower(fits(5 - H), "H", ANY) is None
    assert satisfying_lower(fits(H - 40), "H", ANY.with_upper("H", 30)) is None
