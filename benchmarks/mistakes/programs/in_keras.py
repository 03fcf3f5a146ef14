"""The five mistakes as Keras functional models, their open sizes written `None`."""

from typing import Any

import keras
from keras import layers, ops


def residual(width: int) -> Any:
    image = keras.Input((None, None, 64))
    x = layers.Conv2D(width, 3, padding="same")(image)
    x = layers.BatchNormalization()(x)
    x = layers.Add()([x, image])  # here
    return keras.Model(image, layers.ReLU()(x))


def unet(base: int = 16) -> Any:
    def conv(width: int, name: str) -> Any:
        return layers.Conv2D(width, 3, padding="same", activation="relu", name=name)

    image = keras.Input((None, None, 3))
    enc0 = conv(base, "enc0")(image)
    enc1 = conv(2 * base, "enc1")(layers.MaxPooling2D(2)(enc0))
    mid = conv(4 * base, "mid")(layers.MaxPooling2D(2)(enc1))
    up1 = layers.Conv2DTranspose(2 * base, 2, strides=2, name="up1")(mid)
    dec1 = conv(2 * base, "dec1")(layers.Concatenate(name="join1")([up1, enc1]))  # here
    up0 = layers.Conv2DTranspose(base, 2, strides=2, name="up0")(dec1)
    mask = layers.Conv2D(1, 1, name="mask")(layers.Concatenate(name="join0")([up0, enc0]))
    return keras.Model(image, mask)


def attention(heads: int, width: int = 100) -> Any:
    def split(x: Any) -> Any:
        x = layers.Reshape((-1, heads, width // heads))(x)  # here
        return layers.Permute((2, 1, 3))(x)

    x = keras.Input((None, width))
    q, k, v = (split(layers.Dense(width)(x)) for _ in range(3))
    scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) / (width // heads) ** 0.5
    mixed = ops.matmul(ops.softmax(scores), v)
    mixed = layers.Reshape((-1, width))(layers.Permute((2, 1, 3))(mixed))
    return keras.Model(x, layers.Dense(width)(mixed))


def two_views(channels: int) -> Any:
    encoder = keras.Sequential(
        [
            layers.Conv2D(64, 7, strides=2, padding="same", activation="relu", name="conv1"),
            layers.GlobalAveragePooling2D(),
        ],
        name="encoder",
    )
    photo = keras.Input((None, None, 3))
    depth = keras.Input((None, None, channels))
    similarity = layers.Dot(1)([encoder(photo), encoder(depth)])  # here
    return keras.Model([photo, depth], similarity)


def regressor(target_shape: tuple[int, ...]) -> Any:
    features = keras.Input((16,))
    target = keras.Input(target_shape)
    hidden = layers.Dense(64, activation="relu")(features)
    prediction = layers.Dense(1)(hidden)
    loss = ops.mean(ops.square(prediction - target))  # here
    return keras.Model([features, target], loss)
