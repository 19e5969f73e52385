"""A node's last week as plots: a value every quarter of an hour, for people who look after it."""

import re
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from agent.wire.presence import BoardWords, CameraHealth, Health, Lost, Owing
from agent.wire.terms import ClockSource, Stamp
from hub.nodes.health.plots import BOTTOM, LEFT, RIGHT, TOP, WEEK_US, path
from hub.registry.registry import node_by_name
from hub.registry.tables import health_history
from tests.hub.rigs.web_town import NODE, PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

QUARTER_US = 900_000_000


def said(temperature_c: float | None, *, files: int = 0) -> Health:
    return Health(
        node=NODE,
        boot_id=uuid4(),
        spool_id=uuid4(),
        last_seq=7,
        stamp=Stamp(utc_us=0, source=ClockSource.NTP, error_ms=12),
        uptime_s=4000,
        board=BoardWords(
            temperature_c=temperature_c,
            is_under_voltage=False,
            is_throttled=False,
            was_under_voltage=False,
            was_throttled=False,
            disk_free_bytes=20 * 2**30,
            disk_size_bytes=2**36,
            card_wear_percent=10,
        ),
        cameras=(CameraHealth(camera="cam-1", frames_per_s=9.8, frames_late=0, is_lost=False),),
        owing=Owing(alerts=0, others=2, again=0, files=files),
        lost=Lost(alerts=0, others=0, health=0, set_aside=0),
    )


def week(town: Town, *words: Health | None) -> UUID:
    """The node said these, a quarter of an hour apart, the last just now; None: nothing."""
    now_us = town.clock.now().utc_us
    with town.db.writing() as conn:
        node = node_by_name(conn, NODE)
        assert node is not None
        for back, one in enumerate(reversed(words)):
            if one is not None:
                values = {
                    "node_id": node.node_id,
                    "received_utc_us": now_us - back * QUARTER_US,
                    "received_error_ms": 10,
                    "body": one.model_dump_json(),
                }
                conn.execute(insert(health_history).values(**values))
    return node.node_id


def test_the_week_of_a_node_is_drawn_with_its_lowest_highest_and_last(town: Town) -> None:
    node_id = week(town, said(41), said(63), said(52, files=7))
    kim = Visitor(town.app()).sign_in("kim", PASSWORD)
    page = kim.get(f"/nodes/{node_id}")
    words = text_of(page)
    assert "thấp nhất 41, cao nhất 63, mới nhất 52" in words
    assert "thấp nhất 2, cao nhất 9, mới nhất 9" in words
    assert "thấp nhất 9.8, cao nhất 9.8, mới nhất 9.8" in words
    assert "thấp nhất 20.0, cao nhất 20.0, mới nhất 20.0" in words
    assert page.text.count('class="line"') == 4


def test_where_nothing_was_said_the_line_is_broken_and_what_a_board_cannot_tell_is_not_drawn(
    town: Town,
) -> None:
    node_id = week(town, said(None), said(None), *[None] * 8, said(None))
    page = Visitor(town.app()).sign_in("kim", PASSWORD).get(f"/nodes/{node_id}")
    lines = re.findall(r'class="line" d="([^"]*)"', page.text)
    assert len(lines) == 3
    assert all(line.count("M") == 2 for line in lines)


def test_a_node_that_never_said_how_it_is_has_a_page_that_says_so(town: Town) -> None:
    node_id = week(town)
    page = Visitor(town.app()).sign_in("kim", PASSWORD).get(f"/nodes/{node_id}")
    assert (page.status_code, 'class="plot"' in page.text) == (200, False)
    assert "chưa báo" in text_of(page)


def test_who_does_not_look_after_it_finds_no_such_page(town: Town) -> None:
    node_id = week(town, said(41))
    for login in ("an", "guest"):
        visitor = Visitor(town.app()).sign_in(login, PASSWORD)
        assert visitor.get(f"/nodes/{node_id}").status_code == 404
    kim = Visitor(town.app()).sign_in("kim", PASSWORD)
    assert kim.get(f"/nodes/{uuid4()}").status_code == 404


@given(st.lists(st.tuples(st.integers(0, 2 * WEEK_US), st.floats(0, 90)), max_size=40))
def test_no_line_leaves_its_drawing(samples: list[tuple[int, float]]) -> None:
    drawn = path(sorted(samples), from_us=WEEK_US // 2, low=0, high=90)
    for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", drawn):
        assert LEFT <= float(x) <= RIGHT
        assert TOP <= float(y) <= BOTTOM
