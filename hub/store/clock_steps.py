"""Moves waiting times when the hub's clock is stepped, in the caller's transaction.

Moved are only times the hub made by its own clock and by which something waits or counts as late or
silent. Records keep their times. A repeated task may run early, but must not wait for a time that
has become the future.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, or_, update

from hub.alerts.moment import Moment
from hub.alerts.rollout import Course
from hub.store.check_tables import phone_checks
from hub.store.diagnosis_tables import diagnoses
from hub.store.enrol_tables import enrolments
from hub.store.escalation_tables import escalations
from hub.store.footage_tables import media, span_wishes, wishes
from hub.store.household_tables import household_requests
from hub.store.keeping_tables import node_holds
from hub.store.notice_tables import notice_sendings
from hub.store.notify_tables import notifications, phones
from hub.store.phone_test_tables import phone_tests
from hub.store.program_tables import node_programs
from hub.store.registry_tables import cameras, node_health, nodes
from hub.store.settings_tables import node_settings, rollout_nodes, rollouts
from hub.store.signin_tables import invitations, sessions, sign_in_failures, spent_challenges
from hub.store.spool_tables import missing_numbers

NEWS_US: Final = 3_600_000_000
"""Microseconds; for this long, an accepted but unseen notification may still use a fallback
channel."""

_MOVED: Final[tuple[tuple[Table, tuple[str, ...]], ...]] = (
    (missing_numbers, ("due",)),
    (escalations, ("due",)),
    (nodes, ("state_since", "seen", "rival")),
    (node_health, ("received",)),
    (diagnoses, ("asked", "until")),
    (enrolments, ("ends",)),
    (household_requests, ("expires",)),
    (invitations, ("ends",)),
    (sessions, ("seen", "ends", "proved")),
    (spent_challenges, ("ends",)),
    (sign_in_failures, ("at",)),
    (phones, ("heard",)),
    (rollouts, ("settled",)),
    (node_settings, ("wanted",)),
    (node_programs, ("wanted", "reported")),
    (rollout_nodes, ("told", "lost")),
    (notice_sendings, ("owed", "due", "lease_until")),
    (phone_tests, ("owed", "due", "lease_until")),
    (phone_checks, ("asked", "due", "lease_until", "answer_by")),
)
_REPEATED: Final[tuple[tuple[Table, str], ...]] = (
    (cameras, "state_since"),
    (diagnoses, "sent"),
    (media, "asked"),
    (node_holds, "sent"),
    (node_programs, "sent"),
    (node_settings, "sent"),
    (span_wishes, "sent"),
    (wishes, "sent"),
)


_OF_NOTIFICATIONS: Final = ("owed", "due", "lease_until", "held", "answered")
_OF_ROLLOUTS_UNDER_WAY: Final = ("begun",)


def marks() -> dict[str, set[str]]:
    """Moved columns by table."""
    found: dict[str, set[str]] = {notifications.name: set(_OF_NOTIFICATIONS)}
    every = [*_MOVED, (rollouts, _OF_ROLLOUTS_UNDER_WAY)]
    every += [(table, (name,)) for table, name in _REPEATED]
    for table, names in every:
        found.setdefault(table.name, set()).update(names)
    return found


def move(conn: Connection, by_us: int, *, now: Moment) -> None:
    """Apply a clock step from `now` to `now` plus `by_us` microseconds."""
    _move_notifications(conn, by_us, now)
    for table, names in _MOVED:
        for name in names:
            _add(conn, table, [name], by_us)
    # A node's requests count as part of a roll-out from its start on, so the start moves too.
    runs = rollouts.c.course == Course.RUNNING
    _add(conn, rollouts, _OF_ROLLOUTS_UNDER_WAY, by_us, where=runs)
    then_us = now.utc_us + by_us
    for table, name in _REPEATED:
        at = table.c[f"{name}_utc_us"]
        conn.execute(update(table).where(at > then_us).values({at.name: then_us}))


def _move_notifications(conn: Connection, by_us: int, now: Moment) -> None:
    ledger = notifications.c
    waits = ledger.state == "queued"
    unseen = and_(
        ledger.state.in_(["accepted", "folded"]),
        ledger.shown_utc_us.is_(None),
        ledger.answered_utc_us > now.utc_us - NEWS_US,
    )
    _add(conn, notifications, _OF_NOTIFICATIONS, by_us, where=or_(waits, unseen))


def _add(
    conn: Connection,
    table: Table,
    names: Sequence[str],
    by_us: int,
    *,
    where: ColumnElement[bool] | None = None,
) -> None:
    marks: list[Column[Any]] = [table.c[f"{name}_utc_us"] for name in names]
    statement = update(table).values({mark.name: mark + by_us for mark in marks})
    conn.execute(statement if where is None else statement.where(where))
