"""What a role is good for: what its people usually are granted, and what they can never have.

A role gives nobody a right; grants do. It fences them: whatever was granted, oversight sees no
footage, and a technician nothing but how cameras and nodes are, and what a camera shows while it
is aimed. A role of an older hub, or one that nobody knows, has no fence.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from hub.alerts.grants import ALL, Right

NOTHING: Final = Right(0)


class Role(StrEnum):
    """What a person is to the town."""

    KEEPER = "keeper"
    TECHNICIAN = "technician"
    LEADER = "leader"
    OFFICER = "officer"
    BOARD_MEMBER = "board_member"
    INVESTIGATOR = "investigator"
    OVERSIGHT = "oversight"


USUAL: Final[Mapping[str, Right]] = {
    Role.KEEPER: ALL,
    Role.TECHNICIAN: Right.MANAGE,
    Role.LEADER: Right.SEE | Right.CLIPS | Right.ALERTED | Right.LIVE | Right.MANAGE,
    Role.OFFICER: Right.SEE | Right.CLIPS | Right.ALERTED | Right.LIVE,
    Role.BOARD_MEMBER: Right.ALERTED,
    Role.INVESTIGATOR: Right.SEE | Right.CLIPS | Right.SEARCH | Right.EXPORT,
    Role.OVERSIGHT: NOTHING,
}
"""What a grant has where nobody says which rights: board members get words, and pictures only
when somebody grants them those."""

FENCES: Final[Mapping[str, Right]] = {
    Role.TECHNICIAN: Right.MANAGE,
    Role.BOARD_MEMBER: Right.ALERTED | Right.SEE,
    Role.OVERSIGHT: NOTHING,
}
"""Rights beyond these count for nothing, whoever granted them; other roles have no fence."""

ENDING: Final = frozenset({Role.INVESTIGATOR})
"""Whose grants end on a day: they are for a case."""


def fence_of(role: str) -> Right:
    """The rights that people of this role can have at all."""
    return FENCES.get(role, ALL)


def may_give(role: str) -> bool:
    """Whether they may let others see what they see themselves."""
    return role not in FENCES


def gives_for_good(role: str) -> bool:
    """Whether what they give stands by itself: it need not end, and outlasts the giver's own."""
    return role == Role.KEEPER
