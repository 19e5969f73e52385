"""A town with a year of history, written straight into the tables: officers, cameras, alerts.

Twenty communes; each officer may see one of them. Alerts are spread evenly over the year, each with
its sighting, picture, history and messages to three phones; nearly all are closed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Any, Final
from uuid import UUID

from argon2 import PasswordHasher
from sqlalchemy import Connection, Table, insert

from hub.access.grants import people_rows
from hub.access.grants import rows as grants_rows
from hub.access.passwords import Passwords
from hub.access.rules.grants import Grant, Right
from hub.access.signin import session_rows
from hub.access.signin.views import DEFAULT_LIMITS
from hub.alerting.alerts.tables import alert_changes, alert_history, alerts, sightings
from hub.base.audit.asker import Asker
from hub.base.db.columns import columns, new_id
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.footage.tables import media, media_sightings
from hub.nodes import presence
from hub.notify.phones.rows import NewPhoneRow, put_phone
from hub.notify.tables import notifications
from hub.registry import registry
from hub.registry.tables import cameras
from tests.bench.hub.talk import Talker

COMMUNES: Final = 20
CAMERAS_EACH: Final = 20
OPEN_EACH: Final = 5
"""Number of each commune's latest alerts that stay open."""
TOLD: Final = 3
YEAR_S: Final = 365 * 86_400
AT_ONCE: Final = 2_000
"""Alerts in one transaction."""

Rows = dict[Table, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Officer:
    """An officer with a valid session and one phone."""

    person_id: UUID
    commune: int
    token: str
    phone_id: UUID


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune's cameras and officers."""

    node_id: UUID
    cameras: list[UUID]
    officers: list[Officer]


def fill(db: Database, *, officers: int, alert_count: int, now: Moment) -> list[Commune]:
    """Write the whole year; takes about a minute for 100,000 alerts."""
    with db.writing() as conn:
        communes = [_commune(conn, number, officers, now) for number in range(COMMUNES)]
    dice, per_commune = Random(7), alert_count // COMMUNES
    for number, commune in enumerate(communes):
        for first in range(0, per_commune, AT_ONCE):
            rows: Rows = {}
            for one in range(first, min(per_commune, first + AT_ONCE)):
                age_s = YEAR_S * (per_commune - one) / per_commune + dice.random() * 60 + number
                _alert(rows, commune, now.plus_s(-age_s), dice, per_commune - one <= OPEN_EACH)
            with db.writing() as conn:
                for table, values in rows.items():
                    conn.execute(insert(table), values)
    return communes


def _commune(conn: Connection, number: int, officers: int, now: Moment) -> Commune:
    area_id = registry.add_area(conn, name=f"Xã {number}", level="xã", now=now)
    name = f"nga-tu-{number:03}"
    node_id = registry.add_node(conn, name=name, area_id=area_id, now=now)
    presence.note_birth(conn, Talker(name, CAMERAS_EACH, Random(number)).birth(now.utc_us), now=now)
    found = [row.id for row in conn.execute(cameras.select().where(cameras.c.node_id == node_id))]
    mine = range(number, officers, COMMUNES)
    return Commune(node_id, found, [_officer(conn, one, number, area_id, now) for one in mine])


def _officer(conn: Connection, number: int, commune: int, area_id: UUID, now: Moment) -> Officer:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    login = f"officer-{number}"
    person_id = people_rows.add_person(
        conn,
        login=login,
        name=f"Cán bộ {number}",
        language="vi",
        role="officer",
        password="for a benchmark alone",
        passwords=passwords,
        now=now,
    )
    rights = Right.SEE | Right.CLIPS | Right.ALERTED
    grant = Grant(area_id, None, rights, now.plus_s(-YEAR_S).utc_us)
    grants_rows.add_grant(conn, person_id=person_id, grant=grant, reason="bench", now=now)
    phone_id = put_phone(
        conn,
        person_id,
        NewPhoneRow("webpush", f"https://push.example/{number}", "{}", "bench"),
        now=now,
    )
    asker = Asker(person_id, login, login, "officer", "vi", "127.0.0.1")
    new = session_rows.begin(conn, asker, agent="bench", limits=DEFAULT_LIMITS, now=now)
    return Officer(person_id, commune, new.token, phone_id)


def _alert(rows: Rows, commune: Commune, at: Moment, dice: Random, is_open: bool) -> None:
    """Write one alert and its dependent rows."""
    camera_id = dice.choice(commune.cameras)
    alert_id, sighting_id, picture_id = (new_id(at) for _ in range(3))
    officer = dice.choice(commune.officers)
    picture = _picture(picture_id, commune, camera_id, at)
    sighting = _sighting(sighting_id, camera_id, alert_id, at)
    _put(rows, media, [picture])
    _put(rows, alerts, [_row(alert_id, camera_id, picture_id, at, None if is_open else officer)])
    _put(rows, sightings, [sighting])
    _put(rows, media_sightings, [{"media_id": picture_id, "sighting_id": sighting_id}])
    acts: list[tuple[str, UUID | None]] = [("raised", None)]
    if not is_open:
        acts.append(("resolved", officer.person_id))
    _put(rows, alert_history, _history(alert_id, acts, at))
    change = {"alert_id": alert_id, "camera_id": camera_id, "revision": 2, **columns("at", at)}
    _put(rows, alert_changes, [change])
    told = dice.sample(commune.officers, min(TOLD, len(commune.officers)))
    _put(rows, notifications, [_told(alert_id, one, at) for one in told])


def _put(rows: Rows, table: Table, values: Iterable[dict[str, Any]]) -> None:
    rows.setdefault(table, []).extend(values)


def _row(
    alert_id: UUID, camera_id: UUID, picture_id: UUID, at: Moment, officer: Officer | None
) -> dict[str, Any]:
    closed = None if officer is None else at.plus_s(120)
    return {
        "id": alert_id,
        "camera_id": camera_id,
        "kind": "person",
        "state": "open" if officer is None else "resolved",
        "people": 1,
        "clock_source": "ntp",
        "revision": 2,
        "picture_id": picture_id,
        "closed_by": officer and officer.person_id,
        **columns("began", at),
        **columns("confirmed", at),
        **columns("last_seen", at),
        **columns("raised", at),
        **columns("closed", closed),
    }


def _picture(picture_id: UUID, commune: Commune, camera_id: UUID, at: Moment) -> dict[str, Any]:
    return {
        "id": picture_id,
        "node_id": commune.node_id,
        "camera_id": camera_id,
        "kind": "picture",
        "sha256": sha256(picture_id.bytes).hexdigest(),
        "size_bytes": 77_000,
        "codec": "jpeg",
        "width": 768,
        "height": 576,
        "duration_ms": 0,
        **columns("first_frame", at),
        **columns("announced", at),
        **columns("stored", at),
    }


def _sighting(sighting_id: UUID, camera_id: UUID, alert_id: UUID, at: Moment) -> dict[str, Any]:
    box = {"x0": 0.4, "y0": 0.3, "x1": 0.5, "y1": 0.7}
    moments = ("first_seen", "confirmed", "last_seen", "closed")
    times: dict[str, Any] = {}
    for name in moments:
        times |= columns(name, at)
    return {
        "id": sighting_id,
        "camera_id": camera_id,
        "alert_id": alert_id,
        "object_kind": "person",
        "people": 1,
        "score": 0.9,
        **box,
        **times,
    }


def _history(
    alert_id: UUID, acts: list[tuple[str, UUID | None]], at: Moment
) -> Iterator[dict[str, Any]]:
    for act, person_id in acts:
        yield {
            "id": new_id(at),
            "alert_id": alert_id,
            "act": act,
            "person_id": person_id,
            "detail": "",
            **columns("at", at),
        }


def _told(alert_id: UUID, officer: Officer, at: Moment) -> dict[str, Any]:
    return {
        "id": new_id(at),
        "alert_id": alert_id,
        "person_id": officer.person_id,
        "phone_id": officer.phone_id,
        "moment": "opened",
        "state": "accepted",
        "reason": "",
        "attempts": 1,
        **columns("owed", at),
        **columns("due", at),
        **columns("answered", at),
        **columns("shown", at),
    }
