"""Expected volume of continuous recording of a camera, measured on the camera itself."""

from typing import Final

from agent.app.cameras import make_camera
from agent.board.clock import SystemClock
from agent.cameras.port import CameraError
from agent.cli.check.finding import Finding
from agent.config.camera import CameraSection
from agent.config.sections import ClipsSection
from agent.i18n import N_
from agent.media.frame import Packet

MEASURED_S: Final = 4.0
DAY_S: Final = 86_400.0


def continuous(camera: CameraSection, clips: ClipsSection) -> Finding:
    """Volume per day, and how far back the clip store reaches."""
    about = N_("continuous recording of {camera}")
    bytes_per_s = _bytes_per_s(camera)
    if bytes_per_s is None:
        facts: dict[str, object] = {"camera": camera.name}
        return Finding(
            about,
            N_("the camera gives no video to measure"),
            N_("see the line of the camera itself"),
            facts,
        )
    room_bytes = clips.max_bytes
    hours = min(clips.continuous_days * 24, room_bytes / bytes_per_s / 3600)
    facts = {
        "camera": camera.name,
        "day_gb": f"{bytes_per_s * DAY_S / 1e9:.1f}",
        "hours": f"{hours:.1f}",
        "room_gb": f"{room_bytes / 1e9:.1f}",
    }
    if hours >= 1:
        line = N_(
            "continuous recording of {camera}: {day_gb} GB a day, the last {hours} h in {room_gb}"
            " GB of all cameras"
        )
        return Finding(line, facts=facts)
    return Finding(
        about,
        N_("{day_gb} GB a day, and room for {hours} h of it"),
        N_("raise [clips] max_bytes on a disk worth it, or leave it off"),
        facts,
    )


class _Sum:
    """Counts packets."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []

    def push(self, packet: Packet) -> None:
        """Count it."""
        self.packets.append(packet)

    def wants_keyframe(self) -> bool:
        """Never."""
        return False

    def is_calm(self) -> bool:
        """Never."""
        return False

    @property
    def span_s(self) -> float:
        if not self.packets:
            return 0.0
        return self.packets[-1].at.seconds_since(self.packets[0].at)


def _bytes_per_s(section: CameraSection) -> float | None:
    """Over some seconds; None if none come."""
    camera, taken = make_camera(section, SystemClock().now), _Sum()
    try:
        camera.open()
        for _ in camera.frames(taken, lambda: taken.span_s > MEASURED_S):
            pass
    except CameraError:
        return None
    finally:
        camera.close()
    if not taken.span_s:
        return None
    return sum(len(packet.data) for packet in taken.packets) / taken.span_s
