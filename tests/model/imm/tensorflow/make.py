"""IMM's network in TensorFlow's own operations: writes the checkpoint and outputs beside this file.

Not needed for the tests, which read what it has written. Variables are named, and pictures padded
and enlarged, as in the released code, with few channels. Run in an environment with tensorflow-cpu
(2.21 was used): ``python make.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

FOLDER = Path(__file__).parent
SIZE, WIDTH, POINTS, CELLS = 128, 2, 3, 16
tf1 = tf.compat.v1
rng = np.random.default_rng(0)


def normal(name: str, shape: tuple[int, ...], deviation: float) -> Any:
    start = rng.normal(0, deviation, shape).astype(np.float32)
    return tf1.get_variable(name, initializer=start)


def positive(name: str, channels: int) -> Any:
    return tf1.get_variable(name, initializer=rng.uniform(0.5, 1.5, channels).astype(np.float32))


def convolution(
    x: Any, channels: int, kernel: int, name: str, stride: int = 1, *, last: bool = False
) -> Any:
    inputs = x.shape.as_list()[-1]
    deviation = 0.1 if kernel == 1 else (2 / (kernel**2 * inputs)) ** 0.5
    with tf1.variable_scope(name):
        with tf1.variable_scope(name):
            weight = normal("w", (kernel, kernel, inputs, channels), deviation)
            bias = normal("b", (channels,), 0.1)
        x = tf1.nn.conv2d(x, weight, strides=(1, stride, stride, 1), padding="SAME") + bias
        if last:
            return x
        with tf1.variable_scope("batch_normalization"):
            gamma, beta = positive("gamma", channels), normal("beta", (channels,), 0.2)
            mean = normal("moving_mean", (channels,), 0.2)
            variance = positive("moving_variance", channels)
        x, *_ = tf1.nn.fused_batch_norm(
            x, gamma, beta, mean, variance, epsilon=1e-3, is_training=False
        )
    return tf1.nn.relu(x)


def encoder(x: Any) -> Any:
    with tf1.variable_scope("encoder"):
        channels = WIDTH
        x = convolution(x, channels, 7, "conv_1")
        x = convolution(x, channels, 3, "conv_2")
        for number in (3, 5, 7):
            channels *= 2
            x = convolution(x, channels, 3, f"conv_{number}", stride=2)
            x = convolution(x, channels, 3, f"conv_{number + 1}")
    return x


def pose_encoder(x: Any) -> Any:
    """Points (N, K, 2), row and column."""
    with tf1.variable_scope("pose_encoder"):
        maps = convolution(encoder(x), POINTS, 1, "conv_1", last=True)
    line = tf.reshape(tf.linspace(-1.0, 1.0, CELLS), (1, CELLS, 1))
    shares = [tf.nn.softmax(tf.reduce_mean(maps, axis), axis=1) for axis in (2, 1)]
    return tf.stack([tf.reduce_sum(share * line, axis=1) for share in shares], axis=2)


def gaussians(points: Any) -> Any:
    row, column = (tf.reshape(points[:, :, axis], (-1, POINTS, 1, 1)) for axis in (0, 1))
    line = tf.linspace(-1.0, 1.0, CELLS)
    rows, columns = tf.reshape(line, (1, 1, CELLS, 1)), tf.reshape(line, (1, 1, 1, CELLS))
    squares = (rows - row) ** 2 + (columns - column) ** 2
    return tf.transpose(tf.exp(-squares / 0.1**2), (0, 2, 3, 1))


def renderer(x: Any) -> Any:
    with tf1.variable_scope("renderer"):
        channels, size = 8 * WIDTH, CELLS
        for number in (1, 3, 5):
            x = convolution(x, channels, 3, f"conv_{number}")
            x = convolution(x, channels, 3, f"conv_{number + 1}")
            size *= 2
            x = tf1.image.resize_bilinear(x, (size, size), align_corners=False)
            channels //= 2
        x = convolution(x, channels, 3, "conv_7")
        return convolution(x, 9, 3, "conv_8", last=True)[..., :3]


def main() -> None:
    tf1.disable_eager_execution()
    small = rng.integers(0, 256, (2, 2, 8, 8, 3)).astype(np.uint8)
    target, source = small.repeat(SIZE // 8, axis=2).repeat(SIZE // 8, axis=3)
    with tf1.variable_scope("model"):
        with tf1.variable_scope("image_encoder"):
            look = encoder(tf.constant(source.astype(np.float32)))
        points = pose_encoder(tf.constant(target.astype(np.float32)))
        rebuilt = renderer(tf.concat([look, gaussians(points)], axis=-1))
    # What a training leaves beside the network.
    tf1.get_variable("global_step", initializer=np.float32(2000))
    normal("model/pose_encoder/conv_1/conv_1/w/Adam", (1, 1, 8 * WIDTH, POINTS), 1.0)
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        found, drawn = session.run([points, rebuilt])
        tf1.train.Saver().save(session, str(FOLDER / "model.ckpt"), write_meta_graph=False)
    (FOLDER / "checkpoint").unlink()
    np.savez_compressed(
        FOLDER / "outputs.npz", target=target, source=source, points=found, drawn=drawn[:, ::4, ::4]
    )


if __name__ == "__main__":
    main()
