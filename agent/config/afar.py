"""The settings that the hub gave this node: kept in one file, which is never half written.

It lies beside the journal, since the agent may not write where its own configuration is. The node
goes over to other settings by ending; systemd begins it again, and every part with it.
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

from agent.config.merged import merged, own_words
from agent.config.probation import Standing, Uptime, Wanted
from agent.config.sections import AgentSettings
from agent.devices.clock import boot_id
from agent.journal.durable import make_folder, sync_folder
from agent.wire.codec import WireError, encode
from agent.wire.settings import Configure, SettingsFault, SettingsReport, settings_hash

log = structlog.get_logger()

NAME: Final = "settings-from-hub.json"
MOST_BYTES: Final = 2**20
PROOF_S: Final = 5.0
"""So long the line must hold before settings, or programs, count as proved."""
LOOK_S: Final = 0.5


def uptime() -> Uptime:
    """Now, by the boot."""
    return Uptime(boot_id(), time.clock_gettime(time.CLOCK_BOOTTIME))


class SettingsFromHub:
    """Keeps them, answers for them, and says when the node must begin anew; for any thread."""

    def __init__(
        self, path: Path, own: AgentSettings, *, now: Callable[[], Uptime] = uptime
    ) -> None:
        self._path = path
        self._own = own
        self._now = now
        self._lock = threading.Lock()
        self._standing = self._read()
        self._begin_anew: Callable[[], None] = lambda: None
        self._working_by: Wanted | None = None
        self.revision = 0
        """Grows whenever the hub should hear the report again."""

    @classmethod
    def beside(cls, own: AgentSettings, *, now: Callable[[], Uptime] = uptime) -> Self:
        """Those of the node whose own settings these are."""
        return cls(own.journal.path.parent / NAME, own, now=now)

    @property
    def standing(self) -> Standing:
        """What counts, and what was said of it."""
        return self._standing

    def start(self) -> AgentSettings:
        """What the node works by from now on: never less than its own file."""
        with self._lock:
            self._try_write(self._standing.started(now=self._now()))
            while (chosen := self._standing.chosen) is not None:
                try:
                    fitting = merged(self._own, chosen.settings)
                except SettingsFault as fault:
                    log.error("settings_do_not_fit", version=chosen.version, reason=str(fault))
                    after = (
                        self._standing.fallen_back(str(fault))
                        if self._standing.probation
                        else self._standing.unfit(str(fault))
                    )
                    self._try_write(after)
                    self._standing = after  # whatever the disk says: it must not be tried again
                else:
                    self._working_by = chosen
                    return fitting
            return self._own

    def look(self) -> AgentSettings:
        """What counts, for a program that only looks and changes nothing."""
        for wanted in (self._standing.chosen, self._standing.in_force):
            with suppress(SettingsFault):
                if wanted is not None:
                    return merged(self._own, wanted.settings)
        return self._own

    def on_change(self, begin_anew: Callable[[], None]) -> None:
        """What is called, from any thread, when other settings count than the node works by."""
        self._begin_anew = begin_anew

    def hear(self, said: Configure) -> None:
        """The hub wants these; never raises for what is wrong with them or with the disk."""
        with self._lock:
            self.revision += 1
            before = self._standing.chosen
            if self._standing.knows(said):
                return
            after = self._judge(said)
            try:
                self._write(after)
            except OSError as error:
                log.error("settings_unwritten", reason=str(error))
                # Nothing is at the disk: said, and forgotten at the next start.
                why = f"they cannot be kept: {error}. Make {self._path.parent} writable"
                self._standing = self._standing.refused(said, why)
                return
            last = self._standing.last
            log.info("settings_heard", version=said.version, outcome=last and last.outcome)
            # What is in force at once is what the node works by, under another number.
            is_news = self._standing.probation is not None and self._standing.chosen != before
        if is_news:
            self._begin_anew()

    def report(self) -> SettingsReport:
        """What the hub is told; without the values where they are too many for a message."""
        standing = self._standing
        in_force = standing.in_force
        report = SettingsReport(
            node=self._own.node.name,
            in_force=in_force.name if in_force else None,
            last=standing.last,
            own=own_words(self._own),
            from_afar=in_force.settings if in_force else None,
        )
        try:
            encode(report)
        except WireError:
            return report.model_copy(update={"own": None, "from_afar": None})
        return report

    @property
    def is_on_probation(self) -> bool:
        """Whether this program works by settings that have to be proved. One that only heard of
        them proves nothing by its own line."""
        known = self._standing.probation
        return known is not None and known.wanted == self._working_by

    def prove(self) -> None:
        """The node reached its broker with them; raises OSError while that cannot be kept."""
        with self._lock:
            if not self.is_on_probation:  # others came since the line was looked at
                return
            self._write(self._standing.proved())
            self.revision += 1
        log.info("settings_in_force")

    def fall_back_if_over(self) -> bool:
        """Whether their time has run out: then those before count, and the node begins anew."""
        with self._lock:
            known = self._standing.probation
            if known is None or not self._standing.is_over(now=self._now()):
                return False
            why = f"with them the node did not reach its broker within {known.within_s:.0f} s"
            self._try_write(self._standing.fallen_back(why))
            self.revision += 1
        log.error("settings_fell_back", version=known.wanted.version, reason=why)
        self._begin_anew()
        return True

    def _judge(self, said: Configure) -> Standing:
        try:
            if settings_hash(said.settings) != said.sha256:
                return self._standing.refused(said, "they are not what their hash says: damaged")
            merged(self._own, said.settings)
        except (SettingsFault, ValueError) as fault:
            return self._standing.refused(said, str(fault))
        return self._standing.taken(said, now=self._now())

    def _read(self) -> Standing:
        try:
            with self._path.open("rb") as file:
                return Standing.model_validate_json(file.read(MOST_BYTES))
        except FileNotFoundError:
            return Standing()
        except (OSError, ValidationError) as error:
            log.error("settings_unreadable", path=str(self._path), reason=str(error)[:200])
            return Standing()  # the hub sees that it reports none, and says them again

    def _try_write(self, after: Standing) -> None:
        """On a disk that takes nothing what is written stays, and the node goes on."""
        try:
            self._write(after)
        except OSError as error:
            log.error("settings_unwritten", reason=str(error))
            if after.probation is not None:  # a start that cannot be counted is none
                after = after.fallen_back(f"the start with them cannot be counted: {error}")
            self._standing = after

    def _write(self, after: Standing) -> None:
        """Whole or not at all, and durable before anything follows from it."""
        if after == self._standing:
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
        self._standing = after


class Prover:
    """A named service: sees whether the node reaches its broker while settings are on
    probation."""

    def __init__(self, kept: SettingsFromHub, link_up_for_s: Callable[[], float]) -> None:
        self._kept = kept
        self._link_up_for_s = link_up_for_s

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Look until told to stop."""
        while not stop.wait(LOOK_S):
            beat()
            if not self._kept.is_on_probation:
                continue
            if self._link_up_for_s() >= PROOF_S:
                self._kept.prove()
            elif self._kept.fall_back_if_over():
                return
