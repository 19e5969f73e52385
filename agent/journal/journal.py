"""The node's database, shared by its threads: one connection, one lock, short transactions."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final, Self, TypeVar
from uuid import UUID

import structlog

from agent.journal import holds, queries, requested_files, requested_spans, resend
from agent.journal.ballast import Ballast
from agent.journal.errors import JournalFull, explained
from agent.journal.eviction import Gauge
from agent.journal.file import claim, open_or_replace, spool_id_of
from agent.journal.requested_files import UploadScope
from agent.journal.requested_spans import SpanRequest
from agent.journal.resend import ResendPlan
from agent.journal.rows import (
    Clip,
    DueMedia,
    JournalCounts,
    JournalLimits,
    MediaKind,
    StoredFile,
    WaitingEvent,
)
from agent.journal.transaction import Transaction, Trust
from agent.media.frame import Instant
from agent.wire.answers import BringSpan, HoldFootage
from agent.wire.numbers import Range
from agent.wire.terms import ClockSource

_log = structlog.get_logger("agent.journal")
T = TypeVar("T")

FORGOTTEN_AT_ONCE: Final = 300
"""The log of this many deletions fits into the reserved space several times."""
FORGOTTEN_TIMES: Final = 10


def _nobody_vouches() -> tuple[ClockSource, int | None]:
    return ClockSource.NONE, None


class Journal:
    """Outbox, footage index and counters. Any thread may call; every failure is a JournalError."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        *,
        claimed: IO[bytes],
        ballast: Ballast,
        now: Callable[[], Instant],
        trust: Trust,
        boot_id: UUID,
        limits: JournalLimits,
    ) -> None:
        self.path = path
        self.boot_id = boot_id
        self.spool_id = spool_id_of(connection)
        self._sql = connection
        self._claimed = claimed
        self._ballast = ballast
        self._now = now
        self._trust = trust
        self._limits = limits
        self._gauge = Gauge()
        self._lock = threading.RLock()
        self._listeners: list[Callable[[], None]] = []

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        now: Callable[[], Instant],
        boot_id: UUID,
        trust: Trust = _nobody_vouches,
        limits: JournalLimits | None = None,
    ) -> Self:
        """Open or create the file; a damaged one is renamed and a new one created.

        Raises JournalError with its cure if the place is unusable, JournalBusy if another process
        has it.
        """
        claimed, ballast = claim(path), Ballast(path)
        try:
            connection = _open_on_any_disk(path, ballast, now().utc_us)
        except BaseException:
            claimed.close()
            raise
        return cls(
            path,
            connection,
            claimed=claimed,
            ballast=ballast,
            now=now,
            trust=trust,
            boot_id=boot_id,
            limits=limits or JournalLimits(),
        )

    def now(self) -> Instant:
        """Present moment by the clock of this journal."""
        return self._now()

    def is_clock_trusted(self) -> bool:
        """True while the UTC time of `now` has a known error."""
        return self._trust()[1] is not None

    def close(self) -> None:
        """Merge the write-ahead log into the file and close it."""
        with self._lock:
            self._sql.close()
            self._claimed.close()

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake`, on the writer's thread, after commits with work for the uplink."""
        self._listeners.append(wake)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """All writes are durable at the end of the block, or none; raises JournalError."""
        with self._lock:
            tx = Transaction(
                self._sql,
                now=self._now,
                trust=self._trust,
                boot_id=self.boot_id,
                limits=self._limits,
                gauge=self._gauge,
            )
            try:
                self._sql.execute("BEGIN IMMEDIATE")
                yield tx
                self._sql.execute("COMMIT")
            except sqlite3.Error as error:
                self._undo()
                why = explained(error, self.path)
                if isinstance(why, JournalFull):
                    self._make_room()
                raise why from error
            except BaseException:
                self._undo()
                raise
        if tx.has_news:
            for wake in self._listeners:
                wake()

    def receipt(self, event_ids: Iterable[UUID], *, alerted: Iterable[UUID] = ()) -> list[UUID]:
        """Note that the hub has stored these events, some of them in an alert; returns the ids
        that were waiting."""
        with self.transaction() as tx:
            return tx.receipt(event_ids, alerted=alerted)

    def refuse(self, event_id: UUID, *, reason: str, detail: str) -> bool:
        """Set aside and count an event that the hub will never accept. False if it was not
        waiting."""
        with self.transaction() as tx:
            return tx.refuse(event_id, reason=reason, detail=detail)

    def close_left_open(self) -> int:
        """Add the closings that an earlier run could not write; returns their number."""
        with self.transaction() as tx:
            return tx.close_left_open()

    def media_done(self, sha256: str) -> None:
        """Note that the hub has this file."""
        with self.transaction() as tx:
            tx.media_done(sha256)

    def media_refused(self, sha256: str, reason: str) -> None:
        """Note that the hub will never accept this file."""
        with self.transaction() as tx:
            tx.media_refused(sha256, reason)

    def say_again(self, ranges: Sequence[Range], media: Iterable[str]) -> ResendPlan:
        """The hub lacks these numbers and files: they are queued again, or reported as gone."""
        with self.transaction() as tx:
            return tx.say_again(ranges, media)

    def place_boot(self) -> bool:
        """Report that this boot's clock is trusted now, if that is new."""
        with self.transaction() as tx:
            return tx.place_boot()

    def prune(self) -> int:
        """Delete receipted events over the limits; returns their number."""
        self.keep_ballast()
        with self.transaction() as tx:
            return tx.prune()

    def keep_ballast(self) -> None:
        """Create the reserve file, if there is space now."""
        with self._lock:
            self._ballast.lay()

    def waiting(self, limit: int) -> list[WaitingEvent]:
        """Waiting events, alerts first, then oldest first."""
        good, unreadable = self._read(lambda sql: queries.waiting(sql, limit))
        if unreadable:
            _log.error("journal_rows_unreadable", numbers=unreadable)
            with self.transaction() as tx:
                for seq in unreadable:
                    tx.drop_unreadable(seq)
        return good

    def last_seq(self) -> int:
        """Highest number so far; 0 if none."""
        return self._read(resend.last_seq)

    def media_due(self, limit: int = 20, brought: UploadScope = UploadScope.ALL) -> list[DueMedia]:
        """Files to upload whose event the hub has, most important first."""
        return self._read(lambda sql: requested_files.due(sql, brought, limit))

    def is_wanted_growing(self, event_id: UUID) -> bool:
        """True if the hub knows this growing clip and it belongs to an alert."""
        return self._read(lambda sql: requested_files.is_wanted_growing(sql, event_id))

    def media_owed(self, brought: UploadScope) -> int:
        """Number of files still to upload."""
        return self._read(lambda sql: requested_files.owed(sql, brought))

    def hold(self, command_id: UUID, wanted: HoldFootage) -> None:
        """Protect footage for a case. A repetition changes nothing."""
        with self.transaction() as tx:
            tx.hold(command_id, wanted)

    def release(self, command_id: UUID, hold_id: UUID) -> None:
        """End a hold. A repetition changes nothing."""
        with self.transaction() as tx:
            tx.release(command_id, hold_id)

    def want_span(self, command_id: UUID, span: BringSpan) -> None:
        """Somebody wants a time span; the clip store answers. A repetition changes nothing."""
        with self.transaction() as tx:
            tx.want_span(command_id, span)

    def spans_wanted(self) -> list[SpanRequest]:
        """Requested time spans without an answer."""
        return self._read(requested_spans.wanted)

    def clips_of(self, span: SpanRequest, *, limit: int) -> list[tuple[Clip, bool]]:
        """Clips that overlap the span, and whether each was announced to the hub."""
        return self._read(lambda sql: requested_spans.clips_of(sql, span, limit=limit))

    def bring(self, command_id: UUID, sha256s: Sequence[str]) -> None:
        """Put these files first, because somebody at the hub waits for them. A repetition
        changes nothing."""
        with self.transaction() as tx:
            tx.bring(command_id, sha256s)

    def kept(self, kind: MediaKind) -> list[StoredFile]:
        """All known files of that kind, oldest first."""
        return self._read(lambda sql: queries.kept(sql, kind))

    def held(self, sha256s: Iterable[str]) -> set[str]:
        """The files among these that are under a hold now."""
        return self._read(lambda sql: holds.held(sql, sha256s))

    def clips(self) -> list[Clip]:
        """All stored clips, oldest first."""
        return self._read(queries.clips)

    def sightings_between(self, camera: str, first_utc_us: int, last_utc_us: int) -> list[UUID]:
        """Sightings of a camera with an event in that time span."""
        return self._read(
            lambda sql: queries.sightings_between(sql, camera, first_utc_us, last_utc_us)
        )

    def sightings_announced(self, clip_id: UUID) -> list[UUID]:
        """Sightings that a clip shows, as the hub was told while the clip was recorded."""
        return self._read(lambda sql: queries.sightings_announced(sql, clip_id))

    def remembered(self, name: str) -> str | None:
        """The last value remembered under that name, if any."""
        return self._read(lambda sql: queries.remembered(sql, name))

    def remember(self, name: str, value: str) -> None:
        """Store one fact about this node for later runs."""
        with self.transaction() as tx:
            tx.remember(name, value)

    def counts(self) -> JournalCounts:
        """Counters since the file was created, and what the hub still needs now."""
        return self._read(queries.counts)

    def _read(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                return ask(self._sql)
            except sqlite3.Error as error:
                raise explained(error, self.path) from error

    def _make_room(self) -> None:
        """On a full disk: events that the hub has, kept lest it lose them, go, the oldest first.

        Once for each time that there was ballast to throw off, in whose place that is written.
        """
        self._fold_log()
        if not self._ballast.drop():
            return
        gone = 0
        with suppress(sqlite3.Error):
            for _ in range(FORGOTTEN_TIMES):
                self._sql.execute("BEGIN IMMEDIATE")
                some = resend.forget_oldest(self._sql, FORGOTTEN_AT_ONCE)
                self._sql.execute("COMMIT")
                self._fold_log()
                gone += some
                if some < FORGOTTEN_AT_ONCE:
                    break
        self._undo()
        _log.warning("journal_made_room", events=gone, path=str(self.path))

    def _fold_log(self) -> None:
        """Give back what the write-ahead log takes of a full disk, megabytes at times."""
        with suppress(sqlite3.Error):
            self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _undo(self) -> None:
        if self._sql.in_transaction:  # SQLite undoes some failures itself, a full disk among them
            self._sql.execute("ROLLBACK")


def _open_on_any_disk(path: Path, ballast: Ballast, utc_us: int) -> sqlite3.Connection:
    """On one that is full as well: once it is open, room can be made."""
    try:
        return open_or_replace(path, utc_us)
    except JournalFull:
        if not ballast.drop():
            raise
    _log.warning("journal_opened_on_a_full_disk", path=str(path))
    return open_or_replace(path, utc_us)
