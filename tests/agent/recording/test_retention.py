"""Retention: which footage is removed and which never is; every rule on plain values."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.journal import FootageClass, MediaKind, StoredFile
from agent.recording.store.retention import (
    LOWEST_FIRST,
    ClassBounds,
    Retention,
    RetentionPlan,
    plan_retention,
)

NOW_US = 1_790_000_000_000_000
DAY_S = 86_400.0
NO_BOUND = 2**60


def kept(
    name: str = "a",
    *,
    age_s: float = 0,
    size_bytes: int = 100,
    state: str = "done",
    of: FootageClass = FootageClass.SIGHTING,
    is_held: bool = False,
    kind: MediaKind = MediaKind.CLIP,
    added_utc_us: int | None = None,
) -> StoredFile:
    return StoredFile(
        sha256=name,
        kind=kind,
        path=Path(name),
        size_bytes=size_bytes,
        state=state,
        added_utc_us=NOW_US - round(age_s * 1e6) if added_utc_us is None else added_utc_us,
        footage_class=of,
        is_held=is_held,
        number=NOW_US - round(age_s * 1e6),
    )


def shelf_of(max_bytes: int = NO_BOUND, spare_bytes: int = 0, **classes: ClassBounds) -> Retention:
    named = {FootageClass(name): bounds for name, bounds in classes.items()}
    return Retention(max_bytes=max_bytes, spare_bytes=spare_bytes, classes=named)


def judged(
    items: list[StoredFile], retention: Retention, *, free_bytes: int = NO_BOUND
) -> RetentionPlan:
    return plan_retention(items, retention, now_utc_us=NOW_US, free_bytes=free_bytes)


def names(verdict: RetentionPlan) -> list[str]:
    return [one.item.sha256 for one in verdict.removals]


def test_within_its_bounds_nothing_goes() -> None:
    assert judged([kept("a"), kept("b")], shelf_of(max_bytes=200)) == RetentionPlan((), 200, 0)


@pytest.mark.promise("Clips: A full disk removes the lowest footage class first.")
def test_the_lowest_class_goes_first_however_young() -> None:
    items = [
        kept("alert", of=FootageClass.ALERT, age_s=300),
        kept("sighting", age_s=200),
        kept("continuous", of=FootageClass.CONTINUOUS, state="kept"),
    ]
    assert names(judged(items, shelf_of(max_bytes=250))) == ["continuous"]
    assert names(judged(items, shelf_of(max_bytes=150))) == ["continuous", "sighting"]
    assert names(judged(items, shelf_of(max_bytes=0))) == ["continuous", "sighting", "alert"]


@pytest.mark.promise("Clips: A full disk removes the lowest footage class first.")
def test_in_a_class_what_the_hub_has_goes_before_what_it_lacks_and_then_the_oldest() -> None:
    items = [
        kept("owed, old", state="due", age_s=900),
        kept("refused", state="refused", age_s=800),
        kept("brought, young", age_s=1),
        kept("brought, old", age_s=500),
    ]
    order = ["brought, old", "brought, young", "owed, old", "refused"]
    assert names(judged(items, shelf_of(max_bytes=0))) == order


def test_a_picture_outlives_a_clip_of_its_class() -> None:
    items = [kept("picture", kind=MediaKind.PICTURE, age_s=9), kept("clip")]
    assert names(judged(items, shelf_of(max_bytes=100))) == ["clip"]


@pytest.mark.promise("Clips: Each footage class is kept for its own time and size.")
def test_each_class_is_kept_for_its_own_time() -> None:
    week = ClassBounds(max_age_s=7 * DAY_S)
    items = [
        kept("old alert", of=FootageClass.ALERT, age_s=8 * DAY_S),
        kept("old sighting", age_s=8 * DAY_S),
        kept("new sighting", age_s=6 * DAY_S),
    ]
    verdict = judged(items, shelf_of(sighting=week))
    assert [(one.item.sha256, one.why) for one in verdict.removals] == [("old sighting", "age")]


@pytest.mark.promise("Clips: Each footage class is kept for its own time and size.")
def test_each_class_may_take_its_own_bytes_and_pushes_out_no_other() -> None:
    items = [
        kept("alert", of=FootageClass.ALERT, age_s=9),
        *(kept(f"hour {n}", of=FootageClass.CONTINUOUS, age_s=10 - n) for n in range(3)),
    ]
    verdict = judged(items, shelf_of(continuous=ClassBounds(max_bytes=150)))
    assert names(verdict) == ["hour 0", "hour 1"]


def test_what_was_kept_by_a_clock_that_was_never_set_has_no_age() -> None:
    day = ClassBounds(max_age_s=DAY_S)
    items = [kept("1970", added_utc_us=5_000_000), kept("tomorrow", age_s=-DAY_S)]
    assert names(judged(items, shelf_of(sighting=day))) == []


def test_a_disk_without_room_for_others_makes_the_shelf_give() -> None:
    items = [kept("old", age_s=2), kept("new", age_s=1)]
    assert names(judged(items, shelf_of(spare_bytes=500), free_bytes=450)) == ["old"]


def test_room_is_what_could_be_kept_beside_what_is_held() -> None:
    items = [kept("held", is_held=True, size_bytes=500), kept("free")]
    verdict = judged(items, shelf_of(max_bytes=400))
    assert (names(verdict), verdict.room_bytes, verdict.held_bytes) == (["free"], -100, 500)
    assert judged(items, shelf_of(max_bytes=800)).room_bytes == 300
    assert judged(items, shelf_of(spare_bytes=70), free_bytes=50).room_bytes == 80


sizes = st.integers(0, 1000)
stock = st.lists(
    st.builds(
        kept,
        name=st.uuids().map(str),
        age_s=st.floats(-DAY_S, 100 * DAY_S),
        size_bytes=sizes,
        state=st.sampled_from(["waiting", "due", "done", "refused", "kept"]),
        of=st.sampled_from(FootageClass),
        is_held=st.booleans(),
        kind=st.sampled_from(MediaKind),
    ),
    max_size=25,
)
bounds = st.builds(
    ClassBounds,
    max_age_s=st.one_of(st.just(math.inf), st.floats(0, 50 * DAY_S)),
    max_bytes=st.one_of(st.just(math.inf), sizes),
)
retentions = st.builds(
    Retention,
    max_bytes=st.integers(0, 20_000),
    spare_bytes=sizes,
    classes=st.dictionaries(st.sampled_from(FootageClass), bounds),
)
free = st.integers(0, 2000)


@pytest.mark.promise("Clips: Held footage is never removed.")
@pytest.mark.promise("Cases and evidence: A legal hold has priority over retention and full disks.")
@pytest.mark.promise("Cases and evidence: Nothing under hold is deleted.")
@given(stock, retentions, free)
def test_what_is_held_is_never_removed(
    items: list[StoredFile], retention: Retention, free_bytes: int
) -> None:
    verdict = judged(items, retention, free_bytes=free_bytes)
    assert not any(one.item.is_held for one in verdict.removals)


@given(stock, retentions, free)
def test_what_is_left_fits_or_only_held_footage_is_left(
    items: list[StoredFile], retention: Retention, free_bytes: int
) -> None:
    verdict = judged(items, retention, free_bytes=free_bytes)
    gone = set(names(verdict))
    left = [one for one in items if one.sha256 not in gone]
    total = sum(one.size_bytes for one in left)
    freed = sum(one.item.size_bytes for one in verdict.removals)
    fits = total <= retention.max_bytes and free_bytes + freed >= retention.spare_bytes
    assert fits or verdict.room_bytes < 0
    assert fits or all(one.is_held for one in left)


@pytest.mark.promise("Clips: A full disk removes the lowest footage class first.")
@given(stock, retentions, free)
def test_nothing_goes_for_room_while_a_lower_class_is_left(
    items: list[StoredFile], retention: Retention, free_bytes: int
) -> None:
    verdict = judged(items, retention, free_bytes=free_bytes)
    for_room = [one.item for one in verdict.removals if one.why == "room"]
    gone = set(names(verdict))
    for one in for_room:
        lower = LOWEST_FIRST[: LOWEST_FIRST.index(one.footage_class)]
        assert not any(
            left.footage_class in lower and not left.is_held and left.sha256 not in gone
            for left in items
        )


@given(stock, retentions, free)
def test_a_second_look_after_the_first_changes_nothing(
    items: list[StoredFile], retention: Retention, free_bytes: int
) -> None:
    first = judged(items, retention, free_bytes=free_bytes)
    gone = set(names(first))
    freed = sum(one.item.size_bytes for one in first.removals)
    left = [one for one in items if one.sha256 not in gone]
    second = judged(left, retention, free_bytes=free_bytes + freed)
    assert second.removals == ()
    assert second.room_bytes == first.room_bytes
