"""What a person may let another see: never more rights, area, history or time than they have.

What is given is cut into parts, each out of one grant of the giver's own, so that each part can
end with the grant that it came of. The store enforces this with every grant that a person gives;
a property test holds that nobody ever sees more than the giver of what they have.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from hub.alerts.grants import ALL, CameraPlace, Grant, Parents, Right, at_or_above, counts


class Excess(StrEnum):
    """What of an offer the giver does not have."""

    RIGHTS = "rights"
    TIME = "time"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Own:
    """A grant of the giver's."""

    grant_id: UUID
    grant: Grant


@dataclass(frozen=True, slots=True)
class Part:
    """What is given out of one grant."""

    from_grant_id: UUID
    grant: Grant


Homes = Mapping[UUID, UUID]
"""Each camera's area."""


def place_of(grant: Grant, homes: Homes) -> UUID | CameraPlace | None:
    """The area or the camera that a grant names; None for a camera that nobody knows."""
    if grant.camera_id is None:
        return grant.area_id
    area_id = homes.get(grant.camera_id)
    return None if area_id is None else CameraPlace(grant.camera_id, area_id)


def holds_place(own: Grant, place: UUID | CameraPlace | None, parents: Parents) -> bool:
    """Whether the grant covers all of an area, or a camera."""
    if place is None:
        return False
    if isinstance(place, CameraPlace):
        if own.camera_id == place.camera_id:
            return True
        place = place.area_id
    return own.area_id is not None and own.area_id in at_or_above(place, parents)


def lasts(own: Grant, ends_utc_us: int | None) -> bool:
    """Whether the grant lasts at least as long; None as an end is "as long as mine"."""
    if own.ends_utc_us is None or ends_utc_us is None:
        return True
    return ends_utc_us <= own.ends_utc_us


def goes_back(own: Grant, history_from_utc_us: int | None) -> bool:
    """Whether the grant reaches back at least as far; None is "as far as mine"."""
    if own.history_from_utc_us is None or history_from_utc_us is None:
        return True
    return history_from_utc_us >= own.history_from_utc_us


def is_within(
    given: Grant, own: Grant, parents: Parents, homes: Homes, *, fence: Right = ALL
) -> bool:
    """Whether what was given is no more than the giver has by this grant, behind their fence.

    Here None is no bound at all: so it stands in the database.
    """
    ends = own.ends_utc_us is None or (
        given.ends_utc_us is not None and given.ends_utc_us <= own.ends_utc_us
    )
    history = own.history_from_utc_us is None or (
        given.history_from_utc_us is not None
        and given.history_from_utc_us >= own.history_from_utc_us
    )
    return (
        given.rights & own.rights & fence == given.rights
        and holds_place(own, place_of(given, homes), parents)
        and own.starts_utc_us <= given.starts_utc_us
        and ends
        and history
    )


def part(
    offer: Grant,
    owned: Iterable[Own],
    parents: Parents,
    homes: Homes,
    *,
    now_utc_us: int,
    fence: Right = ALL,
) -> Sequence[Part] | Excess:
    """An offer cut into parts of the giver's grants, or what of it they do not have.

    Without an end or a beginning of its history the offer is as wide as each grant that it comes
    of. Of several grants that give a right, the one that lasts longest and goes back farthest does.
    """
    place = place_of(offer, homes)
    here = [
        one
        for one in owned
        if counts(one.grant, now_utc_us) and holds_place(one.grant, place, parents)
    ]
    chosen: dict[UUID, Part] = {}
    for right in offer.rights:
        found = _giving(offer, right & fence, here)
        if isinstance(found, Excess):
            return found
        before = chosen.get(found.grant_id)
        rights = right if before is None else before.grant.rights | right
        chosen[found.grant_id] = Part(found.grant_id, _cut(offer, found.grant, rights))
    return list(chosen.values())


def _giving(offer: Grant, right: Right, here: Sequence[Own]) -> Own | Excess:
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


def _width(own: Own) -> tuple[float, float, UUID]:
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
