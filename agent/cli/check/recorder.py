"""Check of a camera's own recorder: which footage it has."""

from collections.abc import Callable
from datetime import UTC, datetime

from agent.app.recorders import make_recorder
from agent.cli.check.finding import Finding
from agent.config.camera import CameraSection
from agent.i18n import N_
from agent.media.archive import ArchiveError


def recorder_finding(section: CameraSection, utc_us: Callable[[], int]) -> Finding:
    """Footage that the recorder has, or why it cannot be asked."""
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
