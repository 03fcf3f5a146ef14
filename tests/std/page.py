"""Writes docs/library.md from the files of `std`: `python -m tests.std.page`."""

from inspect import cleandoc
from pathlib import Path
from typing import Final

from archspec.source import SourceFile
from archspec.syntax import ast, parse
from archspec.syntax.expressions import flat

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "library.md"

INTRODUCTION: Final = """\
# The library

Blocks that come with archspec, as specs in [`archspec/std`](../archspec/std). They are written in
the language and nothing else, so that you can copy one and change it.

```arch segmenter.arch
use BasicBlock, ConvNormAct from std.conv
use ASPP from std.pyramid

model Segmenter(width = 32, classes = 21) {
    input image: float[B, 3, H, W] where H % 4 == 0, W % 4 == 0
    stem: ConvNormAct(width, stride=2)
    stage1: BasicBlock(width)
    stage2: BasicBlock(2 * width, stride=2)
    context: ASPP(2 * width, rates=[6, 12])
    head: Conv2d(classes, 1) -> interpolate(scale_factor=4, mode="bilinear")
    output logits: [B, classes, H, W]
}
```

Each block is compared with the same thing of torchvision, timm, transformers or torch, in values
and gradients (`tests/std`). This page is written by `python -m tests.std.page`.
"""


def page() -> str:
    """The page as the files of `std` give it."""
    parts = [INTRODUCTION]
    for file in sorted((ROOT / "archspec" / "std").glob("*.arch")):
        text = file.read_text(encoding="utf-8")
        parsed = parse(SourceFile(file.name, text)).file
        assert parsed is not None
        parts.append(f"## std.{file.stem}\n\n{text.splitlines()[0].lstrip('# ')}\n")
        for definition in parsed.definitions:
            if isinstance(definition, ast.Block):
                parts.append(_block(definition))
    return "\n".join(parts)


def _block(block: ast.Block) -> str:
    params = ", ".join(flat(param) for param in block.params)
    inputs = [s for s in block.body.statements if isinstance(s, ast.Input)]
    takes = ", ".join(f"`{flat(s.shape)}`" for s in inputs) or "what its layers take"
    doc = cleandoc(block.body.doc or "")
    return f"### `{block.name.id}({params})`\n\n{doc}\n\nTakes {takes}.\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
