"""Sightings found by their description: colours, vehicle, number, direction, hours."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from agent.wire.description import ColourWords, DescriptionWords
from agent.wire.messages import SightingClosed
from hub.alerting.alerts.tables import sightings
from hub.base.db.database import Database
from hub.registry.passing import SIDES, compass_point, heading
from hub.registry.shapes import Point
from hub.registry.tables import cameras
from hub.search import description_queries, sighting_queries
from hub.search.rules.description import Described, Look
from hub.search.sighting_queries import SightingSearch
from tests.hub.helpers.search.sighting_search import DAY_US, Town, all_of_it, grant
from tests.hub.rigs.streets import Streets

pytestmark = pytest.mark.promise("Search: A search goes by colour, vehicle, number and direction.")

HOUR_US = DAY_US // 24


class DressedTown(Town):
    """The town, with a description on eight of ten sightings."""

    def __init__(self, streets: Streets, seed: int) -> None:
        super().__init__(streets, seed)
        chance = Random(seed)  # noqa: S311 - no secret
        self.looks = {one.id: _look(chance) for one in self.seen if chance.random() < 0.8}
        self.sides = {one.id: chance.choice(SIDES) for one in self.seen}
        self.bearings = {one: n * 30.0 for n, one in enumerate(self.cameras)}
        with streets.db.writing() as conn:
            for key, bearing in self.bearings.items():
                conn.execute(update(cameras).where(cameras.c.id == key).values(bearing_deg=bearing))
            for key, side in self.sides.items():
                row = {"left_by": side, **_row(self.looks.get(key))}
                conn.execute(update(sightings).where(sightings.c.id == key).values(row))
        self.searcher = self.person(grant(self, self.root))

    def found(self, wanted: SightingSearch) -> set[UUID]:
        found = self.find(self.searcher, wanted)
        assert found.count == len(found.hits)
        return {hit.sighting_id for hit in found.hits}


def _look(chance: Random) -> Look:
    def colours() -> tuple[str, ...]:
        return tuple(chance.sample(("red", "black", "blue", "pink"), chance.randrange(3)))

    return Look(
        upper=colours(),
        lower=colours(),
        transport=chance.choice(("foot", "motorbike", "bicycle", None)),
        transport_colours=colours(),
        people=chance.choice((1, 2, 3, None)),
        height_cm=chance.choice((150, 170, None)),
        speed=chance.choice(("standing", "walking", "fast", None)),
    )


def _row(look: Look | None) -> dict[str, Any]:
    if look is None:
        return {}
    row = {"is_described": True, "transport": look.transport, "group_people": look.people}
    row |= {"height_cm": look.height_cm, "speed": look.speed}
    for name, colours in (
        ("upper_colour", look.upper),
        ("lower_colour", look.lower),
        ("transport_colour", look.transport_colours),
    ):
        row |= dict(zip((name, f"{name}_2"), (*colours, None, None), strict=False))
    return row


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Iterator[DressedTown]:
    yield DressedTown(Streets(db, tmp_path / "media"), seed=3)


RED, BLUE, PINK = (frozenset({one}) for one in ("red", "blue", "pink"))


@pytest.mark.parametrize(
    ("few", "coloured"),
    [(0, 1.0), (1000, 1.0), (1000, 0.0)],
    ids=["by time", "by camera", "by rare colour"],
)
def test_a_description_finds_what_was_described_so(
    town: DressedTown, few: int, coloured: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sighting_queries, "FEW_CAMERAS", few)
    monkeypatch.setattr(sighting_queries, "COLOURED", coloured)
    monkeypatch.setattr(sighting_queries, "SHOWN", 1000)
    none, bike = Look(), frozenset({"motorbike"})
    people = {one.id: one.people for one in town.seen}
    cases: list[tuple[Described, Any]] = [
        (Described(upper=(RED,)), lambda one, _: RED & {*one.upper}),
        (Described(upper=(RED | PINK,)), lambda one, _: (RED | PINK) & {*one.upper}),
        (Described(upper=(RED | BLUE,)), lambda one, _: (RED | BLUE) & {*one.upper}),
        (Described(upper=(RED, BLUE)), lambda one, _: {*one.upper} == RED | BLUE),
        (Described(clothes=(PINK,)), lambda one, _: PINK & {*one.upper, *one.lower}),
        (
            Described(upper=(RED,), transport=bike, people=(2, 2)),
            lambda one, n: RED & {*one.upper} and one.transport == "motorbike" and n == 2,
        ),
        (
            Described(transport=bike, transport_colours=(BLUE,)),
            lambda one, _: one.transport == "motorbike" and BLUE & {*one.transport_colours},
        ),
        (Described(people=(3, 20)), lambda _, n: n >= 3),
        (Described(height_cm=(160, 180)), lambda one, _: one.height_cm == 170),
        (Described(speed="fast"), lambda one, _: one.speed == "fast"),
    ]
    for wanted, is_meant in cases:
        expected = set()
        for seen in town.seen:
            look = town.looks.get(seen.id, none)
            if is_meant(look, look.people or people[seen.id]):
                expected.add(seen.id)
        assert expected, wanted
        found = town.found(replace(all_of_it(town), described=wanted))
        assert found == expected, wanted


def test_a_compass_direction_comes_from_the_side_and_the_bearing(
    town: DressedTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sighting_queries, "SHOWN", 1000)
    expected = {
        one.id
        for one in town.seen
        if compass_point(heading(town.sides[one.id], town.bearings[one.camera_id])) == "e"
    }
    found = town.found(replace(all_of_it(town), compass="e"))
    assert expected <= found  # and directions up to 45 degrees beside it
    for one in town.seen:
        leaves = heading(town.sides[one.id], town.bearings[one.camera_id])
        assert (one.id in found) == (abs(leaves - 90) <= 45)


def test_towards_a_place_is_towards_it_from_each_camera(
    town: DressedTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sighting_queries, "SHOWN", 1000)
    north = Point(12.5, 106.6)  # of every camera: they stand in a line below it
    found = town.found(replace(all_of_it(town), towards=(north,)))
    for one in town.seen:
        leaves = heading(town.sides[one.id], town.bearings[one.camera_id])
        assert (one.id in found) == (min(leaves, 360 - leaves) <= 60)


def test_from_the_camera_at_a_place_nobody_goes_towards_it(town: DressedTown) -> None:
    first = next(iter(town.cameras))  # all others stand north of it
    wanted = replace(all_of_it(town), towards_places=(first,), camera_ids=(first,))
    found = town.find(town.searcher, wanted)
    assert (found.hits, found.cameras, found.unaimed) == ([], 1, 0)
    others = town.find(town.searcher, replace(wanted, camera_ids=()))
    assert others.hits
    assert first not in {hit.camera_id for hit in others.hits}


def test_cameras_without_a_bearing_are_left_out_and_counted(town: DressedTown) -> None:
    with town.streets.db.writing() as conn:
        some = list(town.cameras)[:5]
        conn.execute(update(cameras).where(cameras.c.id.in_(some)).values(bearing_deg=None))
    found = town.find(town.searcher, replace(all_of_it(town), compass="n"))
    assert (found.cameras, found.unaimed) == (7, 5)
    assert {hit.camera_id for hit in found.hits}.isdisjoint(some)


def test_a_camera_from_which_nobody_can_go_both_ways_is_not_counted_as_unaimed(
    town: DressedTown,
) -> None:
    north = Point(12.5, 106.6)  # of every camera
    found = town.find(town.searcher, replace(all_of_it(town), towards=(north,), compass="s"))
    assert (found.hits, found.cameras, found.unaimed) == ([], 12, 0)


@pytest.mark.parametrize("few", [0, 1000], ids=["by time", "by camera"])
def test_parts_of_a_span_are_searched_alone_and_paged(
    town: DressedTown, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sighting_queries, "FEW_CAMERAS", few)
    monkeypatch.setattr(sighting_queries, "SHOWN", 7)
    now = town.now.utc_us
    windows = tuple((now - n * DAY_US - HOUR_US, now - n * DAY_US) for n in range(0, 90, 3))
    expected = {
        one.id
        for one in town.seen
        if any(begin <= one.first_utc_us <= end for begin, end in windows)
    }
    assert len(expected) > 20
    wanted, shown = replace(all_of_it(town), windows=windows), list[UUID]()
    while True:
        found = town.find(town.searcher, wanted)
        shown += [hit.sighting_id for hit in found.hits]
        if len(found.hits) < 7:
            break
        last = found.hits[-1]
        wanted = replace(wanted, before=(last.first_seen_utc_us, last.sighting_id))
    assert len(shown) == len(set(shown))
    assert set(shown) == expected


def test_what_a_node_says_is_filed_in_columns(streets: Streets) -> None:
    voice = streets.node
    seen = uuid4()
    body = SightingClosed(
        camera=voice.camera,
        sighting_id=seen,
        last_seen_utc_us=streets.clock.now().utc_us,
        duration_ms=3000,
        description=DescriptionWords(
            upper=(
                ColourWords(colour="red", confidence=0.8),
                ColourWords(colour="pink", confidence=0.3),
            ),
            lower=(ColourWords(colour="black", confidence=0.9),),
            transport="motorbike",
            people=2,
            height_m=1.678,
            speed="fast",
        ),
    )
    streets.file(voice.opened(seen), voice.says(body))
    [row] = streets.rows(sightings)
    told = {
        "is_described": True,
        "upper_colour": "red",
        "upper_colour_2": "pink",
        "lower_colour": "black",
        "lower_colour_2": None,
        "transport": "motorbike",
        "transport_colour": None,
        "group_people": 2,
        "height_cm": 168,
        "speed": "fast",
    }
    assert {name: getattr(row, name) for name in told} == told


def test_an_older_node_describes_nothing(streets: Streets) -> None:
    seen = uuid4()
    streets.file(streets.node.opened(seen), streets.node.closed(seen))
    with streets.db.reading() as conn:
        row = conn.execute(select(sightings)).one()
    assert (row.is_described, row.upper_colour, row.transport) == (None, None, None)


def test_only_a_part_in_rare_colours_alone_leads_a_search() -> None:
    def leads(**words: Any) -> list[tuple[str, str]]:
        found = description_queries.rare_leads(Described(**words))
        return [(column.name, colour) for column, colour in found]

    assert leads(upper=(BLUE,), lower=(RED | BLUE,)) == []
    assert leads(upper=(RED | PINK,), lower=(PINK,)) == [
        ("lower_colour", "pink"),
        ("lower_colour_2", "pink"),
    ]


def test_few_cameras_offer_what_they_saw_however_much_others_saw_since(
    town: DressedTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(description_queries, "LOOKED_AT", 1)
    camera_ids = {one.camera_id for one in town.seen if one.id in town.looks}
    with town.streets.db.reading() as conn:
        for camera_id in camera_ids:
            [row] = description_queries.recent_looks(conn, {camera_id: 0})
            assert row.camera_id == camera_id
            after = row.first_seen_utc_us + 1
            assert description_queries.recent_looks(conn, {camera_id: after}) == []
