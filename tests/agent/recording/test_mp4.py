"""Fragmented MP4: a decoder reads what the writer wrote."""

import contextlib
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import pytest

from agent.media.frame import Instant, Packet, StreamInfo
from agent.recording.mp4.fragments import Mp4Error, Mp4Track, annex_b_units, avc_configuration
from agent.recording.mp4.hevc import hevc_configuration
from agent.recording.writer import ClipWriter
from tests.agent.rigs.stage import decoded_frames
from tests.agent.rigs.videos import hevc


def frames_before_the_damage(path: Path) -> int:
    frames = 0
    with contextlib.suppress(av.error.InvalidDataError), av.open(str(path)) as clip:
        for _ in clip.decode(video=0):
            frames += 1
    return frames


def test_clip_plays_every_frame_and_knows_its_length(
    tmp_path: Path, street: tuple[StreamInfo, list[Packet]]
) -> None:
    info, packets = street
    writer = ClipWriter(tmp_path / "clip.mp4", info)
    for packet in packets:
        writer.write(packet)
    clip = writer.close()
    assert clip.duration_ms == 6000
    assert clip.frames == decoded_frames(clip.path) == 60
    with av.open(str(clip.path)) as played:
        assert played.duration is not None
        assert played.duration / 1e6 == pytest.approx(6.0)


@pytest.mark.promise("Clips: A fragment ends after a group of pictures or two seconds.")
def test_unfinished_clip_plays_every_fragment_that_was_begun_anew_after(
    tmp_path: Path, street: tuple[StreamInfo, list[Packet]]
) -> None:
    info, packets = street
    writer = ClipWriter(tmp_path / "clip.mp4", info)
    for packet in packets[:35]:
        writer.write(packet)
    assert decoded_frames(tmp_path / "clip.mp4.part") == 30
    writer.abandon()


def test_cut_in_a_fragments_pictures_keeps_the_fragments_before_it(
    tmp_path: Path, street: tuple[StreamInfo, list[Packet]]
) -> None:
    info, packets = street
    track = Mp4Track(info)
    beginning = track.beginning()
    first = track.fragment(1, packets[:10], packets[0].dts, packets[10].dts)
    second = track.fragment(2, packets[10:20], packets[0].dts, packets[20].dts)
    for cut in (0, len(second) // 2, len(second) - 1):
        path = tmp_path / f"cut-{cut}.mp4"
        path.write_bytes(beginning + first + second[:cut])
        assert frames_before_the_damage(path) >= 10


def test_annex_b_stream_becomes_length_prefixed(
    tmp_path: Path, street: tuple[StreamInfo, list[Packet]]
) -> None:
    info, packets = street
    raw = tmp_path / "raw.h264"
    writer = ClipWriter(tmp_path / "clip.mp4", info)
    for packet in packets:
        writer.write(packet)
    clip = writer.close()
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(clip.path), "-c", "copy", str(raw)], check=True
    )
    annex = raw.read_bytes()
    parameters = b"".join(b"\0\0\0\1" + u for u in annex_b_units(annex) if u[0] & 0x1F in {7, 8})
    again = Mp4Track(StreamInfo("h264", 320, 240, info.time_base, 10.0, parameters))
    first_picture = Packet(annex, Instant(0, 0), 0, 0, 1024, is_keyframe=True)
    path = tmp_path / "again.mp4"
    path.write_bytes(again.beginning() + again.fragment(1, [first_picture], 0, 1024))
    assert decoded_frames(path) >= 1


@pytest.mark.promise("Clips: A stream without parameter sets costs clips and nothing else.")
def test_stream_without_parameter_sets_is_refused_by_name() -> None:
    with pytest.raises(Mp4Error, match="no parameter sets"):
        avc_configuration(b"\0\0\0\1\x65\x88")


def test_unknown_codec_is_refused_by_name() -> None:
    with pytest.raises(Mp4Error, match="vp9"):
        Mp4Track(StreamInfo("vp9", 320, 240, Fraction(1, 90_000), 10.0, b""))


def test_clip_without_a_frame_is_abandoned_not_closed(
    tmp_path: Path, street: tuple[StreamInfo, list[Packet]]
) -> None:
    writer = ClipWriter(tmp_path / "clip.mp4", street[0])
    with pytest.raises(ValueError, match="without a frame"):
        writer.close()
    writer.abandon()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.media
def test_hevc_configuration_is_the_one_ffmpeg_writes(tmp_path: Path) -> None:
    file, raw = hevc(tmp_path / "a.mp4"), tmp_path / "a.h265"
    copy = ["ffmpeg", "-v", "error", "-i", str(file), "-c", "copy", "-bsf:v", "hevc_mp4toannexb"]
    subprocess.run([*copy, str(raw)], check=True)
    with av.open(str(file)) as container:
        theirs = container.streams.video[0].codec_context.extradata or b""
    ours = hevc_configuration(annex_b_units(raw.read_bytes()[:4096])) or b""
    assert ours[:22] == theirs[:22]
    assert hevc_configuration(annex_b_units(raw.read_bytes()[:60])) is None
