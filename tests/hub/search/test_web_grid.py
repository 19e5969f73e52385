"""Results of a search: cut-outs, more of the same description, many into a case."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub.access.rules.grants import Right
from hub.base.db.database import Database
from hub.cases.tables import case_items
from tests.hub.rigs.web_town import Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor, text_of
from tests.hub.search.test_web_find import find, sights, some_sightings
from tests.hub.search.test_web_search import let_search, visitor
from tests.hub.search.test_web_sentence import colours, described

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
