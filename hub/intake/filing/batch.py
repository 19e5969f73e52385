"""Batch filing: stores one batch of messages in the caller's transaction and sets bad ones
aside."""

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, assert_never
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError as BadValue
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from agent.wire.answers import Refusal, RefusalReason, TokenWanted
from agent.wire.messages import Event
from agent.wire.presence import Birth, Death, Health, Status
from agent.wire.programs import ProgramsReport
from agent.wire.settings import SettingsReport
from hub.base.db.database import DatabaseError
from hub.base.db.gathering import gathering
from hub.base.moment import Moment
from hub.intake.commands import commands
from hub.intake.filing import batch_log as lines
from hub.intake.filing.batch_log import BatchLogLine
from hub.intake.filing.decode import DecodedMessage, Unreadable, read
from hub.intake.filing.filing import Filed, set_aside
from hub.intake.gap_recovery import Among, GapRecovery
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.intake.presence import HERE, PresenceChange, PresenceRecorder
from hub.intake.replies import Replies, Reply

log = structlog.get_logger()

DATABASE_FAULTS: Final = (DBAPIError, PoolTimeout, DatabaseError)
"""Faults of the database, not of the message: nothing is set aside, all is retried. Two kinds of
DBAPIError are the message's own fault: a violated constraint and a value that does not fit."""

ASIDE_PER_HOUR: Final = 200
"""Bad messages stored per node and hour; a faulty node must not fill the disk."""


OF_ALERTS: Final = frozenset({"alerted", "grouped"})
"""Results of events that belong to an alert."""


WORTH_GATHERING: Final = 4
"""From this number of messages on, reading and writing together is cheaper than one by one."""

Batch = list[tuple[ReceivedMessage, DecodedMessage | Unreadable | None]]
"""Received messages, each with its decoded content."""


class EventFiler(Protocol):
    """Stores events."""

    def looking_once(
        self, conn: Connection, batch: Sequence[Event], *, doubtful: Collection[UUID], now: Moment
    ) -> AbstractContextManager[None]:
        """Inside the block these events are stored; the facts that they need are read together."""
        ...

    def file_event(self, conn: Connection, event: Event, *, now: Moment) -> Filed:
        """Store one event."""
        ...


NOT_YET: Final = frozenset({RefusalReason.UNKNOWN_NODE, RefusalReason.UNKNOWN_CAMERA})
"""Reasons that end by themselves: the node must be added, or its birth must arrive. Such events get
no answer, so the node keeps them and sends them again; a refusal would lose them."""


@dataclass(slots=True)
class BatchOutcome:
    """Work that is left after the commit: replies, a change signal, counters."""

    replies: Replies = field(default_factory=Replies)
    has_news: bool = False
    wants_births: bool = False
    """Some events wait for a birth that is missing or was ignored: request all births again."""
    counts: Counter[str] = field(default_factory=Counter)
    lines: list[BatchLogLine] = field(default_factory=list)
    """Log lines, written after the commit because a batch can be filed again."""


@dataclass(slots=True)
class Allowance:
    """Bad messages that may still be stored per node in this hour."""

    per_hour: int = ASIDE_PER_HOUR
    _hour: int = -1
    _used: Counter[str] = field(default_factory=Counter)

    def copy(self) -> "Allowance":
        """A copy, to restore after a rollback."""
        return replace(self, _used=Counter(self._used))

    def use(self, node: str, now: Moment) -> int:
        """Count one bad message; returns the number in this hour, this one included."""
        hour = now.utc_us // 3_600_000_000
        if hour != self._hour:
            self._hour, self._used = hour, Counter()
        self._used[node] += 1
        return self._used[node]


class FileOne(Protocol):
    """A way to file one message: directly, or in a savepoint."""

    def __call__(
        self, conn: Connection, said: DecodedMessage, *, outcome: BatchOutcome, now: Moment
    ) -> Unreadable | None:
        """File it; returns the fault of a refused message."""
        ...


class BatchFiler:
    """Files batches; for the intake thread only."""

    def __init__(
        self,
        files: EventFiler,
        presence: PresenceRecorder,
        *,
        recovery: GapRecovery | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        self._files = files
        self._presence = presence
        self._recovery = recovery or GapRecovery()
        self._allowance = allowance or Allowance()
        self._complaints = Allowance(per_hour=1)
        self._before = self._allowance.copy(), self._complaints.copy()

    def file(self, conn: Connection, batch: list[ReceivedMessage], *, now: Moment) -> BatchOutcome:
        """File all messages; raises only if the database fails."""
        return self.file_decoded(conn, decoded(batch), now=now)

    def file_decoded(self, conn: Connection, batch: Batch, *, now: Moment) -> BatchOutcome:
        """File messages that are already decoded, so that decoding blocks no other writer.

        First all at once, because a savepoint per message costs as much as filing it. If a message
        fails, everything is rolled back and the messages are filed one by one.
        """
        self._before = self._allowance.copy(), self._complaints.copy()
        try:
            with conn.begin_nested():
                outcome = self._file_together(conn, batch, now=now)
        except Exception as error:
            if _is_the_databases(error):
                raise
            self.take_back()
            outcome = self._file_apart(conn, batch, now=now)
            if not outcome.counts["set_aside"]:  # otherwise slow batches would be the only sign
                log.error("intake.broken_together", messages=len(batch), exc_info=error)
        lines.write(outcome.lines)
        return outcome

    def take_back(self) -> None:
        """The last batch was rolled back: the allowances that it used are free again. If a batch
        fails before it begins, the allowances of the batch before it are freed in place of its own.
        More is stored then, never less."""
        self._allowance, self._complaints = (one.copy() for one in self._before)
        self.forget()

    def forget(self) -> None:
        """Drop cached facts after a rollback; they are read again."""
        self._presence.forget()
        self._recovery.forget()

    def ask(
        self, conn: Connection, *, now: Moment, for_files: bool, among: Among = None
    ) -> list[Reply]:
        """Requests to send to nodes now, recorded as sent; requests for missing numbers only to
        nodes in `among`."""
        asked = [*self._recovery.ask(conn, now=now, among=among), *commands(conn, now=now)]
        return [*asked, *self._recovery.ask_for_files(conn, now=now)] if for_files else asked

    def _file_together(self, conn: Connection, batch: Batch, *, now: Moment) -> BatchOutcome:
        """File all with few statements: facts are read before, rows written after."""
        heard = [said for _, said in batch if isinstance(said, DecodedMessage)]
        names = {said.node for said in heard}
        said = [one.message for one in heard if isinstance(one.message, Event)]
        with self._presence.looking_once(conn, names), ExitStack() as stack:
            if len(batch) >= WORTH_GATHERING:
                stack.enter_context(gathering(conn))
            if len(said) >= WORTH_GATHERING:
                for event in said:
                    self._recovery.expect(conn, event.node, event.spool_id)
                doubtful = {event.event_id for event in said if self._recovery.may_have(event)}
                looking = self._files.looking_once(conn, said, doubtful=doubtful, now=now)
                stack.enter_context(looking)
            return self._file_all(conn, batch, hear=self._hear, now=now)

    def _file_apart(self, conn: Connection, batch: Batch, *, now: Moment) -> BatchOutcome:
        with self._presence.looking_once(conn):
            return self._file_all(conn, batch, hear=self._hear_apart, now=now)

    def _file_all(
        self, conn: Connection, batch: Batch, *, hear: FileOne, now: Moment
    ) -> BatchOutcome:
        outcome = BatchOutcome()
        for arrival, said in batch:
            self._file_one(conn, arrival, said, hear=hear, outcome=outcome, now=now)
        self._recovery.write(conn)
        return outcome

    def _file_one(
        self,
        conn: Connection,
        arrival: ReceivedMessage,
        said: DecodedMessage | Unreadable | None,
        *,
        hear: FileOne,
        outcome: BatchOutcome,
        now: Moment,
    ) -> None:
        outcome.counts["received"] += 1
        match said:
            case None:
                return
            case Unreadable() as bad:
                self._set_aside(conn, arrival, bad, outcome=outcome, now=now)
            case DecodedMessage():
                bad_after_all = hear(conn, said, outcome=outcome, now=now)
                if bad_after_all is not None:
                    self._set_aside(conn, arrival, bad_after_all, outcome=outcome, now=now)
            case unexpected:
                assert_never(unexpected)

    def give_up(
        self, conn: Connection, arrival: ReceivedMessage, error: Exception, *, now: Moment
    ) -> BatchOutcome:
        """Set aside a message that makes the database fail every time."""
        outcome = BatchOutcome()
        outcome.counts["received"] += 1
        match read(arrival.topic, arrival.payload):
            case DecodedMessage() as said:
                self._set_aside(conn, arrival, _unfileable(said, error), outcome=outcome, now=now)
            case Unreadable() as bad:
                self._set_aside(conn, arrival, bad, outcome=outcome, now=now)
            case None:
                pass
        lines.write(outcome.lines)
        return outcome

    def _hear_apart(
        self, conn: Connection, said: DecodedMessage, *, outcome: BatchOutcome, now: Moment
    ) -> Unreadable | None:
        """File one message in a savepoint, so that a failure undoes only this message."""
        try:
            with conn.begin_nested():
                return self._hear(conn, said, outcome=outcome, now=now)
        except Exception as error:
            self._presence.look_again(said.node)
            if _is_the_databases(error):
                raise
            if not isinstance(error, DBAPIError):
                log.error("intake.broken", node=said.node, exc_info=error)
            return _unfileable(said, error)

    def _hear(
        self, conn: Connection, said: DecodedMessage, *, outcome: BatchOutcome, now: Moment
    ) -> Unreadable | None:
        """File one message; returns the fault of a refused message."""
        if self._presence.is_shut_out(conn, said.node):
            # The broker blocks it too after reading the list; here it takes effect at once.
            outcome.counts["revoked"] += 1
            return None
        match said.message:
            case Event() as event:
                return self._file_event(conn, event, outcome=outcome, now=now)
            case Birth() | Death() as status:
                if not self._hear_status(
                    conn, status, repeat=said.is_repeat, outcome=outcome, now=now
                ):
                    return None
            case Health() as health:
                self._hear_health(conn, health, outcome=outcome, now=now)
                return None
            case SettingsReport() | ProgramsReport() as report:
                if not self._presence.note_report(conn, report, now=now):
                    outcome.counts["unknown_node"] += 1
                return None
            case TokenWanted():
                pass
            case unexpected:
                assert_never(unexpected)
        token = self._presence.token(conn, said.node, now=now)
        if token is None:
            outcome.counts["unknown_node"] += 1
        else:
            outcome.replies.grant(said.node, token)
        return None

    def _hear_status(
        self, conn: Connection, status: Status, *, repeat: bool, outcome: BatchOutcome, now: Moment
    ) -> bool:
        """Record a birth or a death; True if the node is online."""
        lost = self._recovery.lost_with_spool(conn, status) if isinstance(status, Birth) else 0
        decision = self._presence.hear(conn, status, now=now, is_repeat=repeat)
        outcome.lines.append(lines.about_status(status, decision))
        outcome.has_news |= decision is PresenceChange.ARRIVED  # a page may wait for a new node
        if isinstance(status, Death) or decision not in HERE:
            return False
        if lost:
            outcome.lines.append(lines.about_lost_spool(status.node, lost))
        if status.last_seq is not None:
            self._recovery.announce(
                conn, status.node, spool_id=status.spool_id, last_seq=status.last_seq, now=now
            )
        return True

    def _hear_health(
        self, conn: Connection, said: Health, *, outcome: BatchOutcome, now: Moment
    ) -> None:
        """Record the node's health and its event counter."""
        if not self._presence.note_health(conn, said, now=now):
            outcome.counts["unknown_node"] += 1
            return
        outcome.counts["health"] += 1
        self._recovery.announce(
            conn, said.node, spool_id=said.spool_id, last_seq=said.last_seq, now=now
        )

    def _file_event(
        self, conn: Connection, event: Event, *, outcome: BatchOutcome, now: Moment
    ) -> Unreadable | None:
        self._recovery.expect(conn, event.node, event.spool_id)
        filed = self._files.file_event(conn, event, now=now)
        if filed.refusal is not None and filed.refusal.reason in NOT_YET:
            self._put_off(event.node, filed.refusal, outcome=outcome, now=now)
            return None
        if filed.refusal is not None:
            return Unreadable(
                event.node,
                filed.refusal.reason,
                filed.refusal.detail,
                event_id=event.event_id,
                spool_id=event.spool_id,
            )
        self._presence.see(conn, event.node, now=now)
        self._recovery.note(conn, event, now=now)
        is_alerted = filed.fate in OF_ALERTS
        outcome.replies.store(event.node, event.spool_id, event.event_id, is_alerted=is_alerted)
        outcome.counts["repeated" if filed.is_repeat else "stored"] += 1
        outcome.has_news |= not filed.is_repeat
        return None

    def _put_off(self, node: str, why: Refusal, *, outcome: BatchOutcome, now: Moment) -> None:
        """Send no answer to the node; log it for the technician once an hour."""
        outcome.counts["not_yet"] += 1
        outcome.wants_births = True
        if self._complaints.use(f"{node} {why.reason}", now) == 1:
            outcome.lines.append(lines.about_waiting(node, why))

    def _set_aside(
        self,
        conn: Connection,
        arrival: ReceivedMessage,
        bad: Unreadable,
        *,
        outcome: BatchOutcome,
        now: Moment,
    ) -> None:
        """Store it if the node's hourly allowance is not used up; refuse it in any case."""
        outcome.counts["set_aside"] += 1
        if bad.node is not None and bad.event_id is not None:
            refusal = Refusal(event_id=bad.event_id, reason=bad.reason, detail=bad.detail[:500])
            outcome.replies.refuse(bad.node, bad.spool_id, refusal)
        used = self._allowance.use(bad.node or "", now)
        if used > self._allowance.per_hour:
            return
        set_aside(
            conn,
            topic=arrival.topic,
            payload=arrival.payload,
            reason=bad.reason,
            detail=bad.detail,
            node_name=bad.node,
            event_id=bad.event_id,
            now=now,
        )
        is_last = used == self._allowance.per_hour
        outcome.lines.append(lines.about_aside(bad, is_last=is_last))


def decoded(batch: list[ReceivedMessage]) -> Batch:
    """The messages, each with its decoded content."""
    return [(one, read(one.topic, one.payload, is_repeat=one.is_repeat)) for one in batch]


def _unfileable(said: DecodedMessage, error: Exception) -> Unreadable:
    event_id: UUID | None = None
    spool_id: UUID | None = None
    if isinstance(said.message, Event):
        event_id, spool_id = said.message.event_id, said.message.spool_id
    detail = f"the hub cannot file it: {type(error).__name__}: {error}"[:500]
    return Unreadable(said.node, RefusalReason.MALFORMED, detail, event_id, spool_id)


def _is_the_databases(error: Exception) -> bool:
    """True if the database failed, not the message."""
    return isinstance(error, DATABASE_FAULTS) and not isinstance(error, IntegrityError | BadValue)
