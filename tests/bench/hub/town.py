"""A town for benchmarks: a database, nodes with broker access, officers with phones."""

from random import Random
from typing import Final

from sqlalchemy import func, select

from deploy.broker import Broker
from hub.access.grants import people_rows, rows
from hub.access.passwords import Passwords
from hub.access.rules.grants import Grant, Right
from hub.alerting.alerts.tables import sightings
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from hub.footage.tables import media
from hub.nodes.spool.tables import events
from hub.notify.phones.rows import NewPhoneRow, put_phone
from hub.registry import registry
from tests.bench.hub.talk import Talker

OFFICERS: Final = ("an", "binh")
"""Each has one phone; nothing sends their pending messages."""


class Town:
    """Database, nodes and officers of a benchmark: creates the schema at `url`; nodes are added on
    demand."""

    def __init__(self, broker: Broker, url: str) -> None:
        migrate(url)
        self.broker = broker
        self.url = url
        self._db = Database(url)
        self.nodes = 0
        """Number of nodes so far."""
        now = HubClock().now()
        rights = Right.SEE | Right.CLIPS | Right.ALERTED
        with self._db.writing() as conn:
            self._area_id = registry.add_area(conn, name="Tân Khai", level="xã", now=now)
            for login in OFFICERS:
                person_id = people_rows.add_person(
                    conn,
                    login=login,
                    name=login,
                    language="vi",
                    role="officer",
                    password="for a benchmark alone",
                    passwords=Passwords(),
                    now=now,
                )
                grant = Grant(self._area_id, None, rights, now.utc_us)
                rows.add_grant(conn, person_id=person_id, grant=grant, reason="bench", now=now)
                phone = NewPhoneRow("webpush", f"https://push.example/{login}", "{}", login)
                put_phone(conn, person_id, phone, now=now)

    def talkers(self, how_many: int, *, cameras: int) -> list[Talker]:
        """New nodes, known to the hub and with certificates for the broker."""
        names = [f"nga-tu-{number:03}" for number in range(self.nodes, self.nodes + how_many)]
        self.nodes += how_many
        now = HubClock().now()
        with self._db.writing() as conn:
            for name in names:
                registry.add_node(conn, name=name, area_id=self._area_id, now=now)
        for name in names:
            self.broker.papers(name)
        return [Talker(name, cameras, Random(name)) for name in names]

    def stored(self) -> dict[str, int]:
        """Number of events in the database, of different event numbers, and of the rows made from
        events."""
        number = select(events.c.node_id, events.c.spool_id, events.c.seq).distinct().subquery()
        counted = {"events": events, "numbers": number, "sightings": sightings, "pictures": media}
        with self._db.reading() as conn:
            return {
                name: conn.scalar(select(func.count()).select_from(table)) or 0
                for name, table in counted.items()
            }

    def close(self) -> None:
        """Close the database."""
        self._db.close()
