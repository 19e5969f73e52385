"""Clips shown while they are recorded: what is received, who may watch, and the final file."""

import os
from pathlib import Path
from uuid import uuid4

import pytest

from agent.wire.messages import ClipDropped
from hub.alerting.alerts.tables import alerts
from hub.console.service import InboxService
from hub.footage.growing.clips import SILENT_AFTER_S, GrowingReader, NoSuchClipError
from hub.footage.tables import media
from hub.footage.upload.service import (
    FORGOTTEN_AFTER_S,
    GROWING_FORGOTTEN_AFTER_S,
    SWEEP_EVERY_S,
    WrongHashError,
)
from tests.hub.helpers.footage.growing import BODY, DRAFT, WHOLE, Clip, page_of
from tests.hub.rigs.streets import Streets, sha


def film_of(streets: Streets, clip: Clip, login: str = "an") -> GrowingReader:
    film = streets.playback.watch_clip(streets.officer(login), clip.clip_id)
    assert isinstance(film, GrowingReader)
    assert "clip.watch" in streets.acts()
    return film


@pytest.mark.promise("Clips: Footage is uploaded by tus and resumes.")
@pytest.mark.promise("Clips: The final clip is checked against what came while it grew.")
def test_what_came_while_it_was_recorded_need_not_come_again(streets: Streets) -> None:
    clip = Clip(streets)
    assert clip.bring(DRAFT + BODY[:10]) == 20
    assert clip.bring(BODY[10:20]) == 30
    clip.ready()
    upload = streets.uploads.begin("nga-tu", sha(WHOLE), len(WHOLE))
    assert upload is not None
    assert upload.offset_bytes == 30
    upload.write(WHOLE[30:])
    upload.finish()
    assert Path(streets.blobs.path(sha(WHOLE))).read_bytes() == WHOLE
    assert streets.rows(alerts)[0].clip_id == streets.rows(media)[0].id


def test_a_clip_that_grew_to_its_last_byte_is_stored_when_it_is_announced(
    streets: Streets,
) -> None:
    clip = Clip(streets)
    clip.bring(DRAFT + BODY)
    clip.ready()
    assert streets.uploads.begin("nga-tu", sha(WHOLE), len(WHOLE)) is None
    assert streets.blobs.has(sha(WHOLE))


@pytest.mark.promise("Clips: The final clip is checked against what came while it grew.")
def test_what_grew_is_another_file_than_was_announced_and_all_of_it_comes(
    streets: Streets,
) -> None:
    clip = Clip(streets)
    clip.bring(DRAFT + BODY[::-1])
    clip.ready()
    with pytest.raises(WrongHashError):
        streets.uploads.begin("nga-tu", sha(WHOLE), len(WHOLE))
    assert streets.bring(WHOLE)


def test_a_mended_clip_comes_whole(streets: Streets, tmp_path: Path) -> None:
    clip = Clip(streets)
    clip.bring(DRAFT + BODY[:10])
    clip.ready(b"mended", beginning=None)
    assert streets.bring(b"mended")
    assert not list((tmp_path / "media" / "parts").glob("*/*"))


def test_a_film_goes_on_as_the_clip_grows_and_ends_with_it(streets: Streets) -> None:
    clip = Clip(streets)
    clip.bring(DRAFT + BODY[:10])
    film = film_of(streets, clip)
    assert film.read(100) == DRAFT + BODY[:10]
    assert (film.read(100), film.is_over()) == (b"", False)
    clip.bring(BODY[10:20])
    assert film.read(100) == BODY[10:20]
    clip.ready()
    assert not film.is_over()
    streets.uploads.begin("nga-tu", sha(WHOLE), len(WHOLE))
    second = film_of(streets, clip, "binh")
    upload = streets.uploads.begin("nga-tu", sha(WHOLE), len(WHOLE))
    assert upload is not None
    upload.write(WHOLE[30:])
    upload.finish()
    assert film.is_over()
    assert film.read(100) == WHOLE[30:]
    assert second.read(100) == WHOLE
    film.close()
    second.close()
    an = streets.officer("chi")
    assert streets.playback.watch_clip(an, clip.clip_id) == streets.rows(media)[0].id


@pytest.mark.parametrize("end", ["dropped", "silent"])
def test_a_clip_that_nobody_goes_on_with_ends(streets: Streets, end: str) -> None:
    clip = Clip(streets)
    clip.bring(DRAFT)
    film = film_of(streets, clip)
    film.read(100)
    if end == "dropped":
        said = ClipDropped(camera="cam-1", clip_id=clip.clip_id, reason="disk full")
        streets.file(streets.node.says(said))
        [row] = page_of(streets, clip, "binh").growing
        assert row.is_dropped
        with pytest.raises(NoSuchClipError):
            clip.bring(b"more")
    else:
        streets.clock.pass_s(SILENT_AFTER_S + 1)
    assert film.is_over()
    film.close()


def test_the_page_learns_of_the_first_bytes_and_of_who_joined(streets: Streets) -> None:
    clip = Clip(streets)
    revision = streets.rows(alerts)[0].revision
    assert page_of(streets, clip).growing[0].grew_utc_us is None
    clip.bring(DRAFT)
    assert streets.rows(alerts)[0].revision == revision + 1
    assert page_of(streets, clip, "binh").growing[0].grew_utc_us is not None
    clip.bring(BODY)
    assert streets.rows(alerts)[0].revision == revision + 1
    second = uuid4()
    streets.clock.pass_s(700)
    [filed] = streets.file(streets.node.opened(second))
    clip.begun(second)
    assert filed.alert_id is not None
    page = streets.services.use(InboxService).alert(streets.officer("chi"), filed.alert_id)
    assert page is not None
    assert [row.clip_id for row in page.growing] == [clip.clip_id]


def test_only_its_own_node_brings_it_and_only_who_may_play_clips_watches(
    streets: Streets,
) -> None:
    clip = Clip(streets)
    for node in ("cau-moi", "nobody"):
        with pytest.raises(NoSuchClipError):
            clip.bring(DRAFT, node=node)
    streets.file(
        streets.other.says(ClipDropped(camera="cam-1", clip_id=clip.clip_id, reason="a lie"))
    )
    clip.bring(DRAFT)
    stranger = streets.officer("la", area=streets.bridge)
    assert streets.playback.watch_clip(stranger, clip.clip_id) is None
    assert streets.playback.watch_clip(streets.officer("an"), uuid4()) is None
    assert not streets.playback.may_watch(stranger, clip.clip_id)


@pytest.mark.promise("Clips: A partial clip of a dead node stays playable.")
def test_what_its_node_never_finished_is_kept_longer_than_other_unfinished_files(
    streets: Streets, tmp_path: Path
) -> None:
    clip = Clip(streets)
    clip.bring(DRAFT)
    [path] = (tmp_path / "media" / "parts").glob("*/*")
    for age_s, is_there in ((FORGOTTEN_AFTER_S, True), (GROWING_FORGOTTEN_AFTER_S, False)):
        then_ns = streets.clock.now().plus_s(-age_s).utc_us * 1000
        os.utime(path, ns=(then_ns, then_ns))
        streets.clock.pass_s(SWEEP_EVERY_S)
        streets.file(streets.other.clip(uuid4(), content=str(age_s).encode()))
        streets.bring(str(age_s).encode(), node="cau-moi")
        assert path.exists() == is_there


def test_a_clip_on_its_way_into_the_store_is_never_not_ready(streets: Streets) -> None:
    clip = Clip(streets)
    clip.bring(DRAFT + BODY[:10])
    clip.ready()
    upload = streets.uploads.begin("nga-tu", sha(WHOLE), len(WHOLE))
    assert upload is not None
    assert page_of(streets, clip).growing[0].grew_utc_us is not None
    upload.write(WHOLE[20:])
    streets.uploads.parts.size_bytes(upload.file.node_id, upload.file.part)
    streets.blobs.keep(
        streets.uploads.parts.path(upload.file.node_id, upload.file.part), sha(WHOLE)
    )  # and the hub has not yet written that it is stored
    assert page_of(streets, clip, "binh").growing[0].grew_utc_us is not None
