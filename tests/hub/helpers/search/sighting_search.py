"""Helpers of the tests of sighting search, used by more than one module."""

from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select

from hub.access.grants import people_rows, rows
from hub.access.rules.grants import Grant, Right
from hub.alerting.alerts.tables import alerts, sightings
from hub.registry import registry
from hub.registry.tables import cameras
from hub.search import sighting_queries
from hub.search.sighting_queries import FoundSightings, SightingSearch
from tests.hub.rigs.streets import CHEAP, Streets

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Seen:
    """A sighting as it was put in."""

    id: UUID
    camera_id: UUID
    first_utc_us: int
    people: int
    height: float
    alert_id: UUID | None
    is_vouched: bool


class Town:
    """Four junctions below two communes, twelve cameras, 300 sightings in a hundred days."""

    def __init__(self, streets: Streets, seed: int) -> None:
        self.streets = streets
        chance = Random(seed)  # noqa: S311 - no secret
        self.now = now = streets.clock.now()
        with streets.db.writing() as conn:
            root = registry.add_area(conn, name="Tỉnh", level="province", now=now)
            self.communes = [
                registry.add_area(conn, name=f"Xã {n}", level="commune", parent_id=root, now=now)
                for n in range(2)
            ]
            self.junctions = [
                registry.add_area(
                    conn, name=f"Ngã {n}", level="junction", parent_id=self.communes[n % 2], now=now
                )
                for n in range(4)
            ]
            node = conn.execute(select(cameras.c.node_id)).scalars().first()
            self.cameras = {uuid4(): self.junctions[n % 4] for n in range(12)}
            template = conn.execute(select(cameras)).mappings().first()
            assert template is not None
            for n, (key, area) in enumerate(self.cameras.items()):
                row = dict(template) | {
                    "id": key,
                    "node_id": node,
                    "name": f"c{n}",
                    "area_id": area,
                }
                row |= {"latitude_deg": 11.5 + n / 100, "longitude_deg": 106.6}
                conn.execute(insert(cameras).values(row))
            self.seen = [self._sighting(chance) for _ in range(300)]
            self._file(conn)
        self.root = root

    def _sighting(self, chance: Random) -> Seen:
        return Seen(
            id=UUID(int=chance.getrandbits(128)),
            camera_id=chance.choice(list(self.cameras)),
            first_utc_us=self.now.utc_us - chance.randrange(100) * DAY_US - chance.randrange(3),
            people=chance.choice((1, 1, 1, 2, 6, 12)),
            height=chance.choice((0.1, 0.5)),
            alert_id=uuid4() if chance.random() < 0.2 else None,
            is_vouched=chance.random() < 0.9,
        )

    def _file(self, conn: Any) -> None:
        for one in self.seen:
            at = one.first_utc_us
            if one.alert_id is not None:
                row = {"id": one.alert_id, "camera_id": one.camera_id, "kind": "person"}
                row |= {"state": "open", "people": 1, "clock_source": "ntp", "revision": 1}
                row |= {f"{name}_utc_us": at for name in
                        ("began", "confirmed", "last_seen", "raised")}  # fmt: skip
                conn.execute(insert(alerts).values(row))
            row = {"id": one.id, "camera_id": one.camera_id, "alert_id": one.alert_id}
            row |= {"object_kind": "person", "people": one.people, "score": 0.8}
            row |= {"x0": 0.1, "x1": 0.2, "y0": 0.1, "y1": 0.1 + one.height}
            row |= {f"{name}_utc_us": at for name in ("first_seen", "confirmed", "last_seen")}
            row |= {"first_seen_error_ms": 20 if one.is_vouched else None}
            conn.execute(insert(sightings).values(row))

    def person(self, *grants: Grant) -> UUID:
        with self.streets.db.writing() as conn:
            person_id = people_rows.add_person(
                conn,
                login=f"p{uuid4().hex[:8]}",
                name="Anh",
                language="vi",
                role="officer",
                password="password of anybody",
                passwords=CHEAP,
                now=self.now,
            )
            for grant in grants:
                rows.add_grant(conn, person_id=person_id, grant=grant, reason="duty", now=self.now)
        return person_id

    def find(
        self, person_id: UUID, wanted: SightingSearch, *, budget_s: float = 600
    ) -> FoundSightings:
        with self.streets.db.reading() as conn:
            return sighting_queries.find_sightings(
                conn, person_id, wanted, now=self.now, budget_s=budget_s
            )

    def expected(self, wanted: SightingSearch, reach: dict[UUID, int]) -> list[UUID]:
        """The same in plain words; `reach` is how far back each camera may be searched."""
        found = [
            one
            for one in self.seen
            if one.camera_id in reach
            and (reach[one.camera_id] == 0 or one.is_vouched)
            and max(reach[one.camera_id], wanted.from_utc_us) <= one.first_utc_us
            and one.first_utc_us <= wanted.until_utc_us
            and (not wanted.camera_ids or one.camera_id in wanted.camera_ids)
            and one.people >= wanted.people_from
            and one.height >= wanted.height_from - 1e-9
            and (one.alert_id is not None or not wanted.only_alerts)
        ]
        return [one.id for one in sorted(found, key=lambda one: (-one.first_utc_us, -one.id.int))]


def grant(
    town: Town, area: UUID, *, rights: Right = Right.SEARCH, reach: int | None = None
) -> Grant:
    return Grant(area, None, rights, town.now.utc_us - 1, history_from_utc_us=reach)


def all_of_it(town: Town) -> SightingSearch:
    return SightingSearch(from_utc_us=0, until_utc_us=town.now.utc_us)
