"""A random town with many sightings, and the right answers of a search of it, in plain objects."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from hub.access.rules.grants import ALL, Right, at_or_above
from hub.alerting.alerts.tables import sightings
from hub.footage.tables import media, media_sightings
from hub.registry.shapes import Circle, Point, Ring, Shape, Street, beyond_m
from hub.registry.tables import cameras
from hub.search.sighting_queries import SightingSearch
from tests.scope.world import DAY_S, Camera, Person, Shot, Twin, World

SIGHTINGS: Final = 160
US: Final = 1_000_000
RIGHTS: Final = (
    Right.SEARCH,
    Right.SEARCH | Right.SEE,
    Right.SEARCH | Right.CLIPS,
    Right.SEE,
    Right.CLIPS,
    Right.SEE | Right.CLIPS,
    Right.MANAGE | Right.ALERTED,
    ALL,
)


@dataclass(frozen=True)
class Fact:
    """A sighting as the tables have it, with the files that show it."""

    id: UUID
    camera: Camera
    first_us: int
    is_vouched: bool
    people: int
    height: float
    shot: Shot | None
    pictures: tuple[tuple[UUID, int], ...]
    """Id and moment of each that is stored."""
    clips: tuple[tuple[UUID, int], ...]
    """Stored or not."""
    has_clip: bool
    """One that was not removed."""


class SearchedWorld:
    """The town, its facts, and the judge."""

    def __init__(self, world: World) -> None:
        self.world, self.rng = world, world.rng
        self.twin = Twin(world)
        self.spots = {
            one.place.camera_id: Point(
                11.5 + self.rng.random() / 20, 106.6 + self.rng.random() / 20
            )
            for one in world.cameras
            if self.rng.random() < 0.85
        }
        self._plant()
        self.facts = sorted(self._read_back(), key=lambda one: (-one.first_us, -one.id.int))

    def _plant(self) -> None:
        with self.world.db.writing() as conn:
            for camera_id, spot in self.spots.items():
                values = {"latitude_deg": spot.latitude_deg, "longitude_deg": spot.longitude_deg}
                conn.execute(update(cameras).where(cameras.c.id == camera_id).values(**values))
            rows = conn.execute(select(cameras.c.id, cameras.c.node_id))
            nodes = {row.id: row.node_id for row in rows}
            for _ in range(SIGHTINGS):
                self._sighting(conn, self.rng.choice(self.world.cameras), nodes)

    def _sighting(self, conn: Any, camera: Camera, nodes: dict[UUID, UUID]) -> None:
        rng, camera_id = self.rng, camera.place.camera_id
        back_s = rng.choice((rng.randrange(600), rng.randrange(12 * DAY_S)))
        at_us = self.world.clock.now().utc_us - back_s * US
        shots = [
            one
            for one in self.world.shots
            if one.camera.camera_id == camera_id and not one.is_trouble
        ]
        shot = rng.choice(shots) if shots and rng.random() < 0.3 else None
        sighting_id, top = uuid4(), rng.choice((0.1, 0.3, 0.6))
        row: dict[str, Any] = {"id": sighting_id, "camera_id": camera_id}
        row |= {"people": rng.choice((1, 1, 2, 6, 12))}
        row |= {"alert_id": shot.alert_id if shot else None, "score": 0.8}
        row |= {"object_kind": rng.choice(("person", "person", "car")), "x0": 0.1, "x1": 0.2}
        row |= {"y0": 0.1, "y1": 0.1 + top, "first_seen_error_ms": rng.choice((20, 20, 20, None))}
        row |= {f"{name}_utc_us": at_us for name in ("first_seen", "confirmed", "last_seen")}
        conn.execute(insert(sightings).values(**row))
        for kind in ("picture", "clip"):
            if rng.random() < 0.4:
                self._file(conn, kind, camera_id, nodes[camera_id], at_us, sighting_id)

    def _file(
        self, conn: Any, kind: str, camera_id: UUID, node_id: UUID, at_us: int, of: UUID
    ) -> None:
        media_id = uuid4()
        row = {"id": media_id, "node_id": node_id, "camera_id": camera_id, "kind": kind}
        row |= {"sha256": f"{media_id.int:064x}", "size_bytes": 9, "codec": "h264", "width": 9}
        row |= {"height": 9, "first_frame_utc_us": at_us - 5 * US, "first_frame_error_ms": 20}
        row |= {"duration_ms": 9000 if kind == "clip" else 0, "announced_utc_us": at_us}
        row |= {"stored_utc_us": self.rng.choice((at_us, at_us, None))}
        conn.execute(insert(media).values(**row))
        conn.execute(insert(media_sightings).values(media_id=media_id, sighting_id=of))

    def _read_back(self) -> Iterator[Fact]:
        of = {one.place.camera_id: one for one in self.world.cameras}
        shots = {one.alert_id: one for one in self.world.shots}
        files: dict[UUID, list[Any]] = {}
        with self.world.db.reading() as conn:
            joined = select(media, media_sightings.c.sighting_id).join(
                media_sightings, media_sightings.c.media_id == media.c.id
            )
            for row in conn.execute(joined):
                files.setdefault(row.sighting_id, []).append(row)
            for row in conn.execute(select(sightings)).all():
                its = files.get(row.id, [])
                yield Fact(
                    id=row.id,
                    camera=of[row.camera_id],
                    first_us=row.first_seen_utc_us,
                    is_vouched=row.first_seen_error_ms is not None,
                    people=row.people,
                    height=row.y1 - row.y0,
                    shot=shots.get(row.alert_id),
                    pictures=_of_kind(its, "picture", is_stored=True),
                    clips=_of_kind(its, "clip", is_stored=False),
                    has_clip=any(one.kind == "clip" and not one.removed_why for one in its),
                )

    def expected(self, who: Person, wanted: SightingSearch) -> list[Fact]:
        """What a search must find, all of it, the newest first."""
        theirs = {one.place.camera_id for one in self.meant(who, wanted)}
        return [
            one
            for one in self.facts
            if one.camera.place.camera_id in theirs
            and wanted.from_utc_us <= one.first_us <= wanted.until_utc_us
            and one.people >= wanted.people_from
            and one.height >= wanted.height_from
            and (one.shot is not None or not wanted.only_alerts)
            and (one.has_clip or not wanted.only_with_clip)
            and (wanted.before is None or (one.first_us, one.id.int) < _cursor(wanted.before))
            and self.may_find(who, one)
        ]

    def may_find(self, who: Person, one: Fact) -> bool:
        """What nobody's clock vouches for lies within no reach but that without end."""
        recorded_us = one.first_us if one.is_vouched else 0
        return self.twin.may(who, one.camera.place, Right.SEARCH, recorded_us)

    def searched(self, who: Person) -> list[Camera]:
        """The cameras they may search now."""
        return [one for one in self.world.cameras if self.twin.may(who, one.place, Right.SEARCH)]

    def meant(self, who: Person, wanted: SightingSearch) -> list[Camera]:
        """Those of them that the place means."""
        found = self.unshaped(who, wanted)
        if wanted.near is None:
            return found
        return [one for one in found if self.beyond(one, wanted.near) == 0]

    def unshaped(self, who: Person, wanted: SightingSearch) -> list[Camera]:
        """The same before the shape is asked."""
        return [
            one
            for one in self.searched(who)
            if (not wanted.camera_ids or one.place.camera_id in wanted.camera_ids)
            and (wanted.area_id is None or wanted.area_id in self._path(one))
            and wanted.named in f"{one.label} {', '.join(map(self._name, self._path(one)))}"
        ]

    def beyond(self, camera: Camera, shape: Shape) -> float | None:
        """How far outside it stands; None where nobody noted its place."""
        spot = self.spots.get(camera.place.camera_id)
        return None if spot is None else beyond_m(shape, spot)

    def _path(self, camera: Camera) -> list[UUID]:
        return list(at_or_above(camera.place.area_id, self.world.parents))

    def _name(self, area_id: UUID) -> str:
        return self.world.area_marks[area_id]

    def areas(self, who: Person) -> set[UUID]:
        """Those whose names the form offers."""
        return {area_id for one in self.searched(who) for area_id in self._path(one)}

    def question(self) -> SightingSearch:
        """Anything one may ask, by theirs and by others' names, areas, cameras and points."""
        rng, now_us = self.rng, self.world.clock.now().utc_us
        back_s = rng.choice((60, DAY_S, 6 * DAY_S, 13 * DAY_S, 400 * DAY_S, rng.randrange(DAY_S)))
        begins = now_us - back_s * US
        ends = rng.choice((now_us, now_us, now_us, 2**62, begins + rng.randrange(8 * DAY_S) * US))
        return SightingSearch(
            from_utc_us=rng.choice((begins, begins, begins, 0)),
            until_utc_us=0 if rng.random() < 0.03 else ends,
            people_from=rng.choice((1, 1, 1, 1, 1, 2, 5, 7)),
            height_from=rng.choice((0.0, 0.0, 0.0, 0.0, 0.2, 0.5)),
            only_alerts=rng.random() < 0.1,
            only_with_clip=rng.random() < 0.1,
            **self._place(),
        )

    def _place(self) -> dict[str, Any]:
        rng, some = self.rng, self.rng.choice(self.world.cameras)
        several = rng.sample(self.world.cameras, k=min(3, len(self.world.cameras)))
        return rng.choice(
            (
                dict[str, Any],
                dict[str, Any],
                lambda: {"camera_ids": (some.place.camera_id,)},
                lambda: {"camera_ids": (*(one.place.camera_id for one in several), uuid4())},
                lambda: {"area_id": rng.choice([*self.world.parents, uuid4()])},
                lambda: {"named": some.label[: rng.choice((4, 8, 14))]},
                lambda: {"named": rng.choice(list(self.world.area_marks.values()))[2:]},
                lambda: {"near": self._shape()},
                lambda: {"near": self._shape(), "area_id": rng.choice(list(self.world.parents))},
            )
        )()

    def _shape(self) -> Shape:
        rng: Random = self.rng

        def point() -> Point:
            return Point(11.48 + rng.random() / 10, 106.58 + rng.random() / 10)

        match rng.randrange(3):
            case 0:
                middle = rng.choice([*self.spots.values(), Point(9.5, 109.5)])
                return Circle(middle.latitude_deg, middle.longitude_deg, rng.choice((5, 900, 4000)))
            case 1:
                return Street((point(), point(), point()), rng.choice((50, 700)))
            case _:
                return Ring((point(), point(), point()))


def _of_kind(files: list[Any], kind: str, *, is_stored: bool) -> tuple[tuple[UUID, int], ...]:
    return tuple(
        (one.id, one.first_frame_utc_us)
        for one in files
        if one.kind == kind and (one.stored_utc_us is not None or not is_stored)
    )


def _cursor(before: tuple[int, UUID]) -> tuple[int, int]:
    return before[0], before[1].int
