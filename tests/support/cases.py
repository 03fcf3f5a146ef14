"""The models of `specs/` and what each is compared with: one table per source.

A row is all that a model needs: the parity tests, the counts and the page `docs/zoo.md` read these
tables. How the models of a source are built is in `references.py`.
"""

from typing import Final

from tests.support.zoo import Case

#: Compared with torchvision in full: names, numbers, outputs, gradients.
TORCHVISION: Final = (
    Case("densenet", "DenseNet121", "densenet121"),
    Case("densenet", "DenseNet161", "densenet161", exhaustive=True),
    Case("densenet", "DenseNet169", "densenet169", exhaustive=True),
    Case("densenet", "DenseNet201", "densenet201", exhaustive=True),
    Case("resnet", "ResNet18", "resnet18"),
    Case("resnet", "ResNet34", "resnet34", exhaustive=True),
    Case("resnet", "ResNet50", "resnet50", image=32),
    Case("resnet", "ResNet101", "resnet101", exhaustive=True),
    Case("resnet", "ResNet152", "resnet152", exhaustive=True),
    Case("resnet", "ResNeXt50_32x4d", "resnext50_32x4d", exhaustive=True),
    Case("resnet", "WideResNet50_2", "wide_resnet50_2", exhaustive=True),
)

#: Compared with a library's model in full.
PARITY: Final = TORCHVISION

#: Compared with published numbers only; some have tests of their own, as GPT-2.
COUNTED: Final = (
    Case("unet", "OriginalUNet", "unet_original_valid_convs", source="paper"),
    Case("gpt2", "GPT2", "gpt2", source="transformers"),
    Case("gpt2", "GPT2Medium", "gpt2-medium", source="transformers"),
    Case("gpt2", "GPT2Large", "gpt2-large", source="transformers"),
    Case("gpt2", "GPT2XL", "gpt2-xl", source="transformers"),
)

ZOO: Final = (*PARITY, *COUNTED)
