"""Record of one track: its frames, packed, until it is reported, and a few crops.

A frame takes 15 bytes. The first and the newest hundred are kept; those between are counted, two
minutes at a time, so that the numbers of older ones can be forgotten.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import ceil
from struct import Struct
from typing import Final, NamedTuple

from agent.media.frame import Instant
from agent.vision.detect.clothes import Clothes
from agent.vision.detect.person import Detection
from agent.vision.detect.riders import WHEELS
from agent.vision.explain.reasons import REASONS, Judged, Reason
from agent.vision.sightings.changes import Opened
from agent.vision.sightings.leaving import is_inside
from agent.vision.sightings.same_body import Difference, Looks, is_sure
from agent.vision.track.track import Track

ROWS_KEPT: Final = 100
"""Number of frames kept at the beginning, and as many at the end."""
MOST_CROPS: Final = 6
"""Most crops of one track."""
EARLY_S: Final = 1.0
"""So long after its first find a track shows where it goes."""
LATE_S: Final = 2.0
"""A person reported later than this after `TrackRecord.due_from` is late."""
FIXED_BYTES: Final = 5_500
"""Memory of a record without frames and crops, measured and rounded up."""
_ROW: Final = Struct("<IhhhhhB")
"""Milliseconds since the track began; score, height, motion, weight and evidence in thousandths;
number of the reason."""
_MOST: Final = 32_767
_MOST_MS: Final = 2**32 - 1
MOST_ROWS_BYTES: Final = (2 * ROWS_KEPT + 1) * _ROW.size
_PART_MS: Final = 120_000
_MOST_PARTS: Final = 32
"""Of the last hour."""
_COUNTS: Final = 6
_PART: Final = _COUNTS + len(REASONS)
"""Numbers of a part: its place in time, frames found; best score, height, motion and evidence in
thousandths; frames by reason."""
PARTS_BYTES: Final = (_MOST_PARTS + 1) * _PART * array("H").itemsize


class FrameRow(NamedTuple):
    """Values of one frame for a track; without a detection its score and motion are 0."""

    at: Instant
    score: float
    height: float
    """Share of the picture's height."""
    moved: float
    """Share of its place with motion."""
    weight: float
    evidence: float
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
    """One track, with its frames until it is reported or ends; or all tracks of one body. Or one
    place: finds there that are part of no track, each as a frame."""

    track_id: int
    """0 for a place."""
    began: Instant
    last: Instant
    """Moment of the newest frame in which the track was found."""
    is_mount: bool = False
    whole_at: Instant | None = None
    """First frame in which the border did not cut it."""
    told_at: Instant | None = None
    """Moment of its report; None: never."""
    sighting: Opened | None = None
    """The opening of its sighting, if that is known."""
    ends: tuple[Looks, ...] = ()
    """Looks of the track when it was first found, last found in its first second, and last found;
    empty for a place."""
    sure: tuple[Instant, Clothes | None] | None = None
    """When it was last surely found, or else at first, and the clothes of that find."""
    within: Counter[int] = field(default_factory=Counter)
    """Frames in which it lay in the place of another track, by the id of that."""
    names: tuple[str, ...] = ()
    """Name of the track; of a body those of all its tracks."""
    taken_for: str = ""
    """Name of the sighting that this body continued, though it is somebody else's. Empty if it
    continued none."""
    difference: Difference | None = None
    """What shows that the sighting in `taken_for` is somebody else's."""
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
    """Age from which on the next crop is due."""
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
    def is_own(self) -> bool:
        """True if its sighting was opened for it, or is a crowd's."""
        sighting = self.sighting
        return sighting is None or sighting.is_crowd or sighting.at == self.told_at

    @property
    def is_without_alert(self) -> bool:
        """True if it was reported outside the alert hours."""
        return self.sighting is not None and not self.sighting.wakes

    @property
    def is_in_time(self) -> bool:
        """True if it was reported in time, or went on as somebody reported."""
        if self.told_at is None or self.taken_for:
            return False
        return not self.is_own or self.told_at.seconds_since(self.due_from) <= LATE_S

    @property
    def size_bytes(self) -> int:
        """Memory used, at most: frames are counted as if all rows were there."""
        if self.is_own and self.is_in_time:
            return FIXED_BYTES
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

    def add(self, later: "TrackRecord") -> None:
        """Add the numbers, frames and crops of a later track of the same body."""
        if self.told_at is None:
            self.whole_at = self.whole_at or later.whole_at
        if later.told_at and not (self.told_at and self.is_own):
            self.told_at, self.sighting = later.told_at, later.sighting
        self.last = max(self.last, later.last, key=lambda at: at.mono_ns)
        for name in ("frames", "seen", "counts", "names", "crops", "rows_left_out"):
            setattr(self, name, getattr(self, name) + getattr(later, name))
        for name in ("best_score", "tallest", "most_moved", "most_evidence"):
            setattr(self, name, max(getattr(self, name), getattr(later, name)))
        age_ms = self._age_ms(later.began)
        for row in _ROW.iter_unpack(bytes(later._rows)):
            self._rows += _ROW.pack(min(_MOST_MS, row[0] + age_ms), *row[1:])

    def find(self, track: Track, at: Instant) -> None:
        """Note how the track looks in a frame in which it was found."""
        self.last, now = at, Looks.of(track)
        first, early, _ = self.ends or (now, now, now)
        self.ends = first, now if self.age_s(at) <= EARLY_S else early, now
        if self.sure is None or is_sure(track):
            self.sure = at, None if track.found is None else track.found.clothes
        if self.whole_at is None and self.told_at is None and is_inside(track.box):
            self.whole_at = at

    def tell(self, at: Instant, sighting: Opened | None) -> None:
        """Note its report. Nobody asks for the frames and crops of who was reported in time."""
        self.told_at, self.sighting = at, sighting
        if self.is_own and self.is_in_time:
            self.crops.clear()
            self.rows_left_out += len(self._rows) // _ROW.size
            self._rows.clear()
            del self._parts[:]

    def age_s(self, now: Instant) -> float:
        """Seconds since its first frame."""
        return now.seconds_since(self.began)

    def _age_ms(self, now: Instant) -> int:
        return min(_MOST_MS, max(0, round(1000 * self.age_s(now))))

    def note(
        self, at: Instant, judged: Judged, found: Track | Detection | None, height: float
    ) -> None:
        """Add one frame: what was `found`, and the height of its box. Of consecutive frames without
        a look only the first has a row."""
        reason, weight, evidence = judged
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
        thousandths = [min(_MOST, max(-_MOST, round(1000 * share))) for share in shares]
        row = (self._age_ms(at), *thousandths, REASONS.index(reason))
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

    def forget_before(self, cut: Instant | None) -> None:
        """Remove crops, frames and numbers from before `cut`. Of the two minutes around the cut
        only the stored frames are counted."""
        if cut is None or self.first.mono_ns >= cut.mono_ns:
            return
        self.known_from = cut
        self.crops = [crop for crop in self.crops if crop.at.mono_ns >= cut.mono_ns]
        old_ms = self._age_ms(cut)
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

    def _recount(self, old_ms: int) -> None:
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
