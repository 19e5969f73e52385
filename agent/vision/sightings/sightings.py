"""Sightings: opened once, updated rarely, closed once.

A track alone is not enough: a lamp post can look like a person for a frame or two, and some look a
little like one all day. So a sighting opens when several frames give enough evidence, continues
while the body is hidden for a moment, and closes when it stays away longer. A standing person
counts too, but only in frames that show a person clearly, because nobody has seen them walk.

`now` is the instant of the present frame. Spans are monotonic; no clock is read.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from agent.media.frame import Instant
from agent.vision.detect.clothes import are_unlike
from agent.vision.detect.person import ObjectKind
from agent.vision.geometry import NEAR
from agent.vision.motion.moved import NOTHING, Moved
from agent.vision.sightings.changes import Closed, Opened, SightingChange, Updated
from agent.vision.sightings.crowd import Crowd, CrowdSettings, about, around
from agent.vision.sightings.leaving import has_left, is_inside, reachable_from, side_left_by
from agent.vision.sightings.open_sighting import OpenSighting, view_quality
from agent.vision.track.evidence import CLEAR, Held, Hit, Suspect, Weight
from agent.vision.track.lookalikes import LookAlikes
from agent.vision.track.track import CAME, CAME_SCORE, STIRS, Track


@dataclass(frozen=True, slots=True)
class SightingSettings:
    """When a sighting opens, is updated and closes."""

    evidence: float = 2.5
    """Sum of detection scores of one track within `evidence_s`: 4 frames of a clear view (0.7), 7
    of a poor one (0.4). A higher value is later and more certain."""
    evidence_s: float = 1.0
    """Older detections do not count, so that rare false ones never add up."""
    evidence_looks: int = 10
    """The evidence of this many last looks at the place also counts when it is older than
    `evidence_s`. With rare looks evidence takes longer and need not be stronger."""
    evidence_most_s: float = 5.0
    """Evidence older than this never counts, in seconds."""
    walked: float = 0.6
    """A track that moved this far from its start (body heights) is not a lamp post."""
    rode: float = 1.2
    """A two-wheeler without a detected rider is ridden if it moved at least this far."""
    rode_moved: float = 1 / 3
    """A two-wheeler is ridden only if there is motion in this share of its place. A row of parked
    ones flickers."""
    still_score: float = 0.65
    """For other tracks only detections from this score on are evidence (0-1). In a crowd, where a
    look is a quarter of a second's walk, the rest counts once they are known to walk."""
    near_score: float = 0.4
    """A find of somebody near (see `geometry.NEAR`) is evidence from this score on."""
    near_cut_score: float = 0.5
    """A find of somebody near whom the picture's border cuts is evidence from this score on. Half a
    poster looks like half a person."""
    near_came: float = CAME
    """A near body with motion in this share of its place came there and is no poster."""
    near_came_score: float = CAME_SCORE
    """A find of somebody near who came in motion is evidence from this score on, also at the
    border."""
    part: float = 0.9
    """A box with this share of it inside the box of a near reported body is a part of that body."""
    border_weight: float = 0.5
    """A body cut by the picture's border is half visible: weight of its score."""
    gap_s: float = 3.0
    """A person unseen for this long is still there; after that the person has left."""
    rests: float = 0.3
    """A body that moves less than this (its own boxes per second) may be at rest."""
    present_s: float = 0.5
    """A person seen within this time counts among the people in view."""
    update_every_s: float = 2.0
    """Least time between two updates of one sighting."""
    crowd: CrowdSettings = field(default_factory=CrowdSettings)
    better_by: float = 1.5
    """A view gets a new picture if its score times height is this many times the best so far."""


class Sightings:
    """State machine over all tracks of one camera; call `advance` with the tracks of every
    frame."""

    def __init__(
        self,
        new_id: Callable[[Instant], UUID],
        settings: SightingSettings | None = None,
        things: LookAlikes | None = None,
    ) -> None:
        """`new_id` makes a unique id for a sighting opened at an instant. `things` are the known
        objects in this view that look like people."""
        self._new_id = new_id
        self._settings = settings or SightingSettings()
        self._suspected: dict[int, Suspect] = {}
        self._open: dict[int, OpenSighting] = {}
        self._lookalikes = LookAlikes() if things is None else things
        self._crowd: Crowd | None = None
        self._is_dense = False
        self._last: Instant | None = None

    @property
    def open_tracks(self) -> frozenset[int]:
        """Tracks with an open sighting, alone or in a crowd."""
        return frozenset(self.open_ids)

    @property
    def open_ids(self) -> dict[int, UUID]:
        """Ids of open sightings by track; each member of a crowd has the id of the crowd."""
        crowd = dict.fromkeys(self._crowd.members, self._crowd.sighting_id) if self._crowd else {}
        return crowd | self.own_ids

    @property
    def own_ids(self) -> dict[int, UUID]:
        """Ids of the open sightings of single persons, by track."""
        return {track_id: one.sighting_id for track_id, one in self._open.items()}

    def weight(self, track: Track) -> Weight | None:
        """Weight of the newest detection of a track without a sighting; None if there is no such
        track."""
        suspect = self._suspected.get(track.track_id)
        return suspect.newest(in_crowd=self._is_dense) if suspect is not None else None

    def evidence(self, track: Track) -> float:
        """Evidence for a track without a sighting; it gets one when this reaches
        `SightingSettings.evidence`."""
        suspect = self._suspected.get(track.track_id)
        if suspect is None:
            return 0.0
        has_walked = not track.is_mount and track.travelled >= self._settings.walked
        return suspect.evidence(walks=self._is_dense and has_walked, in_crowd=self._is_dense)

    def say(self, track: Track, now: Instant) -> Updated:
        """An update of this track's open sighting for a reason of the caller."""
        if self._crowd and track.track_id in self._crowd.members:
            return self._crowd.update(now, track.box)
        return self._update(track, now)

    def advance(
        self,
        now: Instant,
        tracks: Sequence[Track],
        *,
        moved: Moved = NOTHING,
        crowd_of: int = 0,
        is_dense: bool = False,
    ) -> tuple[SightingChange, ...]:
        """Changes after the frame at `now`: first closed, then opened, then updated.

        `moved` is the motion in this frame. In a crowd of about `crowd_of` people, newcomers are
        counted in its one sighting; `is_dense`: the picture is looked at tile by tile.
        """
        before, self._last = self._last, now
        if not (tracks or crowd_of or self._open or self._suspected or self._crowd):
            return ()
        self._is_dense = is_dense
        is_gap = before is not None and now.seconds_since(before) > self._settings.gap_s
        closed = self._close_in_view(now) if is_gap else ()
        seen = [track for track in tracks if track.is_seen]
        self._keep_unlooked(tracks, now)
        for sighting in self._open.values():
            sighting.note_motion(moved, now)
        closed += self._close(now, self._gone(now))
        for track in seen:
            self._note(track, now)
        self._note_left_behind(seen, now)
        closed += self._close(now, self._found_out(seen, now))
        newcomers = self._newcomers(tracks, now)
        crowd = self._step_crowd(now, newcomers, tracks, people=crowd_of)
        newcomers = [] if crowd_of else newcomers
        opened = [self._open_for(track, now) for track in newcomers]
        updated = [self._update(track, now) for track in seen if self._is_news(track, now)]
        self._forget(now)
        return (*closed, *opened, *updated, *crowd)

    def finish(self, at: Instant) -> tuple[SightingChange, ...]:
        """Close every open sighting, because the camera stops. What stood there without any motion
        is learned, so that a thing does not alert each time the camera is opened anew."""
        self._suspected.clear()
        return (*self._close_in_view(at), *self._close_crowd(at))

    def _close_in_view(self, at: Instant) -> tuple[SightingChange, ...]:
        """Close all that may still stand there, though nobody sees it any more."""
        for one in self._open.values():
            if self._stood_still(one):
                self._learn(one, is_sure=False)
        return self._close(at, list(self._open))

    def _step_crowd(
        self, now: Instant, newcomers: Sequence[Track], tracks: Sequence[Track], *, people: int
    ) -> tuple[SightingChange, ...]:
        """Count arrivals and departures; open, update and close the crowd's one sighting."""
        settings, crowd = self._settings, self._crowd
        if not people:
            return self._close_crowd(now)
        if crowd is None:
            crowd = self._crowd = Crowd(self._new_id(now), now, now, now)
        for track in newcomers:
            del self._suspected[track.track_id]
            crowd.note(track, now)
        crowd.last_seen, crowd.people = now, about(people)
        crowd.forget(now, settings.gap_s)
        ids = self.open_ids
        box = around(track.box for track in tracks if track.track_id in ids)
        if crowd.told_people == 0:
            crowd.told_people = crowd.people
            return (crowd.opened(now, box),)
        is_due = now.seconds_since(crowd.told_at) >= settings.update_every_s
        if is_due and crowd.people >= settings.crowd.more_by * crowd.told_people:
            return (crowd.update(now, box),)
        return ()

    def _close_crowd(self, at: Instant) -> tuple[SightingChange, ...]:
        """People still there are reported one by one, once they have enough evidence again."""
        crowd, self._crowd = self._crowd, None
        if crowd is None:
            return ()
        return (Closed(crowd.sighting_id, crowd.first_seen, crowd.last_seen, at),)

    def _keep_unlooked(self, tracks: Sequence[Track], now: Instant) -> None:
        """A body not looked for since it was seen still counts as present."""
        for track in tracks:
            sighting = self._open.get(track.track_id)
            if sighting is not None and not track.is_seen and track.misses == 0:
                sighting.there_at = now

    def _gone(self, now: Instant) -> list[int]:
        """Tracks of open sightings that stayed away too long, even if they are back now. What
        vanished without any motion is a thing that the network sees at times. What vanished in
        motion that goes on is hidden, and may be one."""
        gone = {
            track_id: sighting
            for track_id, sighting in self._open.items()
            if now.seconds_since(sighting.there_at) > self._settings.gap_s
        }
        for one in gone.values():
            is_quiet = now.seconds_since(one.quiet_since) > self._settings.present_s
            has_left = is_quiet and one.quiet_since > one.last_seen
            if not (one.stirred or one.came_in_motion):
                self._learn(one, is_sure=True)
            elif one.stays or not has_left:
                self._learn(one, is_sure=False)
        return list(gone)

    def _stood_still(self, one: OpenSighting) -> bool:
        """True if there was no motion when it was seen last, or if it stood there for long."""
        is_quiet = one.last_seen.seconds_since(one.quiet_since) > self._settings.gap_s
        return is_quiet or self._lookalikes.is_still(one.track_since, one.last_seen)

    def _learn(self, one: OpenSighting, *, is_sure: bool) -> None:
        """What was reported and never moved is told of once. A person may stand for a moment."""
        if self._is_unmoved(one.track) and (is_sure or self._stood(one.rest)):
            self._lookalikes.learn(one.rest, one.last_seen, one.light, is_sure=is_sure)

    def _note_left_behind(self, seen: Sequence[Track], now: Instant) -> None:
        """What stood in a place where another track finds it soon after its own stays there. If its
        own track is seen too, in other colours, it follows a passer now, and what stays may be a
        thing: who walks off takes their clothes along."""
        for track_id, one in self._open.items():
            unseen_s = now.seconds_since(one.rest.last_seen)
            if not (0 < unseen_s <= self._settings.gap_s and self._stood(one.rest)):
                continue
            others = (track for track in seen if track.track_id != track_id)
            one.stays = one.stays or any(
                self._lookalikes.are_alike(one.rest, track) for track in others
            )
            goes_on = one.last_seen == now and not self._lookalikes.wears(one.track, one.rest)
            if one.stays and goes_on:
                self._lookalikes.learn(one.rest, one.rest.last_seen, one.light, is_sure=False)

    def _stood(self, rest: Track) -> bool:
        """True if it did not move for some seconds, as who comes in at the border at first."""
        stood_s = rest.last_seen.seconds_since(rest.first_seen)
        return self._is_unmoved(rest) and stood_s > self._settings.gap_s

    def _is_at_rest(self, track: Track, one: OpenSighting) -> bool:
        """Without motion in its place; or, as where a bus has just left, hardly moving and in the
        colours it had."""
        if not self._is_unmoved(track):
            return False
        is_slow = track.pace < self._settings.rests
        return track.moved < STIRS or (is_slow and self._lookalikes.are_alike(one.rest, track))

    def _is_unmoved(self, track: Track) -> bool:
        return track.travelled < self._settings.walked

    def _found_out(self, seen: Sequence[Track], now: Instant) -> list[int]:
        """Tracks reported as people that turn out to be things; they are learned."""
        shown = [track.track_id for track in seen if track.track_id in self._open]
        things = [
            track_id
            for track_id in shown
            if self._is_unmoved(self._open[track_id].track)
            and self._lookalikes.is_still(self._open[track_id].quiet_since, now)
        ]
        for thing in things:
            self._learn(self._open[thing], is_sure=True)
        return things

    def _close(self, at: Instant, track_ids: Iterable[int]) -> tuple[SightingChange, ...]:
        closing = [self._open.pop(track_id) for track_id in track_ids]
        return tuple(
            Closed(
                one.sighting_id,
                one.first_seen,
                one.last_seen,
                at,
                came=one.first_box.clipped(),
                went=one.last_box.clipped(),
                rode=one.rides,
                left_by=side_left_by(one.last_box, one.speed),
            )
            for one in closing
        )

    def _note(self, track: Track, now: Instant) -> None:
        """Record this frame, for an open sighting or as evidence for one."""
        if sighting := self._open.get(track.track_id):
            sighting.last_seen = sighting.there_at = now
            sighting.last_box, sighting.rides, sighting.speed = track.box, track.rides, track.speed
            sighting.track = track
            if track.stirred_at is not None:
                sighting.quiet_since = max(sighting.quiet_since, track.stirred_at)
            if self._is_at_rest(track, sighting):
                sighting.rest, sighting.light = track, self._lookalikes.light
                sighting.stays = False
            sighting.score = max(sighting.score, track.score)
            return
        if self._crowd and track.track_id in self._crowd.members:
            self._crowd.note(track, now)
            return
        suspect = self._suspected.setdefault(track.track_id, Suspect(now, now, track.box))
        suspect.last_seen = now
        suspect.score = max(suspect.score, track.score)
        is_clear = track.score >= CLEAR or self._came_near(track)
        weight = self._weight(track, now)
        if weight.held is Held.VEHICLE and not is_inside(suspect.first_box):
            suspect.hits.clear()  # they were of its first part at the border
        suspect.hits.append(Hit(now, track.looks, weight, is_clear))
        while self._is_stale(suspect.hits[0], now, track.looks):
            suspect.hits.popleft()

    def _is_stale(self, hit: Hit, now: Instant, looks: int) -> bool:
        """True if it is too long or too many looks ago."""
        settings, age_s = self._settings, now.seconds_since(hit.at)
        is_recent = looks - hit.looks < settings.evidence_looks
        return age_s > (settings.evidence_most_s if is_recent else settings.evidence_s)

    def _weight(self, track: Track, now: Instant) -> Weight:
        """This frame's detection as evidence: as it is, and if the track turns out to walk."""
        settings = self._settings
        is_whole = is_inside(track.box) or self._came_near(track)
        full = track.score * (1.0 if is_whole else settings.border_weight)
        counted = Weight(full, full, None if is_whole else Held.CUT)
        if track.is_mount:
            if track.travelled < settings.rode:
                return Weight(0.0, 0.0, Held.PARKED)
            is_ridden = track.moved >= settings.rode_moved
            return counted if is_ridden else Weight(0.0, 0.0, Held.WHEELS_STILL)
        has_walked = track.travelled >= settings.walked
        is_thing = self._lookalikes.shows if has_walked else self._lookalikes.is_thing
        if is_thing(track, now):
            return Weight(0.0, 0.0, Held.THING)
        if has_walked:
            return counted
        if track.score >= self._least_score(track):
            return counted
        return Weight(0.0, full, Held.VEHICLE if _is_in_vehicle(track) else Held.UNSURE)

    def _least_score(self, track: Track) -> float:
        """From which a detection of a body that never walked is evidence."""
        settings = self._settings
        if track.box.height < NEAR or _is_in_vehicle(track):
            return settings.still_score
        if self._came_near(track):
            return settings.near_came_score
        return settings.near_score if is_inside(track.box) else settings.near_cut_score

    def _came_near(self, track: Track) -> bool:
        """A near body that stands out from the empty view, and is no part of a vehicle there."""
        is_near = track.box.height >= NEAR and not _is_in_vehicle(track)
        return is_near and track.moved >= self._settings.near_came

    def _newcomers(self, tracks: Sequence[Track], now: Instant) -> list[Track]:
        """Tracks with enough evidence now, without those that only reappeared where one was
        lost."""
        lost = self._open.keys() - {track.track_id for track in tracks}
        newcomers = []
        for track in tracks:
            if self._is_enough(track) and self._is_whole(track, tracks):
                lost_id = self._lost_near(track, lost)
                if lost_id is None:
                    newcomers.append(track)
                else:
                    lost.discard(lost_id)
                    self._go_on(lost_id, track, now)
        return newcomers

    def _is_enough(self, track: Track) -> bool:
        """Enough evidence, and its newest find is no known thing: that would be the picture."""
        if self.evidence(track) < self._settings.evidence:
            return False
        return self._suspected[track.track_id].hits[-1].weight.held is not Held.THING

    def _go_on(self, lost_id: int, track: Track, now: Instant) -> None:
        """Continue the sighting of a lost track with this one. Unless it is like it in place and
        colours, it may be a passer who hides a thing: that is learned too."""
        one = self._open[track.track_id] = self._open.pop(lost_id)
        del self._suspected[track.track_id]
        if not self._lookalikes.are_alike(one.rest, track):
            self._learn(one, is_sure=False)
        one.came_in_motion = one.came_in_motion or one.stirred
        one.track_since = one.quiet_since = now
        one.rest, one.light, one.stays = track, self._lookalikes.light, False
        self._note(track, now)

    def _is_whole(self, track: Track, tracks: Sequence[Track]) -> bool:
        """Seen, and no part of a near body that was reported: a rider's trunk is found too."""
        return track.is_seen and not any(
            one.track_id in self._open
            and one.box.height >= NEAR
            and track.box.overlap(one.box) > self._settings.part * track.box.area
            for one in tracks
        )

    def _lost_near(self, track: Track, lost: Iterable[int]) -> int | None:
        """The lost track with an open sighting that may be this body: it vanished inside the
        picture around the place where this one appeared, in like clothes."""
        first_box = self._suspected[track.track_id].first_box
        if not is_inside(first_box):
            return None
        for track_id in sorted(lost):
            one = self._open[track_id]
            is_near = first_box.overlap(reachable_from(one.last_box)) > 0.5 * first_box.area
            is_other = are_unlike(one.track.clothes, track.clothes)
            if is_near and not is_other and not has_left(one.last_box, one.speed):
                return track_id
        return None

    def _open_for(self, track: Track, now: Instant) -> Opened:
        suspect = self._suspected.pop(track.track_id)
        sighting = OpenSighting(
            sighting_id=self._new_id(now),
            first_seen=suspect.first_seen,
            last_seen=now,
            first_box=track.box,
            last_box=track.box,
            rides=track.rides,
            speed=track.speed,
            track=track,
            score=suspect.score,
            best_view=view_quality(track),
            told_at=now,
            there_at=now,
            track_since=now,
            quiet_since=now,
            rest=track,
            light=self._lookalikes.light,
        )
        self._open[track.track_id] = sighting
        sighting.told_people = self._people(now)
        return Opened(
            sighting_id=sighting.sighting_id,
            track_id=track.track_id,
            kind=ObjectKind.PERSON,  # a moving two-wheeler has a rider, found or not
            people=sighting.told_people,
            score=sighting.score,
            box=track.box.clipped(),
            first_seen=sighting.first_seen,
            at=now,
        )

    def _is_news(self, track: Track, now: Instant) -> bool:
        sighting = self._open.get(track.track_id)
        if sighting is None or now.seconds_since(sighting.told_at) < self._settings.update_every_s:
            return False
        is_better = view_quality(track) >= self._settings.better_by * sighting.best_view
        return is_better or self._people(now) > sighting.told_people

    def _update(self, track: Track, now: Instant) -> Updated:
        sighting = self._open[track.track_id]
        sighting.told_at = now
        sighting.told_people = max(sighting.told_people, self._people(now))
        sighting.best_view = max(sighting.best_view, view_quality(track))
        return Updated(
            sighting_id=sighting.sighting_id,
            people=self._people(now),
            score=sighting.score,
            box=track.box.clipped(),
            at=now,
        )

    def _people(self, now: Instant) -> int:
        """Number of people with an open sighting in view."""
        present_s = self._settings.present_s
        return sum(now.seconds_since(one.there_at) <= present_s for one in self._open.values())

    def _forget(self, now: Instant) -> None:
        """Drop suspects without enough evidence."""
        kept_s = self._settings.gap_s + self._settings.evidence_most_s
        self._suspected = {
            track_id: suspect
            for track_id, suspect in self._suspected.items()
            if now.seconds_since(suspect.last_seen) <= kept_s
        }


def _is_in_vehicle(track: Track) -> bool:
    return track.found is not None and track.found.in_vehicle
