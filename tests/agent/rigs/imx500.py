"""Stands for Picamera2's IMX500: it refuses everything that the documentation does not promise.

Tensors come in the metadata of some pictures only, flat, with separate shapes; boxes are in the
sensor's whole picture, and the camera's crop has to be asked of the sensor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FULL = 4056, 3040
"""Width and height of the sensor's whole picture."""


@dataclass
class Intrinsics:
    """As `network_intrinsics`."""

    task: str | None = "object detection"
    postprocess: str | None = None
    bbox_normalization: bool | None = False
    bbox_order: str | None = "yx"
    labels: list[str] | None = None
    ignore_dash_labels: bool | None = None
    inference_rate: float = 30.0


@dataclass
class Camera:
    """The part of Picamera2 that the sensor uses."""

    main: tuple[int, int] = (1920, 1080)
    raw: tuple[int, int] | None = (2028, 1520)

    def camera_configuration(self) -> dict[str, Any]:
        return {
            "main": {"size": self.main},
            "raw": None if self.raw is None else {"size": self.raw},
        }


@dataclass
class Imx500:
    """As `picamera2.devices.IMX500`."""

    network_file: str = ""
    camera_num: int = 0
    network_intrinsics: Intrinsics | None = field(default_factory=Intrinsics)
    input_size: tuple[int, int] = (320, 320)

    def get_input_size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.input_size

    def get_outputs(
        self, metadata: Mapping[str, Any], add_batch: bool = False
    ) -> list[np.ndarray[Any, Any]] | None:
        flat = metadata.get("CnnOutputTensor")
        if not flat:
            return None
        numbers, outputs, at = np.array(flat, np.float32), [], 0
        for shape in metadata["CnnOutputTensorInfo"]:
            size = int(np.prod(shape))
            one = numbers[at : at + size].reshape(shape, order="F")
            outputs.append(one[np.newaxis] if add_batch else one)
            at += size
        return outputs

    def convert_inference_coords(
        self,
        coords: Sequence[float],
        metadata: Mapping[str, Any],
        camera: Any,
        stream: str = "main",
    ) -> tuple[int, int, int, int]:
        """From shares of the sensor's picture, y first, to x, y, width, height of the stream."""
        configuration = camera.camera_configuration()
        raw_width, raw_height = configuration["raw"]["size"]  # TypeError without a raw stream
        assert raw_width <= FULL[0]
        assert raw_height <= FULL[1]
        width, height = configuration[stream]["size"]
        y0, x0, y1, x1 = (max(0.0, min(1.0, float(one))) for one in coords)
        left, top, wide, high = metadata["ScalerCrop"]

        def clip(share: float, full: int, low: int, span: int) -> float:
            return min(max(share * full, low), low + span) - low

        xs = [clip(x, FULL[0], left, wide) / wide * width for x in (x0, x1)]
        ys = [clip(y, FULL[1], top, high) / high * height for y in (y0, y1)]
        return int(xs[0]), int(ys[0]), int(xs[1] - xs[0]), int(ys[1] - ys[0])


WHOLE_CROP = (0, 0, *FULL)


def metadata(
    boxes: Sequence[Sequence[float]] | None,
    scores: Sequence[float] = (),
    labels: Sequence[float] = (),
    *,
    crop: tuple[int, int, int, int] = WHOLE_CROP,
) -> dict[str, Any]:
    """Metadata of one picture; without `boxes` it has no answer of the sensor."""
    told: dict[str, Any] = {"ScalerCrop": crop, "SensorTimestamp": 0}
    if boxes is not None:
        shape = (len(boxes), 4)
        flat = np.array(boxes, np.float32).reshape(shape).ravel(order="F")
        told["CnnOutputTensor"] = [*flat.tolist(), *scores, *labels]
        told["CnnOutputTensorInfo"] = [shape, (len(scores),), (len(labels),)]
    return told
