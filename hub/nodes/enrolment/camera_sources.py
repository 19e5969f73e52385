"""A camera as a keeper enters it: a name, and its source at the node."""

import re

from pydantic import ValidationError

from agent.wire.enrolment import EnrolledCamera


def camera_of(text: str) -> EnrolledCamera:
    """Parse NAME=SOURCE: an rtsp:// address, a device, or picamera:NUMBER; raises ValueError."""
    name, equals, source = (part.strip() for part in text.partition("="))
    try:
        if equals and source.startswith(("rtsp://", "rtsps://")):
            return EnrolledCamera(name=name, url=source)
        if equals and source.startswith("/dev/"):
            return EnrolledCamera(name=name, device=source)
        if equals and (found := re.fullmatch(r"picamera:(\d)", source)):
            return EnrolledCamera(name=name, picamera=int(found[1]))
    except ValidationError as error:
        raise ValueError(f"{name!r} is not a camera name: use a-z, 0-9, inner hyphens") from error
    raise ValueError(f"{text!r}: write NAME=rtsp://…, NAME=/dev/video0 or NAME=picamera:0")
