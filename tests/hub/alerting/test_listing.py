"""Which alerts a list shows, in which order, on which page, in which groups."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.alerting.alerts.rules.listing import (
    AlertFacts,
    AlertFilter,
    Rank,
    by_area,
    by_subject,
    fits,
    groups,
    in_order,
    page,
)
from tests.schedules import schedules

TOWN, MARKET, BRIDGE, NODE, OTHER = (UUID(int=number) for number in range(1, 6))
NOW_US = 1_795_000_000_000_000


def facts(number: int = 1, **changed: Any) -> AlertFacts:
    plain: dict[str, Any] = {
        "alert_id": UUID(int=1000 + number),
        "kind": "person",
        "area_ids": (MARKET, TOWN),
        "node_id": NODE,
        "node_name": "tram-01",
        "at_utc_us": NOW_US + number,
    }
    return AlertFacts(**plain | changed)


def ids(listed: Any) -> list[int]:
    return [one.alert_id.int - 1000 for one in listed]


@pytest.mark.parametrize(
    ("wanted", "changed", "is_shown"),
    [
        (AlertFilter(), {}, True),
        (AlertFilter(is_mine=True), {}, False),
        (AlertFilter(is_mine=True), {"is_mine": True}, True),
        (AlertFilter(area_id=TOWN), {}, True),
        (AlertFilter(area_id=BRIDGE), {}, False),
        (AlertFilter(place_id=MARKET), {}, True),
        (AlertFilter(place_id=TOWN), {}, False),
        (AlertFilter(place_id=TOWN), {"area_ids": ()}, False),
        (AlertFilter(node_id=NODE), {}, True),
        (AlertFilter(node_id=OTHER), {}, False),
        (AlertFilter(subject="person"), {}, True),
        (AlertFilter(subject="tampering"), {"kind": "tamper_covered"}, True),
        (AlertFilter(subject="trouble"), {"kind": "node_silent"}, True),
        (AlertFilter(subject="tip"), {"kind": "tip"}, True),
        (AlertFilter(subject="crowd"), {}, False),
        (AlertFilter(since_utc_us=NOW_US + 1), {}, True),
        (AlertFilter(since_utc_us=NOW_US + 2), {}, False),
    ],
)
def test_a_filter_shows_what_it_names(
    wanted: AlertFilter, changed: dict[str, Any], is_shown: bool
) -> None:
    assert fits(facts(**changed), wanted) == is_shown


NOTHING_FITS = AlertFilter(True, BRIDGE, BRIDGE, OTHER, "tip", NOW_US * 2)


def test_no_filter_and_no_group_hides_a_critical_alert_until_it_is_closed() -> None:
    critical = facts(1, is_critical=True)
    assert in_order([facts(2), critical], NOTHING_FITS) == [critical]
    closed = facts(1, is_critical=True, is_running=False)
    assert in_order([closed], NOTHING_FITS) == []
    (group,) = groups([facts(2), critical, facts(3)], "place")
    assert critical.alert_id not in group.alert_ids


def test_a_strict_filter_is_for_critical_alerts_too() -> None:
    critical = facts(1, is_critical=True)
    assert in_order([critical], AlertFilter(is_mine=True, is_strict=True)) == []
    (group,) = groups([facts(2), critical], "place", is_strict=True)
    assert len(group.alert_ids) == 2


def test_critical_ones_come_first_then_the_newest() -> None:
    listed = in_order([facts(1, is_critical=True), facts(3), facts(2)], AlertFilter())
    assert ids(listed) == [1, 3, 2]


@schedules(60, steps=1)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30, unique=True),
    st.integers(1, 7),
    st.sets(st.integers(0, 30)),
)
def test_pages_neither_skip_nor_repeat_an_alert_while_others_come_and_go(
    made: list[tuple[int, bool]], size: int, closed: set[int]
) -> None:
    all_facts = [
        facts(number, at_utc_us=NOW_US + at, is_critical=is_critical)
        for number, (at, is_critical) in enumerate(made)
    ]
    seen: list[UUID] = []
    after: Rank | None = None
    listed = in_order(all_facts, AlertFilter())
    gone: set[UUID] = set()
    while True:
        here = page(listed, size=size, after=after)
        seen += here.alert_ids
        assert len(here.alert_ids) <= size
        if here.next_after is None:
            break
        after = here.next_after
        gone = {one.alert_id for number, one in enumerate(all_facts) if number in closed}
        newer = facts(99, at_utc_us=NOW_US + 100, is_critical=True)
        listed = in_order(
            [newer, *(one for one in all_facts if one.alert_id not in gone)], AlertFilter()
        )
    assert len(seen) == len(set(seen))
    assert {one.alert_id for one in all_facts} - gone <= set(seen)


def test_groups_count_and_the_one_with_the_newest_alert_is_first() -> None:
    listed = [
        facts(1),
        facts(2, area_ids=(BRIDGE, TOWN), node_id=OTHER),
        facts(3, is_open=False, is_ongoing=True),
        facts(0, area_ids=()),
    ]
    market, bridge, everywhere = groups(listed, "place")
    assert (market.key, bridge.key, everywhere.key) == (MARKET, BRIDGE, None)
    assert [one.int - 1000 for one in market.alert_ids] == [3, 1]
    assert (market.open_count, market.ongoing_count) == (1, 1)
    assert [one.key for one in groups(listed, "node")] == [NODE, OTHER]


def test_choices_are_counted_with_the_areas_above() -> None:
    listed = [facts(1), facts(2, area_ids=(BRIDGE, TOWN), kind="crowd")]
    assert by_area(listed) == {MARKET: 1, BRIDGE: 1, TOWN: 2}
    assert by_subject(listed) == {"person": 1, "crowd": 1}
