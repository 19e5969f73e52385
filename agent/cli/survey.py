"""`cameras`: attached devices, network cameras, the streams of an address, and advice."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Final

from agent.board.clock import SystemClock
from agent.cameras.attached import libcamera_names, usb_devices
from agent.cameras.onvif.discovery import EVERYBODY, discover
from agent.cameras.port import CameraError
from agent.cameras.probe import StreamMeasurement, measure_usual
from agent.i18n import N_, Say

LONGEST_KEYFRAME_S: Final = 4.0
LARGE_PX: Final = 1280
"""A stream this wide costs so much to decode that a sub-stream is worth setting up."""
FEWEST_FRAMES_PER_S: Final = 5.0

Template = tuple[str, dict[str, object]]


def survey_here(*, whom: tuple[str, int] | None, wait_s: float = 4.0) -> dict[str, Any]:
    """Devices of this machine and its network; a network that cannot be searched is reported.

    The whole network is searched unless `whom` is one host and port.
    """
    try:
        answers = [asdict(one) for one in discover(whom=whom or EVERYBODY, wait_s=wait_s)]
        trouble = ""
    except OSError as error:
        answers, trouble = [], error.strerror or str(error)
    return {
        "usb": [asdict(device) for device in usb_devices()],
        "libcamera": libcamera_names(),
        "onvif": answers,
        "onvif_trouble": trouble,
    }


def survey_address(address: str, *, seconds: float) -> dict[str, Any]:
    """Streams at an address, or the error that explains why there are none."""
    try:
        found = measure_usual(address, seconds=seconds, clock=SystemClock().now)
    except CameraError as error:
        return {"streams": [], "error": error}
    return {"streams": found, "error": None}


def words_here(found: dict[str, Any]) -> Iterator[Template]:
    """The result of the survey of this machine, one line each."""
    for device in found["usb"]:
        yield N_('attached: {name}. Write: device = "{device}"'), device
    for number, name in enumerate(found["libcamera"] or ()):
        facts = {"name": name, "number": number}
        yield N_('attached: {name}. Write: picamera = "{number}"'), facts
    if not found["usb"] and not found["libcamera"]:
        yield N_("no camera is attached to this machine"), {}
    for answer in found["onvif"]:
        yield N_("on the wire: {host} {name} {hardware}. Look: --address {host}"), answer
    if found["onvif_trouble"]:
        yield N_("the wire cannot be asked ({why})"), {"why": found["onvif_trouble"]}
    elif not found["onvif"]:
        yield N_("no camera on the wire answers (many have ONVIF switched off)"), {}


def words_of_address(found: dict[str, Any]) -> Iterator[Template]:
    """The result of the survey of an address: each stream and, indented, advice."""
    error = found["error"]
    if error is not None:
        for template in error.templates:
            yield template, dict(error.facts or {})
    streams: list[StreamMeasurement] = found["streams"]
    for stream in streams:
        yield (
            N_(
                "{source}: {codec} {width}x{height}, {frames_per_s:g} frames/s,"
                " {kbit_per_s} kbit/s, a keyframe every {keyframe} s"
            ),
            asdict(stream) | {"keyframe": _keyframe(stream)},
        )
        yield from advice(stream)
    if len(streams) == 1 and streams[0].width >= LARGE_PX:
        yield (
            N_(
                "  change: no sub-stream was found. Switch on a small one (about 640x360) and"
                " give it as sub_url: looking at the large one costs several times as much"
            ),
            {},
        )


def advice(stream: StreamMeasurement) -> Iterator[Template]:
    """Changes to make in the camera's own settings."""
    longest = stream.keyframe_s if stream.keyframe_s is not None else stream.seconds
    if longest > LONGEST_KEYFRAME_S:
        yield (
            N_(
                "  change: set the keyframe distance (GOP, I-frame interval) to 1 or 2 s, and"
                ' switch "smart" coding off: a clip can begin at a keyframe only'
            ),
            {},
        )
    if stream.has_b_frames:
        yield N_("  change: switch B-frames off: every picture comes later by them"), {}
    if stream.codec == "hevc":
        yield N_("  note: H.265 is kept as it comes; old phones play H.264 only"), {}
    if stream.frames_per_s < FEWEST_FRAMES_PER_S:
        yield N_("  change: set at least 10 frames a second: people are lost between fewer"), {}


def show_all(templates: Iterator[Template], show: Callable[[str], None], say: Say) -> None:
    """Show each template as a line in the reader's language."""
    for template, facts in templates:
        show(say(template).format(**facts))


def as_json(found: dict[str, Any]) -> dict[str, Any]:
    """Survey for programs; advice in plain English."""
    if "streams" not in found:
        return found
    error: CameraError | None = found["error"]
    return {
        "streams": [
            asdict(stream)
            | {"change": [text.strip().format(**facts) for text, facts in advice(stream)]}
            for stream in found["streams"]
        ],
        "error": str(error) if error else None,
    }


def _keyframe(stream: StreamMeasurement) -> str:
    if stream.keyframe_s is None:
        return f"> {stream.seconds:g}"
    return f"{stream.keyframe_s:g}"
