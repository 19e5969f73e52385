"""Recorders of cameras: access, and their check."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent.assembly.finding import Finding
from agent.config.camera import CameraSection
from agent.config.private import is_open_to_all
from agent.devices.login import DeviceLogin
from agent.devices.recorder import OnvifRecorder
from agent.i18n import N_
from agent.media.archive import ArchiveError

LOGIN_BYTES: Final = 1000


def make_recorder(section: CameraSection, utc_us: Callable[[], int]) -> OnvifRecorder:
    """For a camera that has one; its login is read again at each request."""
    return OnvifRecorder(
        section.recorder,
        login=lambda: read_login(section.recorder_login_file),
        utc_us=utc_us,
        token=section.recorder_token,
    )


def read_login(path: str) -> DeviceLogin | None:
    """The single line of a login file, None without one; raises ArchiveError."""
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


def recorder_finding(section: CameraSection, utc_us: Callable[[], int]) -> Finding:
    """Footage in the recorder, or why it cannot be asked."""
    facts: dict[str, object] = {"camera": section.name}
    recorder = make_recorder(section, utc_us)
    try:
        found = recorder.recordings()
        ahead_s = recorder.clock_ahead_us() / 1e6
    except ArchiveError as error:
        return Finding(
            N_("recorder of {camera}"),
            N_("it cannot be asked: {why}"),
            N_("correct [[camera]] recorder, or its login's file; or see to its power and network"),
            facts | {"why": str(error)},
        )
    chosen = [one for one in found if section.recorder_token in {"", one.token}]
    if len(chosen) != 1:
        names = ", ".join(f"{one.token} ({one.name})" for one in found[:20]) or "-"
        return Finding(
            N_("recorder of {camera}"),
            N_("it has not one recording to choose but these: {names}"),
            N_("set [[camera]] recorder_token to this camera's"),
            facts | {"names": names},
        )
    facts |= {
        "since": _said(chosen[0].from_utc_us),
        "until": _said(chosen[0].until_utc_us),
        "ahead": f"{ahead_s:+.0f}",
    }
    return Finding(
        N_("recorder of {camera} has {since} to {until} UTC; its clock differs by {ahead} s"),
        facts=facts,
    )


def _said(utc_us: int | None) -> str:
    return "?" if utc_us is None else f"{datetime.fromtimestamp(utc_us / 1e6, UTC):%Y-%m-%d %H:%M}"
