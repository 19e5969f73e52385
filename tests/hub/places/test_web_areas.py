"""The pages of areas: editing, dates, and a table that is tried before it is applied."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from hub.access.rules.grants import ALL
from hub.access.tables import people, sessions
from hub.base.audit.asker import Asker
from hub.base.audit.log import SHELL
from hub.base.db.columns import columns
from hub.places.areas import rows
from hub.places.areas.feature import MAX_TABLE_BYTES
from hub.places.areas.rows import AreaWords
from hub.places.areas.service import AreaService
from hub.registry.tables import areas, cameras
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Rights: Areas are edited on a page and imported from CSV.")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def keeper(town: Town) -> Visitor:
    town.add_person("chu", "Đặng Văn Chủ", "keeper", ALL, area_id=town.top)
    return Visitor(town.app()).sign_in("chu", PASSWORD)


def names(town: Town) -> set[str]:
    with town.db.reading() as conn:
        return set(conn.scalars(select(areas.c.name)))


def send(keeper: Visitor, content: bytes, **changed: str) -> httpx.Response:
    """The file as a browser sends it."""
    data = {"csrf": keeper.csrf, "what": "areas"} | changed
    files = {"file": ("areas.csv", content, "text/csv")}
    headers = {"Accept": "text/html", **keeper.origin}
    return keeper.send("POST", "/areas/import", data=data, files=files, headers=headers)


def test_a_table_is_shown_before_it_is_taken(keeper: Visitor, town: Town) -> None:
    table = "name,level,parent\nKhu phố 9,quarter,Tân Khai\nGóc “1”,junction,Khu phố 9\n"
    answer = send(keeper, table.encode())
    assert answer.status_code == 200
    assert "Khu phố 9 · Tân Khai mới" in text_of(answer)
    assert names(town) == {"Tân Khai", "Ngã tư Chợ Cũ"}
    carried = answer.text.partition("<textarea")[2].partition("\n")[2].partition("</textarea>")[0]
    done = keeper.post("/areas/import/do", what="areas", text=carried)
    assert done.headers["location"] == "/areas?saved=0"
    assert {"Khu phố 9", "Góc “1”"} <= names(town)
    again = text_of(send(keeper, table.encode()))
    assert "mọi thứ đã đúng như trong bảng" in again


@pytest.mark.promise("Pages: A wrong CSV line is reported with number and cure.")
def test_wrong_lines_are_said_with_number_and_cure_and_nothing_is_done(
    keeper: Visitor, town: Town
) -> None:
    table = "name,level,parent\n=cmd,x,Tân Khai\nGóc,junction,Nơi lạ\nKhu\u202e,x,Tân Khai\n"
    answer = send(keeper, table.encode())
    words = text_of(answer)
    assert answer.status_code == 422
    assert "Dòng 2: “=cmd” bắt đầu như công thức" in words
    assert "Dòng 3: không có khu vực nào tên “Nơi lạ”" in words
    assert "Dòng 4: trong ô có ký tự U+202E không nhìn thấy được" in words
    assert "Thực hiện" not in words
    assert "\u202e" not in answer.text
    forced = keeper.post("/areas/import/do", what="areas", text=table)
    assert forced.status_code == 422
    assert names(town) == {"Tân Khai", "Ngã tư Chợ Cũ"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name,level\nTân,x\n".encode("cp1258"), "Hãy lưu bảng dạng CSV UTF-8"),
        (b"", "không có gì ở đây"),
        (b"a,b\n1,2\n", "thiếu cột “name”"),
        (b"x" * 1_200_000, "nhiều hơn 1000 kB"),
    ],
)
def test_what_is_no_such_table_is_said(keeper: Visitor, content: bytes, said: str) -> None:
    answer = send(keeper, content)
    assert answer.status_code == 422
    assert said in text_of(answer)


def test_more_than_a_form_can_carry_is_refused_at_the_door(keeper: Visitor) -> None:
    assert send(keeper, b"x" * (MAX_TABLE_BYTES + 1)).status_code == 413
    assert send(keeper, b"name,level\nx,y\n", what="people").status_code == 422


def test_an_area_is_added_renamed_dated_and_what_cannot_be_is_said(
    keeper: Visitor, town: Town
) -> None:
    form = {"name": "Khu phố 9", "level": "quarter", "parent": str(town.top)}
    assert keeper.post("/areas", **form).status_code == 303
    assert keeper.post("/areas", **form).status_code == 422
    bad: list[dict[str, Any]] = [{"name": ""}, {"parent": "x"}, {"from": "x"}, {"until": "1-1"}]
    for changed in bad:
        assert keeper.post("/areas", **(form | changed)).status_code == 422
    address = f"/areas/{town.area_id}"
    changed = form | {"name": "Ngã tư Chợ Mới", "from": "2025-07-01", "until": "2025-12-31"}
    assert keeper.post(address, **changed).headers["location"] == "/areas?saved=0"
    words = text_of(keeper.get("/areas?saved=0"))
    assert "Ngã tư Chợ Mới" in words
    assert "hết hiệu lực" in words
    assert 'value="2025-12-31"' in keeper.get(f"/areas?change={town.area_id}").text
    assert keeper.post(f"/areas/{town.top}", **(form | {"parent": str(town.area_id)})).status_code
    assert "con" in text_of(
        keeper.post(f"/areas/{town.top}", **(form | {"parent": str(town.area_id)}))
    )


def test_who_is_no_keeper_finds_no_areas(town: Town, keeper: Visitor) -> None:
    for login in ("kim", "an"):
        other = Visitor(town.app()).sign_in(login, PASSWORD)
        assert other.get("/areas").status_code == 404
        assert other.get("/areas/import").status_code == 404
        assert send(other, b"name,level\nx,y\n").status_code == 404
        form = {"name": "X", "level": "x", "parent": str(town.area_id)}
        assert other.post("/areas", **form).status_code == 404
        assert other.post(f"/areas/{town.area_id}", **form).status_code == 404


def test_doing_it_wants_a_second_proof_and_keeps_the_table(keeper: Visitor, town: Town) -> None:
    with town.db.writing() as conn:
        past = town.clock.now().plus_s(-3600)
        conn.execute(update(sessions).values(columns("proved", past)))
    table = "name,level,parent\nKhu phố 9,quarter,Tân Khai\n"
    asked = keeper.post("/areas/import/do", what="areas", text=table)
    assert asked.status_code == 403
    assert "Khu phố 9" in asked.text
    sent = {"what": "areas", "text": table, "proof_password": PASSWORD}
    assert keeper.post("/areas/import/do", **sent).status_code == 303
    assert "Khu phố 9" in names(town)


def test_levels_are_offered_in_the_readers_language(keeper: Visitor) -> None:
    assert '<option value="xã">' in keeper.get("/areas").text


def test_the_page_of_hundreds_of_areas_stays_small(keeper: Visitor, town: Town) -> None:
    with town.db.writing() as conn:
        for n in range(300):
            words = AreaWords(f"Góc {n}", "junction", town.top)
            last = rows.add(conn, words, by=SHELL, now=town.clock.now())
    page = keeper.get("/areas")
    assert "Góc 299" in page.text
    assert len(page.content) < 1000 * 300
    assert page.text.count("<option") < 2 * 300
    change = keeper.get(f"/areas?change={last}")
    assert f'action="/areas/{last}"' in change.text
    assert change.text.count('<form method="post" action="/areas/') == 1


def test_the_cameras_of_an_area_are_those_in_it_and_below(keeper: Visitor, town: Town) -> None:
    with town.db.writing() as conn:
        words = AreaWords("Góc", "junction", town.area_id)
        corner = rows.add(conn, words, by=SHELL, now=town.clock.now())
        first = conn.scalars(select(cameras.c.id).where(cameras.c.area_id == town.area_id)).first()
        conn.execute(update(cameras).where(cameras.c.id == first).values(area_id=corner))
        expected = {one: rows.camera_count(conn, one) for one in (town.top, town.area_id, corner)}
        chu = conn.scalars(select(people.c.id).where(people.c.login == "chu")).one()
    there = town.services.use(AreaService).areas(Asker(chu, "chu", "Chủ", "keeper", "vi", ""))
    assert expected[corner] == 1
    assert {one.area_id: one.cameras for one in there} == expected
