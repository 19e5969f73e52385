"""Check of a camera's sound, if it is to be recorded."""

import time
from typing import Final

from agent.app.cameras import make_camera
from agent.board.clock import SystemClock
from agent.cameras.port import NOWHERE, CameraError
from agent.cli.check.finding import Finding
from agent.config.camera import CameraSection
from agent.i18n import N_
from agent.media.sound import SoundPacket

LISTENED_S: Final = 4.0


class _Heard:
    def __init__(self) -> None:
        self.packets: list[SoundPacket] = []

    def hear(self, packet: SoundPacket) -> None:
        """Keep it."""
        self.packets.append(packet)


def sound(camera: CameraSection) -> Finding:
    """States that sound is recorded and why; a camera without sound is a trouble."""
    facts: dict[str, object] = {"camera": camera.name, "reason": camera.sound}
    if _is_heard(camera):
        return Finding(N_("sound of {camera} is recorded: {reason}"), facts=facts)
    return Finding(
        N_("sound of {camera}"),
        N_("the camera brings no sound"),
        N_("switch its microphone on in the camera's own menu, or take sound out of its section"),
        facts,
    )


def _is_heard(section: CameraSection) -> bool:
    heard = _Heard()
    camera = make_camera(section, SystemClock().now, sound=heard)
    until_s = time.monotonic() + LISTENED_S
    try:
        camera.open()
        for _ in camera.frames(NOWHERE, lambda: time.monotonic() > until_s or bool(heard.packets)):
            pass
    except CameraError:
        return False
    finally:
        camera.close()
    return bool(heard.packets)
