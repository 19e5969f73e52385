"""Small copies of clips: made once by ffmpeg with few resources, bounded, deleted with the
original."""

import hashlib
import io
import os
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from hub.app.blob_owners import BLOB_OWNERS
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.base.storage.staging import NoSpaceError
from hub.footage.retention.reconcile import Reconciler
from hub.footage.tables import media
from hub.footage.transcoding.proxies import COPY_MOST_BYTES, BusyError, Proxies, ProxyBounds
from hub.footage.transcoding.transcode import (
    FRAMES_PER_S,
    MOST_KBIT_PER_S,
    NoCopyError,
    ShrinkBounds,
    shrink,
)
from tests.browser import footage
from tests.hub.rigs.web_town import PASSWORD, POLICY, Town
from tests.hub.rigs.web_visitor import Visitor
from tests.waiting import patience_s

pytestmark = pytest.mark.promise("Clips: H.265 plays, or the phone gets an H.264 copy.")

A, B, C = (hashlib.sha256(letter).hexdigest() for letter in (b"a", b"b", b"c"))


@pytest.fixture(scope="module")
def hevc() -> bytes:
    return footage.clip(seconds=2, codec="libx265")


def pieces(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 65536] for at in range(0, len(data), 65536))


class Copier:
    """Copies at once what it is given, and counts."""

    def __init__(self, fault: str = "") -> None:
        self.times = 0
        self.fault = fault

    def __call__(self, original: Iterator[bytes], copy: Path) -> None:
        self.times += 1
        if self.fault:
            raise NoCopyError(self.fault)
        copy.write_bytes(b"".join(original))


@pytest.mark.media
def test_an_h265_clip_becomes_a_small_h264_one(hevc: bytes, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    shrink(pieces(hevc), copy)
    with av.open(str(copy)) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 640, 480)
        assert sum(1 for _ in film.decode(stream)) == 20
        assert len(film.streams) == 1


def noise(seconds: int, rate: int) -> bytes:
    """A clip that no encoder can make small: every pixel of every frame by chance."""
    chance, buffer = np.random.default_rng(17), io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}  # as nodes record
    with av.open(buffer, "w", format="mp4", options=options) as film:
        stream = film.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 480, 360, "yuv420p"
        for _ in range(seconds * rate):
            pixels = chance.integers(0, 255, (360, 480, 3), dtype=np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        film.mux(stream.encode())
    return buffer.getvalue()


@pytest.mark.media
@pytest.mark.promise("Clips: A small copy has at most 400 kbit/s and an index at its front.")
def test_a_copy_of_anything_is_small_and_has_an_index_at_its_front(tmp_path: Path) -> None:
    copy, seconds = tmp_path / "copy.mp4", 5
    shrink(pieces(noise(seconds, rate=25)), copy)
    data = copy.read_bytes()
    assert len(data) * 8 / 1000 / seconds <= MOST_KBIT_PER_S
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(copy)) as film:
        packets = list(film.demux(video=0))
        base = film.streams.video[0].time_base or 0
    keyframes_s = [float((one.pts or 0) * base) for one in packets if one.is_keyframe]
    assert max(b - a for a, b in pairwise([*keyframes_s, seconds])) <= 2.1
    assert sum(1 for one in packets if one.size) < (seconds + 1) * FRAMES_PER_S


@pytest.mark.media
@pytest.mark.parametrize(
    "content", [b"", b"no video at all" * 1000, b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"]
)
def test_what_is_no_clip_is_refused_in_words(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(NoCopyError, match="ffmpeg ended with"):
        shrink(pieces(content), tmp_path / "copy.mp4")


@pytest.mark.media
def test_a_clip_cut_short_gives_what_it_has_or_a_word(hevc: bytes, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    shrink(pieces(hevc[: len(hevc) * 3 // 4]), copy)
    with av.open(str(copy)) as film:
        assert 1 <= sum(1 for _ in film.decode(video=0)) < 20


@pytest.mark.media
def test_what_takes_too_long_or_too_much_is_stopped(hevc: bytes, tmp_path: Path) -> None:
    def endless() -> Iterator[bytes]:
        yield hevc[:1000]
        while True:
            time.sleep(0.05)
            yield b"\0"

    with pytest.raises(NoCopyError, match=r"longer than 0\.5 s"):
        shrink(endless(), tmp_path / "late.mp4", bounds=ShrinkBounds(time_s=0.5))
    with pytest.raises(NoCopyError, match="ffmpeg ended with"):
        shrink(pieces(hevc), tmp_path / "large.mp4", bounds=ShrinkBounds(size_bytes=4096))


def test_without_ffmpeg_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(NoCopyError, match="apt-get install ffmpeg"):
        shrink(iter([b"x"]), tmp_path / "copy.mp4")


def test_a_copy_is_made_once_and_by_one_at_a_time(tmp_path: Path) -> None:
    copier = Copier()
    proxies = Proxies(tmp_path, shrink=copier)
    paths = []

    def ask() -> None:
        paths.append(proxies.copy_of(A, lambda: iter([b"clip"])))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert copier.times == 1
    assert {path.read_bytes() for path in paths} == {b"clip"}
    assert Proxies(tmp_path, shrink=copier).copy_of(A, lambda: iter(())).read_bytes() == b"clip"
    assert copier.times == 1, "a hub that begins anew has it still"


def test_too_many_that_wait_are_told_to_come_again(tmp_path: Path) -> None:
    busy, free = threading.Event(), threading.Event()

    def slow(original: Iterator[bytes], copy: Path) -> None:
        busy.set()
        free.wait(patience_s())
        copy.write_bytes(b"x")

    bounds = ProxyBounds(waiting_at_most=1)
    proxies = Proxies(tmp_path, bounds=bounds, shrink=slow)
    first = threading.Thread(target=proxies.copy_of, args=(A, lambda: iter(())))
    first.start()
    busy.wait(patience_s())
    with pytest.raises(BusyError):
        proxies.copy_of(B, lambda: iter(()))
    free.set()
    first.join()
    assert proxies.hashes() == [A]


def test_what_failed_is_not_tried_at_every_tap_and_leaves_nothing(tmp_path: Path) -> None:
    copier = Copier("it is broken")
    proxies = Proxies(tmp_path, shrink=copier)
    for _ in range(3):
        with pytest.raises(NoCopyError, match="it is broken"):
            proxies.copy_of(A, lambda: iter(()))
    assert copier.times == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_copies_are_bounded_and_the_longest_unasked_goes_first(tmp_path: Path) -> None:
    bounds = ProxyBounds(kept_bytes=COPY_MOST_BYTES + 15)
    proxies = Proxies(tmp_path, bounds=bounds, shrink=Copier())
    for sha256 in (A, B):
        os.utime(proxies.copy_of(sha256, lambda: iter([b"0123456789"])), (1, 1))
    proxies.copy_of(A, lambda: iter(()))  # asked for again
    proxies.copy_of(C, lambda: iter([b"0123456789"]))
    assert proxies.hashes() == sorted([A, C])


@pytest.mark.promise("Roles: A process that starts leaves the files of another alone.")
def test_two_processes_on_one_folder_do_not_disturb_each_others_copies(tmp_path: Path) -> None:
    def while_another_does(original: Iterator[bytes], copy: Path) -> None:
        copy.write_bytes(b"half")
        other = Proxies(tmp_path, shrink=Copier())
        assert other.copy_of(A, lambda: iter([b"whole of another"])).read_bytes()
        assert copy.read_bytes() == b"half"
        copy.write_bytes(b"".join(original))

    left = tmp_path / "incoming" / f"{B}.0a1b2c3d"
    proxies = Proxies(tmp_path, shrink=while_another_does)
    left.write_bytes(b"of a process that died")
    os.utime(left, (1, 1))
    assert proxies.copy_of(A, lambda: iter([b"whole"])).read_bytes() == b"whole"
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.promise("Faults: A full disk at any write loses nothing that was accepted.")
def test_a_disk_without_room_makes_no_copy(tmp_path: Path) -> None:
    copier = Copier()
    with pytest.raises(NoSpaceError, match="no room for a copy"):
        Proxies(tmp_path, spare_bytes=2**60, shrink=copier).copy_of(A, lambda: iter(()))
    assert copier.times == 0


@pytest.mark.media
def test_a_copy_passes_the_same_door_and_goes_with_its_original(
    sqlite_url: str, tmp_path: Path, hevc: bytes
) -> None:
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    seen = town.somebody()
    town.clip(seen, hevc, codec="hevc")
    town.bring(hevc)
    with db.reading() as conn:
        row = conn.execute(media.select()).one()
    visitor = Visitor(town.app())
    an = visitor.sign_in("an", PASSWORD)
    page = an.get(f"/alerts/{seen.alert_id}").text
    assert f'src="/media/{row.id}/h264"' in page
    copy = an.get(f"/media/{row.id}/h264", Range="bytes=4-7")
    assert (copy.status_code, copy.content) == (206, b"ftyp")
    assert an.get(f"/media/{row.id}").content == hevc, "the original is as it was"
    chi = Visitor(town.app()).sign_in("chi", PASSWORD)  # sees pictures, not clips
    assert chi.get(f"/media/{row.id}/h264").status_code == 404
    with db.reading() as conn:
        acts = [line.act for line in conn.execute(audit.select())]
    assert ("media.copy" in acts, "media.copy.refused" in acts) == (True, True)
    town.blobs.remove(row.sha256)
    rooms: dict[str, Any] = {
        "blobs": town.blobs,
        "clock": town.clock,
        "change_signal": town.change_signal,
    }
    Reconciler(db, owners=BLOB_OWNERS, policy=POLICY, proxies=town.proxies, **rooms).run()
    assert town.proxies.hashes() == []
    assert an.get(f"/media/{row.id}/h264").status_code == 404
    db.close()
