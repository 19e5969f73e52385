"""Explanations of a camera: requested by people who may see it, kept in memory, logged."""

import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from agent.wire.answers import SendExplanation
from hub.access.grants import rows
from hub.access.rules.grants import Grant, Right
from hub.access.tables import grants, people
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.nodes.explanations import asked as asked_module
from hub.nodes.explanations.asked import (
    AGAIN_S,
    KEPT_S,
    MOST,
    MOST_BYTES,
    WAITS_S,
    AskedExplanations,
)
from hub.nodes.explanations.elsewhere import AnswerWord, RequestWord, packed, unpacked
from hub.nodes.uploaded_answer import AnswerState
from hub.registry.tables import cameras, nodes
from tests.hub.rigs.web_town import NODE, PASSWORD, TOKEN, Town
from tests.hub.rigs.web_visitor import Visitor, text_of
from tests.waiting import until

pytestmark = pytest.mark.promise(
    "Fleet: Whoever may see a camera learns why it reported nobody in its last hour."
)

several = pytest.mark.promise("Roles: An explanation comes whichever process answers.")

PAGE = b"<!doctype html>\n<html><p>Ai?</p></html>"


class Corner(Town):
    """A town with one camera; Kim looks after it and may see it."""

    def __init__(self, db: Database, folder: Path) -> None:
        super().__init__(db, folder)
        with db.reading() as conn:
            self.camera_id: UUID = conn.scalars(select(cameras.c.id)).one()
            self.node_id: UUID = conn.scalars(select(nodes.c.id)).one()
        self.place = f"/cameras/{self.camera_id}/explanation"
        self.site = self.app()

    def visitor(self, login: str = "kim") -> Visitor:
        return Visitor(self.site).sign_in(login, PASSWORD)

    def bring(  # type: ignore[override]  # answers with a status
        self, command_id: UUID, body: bytes = PAGE, media_type: str = "text/html; charset=utf-8"
    ) -> int:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": media_type}
        path = f"/upload/explanation/{command_id}"
        return Visitor(self.site).send("PUT", path, content=body, headers=headers).status_code

    def acts(self) -> list[str]:
        with self.db.reading() as conn:
            found = conn.scalars(select(audit.c.act).order_by(audit.c.seq))
            return [act for act in found if act.startswith("explanation.")]


@pytest.fixture
def corner(db: Database, tmp_path: Path) -> Corner:
    return Corner(db, tmp_path)


def test_whoever_may_asks_the_box_answers_and_the_page_opens_in_a_sandbox(corner: Corner) -> None:
    kim = corner.visitor()
    assert corner.place in kim.get(f"/nodes/{corner.node_id}").text
    assert "Yêu cầu" in text_of(kim.get(corner.place))
    assert kim.post(corner.place).status_code == 303
    assert kim.post(corner.place).status_code == 303, "a second tap asks nothing more"
    [(node, command_id, wanted)] = corner.asked_nodes
    assert node == NODE
    assert wanted == SendExplanation(camera=corner.voice.camera, language="vi", span_s=3600)
    waiting = kim.get(corner.place).text
    assert 'http-equiv="refresh"' in waiting
    assert kim.get(f"{corner.place}/page").status_code == 404, "nothing is here yet"
    assert corner.bring(command_id) == 204
    assert corner.bring(command_id) == 204, "an answer that was lost is said again"
    here = kim.get(corner.place)
    assert 'http-equiv="refresh"' not in here.text
    assert f"{corner.place}/page?save=1" in here.text
    opened = kim.get(f"{corner.place}/page")
    assert opened.content == PAGE
    assert "sandbox" in opened.headers["content-security-policy"]
    assert "default-src 'none'" in opened.headers["content-security-policy"]
    assert opened.headers["cache-control"] == "no-store"
    saved = kim.get(f"{corner.place}/page?save=1")
    assert saved.headers["content-disposition"].startswith("attachment")
    assert saved.content.startswith(b'<!doctype html><meta http-equiv="Content-Security-Policy')
    assert saved.content.endswith(PAGE.removeprefix(b"<!doctype html>"))
    assert corner.acts() == [
        "explanation.ask",
        "explanation.ask.again",
        "explanation.open.refused",
        "explanation.open",
        "explanation.open",
    ]


def test_who_may_not_see_the_camera_or_does_not_look_after_it_learns_nothing(
    corner: Corner,
) -> None:
    kim = corner.visitor()
    kim.post(corner.place)
    [(_, command_id, _)] = corner.asked_nodes
    assert corner.bring(command_id) == 204
    corner.add_person("tam", "Tám", "officer", Right.MANAGE)
    corner.add_person("tho", "Thợ", "technician", Right.MANAGE)
    for login in ("an", "tam", "tho"):
        other = corner.visitor(login)
        assert other.get(corner.place).status_code == 404
        assert other.post(corner.place).status_code == 404
        assert other.get(f"{corner.place}/page").status_code == 404
        if login != "an":
            page = other.get(f"/nodes/{corner.node_id}")
            assert page.status_code == 200
            assert corner.place not in page.text
    assert Visitor(corner.site).get(corner.place).status_code == 303, "sign in"
    assert kim.get(f"/cameras/{uuid4()}/explanation").status_code == 404
    refused = ["explanation.open.refused", "explanation.ask.refused", "explanation.open.refused"]
    assert corner.acts()[1:] == [*(refused * 3), "explanation.open.refused"]
    assert len(corner.asked_nodes) == 1


def test_nobody_gets_what_another_asked_for_and_nothing_once_the_right_is_gone(
    corner: Corner,
) -> None:
    corner.add_person("lan", "Lan", "leader", Right.MANAGE | Right.SEE)
    kim, lan = corner.visitor(), corner.visitor("lan")
    kim.post(corner.place)
    corner.bring(corner.asked_nodes[0][1])
    assert f"{corner.place}/page" not in lan.get(corner.place).text
    assert lan.get(f"{corner.place}/page").status_code == 404
    grant_id = corner.grants["kim"]
    assert grant_id is not None
    with corner.db.writing() as conn:
        rows.end_grant(conn, grant_id, now=corner.clock.now())
    assert kim.get(f"{corner.place}/page").status_code == 404


def test_who_may_see_back_to_a_moment_gets_no_more_than_that(corner: Corner) -> None:
    now = corner.clock.now()
    with corner.db.writing() as conn:
        kim_id = conn.scalar(select(people.c.id).where(people.c.login == "kim"))
        conn.execute(update(grants).where(grants.c.person_id == kim_id).values(is_ended=True))
        since = now.utc_us - 600 * 1_000_000
        grant = Grant(
            corner.area_id,
            None,
            Right.SEE | Right.MANAGE,
            now.utc_us - 1,
            history_from_utc_us=since,
        )
        rows.add_grant(conn, person_id=kim_id, grant=grant, reason="duty", now=now)
    corner.visitor().post(corner.place)
    [(_, _, wanted)] = corner.asked_nodes
    assert 590 <= wanted.span_s <= 620


def test_a_box_that_is_away_is_not_asked_and_one_that_cannot_says_why(corner: Corner) -> None:
    kim = corner.visitor()
    kim.post(corner.place)
    [(_, command_id, _)] = corner.asked_nodes
    assert corner.bring(command_id, b"no camera <b>cong</b>", "text/plain") == 204
    page = kim.get(corner.place).text
    assert "no camera &lt;b&gt;cong&lt;/b&gt;" in page
    assert kim.get(f"{corner.place}/page").status_code == 404
    kim.post(corner.place)
    assert corner.bring(corner.asked_nodes[-1][1], b"no_camera: cong", "text/plain") == 204
    assert "trạm không có camera cong" in kim.get(corner.place).text
    with corner.db.writing() as conn:
        conn.execute(update(nodes).values(state="offline"))
    page = kim.get(corner.place).text
    assert "Trạm đang mất kết nối" in page
    assert '<form method="post" action="/cameras' not in page


def test_only_the_box_that_was_asked_brings_a_page_and_only_a_page(corner: Corner) -> None:
    corner.visitor().post(corner.place)
    [(_, command_id, _)] = corner.asked_nodes
    assert corner.bring(uuid4()) == 404
    assert corner.bring(command_id, b"PK a zip file") == 422
    assert corner.bring(command_id, PAGE, "application/zip") == 415
    assert corner.bring(command_id, PAGE + bytes(MOST_BYTES)) == 413
    assert corner.bring(command_id) == 204


class Time:
    """Passes when it is told to."""

    now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


WANTED = SendExplanation(camera="cong")


@pytest.mark.promise("Fleet: A node that is too old for a request is named as such.")
def test_a_box_that_does_not_answer_is_asked_again_and_given_up_after_a_minute() -> None:
    time, told = Time(), list[UUID]()
    asked = AskedExplanations(lambda _node, one, _words: told.append(one) is None, time)
    key = uuid4(), uuid4()
    assert asked.ask(key, "tram", WANTED)[1]
    asked.state(key)
    assert len(told) == 1
    time.now_s += AGAIN_S
    asked.state(key)
    assert told[0] == told[1]
    time.now_s += WAITS_S
    one = asked.state(key)
    assert one is not None
    assert one.state is AnswerState.OVER
    assert asked.put("tram", told[0], PAGE) is AnswerState.OVER
    assert asked.ask(key, "tram", WANTED)[1]
    assert told[2] != told[0]


def test_the_hub_keeps_a_few_for_minutes() -> None:
    time = Time()
    told: list[UUID] = []
    asked = AskedExplanations(lambda _node, one, _words: told.append(one) is None, time)
    keys = [(uuid4(), uuid4()) for _ in range(MOST + 1)]
    for key in keys:
        asked.ask(key, "tram", WANTED)
    assert asked.state(keys[0]) is None
    assert asked.put("tram", told[0], PAGE) is None
    assert asked.put("another", told[1], PAGE) is None
    assert asked.put("tram", told[1], PAGE) is AnswerState.HERE
    time.now_s += KEPT_S + 1
    assert [asked.state(key) for key in keys] == [None] * len(keys)


def test_a_page_that_nobody_asks_for_again_is_forgotten_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = AskedExplanations(lambda _node, _one, _words: True)
    command_id, _ = asked.ask(KEY, "tram", WANTED)
    monkeypatch.setattr(asked_module, "KEPT_S", 0.01)
    with asked._lock:
        asked._end(KEY, PAGE)
    until(lambda: not asked._asked, "it is forgotten")
    assert not asked.is_asked("tram", command_id)


def alarms() -> int:
    return sum(isinstance(one, threading.Timer) for one in threading.enumerate())


def test_many_answers_take_one_thread_in_each_process() -> None:
    two, before = TwoProcesses(), alarms()
    for _ in range(20):
        command_id, is_new = two.here.ask(KEY, "tram", WANTED)
        assert is_new
        assert two.there.put("tram", command_id, PAGE) is AnswerState.HERE
        two.time.now_s += 1
    assert alarms() - before <= 2


def test_an_answer_is_taken_though_no_thread_is_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_timer: threading.Timer) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Timer, "start", refuse)
    two = TwoProcesses()
    command_id, _ = two.here.ask(KEY, "tram", WANTED)
    assert two.there.put("tram", command_id, PAGE) is AnswerState.HERE
    assert state(two.here) is AnswerState.HERE


KEY = uuid4(), uuid4()


class TwoProcesses:
    """The requests of two processes of one hub."""

    def __init__(self) -> None:
        self.time = Time()
        self.told: list[UUID] = []
        self.is_cut = False
        self.late: list[Callable[[], None]] | None = None
        """What is passed on, if it waits for `let_through`."""
        self.here, self.there = self._process(lambda: self.there), self._process(lambda: self.here)

    def let_through(self) -> None:
        late, self.late = self.late or [], None
        for pass_on in late:
            pass_on()

    def _process(self, other: Callable[[], AskedExplanations]) -> AskedExplanations:
        def tell_others(message: bytes) -> None:
            if self.late is not None:
                self.late.append(lambda: other().hear(message))
            elif not self.is_cut:
                other().hear(message)

        def tell(_node: str, command_id: UUID, _wanted: SendExplanation) -> bool:
            self.told.append(command_id)
            return True

        return AskedExplanations(tell, self.time, tell_others=tell_others)


def state(asked: AskedExplanations) -> AnswerState | None:
    one = asked.state(KEY)
    return None if one is None else one.state


@several
def test_an_answer_that_comes_to_the_other_process_is_in_both() -> None:
    two = TwoProcesses()
    two.here.ask(KEY, "tram", WANTED)
    assert state(two.there) is AnswerState.WAITING
    again = two.there.ask(KEY, "tram", WANTED)
    assert again == (two.told[0], False), "a second tap asks nothing more"
    assert two.there.put("tram", two.told[0], PAGE) is AnswerState.HERE
    one = two.here.state(KEY)
    assert one is not None and (one.state, one.content) == (AnswerState.HERE, PAGE)
    two.time.now_s += 1
    two.here.ask(KEY, "tram", WANTED)
    two.here.put("tram", two.told[1], "no camera")
    other = two.there.state(KEY)
    assert other is not None and (other.state, other.reason) == (AnswerState.FAILED, "no camera")


@several
def test_what_a_process_did_not_hear_it_hears_when_the_node_is_asked_again() -> None:
    two = TwoProcesses()
    two.is_cut = True
    two.here.ask(KEY, "tram", WANTED)
    assert not two.there.is_asked("tram", two.told[0])
    two.is_cut = False
    two.time.now_s += AGAIN_S
    state(two.here)
    assert two.there.is_asked("tram", two.told[0])
    state(two.there)
    assert len(two.told) == 2, "one of them asks the node again"
    two.is_cut = True
    two.there.put("tram", two.told[0], PAGE)
    assert state(two.here) is AnswerState.WAITING
    two.is_cut = False
    two.time.now_s += AGAIN_S
    state(two.here)
    assert state(two.here) is AnswerState.HERE


@several
def test_of_two_requests_at_once_both_processes_keep_the_same() -> None:
    for _ in range(8):
        two = TwoProcesses()
        two.late = []
        two.here.ask(KEY, "tram", WANTED)
        two.there.ask(KEY, "tram", WANTED)
        two.let_through()
        kept = max(two.told)
        assert two.here.put("tram", kept, PAGE) is AnswerState.HERE
        assert state(two.there) is AnswerState.HERE
        assert two.there.put("tram", min(two.told), PAGE) is None


@several
def test_the_later_of_two_requests_counts_though_an_answer_was_not_heard() -> None:
    for _ in range(8):
        two = TwoProcesses()
        two.here.ask(KEY, "tram", WANTED)
        two.is_cut = True
        two.here.put("tram", two.told[0], PAGE)
        two.is_cut = False
        two.time.now_s += 5
        assert state(two.there) is AnswerState.WAITING
        two.here.ask(KEY, "tram", WANTED)
        assert two.there.put("tram", two.told[-1], PAGE) is AnswerState.HERE
        assert state(two.here) is AnswerState.HERE


@several
def test_an_old_request_does_not_replace_the_answer_to_a_later_one() -> None:
    two = TwoProcesses()
    two.is_cut = True
    two.here.ask(KEY, "tram", WANTED)
    two.there.ask(KEY, "tram", WANTED)
    two.there.put("tram", two.told[1], PAGE)
    two.is_cut = False
    two.time.now_s += AGAIN_S
    state(two.here)
    assert state(two.there) is AnswerState.HERE


@several
@pytest.mark.parametrize("message", [b"", b"[]", b"{}", b"\xff", b'{"node": "n"}', b"{}\npage"])
def test_a_message_that_is_none_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        TwoProcesses().here.hear(message)


@several
def test_messages_arrive_as_they_were_sent() -> None:
    for word in (
        RequestWord(*KEY, "tram", uuid4(), SendExplanation(camera="cong", span_s=7), 1.5),
        AnswerWord("tram", uuid4(), b"<!doctype html>\n\xff\n"),
        AnswerWord("tram", uuid4(), "trạm\nkhông có"),
    ):
        assert unpacked(packed(word)) == word


@several
def test_who_asked_at_one_process_reads_the_answer_at_the_other(
    db: Database, tmp_path: Path
) -> None:
    corner = Corner(db, tmp_path)
    waiting: list[Callable[[], None]] = []

    def tell_there(message: bytes) -> None:
        waiting.append(lambda: there.services.use(AskedExplanations).hear(message))

    def tell_here(message: bytes) -> None:
        here.services.use(AskedExplanations).hear(message)

    sites = []
    for tell in (tell_there, tell_here):
        corner.tell_processes = tell
        corner.keep_in(corner.blobs)
        sites.append(corner.app())
    here, there = (site.state.site for site in sites)
    corner.site = sites[0]
    kim = corner.visitor()
    asked = kim.post(corner.place)
    corner.site = sites[1]
    kim_there = corner.visitor()
    [(_, command_id, _)] = corner.asked_nodes
    assert corner.bring(command_id) == 503, "not heard of yet: the node brings it again"
    threading.Timer(0.2, waiting.pop(0)).start()
    waits = kim_there.get(asked.headers["location"]).text
    assert f'http-equiv="refresh" content="3;url={corner.place}"' in waits
    assert corner.bring(command_id) == 204
    for visitor in (kim, kim_there):
        assert f"{corner.place}/page" in visitor.get(corner.place).text
        assert visitor.get(f"{corner.place}/page").content == PAGE
    # Asked again: the other process, which has the older answer, waits for the word too.
    waiting.clear()
    corner.site = sites[0]
    asked = kim.post(corner.place)
    corner.site = sites[1]
    threading.Timer(0.2, waiting.pop(0)).start()
    waits = kim_there.get(asked.headers["location"]).text
    assert 'http-equiv="refresh"' in waits
    assert f"{corner.place}/page" not in waits
    assert there.services.use(AskedExplanations).is_asked(NODE, corner.asked_nodes[-1][1])
    acts = ["explanation.ask", "explanation.open", "explanation.open", "explanation.ask"]
    assert corner.acts() == acts


@several
def test_a_page_waits_for_no_word_where_no_other_process_is(
    corner: Corner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waits(*_: object) -> bool:
        raise AssertionError

    monkeypatch.setattr(AskedExplanations, "hears_of", waits)
    page = corner.visitor().get(f"{corner.place}?asked={uuid4()}")
    assert page.status_code == 200
    assert 'http-equiv="refresh"' not in page.text
