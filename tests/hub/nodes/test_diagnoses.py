"""Diagnosis files: requested only by the box's keepers, uploaded once, bounded, logged."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from agent.wire.answers import SendDiagnosis
from agent.wire.codec import decode_command
from hub.access.rules.grants import Right
from hub.access.tables import people
from hub.app.clocks.clock_steps import move
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.intake.commands import commands
from hub.nodes.diagnostics import rows
from hub.nodes.diagnostics.rows import (
    AGAIN_S,
    KEPT_OF_A_NODE,
    KEPT_S,
    MOST_BYTES,
    WAITS_S,
)
from hub.nodes.diagnostics.tables import diagnoses
from hub.nodes.uploaded_answer import AnswerState
from hub.registry.registry import add_area, add_node, node_by_name
from hub.registry.tables import nodes
from tests.hub.rigs.web_town import NODE, PASSWORD, TOKEN, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Fleet: A node sends a diagnosis on request.")

ZIP = b"PK\x03\x04 how it is"


class Ward(Town):
    """A town, its keeper Kim, and what its node is told."""

    def __init__(self, db: Database, folder: Path) -> None:
        super().__init__(db, folder)
        with db.reading() as conn:
            found = node_by_name(conn, NODE)
        assert found is not None
        self.node_id = found.node_id
        self.page = f"/nodes/{self.node_id}"
        self.site = self.app()

    def visitor(self, login: str = "kim") -> Visitor:
        return Visitor(self.site).sign_in(login, PASSWORD)

    def told(self, after_s: float = 0.0) -> list[UUID]:
        with self.db.writing() as conn:
            said = commands(conn, now=self.later(after_s))
        found = [decode_command(one.payload) for one in said]
        return [one.command_id for one in found if isinstance(one.body, SendDiagnosis)]

    def later(self, span_s: float) -> Moment:
        return self.clock.now().plus_s(span_s)

    def bring(  # type: ignore[override]  # answers with a status
        self, command_id: UUID, body: bytes = ZIP, media_type: str = "application/zip"
    ) -> int:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": media_type}
        path = f"/upload/diagnosis/{command_id}"
        return Visitor(self.site).send("PUT", path, content=body, headers=headers).status_code

    def listed(self, after_s: float = 0.0) -> list[rows.Diagnosis]:
        with self.db.reading() as conn:
            return rows.listed(conn, self.node_id, now=self.later(after_s))

    def acts(self) -> list[str]:
        with self.db.reading() as conn:
            found = conn.scalars(select(audit.c.act).order_by(audit.c.seq))
            return [act for act in found if act.startswith("diagnosis.")]

    def send_away(self, state: str = "offline") -> None:
        with self.db.writing() as conn:
            conn.execute(update(nodes).values(state=state))


@pytest.fixture
def ward(db: Database, tmp_path: Path) -> Ward:
    return Ward(db, tmp_path)


def test_a_keeper_asks_the_box_brings_it_once_and_the_keeper_fetches_it(ward: Ward) -> None:
    kim = ward.visitor()
    assert kim.post(f"{ward.page}/diagnosis").status_code == 303
    assert kim.post(f"{ward.page}/diagnosis").status_code == 303, "a second tap asks nothing more"
    [command_id] = ward.told()
    assert ward.told() == [], "not again at once"
    assert ward.told(AGAIN_S + 1) == [command_id]
    assert ward.bring(command_id) == 204
    assert ward.bring(command_id, b"PK another") == 204, "an answer that was lost is said again"
    assert ward.told(2 * AGAIN_S + 2) == []
    [one] = ward.listed()
    assert (one.state, one.who, one.size_bytes) == (AnswerState.HERE, "Phạm Kim", len(ZIP))
    address = f"{ward.page}/diagnosis/{one.diagnosis_id}"
    assert address in kim.get(ward.page).text
    fetched = kim.get(address)
    assert fetched.content == ZIP
    assert fetched.headers["content-disposition"].startswith("attachment")
    assert ward.acts() == ["diagnosis.ask", "diagnosis.ask.again", "diagnosis.fetch"]


def test_who_only_looks_and_who_tends_another_place_learn_nothing(ward: Ward) -> None:
    with ward.db.writing() as conn:
        now = ward.clock.now()
        elsewhere = add_area(conn, name="Chợ Mới", level="junction", parent_id=None, now=now)
        other = add_node(conn, name="tram-99", area_id=elsewhere, now=now)
        kim_id = conn.scalar(select(people.c.id).where(people.c.login == "kim"))
        assert kim_id is not None
        theirs = rows.ask(conn, other, person_id=kim_id, now=now)
        mine = rows.ask(conn, ward.node_id, person_id=kim_id, now=now)
    an, kim = ward.visitor("an"), ward.visitor()
    [command_id] = ward.told()
    assert ward.bring(command_id) == 204
    for visitor, page, one in (
        (an, ward.page, mine),
        (kim, f"/nodes/{other}", theirs),
        (kim, f"/nodes/{other}", mine),
        (kim, ward.page, theirs),
    ):
        assert visitor.get(f"{page}/diagnosis/{one}").status_code == 404
    assert an.post(f"{ward.page}/diagnosis").status_code == 404
    assert kim.post(f"/nodes/{other}/diagnosis").status_code == 404
    assert Visitor(ward.site).get(f"{ward.page}/diagnosis/{mine}").status_code == 303, "sign in"
    assert set(ward.acts()) == {"diagnosis.fetch.refused", "diagnosis.ask.refused"}


def test_without_the_form_of_our_own_page_nothing_is_asked(ward: Ward) -> None:
    kim = ward.visitor()
    assert kim.send("POST", f"{ward.page}/diagnosis", headers=kim.origin).status_code >= 400
    kim.csrf = "made-up"
    assert kim.post(f"{ward.page}/diagnosis").status_code >= 400
    assert ward.listed() == []


def test_a_box_that_is_away_is_asked_when_it_comes_and_not_after_a_day(ward: Ward) -> None:
    kim = ward.visitor()
    ward.send_away()
    kim.post(f"{ward.page}/diagnosis")
    assert ward.told() == []
    assert "Trạm đang mất kết nối" in text_of(kim.get(ward.page))
    ward.send_away("online")
    [command_id] = ward.told()
    ward.send_away()
    assert ward.told(WAITS_S + 1) == []
    ward.send_away("online")
    assert ward.told(WAITS_S + 2) == [], "its time is over"
    assert ward.listed()[0].state is AnswerState.OVER
    assert ward.bring(command_id) == 404, "nobody waits for it any more"
    assert "không trả lời kịp" in text_of(kim.get(ward.page))
    assert kim.post(f"{ward.page}/diagnosis").status_code == 303
    assert len(ward.told()) == 1


def test_a_box_that_cannot_make_it_says_why(ward: Ward) -> None:
    kim = ward.visitor()
    kim.post(f"{ward.page}/diagnosis")
    [command_id] = ward.told()
    assert ward.bring(command_id, b"no room \0 on <b>/tmp</b>", "text/plain; charset=utf-8") == 204
    assert ward.listed()[0].state is AnswerState.FAILED
    assert "on &lt;b&gt;/tmp" in kim.get(ward.page).text
    assert "diagnosis/" not in kim.get(ward.page).text.replace('/diagnosis"', "")


def test_what_no_box_was_asked_for_and_what_is_no_file_is_refused(ward: Ward) -> None:
    kim = ward.visitor()
    kim.post(f"{ward.page}/diagnosis")
    [command_id] = ward.told()
    assert ward.bring(UUID(int=7)) == 404
    assert ward.bring(command_id, b"no zip") == 422
    assert ward.bring(command_id, ZIP, "text/html") == 415
    assert ward.bring(command_id, ZIP + bytes(MOST_BYTES)) == 413
    path = f"/upload/diagnosis/{command_id}"
    headers = {"Authorization": "Bearer made-up-token-of-somebody", "Content-Type": "text/plain"}
    assert Visitor(ward.site).send("PUT", path, content=b"x", headers=headers).status_code == 401
    with ward.db.writing() as conn:
        assert rows.put(conn, "tram-02", command_id, ZIP, now=ward.later(0)) is None
    assert ward.listed()[0].state is AnswerState.WAITING


def test_the_last_few_of_a_box_stay_and_none_beyond_its_days(ward: Ward) -> None:
    kim = ward.visitor()
    for _ in range(KEPT_OF_A_NODE + 3):
        kim.post(f"{ward.page}/diagnosis")
        [command_id] = ward.told()
        assert ward.bring(command_id) == 204
    kept = ward.listed()
    assert len(kept) == KEPT_OF_A_NODE
    assert all(one.state is AnswerState.HERE for one in kept)
    ward.told(KEPT_S + 1)
    assert ward.listed() == []


def test_the_right_to_manage_a_camera_alone_opens_no_box(ward: Ward) -> None:
    ward.allow("chi", Right.SEE | Right.MANAGE)
    assert ward.visitor("chi").post(f"{ward.page}/diagnosis").status_code == 303
    assert ward.visitor("binh").post(f"{ward.page}/diagnosis").status_code == 404


@pytest.mark.parametrize("by_s", [-31_536_000.0, 31_536_000.0])
def test_a_step_of_the_hubs_clock_makes_a_request_neither_late_nor_for_ever(
    ward: Ward, by_s: float
) -> None:
    ward.visitor().post(f"{ward.page}/diagnosis")
    [command_id] = ward.told()
    with ward.db.writing() as conn:
        move(conn, round(by_s * 1e6), now=ward.clock.now())
    assert ward.told(by_s + AGAIN_S + 1) == [command_id]
    assert ward.told(by_s + WAITS_S - 600) == [command_id]
    assert ward.told(by_s + WAITS_S + 1) == []
    assert ward.listed(by_s + WAITS_S + 1)[0].state is AnswerState.OVER


def test_a_request_of_after_the_clock_was_set_back_is_none_of_the_old_ones(ward: Ward) -> None:
    with ward.db.writing() as conn:
        kim_id = conn.scalar(select(people.c.id).where(people.c.login == "kim"))
        assert kim_id is not None
        for number in range(KEPT_OF_A_NODE + 1):
            now = ward.later(number)
            assert rows.ask(conn, ward.node_id, person_id=kim_id, now=now)
            conn.execute(update(diagnoses).values(state=AnswerState.FAILED))
        move(conn, -86_400_000_000, now=ward.later(10))
        newest = rows.ask(conn, ward.node_id, person_id=kim_id, now=ward.later(20 - 86_400))
    assert newest == ward.listed()[0].diagnosis_id
    assert len(ward.listed()) == KEPT_OF_A_NODE


def test_why_there_is_no_file_is_said_in_the_readers_language(ward: Ward) -> None:
    kim = ward.visitor()
    for said, shown in (
        ("no_camera: cong", "trạm không có camera cong"),
        ("failed: no room\non /tmp: <b>", "no room on /tmp: &lt;b&gt;"),
        ("ended: 3", "kết thúc với mã 3"),
        ("too_large: 3145728", "tệp lớn hơn 3145728 byte"),
        ("too_slow: 240", "không tạo xong trong 240 giây"),
        ("newer_code: 7", "newer_code: 7"),
        ("it was not made within 240 s", "it was not made within 240 s"),
    ):
        kim.post(f"{ward.page}/diagnosis")
        [command_id] = ward.told()
        assert ward.bring(command_id, said.encode(), "text/plain; charset=utf-8") == 204
        assert shown in " ".join(kim.get(ward.page).text.split()), said
