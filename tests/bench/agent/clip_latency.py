"""Clip latency: from trigger to first fragment, and from the last packet to the whole file.

The recorder runs in its own thread, as on a node, with a full ring. Each figure has a floor from
the same run: the same bytes written to a file with the fewest calls that make them as durable.
"""

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from agent.journal import GrowingClips, Journal
from agent.journal.durable import sync_folder
from agent.media.frame import Instant, Packet, StreamInfo
from agent.recording.recorder import ClipPolicy, Recorder
from agent.recording.ring.preroll import Preroll, PrerollBounds
from agent.recording.sealer import Sealer
from agent.recording.store.store import ClipStore
from agent.wire.ident import uuid7
from agent.wire.messages import ClipBegun

PATIENCE_S: Final = 30.0
RING_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds, median and worst of the rounds; `floor` is the bare writing."""

    ms: float
    worst_ms: float
    floor_ms: float

    @property
    def beyond_ms(self) -> float:
        """The recorder's own part: the median less the floor's."""
        return round(self.ms - self.floor_ms, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """Both latencies, for a clip of the given size in bytes."""

    first_fragment: Latency
    final_clip: Latency
    clip_bytes: int


def measure(
    packets: Sequence[Packet], stream: StreamInfo, sealer: Sealer, rounds: int
) -> Latencies:
    """Measure rounds of one clip each, of all packets; the first ten seconds are the pre-roll."""
    firsts, finals, first_floors, final_floors = [], [], [], []
    clip_bytes = 0
    with tempfile.TemporaryDirectory(prefix="matthan-bench-") as folder:
        for number in range(rounds + 1):
            place = Path(folder) / str(number)
            one = _Round(place, packets, stream, sealer)
            first_s, final_s = one.run()
            if number == 0:  # the first round runs with cold caches
                continue
            firsts.append(first_s)
            finals.append(final_s)
            clip_bytes = one.clip.stat().st_size
            first_floors.append(_first_floor_s(place, one.first_bytes))
            final_floors.append(_final_floor_s(place, one.clip, one.first_bytes))
    return Latencies(
        first_fragment=_latency(firsts, first_floors),
        final_clip=_latency(finals, final_floors),
        clip_bytes=clip_bytes,
    )


class _Round:
    """One recorder, one clip."""

    def __init__(
        self, folder: Path, packets: Sequence[Packet], stream: StreamInfo, sealer: Sealer
    ) -> None:
        self._now = packets[0].at
        self._journal = Journal.open(
            folder.with_suffix(".db"), now=lambda: self._now, boot_id=UUID(int=0)
        )
        self._store = _Shelf(folder, self._journal, max_bytes=2**40, spare_bytes=0, sealer=sealer)
        self._ring = Preroll(PrerollBounds(span_s=RING_S, size_bytes=2**30))
        self._recorder = Recorder(
            "bench", self._ring, self._store, policy=ClipPolicy(longest_s=600.0), new_id=_new_id
        )
        self._packets = packets
        self._stream = stream
        self.first_bytes = 0
        self.clip = folder

    def run(self) -> tuple[float, float]:
        """Seconds from trigger to first fragment, and from the last packet to the whole file."""
        stop = threading.Event()
        thread = threading.Thread(target=self._recorder.run, args=(stop, lambda: None))
        thread.start()
        try:
            return self._trigger(), self._end()
        finally:
            stop.set()
            thread.join()
            self._journal.close()

    def _trigger(self) -> float:
        self._recorder.begin_stream(self._stream)
        run_up = [one for one in self._packets if one.at.seconds_since(self._now) < RING_S]
        for packet in run_up:
            self._recorder.push(packet)
        self._who = uuid4()
        began_s = time.perf_counter()
        self._recorder.sighting_opened(self._who, run_up[-1].at)
        first_s = self._store.watched.wait(self._store.watched.first)
        self.first_bytes = self._store.watched.first_bytes
        for packet in self._packets[len(run_up) :]:
            self._recorder.push(packet)
        return first_s - began_s

    def _end(self) -> float:
        last = self._packets[-1].at
        self._recorder.sighting_closed(self._who, last)
        time.sleep(0.6)  # the recorder has written all packets but the last
        began_s = time.perf_counter()
        self._recorder.end_stream()
        whole_s = self._store.watched.wait(self._store.watched.whole)
        self.clip = self._store.watched.path
        return whole_s - began_s


class _Watched(GrowingClips):
    """Notes when the first fragment is durable, before any message about it."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self.first: list[float] = []
        self.whole: list[float] = []
        self.first_bytes = 0
        self.path = Path()
        self._noted = threading.Condition()

    def grew(self, body: ClipBegun, path: Path, *, durable_bytes: int, at: Instant) -> None:
        """See `GrowingClips`."""
        if not self.first:
            self.first_bytes = durable_bytes
            self.note(self.first)
        super().grew(body, path, durable_bytes=durable_bytes, at=at)

    def note(self, what: list[float]) -> None:
        """Note the present time."""
        with self._noted:
            what.append(time.perf_counter())
            self._noted.notify_all()

    def wait(self, what: list[float]) -> float:
        """The noted time; waits for it."""
        with self._noted:
            if not self._noted.wait_for(lambda: what, PATIENCE_S):
                raise TimeoutError("the recorder wrote no clip")
            return what[0]


class _Shelf(ClipStore):
    def __init__(self, folder: Path, journal: Journal, **options: Any) -> None:
        super().__init__(folder, journal, **options)
        self.growing = self.watched = _Watched(journal)

    def add_clip(self, clip: Any, **about: Any) -> None:
        """Note that the file is complete, hashed and named."""
        self.watched.path = clip.path
        self.watched.note(self.watched.whole)
        super().add_clip(clip, **about)


def _new_id(at: Instant) -> UUID:
    return uuid7(at.utc_us, os.urandom(10))


def _first_floor_s(folder: Path, size_bytes: int) -> float:
    """Write a new file of the given size in bytes. Make the file and its name durable."""
    path, data = folder / "floor", os.urandom(size_bytes)
    began_s = time.perf_counter()
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fdatasync(file.fileno())
    sync_folder(folder)
    spent_s = time.perf_counter() - began_s
    path.unlink()
    return spent_s


def _final_floor_s(folder: Path, clip: Path, last_bytes: int) -> float:
    """Rewrite the start, write the last fragment with its record, then rename: each made
    durable."""
    path, whole, data = folder / "floor.part", clip.read_bytes(), os.urandom(last_bytes)
    with path.open("xb") as file:
        file.write(whole)
        file.flush()
        os.fsync(file.fileno())
        began_s = time.perf_counter()
        file.seek(0)
        file.write(data[:1000])
        file.seek(0, os.SEEK_END)
        file.write(data)
        file.flush()
        os.fdatasync(file.fileno())
        path.rename(folder / "floor")
        sync_folder(folder)
        spent_s = time.perf_counter() - began_s
    (folder / "floor").unlink()
    return spent_s


def _latency(ours_s: Sequence[float], floors_s: Sequence[float]) -> Latency:
    return Latency(
        ms=round(statistics.median(ours_s) * 1000, 2),
        worst_ms=round(max(ours_s) * 1000, 2),
        floor_ms=round(statistics.median(floors_s) * 1000, 2),
    )
