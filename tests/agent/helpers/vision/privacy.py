"""Helpers of the tests of privacy, used by more than one module."""

from pathlib import Path

from agent.board.clock import SystemClock
from agent.cameras.file.camera import ReplayCamera
from agent.cameras.masked import MaskedCamera
from agent.cameras.port import Camera
from tests.agent.rigs.secrets_behind import (
    WINDOW,
    pictures,
)
from tests.agent.rigs.vision import after


def never() -> bool:
    return False


def replayed(path: Path, *, pace: bool = False) -> Camera:
    clock = SystemClock().now if pace else lambda: after(0)
    return ReplayCamera("cong", path, clock=clock, pace=pace)


def of_pictures(folder: Path, secret: int) -> Camera:
    return MaskedCamera(replayed(pictures(folder, secret)), (WINDOW,), is_seen_apart=False)
