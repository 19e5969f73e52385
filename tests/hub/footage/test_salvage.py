"""The uploaded part of an unfinished clip of a dead node: kept, held and removed like other
footage."""

import os
import struct
import tracemalloc
from pathlib import Path
from uuid import uuid4

import pytest

from hub.access.rules.grants import Right
from hub.app.blob_owners import BLOB_OWNERS
from hub.base.audit.log import By
from hub.base.audit.tables import audit
from hub.base.storage.partial_files import MOST_PER_NODE
from hub.footage.growing.salvage import TAKEN_IN_AFTER_S, played_ms
from hub.footage.retention import holds, rows
from hub.footage.retention.remover import Remover
from hub.footage.retention.rules import FootageClass, Hold
from hub.footage.tables import growing_clips, media
from tests.hub.helpers.footage.growing import Clip, page_of
from tests.hub.helpers.footage.salvage import fragments, hold, remains, silent_for
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.rigs.streets import Streets, sha

pytestmark = pytest.mark.promise("Clips: Retention and holds apply to partial clips too.")

DAY_S = 86_400


def remover(streets: Streets) -> Remover:
    return Remover(
        streets.db,
        owners=BLOB_OWNERS,
        blobs=streets.blobs,
        clock=streets.clock,
        change_signal=streets.change_signal,
    )


def cut_off(streets: Streets) -> tuple[Clip, bytes]:
    """A clip of which six seconds came, a day and a bit ago."""
    clip, data = Clip(streets), fragments(3)
    clip.bring(data)
    silent_for(streets, TAKEN_IN_AFTER_S + 60)
    return clip, data


def keep_for_days(streets: Streets, footage_class: FootageClass, days: int) -> None:
    with streets.db.writing() as conn:
        rows.set_rule(
            conn,
            footage_class=footage_class,
            area_id=streets.commune,
            keep_days=days,
            reason="the law",
            now=streets.clock.now(),
        )


def test_only_whole_fragments_count_as_played(tmp_path: Path) -> None:
    for count in (0, 1, 3):
        (tmp_path / "part").write_bytes(fragments(count))
        assert played_ms(tmp_path / "part") == count * 2000
    (tmp_path / "part").write_bytes(b"no film at all")
    assert played_ms(tmp_path / "part") == 0


def test_the_pictures_of_a_clip_are_not_read_to_see_how_long_it_is(tmp_path: Path) -> None:
    path, large = tmp_path / "part", 256 * 2**20
    path.write_bytes(fragments(2))
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", large, b"mdat"))
        file.truncate(file.tell() + large - 8)
    tracemalloc.start()
    try:
        assert played_ms(path) == 6000  # the third fragment had begun
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_what_is_left_of_a_clip_becomes_footage_and_its_page_says_so(streets: Streets) -> None:
    clip, data = cut_off(streets)
    assert remains(streets).take_in() == 1
    [row] = streets.rows(media)
    assert (row.kind, row.sha256, row.duration_ms) == ("clip", sha(data), 6000)
    assert streets.blobs.has(row.sha256)
    page = page_of(streets, clip)
    assert page.growing == ()
    [shown] = page.media
    assert (shown.is_stored, shown.is_remains) == (True, True)
    assert streets.playback.watch_clip(streets.officer("binh"), clip.clip_id) == row.id
    details = [detail_of(one) for one in streets.rows(audit) if one.act == "media.store"]
    assert ["left of an unfinished clip" in one for one in details] == [True]
    assert remains(streets).take_in() == 0, "once"


def test_what_a_node_sent_of_the_whole_before_it_died_is_kept(streets: Streets) -> None:
    """The part has the name of the whole file by then, because its node had begun the rest."""
    clip, whole = Clip(streets), fragments(9)
    clip.bring(whole[: len(whole) // 2])
    clip.ready(whole, beginning=whole[:10])
    upload = streets.uploads.begin("nga-tu", sha(whole), len(whole))
    assert upload is not None
    upload.finish()
    [row] = streets.rows(media)
    part = Path(streets.parts.path(row.node_id, str(row.id)))
    then_ns = streets.clock.now().utc_us * 1000
    os.utime(part, ns=(then_ns, then_ns))
    streets.clock.pass_s(TAKEN_IN_AFTER_S + 3700)
    streets.file(streets.other.clip(uuid4(), content=b"other"))
    streets.bring(b"other", node="cau-moi")  # and the hourly sweep of parts
    assert part.exists()
    assert remains(streets).take_in() == 1
    [shown] = [one for one in page_of(streets, clip).media if one.is_stored]
    assert shown.is_remains


def test_a_clip_whose_node_may_come_back_is_left_alone(streets: Streets) -> None:
    Clip(streets).bring(fragments(3))
    silent_for(streets, TAKEN_IN_AFTER_S - 60)
    assert remains(streets).take_in() == 0


def test_of_what_never_came_whole_nothing_is_kept(streets: Streets) -> None:
    Clip(streets).bring(fragments(0))
    silent_for(streets, TAKEN_IN_AFTER_S + 60)
    assert remains(streets).take_in() == 0
    assert streets.rows(media) == []


def test_its_area_and_class_say_how_long_it_is_kept(streets: Streets) -> None:
    cut_off(streets)
    remains(streets).take_in()
    keep_for_days(streets, FootageClass.SIGHTING, 1)
    keep_for_days(streets, FootageClass.ALERT, 3)
    assert remover(streets).remove_overdue() == 0, "it is an alert's"
    streets.clock.pass_s(2 * DAY_S)
    assert remover(streets).remove_overdue() == 1
    [row] = streets.rows(media)
    assert row.removed_why == "rule"
    assert not streets.blobs.has(row.sha256)


@pytest.mark.parametrize("what", ["alert", "camera"])
def test_a_hold_keeps_it_whether_placed_before_or_after(streets: Streets, what: str) -> None:
    clip, _ = cut_off(streets)
    [row] = streets.rows(growing_clips)
    wanted = (
        Hold(alert_id=clip.alert_id)
        if what == "alert"
        else Hold(
            camera_id=row.camera_id,
            from_utc_us=row.first_frame_utc_us,
            until_utc_us=row.first_frame_utc_us + 1,
        )
    )
    hold(streets, wanted)
    remains(streets).take_in()
    keep_for_days(streets, FootageClass.ALERT, 1)
    streets.clock.pass_s(30 * DAY_S)
    assert remover(streets).remove_overdue() == 0
    with streets.db.writing() as conn:
        holds.end_holds(conn, case_number="12", reason="over", by=By(), now=streets.clock.now())
    assert remover(streets).remove_overdue() == 1


def test_held_remains_are_crowded_out_by_nothing_before_they_are_taken_in(
    streets: Streets,
) -> None:
    clip = Clip(streets)
    clip.bring(fragments(3))
    [row] = streets.rows(growing_clips)
    first_utc_us = row.first_frame_utc_us
    hold(
        streets,
        Hold(camera_id=row.camera_id, from_utc_us=first_utc_us, until_utc_us=first_utc_us + 1),
    )
    streets.clock.pass_s(7200)
    for _ in range(MOST_PER_NODE + 3):
        Clip(streets).bring(fragments(1))
    silent_for(streets, TAKEN_IN_AFTER_S + 60)
    remains(streets).take_in()
    assert page_of(streets, clip).media != []
    assert streets.parts.crowded_out > 0


def test_a_node_that_is_back_after_all_brings_the_whole_beside_it(streets: Streets) -> None:
    clip, _ = cut_off(streets)
    remains(streets).take_in()
    whole = fragments(9)
    clip.ready(whole, beginning=whole[:10])
    streets.bring(whole)
    page = page_of(streets, clip)
    assert sorted((one.is_remains, one.is_stored) for one in page.media) == [
        (False, True),
        (True, True),
    ]
    watcher = streets.officer("chi", rights=Right.SEE)
    assert streets.playback.watch_clip(watcher, clip.clip_id) is None
