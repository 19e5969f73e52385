"""Settings from the hub, stored in one file that is written atomically.

It lies beside the journal, because the agent may not write to its configuration folder. The node
changes its settings by ending; systemd restarts it with all its parts.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

import structlog
from pydantic import ValidationError

from agent.board.clock import boot_id
from agent.config.remote.merge import masks_in, merged, own_words, removed_in
from agent.config.remote.probation import ProbationStatus, Uptime, WantedSettings
from agent.config.sections import AgentSettings
from agent.journal.durable import make_folder, sync_folder
from agent.wire.codec import WireError, encode
from agent.wire.settings import (
    Configure,
    SettingsFault,
    SettingsReport,
    setting_keys,
    settings_hash,
)

log = structlog.get_logger()

NAME: Final = "settings-from-hub.json"
MOST_BYTES: Final = 2**20
PROOF_S: Final = 5.0
"""Time the connection must last before settings or a release count as proved."""
LOOK_S: Final = 0.5


def uptime() -> Uptime:
    """Time since boot, now."""
    return Uptime(boot_id(), time.clock_gettime(time.CLOCK_BOOTTIME))


class SettingsFromHub:
    """Stores settings from the hub, reports them, and says when the node must restart; for any
    thread."""

    def __init__(
        self, path: Path, own: AgentSettings, *, now: Callable[[], Uptime] = uptime
    ) -> None:
        self._path = path
        self._own = own
        self._now = now
        self._lock = threading.Lock()
        self._status = self._read()
        self._begin_anew: Callable[[], None] = lambda: None
        self._working_by: WantedSettings | None = None
        self.revision = 0
        """Grows whenever the report should be sent again."""

    @classmethod
    def beside(cls, own: AgentSettings, *, now: Callable[[], Uptime] = uptime) -> Self:
        """The settings from the hub for the node with these own settings, stored beside its
        journal."""
        return cls(own.journal.path.parent / NAME, own, now=now)

    @property
    def status(self) -> ProbationStatus:
        """The stored state of settings from the hub."""
        return self._status

    def start(self) -> AgentSettings:
        """The settings that apply from this start on: the node's own file, with settings from the
        hub if there are any."""
        with self._lock:
            self._try_write(self._status.started(now=self._now()))
            while (chosen := self._status.chosen) is not None:
                try:
                    fitting = merged(self._own, chosen.settings)
                except SettingsFault as fault:
                    log.error("settings_do_not_fit", version=chosen.version, reason=str(fault))
                    after = (
                        self._status.fallen_back(str(fault))
                        if self._status.probation
                        else self._status.unfit(str(fault), masks_in(self._own, chosen.settings))
                    )
                    self._try_write(after)
                    self._status = after  # even if the disk fails: it must not be tried again
                else:
                    self._working_by = chosen
                    if removed := removed_in(chosen.settings):
                        log.warning("settings_removed", version=chosen.version, keys=removed)
                    return fitting
            return self._own

    def look(self) -> AgentSettings:
        """The settings that apply now, for a program that only reads."""
        for wanted in (self._status.chosen, self._status.in_force):
            with suppress(SettingsFault):
                if wanted is not None:
                    return merged(self._own, wanted.settings)
        in_force = self._status.in_force
        return merged(self._own, masks_in(self._own, in_force.settings)) if in_force else self._own

    def on_change(self, begin_anew: Callable[[], None]) -> None:
        """Set a function to call, from any thread, when other settings apply."""
        self._begin_anew = begin_anew

    def receive(self, said: Configure) -> None:
        """Take settings that the hub wants; never raises for invalid settings or a failing disk."""
        with self._lock:
            self.revision += 1
            before = self._status.chosen
            if self._status.knows(said):
                return
            after = self._judge(said)
            try:
                self._write(after)
            except OSError as error:
                log.error("settings_unwritten", reason=str(error))
                # Nothing was stored: logged, and forgotten at the next start.
                why = f"they cannot be kept: {error}. Make {self._path.parent} writable"
                self._status = self._status.refused(said, why)
                return
            last = self._status.last
            log.info("settings_heard", version=said.version, outcome=last and last.outcome)
            # The same settings under another number are in force at once.
            is_news = self._status.probation is not None and self._status.chosen != before
        if is_news:
            self._begin_anew()

    def report(self) -> SettingsReport:
        """Report for the hub; without values if they are too large for a message."""
        status = self._status
        in_force = status.in_force
        report = SettingsReport(
            node=self._own.node.name,
            in_force=in_force.name if in_force else None,
            last=status.last,
            own=own_words(self._own),
            from_afar=in_force.settings if in_force else None,
            keys=tuple(setting_keys()),
        )
        try:
            encode(report)
        except WireError:
            return report.model_copy(update={"own": None, "from_afar": None})
        return report

    @property
    def is_on_probation(self) -> bool:
        """True if this program runs settings on probation. One that only received them proves
        nothing by its own connection."""
        known = self._status.probation
        return known is not None and known.wanted == self._working_by

    def prove(self) -> None:
        """Note that the node reached its broker with the settings on probation; raises OSError
        if that cannot be stored."""
        with self._lock:
            if not self.is_on_probation:  # others came since the connection was checked
                return
            self._write(self._status.proved())
            self.revision += 1
        log.info("settings_in_force")

    def fall_back_if_over(self) -> bool:
        """True if the time of probation is over: the previous settings apply, and the node
        restarts."""
        with self._lock:
            known = self._status.probation
            if known is None or not self._status.is_over(now=self._now()):
                return False
            why = f"with them the node did not reach its broker within {known.within_s:.0f} s"
            self._try_write(self._status.fallen_back(why))
            self.revision += 1
        log.error("settings_fell_back", version=known.wanted.version, reason=why)
        self._begin_anew()
        return True

    def _judge(self, said: Configure) -> ProbationStatus:
        try:
            if settings_hash(said.settings) != said.sha256:
                return self._status.refused(said, "they are not what their hash says: damaged")
            merged(self._own, said.settings)
        except (SettingsFault, ValueError) as fault:
            return self._status.refused(said, str(fault))
        return self._status.taken(said, now=self._now())

    def _read(self) -> ProbationStatus:
        try:
            with self._path.open("rb") as file:
                return ProbationStatus.model_validate_json(file.read(MOST_BYTES))
        except FileNotFoundError:
            return ProbationStatus()
        except (OSError, ValidationError) as error:
            log.error("settings_unreadable", path=str(self._path), reason=str(error)[:200])
            return ProbationStatus()  # the hub sees that none are reported, and sends them again

    def _try_write(self, after: ProbationStatus) -> None:
        """If the disk refuses, the stored state stays and the node goes on."""
        try:
            self._write(after)
        except OSError as error:
            log.error("settings_unwritten", reason=str(error))
            if after.probation is not None:  # a start that cannot be counted must not be one
                after = after.fallen_back(f"the start with them cannot be counted: {error}")
            self._status = after

    def _write(self, after: ProbationStatus) -> None:
        """Atomically, and durable before anything follows from it."""
        if after == self._status:
            return
        make_folder(self._path.parent)
        draft = self._path.with_name(f".{NAME}.new")
        with draft.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(after.model_dump_json().encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        sync_folder(self._path.parent)
        self._status = after


class Prover:
    """A named service: checks whether the node reaches its broker while settings are on
    probation."""

    def __init__(self, kept: SettingsFromHub, link_up_for_s: Callable[[], float]) -> None:
        self._kept = kept
        self._link_up_for_s = link_up_for_s

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Check the connection until stopped."""
        while not stop.wait(LOOK_S):
            beat()
            if not self._kept.is_on_probation:
                continue
            if self._link_up_for_s() >= PROOF_S:
                self._kept.prove()
            elif self._kept.fall_back_if_over():
                return
