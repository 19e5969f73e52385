"""Clips that are uploaded while they are recorded, from the first fragment to the uploader."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from agent.journal import GrowingClips, Journal, UploadScope
from agent.uplink.tokens import Tokens
from agent.uplink.upload import uploader as uploading
from agent.uplink.upload.uploader import Uploader, UploadPolicy
from agent.wire.messages import ClipBegun, ClipDropped
from tests.agent.helpers.uplink.uploader import QUICK, Shelf, journal, owe, shelf, token
from tests.agent.rigs.hubside import Running, now, open_journal, opened
from tests.waiting import until

STEP = bytes(range(256)) * 100


__all__ = ["journal", "shelf"]


@pytest.fixture
def growing(journal: Journal) -> GrowingClips:
    return GrowingClips(journal)


class Recording:
    """A clip under way."""

    def __init__(self, journal: Journal, growing: GrowingClips, path: Path) -> None:
        self.clip_id = uuid4()
        self._growing = growing
        self.path = path
        sighting = opened()
        with journal.transaction() as tx:
            event_id = tx.add_event(sighting, at=now())
        journal.receipt([event_id], alerted=[event_id])
        self.sighting_ids = [sighting.sighting_id]

    def grow(self, more: bytes = STEP) -> None:
        with self.path.open("ab") as file:
            file.write(more)
        body = ClipBegun(
            camera="cam",
            clip_id=self.clip_id,
            sighting_ids=tuple(self.sighting_ids),
            codec="h264",
            width=768,
            height=576,
            first_frame_utc_us=1,
        )
        size_bytes = self.path.stat().st_size
        self._growing.grew(body, self.path, durable_bytes=size_bytes, at=now())


@pytest.fixture
def recording(journal: Journal, growing: GrowingClips, tmp_path: Path) -> Recording:
    return Recording(journal, growing, tmp_path / "clip.mp4.part")


def said(journal: Journal) -> list[ClipBegun | ClipDropped]:
    bodies = [one.body for one in journal.waiting(20)]
    return [body for body in bodies if isinstance(body, ClipBegun | ClipDropped)]


def receipt_all(journal: Journal) -> None:
    journal.receipt([one.event_id for one in journal.waiting(20)])


def bringing(
    journal: Journal, growing: GrowingClips, shelf: Shelf, policy: UploadPolicy = QUICK
) -> Uploader:
    tokens = Tokens()
    tokens.put(token(shelf), now().mono_ns / 1e9)
    return Uploader(journal, tokens, trusted=None, policy=policy, growing=growing)


def test_a_clip_is_said_once_and_again_when_somebody_joins_it(
    journal: Journal, recording: Recording
) -> None:
    recording.grow()
    recording.grow()
    assert len(said(journal)) == 1
    recording.sighting_ids.append(uuid4())
    recording.grow()
    recording.sighting_ids.pop(0)  # who has left is still in it
    recording.grow()
    assert [len(body.sighting_ids) for body in said(journal)] == [1, 2]  # type: ignore[union-attr]


def test_a_clip_that_will_not_come_is_said_only_if_it_was_begun(
    journal: Journal, growing: GrowingClips, recording: Recording
) -> None:
    growing.dropped(recording.clip_id, camera="cam", reason="disk full", at=now())
    assert said(journal) == []
    recording.grow()
    growing.dropped(recording.clip_id, camera="cam", reason="x" * 900, at=now())
    dropped = said(journal)[-1]
    assert isinstance(dropped, ClipDropped)
    assert len(dropped.reason) == 500
    assert growing.now() == []


def test_a_journal_on_a_full_disk_is_said_once_and_what_it_missed_once_it_has_room(
    small_disk: Path, tmp_path: Path
) -> None:
    journal = open_journal(small_disk / "journal.db")
    growing = GrowingClips(journal)
    clip = Recording(journal, growing, tmp_path / "clip.mp4")
    filler = small_disk / "somebody's own"
    with filler.open("wb") as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"x" * 4096)
            file.flush()
    with capture_logs() as logs:
        for _ in range(40):
            clip.sighting_ids.append(uuid4())  # more to say each time
            clip.grow()
        assert [line["event"] for line in logs] == ["clip_unsaid"]
        filler.unlink()
        clip.sighting_ids.append(uuid4())
        clip.grow()
    assert len(logs) == 1
    assert [one.clip_id for one in growing.now()] == [clip.clip_id]
    journal.close()


@pytest.mark.promise("Clips: Footage is uploaded by tus and resumes.")
def test_it_is_brought_as_it_grows_once_the_hub_knows_of_it(
    journal: Journal, growing: GrowingClips, recording: Recording, shelf: Shelf
) -> None:
    uploader = bringing(journal, growing, shelf)
    name = str(recording.clip_id)
    with Running(uploader) as running:
        recording.grow()
        until(lambda: running.beats > 2)
        assert not shelf.got, "the hub has not heard of it"
        receipt_all(journal)
        until(lambda: shelf.held.get(name) == STEP)
        for steps in (2, 3, 4):
            recording.grow()
            until(lambda: shelf.held[name] == STEP * steps)  # noqa: B023 - waited for here
        growing.over(recording.clip_id)
    assert shelf.got[0][3]["upload-defer-length"] == "1"
    uploader.close()


def test_an_alerts_picture_goes_before_it_and_it_before_other_clips(
    journal: Journal, growing: GrowingClips, recording: Recording, shelf: Shelf, tmp_path: Path
) -> None:
    owe(journal, tmp_path, b"another clip", "clip")
    recording.grow()
    receipt_all(journal)
    with journal.transaction() as tx:
        event_id = tx.add_event(opened(), at=now())
        (tmp_path / "p").write_bytes(b"picture")
        tx.add_media(
            sha256="a" * 64, kind="picture", path=tmp_path / "p", size_bytes=7, event_id=event_id
        )
    journal.receipt([event_id], alerted=[event_id])
    uploader = bringing(journal, growing, shelf)
    with Running(uploader):
        until(lambda: journal.counts().media_done == 2)
    assert shelf.bodies == [b"picture", STEP, b"another clip"]
    uploader.close()


def test_who_is_in_no_alert_and_a_node_told_to_wait_bring_nothing_that_grows(
    journal: Journal, growing: GrowingClips, recording: Recording, shelf: Shelf, tmp_path: Path
) -> None:
    quiet = Recording(journal, growing, tmp_path / "quiet.part")
    quiet.sighting_ids = [UUID(int=1)]
    quiet.grow()
    receipt_all(journal)
    uploader = bringing(journal, growing, shelf)
    with Running(uploader) as running:
        until(lambda: running.beats > 2)
    assert shelf.got == []
    uploader.close()
    recording.grow()
    receipt_all(journal)
    asked = UploadPolicy(brought=UploadScope.ASKED)
    uploader = bringing(journal, growing, shelf, asked)
    with Running(uploader) as running:
        until(lambda: running.beats > 2)
    assert shelf.got == []
    uploader.close()


def test_a_file_that_got_its_name_meanwhile_is_let_be(
    journal: Journal, growing: GrowingClips, recording: Recording, shelf: Shelf
) -> None:
    recording.grow()
    receipt_all(journal)
    recording.path.rename(recording.path.with_suffix(""))
    uploader = bringing(journal, growing, shelf)
    with Running(uploader):
        until(lambda: growing.now() == [])
    assert uploader.counts.refused == 0
    uploader.close()


def test_a_clip_that_the_hub_refused_is_announced_once_and_reported_if_it_is_lost(
    journal: Journal, growing: GrowingClips, recording: Recording, shelf: Shelf
) -> None:
    recording.grow()
    [begun] = journal.waiting(20)
    receipt_all(journal)
    shelf.answers = [413]
    uploader = bringing(journal, growing, shelf)
    with Running(uploader):
        until(lambda: shelf.got and growing.now() == [])
        recording.grow()
    uploader.close()
    assert said(journal) == [], "it was announced before"
    assert growing.now() == []
    growing.dropped(recording.clip_id, camera="cam", reason="disk full", at=now())
    [dropped] = said(journal)
    assert isinstance(begun.body, ClipBegun)
    assert isinstance(dropped, ClipDropped)
    assert dropped.clip_id == begun.body.clip_id


def test_after_a_failed_try_the_uploader_waits_for_more_without_haste(
    journal: Journal, growing: GrowingClips, recording: Recording, shelf: Shelf
) -> None:
    recording.grow()
    receipt_all(journal)
    shelf.answers = [500]
    uploader = bringing(journal, growing, shelf)
    with Running(uploader):
        until(lambda: shelf.held.get(str(recording.clip_id)) == STEP)
    uploader.close()
    assert str(recording.clip_id) in uploader._not_before_s
    assert uploader._patience_s() == uploading.BEAT_S
