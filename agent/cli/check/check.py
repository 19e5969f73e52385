"""`check`: tries everything a start needs, one line each, in the reader's language."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from agent.app.cameras import make_camera
from agent.app.models import load_models
from agent.app.node import check_papers, open_journal
from agent.board.board import Board
from agent.board.clock import SystemClock, tells_hours
from agent.cameras.port import CameraError
from agent.cli.check import board as check_board
from agent.cli.check import hub, view
from agent.cli.check.finding import Finding
from agent.cli.check.recorder import recorder_finding
from agent.cli.check.recording_budget import continuous
from agent.cli.check.refused import refused
from agent.cli.check.sound import sound
from agent.cli.check.tampered import views_taken
from agent.cli.login import Login
from agent.config import SettingsFromHub
from agent.config.camera import CameraSection
from agent.config.remote.probation import FELL_BACK, REFUSED
from agent.config.sections import AgentSettings
from agent.i18n import N_, Say
from agent.inference.manifest import ModelError
from agent.journal import (
    JournalBusy,
    JournalDying,
    JournalError,
    JournalFull,
    JournalReadOnly,
    is_mounted_read_only,
)
from agent.uplink.mqtt.errors import Trouble
from agent.uplink.mqtt.session import BrokerAddress
from agent.wire.answers import UploadToken

READ_ONLY: Final = (
    N_("its disk is mounted read-only"),
    N_(
        "a card that dies is mounted so: see dmesg, and replace it; otherwise make it writable:"
        " mount -o remount,rw"
    ),
)
DYING: Final = (
    N_("its disk fails ({why})"),
    N_("replace the card or the disk, and enrol the node anew with a code for the same name"),
)


def check(
    settings: AgentSettings,
    show: Callable[[str], None],
    say: Say,
    *,
    clock: SystemClock | None = None,
    from_hub: SettingsFromHub | None = None,
) -> bool:
    """Try everything and show a line for each; True if a start would succeed and everything
    configured would work."""
    is_ok = True
    for finding in findings(settings, clock or SystemClock(), from_hub):
        show(finding.line(say))
        is_ok = is_ok and finding.is_ok
    return is_ok


def findings(
    settings: AgentSettings, clock: SystemClock, from_hub: SettingsFromHub | None = None
) -> Iterator[Finding]:
    """The findings, one after the other, each as soon as it was tried."""
    yield Finding(N_("configuration of {node}"), facts={"node": settings.node.name})
    if from_hub is not None:
        yield from _from_hub(from_hub)
    journal, is_running = _journal(settings)
    for camera in settings.camera:
        yield from _camera(camera, is_running=is_running)
        if camera.continuous:
            yield continuous(camera, settings.clips)
        if camera.sound:
            yield sound(camera)
        if camera.recorder:
            yield recorder_finding(camera, lambda: clock.now().utc_us)
    if any(camera.has_hours for camera in settings.camera):
        yield _clock(clock)
    yield _model(settings)
    yield journal
    if not is_running:
        yield from views_taken(settings)
    yield from refused(settings.journal.path, now_utc_us=clock.now().utc_us)
    yield _clips(settings)
    board = Board(_nearest(settings.journal.path.parent))
    yield check_board.kind(board.model())
    yield from check_board.findings(board.words(), clock)
    yield from _brokers(settings, is_running=is_running)


def _from_hub(kept: SettingsFromHub) -> Iterator[Finding]:
    """The hub's settings in use, and those that could not be used."""
    if (in_force := kept.status.in_force) is not None:
        yield Finding(
            N_("settings from the hub, number {version}"), facts={"version": in_force.version}
        )
    last = kept.status.last
    if last is not None and last.outcome in (REFUSED, FELL_BACK):
        yield Finding(
            N_("settings from the hub, number {version}"),
            N_("they were not taken: {reason}"),
            N_("have the keeper change them at the hub; the box works by those before"),
            {"version": last.version, "reason": last.reason},
        )


def _camera(section: CameraSection, *, is_running: bool) -> Iterator[Finding]:
    if is_running and section.source in ("device", "picamera"):  # which only one program can open
        yield Finding(
            N_("camera {camera}, watched by the running agent"), facts={"camera": section.name}
        )
        return
    about = N_("camera {camera}")
    if section.private:
        about = N_("camera {camera}, encoded by the node for its privacy masks")
    facts: dict[str, object] = {"camera": section.name, "path": section.recording}
    camera = make_camera(section, SystemClock().now)
    try:
        info = camera.open()
        seen = view.watch(camera)
    except CameraError as error:
        yield _no_camera(about, facts, error)
        return
    finally:
        camera.close()
    yield Finding(about, facts=facts)
    yield from view.findings(section.name, info, seen)


def _no_camera(about: str, facts: dict[str, object], error: CameraError) -> Finding:
    if error.facts is not None:
        return Finding(about, *error.templates, facts | dict(error.facts))
    facts["why"] = error.sentence.rstrip(".")
    return Finding(
        about,
        N_("the recording {path} cannot be played ({why})"),
        N_("give [[camera]] recording a video file with H.264, or a folder of pictures"),
        facts,
    )


def _clock(clock: SystemClock) -> Finding:
    about = N_("clock, for the hours of the configuration")
    if tells_hours(*clock.trust()):
        return Finding(about)
    return Finding(
        about,
        N_("nobody vouches for it, so closed hours are silent and people alert at all hours"),
        N_("let the node reach a time server (timedatectl shows whether it does)"),
    )


def _model(settings: AgentSettings) -> Finding:
    about = N_("model")
    try:
        load_models(settings, keeps=False).prove()
    except ModelError as error:
        return Finding(
            about,
            N_("the network cannot be used ({why})"),
            N_("install the models that belong to this version, or correct [detector]"),
            {"why": error.sentence.rstrip(".")},
        )
    return Finding(about)


def _journal(settings: AgentSettings) -> tuple[Finding, bool]:
    """And whether a running agent holds it."""
    about = N_("journal {path}")
    facts: dict[str, object] = {"path": settings.journal.path}
    try:
        journal = open_journal(settings, SystemClock())
    except JournalBusy:
        return Finding(N_("journal {path}, in use by the running agent"), facts=facts), True
    except JournalFull:
        sentence, cure = N_("the disk is full"), N_("free space, or lower [clips] max_bytes")
        return Finding(about, sentence, cure, facts), False
    except JournalReadOnly:
        return Finding(about, *READ_ONLY, facts), False
    except JournalDying as error:
        facts["why"] = error.sentence
        return Finding(about, *DYING, facts), False
    except JournalError as error:
        facts["why"] = error.sentence
        return Finding(
            about,
            N_("it cannot be written ({why})"),
            N_("give [journal] path a place that the agent's user may write to"),
            facts,
        ), False
    journal.close()
    return Finding(about, facts=facts), False


def _clips(settings: AgentSettings) -> Finding:
    """The agent also starts without it, and then records nothing."""
    folder = settings.clips.folder
    facts: dict[str, object] = {"path": folder}
    about = N_("folder of the clips {path}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_usable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        is_usable = False
    if is_usable:
        return Finding(about, facts=facts)
    if is_mounted_read_only(folder):
        return Finding(about, *READ_ONLY, facts)
    return Finding(
        about,
        N_("it cannot be written: alerts would go out without video"),
        N_("give [clips] folder a place that the agent's user may write to"),
        facts,
    )


def _nearest(folder: Path) -> Path:
    """The folder itself, or its first existing parent."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _brokers(settings: AgentSettings, *, is_running: bool) -> Iterator[Finding]:
    """Each of them, as the node may be at any; then the hub behind."""
    try:
        check_papers(settings)
    except Trouble as error:
        yield _broker(settings.broker.address(), error)
        return
    if is_running:  # a second login with this name would disconnect the running agent
        yield Finding(
            N_("papers; broker and hub are tried only after: sudo systemctl stop matthan-agent")
        )
        return
    tokens: list[UploadToken | None] = []
    for address in settings.broker.addresses():
        try:
            tokens.append(Login(address, settings.node.name).attempt())
        except Trouble as error:
            yield _broker(address, error)
        else:
            yield _broker(address)
    if tokens:
        yield hub.hub(settings, next(filter(None, tokens), None))


def _broker(address: BrokerAddress, error: Trouble | None = None) -> Finding:
    about = N_("broker {host}:{port}")
    facts: dict[str, object] = {"host": address.host, "port": address.port}
    if error is None:
        return Finding(about, facts=facts)
    return Finding(about, error.sentence, error.cure, facts | error.facts)
