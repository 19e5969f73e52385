"""Chooses the camera adapter for a [[camera]] section."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from agent.cameras.file.camera import ReplayCamera
from agent.cameras.masked import MaskedCamera
from agent.cameras.pi.camera import PiCamera
from agent.cameras.pi.imx500 import SensorNetwork
from agent.cameras.port import Camera, SoundSink
from agent.cameras.rtsp.camera import StreamCamera
from agent.cameras.usb import UsbCamera
from agent.config.camera import CameraSection
from agent.media.frame import Instant


def make_camera(
    section: CameraSection,
    clock: Callable[[], Instant],
    *,
    plays_once: bool = False,
    sound: SoundSink | None = None,
) -> Camera:
    """The camera of a section, behind its privacy masks; nothing is opened yet.

    `sound` receives a network camera's sound.
    """
    camera = _camera(section, clock, plays_once=plays_once, sound=sound)
    if not section.private:
        return camera
    is_seen_apart = bool(section.sub_url) or section.source == "picamera"
    return MaskedCamera(camera, section.private, is_seen_apart=is_seen_apart)


def _sensor(section: CameraSection, number: int) -> Callable[[], SensorNetwork] | None:
    network = section.pi.network if section.pi else ""
    return partial(SensorNetwork, network, number) if network else None


def _camera(
    section: CameraSection,
    clock: Callable[[], Instant],
    *,
    plays_once: bool,
    sound: SoundSink | None,
) -> Camera:
    match section.source:
        case "url":
            return StreamCamera(
                section.name, section.url, sub_url=section.sub_url, clock=clock, sound=sound
            )
        case "device":
            return UsbCamera(section.name, section.device, clock=clock)
        case "picamera":
            look = section.pi.look() if section.pi else None
            number = int(section.picamera)
            return PiCamera(
                section.name, number, clock=clock, look=look, open_sensor=_sensor(section, number)
            )
        case "recording":
            return ReplayCamera(
                section.name,
                Path(section.recording),
                clock=clock,
                pace=section.pace,
                loop=section.loop and not plays_once,
            )
