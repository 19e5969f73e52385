"""Downloads a desired release piece by piece and hands it over for installation.

After all footage, within the bandwidth for uploads. Downloaded bytes survive a broken line, a
restart and a power cut. The complete file is handed over by a note beside it; the root service
(`agent.updates.install`) checks the signature again and trusts nothing from here.
"""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx
import structlog
from pydantic import ValidationError

from agent.journal.durable import make_folder, sync_folder, write_whole
from agent.uplink import https
from agent.uplink.background import BEAT_S, Going, Pace, leave
from agent.uplink.backoff import Backoff
from agent.uplink.tokens import Tokens
from agent.wire.programs import BundleFault, ProgramsAnswer, ProgramsReport, TakePrograms

log = structlog.get_logger()

TIMEOUT_S: Final = 30.0
PIECE_BYTES: Final = 64 * 1024
SYNC_BYTES: Final = 4 * 2**20
"""Most bytes downloaded again after a power cut."""
SAY_EVERY_S: Final = 60.0
LOOK_EVERY_S: Final = 5.0
SPARE_BYTES: Final = 256 * 2**20
"""Disk space left free beside the file and root's copy of it."""
MOST_DAMAGED: Final = 2
PART: Final = "bundle.part"
BUNDLE: Final = "bundle.tar"
NOTE: Final = "wanted.json"
STOPPED: Final = "the agent was stopped"


@dataclass(frozen=True, slots=True)
class InstalledRelease:
    """The running release, and what became of the last bundle by the root service, the guard and
    the connection."""

    number: int | None
    name: str | None
    last: ProgramsAnswer | None


class ReleaseFetch:
    """Named service that downloads a desired release; also the `ProgramsDesk` of the link."""

    def __init__(  # noqa: PLR0913 - all that it works with, each by its name
        self,
        node: str,
        folder: Path,
        tokens: Tokens,
        *,
        trusted: Path | None,
        check: Callable[[Path], None],
        installed: Callable[[], InstalledRelease],
        bytes_per_s: float = 0.0,
        gives_way: Callable[[], bool] = lambda: False,
        free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        """`check` raises BundleFault for a file that this node will not install."""
        self._node = node
        self._folder = folder
        self._tokens = tokens
        self._check = check
        self._installed = installed
        self._pace = Pace(bytes_per_s, gives_way)
        self._free_bytes = free_bytes
        self._wanted: TakePrograms | None = None
        self._own: ProgramsAnswer | None = None
        self._last = installed()
        self._looked_s = 0.0
        self._damaged = 0
        self._asked = threading.Event()
        self.revision = 0
        self._client = https.client(trusted, TIMEOUT_S)

    def receive(self, said: TakePrograms) -> None:
        """The hub wants this release; a repeated one is answered again."""
        known = self._answer()
        if known is not None and _is_of(known, said) and known.outcome != "fetching":
            self.revision += 1
            return
        is_here = self._last.last is not None and _runs(self._last.last, said)
        if is_here and not self._is_root_at_work():
            self._say(said, "in_force")
            return
        if self._wanted is None or not _is_same(self._wanted, said):
            self._wanted, self._damaged = said, 0
            self._say(said, "fetching")
        self._asked.set()

    def report(self) -> ProgramsReport:
        """See `ProgramsReport`."""
        now = self._last
        return ProgramsReport(
            node=self._node, number=now.number, name=now.name, last=self._answer()
        )

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Download desired releases until stopped."""

        def beat_and_look() -> None:
            beat()
            self._look()

        going, backoff = Going(stop, beat_and_look), Backoff(2.0, 60.0)
        while going():
            if not self._asked.wait(BEAT_S):
                continue
            self._asked.clear()  # before reading: later requests are not lost
            wanted = self._wanted
            if wanted is None or self._is_handed_over(wanted):
                continue
            if self._is_root_at_work():  # with another one; at its end it deletes both files
                self._asked.set()
                going.rest(BEAT_S)
                continue
            if self._bring(wanted, going):
                backoff.reset()
                continue
            self._asked.set()
            going.rest(backoff.next_s())

    def close(self) -> None:
        """Close the HTTP connection."""
        self._client.close()

    def _answer(self) -> ProgramsAnswer | None:
        """The root service's result goes before ours for the same release."""
        last, own = self._last.last, self._own
        if own is None:
            return last
        if last is not None and ((last.version, last.sha256) == (own.version, own.sha256)):
            return last
        return own

    def _look(self) -> None:
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = now_s
        if (found := self._installed()) != self._last:
            self._last = found
            self.revision += 1

    def _say(self, of: TakePrograms, outcome: str, reason: str = "", brought: int = 0) -> None:
        self._own = ProgramsAnswer(
            version=of.version,
            sha256=of.sha256,
            outcome=outcome,
            reason=reason[:1000],
            brought_bytes=brought,
        )
        self.revision += 1

    def _is_handed_over(self, wanted: TakePrograms) -> bool:
        """True perhaps from before a power cut: the root service continues at every start."""
        try:
            text = (self._folder / NOTE).read_bytes()
            said = TakePrograms.model_validate_json(text)
        except (OSError, ValidationError):
            return False
        if not _is_same(said, wanted):
            return False
        if self._own is None or self._own.outcome != "installing":
            self._say(wanted, "installing", brought=wanted.size_bytes)
        return True

    def _is_root_at_work(self) -> bool:
        return (self._folder / NOTE).exists()

    def _bring(self, wanted: TakePrograms, going: Going) -> bool:
        """True if nothing more is to do: handed over, or refused."""
        try:
            part = self._part(wanted)
            if part.stat().st_size < wanted.size_bytes:
                self._fetch(wanted, part, going)
            self._hand_over(wanted, part)
        except BundleFault as fault:
            log.warning("programs_refused", why=str(fault))
            (self._folder / PART).unlink(missing_ok=True)
            self._say(wanted, "refused", str(fault))
            return True
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("programs_not_fetched", why=https.why(error, "the hub"))
            return False
        except OSError as error:
            log.warning("programs_not_fetched", why=str(error))
            return False
        return True

    def _part(self, wanted: TakePrograms) -> Path:
        """File with the downloaded part; parts of other bundles are deleted."""
        make_folder(self._folder)
        part, whose = self._folder / PART, self._folder / f"{PART}.of"
        if not (part.exists() and whose.exists() and whose.read_text() == wanted.sha256):
            part.unlink(missing_ok=True)
            (self._folder / BUNDLE).unlink(missing_ok=True)
            write_whole(whose, wanted.sha256.encode(), mode=0o600)
            part.touch(mode=0o600)
            sync_folder(self._folder)
        if part.stat().st_size > wanted.size_bytes:
            os.truncate(part, 0)
        needed = 2 * wanted.size_bytes - part.stat().st_size + SPARE_BYTES
        if (free := self._free_bytes(self._folder)) < needed:
            raise BundleFault(
                f"{free // 2**20} MB are free and {needed // 2**20} MB are needed:"
                " free some, or let footage have less by [clips] max_bytes"
            )
        return part

    def _fetch(self, wanted: TakePrograms, part: Path, going: Going) -> None:
        token = leave(self._tokens, going)
        if token is None:
            raise httpx.ReadError(STOPPED)
        url = f"{token.upload_url.rstrip('/')}/programs/{wanted.sha256}"
        came = part.stat().st_size
        headers = {"Authorization": f"Bearer {token.token}", "Range": f"bytes={came}-"}
        with self._client.stream("GET", url, headers=headers) as answer:
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                self._tokens.spoilt(token)
            if answer.status_code == HTTPStatus.NOT_FOUND:
                raise BundleFault("the hub does not have it, or does not want it of this node")
            if answer.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
                raise httpx.ReadError(f"the hub answers {answer.status_code}")
            if answer.status_code == HTTPStatus.OK:
                came = 0
            self._write(wanted, part, came, answer, going)

    def _write(
        self,
        wanted: TakePrograms,
        part: Path,
        came: int,
        answer: httpx.Response,
        going: Going,
    ) -> None:
        synced, said_s = came, time.monotonic()
        with part.open("r+b") as file:
            file.truncate(came)
            file.seek(came)
            for piece in answer.iter_raw(PIECE_BYTES):
                came += len(piece)
                if came > wanted.size_bytes:
                    raise BundleFault("the hub sends more than it said")
                file.write(piece)
                if came - synced >= SYNC_BYTES:
                    file.flush()
                    os.fsync(file.fileno())
                    synced = came
                if time.monotonic() - said_s >= SAY_EVERY_S:
                    said_s = time.monotonic()
                    self._say(wanted, "fetching", brought=came)
                if not self._pace.wait(len(piece), going):
                    raise httpx.ReadError(STOPPED)
                if self._wanted is not wanted:
                    raise httpx.ReadError("something else is wanted by now")
            file.flush()
            os.fsync(file.fileno())

    def _hand_over(self, wanted: TakePrograms, part: Path) -> None:
        """Complete and signed: the note starts the root service."""
        if part.stat().st_size < wanted.size_bytes:
            raise httpx.ReadError("the line broke")
        with part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != wanted.sha256:
            part.unlink()
            self._damaged += 1
            if self._damaged >= MOST_DAMAGED:
                raise BundleFault("it is another file than the hub said, each time")
            raise httpx.ReadError("what came is damaged")
        self._check(part)
        if self._wanted is not wanted:
            raise httpx.ReadError("something else is wanted by now")
        part.replace(self._folder / BUNDLE)
        sync_folder(self._folder)
        write_whole(self._folder / NOTE, wanted.model_dump_json().encode(), mode=0o600)
        self._say(wanted, "installing", brought=wanted.size_bytes)
        log.info("programs_handed_over", sha256=wanted.sha256)


def _is_same(one: TakePrograms, other: TakePrograms) -> bool:
    return (one.version, one.sha256) == (other.version, other.sha256)


def _is_of(answer: ProgramsAnswer, said: TakePrograms) -> bool:
    return (answer.version, answer.sha256) == (said.version, said.sha256)


def _runs(last: ProgramsAnswer, said: TakePrograms) -> bool:
    return last.sha256 == said.sha256 and last.outcome == "in_force"
