"""Sightings found by place, time and kind: the same answer by every query plan, never out of
scope."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import update

from hub.access.rules.grants import Right
from hub.alerting.alerts.tables import sightings
from hub.base.audit.asker import Asker
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.registry.shapes import Circle
from hub.registry.tables import cameras
from hub.search import sighting_queries
from hub.search.scope import Spot
from hub.search.service import SearchService
from hub.search.sighting_queries import COUNTED, SHOWN, SightingSearch
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.helpers.search.sighting_search import DAY_US, Town, all_of_it, grant
from tests.hub.rigs.streets import Streets

pytestmark = pytest.mark.promise("Search: The search bench gives whole answers.")


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Iterator[Town]:
    yield Town(Streets(db, tmp_path / "media"), seed=7)


@pytest.mark.parametrize("few", [0, 1000], ids=["by time", "by camera"])
def test_by_every_way_it_is_the_plain_answer(
    town: Town, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sighting_queries, "FEW_CAMERAS", few)
    month_ago = town.now.utc_us - 30 * DAY_US
    person = town.person(
        grant(town, town.communes[0]), grant(town, town.junctions[1], reach=month_ago)
    )
    reach = {
        camera: 0 if town.junctions.index(area) % 2 == 0 else month_ago
        for camera, area in town.cameras.items()
        if area != town.junctions[3]
    }
    every = all_of_it(town)
    chance = Random(11)  # noqa: S311 - no secret
    camera = next(one for one, area in town.cameras.items() if area == town.junctions[0])
    for wanted in (
        every,
        replace(every, people_from=2),
        replace(every, people_from=5),
        replace(every, people_from=9),
        replace(every, only_alerts=True),
        replace(every, only_alerts=True, people_from=6, height_from=0.4),
        replace(every, height_from=0.4),
        replace(every, camera_ids=(camera,)),
        *(
            SightingSearch(
                from_utc_us=(begin := town.now.utc_us - chance.randrange(90) * DAY_US),
                until_utc_us=begin + chance.randrange(40) * DAY_US,
                people_from=chance.choice((1, 2, 5)),
            )
            for _ in range(8)
        ),
    ):
        found, expected = town.find(person, wanted), town.expected(wanted, reach)
        assert [hit.sighting_id for hit in found.hits] == expected[:SHOWN]
        assert (found.count, found.is_more) == (len(expected), False)
        assert found.looked_from_utc_us <= max(wanted.from_utc_us, 0)


@pytest.mark.parametrize("has_windows", [False, True], ids=["a span", "windows"])
def test_who_was_there_already_is_found(town: Town, has_windows: bool) -> None:
    person = town.person(grant(town, town.root))
    at, minute_us = town.now.utc_us - 200 * DAY_US, 60_000_000
    stays = {  # minutes of the first and the last sight, from the beginning of the searched time
        "came before": (-20, 5),
        "left before": (-20, -1),
        "came long before": (-31, 5),
        "there at the beginning": (-1, 0),
        "came in it": (3, 4),
        "came in the time before": (-24 * 60 + 5, 5),
        "came after": (11, 12),
    }
    ids = dict(zip(stays, (one.id for one in town.seen), strict=False))
    with town.streets.db.writing() as conn:
        for name, (first, last) in stays.items():
            spent = {"first_seen_utc_us": at + first * minute_us}
            spent |= {"last_seen_utc_us": at + last * minute_us}
            conn.execute(update(sightings).where(sightings.c.id == ids[name]).values(spent))
    ten = 10 * minute_us
    wanted = SightingSearch(from_utc_us=at, until_utc_us=at + ten)
    expected = ["came in it", "there at the beginning", "came before"]
    if has_windows:
        day_before = (at - DAY_US, at - DAY_US + ten)
        wanted = replace(wanted, from_utc_us=day_before[0], windows=((at, at + ten), day_before))
        expected.append("came in the time before")
    found = [hit.sighting_id for hit in town.find(person, wanted).hits]
    assert found == [ids[name] for name in expected]


def test_who_may_search_all_gets_all_and_pages_through_it(town: Town) -> None:
    person = town.person(*(grant(town, area) for area in (town.root, town.streets.commune)))
    wanted, shown = all_of_it(town), list[UUID]()
    expected = town.expected(wanted, dict.fromkeys(town.cameras, 0))
    while True:
        found = town.find(person, wanted)
        shown += [hit.sighting_id for hit in found.hits]
        if len(found.hits) < SHOWN:
            break
        last = found.hits[-1]
        wanted = replace(wanted, before=(last.first_seen_utc_us, last.sighting_id))
    assert shown == expected


def test_without_the_right_to_search_nothing_is_found_or_counted(town: Town) -> None:
    for person in (town.person(), town.person(grant(town, town.root, rights=Right.SEE))):
        found = town.find(person, all_of_it(town))
        assert (found.hits, found.count, found.is_more) == ([], 0, False)


def test_by_area_and_round_a_point(town: Town) -> None:
    person = town.person(grant(town, town.root))
    wanted = replace(all_of_it(town), area_id=town.junctions[2])
    there = {one: 0 for one, area in town.cameras.items() if area == town.junctions[2]}
    assert town.find(person, wanted).count == len(town.expected(wanted, there))
    near = Circle(11.5, 106.6, radius_m=1200)  # the first two cameras, 1,100 m apart
    wanted = replace(all_of_it(town), near=near)
    close = dict.fromkeys(list(town.cameras)[:2], 0)
    assert town.find(person, wanted).count == len(town.expected(wanted, close))
    assert town.find(person, replace(wanted, near=Circle(0.0, 0.0, 100))).count == 0


def test_cameras_without_a_position_are_left_out_of_a_shape_and_counted(town: Town) -> None:
    person = town.person(grant(town, town.root))
    some = list(town.cameras)[1:4]
    with town.streets.db.writing() as conn:
        this = update(cameras).where(cameras.c.id.in_(some))
        conn.execute(this.values(latitude_deg=None, longitude_deg=None))
    near = replace(all_of_it(town), near=Circle(11.5, 106.6, radius_m=1200))
    found = town.find(person, near)
    assert (found.cameras, found.unplaced) == (1, 3)
    assert town.find(person, all_of_it(town)).unplaced == 0
    at = replace(near, spots=(Spot(some[0]), Spot(next(iter(town.cameras)))))
    assert town.find(person, at).unplaced == 1
    far = town.find(person, replace(near, near=Circle(0.0, 0.0, 100)))
    assert (far.cameras, far.unplaced) == (0, 3)


def test_what_takes_too_long_is_cut_and_says_how_far_back_it_looked(town: Town) -> None:
    person = town.person(grant(town, town.root))
    found = town.find(person, all_of_it(town), budget_s=0)
    assert found.looked_from_utc_us == town.now.utc_us - DAY_US
    assert 0 < found.count < len(town.seen)
    rest = replace(all_of_it(town), until_utc_us=found.looked_from_utc_us - 1)
    assert found.count + town.find(person, rest).count == len(town.seen)


def test_an_endless_or_turned_span_is_no_fault(town: Town) -> None:
    person = town.person(grant(town, town.root))
    turned = SightingSearch(from_utc_us=town.now.utc_us, until_utc_us=0)
    assert town.find(person, turned).count == 0
    endless = SightingSearch(from_utc_us=0, until_utc_us=2**62)
    assert town.find(person, endless).count == len(town.seen)


@pytest.mark.promise("Search: A large result is paged, and an empty one is answered.")
def test_more_than_a_thousand_are_not_counted(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    assert COUNTED == 1000
    monkeypatch.setattr(sighting_queries, "COUNTED", 100)
    found = town.find(town.person(grant(town, town.root)), all_of_it(town))
    assert (found.count, found.is_more) == (100, True)


def test_every_search_is_a_line_of_the_log(town: Town) -> None:
    person_id = town.person(grant(town, town.root))
    asker = Asker(
        person_id=person_id, login="an", name="An", language="vi", role="officer", came_from=""
    )
    found = town.streets.services.use(SearchService).find_sightings(asker, all_of_it(town))
    assert found.hits
    [line] = [row for row in town.streets.rows(audit) if row.act == "search.sightings"]
    assert line.person_id == person_id
    assert f"{found.count} sightings" in detail_of(line)
