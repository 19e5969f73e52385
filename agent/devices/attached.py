"""What hangs on this machine: V4L2 devices, and the cameras that libcamera sees."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CLASS: Final = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True)
class Attached:
    """A camera on a wire of this machine; `device` is what the configuration wants, if it can."""

    name: str
    device: str


def usb_devices(folder: Path = CLASS) -> list[Attached]:
    """The devices that give pictures; a camera's further ones carry its descriptions only."""
    if not folder.is_dir():
        return []
    found = sorted(folder.iterdir(), key=lambda path: (len(path.name), path.name))
    return [
        Attached(_line(path / "name") or path.name, f"/dev/{path.name}")
        for path in found
        if _line(path / "index") in ("", "0")
    ]


def libcamera_names() -> list[str] | None:
    """The cameras libcamera sees, such as a Pi's; None where it is not installed."""
    try:
        libcamera = importlib.import_module("libcamera")
    except ImportError:
        return None
    return [str(camera.id) for camera in libcamera.CameraManager.singleton().cameras]


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
