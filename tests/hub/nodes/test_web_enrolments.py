"""The page that enrols and revokes camera boxes: for whom, and what it shows."""

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from agent.wire.enrolment import SPEED_BYTES, SPEED_PATH, EnrolmentCode
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.nodes.enrolment.rows import Redeemed, TokenRefused
from hub.registry.registry import node_by_name
from tests.hub.rigs.enrolling_rig import Box, EnrolHub
from tests.hub.rigs.web_town import NODE, PASSWORD, TOKEN, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Installing: An enrolment gives a QR code that a camera can read.")


class Yard:
    """A town whose hub enrols, and who was thrown out at the broker."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.town = Town(db, folder)
        self.hub = EnrolHub(db, folder)
        self.thrown_out: list[str] = []
        enrolling = replace(self.hub.enrolling(8443), shut_out=self.thrown_out.append)
        self.app = self.town.app(enrolling=enrolling)

    def visitor(self, login: str = "kim") -> Visitor:
        """Kim looks after the junction, An does not."""
        return Visitor(self.app).sign_in(login, PASSWORD)

    def form(self, **changed: str) -> dict[str, str]:
        area = str(self.town.area_id)
        return {"area": area, "node": "nga-tu-07", "cameras": "cong=/dev/video0"} | changed


@pytest.fixture
def yard(sqlite_url: str, tmp_path: Path) -> Iterator[Yard]:
    db = Database(sqlite_url)
    yield Yard(db, tmp_path)
    db.close()


def code_of(page: str) -> EnrolmentCode:
    found = re.search(r"matthan-agent enrol ([^\s<]+)<", page)
    assert found is not None
    return EnrolmentCode.parse(found[1])


def test_a_keeper_makes_a_code_that_is_shown_once_and_lets_a_box_in(yard: Yard) -> None:
    kim = yard.visitor()
    shown = kim.post("/enrolments", **yard.form())
    assert shown.status_code == 200
    assert '<svg role="img"' in shown.text
    code = code_of(shown.text)
    assert f"deploy/node/install.sh {code.text}<" in shown.text, "a new box has no program yet"
    link = re.search(r'download="user-data" href="data:[^,]*,([^"]+)"', shown.text)
    assert link is not None
    assert code.text in b64decode(link[1]).decode()
    assert "matthan-agent enrol " not in kim.get("/enrolments").text.replace("--look", "")
    answer = yard.hub.redeem(code.token, Box())
    assert isinstance(answer, Redeemed)
    assert (answer.node, answer.cameras[0].device) == ("nga-tu-07", "/dev/video0")


def test_who_looks_after_nothing_finds_no_such_page(yard: Yard) -> None:
    an = yard.visitor("an")
    assert an.get("/enrolments").status_code == 404
    assert an.post("/enrolments", **yard.form()).status_code == 404
    assert an.post("/enrolments/shut-out", node=NODE, reason="x").status_code == 404
    assert yard.thrown_out == []


def test_another_place_is_nobodys_to_enrol_in_but_its_keepers(yard: Yard) -> None:
    elsewhere = str(yard.hub.area_id)
    kim = yard.visitor()
    assert kim.post("/enrolments", **yard.form(area=elsewhere)).status_code == 404
    with yard.town.db.reading() as conn:
        acts = set(conn.scalars(select(audit.c.act)))
        assert node_by_name(conn, "nga-tu-07") is None
    assert "enrolment.make.refused" in acts


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"node": "ngã tư"}, "Tên không dùng được"),
        ({"node": "a/b"}, "Tên không dùng được"),
        ({"node": ""}, "Tên không dùng được"),
        ({"node": "hub"}, "Tên không dùng được"),
        ({"node": " Hub "}, "Tên không dùng được"),
        ({"cameras": "cong"}, "Có một dòng camera không đúng"),
        ({"cameras": "cong=ftp://x"}, "Có một dòng camera không đúng"),
        ({"cameras": "cong=/dev/video0\ncong=/dev/video1"}, "Tên không dùng được"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(
    yard: Yard, change: dict[str, str], said: str
) -> None:
    answer = yard.visitor().post("/enrolments", **yard.form(**change))
    assert answer.status_code == 422
    assert said in text_of(answer)
    with yard.town.db.reading() as conn:
        assert node_by_name(conn, "nga-tu-07") is None


def test_a_name_with_a_sign_that_no_database_takes_is_nobodys(db: Database, tmp_path: Path) -> None:
    yard = Yard(db, tmp_path)
    kim = yard.visitor()
    assert kim.post("/enrolments", **yard.form(node="nga\0tu")).status_code == 422
    lost = kim.post("/enrolments/shut-out", node=f"{NODE}\0", reason="mất trộm")
    assert lost.status_code == 404


def test_a_code_that_waits_is_listed_and_withdrawn(yard: Yard) -> None:
    kim = yard.visitor()
    code = code_of(kim.post("/enrolments", **yard.form()).text)
    found = re.search(r'action="(/enrolments/[0-9a-f-]+/withdraw)"', kim.get("/enrolments").text)
    assert found is not None
    assert yard.visitor("an").post(found[1]).status_code == 404
    assert kim.post(found[1]).status_code == 303
    assert yard.hub.redeem(code.token, Box()) == TokenRefused("withdrawn")


def test_a_stolen_box_is_shut_out_with_a_reason(yard: Yard) -> None:
    kim = yard.visitor()
    assert kim.post("/enrolments/shut-out", node=NODE, reason=" ").status_code == 422
    assert kim.post("/enrolments/shut-out", node="nobody", reason="gone").status_code == 404
    assert kim.post("/enrolments/shut-out", node=NODE, reason="mất cắp đêm qua").status_code == 303
    assert yard.thrown_out == [NODE]
    assert "mất cắp đêm qua" in text_of(kim.get("/enrolments"))
    with yard.town.db.reading() as conn:
        node = node_by_name(conn, NODE)
        assert node is not None and node.is_revoked


def test_a_hub_whose_authority_is_elsewhere_offers_no_such_page(yard: Yard) -> None:
    kim = Visitor(yard.town.app()).sign_in("kim", PASSWORD)
    assert kim.get("/enrolments").status_code == 404
    assert "/enrolments" not in kim.get("/nodes").text
    assert "/enrolments" in yard.visitor().get("/nodes").text


def test_a_node_measures_its_line_with_its_token_and_nobody_without(yard: Yard) -> None:
    node = Visitor(yard.app)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    taken = node.send("POST", SPEED_PATH, content=b"x" * SPEED_BYTES, headers=bearer)
    assert (taken.status_code, taken.json()) == (200, {"bytes": SPEED_BYTES})
    more = node.send("POST", SPEED_PATH, content=b"x" * (SPEED_BYTES + 1), headers=bearer)
    assert more.status_code == 413
    assert node.send("POST", SPEED_PATH, content=b"x").status_code == 401
