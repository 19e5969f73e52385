"""`bench clips`: processor time of ring and writer beside `ffmpeg -c copy`, memory of the ring, and
clip latency.

Both read the same file in the same run and write the same packets: 1080p at 15 frames a second,
about 4 Mbit/s, a keyframe a second. ffmpeg's time includes the start of a process; ours includes
making each fragment durable, and the hash of the whole file.
"""

import argparse
import json
import logging
import resource
import statistics
import subprocess
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from itertools import islice
from pathlib import Path
from uuid import UUID

import av
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from agent.cameras.file.reel import VideoReel
from agent.media.frame import Instant, Packet, StreamInfo
from agent.recording.ring.preroll import Preroll, PrerollBounds
from agent.recording.sealer import Sealer
from agent.recording.writer import ClipWriter
from agent.wire.terms import ClockSource
from tests.bench.agent import clip_latency

FRAMES_PER_S = 15
KBITS_PER_S = 4000
VIDEO_S = 60
ROUNDS = 3
RING_S = 10.0
SOON_S = 14
"""Seconds of video in the clip for the latency figure: ten of pre-roll, four more."""
SOON_ROUNDS = 11
FFMPEG = ("ffmpeg", "-nostdin", "-v", "error", "-y")
PATIENCE_S = 300.0


def add_to(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.set_defaults(command=command)
    parser.add_argument("--json", action="store_true", help="print JSON")


def command(args: argparse.Namespace) -> int:
    """Run the benchmark and print its figures; returns the exit code."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    found = run()
    lines = "\n".join(f"{name:36}{value:>14}" for name, value in found.items())
    print(json.dumps(found, indent=2) if args.json else lines)
    return 0


def run() -> dict[str, float]:
    """Measure; needs ffmpeg with libx264, some 100 MB of disk and half a minute.

    Processor times are user and system seconds per minute of video, the median of three rounds.
    """
    with tempfile.TemporaryDirectory(prefix="matthan-bench-") as folder:
        video = Path(folder) / "street.mp4"
        make_video(video)
        stream = VideoReel(video).open()
        ours, sealed, reading, theirs = [], [], [], []
        sealer = throwaway_sealer()
        for _ in range(ROUNDS):  # alternately, so that load on the machine affects all
            ours.append(spent_s(lambda: remux(video, stream)))
            sealed.append(spent_s(lambda: remux(video, stream, sealer)))
            reading.append(spent_s(lambda: list(packets_of(video))))
            theirs.append(spent_s(lambda: copy_by_ffmpeg(video), resource.RUSAGE_CHILDREN))
        held_bytes, memory_bytes = ring_memory(video, stream)
        soon = clip_latency.measure(
            list(islice(packets_of(video), SOON_S * FRAMES_PER_S)), stream, sealer, SOON_ROUNDS
        )
        return {
            "video_s": VIDEO_S,
            "video_bytes": video.stat().st_size,
            "ours_cpu_s_per_min": per_minute(ours),
            "ours_sealed_cpu_s_per_min": per_minute(sealed),
            "of_that_reading_cpu_s_per_min": per_minute(reading),
            "ffmpeg_copy_cpu_s_per_min": per_minute(theirs),
            "times_ffmpeg_copy": round(per_minute(sealed) / max(per_minute(theirs), 0.001), 2),
            "ring_span_s": RING_S,
            "ring_video_bytes": held_bytes,
            "ring_memory_bytes": memory_bytes,
            "first_fragment_ms": soon.first_fragment.ms,
            "first_fragment_worst_ms": soon.first_fragment.worst_ms,
            "first_fragment_floor_ms": soon.first_fragment.floor_ms,
            "first_fragment_beyond_ms": soon.first_fragment.beyond_ms,
            "final_clip_ms": soon.final_clip.ms,
            "final_clip_worst_ms": soon.final_clip.worst_ms,
            "final_clip_floor_ms": soon.final_clip.floor_ms,
            "final_clip_beyond_ms": soon.final_clip.beyond_ms,
            "final_clip_bytes": soon.clip_bytes,
        }


def make_video(
    path: Path, *, width: int = 1920, height: int = 1080, kbits_per_s: int = KBITS_PER_S
) -> None:
    """Make a moving picture with enough noise to fill its bit rate."""
    shown = f"size={width}x{height}:rate={FRAMES_PER_S}:duration={VIDEO_S}"
    scene, rate = f"testsrc2={shown},noise=alls=12:allf=t", f"{kbits_per_s}k"
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-threads", "1"]
    shape = ["-b:v", rate, "-maxrate", rate, "-bufsize", rate, "-g", str(FRAMES_PER_S), "-bf", "0"]
    _ffmpeg("-f", "lavfi", "-i", scene, *encode, *shape, str(path))


def packets_of(video: Path) -> Iterator[Packet]:
    """The encoded packets, not decoded."""
    with av.open(str(video)) as container:
        track = container.streams.video[0]
        ticks = track.time_base or Fraction(1, 90_000)
        base = Fraction(ticks.numerator, ticks.denominator)
        for packet in container.demux(track):
            if packet.dts is None:
                continue
            at = Instant(round(packet.dts * base * 10**9), round(packet.dts * base * 10**6))
            pts = packet.dts if packet.pts is None else packet.pts
            duration = packet.duration or 0
            yield Packet(bytes(packet), at, pts, packet.dts, duration, packet.is_keyframe)


def throwaway_sealer() -> Sealer:
    """A sealer with a new key and a self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    draft = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    draft = draft.public_key(key.public_key()).serial_number(1)
    draft = draft.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    draft = draft.not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    return Sealer(
        "bench",
        key=key,
        certificates=(draft.sign(key, SHA256()),),
        trust=lambda: (ClockSource.NONE, None),
    )


def remux(video: Path, stream: StreamInfo, sealer: Sealer | None = None) -> None:
    """Pass the video through the ring into a clip, read four times a second as the recorder
    does."""
    ring = Preroll(PrerollBounds(span_s=RING_S))
    ring.begin(stream)
    path = video.with_name("ours.mp4")
    seal = sealer.begin(UUID(int=0), "bench", stream, Instant(0, 0)) if sealer else None
    writer = ClipWriter(path, stream, seal=seal)
    next_number = 1
    for index, packet in enumerate(packets_of(video)):
        ring.push(packet)
        if index % (FRAMES_PER_S // 4) == 0:
            for item in ring.since(next_number):
                writer.write(item.packet)
                next_number = item.number + 1
    for item in ring.since(next_number):
        writer.write(item.packet)
    writer.close()
    path.unlink()


def copy_by_ffmpeg(video: Path) -> None:
    """Copy the same video by ffmpeg, for comparison."""
    fragments = ("-movflags", "frag_keyframe+empty_moov")
    _ffmpeg("-i", str(video), "-c", "copy", *fragments, str(video.with_name("theirs.mp4")))


def ring_memory(video: Path, stream: StreamInfo) -> tuple[int, int]:
    """Bytes of video in a full ring, and the memory in bytes that the ring takes."""
    tracemalloc.start()
    try:
        ring = Preroll(PrerollBounds(span_s=RING_S))
        ring.begin(stream)
        for packet in packets_of(video):
            ring.push(packet)
        return ring.size_bytes, tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def _ffmpeg(*arguments: str) -> None:
    subprocess.run([*FFMPEG, *arguments], check=True, timeout=PATIENCE_S)


def spent_s(work: Callable[[], object], who: int = resource.RUSAGE_SELF) -> float:
    """Processor seconds, user and system, that `work` takes."""
    before = resource.getrusage(who)
    work()
    after = resource.getrusage(who)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def per_minute(spent: list[float]) -> float:
    """The median, in seconds per minute of video."""
    return round(statistics.median(spent) * 60 / VIDEO_S, 3)
