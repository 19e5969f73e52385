"""Retention rules and holds on a real store, and the repair after a crash."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from hub.access.rules.grants import Right
from hub.alerting.alerts.tables import alerts, sightings
from hub.app.blob_owners import BLOB_OWNERS
from hub.base.audit.log import By
from hub.base.audit.tables import audit
from hub.base.db.columns import columns
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.base.storage.blobs import StoredBlob
from hub.console.service import InboxService
from hub.footage.retention import holds
from hub.footage.retention import rows as retention_rows
from hub.footage.retention.reconcile import ManyLostError, Reconciler
from hub.footage.retention.remover import mark_removed
from hub.footage.retention.rules import DAY_US, FootageClass, Hold, is_held
from hub.footage.retention.service import RetentionService
from hub.footage.retention.tables import holds as hold_rows
from hub.footage.tables import media, media_sightings
from hub.footage.upload.service import UploadRefusedError
from hub.nodes.spool.gaps import ask_for_files
from hub.registry.tables import cameras
from tests.hub.helpers.footage.remover import DAY_S, alert_with_clip, is_here, keep, remover, row_of
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.rigs.streets import EVERYTHING, Streets, picture, sha
from tests.schedules import tries

pytestmark = pytest.mark.promise(
    "Seal and footage store: The hub keeps footage by class, area and hold."
)

SHELL = By(came_from="shell")


def sweep(streets: Streets) -> Reconciler:
    return Reconciler(
        streets.db,
        owners=BLOB_OWNERS,
        blobs=streets.blobs,
        clock=streets.clock,
        change_signal=streets.change_signal,
        policy=streets.policy,
    )


def hold(streets: Streets, wanted: Hold, *, by: By = SHELL) -> UUID:
    with streets.db.writing() as conn:
        return holds.place_hold(
            conn, wanted, case_number="A-7/2026", reason="theft", by=by, now=streets.clock.now()
        )


@pytest.mark.promise("Audit and data protection: Deletion is logged with a proof.")
def test_a_clip_goes_when_its_rule_says_and_its_page_tells_by_which(streets: Streets) -> None:
    an = streets.officer("an")
    alert_id = alert_with_clip(streets, b"old")
    rule_id = keep(streets, 30, area=streets.commune)
    streets.clock.pass_s(29 * DAY_S)
    young = alert_with_clip(streets, b"young")
    assert remover(streets).remove_overdue() == 0
    streets.clock.pass_s(2 * DAY_S)
    assert remover(streets).remove_overdue() == 1
    assert not is_here(streets, b"old")
    assert is_here(streets, b"young")
    shown = {row.id: row.clip_id for row in streets.rows(alerts)}
    assert (shown[alert_id], shown[young] is not None) == (None, True)
    [line] = [row for row in streets.rows(audit) if row.act == "media.remove"]
    assert line.seq is not None and "sha256" in detail_of(line)  # bound to the line before it
    assert f"rule {rule_id}" in detail_of(line) and sha(b"old") in detail_of(line)
    page = streets.services.use(InboxService).alert(an, alert_id)
    assert page is not None
    removed = page.media[0].removed
    assert removed is not None
    assert (removed.why, removed.keep_days, removed.area) == ("rule", 30, "Tân Khai")
    assert (removed.reason, removed.at_utc_us) == ("decision 12", streets.clock.now().utc_us)


def test_by_a_clock_that_jumped_nothing_is_too_old(streets: Streets) -> None:
    alert_with_clip(streets, b"old")
    keep(streets, 30, area=streets.commune)
    streets.clock.pass_s(365 * DAY_S)
    right = streets.clock.moment
    streets.clock.moment = replace(right, error_ms=None, is_doubted=True)
    assert remover(streets).remove_overdue() == 0
    streets.clock.moment = right
    assert remover(streets).remove_overdue() == 1


@pytest.mark.promise(
    "Audit and data protection: Retention applies by area, and its reason is shown."
)
def test_an_areas_own_rule_beats_the_one_above_it(streets: Streets) -> None:
    keep(streets, 30, area=streets.commune)
    keep(streets, 90, area=streets.bridge)
    alert_with_clip(streets, b"junction")
    alert_with_clip(streets, b"bridge", streets.other)
    streets.clock.pass_s(31 * DAY_S)
    remover(streets).remove_overdue()
    assert not is_here(streets, b"junction")
    assert is_here(streets, b"bridge")
    keep(streets, 31, area=streets.bridge)
    streets.clock.pass_s(DAY_S)
    remover(streets).remove_overdue()
    assert not is_here(streets, b"bridge")


def test_what_a_rule_removed_is_neither_taken_nor_asked_for_again(streets: Streets) -> None:
    keep(streets, 1)
    alert_with_clip(streets, b"old")
    streets.clock.pass_s(2 * DAY_S)
    remover(streets).remove_overdue()
    with pytest.raises(UploadRefusedError, match="does not accept it again"):
        streets.bring(b"old")
    with streets.db.writing() as conn:
        asked = ask_for_files(
            conn,
            now=streets.clock.now(),
            after_s=1,
            again_s=1,
            until_s=99 * DAY_S,
            at_most=9,
        )
    assert asked == []


@pytest.mark.promise("Seal and footage store: Held footage stays at a full disk of the hub.")
@pytest.mark.promise("Cases and evidence: A legal hold has priority over retention and full disks.")
def test_held_footage_outlives_its_rule_and_a_full_disk_until_the_hold_ends(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(streets, 1)
    held_alert = alert_with_clip(streets, b"held by alert")
    alert_with_clip(streets, b"held by camera", streets.other)
    streets.clock.pass_s(600)
    alert_with_clip(streets, b"free")
    hold(streets, Hold(alert_id=held_alert))
    [_, bridge] = streets.rows(cameras)
    hold(streets, Hold(camera_id=UUID(str(bridge.id)), from_utc_us=1))
    streets.clock.pass_s(9 * DAY_S)
    monkeypatch.setattr(type(streets.blobs), "free_bytes", lambda _: -(2**40))
    both = remover(streets, makes_room=True)
    assert (both.remove_overdue(), both.make_room()) == (1, 0)
    assert is_here(streets, b"held by alert")
    assert is_here(streets, b"held by camera")
    with streets.db.writing() as conn:
        ended = holds.end_holds(
            conn, case_number="A-7/2026", reason="closed", by=SHELL, now=streets.clock.now()
        )
    assert ended == 2
    assert both.remove_overdue() == 2
    assert [act for act in streets.acts() if act.startswith("hold.")] == ["hold.add"] * 2 + [
        "hold.end"
    ] * 2


def test_a_full_disk_costs_what_is_worth_least_only_where_that_was_asked_for(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert_with_clip(streets, b"alert")
    streets.file(streets.node.clip(uuid4(), content=b"sighting"))
    streets.bring(b"sighting")
    monkeypatch.setattr("hub.footage.retention.remover.MARGIN_BYTES", 1)
    monkeypatch.setattr(type(streets.blobs), "free_bytes", lambda _: 0)
    assert remover(streets, makes_room=True).make_room() == 0, "the disk is not full"
    monkeypatch.setattr(type(streets.blobs), "free_bytes", lambda _: -1)
    assert remover(streets).make_room() == 0
    assert is_here(streets, b"sighting")
    assert remover(streets, makes_room=True).make_room() == 1
    assert not is_here(streets, b"sighting")
    assert is_here(streets, b"alert")
    assert row_of(streets, b"sighting").removed_why == "full"


def test_a_picture_that_goes_leaves_the_next_best_in_its_place(streets: Streets) -> None:
    sighting = uuid4()
    streets.file(streets.node.opened(sighting, picture=picture(b"first")))
    streets.bring(b"first")
    keep(streets, 30)
    streets.clock.pass_s(5)
    streets.file(streets.node.updated(sighting, picture=picture(b"better")))
    streets.bring(b"better")
    hold(streets, Hold(media_id=UUID(str(row_of(streets, b"first").id))))
    streets.clock.pass_s(31 * DAY_S)
    remover(streets).remove_overdue()
    assert streets.rows(alerts)[0].picture_id == row_of(streets, b"first").id


def test_one_file_of_two_nodes_stays_as_long_as_one_of_them_is_kept(streets: Streets) -> None:
    keep(streets, 1, area=streets.junction)
    for mouth in (streets.node, streets.other):
        alert_with_clip(streets, b"same", mouth)
    streets.clock.pass_s(2 * DAY_S)
    assert remover(streets).remove_overdue() == 1
    assert streets.blobs.has(sha(b"same"))


def test_a_crash_between_row_and_file_is_mended_by_the_sweep(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(streets, 1)
    alert_with_clip(streets, b"old")
    streets.clock.pass_s(2 * DAY_S)

    def die(_: object, sha256: str) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(type(streets.blobs), "remove", die)
        remover(streets).remove_overdue()
    assert row_of(streets, b"old").stored_utc_us is None
    assert streets.blobs.has(sha(b"old"))
    streets.clock.moment = Moment(time.time_ns() // 1000, 5)
    assert sweep(streets).run().orphans == 0, "it may be of an upload under way"
    os.utime(streets.blobs.path(sha(b"old")), (1, 1))
    assert sweep(streets).run().orphans == 1
    assert not is_here(streets, b"old")


def test_a_vanished_file_is_marked_lost_and_welcome_again(streets: Streets) -> None:
    an = streets.officer("an")
    alert_id = alert_with_clip(streets, b"lost")
    alert_with_clip(streets, b"here", streets.other)
    streets.blobs.remove(sha(b"lost"))
    swept = sweep(streets).run()
    assert (swept.rows, swept.lost, swept.orphans) == (2, 1, 0)
    assert not is_here(streets, b"lost")
    assert is_here(streets, b"here")
    page = streets.services.use(InboxService).alert(an, alert_id)
    assert page is not None and page.row.clip_id is None
    assert page.media[0].removed is not None and page.media[0].removed.why == "lost"
    streets.clock.pass_s(1000)
    with streets.db.writing() as conn:
        [asked] = ask_for_files(
            conn, now=streets.clock.now(), after_s=900, again_s=1, until_s=DAY_S, at_most=9
        )
    assert asked.hashes == (sha(b"lost"),)
    assert streets.bring(b"lost")
    assert is_here(streets, b"lost")
    assert row_of(streets, b"lost").removed_utc_us is None
    assert "media.lost" in streets.acts()


@pytest.mark.parametrize("meanwhile", ["erased", "back"])
def test_what_changes_while_the_sweep_looks_at_all_files_is_not_marked_lost(
    streets: Streets, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    alert_with_clip(streets, b"gone")
    alert_with_clip(streets, b"here", streets.other)
    streets.blobs.remove(sha(b"gone"))
    walk = streets.blobs.walk

    def changing(shelf: str) -> Iterator[StoredBlob]:
        if shelf == "ff" and meanwhile == "back":
            assert streets.bring(b"gone")
        elif shelf == "ff":
            row = row_of(streets, b"gone")
            with streets.db.writing() as conn:
                mark_removed(conn, row.id, why="asked", now=streets.clock.now())
        return walk(shelf)

    monkeypatch.setattr(streets.blobs, "walk", changing)
    assert sweep(streets).run().lost == 0
    row = row_of(streets, b"gone")
    assert (row.stored_utc_us is not None) == (meanwhile == "back")
    assert row.removed_why == {"back": None, "erased": "asked"}[meanwhile]


def test_a_store_that_is_not_mounted_is_not_taken_for_lost_footage(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.footage.retention.reconcile.FEW", 1)
    for content in (b"1", b"2", b"3"):
        alert_with_clip(streets, content)
        streets.clock.pass_s(300)
        streets.blobs.remove(sha(content))
    with pytest.raises(ManyLostError, match=r"3 of 3 stored files .* mounted"):
        sweep(streets).run()
    assert all(row.stored_utc_us is not None for row in streets.rows(media))
    assert sweep(streets).run(believes_all=True).lost == 3


def test_a_hub_that_ends_waits_for_a_page_and_not_for_the_whole_store(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.footage.retention.remover.PAGE", 1)
    keep(streets, 1)
    for content in (b"1", b"2", b"3"):
        alert_with_clip(streets, content)
        streets.clock.pass_s(300)
    streets.clock.pass_s(2 * DAY_S)
    assert remover(streets).remove_overdue(lambda: True) == 1
    streets.blobs.remove(sha(b"3"))
    assert sweep(streets).run(lambda: True).rows == 0
    assert row_of(streets, b"3").stored_utc_us is not None


def test_a_hold_names_one_thing_that_is_there_with_case_and_reason(streets: Streets) -> None:
    alert_id = alert_with_clip(streets, b"clip")
    for wanted in (
        Hold(),
        Hold(alert_id=alert_id, media_id=uuid4()),
        Hold(alert_id=uuid4()),
        Hold(camera_id=uuid4()),
        Hold(camera_id=UUID(str(streets.rows(cameras)[0].id)), from_utc_us=2, until_utc_us=1),
        Hold(camera_id=UUID(str(streets.rows(cameras)[0].id)), from_utc_us=-62_135_596_800_000_000),
    ):
        with pytest.raises(RegistryError):
            hold(streets, wanted)
    with streets.db.writing() as conn, pytest.raises(RegistryError, match="case number"):
        holds.place_hold(
            conn,
            Hold(alert_id=alert_id),
            case_number=" ",
            reason="r",
            by=SHELL,
            now=streets.clock.now(),
        )


def test_a_person_holds_only_what_they_may_see(streets: Streets) -> None:
    alert_id = alert_with_clip(streets, b"clip")
    inside = streets.officer("an", area=streets.junction, rights=EVERYTHING)
    outside = streets.officer("binh", area=streets.bridge, rights=EVERYTHING)
    exports = streets.officer("chi", area=streets.junction, rights=Right.EXPORT)
    manages = streets.officer("dung", area=streets.bridge, rights=Right.MANAGE)
    told = [
        streets.services.use(RetentionService).may_hold_alert(one, alert_id)
        for one in (exports, manages, inside)
    ]
    assert told == [True, False, False]
    camera_id = UUID(str(streets.rows(cameras)[0].id))
    media_id = UUID(str(row_of(streets, b"clip").id))
    for wanted in (Hold(alert_id=alert_id), Hold(media_id=media_id), Hold(camera_id=camera_id)):
        with pytest.raises(RegistryError, match="not visible to them"):
            hold(streets, wanted, by=By(person_id=outside.person_id))
        hold(streets, wanted, by=By(person_id=inside.person_id))
    with streets.db.reading() as conn:
        assert len(holds.list_holds(conn, "A-7/2026")) == len(holds.list_holds(conn)) == 3


spans = st.integers(0, 4 * DAY_US)
worlds = st.lists(
    st.tuples(
        st.sampled_from(["media", "alert", "camera"]),
        st.integers(0, 3),
        spans,
        st.none() | spans,
        st.booleans(),
    ),
    max_size=5,
)
stamps = st.lists(
    st.tuples(spans, st.none() | st.integers(0, 90_000_000), st.integers(0, DAY_US // 1000)),
    min_size=4,
    max_size=4,
)


@pytest.mark.promise("Seal and footage store: Held footage stays at a full disk of the hub.")
@settings(max_examples=tries(40))
@given(worlds, stamps)
def test_database_and_plain_rule_agree_on_what_is_held(
    streets: Streets, wanted: list[Any], times: list[Any]
) -> None:
    base_us = streets.clock.now().utc_us
    if not streets.rows(media):
        for number in range(4):
            alert_with_clip(streets, b"%d" % number, (streets.node, streets.other)[number % 2])
            streets.clock.pass_s(300)
    rows = streets.rows(media)
    alert_ids = [row.id for row in streets.rows(alerts)]
    camera_ids = [row.id for row in streets.rows(cameras)]
    with pytest.raises(_EnoughError), streets.db.writing() as conn:
        for row, (first, error_ms, duration_ms) in zip(rows, times, strict=True):
            values = {"first_frame_utc_us": base_us + first, "first_frame_error_ms": error_ms}
            conn.execute(
                update(media)
                .where(media.c.id == row.id)
                .values(**values, duration_ms=duration_ms, announced_utc_us=base_us + first)
            )
        counting = []
        for kind, which, start, length, is_ended in wanted:
            until = None if length is None else base_us + start + length
            one = {
                "media": Hold(media_id=rows[which].id),
                "alert": Hold(alert_id=alert_ids[which]),
                "camera": Hold(
                    camera_id=camera_ids[which % 2],
                    from_utc_us=base_us + start,
                    until_utc_us=until,
                ),
            }[kind]
            counting += [] if is_ended else [one]
            conn.execute(_insert_hold(one, is_ended, streets.clock.now()))
        found = retention_rows.stored_footage(conn, limit=10)
        assert len(found) == 4
        for item in found:
            assert item.is_held == is_held(item, counting), (item, counting)
        _roll_back()


class _EnoughError(Exception):
    """Rolls the world back."""


def _roll_back() -> None:
    raise _EnoughError


def _insert_hold(one: Hold, is_ended: bool, now: Moment) -> Any:
    return insert(hold_rows).values(
        id=uuid4(),
        case_number="1",
        media_id=one.media_id,
        alert_id=one.alert_id,
        camera_id=one.camera_id,
        reason="r",
        **columns("from", None if one.camera_id is None else Moment(one.from_utc_us, 0)),
        **columns("until", None if one.until_utc_us is None else Moment(one.until_utc_us, 0)),
        **columns("placed", now),
        **columns("ended", now if is_ended else None),
    )


def test_footage_is_of_an_alert_only_through_its_own_cameras_sightings(streets: Streets) -> None:
    alert_with_clip(streets, b"mine")
    [sighting] = streets.rows(sightings)
    streets.file(streets.other.clip(UUID(str(sighting.id)), content=b"foreign"))
    streets.bring(b"foreign", node="cau-moi")
    with streets.db.reading() as conn:
        found = retention_rows.stored_footage(conn, limit=9)
        in_sql = {
            row.id for row in conn.execute(select(media.c.id).where(retention_rows.is_of_alert()))
        }
        assert len(conn.execute(select(media_sightings)).all()) == 2
    classes = {item.media_id: item.footage_class for item in found}
    assert classes == {
        row_of(streets, b"mine").id: FootageClass.ALERT,
        row_of(streets, b"foreign").id: FootageClass.SIGHTING,
    }
    assert in_sql == {row_of(streets, b"mine").id}
