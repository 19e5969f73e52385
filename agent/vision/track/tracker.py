"""Tracker: joins detections of one body across frames by constant velocity, closest pairs in all.

No Kalman filter: at ten frames a second a smoothed position and speed predict a walker to a few
pixels, and every number here can be checked on a video by eye. Two thresholds, as in ByteTrack
(Zhang et al. 2022): a weak detection can continue a track, only a strong one can begin one, or one
of a near body that came there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp, hypot

from agent.media.frame import Instant
from agent.vision.detect.clothes import OTHER_CLOTHES, mixed, unlikeness
from agent.vision.detect.person import Detection
from agent.vision.detect.riders import WHEELS, sits
from agent.vision.geometry import NEAR, SMALLER, WHOLE, Box, is_whole
from agent.vision.track.assignment import assigned
from agent.vision.track.track import CAME, CAME_SCORE, STIRS, WALKS, Track


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """When detections join, and when a track begins and ends."""

    new_score: float = 0.4
    """A detection from this score on can begin a track (0-1)."""
    new_in_crowd: float = 0.3
    """A detection from this score on can begin a track in a crowd. People are small there, and
    evidence over time removes the rest."""
    keep_score: float = 0.25
    """A detection with this score can continue a track."""
    least_iou: float = 0.3
    """A weak detection must overlap the prediction this much (intersection over union)."""
    apart_iou: float = 0.3
    """A track begins only if its box overlaps other tracks by at most this (intersection over
    union)."""
    apart_part: float = 0.6
    """A track begins only if its box overlaps other tracks by at most this share of the smaller
    box."""
    apart_weak: float = 0.3
    """Share in place of `apart_part` for a weak detection."""
    passing_score: float = 0.6
    """A person with this score (0-1) may overlap others by `passing_part`."""
    passing_part: float = 0.9
    """Share in place of `apart_part` from `passing_score` on. Of two who pass each other, one box
    is mostly inside the other."""
    again_part: float = 0.7
    """A weak detection that is a body just found once more has more than this share of its box
    inside that body's. It continues no other track."""
    again_iou: float = 0.45
    """A weak detection that is a body just found once more overlaps it by more than this
    (intersection over union)."""
    near: float = 0.35
    """Largest distance, in body heights, of a strong detection from the prediction."""
    near_grows_per_s: float = 0.5
    """Added to the reach for each second in which the body was unseen."""
    near_grows_in_crowd: float = 1.0
    """Growth in place of `near_grows_per_s` in a crowd, where looks are a quarter of a second
    apart: a walker may have turned."""
    size_ratio: float = 1.5
    """A body's size changes by at most this factor between two detections."""
    rare_s: float = 0.1
    """Frames farther apart than this are rare, in seconds."""
    near_per_rare_s: float = 1.5
    """Added to the reach for each second beyond `rare_s` between two frames."""
    rarest_s: float = 0.3
    """Longest time between two frames for which the reach grows. A walker goes farther in it than
    at ten frames a second."""
    size_per_rare_s: float = 2.0
    """Added to the size factors for each second beyond `rare_s` between two frames. Somebody who
    comes nearer grows more in it."""
    ride_per_s: float = 6.0
    """Added to the reach for each second after the first find of a rider, whose speed is not known
    yet: some ten metres a second."""
    ride_most_s: float = 0.5
    """The reach of a rider grows for at most this long, in seconds."""
    ride_moved: float = 0.5
    """The reach of a rider grows only if there was motion in this share of the place. A rider at a
    red light does not move."""
    went: float = 0.3
    """A track that moved less than this (body heights) from its start may be a post or half a body:
    its reach does not grow while unseen, because a person who passes is somebody else. Clothes can
    only speak against a match."""
    stood_size_ratio: float = 1.35
    """The size of a track that hardly moved changes by at most this factor."""
    part_ratio: float = 2.0
    """A near body at the border may be found this many times as high, or as low, as before."""
    part_inside: float = 0.8
    """Two boxes of a near body at the border are a part and the whole if this share of the lower
    box is in the higher one."""
    late_s: float = 0.8
    """A body seen within this time is present, and one not looked for since it was seen."""
    lost_s: float = 1.5
    """A track unseen for longer ends."""
    confirm_hits: int = 3
    """Detections that make a track credible; until then it ends after `tentative_s` unseen."""
    tentative_s: float = 0.35
    """See `confirm_hits`."""
    least_misses: int = 3
    """No track ends before this many failed looks: a body that waits for a look has not left."""
    waiting_s: float = 3.0
    """A body waits for a look for at most this long, in seconds."""
    place_gain: float = 0.6
    """Weight of a detection's place. The rest is the weight of the prediction."""
    place_s: float = 0.1
    """In a crowd the weight of the prediction falls when the last look is older than this, in
    seconds."""
    size_gain: float = 0.3
    """Gain for the box's size, which changes slowly: a lower box is often a hidden body."""
    speed_s: float = 0.615
    """Time constant of the speed: with rare looks each look must count more."""
    other_clothes: float = OTHER_CLOTHES
    """Clothes this different (see `clothes.unlikeness`) outweigh a perfect place."""
    away_s: float = 0.8
    """Who was unseen for longer and comes back in clothes so different is somebody else."""
    clothes_gain: float = 0.1
    """Weight of a detection's clothes: a body passing in front must not change them."""
    rode: float = 1.2
    """A two-wheeler that moved this far (of its heights) from its start is ridden."""
    mounted_reach: float = 1.5
    """A rider's centre is above the centre of the wheels: they may be this much farther apart."""
    sure_score: float = 0.5
    """A detection from this score on is sure (0-1)."""
    weak_s: float = 4.0
    """A track that walked and now stands is not continued by a weak detection after this long
    without a sure one, in seconds."""
    weak_clothes: float = 6.0
    """The rule of `weak_s` counts for a weak detection in clothes that differ by more than this. It
    may show a sign that the person passed."""
    coast_s: float = 0.5
    """After this time the speed of a body falls with the time unseen: it may have stopped."""


class Tracker:
    """Holds the live tracks; call `step` for each frame, also without detections."""

    def __init__(self, settings: TrackSettings | None = None) -> None:
        self._settings = settings or TrackSettings()
        self._tracks: list[Track] = []
        self._last: Instant | None = None
        self._born = 0
        self.faint: tuple[Detection, ...] = ()
        """Detections of the last look that continue no track and are too weak to begin one, unless
        near ones that came there."""
        self._aspect = 1.0
        self._step_s = 0.0
        self._is_crowd = False
        self._expected: tuple[Instant, list[Track]] | None = None

    @property
    def new_score(self) -> float:
        """Score from which any detection can begin a track, as of the last step."""
        return self._settings.new_in_crowd if self._is_crowd else self._settings.new_score

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The live tracks after the last step."""
        return tuple(self._tracks)

    def bodies(self, now: Instant) -> tuple[Box, ...]:
        """Confirmed bodies found recently, told of or not, without parked two-wheelers."""
        return tuple(
            track.box
            for track in self._tracks
            if track.is_confirmed and self._is_there(track, now) and not self._is_parked(track)
        )

    def _is_parked(self, track: Track) -> bool:
        return track.is_mount and track.travelled < self._settings.rode

    def _is_there(self, track: Track, now: Instant) -> bool:
        return track.misses == 0 or now.seconds_since(track.last_seen) <= self._settings.late_s

    @property
    def parked(self) -> tuple[Box, ...]:
        """Two-wheelers that have not moved since they were found."""
        found = (one for one in self._tracks if one.is_confirmed)
        return tuple(one.box for one in found if self._is_parked(one))

    def expected(self, now: Instant) -> tuple[Track, ...]:
        """Live tracks at their predicted places at `now`, inside the picture; none that left it."""
        inside = (_clipped(track) for track in self._ahead(now))
        return tuple(track for track in inside if track.box.area > 0)

    def step(
        self,
        now: Instant,
        found: Sequence[Detection],
        *,
        aspect: float,
        looked: Sequence[Box] = (WHOLE,),
        is_crowd: bool = False,
        shown_from: float = 0.0,
    ) -> tuple[Track, ...]:
        """Tracks after this frame; `aspect` is the picture's width over its height, `looked` the
        parts that were looked at, `shown_from` the height (share of the picture) from which the
        whole picture shows a body large enough to be found."""
        self._aspect = aspect
        self._step_s = max(0.0, now.seconds_since(self._last)) if self._last else 0.0
        if self._step_s > self._settings.waiting_s:  # whoever stands there now is somebody else
            self._tracks, self._expected, self.faint = [], None, ()
        tracks = self._ahead(now)
        self._last, self._expected = now, None
        self._is_crowd = is_crowd
        if not tracks and not found:
            self.faint = () if looked else self.faint
            return ()
        strong = [d for d in found if d.score >= self.new_score]
        weak = [d for d in found if self._settings.keep_score <= d.score < self.new_score]
        tracks, free = self._joined(tracks, strong, now)
        others = [one for one in weak if not self._is_again(one, tracks)]
        tracks, faint = self._joined(tracks, others, now, is_weak=True)
        for detection in (*free, *filter(_came_near, faint)):
            if not self._is_double(detection, tracks):
                tracks.append(self._begun(detection, now))
        self.faint = tuple(faint) if looked else self.faint
        tracks = [
            _looked_at(track, looked, now, shown_from) for track in self._without_doubles(tracks)
        ]
        self._tracks = [track for track in tracks if not self._is_over(track, now)]
        return self.tracks

    def _ahead(self, now: Instant) -> list[Track]:
        """The tracks at their predicted places, once for all who ask before the next step."""
        if self._expected is None or self._expected[0] != now:
            self._expected = now, [self._moved(track, now) for track in self._tracks]
        return self._expected[1]

    def _moved(self, track: Track, now: Instant) -> Track:
        """Constant-velocity prediction; an unseen body slows down."""
        elapsed_s = max(0.0, now.seconds_since(self._last)) if self._last else 0.0
        unseen_s = max(0.0, now.seconds_since(track.last_seen))
        slowing = 1.0 if unseen_s <= self._settings.coast_s else self._settings.coast_s / unseen_s
        dx, dy = (v * elapsed_s * slowing for v in track.speed)
        box = Box(track.box.x0 + dx, track.box.y0 + dy, track.box.x1 + dx, track.box.y1 + dy)
        return replace(track, box=box, is_seen=False, found=None)

    def _joined(
        self,
        tracks: list[Track],
        found: Sequence[Detection],
        now: Instant,
        *,
        is_weak: bool = False,
    ) -> tuple[list[Track], list[Detection]]:
        """The pairs that are closest in all; and the detections that fit no track."""
        closeness = {
            (i, j): close
            for i, track in enumerate(tracks)
            if not track.is_seen
            for j, detection in self._around(track, found, now)
            if not (is_weak and self._is_left_behind(track, detection, now))
            if (close := self._closeness(track, detection, now)) > 0
        }
        tracks, free = list(tracks), set(range(len(found)))
        for i, j in assigned(closeness).items():
            tracks[i] = self._seen(tracks[i], found[j], now)
            free.discard(j)
        return tracks, [found[j] for j in sorted(free)]

    def _is_left_behind(self, track: Track, weak: Detection, now: Instant) -> bool:
        """True if a weak detection may be a thing that a walker passed."""
        settings, was = self._settings, track.sure_clothes
        if track.sure_at is None or track.travelled < settings.went:
            return False
        if now.seconds_since(track.sure_at) <= settings.weak_s or not (was and weak.clothes):
            return False
        return unlikeness(was, weak.clothes) > settings.weak_clothes

    def _around(
        self, track: Track, found: Sequence[Detection], now: Instant
    ) -> Iterator[tuple[int, Detection]]:
        """Those not too far away on either axis, with their indices: most are."""
        (x, y), settings = track.box.center, self._settings
        farthest = (
            max(track.box.height, 1e-6)
            * self._reach(track, now, rides=True)
            * settings.mounted_reach
        )
        for j, detection in enumerate(found):
            u, v = detection.box.center
            if abs(v - y) <= farthest and abs(u - x) * self._aspect <= farthest:
                yield j, detection

    def _closeness(self, track: Track, found: Detection, now: Instant) -> float:
        """From 2 for the same box down to 0, or less if it cannot be this body."""
        if not self._may_be(track, found):
            return 0.0
        settings, stood = self._settings, self._stood(track)
        most = settings.stood_size_ratio if stood else settings.size_ratio
        most += settings.size_per_rare_s * self._rare_s
        is_alike = 1 / most <= found.box.height / max(track.box.height, 1e-6) <= most
        if not (is_alike or self._is_part(track.box, found)):
            return 0.0
        overlap = track.box.iou(found.box)
        is_weak = found.score < self.new_score and not _came_near(found)
        if is_weak and overlap < settings.least_iou:
            return 0.0
        strange = self._strangeness(track, found)
        if strange >= 1.0 and now.seconds_since(track.last_seen) > self._settings.away_s:
            return 0.0
        reach = self._reach(track, now, rides=_has_wheels(found))
        if found.kind is not track.kind:
            reach *= settings.mounted_reach
        away = self._heights_between(track.box, found.box.center)
        if away > reach:
            return 0.0
        confidence = 0.2 if track.is_confirmed else 0.0
        close = overlap + (1.0 - away / reach) + confidence - strange
        return close if stood else max(1e-6, close)

    def _is_part(self, known: Box, found: Detection) -> bool:
        """True if a near body that came there was perhaps found in part at the picture's border,
        and is found as a whole now, or the other way round."""
        settings = self._settings
        part, whole = sorted((known, found.box), key=lambda box: box.height)
        return (
            found.moved >= CAME
            and not is_whole(found.box)
            and whole.height >= NEAR
            and whole.height <= settings.part_ratio * part.height
            and whole.overlap(part) >= settings.part_inside * part.area
        )

    def _stood(self, track: Track) -> bool:
        """Nothing shows yet that it walks."""
        return not track.is_confirmed or track.travelled < self._settings.went

    def _reach(self, track: Track, now: Instant, *, rides: bool) -> float:
        """Largest distance from the prediction, in body heights, of a find that `rides` or not."""
        settings = self._settings
        unseen_s = max(0.0, now.seconds_since(track.last_seen))
        near = settings.near + settings.near_per_rare_s * self._rare_s
        if rides and self._may_ride(track):
            return near + settings.ride_per_s * min(unseen_s, settings.ride_most_s)
        if self._stood(track):
            return near
        grows = settings.near_grows_in_crowd if self._is_crowd else settings.near_grows_per_s
        return near + grows * max(0.0, unseen_s - self._step_s)

    @property
    def _rare_s(self) -> float:
        """Time since the frame before, as far as it is longer than usual; up to a limit."""
        settings = self._settings
        return max(0.0, min(self._step_s, settings.rarest_s) - settings.rare_s)

    def _may_ride(self, track: Track) -> bool:
        """A rider found once: between two rare frames they go farther than their own height."""
        found_once = track.hits == 1 and not track.is_mount
        return found_once and track.rides and track.moved >= self._settings.ride_moved

    def _may_be(self, track: Track, found: Detection) -> bool:
        """A walker leaves no wheels behind; a parked two-wheeler does not leave with a
        passer-by."""
        if found.kind is track.kind:
            return True
        if found.kind in WHEELS:
            return track.is_mount or track.rides
        return track.is_mount and (
            found.wheels is not None or track.travelled >= self._settings.rode
        )

    def _strangeness(self, track: Track, found: Detection) -> float:
        """0 for the same clothes, 1 for completely different ones."""
        if track.clothes is None or found.clothes is None:
            return 0.0
        other = unlikeness(track.clothes, found.clothes) / self._settings.other_clothes
        return min(1.0, other)

    def _seen(self, track: Track, found: Detection, now: Instant) -> Track:
        gap_s = max(1e-3, now.seconds_since(track.last_seen))
        (x, y), (u, v) = track.box.center, found.box.center
        gain = 1.0 - exp(-gap_s / self._settings.speed_s) if track.hits > 1 else 1.0
        speed = (track.speed[0] + gain * (u - x) / gap_s, track.speed[1] + gain * (v - y) / gap_s)
        hits = track.hits + 1
        box = self._mixed(track.box, found.box, gap_s)
        is_sure = found.score >= self._settings.sure_score or track.pace >= WALKS or self._is_crowd
        return replace(
            track,
            kind=track.kind if found.kind in WHEELS else found.kind,
            on_wheels=track.on_wheels + _has_wheels(found),
            moved=found.moved,
            stirred_at=now if found.moved >= STIRS else track.stirred_at,
            box=box,
            score=found.score,
            last_seen=now,
            hits=hits,
            misses=0,
            is_confirmed=track.is_confirmed or hits >= self._settings.confirm_hits,
            is_seen=True,
            clothes=mixed(track.clothes, found.clothes, self._settings.clothes_gain),
            travelled=max(track.travelled, self._heights_between(box, track.began_at)),
            speed=speed,
            sure_at=now if is_sure else track.sure_at,
            sure_clothes=track.clothes if is_sure else track.sure_clothes,
            found=found,
        )

    def _mixed(self, box: Box, found: Box, gap_s: float) -> Box:
        """The prediction after `gap_s`, moved and resized towards the detection."""
        settings = self._settings
        times = max(1.0, gap_s / settings.place_s) if self._is_crowd else 1.0
        gain = 1.0 - (1.0 - settings.place_gain) ** times
        (x, y), (u, v) = box.center, found.center
        x, y = x + gain * (u - x), y + gain * (v - y)
        width = box.width + settings.size_gain * (found.width - box.width)
        height = box.height + settings.size_gain * (found.height - box.height)
        return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    def _heights_between(self, box: Box, point: tuple[float, float]) -> float:
        """Distance of `point` from the box's centre. A walker's width changes with every step, so
        the height is the unit on both axes."""
        (x, y), (u, v) = box.center, point
        return hypot((u - x) * self._aspect, v - y) / max(box.height, 1e-6)

    def _is_again(self, weak: Detection, tracks: Sequence[Track]) -> bool:
        """A second box on a body that was found in this frame: who was lost behind that body is
        not found by it."""
        settings = self._settings
        return any(
            track.found is not None
            and track.found.kind is weak.kind
            and weak.box.overlap(track.found.box) > settings.again_part * weak.box.area
            and weak.box.iou(track.found.box) > settings.again_iou
            for track in tracks
        )

    def _is_double(self, found: Detection, tracks: Sequence[Track]) -> bool:
        """Mostly on a tracked body: a head, a trunk, or two people as one."""
        part = self._most_shared(found)
        return any(
            track.is_mount == (found.kind in WHEELS)
            and (track.is_seen or track.is_confirmed)
            and (
                track.box.iou(found.box) > self._settings.apart_iou
                or found.box.overlap(track.box) > part * min(found.box.area, track.box.area)
            )
            for track in tracks
        )

    def _most_shared(self, found: Detection) -> float:
        """Largest share of the smaller box that it may share with a track and begin one."""
        settings = self._settings
        if found.score >= settings.passing_score and found.kind not in WHEELS:
            return settings.passing_part
        return settings.apart_part if found.score >= self.new_score else settings.apart_weak

    def _without_doubles(self, tracks: Sequence[Track]) -> list[Track]:
        """A two-wheeler that moves with a body on it belongs to that body and is counted with
        it."""
        bodies = [track.box for track in tracks if not track.is_mount and track.is_seen]
        return [
            track
            for track in tracks
            if not track.is_mount
            or track.travelled < self._settings.rode
            or not any(sits(body, track.box) for body in bodies)
        ]

    def _begun(self, found: Detection, now: Instant) -> Track:
        self._born += 1
        return Track(
            track_id=self._born,
            kind=found.kind,
            box=found.box,
            score=found.score,
            first_seen=now,
            last_seen=now,
            hits=1,
            is_confirmed=self._settings.confirm_hits <= 1,
            is_seen=True,
            began_at=found.box.center,
            clothes=found.clothes,
            on_wheels=_has_wheels(found),
            moved=found.moved,
            found=found,
        )

    def _is_over(self, track: Track, now: Instant) -> bool:
        unseen_s = now.seconds_since(track.last_seen)
        x, y = track.box.center
        if unseen_s > 0 and not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            return True
        limit_s = self._settings.lost_s if track.is_confirmed else self._settings.tentative_s
        is_missed = track.misses >= self._settings.least_misses
        return unseen_s > (limit_s if is_missed else self._settings.waiting_s)


def _came_near(found: Detection) -> bool:
    """True for a near body that came there and is no part of a vehicle: it can begin a track."""
    return (
        found.score >= CAME_SCORE
        and found.box.height >= NEAR
        and found.moved >= CAME
        and not (found.in_vehicle or found.kind in WHEELS)
    )


def _clipped(track: Track) -> Track:
    """With the part of its box inside the picture."""
    box = track.box.clipped()
    return track if box is track.box else replace(track, box=box)


def _has_wheels(found: Detection) -> bool:
    return found.wheels is not None or found.kind in WHEELS


def _looked_at(track: Track, looked: Sequence[Box], now: Instant, shown_from: float) -> Track:
    """With this frame's look at its place counted, if there was one. At half its size the picture
    shows only near bodies; the whole may find a small confirmed one, but says nothing if it does
    not. One that is not confirmed may be a thing, and should end soon. At a body of which more than
    a fifth is outside the picture nobody looked."""
    box, least = track.box, 0.8 * track.box.area
    is_small = track.is_confirmed and not track.is_seen and box.height < shown_from
    shown = (
        look
        for look in looked
        if (look != SMALLER or box.height >= NEAR) and not (look == WHOLE and is_small)
    )
    if not any(look.overlap(box) >= least for look in shown):
        return track
    missed = 0 if track.is_seen else 1
    return replace(track, looks=track.looks + 1, misses=track.misses + missed, last_look=now)
