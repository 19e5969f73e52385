"""Decides which events to send next, in plain values: no clock, thread, socket or file.

The broker's acknowledgement does not count: an event waits for the hub's own receipt. An event sent
without a receipt is sent again, because repetitions are harmless and losses are not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID


class Pending(Protocol):
    """Facts that the outbox needs of an event."""

    @property
    def event_id(self) -> UUID:
        """Id of the event; never used again."""


E = TypeVar("E", bound=Pending)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPolicy:
    """Number of events in flight, and the time to wait for a receipt."""

    window: int = 20
    """Events in flight without a receipt; more would only queue up in the broker."""
    resend_after_s: float = 5.0
    """Without a receipt for this long the event is sent again; the wait doubles with each
    attempt."""
    resend_at_most_s: float = 60.0


@dataclass(slots=True)
class _Flight:
    """An event in flight: next send time, number of attempts, and index of its last send."""

    due_s: float
    tries: int
    sending: int


class Outbox:
    """Events in flight of one connection. All times are monotonic seconds."""

    def __init__(self, policy: OutboxPolicy) -> None:
        self._policy = policy
        self._flights: dict[UUID, _Flight] = {}
        self._sendings = 0
        self._answered = 0
        self._chosen_s = float("-inf")

    @property
    def reach(self) -> int:
        """Number of waiting events, oldest first, to pass to `choose`."""
        return self._policy.window + len(self._flights)

    def reconnected(self) -> None:
        """New connection: all waiting events are sent again at once."""
        self._flights.clear()
        self._answered = self._sendings

    def choose(self, owed: Sequence[E], now_s: float) -> list[E]:
        """The `owed` events that must be sent now, in order; they count as sent."""
        self._chosen_s = now_s
        self._forget_vanished(owed, now_s)
        room = self._policy.window - sum(
            self._fills_window(flight, now_s) for flight in self._flights.values()
        )
        chosen = [event for event in owed if self._may_go(event.event_id, now_s)][: max(0, room)]
        for event in chosen:
            self._send(event.event_id, now_s)
        return chosen

    def answered(self, event_ids: Iterable[UUID]) -> None:
        """The hub stored or refused these events."""
        for event_id in event_ids:
            if (flight := self._flights.pop(event_id, None)) is not None:
                self._answered = max(self._answered, flight.sending)

    def next_due_s(self) -> float | None:
        """When to choose again if no receipt comes; None if nothing is in flight.

        If an event was due at the last choice and not sent, the window was full: then the time is
        when the first event in the window is due.
        """
        dues = (flight.due_s for flight in self._flights.values())
        return min((due_s for due_s in dues if due_s > self._chosen_s), default=None)

    def tries(self, event_id: UUID) -> int:
        """Number of sends of the event on this connection."""
        flight = self._flights.get(event_id)
        return flight.tries if flight else 0

    def _may_go(self, event_id: UUID, now_s: float) -> bool:
        flight = self._flights.get(event_id)
        return flight is None or flight.due_s <= now_s

    def _fills_window(self, flight: _Flight, now_s: float) -> bool:
        """False for an event that waits for its next attempt although later ones got receipts.

        The hub handles events in order, so that one is lost or makes the hub fail: it is retried in
        its own time and must not block those behind it.
        """
        if flight.due_s <= now_s:
            return False
        return flight.tries < 2 or flight.sending > self._answered

    def _send(self, event_id: UUID, now_s: float) -> None:
        self._sendings += 1
        tries = self.tries(event_id) + 1
        wait_s = min(
            self._policy.resend_at_most_s, self._policy.resend_after_s * 2 ** min(tries - 1, 16)
        )
        self._flights[event_id] = _Flight(now_s + wait_s, tries, self._sendings)

    def _forget_vanished(self, owed: Sequence[E], now_s: float) -> None:
        """Overdue and not in the queue any more: dropped from a full journal, never receipted."""
        there = {event.event_id for event in owed}
        self._flights = {
            event_id: flight
            for event_id, flight in self._flights.items()
            if flight.due_s > now_s or event_id in there
        }
