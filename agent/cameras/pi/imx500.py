"""The network inside Sony's IMX500 sensor, by Picamera2: boxes come with the pictures.

Built to Picamera2's `picamera2.devices.IMX500` (`get_outputs`, `convert_inference_coords`,
`network_intrinsics`); not yet tried on a real module. Three tensors are read, as Raspberry Pi's own
object detection networks with post-processing (`*_pp.rpk`) give them: boxes, scores, labels.
"""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from agent.cameras.port import CameraError
from agent.i18n import N_
from agent.media.frame import Glimpse
from agent.vision.detect.person import ObjectKind

TASK: Final = "object detection"
LABELS: Final = ("person", "bicycle", "car", "motorcycle")
"""The first labels of COCO, for a network without labels of its own."""
MOST_GLIMPSES: Final = 100
HELD_S: Final = 0.5
"""Seconds that an answer stays valid: not every picture brings one. After that, nobody is there."""
_PACKAGE: Final = N_("Install the networks: apt install imx500-all; they are in {folder}.")
FOLDER: Final = "/usr/share/imx500-models"


class SensorNetwork:
    """A network inside a sensor; Picamera2 needs it before the camera is opened."""

    def __init__(
        self, file: str, number: int, *, open_sensor: Callable[[str], Any] | None = None
    ) -> None:
        """`open_sensor` gives an IMX500 or a compatible object. Raises CameraError."""
        self._number = number
        if not Path(file).is_file():
            raise self._error(N_("The sensor's network {file} is not there."), _PACKAGE, file=file)
        try:
            self._sensor = (open_sensor or _imx500)(file)
        except ImportError as error:
            raise self._error(
                N_("Picamera2 is not installed ({why})."),
                N_("Install it: apt install python3-picamera2. It is the system's Python's."),
                why=error,
            ) from error
        except (RuntimeError, OSError, ValueError, StopIteration) as error:
            raise self._error(
                N_("No sensor takes the network {file} ({why})."),
                N_("Only an IMX500 (Raspberry Pi AI Camera) can: else take `network` out."),
                file=file,
                why=error,
            ) from error
        if self._sensor.camera_num != number:
            raise self._error(
                N_("The sensor with a network of its own is camera {there}, not {number}."),
                N_("Give [[camera]] picamera that number, or take `network` out."),
                there=self._sensor.camera_num,
            )
        self._intrinsics = intrinsics = self._sensor.network_intrinsics
        if intrinsics is None or intrinsics.task != TASK or intrinsics.postprocess:
            raise self._error(
                N_("The network {file} does not tell boxes by itself."),
                N_("Take one for object detection whose name ends in `_pp.rpk`, from {folder}."),
                file=file,
            )
        labels = intrinsics.labels or LABELS
        if intrinsics.ignore_dash_labels:
            labels = [label for label in labels if label and label != "-"]
        self._kinds = {i: label for i, label in enumerate(labels) if label in set(ObjectKind)}
        if not self._kinds:
            raise self._error(
                N_("The network {file} knows neither people nor vehicles."),
                N_("Take one for object detection whose name ends in `_pp.rpk`, from {folder}."),
                file=file,
            )

    @property
    def input_px(self) -> tuple[int, int]:
        """(height, width) of the network's input, which is the whole picture."""
        width, height = self._sensor.get_input_size()
        return int(height), int(width)

    def glimpses(self, metadata: Mapping[str, Any], camera: Any) -> tuple[Glimpse, ...] | None:
        """The sensor's detections in shares of the main stream; None if the picture has no answer.

        An answer of other shapes counts as no answer; an entry without numbers is skipped.
        """
        outputs = self._sensor.get_outputs(metadata, add_batch=True)
        if outputs is None or len(outputs) < 3:
            return None
        boxes, scores, labels = (np.asarray(one)[0] for one in outputs[:3])
        if boxes.ndim != 2 or boxes.shape[1] != 4 or not len(boxes) == len(scores) == len(labels):
            return None
        if self._intrinsics.bbox_normalization:
            boxes = boxes / self.input_px[0]
        if self._intrinsics.bbox_order == "xy":
            boxes = boxes[:, [1, 0, 3, 2]]
        width, height = camera.camera_configuration()["main"]["size"]
        found = []
        for box, score, label in zip(boxes, scores, labels, strict=True):
            if not (np.isfinite(box).all() and 0 < score <= 1 and np.isfinite(label)):
                continue
            kind = self._kinds.get(int(label))
            if kind is None:
                continue
            x, y, w, h = self._sensor.convert_inference_coords(tuple(box), metadata, camera)
            if w > 0 and h > 0:
                share = (x / width, y / height, (x + w) / width, (y + h) / height)
                found.append(Glimpse(kind, float(score), share))
        found.sort(key=lambda one: -one.score)
        return tuple(found[:MOST_GLIMPSES])

    def _error(self, sentence: str, cure: str, **facts: object) -> CameraError:
        facts = {name: " ".join(str(value).split())[:200] for name, value in facts.items()}
        return CameraError(sentence, cure, {"number": self._number, "folder": FOLDER, **facts})


def _imx500(file: str) -> Any:
    return importlib.import_module("picamera2.devices").IMX500(file)
