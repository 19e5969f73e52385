"""The condition of a camera and its box: every page shows the same one."""

import itertools
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from agent.wire.answers import RefusalReason
from hub.access.rules.grants import Right
from hub.base.moment import Moment
from hub.intake.filing.filing import set_aside
from hub.registry import health
from hub.registry.cameras import is_node_here
from hub.registry.condition import Condition, NodeFault
from hub.registry.tables import cameras, nodes
from hub.registry.unheard import UNHEARD_AFTER_S, unheard_since
from hub.registry.wording import LOOKS, fault_line
from hub.web.i18n import words
from tests.hub.rigs.web_town import NODE, PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Pages: No camera box in trouble is shown as working.")

WORKS, GIVES_PICTURES = "Đang hoạt động", "đang có hình"
Trouble = Callable[[Town], None]


def report(town: Town, *, ago_s: float = 20, **board: Any) -> None:
    """The box is connected since long, and sent its last health report so long ago."""
    at = town.clock.now().plus_s(-ago_s)
    said = town.voice.health()
    with town.db.writing() as conn:
        node_id = conn.scalar(select(nodes.c.id).where(nodes.c.name == NODE))
        said = said.model_copy(update={"board": said.board.model_copy(update=board)})
        health.note(conn, node_id, said, now=at)
        since: dict[str, Any] = {"state_since_utc_us": at.plus_s(-60).utc_us}
        conn.execute(update(nodes).where(nodes.c.id == node_id).values(state="online", **since))


def node_is(**values: Any) -> Trouble:
    def make(town: Town) -> None:
        with town.db.writing() as conn:
            conn.execute(update(nodes).where(nodes.c.name == NODE).values(**values))

    return make


def doubled(town: Town) -> None:
    node_is(rival_utc_us=town.clock.now().utc_us)(town)


def camera_lost(town: Town) -> None:
    with town.db.writing() as conn:
        conn.execute(update(cameras).values(is_lost=True))


def refused(town: Town) -> None:
    with town.db.writing() as conn:
        set_aside(
            conn, topic="x", payload=b"?", reason=RefusalReason.OVERSIZE, detail="",
            node_name=NODE, event_id=uuid4(), now=town.clock.now(),
        )  # fmt: skip


TROUBLES: dict[str, tuple[Trouble, bool, str]] = {
    "silent": (lambda town: report(town, ago_s=UNHEARD_AFTER_S + 1), False, "không có tín hiệu"),
    "offline": (node_is(state="offline"), False, "không có tín hiệu"),
    "never": (node_is(state="never"), False, "chưa từng liên lạc"),
    "lost": (camera_lost, False, "không có hình"),
    "no video": (node_is(unrecorded_why="room"), True, "không lưu được hình"),
    "hot": (lambda town: report(town, is_throttled=True), True, "quá nóng"),
    "under-voltage": (lambda town: report(town, was_under_voltage=True), True, "Điện áp"),
    "doubled": (doubled, True, "Hai trạm"),
    "refused": (refused, True, "từ chối"),
}
"""What goes wrong, whether there is a picture all the same, and words about it."""


@pytest.mark.parametrize("trouble", TROUBLES)
def test_every_page_says_the_trouble(town: Town, trouble: str) -> None:
    make, has_picture, told = TROUBLES[trouble]
    report(town)
    camera_id = first_camera(town)
    kim = Visitor(town.app()).sign_in("kim", PASSWORD)
    with town.db.writing() as conn:
        conn.execute(update(cameras).values(latitude_deg=11.54, longitude_deg=106.6))
    for well in ("/map", f"/cameras/{camera_id}"):
        assert GIVES_PICTURES in text_of(kim.get(well))
    assert kim.get("/map/states.json").json() == {"states": {}}
    assert WORKS in text_of(kim.get("/nodes"))
    make(town)
    node_id = own_node(town)
    for page in ("/nodes", f"/nodes/{node_id}"):
        assert WORKS not in text_of(kim.get(page))
    camera = kim.get(f"/cameras/{camera_id}").text
    assert told.lower() in camera.lower()
    assert "is-resolved" not in camera
    assert "chưa từng liên lạc từ" not in camera  # there was no time of that
    table = kim.get("/map").text.split("<tbody>")[1]
    assert "is-resolved" not in table
    assert (GIVES_PICTURES in table) is has_picture
    [state] = kim.get("/map/states.json").json()["states"].values()
    assert state == [int(not has_picture), 0, int(has_picture)]


def test_a_live_view_says_it_too(town: Town) -> None:
    camera_id = first_camera(town)
    report(town, is_throttled=True)
    town.allow("an", Right.LIVE)
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    assert "1 lỗi" in text_of(an.get(f"/cameras/{camera_id}/live"))
    report(town, ago_s=UNHEARD_AFTER_S + 1)
    assert "trạm camera không có tín hiệu" in text_of(an.get(f"/cameras/{camera_id}/live"))


def test_the_map_counts_troubles_and_puts_the_worst_first(town: Town) -> None:
    report(town, is_throttled=True)
    with town.db.writing() as conn:
        known = conn.execute(select(cameras)).first()
        assert known is not None
        conn.execute(
            cameras.insert().values(
                **{**known._mapping, "id": uuid4(), "name": "z", "label": "Zz", "is_lost": True}
            )
        )
    page = Visitor(town.app()).sign_in("an", PASSWORD).get("/map")
    assert page.text.index("Zz") < page.text.index(known.label)
    assert "1 camera không có hình" in text_of(page)
    assert "1 camera có trạm bị lỗi" in text_of(page)


def test_queries_and_pages_have_one_rule_of_silence(town: Town) -> None:
    node_id, now = own_node(town), town.clock.now()
    limits = (1, UNHEARD_AFTER_S, UNHEARD_AFTER_S + 0.001)
    for report_ago_s, online_ago_s in itertools.product((None, *limits), limits):
        reported = None if report_ago_s is None else now.plus_s(-report_ago_s)
        online = now.plus_s(-online_ago_s)
        with town.db.writing() as conn:
            if reported is not None:
                health.note(conn, node_id, town.voice.health(), now=reported)
            since = {"state": "online", "state_since_utc_us": online.utc_us}
            conn.execute(update(nodes).where(nodes.c.id == node_id).values(**since))
        reported_utc_us = reported.utc_us if reported is not None else None
        is_silent = unheard_since(reported_utc_us, online.utc_us, now.utc_us) is not None
        assert is_heard(town, now) is not is_silent, (report_ago_s, online_ago_s)


def is_heard(town: Town, now: Moment) -> bool:
    camera_id = first_camera(town)
    with town.db.reading() as conn:
        return is_node_here(conn, camera_id, now)


def first_camera(town: Town) -> UUID:
    with town.db.reading() as conn:
        return UUID(str(conn.scalar(select(cameras.c.id))))


def own_node(town: Town) -> UUID:
    with town.db.reading() as conn:
        return UUID(str(conn.scalar(select(nodes.c.id).where(nodes.c.name == NODE))))


def test_every_state_has_a_look_and_every_fault_a_vietnamese_sentence() -> None:
    assert set(LOOKS) == set(Condition)
    for fault in NodeFault:
        assert fault_line(fault, words("vi")) != fault_line(fault, words("en"))


def test_whoever_sees_no_camera_learns_no_state(town: Town) -> None:
    report(town, is_throttled=True)
    camera_id = first_camera(town)
    guest = Visitor(town.app()).sign_in("guest", PASSWORD)
    assert guest.get(f"/cameras/{camera_id}").status_code == 404
    assert guest.get("/map/states.json").json() == {"states": {}}
