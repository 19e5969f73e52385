"""Writes of one transaction: an event with its number, its picture, its clip."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from agent.journal import (
    clock_events,
    eviction,
    footage,
    holds,
    requested_files,
    requested_spans,
    resend,
)
from agent.journal.eviction import Gauge
from agent.journal.left_open import Witness, left_open
from agent.journal.resend import ResendPlan
from agent.journal.rows import Clip, JournalLimits, MediaKind
from agent.media.frame import Instant
from agent.wire.answers import BringSpan, HoldFootage
from agent.wire.ident import uuid7
from agent.wire.messages import (
    FILES_ANSWERED,
    Body,
    ClockSet,
    HoldAnswered,
    MediaAnswered,
    NumbersDropped,
)
from agent.wire.numbers import Range
from agent.wire.terms import ClockSource
from agent.wire.urgent import is_urgent

_log = structlog.get_logger("agent.journal")

_RANGES_PER_MESSAGE: Final = 500
_NO_NUMBER: Final = 2**63 - 1
"""Higher than the number of any event."""
_SET_UTC_US: Final = 1_704_067_200_000_000
"""Start of 2024: a clock that shows less was never set."""
_WHY_NOT: Final = "the journal was full or a row was unreadable"
_DROPPED: Final = "its event was dropped from a full journal"

Trust = Callable[[], tuple[ClockSource, int | None]]
"""Source and error of the UTC clock now (ms; None: no bound)."""


class Transaction:
    """One open transaction; made by `Journal.transaction`, which commits or rolls it back."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        now: Callable[[], Instant],
        trust: Trust,
        boot_id: UUID,
        limits: JournalLimits,
        gauge: Gauge,
    ) -> None:
        self._sql = connection
        self._now = now
        self._trust = trust
        self._boot_id = boot_id
        self._limits = limits
        self._gauge = gauge
        self.has_news = False

    def add_event(self, body: Body, *, at: Instant) -> UUID:
        """Store an event of `at` with the next sequence number; returns its event id.

        In a full journal the oldest of the least important events is dropped, which can be this
        one.
        """
        event_id = self._insert(body, at)
        self._drop_excess()
        self._say_drops()
        return event_id

    def place_boot(self) -> bool:
        """Report, once per boot with untrusted times, that its clock is trusted now."""
        _, error_ms = self._trust()
        if error_ms is None or not clock_events.take_turn(self._sql, self._boot_id):
            return False
        self._insert(ClockSet(), self._now())
        return True

    def close_left_open(self) -> int:
        """Add the closings that an earlier run could not write; returns their number.

        Each is dated at the last event of its sighting, by the clocks of that time. The present
        clock may differ, and nobody knows how long they stayed.
        """
        left = left_open(self._sql)
        for one in left:
            self._insert_as_of(one.body, one.last)
        self._drop_excess()
        self._say_drops()
        return len(left)

    def add_media(
        self, *, sha256: str, kind: MediaKind | str, path: Path, size_bytes: int, event_id: UUID
    ) -> None:
        """Add a file that is already durable on disk, to be uploaded once the hub has its event."""
        footage.add_media(
            self._sql,
            sha256=sha256,
            kind=MediaKind(kind),
            path=path,
            size_bytes=size_bytes,
            event_id=event_id,
            utc_us=self._utc_us(),
        )
        known = "SELECT 1 FROM events WHERE event_id = ?"
        if self._sql.execute(known, (str(event_id),)).fetchone() is None:
            self._orphan_media(str(event_id), _DROPPED)

    def is_announced(self, sha256: str) -> bool:
        """True if this file was announced to the hub."""
        known = "SELECT 1 FROM media WHERE sha256 = ?"
        return self._sql.execute(known, (sha256,)).fetchone() is not None

    def forget_sound(self, path: Path) -> None:
        """The sound at that path is removed with its clip."""
        self._sql.execute(
            "DELETE FROM media WHERE path = ? AND kind = ?", (str(path), MediaKind.SOUND.value)
        )

    def add_clip(self, clip: Clip) -> None:
        """Add a complete clip, already durable on disk, to the index."""
        footage.add_clip(self._sql, clip, utc_us=self._utc_us())

    def remove_media(self, sha256: str, reason: str) -> None:
        """Remove a file that the clip store deletes, and report it if the hub never got it."""
        if footage.forget(self._sql, sha256):
            self.count("media_evicted", 1)
            _log.warning("media_never_brought", sha256=sha256, why=reason)

    def hold(self, command_id: UUID, wanted: HoldFootage) -> None:
        """Protect this footage until `release`; the hub is told. A repetition does nothing."""
        if requested_files.is_new(self._sql, command_id, utc_us=self._utc_us()):
            files = holds.hold(self._sql, wanted, utc_us=self._utc_us())
            self._answer_hold(command_id, wanted.hold_id, is_held=True, files=files)

    def held(self, sha256s: Iterable[str]) -> set[str]:
        """The files among these that are under a hold now."""
        return holds.held(self._sql, sha256s)

    def release(self, command_id: UUID, hold_id: UUID) -> None:
        """End a hold; the hub is told. Files under other holds stay protected."""
        if requested_files.is_new(self._sql, command_id, utc_us=self._utc_us()):
            holds.release(self._sql, hold_id)
            self._answer_hold(command_id, hold_id, is_held=False, files=0)

    def _answer_hold(self, command_id: UUID, hold_id: UUID, *, is_held: bool, files: int) -> None:
        answer = HoldAnswered(command_id=command_id, hold_id=hold_id, is_held=is_held, files=files)
        self.add_event(answer, at=self._now())

    def receipt(self, event_ids: Iterable[UUID], *, alerted: Iterable[UUID] = ()) -> list[UUID]:
        """Note that the hub has stored these events; returns the ids that were waiting.

        `alerted`: those that raised or joined an alert, whose footage belongs to it.
        """
        footage.mark_alerted(self._sql, alerted, utc_us=self._utc_us())
        fresh = [event_id for event_id in event_ids if self._receipt_one(event_id)]
        self._say_drops()
        return fresh

    def refuse(self, event_id: UUID, *, reason: str, detail: str) -> bool:
        """Set aside and count an event that the hub will never accept. False if it was not
        waiting."""
        moved = self._sql.execute(
            "DELETE FROM events WHERE event_id = ? AND receipted_utc_us IS NULL"
            " RETURNING seq, kind, body",
            (str(event_id),),
        ).fetchone()
        if moved is None:
            return False
        self._sql.execute(
            "INSERT OR REPLACE INTO set_aside VALUES (?, ?, ?, ?, ?, ?, ?)",
            (str(event_id), *moved, reason, detail, self._utc_us()),
        )
        self._sql.execute(
            "DELETE FROM set_aside WHERE rowid NOT IN"
            " (SELECT rowid FROM set_aside ORDER BY rowid DESC LIMIT ?)",
            (self._limits.max_set_aside,),
        )
        self._orphan_media(str(event_id), f"its event was refused: {reason}")
        self.count("refused", 1)
        self._say_drops()
        return True

    def drop_unreadable(self, seq: int) -> None:
        """Set aside a row that is not a readable event; its number will never come."""
        row = self._sql.execute("SELECT event_id FROM events WHERE seq = ?", (seq,)).fetchone()
        if row is None:
            return
        self._sql.execute(
            "INSERT OR REPLACE INTO set_aside SELECT event_id, seq, kind, body, 'unreadable', '', ?"
            " FROM events WHERE seq = ?",
            (self._utc_us(), seq),
        )
        self._forget_event(seq, str(row[0]), "its event was unreadable")
        self._say_drops()

    def media_done(self, sha256: str) -> None:
        """Note that the hub has this file."""
        changed = self._sql.execute(
            "UPDATE media SET state = 'done' WHERE sha256 = ? AND state != 'done'", (sha256,)
        ).rowcount
        requested_files.fulfilled(self._sql, sha256)
        self.count("media_done", min(1, changed))

    def media_refused(self, sha256: str, reason: str) -> None:
        """Count a file that the hub will never accept, or that is gone; it waits no more."""
        changed = self._sql.execute(
            "UPDATE media SET state = 'refused', reason = ? WHERE sha256 = ?"
            " AND state IN ('waiting', 'due')",
            (reason, sha256),
        ).rowcount
        requested_files.fulfilled(self._sql, sha256)
        self.count("media_refused", min(1, changed))

    def want_span(self, command_id: UUID, span: BringSpan) -> None:
        """Somebody at the hub wants a time span; the clip store answers. A repetition does
        nothing."""
        if requested_files.is_new(self._sql, command_id, utc_us=self._utc_us()):
            requested_spans.want(self._sql, command_id, span)

    def answer_span(self, command_id: UUID, sha256s: Sequence[str]) -> None:
        """Answer a request for a time span: these files show it. They are uploaded first, and the
        hub is told of as many as one answer can name."""
        requested_spans.answered(self._sql, command_id)
        coming, gone = requested_files.wish(self._sql, sha256s, utc_us=self._utc_us())
        answer = MediaAnswered(
            command_id=command_id,
            coming=tuple(coming[:FILES_ANSWERED]),
            gone=tuple(gone[:FILES_ANSWERED]),
        )
        self.add_event(answer, at=self._now())

    def bring(self, command_id: UUID, sha256s: Sequence[str]) -> None:
        """Somebody at the hub waits for these files: they are uploaded first, and the hub is
        told."""
        if not requested_files.is_new(self._sql, command_id, utc_us=self._utc_us()):
            return
        coming, gone = requested_files.wish(self._sql, sha256s, utc_us=self._utc_us())
        answer = MediaAnswered(command_id=command_id, coming=tuple(coming), gone=tuple(gone))
        self.add_event(answer, at=self._now())

    def say_again(self, ranges: Sequence[Range], media: Iterable[str]) -> ResendPlan:
        """The hub lacks these numbers and files: they are queued again, or reported as gone.

        Never at the cost of anything: a nearly full journal waits for the next request.
        """
        room = eviction.room(self._sql, self._limits)
        found = resend.look_up(self._sql, ranges, room=room)
        for reason, gone in found.gone.items() if room > 0 else ():
            body = NumbersDropped(ranges=gone[:_RANGES_PER_MESSAGE], reason=reason)
            self._insert(body, self._now())
        self.count("said_again", resend.owe_again(self._sql, found.again))
        for _ in found.again:
            self._gauge.add(eviction.AGAIN)
        self.count("brought_again", resend.bring_again(self._sql, media))
        self.has_news = True
        return found

    def prune(self) -> int:
        """Delete receipted events over the limits; returns their number.

        By number, up to the first one that stays: if a closing went and its opening stayed, the
        sighting would be closed again.
        """
        oldest = self._utc_us() - round(self._limits.keep_receipted_s * 1e6)
        # Events receipted while the clock stood in 1970 have no age: they go with those after them.
        aged = self._sql.execute(
            "DELETE FROM events WHERE seq <= (SELECT max(seq) FROM events"
            " WHERE receipted_utc_us BETWEEN ? AND ? AND seq < (SELECT ifnull(min(seq), ?)"
            " FROM events WHERE receipted_utc_us IS NULL OR receipted_utc_us > ?))",
            (_SET_UTC_US, oldest, _NO_NUMBER, oldest),
        )
        footage.forget_alerted(self._sql, before_utc_us=oldest)
        requested_files.forget_commands(self._sql, before_utc_us=oldest)
        excess = self._sql.execute(
            "DELETE FROM events WHERE receipted_utc_us IS NOT NULL AND seq <= (SELECT seq"
            " FROM events WHERE receipted_utc_us IS NOT NULL ORDER BY seq DESC LIMIT 1 OFFSET ?)",
            (self._limits.max_receipted,),
        )
        return aged.rowcount + excess.rowcount

    def remember(self, name: str, value: str) -> None:
        """Store one fact about this node for later runs."""
        self._sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def count(self, name: str, by: int) -> None:
        """Add to a counter that survives restarts."""
        if by:
            self._sql.execute(
                "INSERT INTO counters VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
                (name, by),
            )

    def _insert(self, body: Body, at: Instant) -> UUID:
        trust = self._trust()
        if clock_events.has_stepped(at, self._now()):
            trust = (ClockSource.NONE, None)
        return self._insert_as_of(body, Witness(at, self._boot_id, *trust))

    def _insert_as_of(self, body: Body, seen: Witness) -> UUID:
        event_id = uuid7(seen.at.utc_us, os.urandom(10))
        priority = eviction.ALERT if is_urgent(body) else eviction.OTHER
        self._sql.execute(
            "INSERT INTO events (event_id, priority, kind, body, mono_ns, boot_id, utc_us,"
            " clock_source, clock_error_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                str(event_id),
                priority,
                body.kind,
                body.model_dump_json(),
                seen.at.mono_ns,
                str(seen.boot_id),
                seen.at.utc_us,
                str(seen.source),
                seen.error_ms,
            ),
        )
        self._gauge.add(priority)
        self.has_news = True
        return event_id

    def _receipt_one(self, event_id: UUID) -> bool:
        changed = self._sql.execute(
            "UPDATE events SET receipted_utc_us = ? WHERE event_id = ?"
            " AND receipted_utc_us IS NULL",
            (self._utc_us(), str(event_id)),
        ).rowcount
        if changed:
            self._sql.execute(
                "UPDATE media SET state = 'due' WHERE event_id = ? AND state = 'waiting'",
                (str(event_id),),
            )
            self.count("receipted", 1)
            self.has_news = True
        return changed > 0

    def _drop_excess(self) -> None:
        if not self._gauge.is_over(self._sql, self._limits):
            return
        excess = eviction.waiting(self._sql) - self._limits.max_events
        if excess > 0:
            resend.put_back(self._sql, excess, self._utc_us())
        for seq, event_id in eviction.victims(self._sql, self._limits):
            self._forget_event(seq, event_id, _DROPPED)

    def _forget_event(self, seq: int, event_id: str, why: str) -> None:
        kind, body, priority = self._sql.execute(
            "DELETE FROM events WHERE seq = ? RETURNING kind, body, priority", (seq,)
        ).fetchone()
        self._orphan_media(event_id, why)
        eviction.note(self._sql, seq, seq)
        self.count("dropped", 1)
        self.count("dropped_alerts", int(priority == eviction.ALERT))
        if kind == "numbers_dropped":  # its content must still be reported
            for first, last in resend.ranges_in(body):
                eviction.note(self._sql, first, last)

    def _orphan_media(self, event_id: str, why: str) -> None:
        orphaned = self._sql.execute(
            "UPDATE media SET state = 'refused', reason = ? WHERE event_id = ?"
            " AND state = 'waiting'",
            (why, event_id),
        ).rowcount
        self.count("media_refused", orphaned)

    def _say_drops(self) -> None:
        """Report dropped numbers once a tenth of the journal is free.

        Earlier, the report itself would displace another event, whose number would have to be
        reported.
        """
        if eviction.are_unsaid(self._sql) and eviction.room(self._sql, self._limits) > 0:
            ranges = eviction.take_unsaid(self._sql, _RANGES_PER_MESSAGE)
            self._insert(NumbersDropped(ranges=ranges, reason=_WHY_NOT), self._now())

    def _utc_us(self) -> int:
        return self._now().utc_us
