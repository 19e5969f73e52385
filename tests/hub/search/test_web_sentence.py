"""The sentence box of the search page: its chips, its address, and who may read which names."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from hub.access.rules.grants import Right
from hub.alerting.alerts.tables import sightings
from hub.base.db.database import Database
from hub.registry import registry
from hub.registry.tables import areas, cameras
from tests.hub.helpers.search.web_find import details, sights, some_sightings
from tests.hub.helpers.search.web_search import let_search, visitor
from tests.hub.helpers.search.web_sentence import colours, described
from tests.hub.rigs.web_town import Town
from tests.hub.rigs.web_visitor import text_of

pytestmark = pytest.mark.promise("Search: A typed sentence becomes chips, in two languages.")


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    let_search(town, "an", Right.SEARCH | Right.CLIPS)
    yield town
    db.close()


def find(q: str, **asked: str) -> str:
    return "/find?" + urlencode({"q": q, **asked})


def chips(page: str) -> list[tuple[str, str]]:
    """Words and address of each chip that can be taken off."""
    found = re.findall(r'<a class="chip" href="(.*?)" aria-label="Bỏ: (.*?)"', page)
    return [(html.unescape(said), html.unescape(address)) for address, said in found]


@pytest.mark.usefixtures("one_day")  # it asks for today
def test_a_sentence_finds_and_each_chip_can_be_taken_off(town: Town) -> None:
    red, black = some_sightings(town, 2)
    described(town, red, upper=colours("red"), transport="motorbike", people=2)
    described(town, black, upper=colours("black"), transport="motorbike", people=2)
    an = visitor(town, "an")
    page = an.get(find("hai nguoi xe may, ao do, hom nay"))
    assert sights(page.text) == [str(red)]
    assert "áo đỏ" in text_of(page)
    said = [words for words, _ in chips(page.text)]
    assert said[:3] == ["2 người", "xe máy", "áo đỏ"]
    _, without_red = chips(page.text)[2]
    assert set(sights(an.get(without_red).text)) == {str(red), str(black)}


def test_what_is_not_understood_stands_on_the_page_and_the_rest_is_searched(town: Town) -> None:
    [seen] = some_sightings(town, 1)
    described(town, seen, upper=colours("red"))
    page = visitor(town, "an").get(find("áo đỏ đội <b>mũ</b> bảo hiểm"))
    assert sights(page.text) == [str(seen)]
    assert "Không tìm theo: “đội”" in text_of(page)
    assert "<b>mũ" not in page.text


@pytest.mark.promise(
    "Search: What is not searched for is said beside the results, with the nearest known words."
)
def test_a_misspelt_word_is_said_beside_the_results_and_the_nearest_is_one_tap_away(
    town: Town,
) -> None:
    red, white = some_sightings(town, 2)
    described(town, red, upper=colours("red"))
    described(town, white, upper=colours("white"))
    an = visitor(town, "an")
    page = an.get(find("áo dỏ", when="hour"))
    assert len(sights(page.text)) == 2
    beside = page.text.split('id="found"')[1].split('class="sights')[0]
    assert "Không hiểu nên không tìm theo: “áo dỏ”" in text_of(page)
    assert "Có phải bạn muốn tìm:" in beside
    [(address, offer)] = re.findall(r'<a class="chip is-offer" href="(.*?)"><span>(.*?)<', beside)
    assert offer == "áo đỏ"
    better = an.get(html.unescape(address))
    assert sights(better.text) == [str(red)]
    assert "when=hour" in address
    assert "không tìm theo" not in text_of(better).lower()


def test_what_no_search_can_find_has_its_sentence_beside_the_results(town: Town) -> None:
    some_sightings(town, 1)
    an = visitor(town, "an")
    page = text_of(an.get(find("xe tải đỏ")))
    assert "Không tìm theo: “xe tải đỏ”. Chỉ tìm được người" in page
    assert "mọi lượt phát hiện trong khoảng thời gian này" in page
    assert "mọi lượt phát hiện" not in text_of(an.get(find("xe tải, áo đỏ")))
    assert "mọi lượt phát hiện" not in text_of(an.get(find("xe tải", people="2")))
    wrong = text_of(an.get(find("xe tải", points="x")))  # a form with a fault finds nothing
    assert "Không tìm theo: “xe tải”" in wrong


def test_the_address_holds_sentence_and_filters_and_a_chip_takes_off_one(town: Town) -> None:
    an = visitor(town, "an")
    asked = find("áo đỏ", when="hour", people="2", from_hour="0", until_hour="24", alerts="1")
    page = an.get(f"{asked}&day=0&day=6")
    assert page.status_code == 200
    found = dict(chips(page.text))
    assert list(found) == [
        "áo đỏ",
        "một giờ qua",
        "Thứ Hai, Chủ nhật",
        "00:00–24:00",
        "ít nhất 2 người",
        "Chỉ trong cảnh báo",
    ]
    assert quote("áo đỏ", safe="") in found["một giờ qua"].replace("+", "%20")
    assert "when=" not in found["một giờ qua"]
    assert "day=" not in found["Thứ Hai, Chủ nhật"]
    assert "how=" not in found["áo đỏ"]
    assert sorted(re.findall(r'name="day" value="(\d)" checked', page.text)) == ["0", "6"]


def test_only_what_the_sightings_hold_is_offered(town: Town) -> None:
    an = visitor(town, "an")
    assert "Gần đây có" not in text_of(an.get("/find"))
    said = text_of(an.get(find("áo đỏ")))
    assert "Chưa trạm nào gửi màu áo quần" in said
    [seen] = some_sightings(town, 1)
    described(town, seen, upper=colours("purple"), transport="bicycle")
    page = an.get("/find").text
    offers = re.findall(r'class="chip is-offer" href=".*?">\+ <span>(.*?)</span>', page)
    assert offers == ["áo tím", "xe đạp"]
    with town.db.writing() as conn:
        conn.execute(update(sightings).values(camera_id=hidden_camera(town, conn)))
    assert "Gần đây có" not in text_of(an.get("/find"))
    assert "Chưa trạm nào gửi màu áo quần" not in text_of(an.get(find("áo đỏ")))


def test_a_sighting_without_colours_is_a_description_too(town: Town) -> None:
    [seen] = some_sightings(town, 1)
    described(town, seen, height_m=1.7)
    page = text_of(visitor(town, "an").get(find("cao 1m7")))
    assert "1 lượt" in page
    assert "Chưa trạm nào gửi màu áo quần" not in page


def hidden_camera(town: Town, conn: Any) -> UUID:
    """A camera at a place that "an" may not search."""
    now = town.clock.now()
    area = registry.add_area(conn, name="Kho mật", level="junction", now=now)
    camera = dict(conn.execute(cameras.select()).mappings().first())
    camera |= {"id": uuid4(), "name": "kho", "label": "Cửa kho mật", "area_id": area}
    conn.execute(cameras.insert().values(camera))
    return camera["id"]


@pytest.mark.promise("Rights: No random search shows a row, count or thumbnail out of scope.")
def test_names_are_those_of_searched_cameras_alone(town: Town) -> None:
    with town.db.writing() as conn:
        hidden_camera(town, conn)
        assert conn.execute(areas.select().where(areas.c.name == "Kho mật")).first()
    an = visitor(town, "an")
    assert an.get("/find/names?q=kho").text.strip() == ""
    assert "chợ" in an.get("/find/names?q=áo đỏ gần cho").text.lower()
    # A second may pass between the two pages; each shows the span that it searched.
    page, other = (
        re.sub(r"\d\d:\d\d:\d\d", "", text_of(an.get(find(f"ở {name}"))))
        for name in ("Kho mật", "Kho xa")
    )
    assert "Không tìm theo: “Kho mật”. Không có địa điểm hay camera nào" in page
    assert page.replace("Kho mật", "Kho xa") == other
    assert "Có phải bạn muốn tìm" not in text_of(an.get(find("ở Kho mậ")))
    assert visitor(town, "binh").get("/find/names?q=cho").text.strip() == ""


def test_the_log_says_what_was_typed_and_searched(town: Town) -> None:
    visitor(town, "an").get(find("áo đỏ, về phía chợ, hôm qua 20-24h"))
    [line] = details(town, "search.sightings")
    assert line.startswith("áo đỏ, về phía chợ, hôm qua 20-24h: 20:00:00 ")
    assert "upper clothing red" in line
    assert "leaving towards" in line


def test_a_direction_without_noted_bearings_says_so(town: Town) -> None:
    some_sightings(town, 1)
    page = text_of(visitor(town, "an").get(find("về hướng bắc")))
    assert "Bỏ qua 1 camera vì chưa ghi vị trí hoặc hướng nhìn." in page
    assert "hãy bỏ điều kiện về hướng" in page
    assert "không có camera nào bạn được phép tìm hình" not in page


@pytest.mark.parametrize("q", ["a" * 301, "\0"])
def test_a_text_that_cannot_be_is_refused_or_said(town: Town, q: str) -> None:
    assert visitor(town, "an").get(find(q)).status_code in (200, 422)
