"""Small ``.tflite`` files, of pictures and of other things."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from export.suppress_output import suppress_output


def picture_model(path: Path, height: int = 24, width: int = 32) -> Path:
    """(1, H, W, 3) to (1, H, W, 3), of what stylizers are made of: convolutions, padding before
    one of stride 2, a mean, a resize, a skip. Four channels; H and W even."""
    import tensorflow as tf

    rng = np.random.default_rng(0)

    def weights(*shape: int) -> Any:
        return tf.constant(rng.normal(0, 0.3, shape).astype(np.float32))

    stem, deep, image = weights(3, 3, 3, 4), weights(3, 3, 4, 1), weights(1, 1, 4, 3)

    def call(content: Any) -> Any:
        x = tf.nn.relu6(tf.nn.conv2d(content, stem, 1, "SAME"))
        padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
        y = tf.nn.depthwise_conv2d(padded, deep, [1, 2, 2, 1], "VALID")
        y = y * tf.reduce_mean(y, (1, 2), keepdims=True) + 0.5
        x = x + tf.image.resize(y, (height, width))
        return tf.sigmoid(tf.nn.conv2d(x, image, 1, "SAME"))

    return _write(path, call, [(1, height, width, 3)], ["content"])


def vector_model(path: Path) -> Path:
    """(1, 8) to (1, 4): no picture anywhere."""
    import tensorflow as tf

    kernel = tf.constant(np.ones((8, 4), np.float32))
    return _write(path, lambda x: tf.matmul(x, kernel), [(1, 8)], ["numbers"])


def sizeless_model(path: Path) -> Path:
    """A code of any length beside a picture."""
    import tensorflow as tf

    def call(content: Any, code: Any) -> Any:
        return content * tf.reduce_mean(code)

    return _write(path, call, [(1, 8, 8, 3), (1, None)], ["content", "code"])


def looping_model(path: Path) -> Path:
    """Numbers doubled three times, by a loop with a graph of its own."""
    import tensorflow as tf

    def call(x: Any) -> Any:
        def body(count: Any, value: Any) -> Any:
            return count + 1, value * 2

        return tf.while_loop(lambda count, value: count < 3, body, (tf.constant(0), x))[1]

    return _write(path, call, [(1, 8)], ["numbers"])


def choosing_model(path: Path) -> Path:
    """The number of a list that is the largest of others: an operator that takes an index."""
    import tensorflow as tf

    kept = tf.constant([[1.0], [2.0]])
    return _write(
        path, lambda x: tf.gather(kept, tf.cast(tf.argmax(x, 1), tf.int32)), [(1, 2)], ["numbers"]
    )


def _write(path: Path, call: Any, shapes: Sequence[Any], names: Sequence[str]) -> Path:
    with suppress_output("made model"):
        import tensorflow as tf

        specs = [tf.TensorSpec(s, tf.float32, name=n) for s, n in zip(shapes, names)]
        function = tf.function(call).get_concrete_function(*specs)
        path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([function]).convert())
    return path
