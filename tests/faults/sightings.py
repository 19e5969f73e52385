"""Random sightings on looping recordings over RTSP; each alert is tapped once, then counted.

    .venv/bin/python tests/faults/sightings.py --sightings 200 --cameras 4 --seed 1 [--json]

Real: the RTSP camera, ring, recorder, clip store, journal, uploader, the hub's filing, its uploads
and its pages, asked as an officer's browser asks. Not real: the seed invents the people, and events
go from journal to hub without a broker. Ends with 0 if every tap found something to play within a
second, every clip begins five seconds before its sightings and none lacks or repeats a frame;
otherwise with 1.
"""

import argparse
import json
import logging
import random
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import av
import httpx
import structlog

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent.cameras.follower import Follower
from agent.cameras.rtsp.camera import StreamCamera
from agent.journal import Journal
from agent.media.frame import Instant
from agent.recording.recorder import ClipPolicy, Recorder
from agent.recording.ring.preroll import Preroll, PrerollBounds
from agent.recording.store.store import ClipStore
from agent.uplink.tokens import Tokens
from agent.uplink.upload.uploader import Uploader
from agent.wire.answers import UploadToken
from agent.wire.messages import SightingClosed, SightingOpened
from agent.wire.presence import Birth, CameraWords
from agent.wire.terms import BoxWords, ClockSource, ObjectKind, Stamp
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from hub.nodes import presence
from tests.agent.rigs.hubside import Running, now, open_journal
from tests.agent.rigs.rtsp import RtspServer
from tests.agent.rigs.stage import clip_id_at
from tests.browser.served import address, free_socket, served
from tests.faults.uploads import POLICY
from tests.hub.rigs.web_town import NODE, PASSWORD, TOKEN, Town
from tests.waiting import patience_s, until

FIRST_BYTE_S: Final = 1.0
PREROLL_S: Final = 5.0
FRAMES_PER_S: Final = 10
_FILM: Final = re.compile(
    r'<(?:video|source)[^>]* src="(/(?:clips|alerts)/[^"]+|/media/[0-9a-f-]+/play)"'
)
"""What is played, as its node recorded it: not the small copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Size of the campaign."""

    sightings: int
    cameras: int
    seed: int
    least_tap_s: float = 0.5
    """No officer taps sooner after the alert was raised."""


@dataclass(slots=True)
class Tap:
    """One officer's tap on one alert."""

    first_byte_s: float | None = None
    """From the tap; None: there was nothing to play."""
    film: bytes = b""
    said: str = ""
    """By the page, instead of something to play."""


@dataclass(slots=True, kw_only=True)
class Found:
    """Result of the campaign."""

    seed: int
    sightings: int
    clips: int = 0
    not_ready: int = 0
    not_ready_said: list[str] = field(default_factory=list)
    first_byte_s: dict[str, float] = field(default_factory=dict)
    late_first_bytes: int = 0
    preroll_s: dict[str, float] = field(default_factory=dict)
    short_prerolls: int = 0
    sightings_without_clip: int = 0
    gaps: int = 0
    doubled_frames: int = 0
    films_unlike_their_clip: int = 0

    @property
    def holds(self) -> bool:
        """Whether all promises hold."""
        return self.clips > 0 and not any(
            (
                self.not_ready,
                self.late_first_bytes,
                self.short_prerolls,
                self.sightings_without_clip,
                self.gaps,
                self.doubled_frames,
                self.films_unlike_their_clip,
            )
        )


class Camera:
    """One RTSP camera with its recorder, and people made up in front of it."""

    def __init__(self, name: str, url: str, *, journal: Journal, store: ClipStore) -> None:
        self.name = name
        self._journal = journal
        self._camera = StreamCamera(name, url, clock=now)
        self.recorder = Recorder(
            name,
            Preroll(PrerollBounds(span_s=17.0)),
            store,
            policy=ClipPolicy(),
            new_id=clip_id_at,
        )
        self.first: Instant | None = None
        self.last: Instant | None = None
        self.seen: dict[UUID, Instant] = {}

    def run(self, stop: threading.Event, beat: Any) -> None:
        """Record until told to stop."""
        self.recorder.begin_stream(self._camera.open())
        with Follower(self._camera, self.recorder, stop=stop.is_set) as follower:
            while not stop.is_set() and not follower.newest.is_over:
                if (frame := follower.newest.take(0.2)) is not None:
                    self.first = self.first or frame.at
                    self.last = frame.at
        self.recorder.end_stream()
        follower.raise_what_went_wrong()
        self._camera.close()

    def has_run_for(self, span_s: float) -> bool:
        """True if so much of the stream has come, by its own times."""
        first, last = self.first, self.last
        return first is not None and last is not None and last.seconds_since(first) >= span_s

    def enters(self) -> UUID:
        """Somebody is seen."""
        assert self.last is not None
        sighting_id, at = uuid4(), self.last
        self.seen[sighting_id] = at
        self.recorder.sighting_opened(sighting_id, at)
        self._say(
            SightingOpened(
                camera=self.name,
                sighting_id=sighting_id,
                object_kind=ObjectKind.PERSON,
                people=1,
                score=0.9,
                box=BoxWords(x0=0.1, y0=0.1, x1=0.2, y1=0.4),
                first_seen_utc_us=at.utc_us,
                picture=None,
            ),
            at,
        )
        return sighting_id

    def leaves(self, sighting_id: UUID) -> None:
        """They are gone."""
        assert self.last is not None
        at = self.last
        self.recorder.sighting_closed(sighting_id, at)
        body = SightingClosed(
            camera=self.name,
            sighting_id=sighting_id,
            last_seen_utc_us=at.utc_us,
            duration_ms=round(at.seconds_since(self.seen[sighting_id]) * 1000),
        )
        self._say(body, at)

    def _say(self, body: SightingOpened | SightingClosed, at: Instant) -> None:
        with self._journal.transaction() as tx:
            tx.add_event(body, at=at)


class Wire:
    """Events from the journal into the hub, and receipts back: a line that never breaks."""

    def __init__(self, journal: Journal, town: Town) -> None:
        self._journal = journal
        self._town = town
        self.alerts: dict[UUID, UUID] = {}
        """Sighting → its alert."""

    def run(self, stop: threading.Event, beat: Any) -> None:
        """Until told to stop."""
        while not stop.is_set():
            if not self._carry():
                time.sleep(0.02)

    def _carry(self) -> bool:
        town, owed = self._town, self._journal.waiting(50)
        if not owed:
            return False
        stored, alerted = [], []
        with town.db.writing() as conn:
            for one in owed:
                event = one.message(
                    node=NODE,
                    spool_id=self._journal.spool_id,
                    boot_id=self._journal.boot_id,
                    now=now(),
                )
                filed = town.filing.file_event(conn, event, now=town.clock.now())
                assert filed.is_stored, filed
                stored.append(one.event_id)
                if filed.fate in ("alerted", "grouped"):
                    alerted.append(one.event_id)
                if isinstance(one.body, SightingOpened) and filed.alert_id is not None:
                    self.alerts[one.body.sighting_id] = filed.alert_id
        town.change_signal.ring()
        self._journal.receipt(stored, alerted=alerted)
        return True


def tap(browser: httpx.Client, alert_id: UUID) -> Tap:
    """Open the alert's page and play what it offers, to its end."""
    tapped, began_s = Tap(), time.monotonic()
    page = browser.get(f"/alerts/{alert_id}").text
    film = _FILM.search(page)
    if film is None:
        clips = page.partition('data-part="clips"')[2].partition('data-part="head"')[0]
        tapped.said = " ".join(re.sub(r"<[^>]*>", " ", clips).split())
        return tapped
    with browser.stream("GET", film[1], follow_redirects=True) as answer:
        if answer.status_code != httpx.codes.OK:
            tapped.said = f"{film[1]} {answer.status_code}"
            return tapped
        for piece in answer.iter_bytes():
            if tapped.first_byte_s is None:
                tapped.first_byte_s = time.monotonic() - began_s
            tapped.film += piece
    return tapped


def run(wanted: Wanted, folder: Path) -> Found:
    """All of it; raises AssertionError when something does not come to its end."""
    dice = random.Random(wanted.seed)
    street = record(folder / "street.mp4")
    with ExitStack() as stack:
        server = stack.enter_context(RtspServer(f"/main={street}"))
        journal = stack.enter_context(closing(open_journal(folder / "journal.db")))
        store = ClipStore(folder / "clips", journal, max_bytes=2**40, spare_bytes=0)
        names = [f"cam-{number}" for number in range(1, wanted.cameras + 1)]
        town, url = stack.enter_context(_hub(folder, names, journal))
        wire = Wire(journal, town)
        cameras = [Camera(n, server.url(), journal=journal, store=store) for n in names]
        tokens = Tokens()
        token = UploadToken(token=TOKEN, valid_for_s=86_000, upload_url=f"{url}/upload")
        tokens.put(token, time.monotonic())
        uploader = Uploader(journal, tokens, trusted=None, policy=POLICY, growing=store.growing)
        stack.callback(uploader.close)
        for service in (wire, uploader):
            stack.enter_context(Running(service))
        taps = _watch_street(wanted, dice, cameras, wire, url)
        until(lambda: journal.counts().waiting == journal.counts().media_owed == 0)
        return _count(wanted, cameras, taps, town, journal)


def _watch_street(
    wanted: Wanted, dice: random.Random, cameras: list[Camera], wire: Wire, url: str
) -> list[Tap]:
    taps: list[Tap] = []
    threads: list[threading.Thread] = []
    seeds = [dice.randrange(1 << 30) for _ in cameras]
    with _officer(url) as browser:
        with ExitStack() as running:
            for camera in cameras:
                running.enter_context(Running(camera.recorder))
                running.enter_context(Running(camera))
            # Every ring holds a pre-roll then: on a busy machine a stream comes late.
            until(lambda: all(camera.has_run_for(PREROLL_S + 1.5) for camera in cameras))
            walkers = [
                threading.Thread(
                    target=_walk,
                    args=(camera, random.Random(seed), wanted.sightings // len(cameras)),
                    kwargs={
                        "tap_after_s": (wanted.least_tap_s, wanted.least_tap_s + 3.5),
                        "wire": wire,
                        "browser": browser,
                        "taps": taps,
                        "threads": threads,
                    },
                )
                for camera, seed in zip(cameras, seeds, strict=True)
            ]
            for thread in walkers:
                thread.start()
            for thread in walkers:
                thread.join()
            time.sleep(1)  # the last clips end with their cameras
        for thread in threads:
            thread.join(patience_s())
    return taps


def _walk(
    camera: Camera,
    dice: random.Random,
    sightings: int,
    *,
    tap_after_s: tuple[float, float],
    wire: Wire,
    browser: httpx.Client,
    taps: list[Tap],
    threads: list[threading.Thread],
) -> None:
    """People come and go, sometimes two at a time; each alert is tapped a moment after."""
    present: list[UUID] = []
    for _ in range(sightings):
        sighting_id = camera.enters()
        present.append(sighting_id)
        thread = threading.Thread(
            target=_tap_later, args=(dice.uniform(*tap_after_s), sighting_id, wire, browser, taps)
        )
        threads.append(thread)
        thread.start()
        time.sleep(dice.uniform(0.5, 4))
        while present and (len(present) > 1 or dice.random() < 0.7):
            camera.leaves(present.pop(0))
        time.sleep(dice.choice((0.2, 1, 3, 6)) * dice.random())
    for sighting_id in present:
        camera.leaves(sighting_id)


def _tap_later(
    wait_s: float, sighting_id: UUID, wire: Wire, browser: httpx.Client, taps: list[Tap]
) -> None:
    until(lambda: sighting_id in wire.alerts)
    time.sleep(wait_s)
    taps.append(tap(browser, wire.alerts[sighting_id]))


def _count(
    wanted: Wanted, cameras: list[Camera], taps: list[Tap], town: Town, journal: Journal
) -> Found:
    clips = journal.clips()
    found = Found(seed=wanted.seed, sightings=sum(len(camera.seen) for camera in cameras))
    found.clips = len(clips)
    bytes_s = [one.first_byte_s for one in taps if one.first_byte_s is not None]
    found.not_ready = len(taps) - len(bytes_s) + found.sightings - len(taps)
    found.not_ready_said = [one.said for one in taps if one.first_byte_s is None]
    found.first_byte_s = _spread(bytes_s)
    found.late_first_bytes = sum(one > FIRST_BYTE_S for one in bytes_s)
    began: dict[Any, Any] = {}
    for clip in clips:
        for sighting_id in clip.sighting_ids:
            began.setdefault(sighting_id, clip.first_frame_utc_us)
    seen = {one: at.utc_us for camera in cameras for one, at in camera.seen.items()}
    run_ups_s = [(seen[one] - began[one]) / 1e6 for one in seen if one in began]
    found.sightings_without_clip = len(seen) - len(run_ups_s)
    found.preroll_s = _spread(run_ups_s)
    found.short_prerolls = sum(one < PREROLL_S for one in run_ups_s)
    stored = [b"".join(town.blobs.read(one.sha256, length=one.size_bytes)) for one in clips]
    for clip, data in zip(clips, stored, strict=True):
        times_s = _times_s(clip.path)
        found.gaps += sum(b - a > 1.5 / FRAMES_PER_S for a, b in pairwise(times_s))
        found.doubled_frames += sum(b <= a for a, b in pairwise(times_s))
        found.films_unlike_their_clip += data != clip.path.read_bytes()
    tails = {data[2000:] for data in stored}
    films = [_without_index(one.film)[2000:] for one in taps if one.film]
    found.films_unlike_their_clip += sum(
        not any(tail.startswith(film) for tail in tails) for film in films
    )
    return found


def _without_index(film: bytes) -> bytes:
    """The film without the index that the hub puts in front of the fragments of a stored clip."""
    at = film.find(b"sidx", 0, 8000) - 4
    if at < 0:
        return film
    return film[:at] + film[at + int.from_bytes(film[at : at + 4]) :]


def _times_s(path: Path) -> list[float]:
    with av.open(str(path)) as film:
        video = film.streams.video[0]
        assert video.time_base is not None
        return [
            float(packet.dts * video.time_base)
            for packet in film.demux(video)
            if packet.dts is not None
        ]


def _spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    ranked = sorted(values)
    return {
        "least": round(ranked[0], 3),
        "median": round(statistics.median(ranked), 3),
        "p95": round(ranked[int(0.95 * (len(ranked) - 1))], 3),
        "most": round(ranked[-1], 3),
    }


def record(path: Path, seconds: int = 12) -> Path:
    """Record video like a camera's: H.264, a keyframe a second, no two pictures alike."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_S)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        options = {"g": str(FRAMES_PER_S), "bf": "0", "threads": "1", "crf": "40"}
        stream.codec_context.options = options
        noise = random.Random(0)
        for _ in range(seconds * FRAMES_PER_S):
            frame = av.VideoFrame(320, 240, "yuv420p")
            for plane in frame.planes:
                plane.update(noise.randbytes(plane.buffer_size // 8) * 8)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@contextmanager
def _hub(folder: Path, cameras: list[str], journal: Journal) -> Iterator[tuple[Town, str]]:
    url = f"sqlite:///{folder}/hub.db"
    migrate(url)
    with closing(Database(url)) as db:
        town = Town(db, folder)
        birth = Birth(
            node=NODE,
            birth_id=uuid4(),
            boot_id=journal.boot_id,
            spool_id=journal.spool_id,
            stamp=Stamp(utc_us=now().utc_us, source=ClockSource.NTP, error_ms=5),
            software="matthan 0.1.0",
            cameras=tuple(
                CameraWords(
                    camera=name, label=name, codec="h264", width=320, height=240, frames_per_s=10
                )
                for name in cameras
            ),
        )
        with db.writing() as conn:
            presence.note_birth(conn, birth, now=town.clock.now())
        place, stopped = free_socket(), threading.Event()
        app = town.app(public_url=address(place), stopping=stopped.is_set)
        with served(app, place, stop=stopped.set):
            yield town, address(place)


@contextmanager
def _officer(url: str) -> Iterator[httpx.Client]:
    """Signed in."""
    limits = httpx.Limits(max_connections=None)
    with httpx.Client(base_url=url, limits=limits, timeout=patience_s()) as browser:
        form = {"login": "an", "password": PASSWORD}
        assert browser.post("/login", data=form, headers={"Origin": url}).status_code == 303
        browser.headers["Accept"] = "text/html"
        yield browser


def main() -> int:
    """Run the campaign of the arguments."""
    parser = argparse.ArgumentParser(description="Sightings on a looping camera, each tapped.")
    parser.add_argument("--sightings", type=int, default=200)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    asked = parser.parse_args()
    wanted = Wanted(sightings=asked.sightings, cameras=asked.cameras, seed=asked.seed)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="matthan-sightings-") as folder:
        found = run(wanted, Path(folder))
    print(json.dumps(asdict(found), indent=None if asked.json else 2))
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
