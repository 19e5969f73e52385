"""The page that finds sightings: by place, time and kind, paged, in clear words, by grant."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from agent.wire.messages import LeftBy, SightingClosed
from agent.wire.terms import BoxWords
from hub.access.rules.grants import Right
from hub.base.db.database import Database
from hub.footage.tables import media, wishes
from hub.registry.tables import cameras
from hub.search.find_form import SearchForm, cursor, cursor_of
from tests.hub.helpers.search.web_find import details, find, sights, some_sightings
from tests.hub.helpers.search.web_search import let_search, visitor
from tests.hub.rigs.web_town import Town, some_bytes
from tests.hub.rigs.web_visitor import text_of

WHERE = (11.53, 106.62)


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    let_search(town, "an", Right.SEARCH | Right.CLIPS)
    yield town
    db.close()


def place_camera(town: Town) -> None:
    with town.db.writing() as conn:
        conn.execute(update(cameras).values(latitude_deg=WHERE[0], longitude_deg=WHERE[1]))


@pytest.mark.promise("Search: A search shows one time line with pictures and clips.")
def test_a_sighting_is_found_with_its_picture_its_clip_and_its_alert(town: Town) -> None:
    picture, clip = some_bytes(5_000), some_bytes()
    seen = town.somebody(picture)
    town.clip(seen, clip)
    town.bring(picture)
    town.bring(clip)
    an = visitor(town, "an")
    page = an.get(find())
    assert sights(page.text) == [str(seen.sighting_id)]
    assert "1 lượt phát hiện" in text_of(page)
    assert f"/alerts/{seen.alert_id}" in page.text
    [small] = re.findall(r'<img src="(/media/.*?/small\?around=.*?)" loading="lazy"', page.text)
    assert an.get(small).status_code in (200, 307)
    [play] = re.findall(r'data-play="(.*?)"', page.text)
    address, at = play.split("#t=")
    assert an.get(address).content == clip
    assert float(at) == pytest.approx(5.0, abs=0.1)  # a second before they come


@pytest.mark.promise("Search: A search can ask a node for its footage.")
def test_a_clip_still_at_its_node_is_asked_for_and_the_search_stays(town: Town) -> None:
    town.clip(town.somebody(), some_bytes())
    an = visitor(town, "an")
    where = find(named="chợ cũ")
    page = an.get(where).text
    with town.db.reading() as conn:
        media_id = conn.scalar(select(media.c.id))
    [back] = re.findall(r'name="back" value="(.*?)"', page)
    answer = an.post(f"/find/clips/{media_id}/ask", back=back.replace("&amp;", "&"))
    assert answer.status_code == 303
    assert "named=ch" in answer.headers["location"]
    with town.db.reading() as conn:
        assert conn.scalars(select(wishes.c.media_id)).all() == [media_id]
    assert "đã yêu cầu" in text_of(an.get(answer.headers["location"]))


@pytest.mark.promise("Search: A search goes by area, point, street or shape.")
@pytest.mark.promise("Search: A search goes by number, direction, rider and clip.")
def test_by_name_without_diacritics_by_area_by_number_and_by_what_it_led_to(town: Town) -> None:
    seen = town.somebody(people=3)
    an = visitor(town, "an")
    for asked, is_found in (
        ({"named": "cho cu"}, True),
        ({"named": "nowhere"}, False),
        ({"area": str(town.area_id)}, True),
        ({"area": str(uuid4())}, False),
        ({"people": "3"}, True),
        ({"people": "4"}, False),
        ({"kind": "car"}, True),  # nodes report people alone: the form no longer offers kinds
        ({"height": "25"}, True),
        ({"height": "50"}, False),
        ({"alerts": "1"}, True),
        ({"clip": "1"}, False),
        ({"when": "today", "kind": "person"}, None),
    ):
        page = an.get(find(**asked))
        assert page.status_code == 200
        if is_found is not None:
            assert (sights(page.text) == [str(seen.sighting_id)]) is is_found, asked
    town.clip(seen, some_bytes())
    assert sights(an.get(find(clip="1")).text) == [str(seen.sighting_id)]


@pytest.mark.promise("Search: A search goes by area, point, street or shape.")
def test_by_points_round_along_and_inside(town: Town) -> None:
    place_camera(town)
    seen = town.somebody()
    an = visitor(town, "an")
    at, west, east = "11.53, 106.62", "11.5301, 106.61", "11.5301, 106.63"
    for asked, is_found in (
        ({"points": at}, True),
        ({"points": "11.535, 106.62", "metres": "300"}, False),
        ({"points": "11.535, 106.62", "metres": "600"}, True),
        ({"points": f"{west}\n{east}", "how": "along", "metres": "30"}, True),
        ({"points": f"{west}; {east}", "how": "along", "metres": "5"}, False),
        ({"points": "11.52 106.61; 11.52 106.63; 11.54 106.62", "how": "within"}, True),
        ({"points": "11.52 106.61; 11.52 106.63; 11.525 106.62", "how": "within"}, False),
        (
            {
                "points": "11.52 106.61; 11.52 106.63; 11.52 106.63; 11.54 106.62; 11.52 106.61",
                "how": "within",
            },
            True,
        ),
    ):
        assert (sights(an.get(find(**asked)).text) == [str(seen.sighting_id)]) is is_found, asked


def box(x: float, feet: float) -> BoxWords:
    return BoxWords(x0=x - 0.05, y0=feet - 0.3, x1=x + 0.05, y1=feet)


@pytest.mark.promise("Search: A search goes by number, direction, rider and clip.")
def test_by_the_way_they_went_and_whether_they_rode(town: Town) -> None:
    ways = {
        "right": (box(0.2, 0.5), box(0.8, 0.6), True),
        "left": (box(0.8, 0.5), box(0.2, 0.6), False),
        "towards": (box(0.5, 0.4), box(0.6, 0.9), False),
        "away": (box(0.5, 0.9), box(0.5, 0.5), True),
        "": (box(0.5, 0.9), box(0.51, 0.9), None),
    }
    seen = dict(zip(ways, some_sightings(town, len(ways) + 1), strict=False))
    for way, (came, went, rode) in ways.items():
        body = SightingClosed(
            camera=town.voice.camera,
            sighting_id=seen[way],
            last_seen_utc_us=town.clock.now().utc_us,
            duration_ms=3000,
            came=came,
            went=went,
            rode=rode,
        )
        town.file(body)
    an = visitor(town, "an")
    for way in ("right", "left", "towards", "away"):
        assert sights(an.get(find(way=way)).text) == [str(seen[way])]
    riders = sights(an.get(find(going="ride")).text)
    assert set(riders) == {str(seen[one]) for one in ("right", "away")}
    walked = sights(an.get(find(going="foot")).text)
    assert set(walked) == {str(seen[one]) for one in ("left", "towards")}
    assert len(sights(an.get(find()).text)) == len(ways) + 1
    assert "đi xe · đi sang phải khung hình" in text_of(an.get(find(way="right")))


def test_who_turned_round_went_by_the_side_they_left_by_and_to_its_point_of_the_compass(
    town: Town,
) -> None:
    [seen] = some_sightings(town, 1)
    with town.db.writing() as conn:
        conn.execute(update(cameras).values(bearing_deg=0.0))
    body = SightingClosed(
        camera=town.voice.camera,
        sighting_id=seen,
        last_seen_utc_us=town.clock.now().utc_us,
        duration_ms=3000,
        came=box(0.2, 0.5),
        went=box(0.8, 0.5),
        left_by=LeftBy.LEFT,
    )
    town.file(body)
    an = visitor(town, "an")
    assert sights(an.get(find(way="right")).text) == []
    page = an.get(find(way="left"))
    assert sights(page.text) == [str(seen)]
    assert "đi sang trái khung hình · về phía tây" in text_of(page)


def test_a_camera_without_a_position_is_told_when_a_shape_is_searched(town: Town) -> None:
    some_sightings(town, 1)
    page = text_of(visitor(town, "an").get(find(points="11.53, 106.62")))
    assert "Bỏ qua 1 camera vì chưa ghi vị trí" in page
    assert "hãy bỏ điều kiện về hướng" not in page


@pytest.mark.promise("Search: An impossible search is answered with the cure.")
def test_a_point_in_the_sea_names_the_nearest_camera_of_theirs(town: Town) -> None:
    place_camera(town)
    page = text_of(visitor(town, "an").get(find(points="9.5, 109.5")))
    assert "gần nhất là Cổng chợ" in page or "gần nhất là" in page
    assert re.search(r"cách vùng đã chọn 3\d\d,\d km", page)


@pytest.mark.promise("Search: An impossible search is answered with the cure.")
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"when": "between", "since": "2026-11-25T02:40", "until": "2026-11-25T02:10"}, "đổi chỗ"),
        ({"when": "between", "until": "2026-11-25T02:10"}, "cả lúc bắt đầu"),
        ({"when": "between"}, "Thời gian không hợp lệ"),
        ({"when": "between", "since": "2026-13-45T99:99"}, "Thời gian không hợp lệ"),
        ({"when": "between", "since": "0001-01-01T00:00"}, "Thời gian không hợp lệ"),
        ({"when": "tomorrow"}, "Thời gian không hợp lệ"),
        ({"points": "somewhere"}, "Dòng 1 không phải là điểm"),
        ({"points": "11.5, 106.6; 106.6, 11.5", "how": "along"}, "Điểm 2 có vẻ bị đảo"),
        ({"points": "11.5, 206.6"}, "không có trên Trái Đất"),
        ({"points": "11.5, 106.6", "how": "within"}, "cần ít nhất 3"),
        ({"points": ";".join(["11.5, 106.6"] * 41), "how": "along"}, "nhiều nhất 40"),
        ({"points": "11.5, 106.6", "metres": "-4"}, "từ 5 đến 50000"),
        (
            {"points": "11.5 106.6; 11.6 106.7; 11.6 106.6; 11.5 106.7", "how": "within"},
            "cạnh sau điểm 1 gặp cạnh sau điểm 3",
        ),
        ({"points": "11.5 106.6; 11.6 106.7; 11.5 106.6", "how": "within"}, "cần ít nhất 3"),
        ({"people": "0"}, "từ 1 đến 1000"),
        ({"people": "٣"}, "từ 1 đến 1000"),
        ({"area": "the moon"}, "Không có nơi như vậy"),
    ],
)
def test_what_cannot_be_is_said_with_its_cure_and_the_form_stays(
    town: Town, asked: dict[str, str], said: str
) -> None:
    town.somebody()
    page = visitor(town, "an").get(find(**asked))
    assert page.status_code == 422
    assert said in text_of(page)
    assert sights(page.text) == []
    assert details(town, "search.sightings") == []


@pytest.mark.promise("Search: An impossible search is answered with the cure.")
@pytest.mark.promise("Search: A large result is paged, and an empty one is answered.")
def test_an_endless_span_and_a_year_without_data_are_answered(town: Town) -> None:
    seen = town.somebody()
    an = visitor(town, "an")
    page = an.get(find(when="between", since="1970-01-02T00:00"))
    assert sights(page.text) == [str(seen.sighting_id)]
    page = an.get(find(when="between", since="2019-01-01T00:00", until="2019-12-31T23:59"))
    assert "Lúc đó ở đó không thấy gì như vậy" in text_of(page)
    for far in ("9000-01-01T00:00", "2199-01-01T00:00"):
        assert an.get(find(when="between", since=far)).status_code == 422


@pytest.mark.promise("Search: A large result is paged, and an empty one is answered.")
def test_more_than_a_page_is_paged_by_a_cursor_without_a_gap_or_double(town: Town) -> None:
    put_in = [str(one) for one in some_sightings(town, 120)]
    an = visitor(town, "an")
    where, shown, pages = find(), list[str](), 0
    while where:
        page = an.get(where)
        shown += sights(page.text)
        pages += 1
        older = re.findall(r'rel="next" href="(.*?)"', page.text)
        where = older[0].replace("&amp;", "&") if older else ""
    assert shown == put_in[::-1]
    assert pages == 3


def test_a_made_up_cursor_is_no_fault(town: Town) -> None:
    town.somebody()
    an = visitor(town, "an")
    assert cursor_of(cursor(7, UUID(int=9))) == (7, UUID(int=9))
    for bad in ("", "x", "-1-" + "0" * 32, "9" * 18 + "-" + "f" * 32):
        assert an.get(find(before=bad)).status_code == 200


def test_every_search_says_in_the_log_what_was_asked(town: Town) -> None:
    town.somebody()
    visitor(town, "an").get(find(named="chợ", people="2", points="11.53, 106.62", metres="400"))
    [line] = details(town, "search.sightings")
    for part in ("named chợ", "2 people or more", "400 m round 11.53000 106.62000"):
        assert part in line


def test_who_may_not_search_finds_no_page_and_a_camera_not_theirs_finds_nothing(town: Town) -> None:
    town.clip(town.somebody(), some_bytes())
    with town.db.reading() as conn:
        media_id = conn.scalar(select(media.c.id))
    for login in ("binh", "guest"):
        them = visitor(town, login)
        assert them.get("/find").status_code == 404
        assert them.get(find()).status_code == 404
        assert them.post(f"/find/clips/{media_id}/ask").status_code == 404
        assert "/find" not in them.get("/more").text
    an = visitor(town, "an")
    page = an.get(find(camera=str(uuid4())))
    assert sights(page.text) == []
    assert "Ở đó không có camera nào bạn được phép tìm hình" in text_of(page)
    assert len(details(town, "search.sightings.refused")) == 1
    assert "/find" in an.get("/more").text


@pytest.mark.promise("Rights: No random search shows a row, count or thumbnail out of scope.")
def test_to_search_alone_shows_neither_picture_nor_clip_nor_alert(town: Town) -> None:
    picture, clip = some_bytes(5_000), some_bytes()
    seen = town.somebody(picture)
    town.clip(seen, clip)
    town.bring(picture)
    town.bring(clip)
    let_search(town, "guest", Right.SEARCH)
    page = visitor(town, "guest").get(find())
    assert sights(page.text) == [str(seen.sighting_id)]
    assert "/media/" not in page.text
    assert "/alerts/" not in page.text
    assert "/footage" not in page.text


def test_a_grant_reaches_back_only_so_far(town: Town) -> None:
    some_sightings(town, 5)
    later = town.clock.now().plus_s(60).utc_us
    let_search(town, "guest", Right.SEARCH | Right.SEE, history_from_utc_us=later)
    page = visitor(town, "guest").get(find())
    assert page.status_code == 200
    assert sights(page.text) == []
    assert "0 sightings" in text_of(page)


def test_the_form_keeps_what_was_asked(town: Town) -> None:
    asked = SearchForm(
        when="between", since="2026-11-25T02:10", named='"><b>', points="11.5, 106.6"
    )
    page = visitor(town, "an").get(f"/find?{asked.query()}").text
    assert 'value="2026-11-25T02:10"' in page
    assert "02:10 25/11/2026 – " in page  # its chip
    assert "&#34;&gt;&lt;b&gt;" in page
    assert ">11.5, 106.6</textarea>" in page
