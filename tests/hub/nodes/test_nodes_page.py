"""The list of camera boxes: boxes in trouble first, with counts, and their cameras in the inbox."""

from typing import Any

import pytest
from sqlalchemy import update

from hub.nodes import presence
from hub.registry import health, registry
from hub.registry.tables import nodes
from hub.registry.unheard import UNHEARD_AFTER_S
from tests.hub.rigs.web_town import NODE, PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Pages: No camera box in trouble is shown as working.")


def reported(town: Town, ago_s: float) -> None:
    """The box is connected since long, and sent its last health report so long ago."""
    at = town.clock.now().plus_s(-ago_s)
    with town.db.writing() as conn:
        node = registry.node_by_name(conn, NODE)
        assert node is not None
        health.note(conn, node.node_id, town.voice.health(), now=at)
        this = nodes.c.id == node.node_id
        since: dict[str, Any] = {"state_since_utc_us": at.plus_s(-60).utc_us}
        conn.execute(update(nodes).where(this).values(**since))


def test_boxes_in_trouble_stand_first_and_are_counted(town: Town) -> None:
    reported(town, 20)
    with town.db.writing() as conn:
        now = town.clock.now()
        for name in ("aa-01", "zz-01", "zz-02"):
            registry.add_node(conn, name=name, area_id=town.area_id, now=now)
        gone = nodes.c.name == "zz-01"
        conn.execute(update(nodes).where(gone).values(state="offline"))
    page = Visitor(town.app()).sign_in("kim", PASSWORD).get("/nodes").text
    places = [page.index(f'data-node="{name}"') for name in ("zz-01", "aa-01", "zz-02", NODE)]
    assert places == sorted(places)
    assert "3 trên 4" in page


def test_a_box_that_reports_no_more_is_silent_on_its_page_and_in_the_inbox(town: Town) -> None:
    reported(town, UNHEARD_AFTER_S - 60)
    kim = Visitor(town.app()).sign_in("kim", PASSWORD)
    assert "Đang hoạt động" in text_of(kim.get("/nodes"))
    assert "dark-cameras" not in kim.get("/").text
    reported(town, UNHEARD_AFTER_S + 1)
    town.somebody()  # its sightings still come
    assert "Không có tin từ" in text_of(kim.get("/nodes"))
    assert "dark-cameras" in kim.get("/").text


def test_who_sends_too_much_is_told_of_for_ten_minutes(town: Town) -> None:
    """Another process than the one that answers may have the intake."""
    kim = Visitor(town.app()).sign_in("kim", PASSWORD)
    for ago_s, is_told in ((5, True), (595, True), (605, False)):
        with town.db.writing() as conn:
            presence.note_delayed(
                conn, {NODE: 35, "nobody": 2**40}, now=town.clock.now().plus_s(-ago_s)
            )
        assert ("35 tin phải chờ" in text_of(kim.get("/nodes"))) == is_told
