"""Live view: only for people with the right, only while they watch, never stored, always logged."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub.access.grants import rows
from hub.access.rules.grants import Right
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.footage.live.views import LEASE_S, MOST_BYTES, MOST_WATCHES, LiveViews
from hub.registry.tables import cameras
from tests.hub.helpers.footage.live import bring, jpeg
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.rigs.web_town import NODE, PASSWORD, Town
from tests.hub.rigs.web_visitor import PAGE, Visitor, text_of

pytestmark = pytest.mark.promise("Pages: Live view sends pictures only while somebody watches.")


class Time:
    """Passes when it is told to."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def passes(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def town(database_url: str, tmp_path: Path, time: Time) -> Iterator[Town]:
    """An may watch live, Bình may not."""
    db = Database(database_url)
    town = Town(db, tmp_path)
    town.resources.live_views = LiveViews(town._tell_node, time)
    town.make_services()
    town.grants["live"] = town.allow("an", Right.LIVE)
    yield town
    db.close()


def camera_of(town: Town) -> UUID:
    with town.db.reading() as conn:
        found: UUID = conn.scalars(select(cameras.c.id)).one()
    return found


def acts(town: Town) -> list[tuple[str, str]]:
    """Acts of watching in the log, in order."""
    query = select(audit).where(audit.c.act.like("live.%")).order_by(audit.c.seq)
    with town.db.reading() as conn:
        return [(row.act, detail_of(row)) for row in conn.execute(query)]


def come_in(town: Town, login: str = "an") -> Visitor:
    return Visitor(town.app()).sign_in(login, PASSWORD)


def test_a_watching_begins_at_the_node_shows_its_pictures_and_ends_with_two_lines_in_the_log(
    town: Town, time: Time
) -> None:
    visitor, place = come_in(town), f"/cameras/{camera_of(town)}/live"
    assert place in visitor.get(f"/cameras/{camera_of(town)}").text
    assert "Đang chờ hình đầu tiên" in text_of(visitor.get(place))
    ((node, told),) = town.told_nodes
    assert (node, told.camera, told.watchers, told.for_s) == (NODE, town.voice.camera, 1, LEASE_S)
    assert visitor.get(f"{place}/picture").status_code == 204
    picture = jpeg(b"a")
    assert bring(town, picture, **{"Picture-Age-Ms": "300"}).status_code == 204
    time.passes(0.5)
    shown = visitor.get(f"{place}/picture?after=0")
    assert (shown.status_code, shown.content) == (200, picture)
    assert shown.headers["picture-age-ms"] == "800"
    assert (shown.headers["picture-number"], shown.headers["watchers"]) == ("1", "1")
    assert shown.headers["cache-control"] == "no-store"
    assert visitor.get(f"{place}/picture?after=1").status_code == 204
    time.passes(2)
    assert visitor.get(f"{place}/picture").status_code == 200
    assert visitor.post(f"{place}/end").status_code == 204
    assert town.told_nodes[-1][1].for_s == 0
    assert acts(town) == [("live.begin", ""), ("live.end", "2 s, 2 pictures; closed")]
    assert bring(town, jpeg(b"b")).status_code == 410


@pytest.mark.promise("Rights: A grant has person, place, rights, dates, purpose and giver.")
def test_who_is_not_granted_it_sees_no_page_and_no_picture_while_another_watches(
    town: Town,
) -> None:
    place = f"/cameras/{camera_of(town)}/live"
    come_in(town).get(place)
    assert bring(town, jpeg(b"a")).status_code == 204
    for login in ("binh", "kim", "guest"):
        visitor = come_in(town, login)
        for path in (place, f"{place}/picture", f"{place}/picture?after=0"):
            answer = visitor.get(path)
            assert answer.status_code == 404
            assert b"aaaa" not in answer.content
        assert f"{place}" not in visitor.get(f"/cameras/{camera_of(town)}").text
    assert Visitor(town.app()).get(f"{place}/picture").status_code == 303
    assert ("live.begin.refused", "") in acts(town)


def test_a_page_that_asks_no_more_watches_no_more_and_the_node_is_given_no_further_lease(
    town: Town, time: Time
) -> None:
    visitor, place = come_in(town), f"/cameras/{camera_of(town)}/live"
    visitor.get(place)
    for _ in range(8):
        time.passes(2)
        visitor.get(f"{place}/picture")
        town.live_leases.look()
    leases = [words.for_s for _, words in town.told_nodes]
    assert set(leases) == {LEASE_S} and len(leases) == 5  # every four seconds of sixteen
    time.passes(LEASE_S + 0.1)
    town.live_leases.look()
    town.live_leases.look()
    assert [words.for_s for _, words in town.told_nodes[len(leases) :]] == [0]
    assert acts(town)[-1] == ("live.end", "16 s, 0 pictures; the page was left")


def test_a_revoked_grant_ends_the_watching_in_the_next_round(town: Town) -> None:
    visitor, place = come_in(town), f"/cameras/{camera_of(town)}/live"
    visitor.get(place)
    assert bring(town, jpeg(b"a")).status_code == 204
    with town.db.writing() as conn:
        rows.end_grant(conn, town.grants["live"], now=town.clock.now())
    assert visitor.get(f"{place}/picture").status_code == 404
    town.live_leases.look()
    assert town.told_nodes[-1][1].for_s == 0
    assert acts(town)[-1] == ("live.end", "0 s, 0 pictures; no longer granted")
    assert bring(town, jpeg(b"b")).status_code == 410


def test_two_people_watch_one_camera_and_both_read_how_many_they_are(town: Town) -> None:
    town.allow("binh", Right.LIVE)
    place = f"/cameras/{camera_of(town)}/live"
    an, binh = come_in(town), come_in(town, "binh")
    an.get(place)
    assert "2 người đang xem" in text_of(binh.get(place))
    assert an.get(f"{place}/picture").headers["watchers"] == "2"
    assert [words.watchers for _, words in town.told_nodes] == [1, 2]
    binh.post(f"{place}/end")
    town.live_leases.look()
    assert town.told_nodes[-1][1].watchers == 1
    an.get(f"{place}/picture")
    assert an.get(f"{place}/picture").headers["watchers"] == "1"


def test_pictures_that_stop_are_said_to_be_lost_with_their_age(town: Town, time: Time) -> None:
    visitor, place = come_in(town), f"/cameras/{camera_of(town)}/live"
    visitor.get(place)
    bring(town, jpeg(b"a"))
    page = visitor.get(place)
    assert f'src="{place}/picture?n=1"' in page.text and "Trực tiếp, cách đây 0 giây" in page.text
    time.passes(7)
    assert "Mất hình: hình cuối cách đây 7 giây" in text_of(visitor.get(place))


def test_the_page_loads_itself_anew_where_there_is_no_script(town: Town) -> None:
    page = come_in(town).get(f"/cameras/{camera_of(town)}/live").text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page


def test_only_the_newest_picture_is_held_and_none_when_nobody_watches(
    town: Town, time: Time, tmp_path: Path
) -> None:
    visitor, place = come_in(town), f"/cameras/{camera_of(town)}/live"
    assert bring(town, jpeg(b"x")).status_code == 410
    visitor.get(place)
    for number, mark in enumerate((b"a", b"b", b"c"), start=1):
        time.passes(1)
        assert bring(town, jpeg(mark)).status_code == 204
        assert visitor.get(f"{place}/picture").headers["picture-number"] == str(number)
    assert bring(town, jpeg(b"d")).status_code == 429  # in the same moment
    assert visitor.get(f"{place}/picture").content == jpeg(b"c")
    for path in (place for place in tmp_path.rglob("*") if place.is_file()):
        assert not any(mark * 500 in path.read_bytes() for mark in (b"a", b"b", b"c")), path


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [
        (jpeg(b"a", MOST_BYTES + 1), {}, 413),
        (b"no picture", {}, 422),
        (jpeg(b"a"), {"Content-Type": "text/html"}, 415),
        (jpeg(b"a"), {"Authorization": "Bearer made-up"}, 401),
        (jpeg(b"a"), {"Picture-Age-Ms": "-1e9"}, 204),
    ],
)
def test_what_is_no_picture_of_a_node_is_refused_by_its_status(
    town: Town, data: bytes, headers: dict[str, str], status: int
) -> None:
    come_in(town).get(f"/cameras/{camera_of(town)}/live")
    assert bring(town, data, **headers).status_code == status


def test_a_node_brings_pictures_of_its_own_cameras_alone(town: Town) -> None:
    come_in(town).get(f"/cameras/{camera_of(town)}/live")
    assert bring(town, jpeg(b"a"), camera="cam-9").status_code == 410
    assert bring(town, jpeg(b"a"), camera="../x").status_code in (404, 405)


def test_no_more_watch_at_once_than_the_hub_holds_pictures_for(town: Town) -> None:
    visitor, views = come_in(town), town.live_leases.views
    place = f"/cameras/{camera_of(town)}/live"
    visitor.get(place)
    (first,) = views.watches()
    for _ in range(MOST_WATCHES - 1):
        views.come(uuid4(), first.asker, first.camera, first.purpose)
    assert visitor.get(f"{place}/picture").status_code == 204  # who watches already watches on
    other = come_in(town)
    assert other.get(place).status_code == 503
    assert views.turned_away == 1


def test_watchings_that_end_on_two_threads_at_once_leave_one_line_each(town: Town) -> None:
    come_in(town).get(f"/cameras/{camera_of(town)}/live")
    live, (first,) = town.live_leases, town.live_leases.views.watches()
    for _ in range(20):
        live.views.come(uuid4(), first.asker, first.camera, first.purpose)
    with ThreadPoolExecutor(4) as threads:
        for _ in range(4):
            threads.submit(live.end_all, "stopped")
    assert [act for act, _ in acts(town)].count("live.end") == 21


def test_a_foreign_form_ends_nothing(town: Town) -> None:
    visitor, place = come_in(town), f"/cameras/{camera_of(town)}/live"
    visitor.get(place)
    answer = visitor.send(
        "POST", f"{place}/end", data={"csrf": "made-up"}, headers={**PAGE, **visitor.origin}
    )
    assert answer.status_code == 403
    assert len(town.live_leases.views.watches()) == 1


def test_a_hub_that_stops_ends_every_watching_and_says_so_in_the_log(town: Town) -> None:
    come_in(town).get(f"/cameras/{camera_of(town)}/live")

    async def stopped() -> None:
        stop = asyncio.Event()
        stop.set()
        await town.live_leases.run(stop, lambda: None)

    asyncio.run(stopped())
    assert acts(town)[-1] == ("live.end", "0 s, 0 pictures; the hub stopped")
    assert town.told_nodes[-1][1].for_s == 0
