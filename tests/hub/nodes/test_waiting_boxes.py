"""The number beside "Camera boxes" in the navigation: boxes that need somebody, as the table counts
them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from hub.registry import health, registry
from hub.registry.tables import cameras, nodes
from hub.registry.unheard import UNHEARD_AFTER_S
from tests.hub.rigs.many_boxes import add_boxes
from tests.hub.rigs.web_town import NODE, PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor
from tests.hub.rigs.wire_words import NodeVoice

pytestmark = pytest.mark.promise("Pages: No camera box in trouble is shown as working.")

BOXES = 20


def waiting(visitor: Visitor, address: str = "/nodes") -> int:
    """The number at this place of the navigation, on a page that shows no box."""
    page = visitor.get("/settings").text
    found = re.search(rf'<a href="{address}"[^>]*>(?:(?!</a>).)*class="waiting">(\d+)', page)
    return int(found[1]) if found else 0


def in_table(visitor: Visitor) -> int:
    """As many as the table has where it shows those that need somebody."""
    return len(re.findall(r"data-node=", visitor.get("/nodes?state=trouble").text))


def ill(town: Town, name: str, **columns: Any) -> None:
    with town.db.writing() as conn:
        conn.execute(update(nodes).where(nodes.c.name == name).values(**columns))


def reports(town: Town, name: str, *, ago_s: float = 1, **board: Any) -> None:
    """A health report of that box, which came so long ago."""
    said = NodeVoice(name).health()
    said = said.model_copy(update={"board": said.board.model_copy(update=board)})
    with town.db.writing() as conn:
        node = registry.node_by_name(conn, name)
        assert node is not None
        health.note(conn, node.node_id, said, now=town.clock.now().plus_s(-ago_s))


def test_the_number_is_what_the_table_counts_whatever_is_wrong(town: Town) -> None:
    add_boxes(town, BOXES, seen_cameras=58)
    town.add_keeper_of_all()
    keeper = Visitor(town.app()).sign_in("quan", PASSWORD)
    found = [waiting(keeper)]
    assert found == [in_table(keeper)] == [5]
    long_ago_utc_us = town.clock.now().plus_s(-2 * UNHEARD_AFTER_S).utc_us
    wrongs: tuple[Callable[[], None], ...] = (
        lambda: reports(town, "box-002", temperature_c=85.0),
        lambda: reports(town, "box-003", is_under_voltage=True),
        lambda: ill(town, "box-004", unrecorded_why="room"),
        lambda: ill(town, "box-005", rival_utc_us=town.clock.now().utc_us),
        lambda: ill(town, "box-006", state="offline"),
        lambda: ill(town, "box-007", state_since_utc_us=long_ago_utc_us),
        lambda: reports(town, "box-007", ago_s=UNHEARD_AFTER_S + 1),
    )
    for wrong in wrongs:
        wrong()
        found.append(waiting(keeper))
        assert found[-1] == in_table(keeper)
    assert found == [5, 6, 7, 8, 9, 10, 10, 11]
    reports(town, "box-002")  # it is well again
    assert waiting(keeper) == in_table(keeper) == 10


def test_everybody_counts_the_boxes_that_they_look_after(town: Town) -> None:
    add_boxes(town, BOXES, seen_cameras=58)
    town.add_keeper_of_all()
    app = town.app()
    kim, an = (Visitor(app).sign_in(one, PASSWORD) for one in ("kim", "an"))
    assert waiting(kim) == in_table(kim) == 0  # the junction's own box works
    with town.db.writing() as conn:
        node = registry.node_by_name(conn, NODE)
        assert node is not None
        conn.execute(update(cameras).where(cameras.c.node_id == node.node_id).values(is_lost=True))
    assert waiting(kim) == in_table(kim)
    ill(town, NODE, state="offline")
    assert waiting(kim) == in_table(kim) == 1
    assert waiting(an) == 0
    assert 'href="/nodes"' not in an.get("/more").text


@pytest.mark.parametrize(("language", "words"), [("vi", "cần xem"), ("en", "need you")])
def test_it_is_said_what_the_number_counts(town: Town, language: str, words: str) -> None:
    town.add_keeper_of_all(language)
    ill(town, NODE, state="offline")
    keeper = Visitor(town.app()).sign_in("quan", PASSWORD)
    marks = re.findall(
        r'class="waiting[^"]*">(\d+) <span class="only-heard">([^<]*)', keeper.get("/more").text
    )
    assert ("1", words) in marks


def test_on_a_phone_the_number_is_at_more_which_leads_there(town: Town) -> None:
    town.add_keeper_of_all()
    ill(town, NODE, state="offline")
    page = Visitor(town.app()).sign_in("quan", PASSWORD).get("/").text
    (more,) = re.findall(r'<a href="/more".*?</a>', page)
    assert re.findall(r'class="waiting ([a-z-]+)">(\d+)', more) == [("only-phone", "1")]
