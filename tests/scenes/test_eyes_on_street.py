"""Detection on the demo recording, compared with a person's notes of its first 395 frames."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

import pytest

from agent.replay.replay import replay
from agent.vision.geometry import Box, Polygon, crosses, side_of
from agent.vision.pipeline import PipelineSettings
from agent.vision.rules.places import Line, Zone
from tests.bench.agent.scenes.truth import Truth
from tests.bench.agent.score import Rows, Score, read_rows, score
from tests.scenes.helpers.eyes_on_street import BODY_WIDTH, TRUTH

ROOT = Path(__file__).parents[2]
PLACE_IOU = 0.3
"""The truth's places are true to about 8 pixels, which is a quarter of a body's width."""


def recording() -> Path:
    cache = os.environ.get("MATTHAN_CACHE") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "matthan"
    )
    path = Path(cache) / "vtest.avi"
    if not path.exists():
        pytest.skip("the recording is not there: run deploy/recording.sh")
    return path


def places(truth: Truth) -> Rows:
    """Where each stay is, as boxes in pixels; stays are numbered in the order of the file."""
    rows: Rows = {}
    for number, person in enumerate(truth.persons):
        for frame in range(truth.first_frame, truth.last_frame + 1):
            place = person.place_at(frame)
            if place is not None:
                half = BODY_WIDTH * place.height_px / 2
                x, feet = place.x_center_px, place.y_feet_px
                box = Box(x - half, feet - place.height_px, x + half, feet)
                rows.setdefault(frame, {})[number] = box
    return rows


@dataclass(frozen=True)
class Seen:
    """One pass over the labelled frames."""

    score: Score
    opened: int
    closed: int
    inferences_per_frame: float
    told: tuple["Step", ...]
    """Lines that somebody stepped over, as the rules told it."""
    entered: tuple[int, ...]
    """The frames in which somebody was told to be in the square."""
    lingered: tuple[int, ...]
    """The frames in which somebody was told to have stayed there for `LINGER_S`."""
    explained: str
    """The page of those who were not reported, or late."""


@dataclass(frozen=True)
class Step:
    """A step over a line, in the frame in which it was told or is true."""

    line: str
    towards: str
    frame: int
    who: str = ""

    def is_of(self, other: "Step") -> bool:
        """Whether the one is the telling of the other; feet are true to a third of a step."""
        near = abs(self.frame - other.frame) <= STEP_FRAMES
        return near and (self.line, self.towards) == (other.line, other.towards)


STEP_FRAMES = 10
LINES = (
    Line(name="left-third", start=(0.3, 1.0), end=(0.3, 0.0)),
    Line(name="middle", start=(0.5, 1.0), end=(0.5, 0.0)),
    Line(name="right-third", start=(0.7, 1.0), end=(0.7, 0.0)),
    Line(name="half-way-down", start=(0.0, 0.5), end=(1.0, 0.5)),
)


LINGER_S = 8.0
SQUARE = Zone(
    name="square",
    outline=Polygon(((0.3, 0.3), (0.7, 0.3), (0.7, 0.8), (0.3, 0.8))),
    tells_entry=True,
    loiter_s=LINGER_S,
)
AWAY_FRAMES = 20
"""Who is back sooner has not left."""


def stays(truth: Truth) -> list[tuple[int, int]]:
    """The first and last frame of every stay in the square that the written places make."""
    found: list[tuple[int, int]] = []
    for person in truth.persons:
        frames = []
        for frame in range(truth.first_frame, truth.last_frame + 1):
            place = person.place_at(frame)
            if place is not None and SQUARE.outline.contains(
                (place.x_center_px / truth.width_px, place.y_feet_px / truth.height_px)
            ):
                frames.append(frame)
        ends = [one for one, later in pairwise(frames) if later - one > AWAY_FRAMES]
        starts = [later for one, later in pairwise(frames) if later - one > AWAY_FRAMES]
        found += zip(frames[:1] + starts, ends + frames[-1:], strict=True)
    return found


def in_turn(told: Sequence[int], true: Sequence[int]) -> int:
    """How many of `true` were told within a second, each by a telling of its own."""
    left, count = list(told), 0
    for frame in sorted(true):
        near = [one for one in left if abs(one - frame) <= STEP_FRAMES]
        if near:
            left.remove(min(near))
            count += 1
    return count


def told_frames(lines: list[str], rule: str) -> tuple[int, ...]:
    """From the replay's sightings."""
    changes = [json.loads(line) for line in lines]
    return tuple(c["frame"] for c in changes for met in c.get("rules", ()) if met["rule"] == rule)


def steps(truth: Truth) -> list[Step]:
    """Every step over a line that the written places make."""
    found = []
    for line, person in product(LINES, truth.persons):
        before: tuple[float, float] | None = None
        for frame in range(truth.first_frame, truth.last_frame + 1):
            place = person.place_at(frame)
            if place is None:
                continue
            feet = (place.x_center_px / truth.width_px, place.y_feet_px / truth.height_px)
            if before is not None and crosses(line.start, line.end, before, feet):
                side = "right" if side_of(line.start, line.end, feet) > 0 else "left"
                found.append(Step(line.name, side, frame, person.id))
            before = feet
    return found


def told_steps(lines: list[str]) -> tuple[Step, ...]:
    """From the replay's sightings."""
    changes = [json.loads(line) for line in lines]
    return tuple(
        Step(met["place"], met["towards"], change["frame"])
        for change in changes
        for met in change.get("rules", ())
        if met["rule"] == "crossing"
    )


@pytest.fixture(scope="module")
def seen(needs_media: None, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    out = tmp_path_factory.mktemp("seen")
    settings = PipelineSettings(lines=LINES, zones=(SQUARE,))
    last = TRUTH.last_frame
    code = replay(
        recording(),
        out,
        model_dir=ROOT / "models",
        settings=settings,
        last_frame=last,
        explain="en",
    )
    assert code == 0
    summary = json.loads((out / "summary.json").read_text())
    said = (out / "sightings.jsonl").read_text().splitlines()
    tracks = read_rows((out / "tracks.txt").read_text())
    return Seen(
        score(places(TRUTH), tracks, least_iou=PLACE_IOU),
        summary["sightings_opened"],
        summary["sightings_closed"],
        summary["inferences_per_frame"],
        told_steps(said),
        told_frames(said, "entry"),
        told_frames(said, "loitering"),
        (out / "explain.html").read_text(),
    )


@pytest.mark.promise(
    "Agent: Each person who walks through the street is reported, and nobody else."
)
def test_everybody_who_walks_through_is_told_of(seen: Seen) -> None:
    assert seen.score.persons_missed == ()


@pytest.mark.promise("Core: The suite raises no alert for a person who is not there.")
@pytest.mark.promise(
    "Agent: Each person who walks through the street is reported, and nobody else."
)
def test_nobody_is_told_of_who_is_not_there(seen: Seen) -> None:
    assert seen.score.false_tracks == ()


@pytest.mark.promise("Agent: `replay --explain` writes why people were not reported, as one page.")
def test_whatever_was_not_told_of_is_explained_with_pictures(seen: Seen) -> None:
    """A signpost and a lamp post, each found again and again."""
    told = re.search(r"Never reported: (\d+).*them: (\d+).*in time: (\d+)", seen.explained)
    assert told is not None
    never, late, in_time = map(int, told.groups())
    assert len(TRUTH.persons) <= late + in_time <= seen.opened
    places = seen.explained.count("<h2>A place with finds that were not followed")
    taken = seen.explained.count(": reported only as person")
    assert seen.explained.count("<section>") == never + late + taken + places
    assert never + late > 0
    assert 0 < seen.explained.count("<img ") <= 50
    assert "The body has not walked" in seen.explained


@pytest.mark.promise("Agent: On the street, at most three sightings are more than the stays.")
def test_hardly_anybody_is_told_of_twice(seen: Seen) -> None:
    stays = len(TRUTH.persons)
    assert stays <= seen.opened <= stays + 3
    assert seen.score.persons_tracked_once >= stays - 3


@pytest.mark.promise("Agent: On the street, people are followed nearly all the time.")
def test_people_are_followed_nearly_all_the_time(seen: Seen) -> None:
    assert seen.score.recall >= 0.92
    assert seen.score.precision >= 0.92
    assert seen.score.id_switches <= 10


def test_every_sighting_is_closed(seen: Seen) -> None:
    assert seen.opened == seen.closed


@pytest.mark.promise("Agent: On the street, the model runs at most 1.5 times per frame.")
def test_the_model_is_asked_little_more_than_once_a_frame(seen: Seen) -> None:
    assert seen.inferences_per_frame <= 1.5


def test_who_steps_over_a_line_is_told_of_and_hardly_anybody_who_does_not(seen: Seen) -> None:
    """Of each line a stay is told once, so a step back need not be."""
    true = steps(TRUTH)
    owed = {(step.line, step.who) for step in true}
    kept = {(step.line, step.who) for step in true if any(one.is_of(step) for one in seen.told)}
    false = [one for one in seen.told if not any(one.is_of(step) for step in true)]
    assert len(owed) >= 30
    assert len(kept) >= len(owed) - 2
    assert len(false) <= 2


def test_who_comes_into_the_square_is_told_of(seen: Seen) -> None:
    """Somebody whose sighting was split is told of twice, and is there."""
    true = [first for first, _ in stays(TRUTH)]
    assert len(true) >= 12
    assert in_turn(seen.entered, true) >= len(true) - 2
    assert len(seen.entered) <= len(true) + 2


def test_who_lingers_in_the_square_is_told_of_and_nobody_who_passes_through(seen: Seen) -> None:
    true = [
        round(first + LINGER_S * TRUTH.frames_per_s)
        for first, last in stays(TRUTH)
        if last - first >= LINGER_S * TRUTH.frames_per_s
    ]
    assert len(true) == 6
    assert in_turn(seen.lingered, true) >= 5
    assert len(seen.lingered) <= 6
