"""The gallery of figures, docs/gallery: `make gallery` writes it, tests compare it."""

from dataclasses import dataclass

from archspec.backends.diagram.figure import make_scene
from archspec.backends.diagram.options import make_options
from archspec.backends.diagram.svg import write_svg
from archspec.backends.diagram.theme import load_theme
from archspec.files import write_atomically
from archspec.pipeline import build_graph, load_file
from tests.support.zoo import ROOT

FOLDER = ROOT / "docs" / "gallery"


@dataclass(frozen=True, slots=True)
class Figure:
    """A model of `specs/SPEC.arch`, and what its figure shows."""

    spec: str
    model: str
    shows: str
    block: str = ""

    @property
    def name(self) -> str:
        return f"{self.model}-{self.block}.svg" if self.block else f"{self.model}.svg"

    @property
    def command(self) -> str:
        view = f" --view block={self.block}" if self.block else ""
        return f"archspec diagram specs/{self.spec}.arch -m {self.model}{view}"


FIGURES = (
    Figure("densenet", "DenseNet121", "dense blocks: every layer reads all before it"),
    Figure("resnet", "ResNet50", "residual blocks with and without a projection, repeated"),
    Figure("resnet", "ResNet18", "residual blocks of two convolutions"),
    Figure("unet", "OriginalUNet", "a U: skips from the encoder, cropped, at equal height"),
    Figure("unet_resnet34", "UNetResNet34", "a U whose encoder is a ResNet"),
    Figure("inception", "InceptionV3", "branches that are concatenated"),
    Figure("googlenet", "GoogLeNet", "inception blocks, repeated"),
    Figure("squeezenet", "SqueezeNet1_0", "fire blocks: squeeze, then two kernels side by side"),
    Figure("segmentation", "DeepLabV3_ResNet50", "parallel rates of dilation"),
    Figure("mobilenetv2", "MobileNetV2", "inverted residuals"),
    Figure("highway", "HighwayNetwork", "gates between what is new and what came in"),
    Figure("vit", "ViT_B_16", "a Transformer of patches"),
    Figure("swin", "Swin_T", "windows of attention in stages"),
    Figure("gpt2", "GPT2", "a Transformer whose head is tied to its embedding"),
    Figure("siamese", "Siamese", "one encoder for two inputs"),
    Figure("multitask", "MultiTask", "one trunk for several heads"),
    Figure("byol", "BYOL", "a slow copy of the encoder, without gradients"),
    Figure("vovnet", "VoVNet39a", "layers whose outputs are all joined at the end"),
    Figure("finetune", "Finetune", "a frozen trunk and a new head"),
)


def drawn(figure: Figure) -> str:
    """The figure as SVG."""
    built = build_graph(load_file(ROOT / "specs" / f"{figure.spec}.arch"), figure.model)
    options = make_options(f"block={figure.block}" if figure.block else "overview")
    scene = make_scene(built.graph, options, built.entry.block.body.doc or "")
    return write_svg(scene, load_theme("light"))


def page() -> str:
    lines = [
        "# Gallery",
        "",
        "Figures as `archspec diagram` draws them, with nothing changed by hand. "
        "[diagrams.md](../diagrams.md) shows",
        "what the signs mean; `make gallery` draws them again.",
        "",
        "| Model | What to see | Made by |",
        "| --- | --- | --- |",
    ]
    lines += [f"| [{f.model}]({f.name}) | {f.shows} | `{f.command}` |" for f in FIGURES]
    return "\n".join([*lines, ""])


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for figure in FIGURES:
        write_atomically(FOLDER / figure.name, drawn(figure))
    write_atomically(FOLDER / "README.md", page())
    known = {"README.md", *(figure.name for figure in FIGURES)}
    for file in FOLDER.iterdir():
        if file.name not in known:
            file.unlink()


if __name__ == "__main__":
    main()
