"""The models of `specs/` and what each is compared with: one table per source.

A row is all that a model needs: the parity tests, the counts and the page `docs/zoo.md` read these
tables. How the models of a source are built is in `references.py`.
"""

from typing import Final

from tests.support.zoo import Case

#: Without initial weights that take long to draw.
QUICK: Final = {"init_weights": False}
UNTRAINED: Final = {"weights_backbone": None}

#: Compared with torchvision in full: names, numbers, outputs, gradients.
TORCHVISION: Final = (
    Case("alexnet", "AlexNet", "alexnet", double=False, exhaustive=True),
    Case("vgg", "VGG11", "vgg11", image=32, double=False, exhaustive=True),
    Case("vgg", "VGG16", "vgg16", image=32, double=False, exhaustive=True),
    Case("vgg", "VGG19", "vgg19", image=32, double=False, exhaustive=True),
    Case("vgg", "VGG16BN", "vgg16_bn", image=32, double=False, exhaustive=True),
    Case("squeezenet", "SqueezeNet1_0", "squeezenet1_0"),
    Case("squeezenet", "SqueezeNet1_1", "squeezenet1_1", exhaustive=True),
    Case("googlenet", "GoogLeNet", "googlenet", options={**QUICK, "aux_logits": False}),
    Case(
        "googlenet",
        "GoogLeNetAuxiliary",
        "googlenet",
        options={**QUICK, "aux_logits": True},
        inference={"auxiliary": False},
        listed=False,
    ),
    Case(
        "inception",
        "InceptionV3",
        "inception_v3",
        image=299,
        options=QUICK,
        inference={"auxiliary": False},
        exhaustive=True,
    ),
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
    Case("mobilenetv2", "MobileNetV2", "mobilenet_v2"),
    Case("mnasnet", "MnasNet0_5", "mnasnet0_5"),
    Case("mnasnet", "MnasNet0_75", "mnasnet0_75", exhaustive=True),
    Case("mnasnet", "MnasNet", "mnasnet1_0", exhaustive=True),
    Case("mnasnet", "MnasNet1_3", "mnasnet1_3", exhaustive=True),
    Case("shufflenetv2", "ShuffleNetV2_0_5", "shufflenet_v2_x0_5"),
    Case("shufflenetv2", "ShuffleNetV2_1_0", "shufflenet_v2_x1_0", exhaustive=True),
    Case("shufflenetv2", "ShuffleNetV2_1_5", "shufflenet_v2_x1_5", exhaustive=True),
    Case("shufflenetv2", "ShuffleNetV2_2_0", "shufflenet_v2_x2_0", exhaustive=True),
    Case("mobilenetv3", "MobileNetV3Small", "mobilenet_v3_small"),
    Case("mobilenetv3", "MobileNetV3Large", "mobilenet_v3_large", exhaustive=True),
    Case("efficientnet", "EfficientNetB0", "efficientnet_b0", image=32),
    *(
        Case(
            "efficientnet",
            f"EfficientNetB{i}",
            f"efficientnet_b{i}",
            image=32,
            size=size,
            exhaustive=True,
        )
        for i, size in enumerate((240, 288, 300, 380, 456, 528, 600), start=1)
    ),
    Case("efficientnet", "EfficientNetV2S", "efficientnet_v2_s", image=32, exhaustive=True),
    *(
        Case(
            "regnet",
            f"RegNet{size}",
            f"regnet_{size[0]}_{size[1:]}".lower(),
            image=32,
            exhaustive=size != "Y400MF",
        )
        for size in (
            *("X400MF", "X800MF", "X1_6GF", "X3_2GF", "X8GF"),
            *("Y400MF", "Y800MF", "Y1_6GF", "Y3_2GF", "Y8GF"),
        )
    ),
    Case("convnext", "ConvNeXtTiny", "convnext_tiny", image=32),
    Case("convnext", "ConvNeXtSmall", "convnext_small", image=32, exhaustive=True),
    Case("convnext", "ConvNeXtBase", "convnext_base", image=32, exhaustive=True),
    Case("convnext", "ConvNeXtLarge", "convnext_large", image=32, double=False, exhaustive=True),
    Case(
        "segmentation",
        "FCN_ResNet50",
        "fcn_resnet50",
        options={**UNTRAINED, "aux_loss": True},
        exhaustive=True,
    ),
    Case(
        "segmentation",
        "DeepLabV3_ResNet50",
        "deeplabv3_resnet50",
        options={**UNTRAINED, "aux_loss": True},
        exhaustive=True,
    ),
    Case("lraspp", "LRASPP", "lraspp_mobilenet_v3_large", options=UNTRAINED),
    Case(
        "vit",
        "ViT_B_16",
        "vit_b_16",
        image=224,
        small={"patch": 8, "dim": 32, "depth": 2, "heads": 4, "side": 32, "classes": 10},
    ),
    Case("vit", "ViT_B_32", "vit_b_32", image=224, exhaustive=True),
    Case("vit", "ViT_L_16", "vit_l_16", image=224, double=False, exhaustive=True),
    Case(
        "swin",
        "Swin_T",
        "swin_t",
        image=224,
        small={
            "dim": 8,
            "depths": [2, 2],
            "heads": [2, 4],
            "window": 4,
            "side": 44,  # neither 11 nor 6 patches a side are windows of 4
            "drop": 0.3,
            "classes": 10,
        },
    ),
    Case("maxvit", "MaxViT_T", "maxvit_t", image=224, exhaustive=True),
    Case("swin", "Swin_S", "swin_s", image=224, exhaustive=True),
    Case("swin", "Swin_B", "swin_b", image=224, exhaustive=True),
    Case(
        "swin_v2",
        "Swin_V2_T",
        "swin_v2_t",
        image=256,
        small={
            "dim": 8,
            "depths": [2, 2],
            "heads": [2, 4],
            "window": 4,
            "side": 44,
            "drop": 0.3,
            "classes": 10,
        },
    ),
)

#: Compared with timm in full.
TIMM: Final = (
    Case("vovnet", "VoVNet39a", "vovnet39a", "timm"),
    Case(
        "mixer",
        "Mixer_B_16",
        "mixer_b16_224",
        "timm",
        image=224,
        small={"patch": 8, "dim": 32, "depth": 2, "tokens": 16, "side": 32, "classes": 10},
    ),
    Case("mixer", "Mixer_S_16", "mixer_s16_224", "timm", image=224, exhaustive=True),
    Case("mixer", "Mixer_S_32", "mixer_s32_224", "timm", image=224, exhaustive=True),
    Case("mixer", "Mixer_B_32", "mixer_b32_224", "timm", image=224, exhaustive=True),
    Case("mixer", "Mixer_L_16", "mixer_l16_224", "timm", image=224, double=False, exhaustive=True),
    Case("mixer", "Mixer_L_32", "mixer_l32_224", "timm", image=224, double=False, exhaustive=True),
)

#: Compared with segmentation-models-pytorch in full.
SEGMENTATION: Final = (
    Case("unet_resnet34", "UNetResNet34", "resnet34", "segmentation-models-pytorch", listed=False),
)

#: Compared with transformers in full.
TRANSFORMERS: Final = (
    Case(
        "bert",
        "BERT",
        "bert-base-uncased",
        "transformers",
        small={"vocab": 50, "context": 16, "dim": 32, "depth": 2, "heads": 4, "dropout": 0.0},
    ),
    Case(
        "bert",
        "BERTLarge",
        "bert-large-uncased",
        "transformers",
        options={
            "hidden_size": 1024,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "intermediate_size": 4096,
        },
        double=False,
        exhaustive=True,
    ),
)

#: Compared with a library's model in full.
PARITY: Final = (*TORCHVISION, *TIMM, *SEGMENTATION, *TRANSFORMERS)

#: Compared with published numbers only; some have tests of their own, as GPT-2.
COUNTED: Final = (
    Case("unet", "OriginalUNet", "unet_original_valid_convs", source="paper"),
    Case("densenet", "DenseNet264", "densenet264_k32", source="paper"),
    Case("densenet", "DenseNet264_k48", "densenet264_k48", source="paper"),
    Case("densenet_cifar", "DenseNet_L40_k12", "densenet_L40_k12_cifar", source="paper"),
    Case("densenet_cifar", "DenseNet_L100_k12", "densenet_L100_k12_cifar", source="paper"),
    Case(
        "densenet_cifar",
        "DenseNet_L100_k24",
        "densenet_L100_k24_cifar",
        source="paper",
        exhaustive=True,
    ),
    Case("densenet_cifar", "DenseNet_BC_L100_k12", "densenet_bc_L100_k12_cifar", source="paper"),
    Case(
        "densenet_cifar",
        "DenseNet_BC_L250_k24",
        "densenet_bc_L250_k24_cifar",
        source="paper",
        exhaustive=True,
    ),
    Case(
        "densenet_cifar",
        "DenseNet_BC_L190_k40",
        "densenet_bc_L190_k40_cifar",
        source="paper",
        exhaustive=True,
    ),
    Case("resnet_cifar", "ResNet20", "resnet20_cifar", source="paper"),
    Case("resnet_cifar", "ResNet56", "resnet56_cifar", source="paper"),
    Case("resnet_cifar", "ResNet110", "resnet110_cifar", source="paper"),
    Case("resnet_cifar", "ResNet1202", "resnet1202_cifar", source="paper", exhaustive=True),
    Case("logdensenet", "LogDenseNet121", "log_densenet121", source="paper"),
    Case("logdensenet", "LogDenseNet169", "log_densenet169", source="paper"),
    Case("hardnet", "HarDNet68", "hardnet68", source="paper"),
    Case("hardnet", "HarDNet85", "hardnet85", source="paper"),
    Case("highway", "HighwayNetwork", "highway", source="paper"),
    Case("autoencoder", "TiedAutoencoder", "tied_autoencoder", source="paper"),
    Case("gpt2", "GPT2", "gpt2", source="transformers"),
    Case("gpt2", "GPT2Medium", "gpt2-medium", source="transformers"),
    Case("gpt2", "GPT2Large", "gpt2-large", source="transformers"),
    Case("gpt2", "GPT2XL", "gpt2-xl", source="transformers"),
)

ZOO: Final = (*PARITY, *COUNTED)
