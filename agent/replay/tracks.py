"""Tracks as MOTChallenge text: frame, id, x, y, width, height in pixels, score, -1, -1, -1."""

from collections.abc import Iterable, Set
from dataclasses import dataclass

from agent.media.frame import Frame
from agent.vision.track.track import Track


@dataclass(frozen=True, slots=True)
class _Row:
    """A track's box in one frame, in pixels."""

    frame: int
    x: float
    y: float
    width: float
    height: float
    score: float


class TrackBook:
    """Records the boxes of each track; fills gaps by linear interpolation when written."""

    def __init__(self) -> None:
        self._rows: dict[int, list[_Row]] = {}

    def note(self, frame: Frame, tracks: Iterable[Track]) -> None:
        """Record the tracks seen in `frame`."""
        for track in tracks:
            if track.is_seen:
                box = track.box.clipped()
                row = _Row(
                    frame.index,
                    box.x0 * frame.width,
                    box.y0 * frame.height,
                    box.width * frame.width,
                    box.height * frame.height,
                    track.score,
                )
                self._rows.setdefault(track.track_id, []).append(row)

    def text(self, track_ids: Set[int]) -> str:
        """The chosen tracks as text, from their first frame on, in order of frames."""
        rows = [
            (row.frame, track_id, row)
            for track_id in track_ids
            for row in _filled(self._rows.get(track_id, []))
        ]
        return "".join(
            f"{frame},{track_id},{row.x:.2f},{row.y:.2f},{row.width:.2f},{row.height:.2f}"
            f",{row.score:.4f},-1,-1,-1\n"
            for frame, track_id, row in sorted(rows, key=lambda r: r[:2])
        )


def _filled(rows: list[_Row]) -> list[_Row]:
    """The rows, with missing frames interpolated; these get the lower of the two scores."""
    filled = rows[:1]
    for row in rows[1:]:
        before = filled[-1]
        for frame in range(before.frame + 1, row.frame):
            share = (frame - before.frame) / (row.frame - before.frame)
            filled.append(_on_the_way(before, row, share, frame))
        filled.append(row)
    return filled


def _on_the_way(before: _Row, after: _Row, share: float, frame: int) -> _Row:
    def mix(one: float, other: float) -> float:
        return one + share * (other - one)

    return _Row(
        frame,
        mix(before.x, after.x),
        mix(before.y, after.y),
        mix(before.width, after.width),
        mix(before.height, after.height),
        min(before.score, after.score),
    )
