"""Many first words for one phone: each, together, or held, as `hub.alerts.storm` decides.

Works in the caller's transaction. A row that waits says in its reason until when and why; rows
told together point to the one that carries them, which is its own pointer.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select, update

from hub.alerts.moment import Moment
from hub.alerts.storm import Rang, StormBounds, Telling, Waiting, pace
from hub.store.tables import alerts, areas, cameras, columns, notifications

STORM: Final = StormBounds()

AnyRow = Row[*tuple[Any, ...]]

FIRST_WORD: Final = and_(
    or_(notifications.c.moment == "opened", notifications.c.moment.like("again:%")),
    alerts.c.severity.is_(None),
)
"""What a storm holds back: what rings for an alert that is not critical, first or again."""

_CARRIES: Final = notifications.c.digest_id == notifications.c.id


@dataclass(frozen=True)
class Digest:
    """Alerts told in one message, by place; the places with most come first."""

    alerts: int
    places: tuple[tuple[str, int], ...]


@dataclass
class Told:
    """What is to be sent now: single notifications, and those that carry others."""

    each: list[UUID] = field(default_factory=list)
    together: dict[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    """The carrier, and all that it tells of, itself among them."""

    @property
    def leased(self) -> list[UUID]:
        """All rows that a worker has to hold while it sends."""
        return [*self.each, *(one for ids in self.together.values() for one in ids)]


def is_first_word(row: AnyRow) -> bool:
    """The same of a row that was read."""
    is_ringing = row.moment == "opened" or row.moment.startswith("again:")
    return is_ringing and row.severity is None


def tell(conn: Connection, rows: Sequence[AnyRow], *, bounds: StormBounds, now: Moment) -> Told:
    """Decide for each phone; `rows` are all first words that wait for these phones."""
    waiting: dict[UUID, list[AnyRow]] = {}
    for row in sorted(rows, key=lambda row: (row.owed_utc_us, row.id)):
        waiting.setdefault(row.phone_id, []).append(row)
    rang = _rang(conn, waiting, bounds=bounds, now=now)
    told = Told()
    for phone_id, theirs in waiting.items():
        ids = [Waiting(row.id, is_held=row.held_utc_us is not None) for row in theirs]
        telling = pace(rang.get(phone_id, ()), ids, bounds, now_utc_us=now.utc_us)
        told.each += telling.each
        if telling.together:
            told.together[telling.together[-1]] = telling.together
        _write(conn, telling, bounds=bounds, now=now)
    return told


def _rang(
    conn: Connection, phone_ids: Collection[UUID], *, bounds: StormBounds, now: Moment
) -> dict[UUID, list[Rang]]:
    """When these phones rang lately, or are being made to right now."""
    on_the_line = and_(
        notifications.c.state == "queued", notifications.c.lease_until_utc_us > now.utc_us
    )
    lately = and_(
        notifications.c.state == "accepted",
        notifications.c.answered_utc_us > now.utc_us - bounds.span_us,
    )
    at = case((on_the_line, now.utc_us), else_=notifications.c.answered_utc_us)
    query = (
        select(notifications.c.phone_id, at.label("at_utc_us"), _CARRIES.label("is_digest"))
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .where(
            notifications.c.phone_id.in_(list(phone_ids)),
            FIRST_WORD,
            or_(on_the_line, lately),
            or_(notifications.c.digest_id.is_(None), _CARRIES),
        )
    )
    found: dict[UUID, list[Rang]] = {}
    for row in conn.execute(query) if phone_ids else ():
        found.setdefault(row.phone_id, []).append(Rang(row.at_utc_us, bool(row.is_digest)))
    return found


def _write(conn: Connection, telling: Telling, *, bounds: StormBounds, now: Moment) -> None:
    if telling.held:
        until = Moment(telling.until_utc_us, now.error_ms)
        reason = f"held: more than {bounds.calm} alerts in {bounds.span_s:g} s, told together"
        held = {"reason": reason, "digest_id": None, **columns("held", until)}
        _change(conn, telling.held, held)
    if telling.together:
        carrier = telling.together[-1]
        reason = f"in one message about {len(telling.together)} alerts"
        _change(conn, telling.together, {"reason": reason, "digest_id": carrier})
    if telling.each:
        _change(conn, telling.each, {"digest_id": None})


def _change(conn: Connection, ids: Collection[UUID], values: dict[str, Any]) -> None:
    conn.execute(update(notifications).where(notifications.c.id.in_(list(ids))).values(values))


def digest_of(conn: Connection, ids: Iterable[UUID]) -> Digest:
    """How many alerts there are at which places."""
    here = func.count().label("n")
    query = (
        select(areas.c.name, here)
        .select_from(notifications)
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .join(cameras, cameras.c.id == alerts.c.camera_id)
        .join(areas, areas.c.id == cameras.c.area_id)
        .where(notifications.c.id.in_(list(ids)))
        .group_by(areas.c.id, areas.c.name)
        .order_by(here.desc(), areas.c.name)
    )
    places = tuple((str(name), int(n)) for name, n in conn.execute(query))
    return Digest(sum(n for _, n in places), places)


def told_with(carrier: UUID) -> ColumnElement[bool]:
    """Rows that this one carries and that are not settled otherwise."""
    return and_(
        notifications.c.digest_id == carrier,
        notifications.c.id != carrier,
        notifications.c.state == "queued",
    )
