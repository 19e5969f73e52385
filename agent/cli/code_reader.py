"""Reads the enrolment code with a camera: for a box without screen and keyboard."""

import time
from collections.abc import Callable
from typing import Final

from pydantic import ValidationError

from agent.app.cameras import make_camera
from agent.board.clock import SystemClock
from agent.cameras.address import masked
from agent.cameras.port import NOWHERE, CameraError
from agent.config.camera import CameraSection
from agent.i18n import N_, Say
from agent.uplink.mqtt.errors import Trouble
from agent.wire.enrolment import CodeError, EnrolmentCode

PATIENCE_S: Final = 120.0


def read_code(
    source: str, show: Callable[[str], None], say: Say, *, patience_s: float = PATIENCE_S
) -> str:
    """First code shown to `source` (device, address, picamera:NUMBER, recording).

    Raises Trouble if there is none within `patience_s`, or no camera.
    """
    shown = masked(source)
    if not source:
        raise Trouble(
            N_("no code was given"),
            N_("say it, or read it with a camera: matthan-agent enrol --look /dev/video0"),
            {},
        )
    camera = make_camera(_section(source), SystemClock().now, plays_once=True)
    show(say(N_("hold the hub's picture in front of the camera, a hand's breadth away")))
    until_s = time.monotonic() + patience_s
    from agent.cli.qr import QrReader  # noqa: PLC0415 a node that watches needs no OpenCV

    reader = QrReader()
    try:
        camera.open()
        for frame in camera.frames(NOWHERE, lambda: time.monotonic() > until_s):
            text = reader.read(frame.luma)
            if text and _is_code(text):
                return text
    except CameraError as error:
        raise Trouble(
            N_("the camera {source} cannot be used: {why}"),
            N_("see matthan-agent cameras, or type the code"),
            {"source": shown, "why": error.sentence.rstrip(".")},
        ) from error
    finally:
        camera.close()
    raise Trouble(
        N_("the camera {source} saw no code"),
        N_("hold it still, in good light, so that it fills half of the picture; or type it"),
        {"source": shown},
    )


def _section(source: str) -> CameraSection:
    kind, value = "recording", source
    if source.startswith(("rtsp://", "rtsps://")):
        kind = "url"
    elif source.startswith("/dev/"):
        kind = "device"
    elif source.startswith("picamera:"):
        kind, value = "picamera", source.partition(":")[2]
    try:
        return CameraSection.model_validate({"name": "code", kind: value, "pace": False})
    except ValidationError as error:
        raise Trouble(
            N_("{source} names no camera"),
            N_("give /dev/video0, rtsp://HOST/PATH, picamera:0 or the file of a recording"),
            {"source": masked(source)},
        ) from error


def _is_code(text: str) -> bool:
    try:
        EnrolmentCode.parse(text)
    except CodeError:
        return False
    return True
