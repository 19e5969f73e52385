"""Cameras attached to this machine: V4L2 devices and cameras known to libcamera."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CLASS: Final = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True)
class Attached:
    """A camera attached to this machine; `device` is the value for the configuration, if
    possible."""

    name: str
    device: str


def usb_devices(folder: Path = CLASS) -> list[Attached]:
    """The V4L2 devices that give pictures. A camera's other device nodes carry only metadata."""
    if not folder.is_dir():
        return []
    found = sorted(folder.iterdir(), key=lambda path: (len(path.name), path.name))
    return [
        Attached(_line(path / "name") or path.name, f"/dev/{path.name}")
        for path in found
        if _line(path / "index") in ("", "0")
    ]


def libcamera_names() -> list[str] | None:
    """The cameras that libcamera finds, such as a Pi's; None if libcamera is not installed."""
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
