"""Sending what the ledger owes: lease it to a worker, write down what came of it.

Works in the caller's transaction, like the ledger itself.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from agent.wire.ident import uuid7
from hub.alerts.answers import (
    Answer,
    Delivered,
    Gone,
    Patience,
    Refused,
    Settled,
    TryAgain,
    Unwanted,
    what_follows,
)
from hub.alerts.grants import Right
from hub.alerts.moment import Moment
from hub.store.ledger import QUEUED, AlertMoment, columns, retire_phone, settle
from hub.store.scope import entitled_people
from hub.store.tables import alerts, areas, attempts, cameras, notifications, people, phones

PATIENCE = Patience()


@dataclass(frozen=True)
class Phone:
    """One way to reach one person."""

    phone_id: UUID
    channel: str  # webpush, ntfy
    address: str
    secrets: str  # JSON: p256dh and auth, or an access token


@dataclass(frozen=True)
class Owed:
    """One notification under lease, with the facts of its alert as they are now."""

    notification_id: UUID
    alert_id: UUID
    moment: AlertMoment
    revision: int
    kind: str
    state: str
    people: int
    has_picture: bool
    place: str
    camera_label: str
    began: Moment
    handled_by: str | None
    language: str
    phone: Phone
    owed: Moment
    attempts: int  # made before this one
    lease_by: str


def claim(
    conn: Connection,
    *,
    worker: str,
    now: Moment,
    lease_s: float,
    limit: int,
    patience: Patience = PATIENCE,
) -> list[Owed]:
    """Lease up to `limit` due notifications to this worker; the most pressing first.

    An expired lease is due again: its worker died between sending and recording, so the phone may
    hear the same message twice, under the same tag. Who may be told is asked again here, so that
    a grant that ended drops what was still queued.
    """
    due = conn.execute(_claimable(now, limit)).all()
    ids = _still_owed(conn, due, now=now, oldest_us=round((patience.deadline_s + lease_s) * 1e6))
    conn.execute(
        update(notifications)
        .where(notifications.c.id.in_(ids))
        .values(lease_by=worker, **columns("lease_until", now.plus_s(lease_s)))
    )
    return [_as_owed(row, worker) for row in conn.execute(_facts(ids))]


def _claimable(now: Moment, limit: int) -> Select[UUID, UUID, UUID, UUID, int, int | None]:
    """Due rows under no lease, and whose phone is not just hearing of the same alert.

    One alert speaks to one phone in order: else "opened" could overtake "taken" on the line.
    """
    other = notifications.alias("other")
    other_leased = other.c.lease_until_utc_us > now.utc_us
    other_first = and_(other.c.id < notifications.c.id, other.c.due_utc_us <= now.utc_us)
    spoken_to = exists().where(
        other.c.alert_id == notifications.c.alert_id,
        other.c.phone_id == notifications.c.phone_id,
        other.c.id != notifications.c.id,
        other.c.state == "queued",
        or_(other_leased, other_first),
    )
    return (
        select(
            notifications.c.id,
            notifications.c.person_id,
            notifications.c.phone_id,
            alerts.c.camera_id,
            notifications.c.owed_utc_us,
            phones.c.gone_utc_us,
        )
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .join(phones, phones.c.id == notifications.c.phone_id)
        .where(QUEUED, _ready_utc_us() <= now.utc_us, ~spoken_to)
        .order_by(
            case((notifications.c.moment == "opened", 0), else_=1),
            notifications.c.due_utc_us,
            notifications.c.id,
        )
        .limit(limit)
        .with_for_update(skip_locked=True, of=notifications)
    )


def _still_owed(
    conn: Connection,
    due: Sequence[Row[UUID, UUID, UUID, UUID, int, int | None]],
    *,
    now: Moment,
    oldest_us: int,
) -> list[UUID]:
    """The due rows that may be sent; the others are settled here, with their reason."""
    allowed = {
        camera_id: set(conn.scalars(entitled_people(camera_id, Right.ALERTED, now)))
        for camera_id in {row.camera_id for row in due}
    }
    settled: dict[tuple[str, str], list[UUID]] = {}
    sendable: list[UUID] = []
    for row in due:
        if row.person_id not in allowed[row.camera_id]:
            settled.setdefault(("dropped", "no longer entitled to this camera"), []).append(row.id)
        elif row.gone_utc_us is not None:
            settled.setdefault(("dropped", "phone gone"), []).append(row.id)
        elif now.utc_us - row.owed_utc_us > oldest_us:
            settled.setdefault(("dead", "too late: not sent in time"), []).append(row.id)
        else:
            sendable.append(row.id)
    for (state, reason), ids in settled.items():
        settle(conn, notifications.c.id.in_(ids), Settled(state, reason), now)
    return sendable


def _facts(ids: Collection[UUID]) -> Select[*tuple[Any, ...]]:
    parent = areas.alias("parent")
    handler = people.alias("handler")
    return (
        select(
            notifications,
            alerts.c.revision,
            alerts.c.kind,
            alerts.c.state.label("alert_state"),
            alerts.c.people,
            alerts.c.picture_id,
            alerts.c.began_utc_us,
            alerts.c.began_error_ms,
            areas.c.name.label("area_name"),
            parent.c.name.label("parent_name"),
            cameras.c.label.label("camera_label"),
            handler.c.name.label("handler_name"),
            people.c.language,
            phones.c.channel,
            phones.c.address,
            phones.c.secrets,
        )
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .join(cameras, cameras.c.id == alerts.c.camera_id)
        .join(areas, areas.c.id == cameras.c.area_id)
        .outerjoin(parent, parent.c.id == areas.c.parent_id)
        .join(people, people.c.id == notifications.c.person_id)
        .join(phones, phones.c.id == notifications.c.phone_id)
        .outerjoin(handler, handler.c.id == func.coalesce(alerts.c.closed_by, alerts.c.taken_by))
        .where(notifications.c.id.in_(ids))
        .order_by(notifications.c.due_utc_us, notifications.c.id)
    )


def _as_owed(row: Row[*tuple[Any, ...]], worker: str) -> Owed:
    return Owed(
        notification_id=row.id,
        alert_id=row.alert_id,
        moment=row.moment,
        revision=row.revision,
        kind=row.kind,
        state=row.alert_state,
        people=row.people,
        has_picture=row.picture_id is not None,
        # Two names tell one "Khu phố 1" from another, and still fit a lock screen.
        place=", ".join(name for name in (row.area_name, row.parent_name) if name),
        camera_label=row.camera_label,
        began=Moment(row.began_utc_us, row.began_error_ms),
        handled_by=row.handler_name,
        language=row.language,
        phone=Phone(row.phone_id, row.channel, row.address, row.secrets),
        owed=Moment(row.owed_utc_us, row.owed_error_ms),
        attempts=row.attempts,
        lease_by=worker,
    )


def next_due(conn: Connection, now: Moment) -> int | None:
    """The next moment after `now` (UTC, µs) at which a queued row can be claimed, if any."""
    ready = _ready_utc_us()
    return conn.scalar(select(func.min(ready)).where(QUEUED, ready > now.utc_us))


def _ready_utc_us() -> ColumnElement[int]:
    """When a queued row may be claimed: once it is due and no lease holds it."""
    lease = func.coalesce(notifications.c.lease_until_utc_us, 0)
    return case((lease > notifications.c.due_utc_us, lease), else_=notifications.c.due_utc_us)


def record(
    conn: Connection,
    owed: Owed,
    answer: Answer,
    *,
    started: Moment,
    now: Moment,
    patience: Patience = PATIENCE,
    chance: float = 0.5,
) -> str:
    """Write down what came of one sending; returns the notification's state after it.

    `chance` (0-1) is the jitter of the next try. An answer that comes after the row was settled
    or leased anew changes nothing but its count, unless it says that the message did arrive.
    """
    row = conn.execute(
        select(notifications.c.state, notifications.c.attempts, notifications.c.lease_by)
        .where(notifications.c.id == owed.notification_id)
        .with_for_update()
    ).one()
    made = row.attempts + (0 if isinstance(answer, Unwanted) else 1)
    if made > row.attempts:
        _note_attempt(conn, owed, answer, started=started, now=now)
    if isinstance(answer, Gone):
        retire_phone(conn, owed.phone.phone_id, reason=answer.reason, now=now)
    this = notifications.c.id == owed.notification_id
    conn.execute(update(notifications).where(this).values(attempts=made))
    is_ours = row.state == "queued" and row.lease_by == owed.lease_by
    if not is_ours and not (isinstance(answer, Delivered) and row.state != "accepted"):
        return str(row.state)
    step = what_follows(
        answer,
        attempts=made,
        owed_utc_us=owed.owed.utc_us,
        now_utc_us=now.utc_us,
        patience=patience,
        chance=chance,
    )
    if isinstance(step, Settled):
        settle(conn, this, step, now)
        return step.state
    due = Moment(step.due_utc_us, now.error_ms)
    unleased = {"lease_by": None, "lease_until_utc_us": None, "lease_until_error_ms": None}
    again = {"reason": step.reason, **columns("due", due), **unleased}
    conn.execute(update(notifications).where(this).values(again))
    return "queued"


def _note_attempt(
    conn: Connection, owed: Owed, answer: Answer, *, started: Moment, now: Moment
) -> None:
    names = {Delivered: "delivered", TryAgain: "try_again", Gone: "gone", Refused: "refused"}
    conn.execute(
        insert(attempts).values(
            id=uuid7(now.utc_us, secrets.token_bytes(10)),
            notification_id=owed.notification_id,
            answer=names[type(answer)],
            status=getattr(answer, "status", None),
            detail=getattr(answer, "reason", ""),
            **columns("started", started),
            **columns("ended", now),
        )
    )
