"""Record of one camera: its tracks, with the reasons frame by frame until they are reported; and
places with finds that belong to no track.

In memory only, within bounds: what does not fit is dropped, the least important first, and counted.
Of a track that is reported in time neither frames nor crops are kept.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Final, TypeAlias
from uuid import UUID

from agent.media.frame import Frame, Instant
from agent.vision.detect.person import Detection
from agent.vision.explain.bodies import joined
from agent.vision.explain.reasons import Judged, Reason, judge
from agent.vision.explain.track_record import MOST_CROPS, Crop, TrackRecord
from agent.vision.geometry import Box
from agent.vision.picture import Encode, crop
from agent.vision.pipeline import FrameResult
from agent.vision.sightings.changes import Opened, Updated
from agent.vision.sightings.same_body import Difference, lies_in, took_over
from agent.vision.sightings.sightings import Sightings, SightingSettings
from agent.vision.track.track import Track

_Ids: TypeAlias = Mapping[int, UUID]
_PlaceKey: TypeAlias = tuple[Reason, int]

CROP_PX: Final = 240
CROP_QUALITY: Final = 60
TRIM_EVERY_S: Final = 60.0
PLACES: Final = (3, 4)
"""Rows and columns of the places at which finds without a track are gathered."""
PLACE_S: Final = 1800.0
"""After this time a place gets a new record, so that its numbers are those of a known time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLimits:
    """Bounds of a record; the defaults are for a recording that is played once."""

    span_s: float = inf
    """Seconds after which a track is forgotten."""
    most_bytes: int = 8 * 2**20
    most_crops: int = 50
    first_crop_s: float = 0.0
    """Age of a track at its first crop: most are reported or gone before a second has passed."""
    crop_gap_s: float = 0.0
    """Least time between two crops of the camera."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Content of a record at one moment."""

    missed: tuple[TrackRecord, ...]
    """Bodies that were never reported, late, or only under somebody else's sighting, and places
    with finds that belong to no track. People first, then places, two-wheelers without a rider
    last; of each those seen longest first."""
    told: tuple[TrackRecord, ...]
    """Bodies that were reported in time, in order of time."""
    began: Instant | None
    """First frame; None before it."""
    now: Instant
    height_px: int
    """Height of the pictures."""
    most_crops: int
    """Limit of the record."""
    in_time: int
    """Number of bodies that were reported in time."""
    without_alert: int
    """Number of bodies that were recorded in time without an alert: outside the alert hours."""
    crops_dropped: int
    tracks_dropped: int

    def of_most(self, tracks: int) -> "Explanation":
        """The explanation with at most `tracks` of each; others that were missed, and their crops,
        count as dropped."""
        left_out = self.missed[tracks:]
        return replace(
            self,
            missed=self.missed[:tracks],
            told=self.told[:tracks],
            tracks_dropped=self.tracks_dropped + len(left_out),
            crops_dropped=self.crops_dropped + sum(len(one.crops) for one in left_out),
        )


class MissedRecord:
    """Call `note` after each frame of the pipeline; used by one thread at a time."""

    def __init__(
        self,
        encode: Encode,
        limits: RecordLimits | None = None,
        settings: SightingSettings | None = None,
    ) -> None:
        """`settings` are those of the sightings."""
        self._encode = encode
        self._limits = limits or RecordLimits()
        self._needed = (settings or SightingSettings()).evidence
        self._live: dict[int, TrackRecord] = {}
        self._places: dict[_PlaceKey, TrackRecord] = {}
        self._refused: dict[_PlaceKey, Instant] = {}
        """Since when there is no room for a place."""
        self._ended: list[TrackRecord] = []
        self._dropped: set[int] = set()
        """Living tracks without a record."""
        self._opened: dict[UUID, Opened] = {}
        """Open sightings."""
        self._began: Instant | None = None
        self._trimmed: Instant | None = None
        self._last_crop: Instant | None = None
        self._size_px = 1, 1
        self._crops_dropped, self._tracks_dropped = Counter[int](), Counter[int]()
        """Numbers by minute."""

    def note(self, frame: Frame, result: FrameResult, sightings: Sightings) -> None:
        """Add a frame and its detection result."""
        at = frame.at
        if self._began is None:
            self._began = self._trimmed = at
        if self._trimmed is None or at.seconds_since(self._trimmed) >= TRIM_EVERY_S:
            self._trim(at)
        told = sightings.open_ids
        self._note_openings(result, told)
        if not (result.tracks or self._live or result.faint or result.ignored):
            return
        self._size_px = frame.width, frame.height
        for found in result.faint:
            if not _is_part(found, result.tracks):
                self._add_find(found, Reason.WEAK, frame, result.track_score)
        for found in result.ignored:
            self._add_find(found, Reason.IGNORED, frame, result.track_score)
        for track in result.tracks:
            self._add(track, frame, result, sightings, told)
        self._end((track.track_id for track in result.tracks), at)

    def explanation(self, now: Instant, *, span_s: float = inf) -> Explanation:
        """The content of the record at `now` about the last `span_s` seconds, as a copy."""
        self._trim(now)
        began, cut = self._began, None
        span_s = min(span_s, self._limits.span_s)
        if began is not None and span_s != inf:
            cut = now.before(span_s)
            began = max(began, cut, key=lambda at: at.mono_ns)
        width, height = self._size_px
        bodies = joined(self._records(), aspect=width / height, cut=cut)
        told = [one for one in bodies if one.is_in_time]
        missed = [one for one in bodies if not one.is_in_time]
        quiet = sum(one.is_without_alert for one in told)
        return Explanation(
            tuple(sorted(missed, key=lambda one: one.worth, reverse=True)),
            tuple(told),
            began,
            now,
            height,
            self._limits.most_crops,
            len(told) - quiet,
            quiet,
            _since(self._crops_dropped, cut).total(),
            _since(self._tracks_dropped, cut).total(),
        )

    @property
    def size_bytes(self) -> int:
        """Upper bound of the memory used, in bytes."""
        return sum(one.size_bytes for one in self._records())

    @property
    def crops(self) -> int:
        """Number of crops in memory."""
        return sum(len(one.crops) for one in self._records())

    def _records(self) -> list[TrackRecord]:
        return [*self._live.values(), *self._places.values(), *self._ended]

    def _note_openings(self, result: FrameResult, told: _Ids) -> None:
        """Note which sightings are open, and which of them without an alert."""
        for change in result.changes:
            known = self._opened.get(change.sighting_id)
            if isinstance(change, Opened):
                self._opened[change.sighting_id] = change
            elif known and isinstance(change, Updated) and change.wakes:
                self._opened[change.sighting_id] = replace(known, wakes=True)
        if result.changes:
            still = set(told.values())
            self._opened = {key: one for key, one in self._opened.items() if key in still}

    def _add(
        self, track: Track, frame: Frame, result: FrameResult, sightings: Sightings, told: _Ids
    ) -> None:
        """Add the track's frame; `told` are the open sightings by track."""
        at, record = frame.at, self._live.get(track.track_id)
        sighting_id, judged = told.get(track.track_id), None
        if record is None and (not track.is_seen or track.track_id in self._dropped):
            return
        if sighting_id is None and not (record and record.told_at):
            judged = judge(track, at, sightings, needed=self._needed, put_off=result.put_off)
            if judged is None:
                return
        if record is None:
            record = self._begun(track, at)
        elif track.is_seen and record.sure and took_over(*record.sure, track):
            self._ended.append(record)
            record = self._begun(track, at)
            record.names, record.difference = (f"{track.track_id}b",), Difference.CLOTHES
        if judged is not None:
            record.note(at, judged, found=track if track.is_seen else None, height=track.box.height)
            others = (one.track_id for one in result.tracks if lies_in(track, one))
            record.within.update(others if track.is_seen else ())
        elif sighting_id is not None and record.told_at is None:
            record.tell(at, self._opened.get(sighting_id))
        if track.is_seen:
            self._find(record, track, frame)

    def _find(self, record: TrackRecord, track: Track, frame: Frame) -> None:
        """Note the place of a found track, with a picture of who is not reported as themselves."""
        at = frame.at
        record.find(track, at)
        is_shown = record.told_at is None or not record.is_own
        if is_shown and self._is_crop_due(record, at):
            age_s = record.age_s(at)
            record.next_crop_s = max(2 * age_s, age_s + 1.0)
            if self._make_room(record, at):
                self._crop(record, track.box, frame)

    def _add_find(self, found: Detection, why: Reason, frame: Frame, track_score: float) -> None:
        """Add a find without a track to its place. A place has one picture, of its clearest find;
        an ignored one has none."""
        at, box = frame.at, found.box
        record = self._place(why, box, at)
        if record is None:
            return
        is_clearer = found.score > record.best_score
        if is_clearer:
            record.begins_from = track_score
        record.note(at, Judged(why), found=found, height=box.height)
        is_shown = why is Reason.WEAK and (is_clearer or not record.crops)
        if is_shown and self._is_crop_due(record, at):
            record.next_crop_s = 0.0 if record.crops or self._make_room(record, at) else inf
            if record.next_crop_s == 0:
                record.crops.clear()
                self._crop(record, box, frame)

    def _place(self, why: Reason, box: Box, at: Instant) -> TrackRecord | None:
        """The record of the find's place. None without room for one: it is not made again for the
        time of a place, so that it counts as dropped once and not in each frame."""
        (x, y), (rows, columns) = box.clipped().center, PLACES
        key = why, min(rows - 1, int(y * rows)) * columns + min(columns - 1, int(x * columns))
        record = self._places.get(key)
        if record is None or not 0 <= record.age_s(at) < PLACE_S:
            if record is not None:
                self._ended.append(self._places.pop(key))
            refused, record = self._refused.get(key), TrackRecord(0, at, at)
            if refused is not None and 0 <= at.seconds_since(refused) < PLACE_S:
                return None
            if self.size_bytes + record.size_bytes > self._limits.most_bytes:
                self._refuse(key, at)
                return None
            self._places[key] = record
        return record

    def _refuse(self, key: _PlaceKey, at: Instant) -> None:
        self._tracks_dropped[_minute(at)] += 1
        self._refused[key] = at

    def _begun(self, track: Track, at: Instant) -> TrackRecord:
        record = TrackRecord(track.track_id, at, at, next_crop_s=self._limits.first_crop_s)
        record.names = (str(track.track_id),)
        self._live[track.track_id] = record
        self._drop_tracks(at)
        return record

    def _is_crop_due(self, record: TrackRecord, at: Instant) -> bool:
        """After twice the time each: six show half a minute, and where it began."""
        if len(record.crops) >= MOST_CROPS or record.age_s(at) < record.next_crop_s:
            return False
        last = self._last_crop
        return last is None or at.seconds_since(last) >= self._limits.crop_gap_s

    def _make_room(self, record: TrackRecord, at: Instant) -> bool:
        """True if one more crop fits, after the least needed one was dropped: a later one of the
        track with the most, else the only one of a track that matters less."""
        if self.crops < self._limits.most_crops:
            return True
        self._crops_dropped[_minute(at)] += 1
        others = [one for one in self._records() if one.crops]
        most = max(len(one.crops) for one in others)
        least = min((one for one in others if len(one.crops) == most), key=lambda one: one.worth)
        is_new_needed = most > max(1, len(record.crops)) or (
            not record.crops and record.worth > least.worth
        )
        if is_new_needed:
            least.crops.pop()
        return is_new_needed

    def _crop(self, record: TrackRecord, box: Box, frame: Frame) -> None:
        self._last_crop = frame.at
        made = crop(frame, box, highest_px=CROP_PX, quality=CROP_QUALITY, encode=self._encode)
        record.crops.append(Crop(frame.at, made.data, made.width, made.height))
        self._drop_tracks(frame.at)

    def _end(self, living: Iterable[int], at: Instant) -> None:
        """End the records of tracks that are not among the living."""
        ids = set(living)
        for track_id in self._live.keys() - ids:
            record = self._live.pop(track_id)
            is_without = not record.crops and record.age_s(record.last) >= record.next_crop_s
            self._crops_dropped[_minute(at)] += is_without and record.told_at is None
            self._ended.append(record)
        self._dropped &= ids

    def _drop_tracks(self, at: Instant) -> None:
        """Within the bound on memory: places go first, then those reported in time, from the oldest
        on, then ended tracks, then others; of each whatever matters least."""
        while self.size_bytes > self._limits.most_bytes:
            places = [one for one in self._records() if one.is_place]
            told = [one for one in self._ended if one.is_in_time]
            among = places or told[:1] or self._ended or self._live.values()
            self._drop(min(among, key=lambda one: one.worth), at)

    def _drop(self, least: TrackRecord, at: Instant) -> None:
        for key, place in self._places.items():
            if place is least:
                del self._places[key]
                self._refuse(key, at)
                return
        self._tracks_dropped[_minute(at)] += 1
        if self._live.get(least.track_id) is least:
            self._dropped.add(least.track_id)
            del self._live[least.track_id]
        else:
            self._ended.remove(least)

    def _trim(self, now: Instant) -> None:
        """Forget frames and counts older than the span."""
        self._trimmed = now
        if self._limits.span_s == inf:
            return
        cut = now.before(self._limits.span_s)
        ended = [key for key, one in self._places.items() if now.seconds_since(one.last) > PLACE_S]
        self._ended += [self._places.pop(key) for key in ended]
        self._ended = [one for one in self._ended if one.last.mono_ns >= cut.mono_ns]
        for one in (*self._ended, *self._live.values()):
            one.forget_before(cut)
        self._crops_dropped = _since(self._crops_dropped, cut)
        self._tracks_dropped = _since(self._tracks_dropped, cut)


def _is_part(found: Detection, tracks: Iterable[Track]) -> bool:
    """True if the middle of a weak find lies in the place of a track: an arm, or the body again.
    Counted for each frame and pair, so without any other geometry."""
    x, y = found.box.center
    boxes = (track.box for track in tracks)
    return any(box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1 for box in boxes)


def _minute(at: Instant) -> int:
    return at.mono_ns // 60_000_000_000


def _since(counts: Counter[int], cut: Instant | None) -> Counter[int]:
    """The counts from the minute of `cut` on; all without one."""
    return Counter({it: n for it, n in counts.items() if cut is None or it >= _minute(cut)})
