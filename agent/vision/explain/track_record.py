"""Record of one track that is not reported: its frames packed, and a few crops.

A frame takes 15 bytes. The first and the newest hundred are kept; those between are counted, two
minutes at a time, so that the numbers of older ones can be forgotten.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import ceil
from struct import Struct
from typing import Final

from agent.media.frame import Instant
from agent.vision.detect.person import Detection
from agent.vision.detect.riders import WHEELS
from agent.vision.explain.reasons import REASONS, Reason
from agent.vision.track.track import Track

ROWS_KEPT: Final = 100
"""Number of frames kept at the beginning, and as many at the end."""
MOST_CROPS: Final = 6
"""Most crops of one track."""
FIXED_BYTES: Final = 2_500
"""Memory of a record without frames and crops, measured and rounded up."""
_ROW: Final = Struct("<IHHHHHB")
"""Milliseconds since the track began; score, height, motion, weight and evidence in thousandths;
number of the reason."""
_MOST: Final = 65_535
MOST_ROWS_BYTES: Final = (2 * ROWS_KEPT + 1) * _ROW.size
_PART_MS: Final = 120_000
_MOST_PARTS: Final = 32
"""Of the last hour."""
_COUNTS: Final = 6
_PART: Final = _COUNTS + len(REASONS)
"""Numbers of a part: its place in time, frames found; best score, height, motion and evidence in
thousandths; frames by reason."""
PARTS_BYTES: Final = (_MOST_PARTS + 1) * _PART * array("H").itemsize


@dataclass(frozen=True, slots=True)
class FrameRow:
    """Values of one frame for a track."""

    at: Instant
    score: float
    """Score of the network, 0-1; 0 in a frame without a detection, like `moved` and `weight`."""
    height: float
    """Share of the picture's height."""
    moved: float
    """Share of its place with motion."""
    weight: float
    """The part of the score that counts as evidence."""
    evidence: float
    """Sum so far; see `SightingSettings.evidence`."""
    reason: Reason


@dataclass(frozen=True, slots=True)
class Crop:
    """The track's place and its surroundings in one frame, as JPEG."""

    at: Instant
    jpeg: bytes
    width: int
    height: int


@dataclass(slots=True)
class TrackRecord:
    """One track, from its first frame on until it is reported or ends. Or one place: finds there
    that are part of no track, each as a frame."""

    track_id: int
    """0 for a place."""
    began: Instant
    last: Instant
    """Moment of the newest frame in which the track was found."""
    is_mount: bool = False
    whole_at: Instant | None = None
    """First frame in which the border did not cut it."""
    told_at: Instant | None = None
    """Moment of its report, if it was reported late,"""
    is_without_alert: bool = False
    """and that outside the alert hours."""
    begins_from: float = 0.0
    """Of a place: score from which a track begins, at its best find."""
    frames: int = 0
    seen: int = 0
    """Frames in which it was found."""
    best_score: float = 0.0
    tallest: float = 0.0
    most_moved: float = 0.0
    most_evidence: float = 0.0
    counts: Counter[Reason] = field(default_factory=Counter)
    """Frames by reason."""
    crops: list[Crop] = field(default_factory=list)
    next_crop_s: float = 0.0
    """Age from which on the next crop is due,"""
    next_crop_score: float = 0.0
    """and, of a place, score."""
    rows_left_out: int = 0
    known_from: Instant | None = None
    """What was before this moment is forgotten; None: nothing was."""
    _rows: bytearray = field(default_factory=bytearray)
    _parts: "array[int]" = field(default_factory=lambda: array("H"))
    _last_reason: Reason | None = None

    @property
    def is_place(self) -> bool:
        """True for finds at a place that are part of no track."""
        return self.track_id == 0

    @property
    def first(self) -> Instant:
        """From when on the numbers are: its first frame, or the cut after it."""
        return self.known_from or self.began

    @property
    def due_from(self) -> Instant:
        """From when a report was due: wholly in view; the first find if the border always cut
        it."""
        return self.whole_at or self.began

    @property
    def size_bytes(self) -> int:
        """Memory used, at most: frames are counted as if all rows were there."""
        crops = sum(len(crop.jpeg) for crop in self.crops)
        return FIXED_BYTES + MOST_ROWS_BYTES + PARTS_BYTES + crops

    @property
    def worth(self) -> tuple[bool, bool, int]:
        """Rank of the track for a reader, higher first: people before places, places before parked
        two-wheelers, then the longest seen."""
        return not self.is_mount, not self.is_place, self.seen

    def copy(self) -> "TrackRecord":
        """A copy that later frames do not change."""
        return replace(
            self,
            counts=Counter(self.counts),
            crops=list(self.crops),
            _rows=bytearray(self._rows),
            _parts=self._parts[:],
        )

    def age_s(self, now: Instant) -> float:
        """Seconds since its first frame."""
        return now.seconds_since(self.began)

    def note(
        self,
        at: Instant,
        reason: Reason,
        *,
        found: Track | Detection | None,
        height: float,
        weight: float = 0.0,
        evidence: float = 0.0,
    ) -> None:
        """Add one frame: what was `found`, and the height of its box. Of consecutive frames without
        a look only the first has a row."""
        self.frames += 1
        self.counts[reason] += 1
        score = moved = 0.0
        if found is not None:
            self.seen, self.last = self.seen + 1, at
            score, moved = found.score, found.moved
            self.is_mount = found.kind in WHEELS
            self.best_score = max(self.best_score, score)
            self.tallest = max(self.tallest, height)
            self.most_moved = max(self.most_moved, moved)
            self.most_evidence = max(self.most_evidence, evidence)
        shares = score, height, moved, weight, evidence
        thousandths = [min(_MOST, max(0, round(1000 * share))) for share in shares]
        age_ms = min(2**32 - 1, max(0, round(1000 * self.age_s(at))))
        row = (age_ms, *thousandths, REASONS.index(reason))
        self._count(row, is_found=found is not None)
        if reason is Reason.NOT_LOOKED and self._last_reason is reason:
            return
        self._last_reason = reason
        self._rows += _ROW.pack(*row)
        if len(self._rows) > 2 * ROWS_KEPT * _ROW.size:
            del self._rows[ROWS_KEPT * _ROW.size : (ROWS_KEPT + 1) * _ROW.size]
            self.rows_left_out += 1

    def rows(self) -> Iterator[FrameRow]:
        """The stored frames, in order."""
        for age_ms, *shares, number in _ROW.iter_unpack(bytes(self._rows)):
            score, height, moved, weight, evidence = (share / 1000 for share in shares)
            at = self.began.before(-age_ms / 1000)
            yield FrameRow(at, score, height, moved, weight, evidence, REASONS[number])

    def forget_before(self, cut: Instant) -> None:
        """Remove crops, frames and numbers from before `cut`. Of the two minutes around the cut
        only the stored frames are counted."""
        if self.first.mono_ns >= cut.mono_ns:
            return
        self.known_from = cut
        self.crops = [crop for crop in self.crops if crop.at.mono_ns >= cut.mono_ns]
        old_ms = 1000 * self.age_s(cut)
        old = sum(row[0] < old_ms for row in _ROW.iter_unpack(bytes(self._rows)))
        del self._rows[: old * _ROW.size]
        self._recount(old_ms)
        stored = len(self._rows) // _ROW.size
        self.rows_left_out = min(self.rows_left_out, max(0, self.frames - stored))

    def _count(self, row: tuple[int, ...], *, is_found: bool) -> None:
        """Count a frame in its part."""
        age_ms, score, height, moved, _weight, evidence, number = row
        parts, part = self._parts, min(_MOST, age_ms // _PART_MS)
        if not parts or parts[-_PART] != part:
            parts.extend((part, *[0] * (_PART - 1)))
            del parts[: -_MOST_PARTS * _PART]
        begin = len(parts) - _PART
        parts[begin + _COUNTS + number] += 1
        if is_found:
            parts[begin + 1] += 1
            for place, value in enumerate((score, height, moved, evidence), begin + 2):
                parts[place] = max(parts[place], value)

    def _recount(self, old_ms: float) -> None:
        """The numbers of the frames from this age on."""
        whole = ceil(old_ms / _PART_MS)
        parts, self._parts = self._parts, array("H")
        for row in _ROW.iter_unpack(bytes(self._rows)):
            if row[0] >= whole * _PART_MS:
                break
            self._count(row, is_found=row[1] > 0)
        for begin in range(0, len(parts), _PART):
            if parts[begin] >= whole:
                self._parts += parts[begin : begin + _PART]
        columns = [self._parts[column::_PART] for column in range(1, _PART)]
        self.seen = sum(columns[0])
        self.best_score, self.tallest, self.most_moved, self.most_evidence = (
            max(column, default=0) / 1000 for column in columns[1 : _COUNTS - 1]
        )
        counts = zip(REASONS, map(sum, columns[_COUNTS - 1 :]), strict=True)
        self.counts = Counter({reason: frames for reason, frames in counts if frames})
        self.frames = self.counts.total()
