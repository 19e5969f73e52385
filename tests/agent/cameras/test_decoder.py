"""Decoding without the loop filter: only where keyframes come close together."""

import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from agent.cameras.codec.decoder import Decoder
from agent.cameras.file.reel import i420
from agent.media.frame import Plane
from tests.agent.rigs.vision import after

pytestmark = pytest.mark.media

FRAMES_PER_S = 10


def footage(path: Path, *, group_s: float, coder: str = "libx264", b_frames: int = 0) -> Path:
    """Eight seconds that move, coded so coarsely that the filter has something to do."""
    source = f"-f lavfi -i testsrc2=size=320x240:rate={FRAMES_PER_S}"
    form = f"-c:v {coder} -preset veryfast -g {round(group_s * FRAMES_PER_S)} -bf {b_frames}"
    words = f"ffmpeg -v error -y {source} -t 8 {form} -b:v 60k -pix_fmt yuv420p".split()
    quiet = ["-x265-params", "log-level=error"] if coder == "libx265" else ["-sc_threshold", "0"]
    subprocess.run([*words, *quiet, str(path)], check=True)
    return path


def shown(path: Path, decoder: Decoder | None) -> list[Plane]:
    """By `decoder`; None: by the stream's own."""
    pictures = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        packets = [packet for packet in container.demux(stream) if packet.size]
        for number, packet in enumerate(packets):
            came = after(number / FRAMES_PER_S)
            known = stream.codec_context
            pictures += (
                packet.decode() if decoder is None else decoder.pictures(packet, came, known)
            )
        pictures += stream.codec_context.decode(None) if decoder is None else []
    return [i420(picture) for picture in pictures if isinstance(picture, av.VideoFrame)]


def test_between_close_keyframes_the_filter_is_left_out(tmp_path: Path) -> None:
    path = footage(tmp_path / "close.mp4", group_s=2)
    as_coded, seen = shown(path, None), shown(path, Decoder(may_be_bare=True))
    assert len(seen) == len(as_coded) == 80
    assert not any(map(np.array_equal, seen, as_coded))
    off = [np.abs(a.astype(int) - b).mean() for a, b in zip(seen, as_coded, strict=True)]
    assert max(off) < 6


def test_after_a_first_long_group_pictures_are_what_was_coded(tmp_path: Path) -> None:
    path = footage(tmp_path / "far.mp4", group_s=4)
    as_coded, seen = shown(path, None), shown(path, Decoder(may_be_bare=True))
    assert len(seen) == len(as_coded) == 80
    assert not any(map(np.array_equal, seen[:40], as_coded[:40]))
    assert all(map(np.array_equal, seen[40:], as_coded[40:]))


def test_pictures_that_are_kept_are_what_was_coded(tmp_path: Path) -> None:
    path = footage(tmp_path / "kept.mp4", group_s=2)
    assert all(map(np.array_equal, shown(path, Decoder(may_be_bare=False)), shown(path, None)))


def test_pictures_in_another_order_than_packets_are_left_to_the_streams_own_decoder(
    tmp_path: Path,
) -> None:
    path = footage(tmp_path / "b.mp4", group_s=2, b_frames=2)
    seen = shown(path, Decoder(may_be_bare=True))
    assert len(seen) > 70
    assert all(map(np.array_equal, seen, shown(path, None)))


def test_h265_is_decoded_as_it_was_coded(tmp_path: Path) -> None:
    path = footage(tmp_path / "h265.mp4", group_s=2, coder="libx265")
    seen = shown(path, Decoder(may_be_bare=True))
    assert len(seen) > 70
    assert all(map(np.array_equal, seen, shown(path, None)))


def test_noise_gives_no_picture_and_no_error(tmp_path: Path) -> None:
    decoder = Decoder(may_be_bare=True)
    with av.open(str(footage(tmp_path / "noise.mp4", group_s=2))) as container:
        stream = container.streams.video[0]
        for number, packet in enumerate(container.demux(stream)):
            if packet.size:
                noise = np.random.default_rng(number).bytes(packet.size)
                packet.update(noise)
                decoder.pictures(packet, after(number / FRAMES_PER_S), stream.codec_context)
