"""Compares the sightings of a scene with its truth.

A track matches a person at an overlap (intersection over union) of 0.3: places in the truth are
exact to about 8 pixels, a quarter of a body's width. Hidden or cut-off people count neither for nor
against.
"""

import statistics
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field

from agent.vision.geometry import Box
from tests.bench.agent.scenes.footage import Shown
from tests.bench.agent.scenes.play import Played
from tests.bench.agent.score import paired

MATCH_IOU = 0.3
ABOUT = 0.4
"""A track with this share of its area on an unsure person belongs to that person."""
TRUE_FROM = 1 / 3
"""A sighting is false if its track, until the sighting opened, matched a person in a smaller share
of its frames. Later errors of the track, such as staying on a post after the body has left,
lower the precision."""
LARGE_PX = 40.0
BANDS_PX = ((0, 24), (24, 40), (40, 80), (80, 160), (160, 10_000))
"""Bands of body height: lower limit (included) and upper limit (excluded)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the table."""

    recall: dict[str, float]
    """By band of height: share of persons' frames (0-1) matched by the track of a sighting."""
    seen_of: dict[str, int]
    """By band: number of persons' frames."""
    persons: int
    told: int
    """Number of those persons with a sighting."""
    large: int
    """Persons at least 40 pixels high at some time."""
    large_told: int
    precision: float | None
    """Share of the boxes of sightings' tracks that matched a person; None without boxes."""
    sightings: int
    false_sightings: int
    hours: float
    id_switches: int
    delay_frames: float | None
    """Median, from the first frame with a whole person to the person's sighting."""
    delay_frames_p90: float | None
    evidence_frames: float | None
    """Median, from a track's first detection to its sighting: the frames that the evidence
    needs."""
    beyond_ms: float | None
    """Median processor time from that last frame's arrival to the sighting."""
    inferences_per_s: float
    """Per second of media time."""
    moved_share: float
    """Share of frames with motion."""
    us_per_frame: dict[str, float] = field(default_factory=dict)

    @property
    def false_per_hour(self) -> float:
        """False sightings per hour of media time."""
        return self.false_sightings / self.hours if self.hours else 0.0

    def words(self) -> dict[str, object]:
        """The verdict as JSON."""
        return {**asdict(self), "false_per_hour": round(self.false_per_hour, 2)}


@dataclass
class _Books:
    """Counts over the frames of a scene."""

    hits: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    switches: int = 0
    track_of: dict[int, int] = field(default_factory=dict)
    frames_of: defaultdict[int, dict[int, bool]] = field(default_factory=lambda: defaultdict(dict))
    """By track: whether it matched a person, by frame."""
    tracks_on: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Tracks by person."""
    first_shown: dict[int, int] = field(default_factory=dict)
    large: set[int] = field(default_factory=set)
    """Persons who reached the least height."""


def judge(played: Played) -> Verdict:
    """The verdict on one scene."""
    books = _Books()
    pairs: dict[int, int] = {}
    for frame in range(1, played.frames + 1):
        tracks = played.tracks.get(frame, {})
        pairs = _note(books, frame, played.shown[frame], tracks=tracks, before=pairs)
    hits, asked = sum(books.hits.values()), books.asked
    delays = _delays(books, played)
    evidence = [
        change.at.seconds_since(change.first_seen) * played.frames_per_s + 1
        for _, change in played.opened
    ]
    seconds = played.frames / played.frames_per_s
    return Verdict(
        recall={band: round(books.hits[band] / asked[band], 4) for band in _named(asked)},
        seen_of={band: asked[band] for band in _named(asked)},
        persons=len(books.first_shown),
        told=len(delays),
        large=len(books.large),
        large_told=len(books.large & delays.keys()),
        precision=round(hits / (hits + books.wrong), 4) if hits + books.wrong else None,
        sightings=len(_told(played)),
        false_sightings=sum(_is_false(books, track, frame) for frame, track in _told(played)),
        hours=round(played.hours, 5),
        id_switches=books.switches,
        delay_frames=_median(list(delays.values())),
        delay_frames_p90=_late(list(delays.values())),
        evidence_frames=_median(evidence),
        beyond_ms=_median(played.opening_cpu_ms),
        inferences_per_s=round(played.inferences / seconds, 3),
        moved_share=round(played.frames_moved / played.frames, 4),
        us_per_frame=played.us_per_frame,
    )


def band_of(box: Box) -> str:
    """The name of the box's band of height."""
    for low, high in BANDS_PX:
        if low <= box.height < high:
            return band_name(low, high)
    raise ValueError(f"a body {box.height} pixels high")


def _note(
    books: _Books, frame: int, shown: Shown, *, tracks: dict[int, Box], before: dict[int, int]
) -> dict[int, int]:
    """Record one frame; returns the pairs of persons and tracks."""
    pairs = paired(shown.people, tracks, before, MATCH_IOU)
    for person, box in shown.people.items():
        books.first_shown.setdefault(person, frame)
        if box.height >= LARGE_PX:
            books.large.add(person)
        books.asked[band_of(box)] += 1
        books.hits[band_of(box)] += person in pairs
    for person, track in pairs.items():
        books.switches += books.track_of.get(person, track) != track
        books.track_of[person] = track
        books.tracks_on[person].add(track)
    for track, box in tracks.items():
        is_about = track in pairs.values() or _is_about(box, shown.unsure)
        books.wrong += not is_about
        books.frames_of[track][frame] = is_about
    return pairs


def _is_about(box: Box, unsure: tuple[Box, ...]) -> bool:
    return any(box.overlap(other) >= ABOUT * box.area for other in unsure)


def _is_false(books: _Books, track: int, told_at: int) -> bool:
    until = [is_about for frame, is_about in books.frames_of[track].items() if frame <= told_at]
    return sum(until) < TRUE_FROM * len(until) or not until


def _told(played: Played) -> list[tuple[int, int]]:
    """(frame, track) of every person in a sighting, alone or counted in a crowd."""
    alone = [(frame, change.track_id) for frame, change in played.opened]
    return [*alone, *played.counted]


def _delays(books: _Books, played: Played) -> dict[int, int]:
    """By person with a sighting: frames from showing whole to the sighting; 0 if that was
    earlier."""
    opened: dict[int, int] = {}
    for frame, track in _told(played):
        opened.setdefault(track, frame)
    delays = {}
    for person, first in books.first_shown.items():
        told_at = [opened[track] for track in books.tracks_on[person] if track in opened]
        if told_at:
            delays[person] = max(0, min(told_at) - first)
    return delays


def _median(values: list[float] | list[int]) -> float | None:
    return round(float(statistics.median(values)), 2) if values else None


def _late(delays: list[int]) -> float | None:
    """The 90th percentile."""
    return sorted(delays)[int(0.9 * (len(delays) - 1))] if delays else None


def band_name(low: int, high: int) -> str:
    """The name of a band of heights in pixels."""
    if low == 0:
        return f"<{high}"
    return f"{low}-{high}" if high < 10_000 else f">{low}"


def _named(asked: Counter[str]) -> list[str]:
    """The bands with at least one person, lowest first."""
    return [name for name in (band_name(*band) for band in BANDS_PX) if asked[name]]
