"""How long footage is kept: the nearest rule applies, and held footage is never chosen."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.footage.retention.rules import (
    DAY_US,
    FootageClass,
    Hold,
    RetentionRule,
    StoredFootage,
    is_held,
    overdue,
    rule_for,
    to_make_room,
)

pytestmark = pytest.mark.promise(
    "Seal and footage store: The hub keeps footage by class, area and hold."
)

COMMUNE, QUARTER, JUNCTION, ELSEWHERE = (uuid4() for _ in range(4))
PARENTS = {COMMUNE: None, QUARTER: COMMUNE, JUNCTION: QUARTER, ELSEWHERE: None}
NOW_US = 1_795_000_000_000_000
ALERT, SIGHTING = FootageClass.ALERT, FootageClass.SIGHTING
CAMERA = uuid4()


def rule(area: UUID | None, days: int | None, footage_class: FootageClass = ALERT) -> RetentionRule:
    return RetentionRule(uuid4(), area, footage_class, days)


def footage(
    *,
    age_days: float = 0,
    alert: UUID | None = None,
    area: UUID = JUNCTION,
    is_held: bool = False,
    size_bytes: int = 100,
    error_ms: int | None = 20,
) -> StoredFootage:
    first_us = NOW_US - round(age_days * DAY_US)
    return StoredFootage(
        media_id=uuid4(),
        camera_id=CAMERA,
        area_id=area,
        alert_ids=frozenset() if alert is None else frozenset({alert}),
        first_utc_us=first_us,
        error_ms=error_ms,
        duration_ms=10_000,
        announced_utc_us=first_us + 15_000_000,
        size_bytes=size_bytes,
        is_held=is_held,
    )


def test_the_nearest_rule_above_a_camera_counts_and_then_that_for_everywhere() -> None:
    everywhere, commune, junction = rule(None, 30), rule(COMMUNE, 90), rule(JUNCTION, 7)
    rules = [everywhere, commune, junction, rule(QUARTER, 1, SIGHTING)]
    for area, expected in (
        (JUNCTION, junction),
        (QUARTER, commune),
        (COMMUNE, commune),
        (ELSEWHERE, everywhere),
    ):
        assert rule_for(ALERT, area, rules, PARENTS) == expected
    assert rule_for(SIGHTING, ELSEWHERE, rules, PARENTS) is None


def test_a_ring_of_areas_ends() -> None:
    one, other = uuid4(), uuid4()
    assert rule_for(ALERT, one, [], {one: other, other: one}) is None


def test_what_its_rule_keeps_no_longer_goes_and_nothing_else() -> None:
    rules = [rule(None, 30), rule(None, 3, SIGHTING), rule(QUARTER, None)]
    old = footage(age_days=31, alert=uuid4(), area=ELSEWHERE)
    seen = footage(age_days=4, area=ELSEWHERE)
    kept = [
        footage(age_days=29, alert=uuid4(), area=ELSEWHERE),
        footage(age_days=2, area=ELSEWHERE),
        footage(age_days=400, alert=uuid4(), area=JUNCTION),  # kept for good by its quarter
        footage(age_days=400, area=ELSEWHERE, is_held=True),
    ]
    gone = overdue([old, seen, *kept], rules, PARENTS, now_utc_us=NOW_US)
    assert [(one.media_id, one.rule_id) for one in gone] == [
        (old.media_id, rules[0].rule_id),
        (seen.media_id, rules[1].rule_id),
    ]


def test_without_a_rule_everything_is_kept() -> None:
    assert overdue([footage(age_days=9999)], [], PARENTS, now_utc_us=NOW_US) == []


def test_a_clock_that_nobody_vouches_for_makes_nothing_old() -> None:
    young = footage(age_days=20_000, error_ms=None)  # a node that believes it is 1970
    young = StoredFootage(**{**_fields(young), "announced_utc_us": NOW_US})
    assert overdue([young], [rule(None, 1, SIGHTING)], PARENTS, now_utc_us=NOW_US) == []


def test_room_is_made_of_sightings_before_alerts_and_of_the_old_before_the_young() -> None:
    alert = uuid4()
    items = [
        footage(age_days=50, alert=alert),
        footage(age_days=1),
        footage(age_days=9),
        footage(age_days=60, alert=alert),
        footage(age_days=99, is_held=True),
    ]
    chosen = [one.media_id for one in to_make_room(items, wanted_bytes=350)]
    assert chosen == [items[index].media_id for index in (2, 1, 3, 0)]
    assert to_make_room(items, wanted_bytes=0) == []
    assert len(to_make_room(items, wanted_bytes=101)) == 2


items = st.builds(
    footage,
    age_days=st.floats(0, 500),
    alert=st.none() | st.uuids(),
    area=st.sampled_from([COMMUNE, QUARTER, JUNCTION, ELSEWHERE]),
    is_held=st.booleans(),
    size_bytes=st.integers(0, 10**9),
    error_ms=st.none() | st.integers(0, 10**6),
)
rules_of = st.lists(
    st.builds(
        rule,
        st.sampled_from([None, COMMUNE, QUARTER, JUNCTION]),
        st.none() | st.integers(1, 400),
        st.sampled_from(list(FootageClass)),
    ),
    max_size=6,
)


@pytest.mark.promise("Seal and footage store: Held footage stays at a full disk of the hub.")
@given(st.lists(items, max_size=20), rules_of, st.integers(0, 10**11))
def test_what_is_held_is_never_chosen(
    found: Sequence[StoredFootage], rules: list[RetentionRule], wanted_bytes: int
) -> None:
    chosen = [
        *overdue(found, rules, PARENTS, now_utc_us=NOW_US),
        *to_make_room(found, wanted_bytes=wanted_bytes),
    ]
    held = {item.media_id for item in found if item.is_held}
    assert held.isdisjoint(one.media_id for one in chosen)


def test_a_hold_reaches_one_file_an_alert_or_a_cameras_span_with_its_doubt() -> None:
    alert = uuid4()
    item = footage(alert=alert)
    first, last = item.first_utc_us, item.first_utc_us + 10_000_000
    for hold, reaches in (
        (Hold(media_id=item.media_id), True),
        (Hold(media_id=uuid4()), False),
        (Hold(alert_id=alert), True),
        (Hold(alert_id=uuid4()), False),
        (Hold(camera_id=CAMERA), True),
        (Hold(camera_id=uuid4()), False),
        (Hold(camera_id=CAMERA, from_utc_us=last + 20_000), True),
        (Hold(camera_id=CAMERA, from_utc_us=last + 20_001), False),
        (Hold(camera_id=CAMERA, until_utc_us=first - 20_000), True),
        (Hold(camera_id=CAMERA, until_utc_us=first - 20_001), False),
    ):
        assert is_held(item, [hold]) is reaches, hold


def test_footage_of_a_clock_without_a_voucher_is_held_when_it_may_show_the_span() -> None:
    item = footage(error_ms=None)
    come = item.announced_utc_us
    assert is_held(item, [Hold(camera_id=CAMERA, from_utc_us=come, until_utc_us=come)])
    assert is_held(item, [Hold(camera_id=CAMERA, from_utc_us=1, until_utc_us=2)])
    assert not is_held(item, [Hold(camera_id=CAMERA, from_utc_us=come + 1)])


def _fields(item: StoredFootage) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__dataclass_fields__}
