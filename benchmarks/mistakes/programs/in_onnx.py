"""The five mistakes as ONNX graphs."""

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

node = helper.make_node
Shape = tuple[int | str, ...]


def tensor(name: str, *shape: int | str) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def weight(name: str, *shape: int) -> Any:
    return numpy_helper.from_array(np.zeros(shape, "float32"), name)


def integers(name: str, *values: int) -> Any:
    return numpy_helper.from_array(np.array(values, "int64"), name)


def conv(x: str, name: str, kernel: int = 3, **attributes: Any) -> Any:
    pads = [kernel // 2] * 4
    return node("Conv", [x, f"{name}.weight"], [name], name=name, pads=pads, **attributes)


def pool(x: str, name: str) -> Any:
    return node("MaxPool", [x], [name], name=name, kernel_shape=[2, 2], strides=[2, 2])


def up(x: str, name: str) -> Any:
    return node("ConvTranspose", [x, f"{name}.weight"], [name], name=name, strides=[2, 2])


def model(nodes: list[Any], inputs: list[Any], output: Any, weights: list[Any]) -> Any:
    graph = helper.make_graph(nodes, "net", inputs, [output], weights)
    opset = helper.make_opsetid("", 21)
    return helper.make_model(graph, opset_imports=[opset], ir_version=10)


def residual(width: int) -> Any:
    nodes = [
        conv("image", "conv"),
        node("Add", ["conv", "image"], ["sum"], name="add"),  # here
        node("Relu", ["sum"], ["y"], name="relu"),
    ]
    weights = [weight("conv.weight", width, 64, 3, 3)]
    y = tensor("y", "B", width, "H", "W")
    return model(nodes, [tensor("image", "B", 64, "H", "W")], y, weights)


def unet(base: int = 16) -> Any:
    nodes = [
        conv("image", "enc0"),
        pool("enc0", "pool0"),
        conv("pool0", "enc1"),
        pool("enc1", "pool1"),
        conv("pool1", "mid"),
        up("mid", "up1"),
        node("Concat", ["up1", "enc1"], ["join1"], name="join1", axis=1),  # here
        conv("join1", "dec1"),
        up("dec1", "up0"),
        node("Concat", ["up0", "enc0"], ["join0"], name="join0", axis=1),
        conv("join0", "mask", kernel=1),
    ]
    weights = [
        weight("enc0.weight", base, 3, 3, 3),
        weight("enc1.weight", 2 * base, base, 3, 3),
        weight("mid.weight", 4 * base, 2 * base, 3, 3),
        weight("up1.weight", 4 * base, 2 * base, 2, 2),
        weight("dec1.weight", 2 * base, 4 * base, 3, 3),
        weight("up0.weight", 2 * base, base, 2, 2),
        weight("mask.weight", 1, 2 * base, 1, 1),
    ]
    mask = tensor("mask", "B", 1, "H", "W")
    return model(nodes, [tensor("image", "B", 3, "H", "W")], mask, weights)


def attention(heads: int, width: int = 100) -> Any:
    nodes = []
    for x in "qkv":
        nodes += [
            node("MatMul", ["x", f"{x}.weight"], [x], name=x),
            node("Reshape", [x, "split"], [f"{x}.split"], name=f"{x}.split"),  # here
            node("Transpose", [f"{x}.split"], [f"{x}.heads"], name=f"{x}.heads", perm=[0, 2, 1, 3]),
        ]
    nodes += [
        node("Transpose", ["k.heads"], ["k.turned"], name="k.turned", perm=[0, 1, 3, 2]),
        node("MatMul", ["q.heads", "k.turned"], ["scores"], name="scores"),
        node("Softmax", ["scores"], ["attended"], name="attended", axis=-1),
        node("MatMul", ["attended", "v.heads"], ["mixed"], name="mixed"),
        node("Transpose", ["mixed"], ["turned"], name="turned", perm=[0, 2, 1, 3]),
        node("Reshape", ["turned", "merge"], ["merged"], name="merge"),
        node("MatMul", ["merged", "proj.weight"], ["y"], name="proj"),
    ]
    weights = [
        *(weight(f"{name}.weight", width, width) for name in ("q", "k", "v", "proj")),
        integers("split", 0, 0, heads, width // heads),
        integers("merge", 0, 0, width),
    ]
    return model(nodes, [tensor("x", "B", "T", width)], tensor("y", "B", "T", width), weights)


def two_views(channels: int) -> Any:
    nodes = []
    for x in ("photo", "depth"):
        y, pads = f"{x}.conv1", [3, 3, 3, 3]
        nodes += [
            node("Conv", [x, "conv1.weight"], [y], name=y, pads=pads, strides=[2, 2]),  # here
            node("GlobalAveragePool", [y], [f"{x}.pool"], name=f"{x}.pool"),
        ]
    nodes.append(node("Mul", ["photo.pool", "depth.pool"], ["y"], name="product"))
    inputs = [tensor("photo", "B", 3, "H", "W"), tensor("depth", "B", channels, "H", "W")]
    return model(nodes, inputs, tensor("y", "B", 64, 1, 1), [weight("conv1.weight", 64, 3, 7, 7)])


def regressor(target: Shape) -> Any:
    nodes = [
        node("MatMul", ["features", "hidden.weight"], ["hidden"], name="hidden"),
        node("Relu", ["hidden"], ["active"], name="active"),
        node("MatMul", ["active", "head.weight"], ["prediction"], name="head"),
        node("Sub", ["prediction", "target"], ["error"], name="error"),  # here
        node("Mul", ["error", "error"], ["square"], name="square"),
        node("ReduceMean", ["square"], ["loss"], name="loss", keepdims=0),
    ]
    inputs = [tensor("features", "B", 16), tensor("target", *target)]
    weights = [weight("hidden.weight", 16, 64), weight("head.weight", 64, 1)]
    return model(nodes, inputs, tensor("loss"), weights)
