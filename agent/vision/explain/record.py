"""Record of one camera: tracks that were never reported, or late, with the reasons frame by frame;
and places with finds that belong to no track.

In memory only, within bounds: what does not fit is dropped, the least important first, and counted.
A track that is reported in time is forgotten at once, with its crops.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf
from typing import Final, TypeAlias
from uuid import UUID

from agent.media.frame import Frame, Instant
from agent.vision.detect.person import Detection
from agent.vision.explain.reasons import Reason, reason_of
from agent.vision.explain.tally import Tally
from agent.vision.explain.track_record import MOST_CROPS, Crop, TrackRecord
from agent.vision.geometry import Box
from agent.vision.picture import Encode, crop
from agent.vision.pipeline import FrameResult
from agent.vision.sightings.changes import Opened, Updated
from agent.vision.sightings.leaving import is_inside
from agent.vision.sightings.sightings import Sightings, SightingSettings
from agent.vision.track.track import Track

_PlaceKey: TypeAlias = tuple[Reason, int]

LATE_S: Final = 2.0
"""A person reported later than this after `TrackRecord.due_from` is late."""
CROP_PX: Final = 240
CROP_QUALITY: Final = 60
TRIM_EVERY_S: Final = 60.0
PLACES: Final = (3, 4)
"""Rows and columns of the places at which finds without a track are gathered."""
PLACE_S: Final = 1800.0
"""After this time a place gets a new record, so that its numbers are those of a known time."""
CLEARER: Final = 0.05
"""A find with a score this much higher replaces the picture of its place."""


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
    """Tracks, and places with finds that belong to none. People first, then places, two-wheelers
    without a rider last; of each those seen longest first."""
    began: Instant | None
    """First frame; None before it."""
    now: Instant
    height_px: int
    """Height of the pictures."""
    in_time: int
    """Tracks reported in time, to the minute, as the next."""
    without_alert: int
    """Tracks recorded in time, but without an alert: outside the alert hours."""
    crops_dropped: int
    tracks_dropped: int

    def of_most(self, tracks: int) -> "Explanation":
        """The explanation with at most `tracks` tracks; the others and their crops count as
        dropped."""
        left_out = self.missed[tracks:]
        return replace(
            self,
            missed=self.missed[:tracks],
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
        """`settings` are the settings of the sightings."""
        self._encode = encode
        self._limits = limits or RecordLimits()
        self._needed = (settings or SightingSettings()).evidence
        self._live: dict[int, TrackRecord] = {}
        self._places: dict[_PlaceKey, TrackRecord] = {}
        self._refused: dict[_PlaceKey, Instant] = {}
        """Since when there is no room for a place."""
        self._ended: list[TrackRecord] = []
        self._done: set[int] = set()
        self._quiet: set[UUID] = set()
        """Open sightings without an alert."""
        self._began: Instant | None = None
        self._trimmed: Instant | None = None
        self._last_crop: Instant | None = None
        self._height_px = 0
        self._in_time, self._without_alert = Tally(), Tally()
        self._crops_dropped, self._tracks_dropped = Tally(), Tally()

    def note(self, frame: Frame, result: FrameResult, sightings: Sightings) -> None:
        """Add a frame and its detection result."""
        at = frame.at
        if self._began is None:
            self._began = self._trimmed = at
        if self._trimmed is None or at.seconds_since(self._trimmed) >= TRIM_EVERY_S:
            self._trim(at)
        self._note_alerts(result, sightings)
        if not (result.tracks or self._live or result.faint or result.ignored):
            return
        self._height_px = frame.height
        for found in result.faint:
            if not _is_part(found, result.tracks):
                self._add_find(found, Reason.WEAK, frame, result.track_score)
        for found in result.ignored:
            self._add_find(found, Reason.IGNORED, frame, result.track_score)
        told = sightings.open_tracks
        for track in result.tracks:
            if track.track_id in told:
                self._tell(track, at, result, sightings)
            elif track.track_id not in self._done:
                self._add(track, frame, result, sightings)
        self._end((track.track_id for track in result.tracks), at)

    def explanation(self, now: Instant, *, span_s: float = inf) -> Explanation:
        """The content of the record at `now` about the last `span_s` seconds, as a copy."""
        self._trim(now)
        began, cut = self._began, None
        missed = [one.copy() for one in self._records()]
        span_s = min(span_s, self._limits.span_s)
        if began is not None and span_s != inf:
            cut = now.before(span_s)
            began = max(began, cut, key=lambda at: at.mono_ns)
            missed = _since(missed, cut)
        return Explanation(
            tuple(sorted(missed, key=lambda one: one.worth, reverse=True)),
            began,
            now,
            self._height_px,
            self._in_time.since(cut),
            self._without_alert.since(cut),
            self._crops_dropped.since(cut),
            self._tracks_dropped.since(cut),
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

    def _note_alerts(self, result: FrameResult, sightings: Sightings) -> None:
        """Note which open sightings are without an alert."""
        for change in result.changes:
            if isinstance(change, Opened) and not change.wakes:
                self._quiet.add(change.sighting_id)
            elif isinstance(change, Updated) and change.wakes:
                self._quiet.discard(change.sighting_id)
        if self._quiet:
            self._quiet.intersection_update(sightings.open_ids.values())

    def _tell(self, track: Track, at: Instant, result: FrameResult, sightings: Sightings) -> None:
        """Note that the track has a sighting. One that only continues a lost sighting is not
        late."""
        if track.track_id in self._done:
            return
        self._done.add(track.track_id)
        record = self._live.pop(track.track_id, None)
        opened = {one.track_id for one in result.changes if isinstance(one, Opened)}
        is_new = track.track_id in opened or track.track_id not in sightings.own_ids
        is_quiet = bool(self._quiet) and sightings.open_ids[track.track_id] in self._quiet
        if record is None or not is_new or at.seconds_since(record.due_from) <= LATE_S:
            (self._without_alert if is_quiet else self._in_time).add(at)
            return
        record.told_at, record.is_without_alert = at, is_quiet
        self._ended.append(record)

    def _add(self, track: Track, frame: Frame, result: FrameResult, sightings: Sightings) -> None:
        at = frame.at
        weight = sightings.weight(track) if track.is_seen else None
        if track.is_seen and weight is None:
            return  # unknown to the sightings: the camera's first frame
        record = self._live.get(track.track_id) or self._begun(track, at)
        if record.whole_at is None and track.is_seen and is_inside(track.box):
            record.whole_at = at
        evidence = sightings.evidence(track)
        is_enough = evidence >= self._needed
        record.note(
            at,
            reason_of(track, at, weight, is_enough=is_enough, put_off=result.put_off),
            found=track if track.is_seen else None,
            height=track.box.height,
            weight=weight.now if weight is not None else 0.0,
            evidence=evidence,
        )
        if track.is_seen and self._is_crop_due(record, at):
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
        if found.score > record.best_score:
            record.begins_from = track_score
        record.note(at, why, found=found, height=box.height)
        is_clearer = found.score >= record.next_crop_score
        if why is Reason.WEAK and is_clearer and self._is_crop_due(record, at):
            record.next_crop_score = found.score + CLEARER
            if record.crops or self._make_room(record, at):
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
        self._tracks_dropped.add(at)
        self._refused[key] = at

    def _begun(self, track: Track, at: Instant) -> TrackRecord:
        record = TrackRecord(track.track_id, at, at, next_crop_s=self._limits.first_crop_s)
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
        self._crops_dropped.add(at)
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
        """Tracks that are not among the living were never reported."""
        ids = set(living)
        for track_id in self._live.keys() - ids:
            record = self._live.pop(track_id)
            is_without = not record.crops and record.age_s(record.last) >= record.next_crop_s
            self._crops_dropped.add(at, is_without)
            self._ended.append(record)
        self._done &= ids

    def _drop_tracks(self, at: Instant) -> None:
        """Within the bound on memory: places go first, then ended tracks, then others; of each
        whatever matters least."""
        while self.size_bytes > self._limits.most_bytes:
            places = [one for one in self._records() if one.is_place]
            among = places or self._ended or self._live.values()
            self._drop(min(among, key=lambda one: one.worth), at)

    def _drop(self, least: TrackRecord, at: Instant) -> None:
        for key, place in self._places.items():
            if place is least:
                del self._places[key]
                self._refuse(key, at)
                return
        self._tracks_dropped.add(at)
        if self._live.get(least.track_id) is least:
            self._done.add(least.track_id)
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
        self._ended = _since(self._ended, cut)
        for one in self._live.values():
            one.forget_before(cut)
        tallies = (self._in_time, self._without_alert, self._crops_dropped, self._tracks_dropped)
        for tally in tallies:
            tally.forget_before(cut)


def _is_part(found: Detection, tracks: Iterable[Track]) -> bool:
    """True if the middle of a weak find lies in the place of a track: an arm, or the body again.
    Counted for each frame and pair, so without any other geometry."""
    x, y = found.box.center
    for track in tracks:
        box = track.box
        if box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1:
            return True
    return False


def _since(records: Iterable[TrackRecord], cut: Instant) -> list[TrackRecord]:
    """The tracks seen since `cut`, without their frames, numbers and crops from before it."""
    kept = [one for one in records if one.last.mono_ns >= cut.mono_ns]
    for one in kept:
        one.forget_before(cut)
    return kept
