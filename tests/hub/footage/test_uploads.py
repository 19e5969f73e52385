"""Uploads: only announced files, complete or not at all, and shown by their alert."""

import os
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from hub.alerting.alerts.tables import alert_history, alerts
from hub.alerting.response.service import ResponseService
from hub.base.audit.tables import audit
from hub.base.storage.partial_files import (
    MOST_PER_NODE,
    PartialFiles,
    SupersededError,
    WrongOffsetError,
)
from hub.footage.tables import media
from hub.footage.upload.service import (
    FORGOTTEN_AFTER_S,
    SWEEP_EVERY_S,
    NotAnnouncedError,
    Upload,
    UploadRefusedError,
    UploadStatus,
    WrongHashError,
)
from hub.notify.tables import notifications
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.rigs.streets import Streets, picture, sha


def moments(streets: Streets) -> list[str]:
    return [row.moment for row in streets.rows(notifications)]


def media_id(streets: Streets, content: bytes) -> UUID:
    [row] = [row for row in streets.rows(media) if row.sha256 == sha(content)]
    return UUID(str(row.id))


@pytest.mark.promise("Hub: An alert grows: first text, then picture, then clip.")
def test_a_picture_grows_its_alert_once(streets: Streets) -> None:
    streets.officer("an")
    streets.file(streets.node.opened(picture=picture()))
    rings = streets.change_signal.rings
    assert streets.bring(b"picture")
    assert streets.change_signal.rings == rings + 1
    [alert] = streets.rows(alerts)
    assert (alert.picture_id, alert.revision) == (media_id(streets, b"picture"), 2)
    assert moments(streets) == ["opened", "grown"]
    assert [row.act for row in streets.rows(alert_history)] == ["raised", "picture"]
    [line] = [row for row in streets.rows(audit) if row.act == "media.store"]
    assert line.node_id is not None and sha(b"picture") in detail_of(line)
    assert streets.bring(b"picture") is False
    assert len(streets.rows(alert_history)) == 2
    assert streets.parts.under_way == 0  # nothing of it stays in memory


def test_a_picture_that_is_brought_makes_python_remember_no_name(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered: list[str] = []
    streets.file(streets.node.opened(picture=picture()))
    streets.file(streets.node.opened(picture=picture(b"another")))
    assert streets.bring(b"picture")  # what is made once is made
    monkeypatch.setattr(sys, "intern", lambda name: remembered.append(name) or name)
    assert str(Path("of") / "another") == "of/another"
    assert remembered == ["of", "another"]  # as pathlib does with each path
    assert streets.bring(b"another")
    assert remembered == ["of", "another"]


def test_a_later_picture_of_the_same_sighting_is_shown_instead(streets: Streets) -> None:
    streets.officer("an")
    sighting = uuid4()
    streets.file(streets.node.opened(sighting, picture=picture(b"first")))
    streets.clock.pass_s(4)
    streets.file(streets.node.updated(sighting, picture=picture(b"better")))
    streets.clock.pass_s(4)
    streets.file(streets.node.opened(picture=picture(b"somebody else")))
    for content, shown in (
        (b"somebody else", b"somebody else"),
        (b"better", b"better"),
        (b"first", b"better"),
    ):
        streets.bring(content)
        assert streets.rows(alerts)[0].picture_id == media_id(streets, shown)
    assert moments(streets) == ["opened", "grown"]


@pytest.mark.promise("Hub: An alert grows: first text, then picture, then clip.")
def test_the_clip_that_shows_how_it_began_is_kept(streets: Streets) -> None:
    first, second = uuid4(), uuid4()
    streets.file(streets.node.opened(first))
    streets.clock.pass_s(15)
    streets.file(streets.node.opened(second))
    streets.clock.pass_s(10)
    streets.file(
        streets.node.clip(first, second, content=b"clip 1", before_s=32),
        streets.node.clip(second, first, content=b"clip 2", before_s=2),
        streets.node.clip(second, content=b"clip of the second", before_s=40),
    )
    streets.bring(b"clip 2")
    assert streets.rows(alerts)[0].clip_id == media_id(streets, b"clip 2")
    streets.bring(b"clip 1")
    assert streets.rows(alerts)[0].clip_id == media_id(streets, b"clip 1")
    streets.bring(b"clip of the second")
    assert streets.rows(alerts)[0].clip_id == media_id(streets, b"clip 1")


def test_a_clip_stored_before_its_sighting_was_filed_is_shown(streets: Streets) -> None:
    sighting = uuid4()
    opened = streets.node.opened(sighting)
    streets.file(streets.node.clip(sighting))
    streets.bring(b"video")
    streets.file(opened)
    assert streets.rows(alerts)[0].clip_id == media_id(streets, b"video")


def test_a_picture_said_twice_is_brought_once_and_shown_by_both(streets: Streets) -> None:
    streets.file(streets.node.opened(picture=picture()))
    streets.bring(b"picture")
    streets.clock.pass_s(300)
    streets.file(streets.node.opened(picture=picture()))
    assert streets.bring(b"picture") is False
    assert len({row.picture_id for row in streets.rows(alerts)}) == 1
    assert len(streets.rows(alerts)) == 2


def test_a_picture_wakes_nobody_once_somebody_has_the_alert_or_it_is_old(
    streets: Streets,
) -> None:
    an = streets.officer("an")
    [filed] = streets.file(streets.node.opened(picture=picture(b"1")))
    assert filed.alert_id is not None
    streets.services.use(ResponseService).act(an, filed.alert_id, act="take")
    streets.bring(b"1")
    streets.clock.pass_s(100)
    streets.file(streets.node.opened(picture=picture(b"2")))
    streets.clock.pass_s(700)
    streets.bring(b"2")
    assert "grown" not in moments(streets)
    assert all(row.picture_id is not None for row in streets.rows(alerts))


def test_what_was_not_announced_by_this_node_is_not_taken(streets: Streets) -> None:
    streets.file(streets.node.opened(picture=picture()))
    for node, content in (("nga-tu", b"other"), ("cau-moi", b"picture"), ("nobody", b"picture")):
        with pytest.raises(NotAnnouncedError):
            streets.uploads.begin(node, sha(content), len(content))


def test_bytes_that_are_not_as_announced_are_refused_and_leave_nothing(
    streets: Streets, tmp_path: Path
) -> None:
    streets.file(streets.node.opened(picture=picture(b"picture")))
    with pytest.raises(UploadRefusedError, match="8 bytes, 7 were announced"):
        streets.uploads.begin("nga-tu", sha(b"picture"), 8)
    for wrong, error, complaint in (
        (b"pictures", UploadRefusedError, "more than"),
        (b"pictuRe", WrongHashError, "sha256 is"),
    ):
        upload = begun(streets)
        with pytest.raises(error, match=complaint):
            upload.write(wrong)
            upload.finish()
        assert files(tmp_path) == []
    assert streets.rows(media)[0].stored_utc_us is None
    streets.bring(b"picture")


@pytest.mark.promise("Clips: Footage is uploaded by tus and resumes.")
def test_an_upload_goes_on_where_it_stood_even_after_the_hub_died(
    streets: Streets, tmp_path: Path
) -> None:
    streets.file(streets.node.opened(picture=picture(b"picture")))
    upload = begun(streets)
    upload.write(b"pic")
    assert upload.finish() == UploadStatus(3, 7)
    upload = begun(streets)
    upload.write(b"tu")  # and the hub is killed: nothing is finished
    later = streets.again()
    assert later.status("nga-tu", sha(b"picture")) == UploadStatus(5, 7)
    with pytest.raises(WrongOffsetError, match="5 bytes have come, not 3"):
        later.resume("nga-tu", sha(b"picture"), 3)
    last = later.resume("nga-tu", sha(b"picture"), 5)
    assert last is not None
    last.write(b"re")
    assert last.finish() == UploadStatus(7, 7)
    assert Path(streets.blobs.path(sha(b"picture"))).read_bytes() == b"picture"
    assert len(files(tmp_path)) == 1
    assert later.status("nga-tu", sha(b"picture")) == UploadStatus(7, 7)
    assert later.resume("nga-tu", sha(b"picture"), 7) is None


def test_a_hub_that_died_between_the_last_byte_and_the_row_ends_it_when_asked(
    streets: Streets,
) -> None:
    streets.file(streets.node.opened(picture=picture(b"picture")))
    begun(streets).write(b"picture")
    later = streets.again()
    assert later.status("nga-tu", sha(b"picture")) == UploadStatus(7, 7)
    assert streets.rows(media)[0].stored_utc_us is not None


def test_a_newer_request_takes_the_upload_over(streets: Streets) -> None:
    streets.file(streets.node.opened(picture=picture(b"picture")))
    old = begun(streets)
    old.write(b"pic")
    new = begun(streets)
    assert new.offset_bytes == 3
    with pytest.raises(SupersededError):
        old.write(b"ture")
    new.write(b"ture")
    assert new.finish() == UploadStatus(7, 7)
    old.finish()


@pytest.mark.promise("Roles: An upload goes on at another process of the machine.")
def test_another_process_of_the_same_folder_takes_the_upload_over(tmp_path: Path) -> None:
    here, there = PartialFiles(tmp_path), PartialFiles(tmp_path)
    node, name = uuid4(), str(uuid4())
    hanging = here.open(node, name, room_bytes=9)
    hanging.write(b"abc")
    assert there.size_bytes(node, name) == 3
    newer = there.open(node, name, room_bytes=6)
    newer.write(b"def")
    with pytest.raises(SupersededError):
        hanging.write(b"late")
    newer.write(b"ghi")
    newer.close()
    hanging.close()
    assert Path(there.path(node, name)).read_bytes() == b"abcdefghi"
    last = here.open(node, name, room_bytes=0)
    there.drop(node, name)
    with pytest.raises(SupersededError):
        last.write(b"into nothing")
    last.close()


def test_a_node_with_too_many_unfinished_uploads_loses_its_own_oldest(
    streets: Streets, tmp_path: Path
) -> None:
    contents = [f"picture {number}".encode() for number in range(MOST_PER_NODE + 2)]
    for content in (*contents, b"another's"):
        node = streets.other if content == b"another's" else streets.node
        streets.file(node.opened(picture=picture(content)))
    for number, content in enumerate((b"another's", *contents)):
        name = "cau-moi" if content == b"another's" else "nga-tu"
        upload = streets.uploads.begin(name, sha(content), len(content))
        assert upload is not None
        upload.write(content[:3])
        upload.finish()
        path = max(files(tmp_path), key=lambda path: path.stat().st_mtime_ns)
        os.utime(path, ns=(number, number))
    assert streets.parts.crowded_out == 2
    standings = [streets.uploads.status("nga-tu", sha(content)) for content in contents]
    assert [one.offset_bytes for one in standings] == [0, 0] + [3] * MOST_PER_NODE
    assert streets.uploads.status("cau-moi", sha(b"another's")).offset_bytes == 3


def test_an_upload_nobody_went_on_with_for_a_day_is_thrown_away(
    streets: Streets, tmp_path: Path
) -> None:
    streets.file(
        streets.node.opened(picture=picture(b"old")), streets.other.opened(picture=picture(b"new"))
    )
    upload = streets.uploads.begin("nga-tu", sha(b"old"), 3)
    assert upload is not None
    upload.write(b"ol")
    upload.finish()
    [path] = files(tmp_path)
    long_ago_ns = streets.clock.now().plus_s(-FORGOTTEN_AFTER_S).utc_us * 1000
    os.utime(path, ns=(long_ago_ns, long_ago_ns))
    streets.clock.pass_s(SWEEP_EVERY_S)
    streets.bring(b"new", node="cau-moi")
    assert path not in files(tmp_path)


def test_an_upload_given_up_leaves_nothing(streets: Streets, tmp_path: Path) -> None:
    streets.file(streets.node.opened(picture=picture(b"picture")))
    upload = begun(streets)
    upload.write(b"pic")
    upload.finish()
    streets.uploads.drop("nga-tu", sha(b"picture"))
    assert files(tmp_path) == []


def begun(streets: Streets) -> Upload:
    upload = streets.uploads.begin("nga-tu", sha(b"picture"), len(b"picture"))
    assert upload is not None
    return upload


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "media").rglob("*") if path.is_file()]


def test_a_clip_larger_than_any_is_refused_before_a_byte(streets: Streets) -> None:
    event = streets.node.clip(uuid4())
    huge = event.body.model_copy(update={"size_bytes": 2**40})
    streets.file(event.model_copy(update={"body": huge}))
    with pytest.raises(UploadRefusedError, match="a clip has at most"):
        streets.uploads.begin("nga-tu", sha(b"video"), 2**40)


def test_a_file_that_was_lost_from_the_disk_is_taken_anew(streets: Streets) -> None:
    streets.file(streets.node.opened(picture=picture()))
    streets.bring(b"picture")
    Path(streets.blobs.path(sha(b"picture"))).unlink()
    assert streets.bring(b"picture")
    assert streets.blobs.has(sha(b"picture"))
    assert len(streets.rows(alert_history)) == 2
