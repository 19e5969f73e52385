"""A table of boxes becomes a sheet of codes: for whom, the errors of wrong lines, and how long."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import Table, func, select, update

from agent.wire.enrolment import EnrolmentCode
from agent.wire.presence import CameraWords, Death
from hub.access.rules.grants import Right
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.nodes import presence
from hub.nodes.enrolment.rows import Redeemed, TokenRefused
from hub.nodes.enrolment.sheet_import import MOST_BOXES
from hub.nodes.enrolment.tables import enrolment_sheets, enrolments
from hub.registry.registry import node_by_name
from hub.registry.tables import areas, cameras
from tests.hub.rigs.box_table import HEADER, box_table
from tests.hub.rigs.enrolling_rig import Box, EnrolHub
from tests.hub.rigs.web_town import NODE, PASSWORD, Town
from tests.hub.rigs.web_visitor import PAGE, Visitor, text_of
from tests.hub.rigs.wire_words import NodeVoice

pytestmark = pytest.mark.promise("Installing: One table enrols many boxes, each code once.")

AREA = "Ngã tư Chợ Cũ"
SECRET = "5e" * 32


class Yard:
    """A town whose hub enrols; Kim looks after the junction, An does not."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.town = Town(db, folder)
        self.hub = EnrolHub(db, folder)
        self.app = self.town.app(enrolling=self.hub.enrolling(8443))
        self.kim = Visitor(self.app).sign_in("kim", PASSWORD)

    def make(
        self, table: str, *, secret: str = SECRET, days: str = "7", by: Visitor | None = None
    ) -> Response:
        """The answer to a sheet's form."""
        form = {"text": table, "submission": secret, "days": days}
        return (by or self.kim).post("/enrolments/table/do", **form)

    def count(self, table: Table) -> int:
        with self.town.db.reading() as conn:
            return conn.scalar(select(func.count()).select_from(table)) or 0

    def sheet_path(self) -> str:
        with self.town.db.reading() as conn:
            return f"/enrolments/sheets/{conn.scalars(select(enrolment_sheets.c.id)).one()}"

    def connect(self, node: str, *seen: str) -> None:
        """The box says that it is here, with these cameras."""
        voice = NodeVoice(node)
        words = tuple(
            CameraWords(
                camera=name, label=name, codec="h264", width=640, height=480, frames_per_s=10.0
            )
            for name in seen
        )
        with self.town.db.writing() as conn:
            birth = voice.birth().model_copy(update={"cameras": words})
            presence.note_birth(conn, birth, now=self.town.clock.now())

    def disconnect(self, node: str) -> None:
        """The broker says that the box is gone."""
        with self.town.db.writing() as conn:
            known = node_by_name(conn, node)
            assert known is not None
            assert known.birth_id is not None
            death = Death(node=node, birth_id=known.birth_id)
            assert presence.note_death(conn, death, now=self.town.clock.now())


@pytest.fixture
def yard(db: Database, tmp_path: Path) -> Iterator[Yard]:
    yield Yard(db, tmp_path)


def codes_of(page: str) -> dict[str, EnrolmentCode]:
    """By name of the box, as the sheet shows them."""
    found = re.findall(r"<h2>([^<]+)</h2>.*?<code>([^<]+)</code>", page, re.DOTALL)
    return {node: EnrolmentCode.parse(unescape(code)) for node, code in found}


def test_a_table_is_tried_and_becomes_a_sheet_with_a_code_for_each_box(yard: Yard) -> None:
    table = box_table(AREA, 3, 8)
    shown = yard.kim.post("/enrolments/table", text=table)
    assert shown.status_code == 200
    assert "3 trạm, 8 camera" in text_of(shown)
    assert re.search(r'name="submission" value="[0-9a-f]{64}"', shown.text)
    assert yard.count(enrolments) == 0, "a try makes nothing"
    made = yard.make(table)
    assert made.status_code == 200
    codes = codes_of(made.text)
    assert sorted(codes) == ["nga-tu-000", "nga-tu-001", "nga-tu-002"]
    assert len({code.token for code in codes.values()}) == 3
    assert made.text.count('<svg role="img"') == 3
    answer = yard.hub.redeem(codes["nga-tu-001"].token, Box())
    assert isinstance(answer, Redeemed)
    assert answer.node == "nga-tu-001"
    assert [one.name for one in answer.cameras] == ["cam-2", "cam-3", "cam-4"]
    assert answer.cameras[0].label == "Ngã tư 1 hướng 2"
    assert yard.hub.redeem(codes["nga-tu-001"].token, Box()) == TokenRefused("used")
    acts = [act for act in yard.town.acts() if act.startswith("enrolment")]
    assert acts.count("enrolment.make") == 3
    assert acts.count("enrolment_sheet.make") == acts.count("enrolment_sheet.try") == 1


def test_a_box_stands_in_a_street_that_is_named_after_a_date(yard: Yard) -> None:
    with yard.town.db.writing() as conn:
        this = update(areas).where(areas.c.name == AREA)
        conn.execute(this.values(name="Đường 30/4", name_folded="duong 30/4"))
    shown = yard.kim.post("/enrolments/table", text=box_table("Đường 30/4", 3, 8))
    assert "3 trạm, 8 camera" in text_of(shown)


def test_codes_are_stored_hashed_and_passwords_leave_with_the_code(yard: Yard) -> None:
    token = codes_of(yard.make(box_table(AREA, 1, 1)).text)["nga-tu-000"].token
    with yard.town.db.reading() as conn:
        stored = str(conn.execute(select(enrolments)).all())
        stored += str(conn.execute(select(enrolment_sheets)).all())
        logged = str(conn.execute(select(audit)).all())
    assert token.hex() not in stored and SECRET not in stored
    assert "mat-khau" in stored and "mat-khau" not in logged
    yard.kim.post(f"{yard.sheet_path()}/withdraw")
    with yard.town.db.reading() as conn:
        assert "mat-khau" not in str(conn.execute(select(enrolments)).all())


def test_the_same_form_sent_twice_makes_one_sheet_and_shows_the_same_codes(yard: Yard) -> None:
    first, second = (yard.make(box_table(AREA, 4, 4)) for _ in range(2))
    assert second.status_code == 200
    assert codes_of(first.text) == codes_of(second.text)
    assert (yard.count(enrolments), yard.count(enrolment_sheets)) == (4, 1)
    assert "enrolment_sheet.make.again" in yard.town.acts()
    yard.hub.redeem(codes_of(first.text)["nga-tu-002"].token, Box())
    assert "nga-tu-002" not in codes_of(yard.make(box_table(AREA, 4, 4)).text), "it is used"
    yard.town.add_person("lan", "Lan", "officer", Right.SEE | Right.MANAGE)
    lan = Visitor(yard.app).sign_in("lan", PASSWORD)
    assert yard.make(box_table(AREA, 4, 4), by=lan).status_code == 404, "whose form it is"


def test_a_sheet_is_withdrawn_as_a_whole_and_at_once(yard: Yard) -> None:
    codes = codes_of(yard.make(box_table(AREA, 3, 3)).text)
    assert isinstance(yard.hub.redeem(codes["nga-tu-000"].token, Box()), Redeemed)
    assert yard.kim.post(f"{yard.sheet_path()}/withdraw").status_code == 303
    for node in ("nga-tu-001", "nga-tu-002"):
        assert yard.hub.redeem(codes[node].token, Box()) == TokenRefused("withdrawn")
    said = text_of(yard.kim.get(yard.sheet_path()))
    assert "Đã thu hồi" in said
    assert codes_of(yard.make(box_table(AREA, 3, 3)).text) == {}, "nor are they shown again"
    assert "enrolment_sheet.withdraw" in yard.town.acts()


@pytest.mark.parametrize(("days", "status"), [("0", 422), ("8", 422), ("x", 422), ("1", 200)])
def test_a_code_holds_seven_days_at_most(yard: Yard, days: str, status: int) -> None:
    assert yard.make(box_table(AREA, 1, 1), days=days).status_code == status
    assert yard.count(enrolments) == int(status == 200)


def test_a_code_ends_with_its_days(yard: Yard) -> None:
    codes = codes_of(yard.make(box_table(AREA, 1, 1), days="3").text)
    with yard.town.db.writing() as conn:
        made, ends = conn.execute(select(enrolments.c.made_utc_us, enrolments.c.ends_utc_us)).one()
        assert ends - made == 3 * 86_400 * 1_000_000
        conn.execute(update(enrolments).values(ends_utc_us=made))
    assert yard.hub.redeem(codes["nga-tu-000"].token, Box()) == TokenRefused("expired")
    assert "hết hiệu lực" in text_of(yard.kim.get(yard.sheet_path()))


def test_a_made_up_secret_is_refused(yard: Yard) -> None:
    for secret in ("", "5e", "5E" * 32, "z" * 64):
        assert yard.make(box_table(AREA, 1, 1), secret=secret).status_code == 422
    assert yard.count(enrolments) == 0


def test_who_looks_after_no_area_gets_none_of_it(yard: Yard) -> None:
    yard.make(box_table(AREA, 1, 1))
    path = yard.sheet_path()
    for login in ("an", "guest"):
        other = Visitor(yard.app).sign_in(login, PASSWORD)
        assert other.get("/enrolments/table").status_code == 404
        assert other.post("/enrolments/table", text=box_table(AREA, 1, 1)).status_code == 404
        assert yard.make(box_table(AREA, 2, 2), secret="ab" * 32, by=other).status_code == 404
        for part in ("", "/events"):
            assert other.get(f"{path}{part}").status_code == 404
        assert other.post(f"{path}/withdraw").status_code == 404
    assert yard.count(enrolments) == 1
    with yard.town.db.reading() as conn:
        assert conn.scalar(select(enrolment_sheets.c.withdrawn_utc_us)) is None


def test_a_keeper_of_one_area_gets_no_sheet_of_two(yard: Yard) -> None:
    other = "Ngã tư 1"
    yard.town.allow("kim", Right.MANAGE, area_id=yard.hub.area_id)
    table = f"{HEADER}\nbox-1,{AREA},,,,,,\nbox-2,{other},,,,,,\n"
    assert yard.make(table).status_code == 200
    yard.town.add_person("lan", "Lan", "officer", Right.MANAGE, area_id=yard.hub.area_id)
    lan = Visitor(yard.app).sign_in("lan", PASSWORD)
    assert lan.get(yard.sheet_path()).status_code == 404
    assert lan.post(f"{yard.sheet_path()}/withdraw").status_code == 404
    assert yard.sheet_path() not in lan.get("/enrolments").text
    assert yard.sheet_path() in yard.kim.get("/enrolments").text


def test_own_sheets_are_listed_however_many_of_others_are_newer(yard: Yard) -> None:
    yard.make(f"{HEADER}\nbox-1,{AREA},,,,,,\n")
    own = yard.sheet_path()
    yard.town.add_person("lan", "Lan", "officer", Right.MANAGE, area_id=yard.hub.area_id)
    lan = Visitor(yard.app).sign_in("lan", PASSWORD)
    for n in range(20):
        table = f"{HEADER}\nother-{n},Ngã tư 1,,,,,,\n"
        assert yard.make(table, secret=f"{n:064x}", by=lan).status_code == 200
    assert own in yard.kim.get("/enrolments").text
    theirs = lan.get("/enrolments").text
    assert theirs.count("/enrolments/sheets/") == 20 and own not in theirs


@pytest.mark.promise("Pages: A wrong CSV line is reported with number and cure.")
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["Ngã tư,@,,,,,,"], "Dòng 2: “Ngã tư” không dùng làm tên trạm được"),
        (["hub,@,,,,,,"], "Dòng 2: “hub” không dùng làm tên trạm được"),
        (["box-1,Xóm Mới,,,,,,"], "Dòng 2: “Xóm Mới” không phải khu vực"),
        (["box-1,Ngã tư 1,,,,,,"], "Dòng 2: “Ngã tư 1” không phải khu vực"),
        (["box-1,,,,,,,"], "Dòng 2"),
        (["box-1,@,cam 1,/dev/video0,,,,"], "“cam 1” không dùng làm tên camera được"),
        (["box-1,@,,/dev/video0,,,,"], "“” không dùng làm tên camera được"),
        (["box-1,@,cam-1,ftp://a,,,,"], "nguồn hình của “box-1 / cam-1” không đúng"),
        (["box-1,@,cam-1,,,,,"], "nguồn hình của “box-1 / cam-1” không đúng"),
        (["box-1,@,cam-1,/dev/video0,,11.5,,"], "Dòng 2"),
        (["box-1,@,cam-1,/dev/video0,,91,106,"], "“91”"),
        (["box-1,@,cam-1,/dev/video0,,,,400"], "“400”"),
        ([f"box-1,@,cam-1,/dev/video0,{'x' * 61},,,"], "nhãn dài quá 60"),
        (["box-1,@,cam-1,/dev/video0,,,,"] * 2, "Dòng 3: “box-1 / cam-1”"),
        (["box-1,@,,,,,,", "box-1,@,,,,,,"], "Dòng 3: “box-1”"),
        ([f"box-1,@,cam-{n},/dev/video0,,,," for n in range(17)], "quá 16 camera"),
        ([f"box-{n},@,,,,,," for n in range(MOST_BOXES + 1)], f"quá {MOST_BOXES} trạm"),
    ],
)
def test_each_wrong_line_is_named_with_its_cure_and_nothing_is_made(
    yard: Yard, lines: list[str], said: str
) -> None:
    table = "\n".join([HEADER, *(line.replace("@", AREA) for line in lines)])
    for path in ("/enrolments/table", "/enrolments/table/do"):
        answer = yard.kim.post(path, text=table, submission=SECRET)
        assert answer.status_code == 422
        assert said in text_of(answer)
    assert yard.count(enrolments) == 0
    with yard.town.db.reading() as conn:
        assert node_by_name(conn, "box-1") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Dòng 1"),
        (b"PK\x03\x04\x00\x00xlsx", "UTF-8"),
        ("tên,khu vực\na,b\n".encode(), "thiếu cột “node”"),
        ("node,area\nbox-1,Ng\xe3 t\xb0\n".encode("latin-1"), "UTF-8"),
        (b"x" * 1_000_001, "1000 kB"),
    ],
)
def test_a_wrong_file_is_a_clear_error(yard: Yard, content: bytes, said: str) -> None:
    answer = yard.kim.send(
        "POST",
        "/enrolments/table",
        data={"csrf": yard.kim.csrf},
        files={"file": ("tram.csv", content, "text/csv")},
        headers={**PAGE, **yard.kim.origin},
    )
    assert answer.status_code == 422
    assert said in text_of(answer)


def test_a_table_pasted_from_a_spreadsheet_has_tabs(yard: Yard) -> None:
    table = box_table(AREA, 2, 4).replace(",", "\t")
    assert "2 trạm, 4 camera" in text_of(yard.kim.post("/enrolments/table", text=table))


def test_a_known_box_gets_a_new_board_and_its_older_code_ends(yard: Yard) -> None:
    old = codes_of(yard.make(f"node,area\n{NODE},{AREA}\n").text)[NODE]
    shown = yard.kim.post("/enrolments/table", text=f"node,area\n{NODE},{AREA}\n")
    assert "đã có: thay máy mới" in text_of(shown)
    new = codes_of(yard.make(f"node,area\n{NODE},{AREA}\n", secret="ab" * 32).text)[NODE]
    assert yard.hub.redeem(old.token, Box()) == TokenRefused("withdrawn")
    assert isinstance(yard.hub.redeem(new.token, Box()), Redeemed)
    state = re.findall(r'data-state="(\w+)"', yard.kim.get(_newest(yard)).text)
    assert state == ["used"], "it was online with the old board: that does not count"
    yard.disconnect(NODE)
    state = re.findall(r'data-state="(\w+)"', yard.kim.get(_newest(yard)).text)
    assert state == ["used"], "the old board was thrown out: that does not count either"
    yard.connect(NODE, "cam-1")
    state = re.findall(r'data-state="(\w+)"', yard.kim.get(_newest(yard)).text)
    assert state == ["connected"]


def _newest(yard: Yard) -> str:
    newest = enrolment_sheets.c.made_utc_us.desc()
    with yard.town.db.reading() as conn:
        found = conn.scalars(select(enrolment_sheets.c.id).order_by(newest)).first()
    return f"/enrolments/sheets/{found}"


def test_the_position_is_the_sheets_when_the_box_names_its_camera(yard: Yard) -> None:
    codes = codes_of(yard.make(box_table(AREA, 2, 4)).text)
    yard.hub.redeem(codes["nga-tu-001"].token, Box())
    yard.connect("nga-tu-001", "cam-2", "cam-9")
    columns = (cameras.c.latitude_deg, cameras.c.longitude_deg, cameras.c.bearing_deg)
    with yard.town.db.reading() as conn:
        found = {
            row[0]: tuple(row[1:])
            for row in conn.execute(
                select(cameras.c.name, *columns).where(cameras.c.name.in_(("cam-2", "cam-9")))
            )
        }
    assert found == {"cam-2": (11.501, 106.602, 14.0), "cam-9": (None, None, None)}


def test_the_open_sheet_hears_which_box_has_connected(yard: Yard) -> None:
    codes = codes_of(yard.make(box_table(AREA, 2, 2)).text)
    path = f"{yard.sheet_path()}/events"
    assert _first_event(yard, path)["summary"] == "0 trên 2 trạm đã kết nối"
    yard.hub.redeem(codes["nga-tu-000"].token, Box())
    states = {node: state for node, state, _ in _first_event(yard, path)["codes"].values()}
    assert states == {"nga-tu-000": "used", "nga-tu-001": "waiting"}
    yard.connect("nga-tu-000", "cam-0")
    told = _first_event(yard, path)
    assert told["summary"] == "1 trên 2 trạm đã kết nối"
    yard.disconnect("nga-tu-000")
    assert _first_event(yard, path)["summary"] == "1 trên 2 trạm đã kết nối", "it was here"


def _first_event(yard: Yard, path: str) -> dict[str, Any]:
    """What a page hears that opens the stream now; the hub stops after it."""
    turns = iter((False, True))
    app = yard.town.app(
        enrolling=yard.hub.enrolling(8443), stopping=lambda: next(turns), keepalive_s=0.0
    )
    text = Visitor(app).sign_in("kim", PASSWORD).get(path).text
    found = re.search(r"event: progress\ndata: (.+)\n", text)
    assert found is not None
    told: dict[str, Any] = json.loads(found[1])
    return told
