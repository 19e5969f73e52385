"""Joins the tracks that are one body, and finds who was taken for somebody else.

A track ends and another begins near its place, alike, or one lies in the place of another while
both are found. A sighting may also go on by place alone, with somebody else.
"""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from agent.media.frame import Instant
from agent.vision.explain.track_record import TrackRecord
from agent.vision.sightings.same_body import JOIN_S, Difference, difference, heights_between

_Pair = tuple[TrackRecord, TrackRecord]


def joined(
    records: Iterable[TrackRecord], *, aspect: float, cut: Instant | None = None
) -> list[TrackRecord]:
    """One record for each body and each place, copies without what was before `cut`; `aspect` is
    the picture's width over its height."""
    ordered = sorted((one.copy() for one in records), key=lambda one: one.began.mono_ns)
    tracks = [one for one in ordered if one.ends]
    continued = [(one, later, _differs(one, later, aspect)) for one, later in _continued(tracks)]
    links = [*_followers(tracks, aspect), *_doubles(tracks)]
    links += [(one, later) for one, later, why in continued if why is None]
    bodies = {id(one): [one] for one in ordered}
    for one, later in links:
        if bodies[id(one)] is not bodies[id(later)]:
            both = sorted(bodies[id(one)] + bodies[id(later)], key=lambda it: it.began.mono_ns)
            bodies.update((id(it), both) for it in both)
    for body, *others in {id(parts): parts for parts in bodies.values()}.values():
        for one in (body, *others):
            one.forget_before(cut)
        for one in others:
            body.add(one)
    for one, later, why in continued:
        body, holder = bodies[id(later)][0], bodies[id(one)][0]
        if why and body is not holder and not body.is_own:
            body.taken_for, body.difference = holder.names[0], why
    found = {id(parts): parts[0] for parts in bodies.values()}.values()
    return [one for one in found if cut is None or one.last.mono_ns >= cut.mono_ns]


def _differs(one: TrackRecord, later: TrackRecord, aspect: float) -> Difference | None:
    return later.difference or difference(one.ends[-1], later.ends[0], later.ends[1], aspect)


def _followers(tracks: Sequence[TrackRecord], aspect: float) -> Iterator[_Pair]:
    """Each track with the nearest one that ended shortly before it began, if it may be that."""
    open_ends: list[TrackRecord] = []
    for later in tracks:
        open_ends = [one for one in open_ends if later.began.seconds_since(one.last) <= JOIN_S]
        near = [
            (away, number)
            for number, one in enumerate(open_ends)
            if (away := heights_between(one.ends[-1], later.ends[0], aspect)) is not None
            and not _differs(one, later, aspect)
        ]
        if near:
            yield open_ends.pop(min(near)[1]), later
        open_ends.append(later)


def _doubles(tracks: Iterable[TrackRecord]) -> Iterator[_Pair]:
    """Each track that lay in the place of another in most frames in which it was found."""
    by_id = {one.track_id: one for one in tracks}
    for one in by_id.values():
        for track_id, frames in one.within.items():
            if 2 * frames > one.seen and track_id in by_id:
                yield by_id[track_id], one


def _continued(tracks: Iterable[TrackRecord]) -> Iterator[_Pair]:
    """Each track of a sighting with the next one that continued it."""
    told = [(one.told_at.mono_ns, one) for one in tracks if one.told_at]
    holders: dict[UUID, TrackRecord] = {}
    for _, one in sorted(told, key=lambda it: it[0]):
        if one.sighting is None or one.sighting.is_crowd:
            continue
        if before := holders.get(one.sighting.sighting_id):
            yield before, one
        holders[one.sighting.sighting_id] = one
