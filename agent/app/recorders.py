"""Makes the client of a camera's own recorder."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from agent.cameras.login import DeviceLogin
from agent.cameras.onvif.recorder import OnvifRecorder
from agent.config.camera import CameraSection
from agent.config.credentials import is_open_to_all
from agent.media.archive import ArchiveError

LOGIN_BYTES: Final = 1000


def make_recorder(section: CameraSection, utc_us: Callable[[], int]) -> OnvifRecorder:
    """Client of the recorder of a camera that has one; its login is read again at each request."""
    return OnvifRecorder(
        section.recorder,
        login=lambda: read_login(section.recorder_login_file),
        utc_us=utc_us,
        token=section.recorder_token,
    )


def read_login(path: str) -> DeviceLogin | None:
    """The only line of a login file, None without a file; raises ArchiveError."""
    if not path:
        return None
    try:
        is_open = is_open_to_all(Path(path))
        with Path(path).open(encoding="utf-8") as file:
            line = file.read(LOGIN_BYTES).strip()
    except (OSError, ValueError) as error:
        raise ArchiveError(f"the login's file {path} cannot be read") from error
    if is_open:
        raise ArchiveError(f"everybody may read the login's file {path}: chmod o= {path}")
    name, colon, password = line.partition(":")
    if not colon or not name or "\n" in line:
        raise ArchiveError(f"the login's file {path} holds not one line NAME:PASSWORD")
    return DeviceLogin(name, password)
