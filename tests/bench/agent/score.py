"""Scores `tracks.txt` against a truth file in the same MOTChallenge text.

    python -m tests.bench.agent.score TRUTH TRACKS [--frames FIRST-LAST]

Boxes match at an overlap (intersection over union) of 0.5, one to one; a pair that matched in the
frame before stays a pair (CLEAR MOT, Bernardin and Stiefelhagen 2008).
"""

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from agent.vision.geometry import Box

MATCH_IOU = 0.5
BELONGS = 0.5
"""A track belongs to a person if at least this share of its frames match that person."""

Rows = dict[int, dict[int, Box]]
"""Boxes by frame, then by id, in pixels."""


@dataclass(frozen=True, slots=True)
class Score:
    """Quality of the tracks against the truth."""

    recall: float
    precision: float
    id_switches: int
    persons: int
    persons_tracked_once: int
    persons_missed: tuple[int, ...]
    tracks_by_person: dict[int, tuple[int, ...]]
    false_tracks: tuple[int, ...]


def read_rows(text: str, first: int = 1, last: int = 10**9) -> Rows:
    """The rows of frames `first` to `last`, except rows whose flag is 0 (not counted)."""
    rows: Rows = {}
    for line in text.splitlines():
        numbers = [float(n) for n in line.split(",")]
        frame, body = int(numbers[0]), int(numbers[1])
        if first <= frame <= last and numbers[6] != 0:
            x, y, width, height = numbers[2:6]
            rows.setdefault(frame, {})[body] = Box(x, y, x + width, y + height)
    return rows


def score(truth: Rows, tracks: Rows, *, least_iou: float = MATCH_IOU) -> Score:
    """Compare frame by frame; boxes match if their overlap is at least `least_iou`."""
    matched: dict[tuple[int, int], int] = {}
    last_of: dict[int, int] = {}
    pairs: dict[int, int] = {}
    hits = switches = 0
    for frame in sorted(truth.keys() | tracks.keys()):
        pairs = paired(truth.get(frame, {}), tracks.get(frame, {}), pairs, least_iou)
        hits += len(pairs)
        for person, track in pairs.items():
            matched[person, track] = matched.get((person, track), 0) + 1
            switches += last_of.get(person, track) != track
            last_of[person] = track
    return _summed(truth, tracks, matched=matched, hits=hits, switches=switches)


def paired(
    truth: dict[int, Box], tracks: dict[int, Box], before: dict[int, int], least_iou: float
) -> dict[int, int]:
    """The pairs of persons and tracks in one frame: pairs of the frame before first, then the
    closest."""
    pairs = {
        person: track
        for person, track in before.items()
        if person in truth and track in tracks and truth[person].iou(tracks[track]) >= least_iou
    }
    close = sorted(
        ((box.iou(other), p, t) for p, box in truth.items() for t, other in tracks.items()),
        reverse=True,
    )
    for overlap, person, track in close:
        if overlap >= least_iou and person not in pairs and track not in pairs.values():
            pairs[person] = track
    return pairs


def _summed(
    truth: Rows, tracks: Rows, *, matched: dict[tuple[int, int], int], hits: int, switches: int
) -> Score:
    persons = _lengths(truth)
    lengths = _lengths(tracks)
    own = {
        person: tuple(
            track
            for track, length in lengths.items()
            if matched.get((person, track), 0) >= BELONGS * length
        )
        for person in persons
    }
    belonging = {track for own_tracks in own.values() for track in own_tracks}
    touched = {track for _, track in matched}
    return Score(
        recall=round(hits / max(1, sum(persons.values())), 4),
        precision=round(hits / max(1, sum(lengths.values())), 4),
        id_switches=switches,
        persons=len(persons),
        persons_tracked_once=sum(len(own_tracks) == 1 for own_tracks in own.values()),
        persons_missed=tuple(p for p, own_tracks in own.items() if not own_tracks),
        tracks_by_person=own,
        false_tracks=tuple(t for t in lengths if t not in belonging | touched),
    )


def _lengths(rows: Rows) -> dict[int, int]:
    """Number of frames by id."""
    lengths: dict[int, int] = {}
    for body in (body for bodies in rows.values() for body in bodies):
        lengths[body] = lengths.get(body, 0) + 1
    return dict(sorted(lengths.items()))


def main(arguments: Iterable[str] | None = None) -> None:
    """The command of the module's docstring; prints JSON."""
    parser = argparse.ArgumentParser(description="Score tracks against a truth file.")
    parser.add_argument("truth", type=Path)
    parser.add_argument("tracks", type=Path)
    parser.add_argument("--frames", default="1-1000000000", help="FIRST-LAST, both counted")
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    first, last = (int(n) for n in chosen.frames.split("-"))
    truth = read_rows(chosen.truth.read_text(encoding="utf-8"), first, last)
    tracks = read_rows(chosen.tracks.read_text(encoding="utf-8"), first, last)
    print(json.dumps(asdict(score(truth, tracks)), indent=2))


if __name__ == "__main__":
    main()
