"""The camera loop: the newest frame wins, no change is lost, a lost camera is reported once."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from uuid import UUID, uuid4

import numpy as np
import pytest
from structlog.testing import capture_logs

from agent.cameras.follower import LETTING_GO_S
from agent.cameras.newest import MOST_WAITING, NewestFrames
from agent.cameras.port import CameraError, PacketSink
from agent.journal import Journal, JournalFull, MediaKind
from agent.media.frame import Frame, Instant, Packet, StreamInfo
from agent.recording.recorder import ClipPolicy, Recorder
from agent.recording.ring.preroll import Preroll, PrerollBounds
from agent.recording.store.store import ClipStore
from agent.runtime.camera_loop import (
    FRAME_WAIT_S,
    CameraLoop,
    lookalikes_key,
    lost_key,
    tamper_key,
)
from agent.vision.detect.person import ObjectKind
from agent.vision.geometry import Box
from agent.vision.picture import PictureStyle
from agent.vision.pipeline import FrameResult
from agent.vision.rules.places import LineSide
from agent.vision.rules.rules import RuleKind, RuleMet
from agent.vision.sightings.changes import Closed, Opened, SightingChange, Updated
from agent.vision.tamper.judge import Tampering
from agent.vision.tamper.tamper import TamperBegan, TamperChange, TamperEnded, TamperNothing
from agent.wire import messages
from agent.wire.messages import (
    CameraBack,
    CameraLost,
    ClipBegun,
    ClipReady,
    SightingClosed,
    SightingOpened,
    SightingUpdated,
)
from agent.wire.terms import RuleWords
from tests.agent.rigs.stage import FRAMES_PER_S, at, clip_id_at, marked_packet
from tests.waiting import patience_s, until

BOX = Box(0.25, 0.25, 0.5, 0.75)
Street = tuple[StreamInfo, list[Packet]]


def frame(number: int) -> Frame:
    yuv = np.full((96, 64), 128, np.uint8)
    return Frame(number + 1, at(number / FRAMES_PER_S), yuv, 64, 64)


class FakeCamera:
    """Plays `frames` numbered frames as fast as they are taken, each after its packet.

    Refuses what a camera refuses: frames before opening. `gate` is asked before each frame.
    """

    name = "cam"

    def __init__(self, stream: StreamInfo, frames: int) -> None:
        self._stream = stream
        self._frames = frames
        self._played = 0
        self.is_open = False
        self.fails_to_open = False
        self.breaks_off = False
        self.gate: Callable[[int], object] = lambda _: None

    def open(self) -> StreamInfo:
        if self.fails_to_open:
            raise CameraError("The camera does not answer.", "See to its plug.")
        self.is_open = True
        return self._stream

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        if not self.is_open:
            raise CameraError("The camera was not opened.", "Open it first.")
        for number in range(self._played, self._played + self._frames):
            if stop():
                return
            self.gate(number)
            sink.push(marked_packet(number, is_keyframe=number % FRAMES_PER_S == 0))
            yield frame(number)
        self._played += self._frames
        if self.breaks_off:
            raise CameraError("The camera went away.", "See to its plug.")

    def close(self) -> None:
        self.is_open = False


@dataclass
class ScriptedEyes:
    """Eyes that see by the script: at frame number n these changes."""

    script: dict[int, Sequence[SightingChange]] = field(default_factory=dict)
    before: Callable[[int], object] = lambda _: None
    seen: list[int] = field(default_factory=list)
    inside: list[Opened] = field(default_factory=list)
    view: dict[int, TamperChange] = field(default_factory=dict)
    things: dict[int, str] = field(default_factory=dict)
    moved: dict[int, Box] = field(default_factory=dict)

    def step(self, one: Frame) -> FrameResult:
        number = one.index - 1
        self.before(number)
        self.seen.append(number)
        changes = tuple(self.script.get(number, ()))
        self.inside += [change for change in changes if isinstance(change, Opened)]
        moved = (self.moved[number],) if number in self.moved else ()
        view, things = self.view.get(number), self.things.get(number)
        return FrameResult(moved, (), (), changes, 1, tampering=view, lookalikes=things)

    def finish(self, when: Instant) -> tuple[SightingChange, ...]:
        gone, self.inside = self.inside, []
        return tuple(Closed(one.sighting_id, one.first_seen, one.at, when) for one in gone)


def person_enters(number: int, person: UUID | None = None) -> Opened:
    when = at(number / FRAMES_PER_S)
    return Opened(person or uuid4(), 1, ObjectKind.PERSON, 1, 0.7, BOX, when, when)


@dataclass
class Set:
    """A watch and everything around it."""

    watch: CameraLoop
    camera: FakeCamera
    pipeline: ScriptedEyes
    recorder: Recorder
    store: ClipStore
    journal: Journal
    now_s: float = 0.0

    def run(self, stop: threading.Event | None = None) -> None:
        self.watch.run(stop or threading.Event(), lambda: None)

    def said(self) -> list[object]:
        return [one.body for one in sorted(self.journal.waiting(1000), key=lambda one: one.seq)]


Build = Callable[..., Set]


@pytest.fixture
def build(tmp_path: Path, node_journal: Journal, street: Street) -> Build:
    def built(*, frames: int = 100, folder: Path = tmp_path / "clips") -> Set:
        store = ClipStore(folder, node_journal, max_bytes=2**40, spare_bytes=0)
        ring = Preroll(PrerollBounds())
        recorder = Recorder("cam", ring, store, policy=ClipPolicy(), new_id=clip_id_at)
        camera, pipeline = FakeCamera(street[0], frames), ScriptedEyes()
        scene: Set | None = None
        watch = CameraLoop(
            camera,
            pipeline,  # type: ignore[arg-type]  # stands in for Eyes
            recorder,
            store=store,
            journal=node_journal,
            now=lambda: at(scene.now_s if scene else 0),
            style=PictureStyle(),
        )
        scene = Set(watch, camera, pipeline, recorder, store, node_journal)
        return scene

    return built


def in_step(scene: Set) -> None:
    """Let the camera wait until the eyes have seen the frame before: nobody is late."""

    def gate(number: int) -> None:
        until(lambda: number == 0 or number - 1 in scene.pipeline.seen, every_s=0.001)

    scene.camera.gate = gate


# What is seen is said


def test_alert_and_its_picture_are_written_down_together(build: Build) -> None:
    scene = build(frames=10)
    in_step(scene)
    scene.pipeline.script = {5: [person_enters(5)]}
    scene.run()
    opened, closed = scene.said()
    assert isinstance(opened, SightingOpened)
    assert isinstance(closed, SightingClosed)
    assert opened.picture is not None
    (kept,) = scene.journal.kept(MediaKind.PICTURE)
    assert kept.sha256 == opened.picture.sha256
    assert kept.path.stat().st_size == opened.picture.size_bytes
    assert scene.watch.counts.sightings == 1


def test_end_of_the_recording_closes_the_sighting_and_its_clip(build: Build) -> None:
    scene = build(frames=100)
    in_step(scene)
    person = uuid4()
    scene.pipeline.script = {80: [person_enters(80, person)]}
    scene.run()
    scene.recorder.advance()
    _, closed, begun, ready = scene.said()
    assert isinstance(closed, SightingClosed)
    assert isinstance(begun, ClipBegun)
    assert isinstance(ready, ClipReady)
    assert ready.sighting_ids == (person,)
    assert ready.first_frame_utc_us <= at(3).utc_us
    assert not scene.camera.is_open


def test_message_says_what_the_eyes_saw(build: Build) -> None:
    scene = build(frames=30)
    in_step(scene)
    person = uuid4()
    scene.pipeline.script = {
        5: [person_enters(5, person)],
        20: [Updated(person, 3, 0.9, BOX, at(2))],
    }
    scene.run()
    opened, updated, closed = scene.said()
    assert isinstance(opened, SightingOpened)
    assert (opened.people, opened.score, opened.box.x0) == (1, 0.7, 0.25)
    assert isinstance(updated, SightingUpdated)
    assert (updated.people, updated.score) == (3, 0.9)
    assert isinstance(closed, SightingClosed)
    assert opened.sighting_id == updated.sighting_id == closed.sighting_id == person


@pytest.mark.promise(
    "Tampering: Each kind of tampering has its own advice, and no scene reports a false one."
)
def test_a_view_taken_away_and_what_is_to_be_remembered_are_written_down_together(
    build: Build,
) -> None:
    scene = build(frames=40)
    in_step(scene)
    one, what = uuid4(), Tampering.SPRAYED
    scene.pipeline.view = {
        5: TamperNothing("as usual"),
        20: TamperBegan(one, what, at(0.5), at(2), "sprayed"),
    }
    with capture_logs() as logs:
        scene.run()
    (began,) = scene.said()
    assert isinstance(began, messages.TamperBegan)
    assert (began.tamper_id, began.what.value, began.since_utc_us) == (
        one,
        "sprayed",
        at(0.5).utc_us,
    )
    assert scene.journal.remembered(tamper_key("cam")) == "sprayed"
    (line,) = [line for line in logs if line["event"] == "tamper_began"]
    assert "clean the glass" in line["cure"]
    scene.pipeline.view = {60: TamperEnded(one, what, at(0.5), at(6), True, "well")}
    scene.run()
    _, ended = scene.said()
    assert isinstance(ended, messages.TamperEnded)
    assert (ended.tamper_id, ended.lasted_ms, ended.is_back) == (one, 5500, True)
    assert scene.journal.remembered(tamper_key("cam")) == "well"


def test_what_looks_like_somebody_and_is_none_is_remembered_without_a_word(build: Build) -> None:
    scene = build(frames=40)
    in_step(scene)
    scene.pipeline.things = {5: "a statue", 20: "a statue and a poster"}
    scene.run()
    assert scene.said() == []
    assert scene.journal.remembered(lookalikes_key("cam")) == "a statue and a poster"
    assert scene.journal.remembered(lookalikes_key("other")) is None


# Slow eyes


@pytest.mark.promise("Cameras: A dropped frame does no harm to detection.")
def test_newest_frame_wins_and_the_late_ones_are_counted(build: Build) -> None:
    scene = build(frames=50)
    given: list[int] = []
    scene.camera.gate = given.append
    scene.pipeline.before = lambda number: until(lambda: len(given) >= min(50, number + 11))
    scene.run()
    assert scene.pipeline.seen == sorted(scene.pipeline.seen)
    assert scene.pipeline.seen[-1] == 49
    assert scene.watch.counts.frames + scene.watch.counts.frames_late == 50
    assert scene.watch.counts.frames_late >= 40


def taken(frames: NewestFrames) -> list[int]:
    return [one.index for one in iter(lambda: frames.take(0), None)]


def test_a_few_frames_that_come_at_once_are_all_looked_at_in_their_order() -> None:
    frames = NewestFrames()
    given = [frame(number) for number in range(MOST_WAITING)]
    for one in given:
        frames.put(one)
    frames.end()
    assert not frames.is_over
    assert taken(frames) == [one.index for one in given]
    assert (frames.late, frames.is_over) == (0, True)


def test_a_frame_that_waits_while_the_end_is_said_is_looked_at() -> None:
    class Saying(SimpleQueue[Frame | None]):
        def put(self, item: Frame | None, block: bool = True, timeout: float | None = None) -> None:
            if item is None:
                said.append(frames.is_over)
            super().put(item, block, timeout)

    frames, said = NewestFrames(), list[bool]()
    frames._frames = Saying()
    frames.put(frame(0))
    frames.end()
    assert said == [False], "the frame has not been taken"
    assert taken(frames) == [frame(0).index]


def test_of_more_than_a_few_only_the_newest_waits_and_the_others_are_counted() -> None:
    frames = NewestFrames()
    given = [frame(number) for number in range(MOST_WAITING + 1)]
    for one in given:
        frames.put(one)
    assert taken(frames) == [given[-1].index]
    assert frames.late == MOST_WAITING


def test_the_camera_may_bring_a_few_at_once_only_while_nothing_moves(build: Build) -> None:
    scene = build(frames=3)
    scene.pipeline.moved[1] = BOX
    in_step(scene)
    heard: list[bool] = []
    scene.pipeline.before = lambda _: heard.append(scene.recorder.is_calm())
    scene.run()
    assert [*heard, scene.recorder.is_calm()] == [False, True, False, True]


# The camera goes


def test_loss_is_said_once_and_the_return_once_with_its_span(build: Build) -> None:
    scene = build(frames=10)
    scene.camera.breaks_off = True
    scene.now_s = 1.0
    with pytest.raises(CameraError, match="went away"):
        scene.run()
    scene.camera.fails_to_open = True
    for _ in range(3):
        with pytest.raises(CameraError, match="does not answer"):
            scene.run()
    scene.camera.fails_to_open = scene.camera.breaks_off = False
    in_step(scene)
    scene.camera._played = 61
    scene.pipeline.seen = [60]
    scene.run()
    lost, back = scene.said()
    assert isinstance(lost, CameraLost)
    assert lost.reason == "The camera went away. See to its plug."
    assert isinstance(back, CameraBack)
    assert back.lost_for_ms == 5100


def lose(scene: Set) -> None:
    scene.camera.fails_to_open = True
    with pytest.raises(CameraError):
        scene.run()


def test_a_camera_that_is_back_after_a_restart_is_reported_back(build: Build) -> None:
    lose(build())
    again = build(frames=5)
    assert again.watch.is_lost
    in_step(again)
    again.camera._played = 61
    again.pipeline.seen = [60]
    again.run()
    lost, back = again.said()
    assert isinstance(lost, CameraLost)
    assert isinstance(back, CameraBack)
    assert back.lost_for_ms == 6100
    assert not build().watch.is_lost


def test_a_camera_that_was_lost_before_a_reboot_is_lost_since_then_by_utc(build: Build) -> None:
    build().journal.remember(lost_key("cam"), f"{UUID(int=2)} 77 {at(-5).utc_us}")
    again = build(frames=1)
    again.camera._played = 80
    again.run()
    [back] = again.said()
    assert isinstance(back, CameraBack)
    assert back.lost_for_ms == 13_000


@pytest.mark.parametrize("memory", ["", "since noon", "a b c", "1 2", "1 2 3 4", "\x00"])
def test_a_damaged_memory_of_a_loss_means_that_the_camera_is_not_lost(
    build: Build, memory: str
) -> None:
    build().journal.remember(lost_key("cam"), memory)
    assert not build().watch.is_lost


def test_loss_closes_the_sightings_first_and_their_clip(build: Build) -> None:
    scene = build(frames=30)
    in_step(scene)
    scene.camera.breaks_off = True
    scene.pipeline.script = {20: [person_enters(20)]}
    with pytest.raises(CameraError):
        scene.run()
    scene.recorder.advance()
    kinds = [type(body) for body in scene.said()]
    assert kinds == [SightingOpened, SightingClosed, CameraLost, ClipBegun, ClipReady]


# Stop


def test_stop_closes_what_is_open(build: Build) -> None:
    scene = build(frames=1000)
    stop = threading.Event()
    in_step(scene)
    scene.pipeline.script = {10: [person_enters(10)]}
    scene.pipeline.before = lambda number: stop.set() if number == 20 else None
    scene.run(stop)
    assert [type(body) for body in scene.said()] == [SightingOpened, SightingClosed]
    assert not scene.camera.is_open
    assert len(scene.pipeline.seen) <= 22


def test_camera_that_hangs_does_not_keep_the_watch_from_ending(build: Build) -> None:
    scene = build(frames=1000)
    stop, hangs, go_on = threading.Event(), threading.Event(), threading.Event()
    scene.camera.gate = lambda number: number == 5 and (hangs.set() or go_on.wait(patience_s()))
    scene.pipeline.before = lambda _: hangs.wait(patience_s()) and stop.set()
    scene.run(stop)
    assert any(one.name == "camera-cam" for one in threading.enumerate()), "it hangs still"
    assert FRAME_WAIT_S + LETTING_GO_S <= 2.5, "no more was waited for it"
    go_on.set()
    until(lambda: not any(one.name == "camera-cam" for one in threading.enumerate()))


def test_error_of_the_eyes_lets_go_of_the_camera(build: Build) -> None:
    scene = build(frames=1_000_000)
    scene.pipeline.before = lambda _: 1 // 0
    with pytest.raises(ZeroDivisionError):
        scene.run()
    assert not scene.camera.is_open
    until(lambda: not any(one.name == "camera-cam" for one in threading.enumerate()))


# The disk


@pytest.mark.promise("Bad input: A full disk at the node loses no accepted event.")
def test_full_disk_costs_the_pictures_and_never_the_alert(build: Build, small_disk: Path) -> None:
    scene = build(frames=40, folder=small_disk / "clips")
    in_step(scene)
    fill_up(small_disk / "rest")
    scene.pipeline.script = {n: [person_enters(n)] for n in (10, 20, 30)}
    with capture_logs() as logs:
        scene.run()
    alerts = [body for body in scene.said() if isinstance(body, SightingOpened)]
    assert [alert.picture for alert in alerts] == [None] * 3
    assert scene.watch.counts.pictures_lost == 3
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["picture_lost"]


def fill_up(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return


def test_what_the_journal_refuses_is_written_later_in_order(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = build(frames=60)
    in_step(scene)
    scene.pipeline.script = {n: [person_enters(n)] for n in (10, 20, 30)}
    transaction, is_full = scene.journal.transaction, threading.Event()

    def refusing() -> object:
        if is_full.is_set():
            raise JournalFull("the disk is full", "free some")
        return transaction()

    monkeypatch.setattr(scene.journal, "transaction", refusing)

    def before(number: int) -> None:
        if number == 15:
            is_full.set()
        if number == 40:
            assert len(scene.said()) == 1
            is_full.clear()
        if number == 45:  # with no further change to carry them along
            assert len(scene.said()) == 3

    scene.pipeline.before = before
    scene.run()
    first_seen = [b.first_seen_utc_us for b in scene.said() if isinstance(b, SightingOpened)]
    assert first_seen == [at(n / 10).utc_us for n in (10, 20, 30)]


def test_a_rule_that_was_met_is_said_with_its_sighting_and_before_lesser_things(
    build: Build, node_journal: Journal
) -> None:
    opened = person_enters(20)
    when = at(60 / FRAMES_PER_S)
    met = (
        RuleMet(RuleKind.LOITERING, "san", opened.sighting_id, 1, when, seconds=20.4),
        RuleMet(RuleKind.CROSSING, "rao", opened.sighting_id, 1, when, towards=LineSide.LEFT),
    )
    news = Updated(opened.sighting_id, 1, 0.8, BOX, when, rules=met)
    lesser = Updated(opened.sighting_id, 2, 0.8, BOX, when)
    scene = build()
    in_step(scene)
    scene.pipeline.script = {
        20: [replace(opened, wakes=False)],
        40: [lesser],
        60: [replace(news, wakes=True)],
    }
    scene.run()
    first, quiet_one, told = (
        one for one in scene.said() if isinstance(one, SightingOpened | SightingUpdated)
    )
    assert isinstance(first, SightingOpened)
    assert first.wakes is False
    assert isinstance(quiet_one, SightingUpdated)
    assert (quiet_one.rules, quiet_one.wakes) == (None, None)
    assert isinstance(told, SightingUpdated)
    assert told.wakes is True
    assert told.rules == (
        RuleWords(rule="loitering", place="san", seconds=20),
        RuleWords(rule="crossing", place="rao", towards="left"),
    )
    sent_first = [one.body for one in node_journal.waiting(2)]
    assert sent_first == [first, told]
