"""The NanoDet-G network, written out channels-last with the published weights.

The published graph is channels-first wrapped in transposes, fixed at 416x416 and answers 80
classes. Here it is the same network (verify.py compares them), with

- any input height and width that are multiples of 32;
- raw RGB pixels in: the mean is subtracted first, the division by the standard deviation and
  the order blue-green-red are folded into the first kernel;
- the six classes of a street kept; the scores of those six are unchanged;
- classes and distances from separate 1x1 convolutions, so that each is quantised by its own range.
"""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from shape import BINS
from tfjs_graph import Array, BrokenGraphError, Convolution, TfjsGraph

COCO_ROWS = (0, 1, 2, 3, 5, 7)  # person, bicycle, car, motorcycle, bus, truck
COCO_CLASSES = 80
CONVOLUTIONS = 34
LEAK = 0.1
MEAN_RGB = np.array([123.675, 116.28, 103.53], np.float32)
STD_RGB = np.array([58.395, 57.12, 57.375], np.float32)


class NanoDetG(tf.Module):  # type: ignore[misc]
    """The network for one input size. Calling it twice gives the same answer twice."""

    def __init__(self, graph: TfjsGraph, height: int, width: int) -> None:
        super().__init__()
        if height % 32 or width % 32:
            raise ValueError(f"height and width must be multiples of 32, not {height}x{width}")
        self.size = (height, width)
        self._convolutions = graph.convolutions()
        if len(self._convolutions) != CONVOLUTIONS:
            raise BrokenGraphError(
                f"{len(self._convolutions)} convolutions, {CONVOLUTIONS} expected"
            )

    def __call__(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """image: float32 [1, height, width, 3], RGB 0..255.

        scores: [1, N, 6], 0..1. dist: [1, N, 44], logits (left, top, right, bottom) x 11 bins.
        N counts the cells of the grids of stride 8, 16 and 32, row by row, in this order.
        """
        convolutions = iter(self._convolutions)
        features = backbone(image, convolutions)
        pyramid = fuse(*laterals(features, convolutions))
        heads = [head(level, next(convolutions), next(convolutions)) for level in pyramid]
        classes, distances = zip(*heads, strict=True)
        return {
            "scores": tf.sigmoid(tf.concat(classes, axis=1)),
            "dist": tf.concat(distances, axis=1),
        }


def backbone(image: tf.Tensor, convolutions: Iterator[Convolution]) -> list[tf.Tensor]:
    """The features at strides 8, 16 and 32."""
    x = halve_maxima(stem(image, next(convolutions)))
    x = block(x, convolutions, stride=1, repeats=1)
    features = []
    for repeats in (2, 2, 3):
        x = block(x, convolutions, stride=2, repeats=repeats)
        features.append(x)
    return features


def stem(image: tf.Tensor, published: Convolution) -> tf.Tensor:
    """The mean goes before the padding: the published border is zero after normalising."""
    kernel = published.kernel[:, :, ::-1, :] / STD_RGB[:, np.newaxis]
    return convolve(image - MEAN_RGB, Convolution(kernel, published.bias), stride=2)


def halve_maxima(x: tf.Tensor) -> tf.Tensor:
    """Maxima of 3x3 every second cell.

    The published graph pads with minus infinity, which has no int8 scale. Repeating the first row
    and column gives the same maxima; the far border of an even size is never read.
    """
    x = tf.concat([x[:, :1], x], axis=1)
    x = tf.concat([x[:, :, :1], x], axis=2)
    return tf.nn.max_pool2d(x, ksize=3, strides=2, padding="VALID")


def block(
    x: tf.Tensor, convolutions: Iterator[Convolution], *, stride: int, repeats: int
) -> tf.Tensor:
    """One cross-stage block: its first answer is also carried past the inner repeats."""
    carried = x = convolve(x, next(convolutions), stride=stride)
    for _ in range(repeats):
        first = convolve(x, next(convolutions))
        second = convolve(first, next(convolutions))
        x = tf.concat([second, first], axis=3)
    return tf.concat([convolve(x, next(convolutions)), carried], axis=3)


def laterals(features: list[tf.Tensor], convolutions: Iterator[Convolution]) -> list[tf.Tensor]:
    return [convolve(feature, next(convolutions), active=False) for feature in features]


def fuse(small: tf.Tensor, middle: tf.Tensor, large: tf.Tensor) -> list[tf.Tensor]:
    """Down the pyramid and up again; `small` has the finest grid."""
    middle_down = middle + resize_like(large, middle)
    small_out = small + resize_like(middle_down, small)
    middle_out = middle_down + resize_like(small_out, middle)
    return [small_out, middle_out, large + resize_like(middle_out, large)]


def head(level: tf.Tensor, shared: Convolution, last: Convolution) -> tuple[tf.Tensor, tf.Tensor]:
    """Logits [1, cells, 6] of the classes and [1, cells, 44] of the distances."""
    x = convolve(level, shared)
    classes = convolve(x, channels(last, np.array(COCO_ROWS)), active=False)
    sides = np.arange(COCO_CLASSES, COCO_CLASSES + 4 * BINS)
    distances = convolve(x, channels(last, sides), active=False)
    return cells(classes), cells(distances)


def channels(convolution: Convolution, rows: Array) -> Convolution:
    return Convolution(convolution.kernel[..., rows], convolution.bias[rows])


def cells(x: tf.Tensor) -> tf.Tensor:
    _, height, width, depth = x.shape
    return tf.reshape(x, [1, height * width, depth])


def resize_like(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    return tf.image.resize(x, other.shape[1:3], method="bilinear")


def convolve(
    x: tf.Tensor, convolution: Convolution, *, stride: int = 1, active: bool = True
) -> tf.Tensor:
    """At stride 2 the padding is ours: "SAME" would put the odd row at the far border."""
    padding = "SAME"
    if stride == 2:
        x = tf.pad(x, [[0, 0], [1, 0], [1, 0], [0, 0]])
        padding = "VALID"
    x = tf.nn.conv2d(x, convolution.kernel, strides=stride, padding=padding)
    x = tf.nn.bias_add(x, convolution.bias)
    return tf.nn.leaky_relu(x, alpha=LEAK) if active else x
