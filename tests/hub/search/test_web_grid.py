"""Results of a search: cut-outs, more of the same description, many into a case."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, update

from hub.access.rules.grants import Right
from hub.base.db.database import Database
from hub.cases.tables import case_items, cases
from tests.hub.helpers.search.web_find import find, sights, some_sightings
from tests.hub.helpers.search.web_search import let_search, visitor
from tests.hub.helpers.search.web_sentence import colours, described
from tests.hub.rigs.web_town import Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Search: A search shows one time line with pictures and clips.")


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    let_search(town, "an", Right.SEARCH | Right.CLIPS)
    yield town
    db.close()


def items(town: Town) -> set[UUID]:
    with town.db.reading() as conn:
        there = select(case_items.c.media_id).where(case_items.c.removed_utc_us.is_(None))
        return set(conn.scalars(there))


def begun(town: Town, an: Visitor) -> str:
    """The id of a case of "an"."""
    town.allow("an", Right.EXPORT)
    answer = an.post("/cases", number="VA-12", purpose="trộm xe máy", ends="")
    return answer.headers["location"].rsplit("/", 1)[1]


def test_a_tile_shows_the_part_of_the_picture_with_the_person(town: Town) -> None:
    picture = some_bytes(4000)
    town.somebody(picture)
    town.bring(picture)
    page = visitor(town, "an").get(find()).text
    [crop] = re.findall(r'<img src="(/media/.*?)" loading="lazy"', page)
    around = parse_qs(urlsplit(html.unescape(crop)).query)["around"][0]
    x0, y0, x1, y1 = (float(one) for one in around.split(","))
    assert 0 <= x0 < x1 <= 1
    assert 0 <= y0 < y1 <= 1


def test_an_older_picture_is_shown_whole_because_the_box_is_of_the_newest(town: Town) -> None:
    first, better = some_bytes(4000), some_bytes(5000)
    seen = town.somebody(first)
    town.better_picture(seen, better)
    town.bring(first)
    an = visitor(town, "an")
    [whole] = re.findall(r'<img src="(/media/.*?)" loading="lazy"', an.get(find()).text)
    assert whole.endswith("/small")
    town.bring(better)
    [crop] = re.findall(r'<img src="(/media/.*?)" loading="lazy"', an.get(find()).text)
    assert "/small?around=" in crop


def test_the_box_stays_with_its_picture_when_a_later_one_was_lost(town: Town) -> None:
    picture = some_bytes(4000)
    seen = town.somebody(picture)
    town.bring(picture)
    an = visitor(town, "an")
    before = re.findall(r'<img src="(/media/.*?)" loading="lazy"', an.get(find()).text)
    assert "/small?around=" in before[0]
    town.better_picture(seen, None)
    assert re.findall(r'<img src="(/media/.*?)" loading="lazy"', an.get(find()).text) == before


def test_more_like_this_searches_its_words_and_nothing_else(town: Town) -> None:
    like, other = some_sightings(town, 2)
    described(town, like, upper=colours("red", "orange"), lower=colours("black"), people=2)
    described(town, other, upper=colours("white"), people=2)
    an = visitor(town, "an")
    page = an.get(find(q="áo đỏ")).text
    assert sights(page) == [str(like)]
    [alike] = re.findall(r'<a href="(.*?)">Tìm lượt giống mô tả này', page)
    asked = parse_qs(urlsplit(html.unescape(alike)).query)
    assert asked == {"q": ["áo đỏ hoặc cam, quần đen, 2 người"], "when": ["hour"]}
    assert sights(an.get(html.unescape(alike)).text) == [str(like)]


def test_many_go_into_a_case_at_once_also_those_without_a_clip(town: Town) -> None:
    pictures = [some_bytes(2000) for _ in range(3)]
    seen = [town.somebody(picture) for picture in pictures]
    for picture in pictures:
        town.bring(picture)
    clip = some_bytes()
    town.clip(seen[0], clip)
    town.bring(clip)
    town.clip(seen[1], some_bytes())  # still at its node
    an = visitor(town, "an")
    case = begun(town, an)
    page = an.get(find()).text
    assert len(re.findall(r'name="sighting" value=".*?" form="pick"', page)) == 3
    chosen = [str(one.sighting_id) for one in seen]
    answer = an.post("/find/case", sighting=chosen, case=case, back="when=hour")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/find?when=hour&added=5&")
    assert "Đã đưa 5 tệp vào vụ việc." in text_of(an.get(answer.headers["location"]))
    assert len(items(town)) == 5
    again = an.post("/find/case", sighting=chosen, case=case, back="when=hour")
    assert "Không có gì mới" in text_of(an.get(again.headers["location"]))
    assert town.acts().count("case.add") == 5  # a line for each file, once


@pytest.mark.promise(
    "Rights: Pages, pushes, files, searches and exports use the same check of grants."
)
def test_nothing_goes_into_a_case_that_one_may_not_open(town: Town) -> None:
    picture = some_bytes(2000)
    seen = town.somebody(picture)
    town.bring(picture)
    an, binh = visitor(town, "an"), visitor(town, "binh")
    case = begun(town, an)
    for chosen in ([str(uuid4())], []):
        answer = an.post("/find/case", sighting=chosen, case=case, back="when=hour")
        assert "added=0" in answer.headers["location"]
    foreign = binh.post("/find/case", sighting=[str(seen.sighting_id)], case=case, back="")
    assert foreign.status_code == 404
    assert items(town) == set()


def put_page(an: Visitor, **said: str | list[str]) -> httpx.Response:
    answer = an.post("/find/case", back="when=hour", **said)
    assert answer.status_code == 303
    return an.get(answer.headers["location"])


def test_each_that_is_left_out_of_a_batch_is_named_with_the_reason(town: Town) -> None:
    pictures = [some_bytes(2000) for _ in range(2)]
    seen = [town.somebody(picture) for picture in pictures]
    town.bring(pictures[0])
    bare = town.somebody()  # nothing of it was kept
    an = visitor(town, "an")
    case = begun(town, an)
    chosen = [str(one.sighting_id) for one in (*seen, bare)]
    page = put_page(an, sighting=chosen, case=case)
    told = text_of(page)
    assert "Đã đưa 1 tệp vào vụ việc." in told
    assert "2 lượt đã chọn không đưa vào được:" in told
    lines = re.findall(r"<li>(\d.*?)</li>", page.text)
    assert [line.partition(": ")[2] for line in lines] == [
        "ảnh của lượt này chưa về từ trạm camera.",
        "không có ảnh hay đoạn ghi hình nào mà bạn được mở.",
    ]
    assert all("Ngã tư 1, hướng chợ, Ngã tư Chợ Cũ, Tân Khai: " in line for line in lines)
    assert "Không có gì mới" in text_of(put_page(an, sighting=chosen, case=case))
    only = put_page(an, sighting=chosen[2], case=case)
    assert "Chưa đưa gì vào vụ việc." in text_of(only)
    assert "Không có gì mới" not in text_of(only)
    assert "Bạn chưa chọn lượt nào." in text_of(put_page(an, case=case))
    unknown = put_page(an, sighting=str(uuid4()), case=case)
    assert "không đưa vào được" not in text_of(unknown)
    with town.db.writing() as conn:
        conn.execute(update(cases).values(closed_utc_us=1, closed_error_ms=0))
    assert "Vụ việc đã đóng" in text_of(put_page(an, sighting=chosen, case=case))


def test_nobody_who_may_not_search_there_is_told_of_a_sighting(town: Town) -> None:
    seen = town.somebody()
    address = f"/find?when=hour&added=0&sighting={seen.sighting_id}"
    assert "1 lượt đã chọn" in text_of(visitor(town, "an").get(address))
    assert visitor(town, "binh").get(address).status_code == 404


def test_ticks_without_a_case_begin_one(town: Town) -> None:
    picture = some_bytes(2000)
    seen, bare = town.somebody(picture), town.somebody()
    town.bring(picture)
    an = visitor(town, "an")
    assert 'form="pick"' not in an.get(find()).text, "who may begin none is offered none"
    town.allow("an", Right.EXPORT)
    page = an.get(find()).text
    assert page.count('form="pick"') == 2 and "Lập vụ việc với các lượt này" in page
    empty = put_page(an, sighting=str(bare.sighting_id), number="VA-1", purpose="x")
    assert "1 lượt đã chọn không đưa vào được:" in text_of(empty)
    assert "VA-1" not in an.get("/cases").text, "no case is begun for nothing"
    chosen = [str(seen.sighting_id), str(bare.sighting_id)]
    wrong = put_page(an, sighting=chosen, number=" ", purpose="trộm xe")
    assert "Vụ việc phải có số." in text_of(wrong)
    assert wrong.text.count('form="pick" checked') == 2 and 'value="trộm xe"' in wrong.text
    done = put_page(an, sighting=chosen, number="VA-1", purpose="trộm xe")
    told = text_of(done).partition("Đã đưa")[2]
    assert told.startswith(" 1 tệp vào vụ việc. Vụ VA-1"), told
    assert len(items(town)) == 1
    assert town.acts().count("case.begin") == 1
