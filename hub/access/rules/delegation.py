"""Delegation of grants: never more rights, area, history or time than the giver has.

A delegated grant is split into parts, each derived from one grant of the giver, so that each part
ends with its source. The store enforces this for every delegation; a property test holds that no
receiver ever sees more than the giver.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from hub.access.rules.grants import ALL, CameraPlace, Grant, Parents, Right, at_or_above, counts


class Excess(StrEnum):
    """The part of an offer that the giver does not have."""

    RIGHTS = "rights"
    TIME = "time"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class OwnGrant:
    """A grant that the giver has."""

    grant_id: UUID
    grant: Grant


@dataclass(frozen=True, slots=True)
class DelegatedPart:
    """The part of an offer derived from one grant."""

    from_grant_id: UUID
    grant: Grant


Homes = Mapping[UUID, UUID]
"""Area of each camera."""


def place_of(grant: Grant, homes: Homes) -> UUID | CameraPlace | None:
    """Area or camera of a grant; None for an unknown camera."""
    if grant.camera_id is None:
        return grant.area_id
    area_id = homes.get(grant.camera_id)
    return None if area_id is None else CameraPlace(grant.camera_id, area_id)


def holds_place(own: Grant, place: UUID | CameraPlace | None, parents: Parents) -> bool:
    """True if the grant covers the whole area, or the camera."""
    if place is None:
        return False
    if isinstance(place, CameraPlace):
        if own.camera_id == place.camera_id:
            return True
        place = place.area_id
    return own.area_id is not None and own.area_id in at_or_above(place, parents)


def lasts(own: Grant, ends_utc_us: int | None) -> bool:
    """True if the grant lasts at least as long; an end of None means "as long as mine"."""
    if own.ends_utc_us is None or ends_utc_us is None:
        return True
    return ends_utc_us <= own.ends_utc_us


def goes_back(own: Grant, history_from_utc_us: int | None) -> bool:
    """True if the grant reaches back at least as far; None means "as far as mine"."""
    if own.history_from_utc_us is None or history_from_utc_us is None:
        return True
    return history_from_utc_us >= own.history_from_utc_us


def is_within(
    given: Grant, own: Grant, parents: Parents, homes: Homes, *, fence: Right = ALL
) -> bool:
    """True if the given grant is no more than the giver's grant within their role limits.

    Here None means unlimited, as in the database.
    """
    ends = own.ends_utc_us is None or (
        given.ends_utc_us is not None and given.ends_utc_us <= own.ends_utc_us
    )
    return (
        given.rights & own.rights & fence == given.rights
        and holds_place(own, place_of(given, homes), parents)
        and own.starts_utc_us <= given.starts_utc_us
        and ends
        and _is_as_old(own, given)
    )


def has_as_much(owned: Iterable[Grant], given: Grant, parents: Parents, homes: Homes) -> bool:
    """True if these grants together have each right of the given one at its place, for footage as
    old. How long they last does not count."""
    place = place_of(given, homes)
    missing = given.rights
    for own in owned:
        if holds_place(own, place, parents) and _is_as_old(own, given):
            missing &= ~own.rights
    return not missing


def _is_as_old(own: Grant, given: Grant) -> bool:
    """True if the oldest footage of the first grant is as old as that of the second, or older."""
    return own.history_from_utc_us is None or (
        given.history_from_utc_us is not None
        and given.history_from_utc_us >= own.history_from_utc_us
    )


def part(
    offer: Grant,
    owned: Iterable[OwnGrant],
    parents: Parents,
    homes: Homes,
    *,
    now_utc_us: int,
    fence: Right = ALL,
) -> Sequence[DelegatedPart] | Excess:
    """Split an offer into parts of the giver's grants, or return what the giver lacks.

    Without an end or a start of history the offer is as wide as each source grant. If several
    grants give a right, the one with the longest time and history is the source.
    """
    place = place_of(offer, homes)
    here = [
        one
        for one in owned
        if counts(one.grant, now_utc_us) and holds_place(one.grant, place, parents)
    ]
    chosen: dict[UUID, DelegatedPart] = {}
    for right in offer.rights:
        found = _giving(offer, right & fence, here)
        if isinstance(found, Excess):
            return found
        before = chosen.get(found.grant_id)
        rights = right if before is None else before.grant.rights | right
        chosen[found.grant_id] = DelegatedPart(found.grant_id, _cut(offer, found.grant, rights))
    return list(chosen.values())


def _giving(offer: Grant, right: Right, here: Sequence[OwnGrant]) -> OwnGrant | Excess:
    carrying = [one for one in here if right and one.grant.rights & right == right]
    if not carrying:
        return Excess.RIGHTS
    lasting = [one for one in carrying if lasts(one.grant, offer.ends_utc_us)]
    if not lasting:
        return Excess.TIME
    reaching = [one for one in lasting if goes_back(one.grant, offer.history_from_utc_us)]
    if not reaching:
        return Excess.HISTORY
    return max(reaching, key=_width)


def _width(own: OwnGrant) -> tuple[float, float, UUID]:
    ends, history = own.grant.ends_utc_us, own.grant.history_from_utc_us
    return (
        float("inf") if ends is None else float(ends),
        -float(history or 0),
        own.grant_id,
    )


def _cut(offer: Grant, own: Grant, rights: Right) -> Grant:
    ends = offer.ends_utc_us if offer.ends_utc_us is not None else own.ends_utc_us
    history = offer.history_from_utc_us
    if history is None:
        history = own.history_from_utc_us
    return replace(offer, rights=rights, ends_utc_us=ends, history_from_utc_us=history)
