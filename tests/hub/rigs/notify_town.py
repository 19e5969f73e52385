"""A small town for the notifier's tests: areas, a camera, officers with phones, alerts."""

import secrets
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select, update

from agent.wire.ident import uuid7
from hub.access.rules.grants import Right
from hub.access.tables import grants, people
from hub.alerting.alerts.tables import alerts
from hub.alerting.notifications import leasing, outcomes, recipients
from hub.alerting.notifications.pending import PendingNotification
from hub.alerting.notifications.rules.batching import BatchingLimits
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.notify import ledger, views
from hub.notify.rules.delivery_result import Answer
from hub.notify.tables import attempts, notifications, phones
from hub.registry.tables import areas, cameras, nodes

NOON = Moment(1_795_000_000_000_000, 5)  # 2026-11-18 18:06:40 in Việt Nam

CALM = BatchingLimits(calm=10_000)
"""No storm: every alert is told by itself."""


class VirtualClock:
    """Stands still until it is told to go on."""

    def __init__(self, start: Moment = NOON) -> None:
        self._now = start

    def now(self) -> Moment:
        return self._now

    def go_on(self, span_s: float) -> None:
        self._now = self._now.plus_s(span_s)

    def go_to(self, utc_us: int) -> None:
        self._now = replace(self._now, utc_us=max(utc_us, self._now.utc_us))


def fresh_id() -> UUID:
    return uuid7(NOON.utc_us, secrets.token_bytes(10))


def at(name: str, moment: Moment) -> dict[str, Any]:
    return {f"{name}_utc_us": moment.utc_us, f"{name}_error_ms": moment.error_ms}


@dataclass
class Officer:
    person_id: UUID
    phone_ids: list[UUID]
    grant_id: UUID | None


class Town:
    """Everything is written straight into the tables, so that only the ledger is under test."""

    def __init__(self, db: Database, clock: VirtualClock) -> None:
        self.db = db
        self.clock = clock
        commune, self.area_id = fresh_id(), fresh_id()
        node_id, self.camera_id = fresh_id(), fresh_id()
        with db.writing() as conn:
            for area_id, parent_id, level, name in (
                (commune, None, "commune", "Tân Khai"),
                (self.area_id, commune, "junction", "Ngã tư chợ"),
            ):
                conn.execute(
                    insert(areas).values(
                        id=area_id,
                        parent_id=parent_id,
                        level=level,
                        name=name,
                        name_folded=name.lower(),
                        **at("valid_from", NOON),
                    )
                )
            conn.execute(
                insert(nodes).values(
                    id=node_id,
                    name="tk-01",
                    area_id=self.area_id,
                    state="online",
                    **at("state_since", NOON),
                )
            )
            conn.execute(
                insert(cameras).values(
                    id=self.camera_id,
                    node_id=node_id,
                    name="cam1",
                    label="Cổng chợ",
                    area_id=self.area_id,
                    is_lost=False,
                    **at("state_since", NOON),
                )
            )

    def officer(
        self,
        login: str,
        *,
        phone_count: int = 1,
        rights: Right | None = Right.SEE | Right.ALERTED,
        language: str = "vi",
        addresses: list[tuple[str, str, str]] | None = None,
    ) -> Officer:
        """`addresses`: (channel, address, secrets) of the phones, if they are to be real."""
        officer = Officer(fresh_id(), [], None)
        with self.db.writing() as conn:
            conn.execute(
                insert(people).values(
                    id=officer.person_id,
                    login=login,
                    name=f"Anh {login}",
                    role="officer",
                    language=language,
                    password_hash="-",
                    **at("created", NOON),
                )
            )
            if rights is not None:
                officer.grant_id = fresh_id()
                conn.execute(
                    insert(grants).values(
                        id=officer.grant_id,
                        person_id=officer.person_id,
                        area_id=self.area_id,
                        rights=int(rights),
                        reason="on duty",
                        **at("starts", NOON.plus_s(-60)),
                    )
                )
            default = [
                ("webpush", f"https://push.test/{login}-{number}", "{}")
                for number in range(phone_count)
            ]
            for phone in default if addresses is None else addresses:
                self._add_phone(conn, officer, login, *phone)
        return officer

    def _add_phone(
        self,
        conn: Connection,
        officer: Officer,
        login: str,
        channel: str,
        address: str,
        phone_secrets: str,
    ) -> None:
        officer.phone_ids.append(fresh_id())
        conn.execute(
            insert(phones).values(
                id=officer.phone_ids[-1],
                person_id=officer.person_id,
                channel=channel,
                address=address,
                secrets=phone_secrets,
                label=login,
                **at("created", NOON),
            )
        )

    def end_grant(self, officer: Officer) -> None:
        with self.db.writing() as conn:
            conn.execute(
                update(grants)
                .where(grants.c.id == officer.grant_id)
                .values(at("ends", self.clock.now()))
            )

    def alert(
        self,
        *,
        people_count: int = 1,
        kind: str = "person",
        severity: str | None = None,
        camera_id: UUID | None = None,
    ) -> UUID:
        """An open alert that owes nobody anything yet."""
        alert_id, now = fresh_id(), self.clock.now()
        with self.db.writing() as conn:
            conn.execute(
                insert(alerts).values(
                    id=alert_id,
                    camera_id=camera_id or self.camera_id,
                    kind=kind,
                    severity=severity,
                    state="open",
                    people=people_count,
                    revision=1,
                    clock_source="kernel",
                    **at("began", now),
                    **at("confirmed", now),
                    **at("last_seen", now),
                    **at("raised", now),
                )
            )
        return alert_id

    def owe(self, alert_id: UUID, moment: views.AlertMoment = "opened") -> int:
        with self.db.writing() as conn:
            return recipients.enqueue(
                conn,
                alert_id=alert_id,
                camera_id=self.camera_id,
                moment=moment,
                now=self.clock.now(),
            )

    def take(self, alert_id: UUID, officer: Officer) -> int:
        """Take the alert like the service: the alert and its messages in one transaction."""
        with self.db.writing() as conn:
            conn.execute(
                update(alerts)
                .where(alerts.c.id == alert_id)
                .values(
                    state="taken",
                    taken_by=officer.person_id,
                    revision=alerts.c.revision + 1,
                    **at("taken", self.clock.now()),
                )
            )
            return recipients.enqueue(
                conn,
                alert_id=alert_id,
                camera_id=self.camera_id,
                moment="taken",
                now=self.clock.now(),
            )

    def claim(
        self,
        worker: str = "w1",
        *,
        limit: int = 100,
        lease_s: float = 30,
        storm: BatchingLimits = CALM,
        is_critical_only: bool = False,
    ) -> list[PendingNotification]:
        with self.db.writing() as conn:
            return leasing.claim(
                conn,
                worker=worker,
                now=self.clock.now(),
                lease_s=lease_s,
                limit=limit,
                limits=storm,
                is_critical_only=is_critical_only,
            )

    def record(self, owed: PendingNotification, answer: Answer, *, chance: float = 0.5) -> str:
        now = self.clock.now()
        with self.db.writing() as conn:
            return outcomes.record(conn, owed, answer, started=now, now=now, chance=chance)

    def next_due(self) -> int | None:
        with self.db.reading() as conn:
            return leasing.next_due(conn, self.clock.now())

    def counts(self) -> ledger.Counts:
        with self.db.reading() as conn:
            return ledger.counts(conn)

    def rows(self) -> list[Row[Any]]:
        with self.db.reading() as conn:
            return list(conn.execute(select(notifications).order_by(notifications.c.id)))

    def row(self, notification_id: UUID) -> Row[Any]:
        return next(row for row in self.rows() if row.id == notification_id)

    def attempts(self) -> list[Row[Any]]:
        with self.db.reading() as conn:
            return list(conn.execute(select(attempts).order_by(attempts.c.id)))
