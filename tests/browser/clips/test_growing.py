"""A clip that is watched while its node still records it, in a stock Chromium."""

from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Locator, expect

from agent.media.frame import Packet
from agent.recording.writer import ClipWriter
from agent.wire.messages import ClipBegun, ClipReady
from agent.wire.presence import Death
from hub.nodes import presence
from tests.agent.rigs.stage import read
from tests.browser.conftest import Hub, Meet, Officer
from tests.hub.rigs.web_town import NODE, Seen
from tests.waiting import until

FIRST_FRAMES = 70
"""Seven seconds: the run-up and a little more."""


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip that grows late on a busy machine is not taken for one of a silent node."""
    for module in ("hub.console.waiting_wording", "hub.footage.growing.clips"):
        monkeypatch.setattr(f"{module}.AWAITED_S", 600.0)
        monkeypatch.setattr(f"{module}.SILENT_AFTER_S", 600.0)
    monkeypatch.setattr("hub.footage.playback.growing_pages.AWAITED_S", 600.0)


class Recording:
    """A node's clip under way, brought to the hub as it becomes durable."""

    def __init__(self, hub: Hub, street: Path, folder: Path) -> None:
        self._hub = hub
        stream, self._packets = read(street)
        self._next: Iterator[Packet] = iter(self._packets)
        self._writer = ClipWriter(folder / "clip.mp4", stream)
        self.clip_id = uuid4()
        self.seen: Seen = hub.town.somebody()
        self.first_frame_utc_us = self.seen.first_seen_utc_us - 6_000_000
        hub.town.file(
            ClipBegun(
                camera=hub.town.voice.camera,
                clip_id=self.clip_id,
                sighting_ids=(self.seen.sighting_id,),
                codec="h264",
                width=768,
                height=576,
                first_frame_utc_us=self.first_frame_utc_us,
            )
        )

    def go_on(self, frames: int) -> float:
        """So many frames more; the second of the video up to which the hub has it."""
        last = 0.0
        for _, packet in zip(range(frames), self._next, strict=False):
            self._writer.write(packet)
            last = packet.at.mono_ns / 1e9
        upload = self._hub.town.uploads.growing.open(NODE, self.clip_id)
        with self._writer.part.open("rb") as file:
            file.seek(upload.offset_bytes)
            upload.write(file.read(self._writer.durable_bytes - upload.offset_bytes))
        upload.finish()
        return last

    def leave(self) -> None:
        """Give the file back."""
        self._writer.abandon()

    def end(self) -> str:
        """Whole: announced, and what the hub lacks of it is brought; its hash."""
        closed = self._writer.close()
        town, data = self._hub.town, closed.path.read_bytes()
        town.file(
            ClipReady(
                camera=town.voice.camera,
                clip_id=self.clip_id,
                sighting_ids=(self.seen.sighting_id,),
                sha256=closed.sha256,
                size_bytes=closed.size_bytes,
                codec="h264",
                width=768,
                height=576,
                first_frame_utc_us=self.first_frame_utc_us,
                duration_ms=closed.duration_ms,
                beginning=b64encode(closed.beginning).decode(),
            )
        )
        upload = town.uploads.begin(NODE, closed.sha256, closed.size_bytes)
        assert upload is not None
        assert upload.offset_bytes > closed.size_bytes // 2, "what came before comes again"
        upload.write(data[upload.offset_bytes :])
        upload.finish()
        assert sha256(data).hexdigest() == closed.sha256
        return closed.sha256


@pytest.fixture
def recording(hub: Hub, clip: bytes, tmp_path: Path) -> Iterator[Recording]:
    (tmp_path / "street.mp4").write_bytes(clip)
    recording = Recording(hub, tmp_path / "street.mp4", tmp_path)
    yield recording
    recording.leave()


def position_s(film: Locator) -> float:
    return float(film.evaluate("film => film.currentTime"))


def is_past(film: Locator, place_s: float) -> bool:
    return position_s(film) > place_s


def play(officer: Officer, alert_id: UUID) -> Locator:
    officer.open_alert(alert_id)
    film = officer.page.locator("video[data-growing]")
    officer.page.locator("[data-part=picture]").click()
    until(lambda: position_s(film) > 0.3)
    return film


@pytest.mark.media
@pytest.mark.promise("Clips: A clip plays from the first tap, also while it is recorded.")
@pytest.mark.promise("Clips: Playing starts within one second, five seconds before the event.")
def test_a_clip_plays_from_the_first_tap_while_it_is_recorded_and_grows_to_its_end(
    hub: Hub, meet: Meet, recording: Recording
) -> None:
    recording.go_on(FIRST_FRAMES)
    officer = meet()
    film = play(officer, recording.seen.alert_id)
    officer.page.evaluate("window.notReloaded = true")
    expect(officer.page.locator("[data-part=clips]")).to_contain_text("Đang ghi")
    film.evaluate("film => { film.playbackRate = 4; }")
    until(lambda: position_s(film) > 5.5)
    assert film.evaluate("film => film.seekable.end(0)") < 8
    for frames in (25, 25, 20):
        until_s = recording.go_on(frames)
        until(partial(is_past, film, until_s - 3))
    stored = recording.end()
    assert hub.town.blobs.has(stored)
    whole = officer.page.locator("video[id^='clip-']")  # its end put the whole in its place
    expect(whole).to_have_count(1)
    until(lambda: position_s(whole) == pytest.approx(14, abs=0.2))
    whole.evaluate("film => { film.currentTime = 2; }")
    until(lambda: whole.evaluate("film => !film.seeking && film.readyState > 1"))
    assert position_s(whole) == pytest.approx(2, abs=0.2)
    assert whole.evaluate("film => film.duration") == pytest.approx(14, abs=0.2)
    assert officer.page.evaluate("window.notReloaded") is True
    assert not officer.complaints


@pytest.mark.promise("Clips: A clip plays from the first tap, also while it is recorded.")
def test_a_tap_before_anything_has_come_plays_as_soon_as_it_comes(
    needs_media: None, meet: Meet, recording: Recording
) -> None:
    officer = meet()
    officer.open_alert(recording.seen.alert_id)
    film = officer.page.locator("video[data-growing]")
    expect(film).to_have_count(1)
    officer.page.locator("[data-part=picture]").click()
    recording.go_on(FIRST_FRAMES)
    until(lambda: position_s(film) > 0.3)
    recording.go_on(25)
    recording.end()
    whole = officer.page.locator("video[id^='clip-']")
    film.evaluate("film => { film.pause(); }")
    expect(whole).to_have_count(1)
    assert position_s(whole) > 0.3, "it goes on where it was"
    assert not officer.complaints


@pytest.mark.promise("Clips: A clip plays from the first tap, also while it is recorded.")
def test_without_media_source_the_same_answer_plays_as_a_plain_stream(
    meet: Meet, recording: Recording
) -> None:
    recording.go_on(FIRST_FRAMES)
    officer = meet()
    officer.context.add_init_script("delete window.MediaSource")
    film = play(officer, recording.seen.alert_id)
    recording.go_on(200)
    recording.end()
    until(lambda: position_s(film) > 2)
    assert film.evaluate("film => film.error") is None


@pytest.mark.promise("Clips: A partial clip of a dead node stays playable.")
def test_what_a_dead_node_had_brought_plays_and_the_page_says_so(
    hub: Hub, meet: Meet, recording: Recording
) -> None:
    recording.go_on(FIRST_FRAMES)
    birth = hub.town.voice.birth()
    with hub.town.db.writing() as conn:
        presence.note_birth(conn, birth, now=hub.town.clock.now())
        death = Death(node=NODE, birth_id=birth.birth_id)
        presence.note_death(conn, death, now=hub.town.clock.now())
    officer = meet()
    film = play(officer, recording.seen.alert_id)
    clips = officer.page.locator("[data-part=clips]")
    expect(clips).to_contain_text("Mất liên lạc với trạm camera: đây là phần đã gửi về.")
    expect(clips).not_to_contain_text("đang được ghi")
    film.evaluate("film => { film.playbackRate = 8; }")
    until(lambda: film.evaluate("film => film.ended"))
    assert film.evaluate("film => film.duration") > 5
