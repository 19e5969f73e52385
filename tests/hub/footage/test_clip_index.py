"""An index before a node's fragments: players begin and jump with it; nothing else differs."""

import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import pytest

from agent.media.frame import Packet, StreamInfo
from agent.recording.writer import ClipWriter
from hub.base.db.database import Database
from hub.footage.playback.clip_index import ClipIndex, clip_index, read_indexed
from tests.agent.rigs.sealing import office, write_clip
from tests.agent.rigs.stage import read
from tests.browser import footage
from tests.hub.rigs.web_town import PASSWORD, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor

pytestmark = pytest.mark.promise("Clips: A clip carries an index by which a browser jumps.")

Street = tuple[StreamInfo, list[Packet]]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Street:
    path = tmp_path_factory.mktemp("street") / "street.mp4"
    path.write_bytes(footage.clip(seconds=9))
    return read(path)


def written(street: Street, folder: Path) -> bytes:
    stream, packets = street
    writer = ClipWriter(folder / "clip.mp4", stream)
    for packet in packets:
        writer.write(packet)
    return writer.close().path.read_bytes()


def index_of(data: bytes) -> ClipIndex | None:
    return clip_index(lambda start, length: data[start : start + length], len(data))


def cut(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end of each box."""
    at = 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        yield name, at, at + size
        at += size


def with_index(data: bytes) -> bytes:
    index = index_of(data)
    assert index is not None
    whole = len(data) + len(index.box)
    return b"".join(read_indexed(lambda at, n: iter([data[at : at + n]]), index, 0, whole))


@pytest.mark.parametrize("is_sealed", [False, True], ids=["plain", "sealed"])
def test_each_keyframe_is_found_by_the_index_and_every_byte_is_covered(
    street: Street, tmp_path: Path, is_sealed: bool
) -> None:
    if is_sealed:
        sealer = office(tmp_path / "ca").sealer()
        path = write_clip(tmp_path / "clip.mp4", street, sealer, frames=len(street[1])).close().path
        data = path.read_bytes()
    else:
        data = written(street, tmp_path)
    index = index_of(data)
    assert index is not None
    moofs = [begin for name, begin, _ in cut(data) if name == b"moof"]
    assert index.at == moofs[0]
    timescale, count = struct.unpack_from(">I18xH", index.box, 16)
    rows = [struct.unpack_from(">III", index.box, 40 + 12 * one) for one in range(count)]
    places = [index.at]
    for size, _, starts_with_keyframe in rows:
        places.append(places[-1] + size)
        assert starts_with_keyframe == 0x90000000
    assert set(places[:-1]) <= set(moofs)
    assert places[-1] == len(data)
    assert sum(row[1] for row in rows) / timescale == pytest.approx(9, abs=0.1)
    assert count == 5, "a keyframe every two seconds"


def test_frames_after_a_keyframe_that_comes_late_belong_to_it(
    street: Street, tmp_path: Path
) -> None:
    stream, packets = street
    first, *rest = packets
    rare = [
        first,
        *(Packet(one.data, one.at, one.pts, one.dts, one.duration, False) for one in rest),
    ]
    data = written((stream, rare), tmp_path)
    index = index_of(data)
    assert index is not None
    assert sum(1 for name, *_ in cut(data) if name == b"moof") > 1
    assert struct.unpack_from(">H", index.box, 38) == (1,)


def test_the_indexed_clip_has_the_same_frames(street: Street, tmp_path: Path) -> None:
    data = written(street, tmp_path)
    (tmp_path / "indexed.mp4").write_bytes(with_index(data))
    with (
        av.open(str(tmp_path / "clip.mp4")) as plain,
        av.open(str(tmp_path / "indexed.mp4")) as one,
    ):
        frames = [bytes(packet) for packet in plain.demux(video=0)]
        assert [bytes(packet) for packet in one.demux(video=0)] == frames


def test_any_stretch_of_it_is_that_of_the_whole(street: Street, tmp_path: Path) -> None:
    data = written(street, tmp_path)
    index, whole = index_of(data), with_index(data)
    assert index is not None
    edges = [0, index.at - 1, index.at, index.at + 3, index.at + len(index.box), len(whole)]
    for start, end in [*pairwise(edges), (0, len(whole)), (3, index.at + 9)]:
        pieces = read_indexed(
            lambda at, length: iter([data[at : at + length]]), index, start, end - start
        )
        assert b"".join(pieces) == whole[start:end]


@pytest.mark.parametrize("harm", ["torn", "no clip", "index of its own", "not ours", "empty"])
def test_what_is_not_as_a_node_writes_it_gets_none(
    street: Street, tmp_path: Path, harm: str
) -> None:
    data = written(street, tmp_path)
    given = {
        "torn": data[:-7],
        "no clip": b"no video at all" * 100,
        "index of its own": with_index(data),
        "not ours": footage.clip(seconds=1),
        "empty": b"",
    }[harm]
    assert index_of(given) is None


def test_the_player_gets_the_index_and_everybody_else_the_clip_itself(
    street: Street, sqlite_url: str, tmp_path: Path
) -> None:
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    data, seen, odd = written(street, tmp_path), town.somebody(), some_bytes(900)
    town.clip(seen, data)
    town.clip(seen, odd)
    clip_id, odd_id = town.bring(data), town.bring(odd)
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    whole = with_index(data)
    assert an.get(f"/media/{clip_id}/play").content == whole
    piece = an.get(f"/media/{clip_id}/play", Range="bytes=700-2000")
    assert (piece.status_code, piece.content) == (206, whole[700:2001])
    assert an.get(f"/media/{clip_id}").content == data
    assert an.get(f"/media/{odd_id}/play").content == odd
    chi = Visitor(town.app()).sign_in("chi", PASSWORD)  # sees pictures, not clips
    assert chi.get(f"/media/{clip_id}/play").status_code == 404
    assert {"media.open", "media.open.refused"} <= set(town.acts())
    db.close()
