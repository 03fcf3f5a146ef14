"""Hostile and mistaken specs end soon, with one clear diagnostic."""

import os
from pathlib import Path

import pytest

from archspec.diagnostics import Diagnostic
from archspec.elaborate import Limits
from archspec.pipeline import check, load_file
from tests.support.checking import codes_within, faults, net

DOUBLING = "a0 = [0, 0]\n" + "\n".join(f"a{i + 1} = [a{i}, a{i}]" for i in range(60))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("for i in 0..<10 ** 12 { ReLU }", "A0203"),
        ("for i in 0..<100000 { for j in 0..<100000 { y = i } }", "A0203"),
        ("w = 2 ** 10 ** 9\nLinear(w)", "A0203"),
        ("w = 10 ** 80\nLinear(w)", "A0203"),
        ("w = [0] * 10 ** 9\nReLU", "A0203"),
        ('w = "ab" * 10 ** 9\nReLU', "A0203"),
        ("w = [[i, j] for i in 0..<1000 for j in 0..<10]\nReLU", "A0001"),
        ("w = [[0] * 1000] * 1000\nReLU", "A0203"),
        (f"{DOUBLING}\nReLU", "A0203"),
        (f"{DOUBLING}\nif a60 == a59 {{ ReLU }}", "A0203"),
        ("w = f(3)\nLinear(w)", "A0203"),
        ("w = g(3)\nLinear(w)", "A0203"),
        ("Loop", "A0113"),
        ("LoopA", "A0113"),
        ("LoopInside", "A0113"),
        ("inline LoopInline", "A0113"),
        ("Deep(10 ** 6)", "A0113"),
        ("Linear(2 ** 200)", None),
        ("x[:, ::2] -> Linear(10 ** 30)", None),
        ("reshape(x, [B, 4, 2 ** 300])", "A0203"),
    ],
)
def test_it_ends(body: str, code: str | None) -> None:
    definitions = """
fn f(n) = f(n + 1)

fn g(n) = h(n)

fn h(n) = g(n) + 1

block Loop { Loop }

block LoopA { residual { LoopB } }

block LoopB { g: { for i in 0..<1 { LoopA } } }

block LoopInside { if true { a: { residual { dense { for i in 0..<1 { LoopInside } } } } } }

block LoopInline { inline LoopInline }

block Deep(n) { if n > 0 { Deep(n - 1) } }

"""
    found = faults(definitions + net(body))
    assert [f.split()[0] for f in found] == ([code] if code else [])


def test_a_million_rounds() -> None:
    body = "for i in 0..<1000 { for j in 0..<1000 { w = i + j } }\nLinear(4)"
    assert codes_within(net(body), Limits(steps=100_000)) == ["A0203"]


def test_too_many_nodes() -> None:
    body = "for i in 0..<100 { ReLU }"
    assert codes_within(net(body), Limits(nodes=50)) == ["A0203"]
    assert codes_within(net(body), Limits(nodes=101)) == []


def test_recursion_that_ends_is_allowed() -> None:
    block = "block Deep(n) {\n    fc: Linear(16)\n    if n > 1 { next: Deep(n - 1) }\n}\n\n"
    assert faults(block + net("Deep(20)")) == []


@pytest.mark.parametrize(
    "layer",
    [
        "Conv2d(8, {n})", "Conv2d(8, 3, stride={n})", "Conv2d(8, 3, padding={n})",
        "Conv2d(8, 3, dilation={n})", "MaxPool2d({n})", "AdaptiveAvgPool2d({n})", "Conv2d({n}, 3)",
        "ConvTranspose2d(8, {n})", "GroupNorm({n})", "interpolate(size={n})",
        "Upsample(scale_factor={n})", "repeat(1, {n}, 1, 1)", "pad([{n}, {n}])",
        "PixelShuffle({n})",
        "chunk({n}, dim=1)", "x[:, {n}]", "reshape(B, {n})", "Unflatten(1, [3, {n}])",
    ],
)  # fmt: skip
@pytest.mark.parametrize("n", [0, -1, 10**12, 2**70, 2**250])
def test_enormous_arguments(layer: str, n: int) -> None:
    text = net(f"y = x -> {layer.format(n=n)}\noutput x", "input x: float[B, 3, H, W]")
    text = text.replace(f"x -> x[:, {n}]", f"x[:, {n}]")
    assert len(faults(text)) <= 1


@pytest.mark.parametrize(
    "layer",
    [
        "split(1, dim=1)", "unbind(1)", "chunk(2, dim=1)", "Flatten", "Conv2d(8, 3)", "cumsum(1)",
        "AdaptiveAvgPool2d(7)", "MaxPool2d(2)", "permute(1, 0, 2, 3)", "mean(dim=1)",
        "GroupNorm(7)",
        'rearrange("b (h d) x y -> b h d x y", h=3)', "LayerNorm", "MultiheadAttention(3)",
    ],
)  # fmt: skip
def test_enormous_inputs(layer: str) -> None:
    for size in (10**12, 2**61 - 1, 2**250):
        text = net(f"y = x -> {layer}\noutput x", f"input x: float[B, {size}, {size}, {size}]")
        assert len(faults(text)) <= 1


def test_large_moduli_are_refused_or_decided() -> None:
    for where in ("H % 1000003 == 5", "H % 1000000007 == 1", "H % 2 ** 60 == 0", "H % 30030 == 7"):
        text = net(
            "MaxPool2d(2) -> ConvTranspose2d(3, 2, stride=2)\nreuse x by add",
            f"input x: float[B, 3, H, W] where {where}, W % 2 == 0, H >= 9",
        )
        assert len(faults(text)) <= 1


def test_deep_strides_are_told_apart_soon() -> None:
    """Sizes divided by 6 ** 24 differ, and no search for the smallest such input is needed."""
    block = "residual { Conv2d(8, 3, stride=6, padding=1) } align { Conv2d(8, 1, stride=6) }"
    text = net(f"for i in 0..<24 {{ {block} }}", "input x: float[B, 8, H, W]")
    assert faults(text) == []


def test_unicode_names() -> None:
    found = faults("model Net {\n    input größe: [B, 4]\n    Linear(4)\n}\n")
    assert len(found) <= 1


# --- imports -------------------------------------------------------------------------------------


def messages(folder: Path, path: str) -> list[Diagnostic]:
    (folder / "net.arch").write_text(f'use Unit from "{path}"\n\n' + net("Unit"))
    return list(check(load_file(folder / "net.arch")))


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd", "/etc/passwd", "missing.arch", "folder.arch", "loop.arch", "pipe.arch",
        "device.arch", "bytes.arch", "x" * 5000 + ".arch", "", ".", "..", ".arch", "a/b/c.arch",
        "~/x.arch", "net.arch/x.arch", "locked/\\u0000.arch",
    ],
)  # fmt: skip
def test_imports_that_are_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "folder.arch").mkdir()
    (tmp_path / "loop.arch").symlink_to(tmp_path / "loop.arch")
    os.mkfifo(tmp_path / "pipe.arch")
    (tmp_path / "device.arch").symlink_to("/dev/zero")
    (tmp_path / "bytes.arch").write_bytes(b"\xff\xfe\x00")
    (found,) = messages(tmp_path, path)
    assert found.code in ("A0111", "A0001")
    assert found.primary is not None


def test_a_long_chain_of_imports(tmp_path: Path) -> None:
    for i in range(300):
        (tmp_path / f"f{i}.arch").write_text(f'use Unit from "f{i + 1}.arch"\n')
    assert [d.code for d in messages(tmp_path, "f0.arch")] == ["A0203"]


def test_a_diamond_of_imports_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "base.arch").write_text("block Base { Linear(3) }\n")
    for side in "ab":
        text = f'use Base from "base.arch"\n\nblock Side{side} {{ Base }}\n'
        (tmp_path / f"{side}.arch").write_text(text)
    uses = 'use Sidea from "a.arch"\nuse Sideb from "b.arch"\n\n'
    (tmp_path / "net.arch").write_text(uses + net("Sidea -> Sideb"))
    assert check(load_file(tmp_path / "net.arch")) == ()


def test_circles(tmp_path: Path) -> None:
    (tmp_path / "b.arch").write_text('use C from "c.arch"\n\nblock Unit { ReLU }\n')
    (tmp_path / "c.arch").write_text('use Unit from "b.arch"\n\nblock C { ReLU }\n')
    assert [d.code for d in messages(tmp_path, "b.arch")] == ["A0110"]
    assert [d.code for d in messages(tmp_path, "net.arch")] == ["A0110"]
