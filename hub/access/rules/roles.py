"""Roles: their usual rights, and the rights their people can never have.

A role grants nothing; grants do. A role limits them: whatever is granted, oversight sees no
footage, and a technician sees only the health of cameras and nodes and the picture while aiming. A
role from an older hub or an unknown role has no limit.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from hub.access.rules.grants import ALL, Right

NOTHING: Final = Right(0)


class Role(StrEnum):
    """Role of a person in the town."""

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
"""Default rights of a new grant. Board members get text, and pictures only by an explicit grant."""

FENCES: Final[Mapping[str, Right]] = {
    Role.TECHNICIAN: Right.MANAGE,
    Role.BOARD_MEMBER: Right.ALERTED | Right.SEE,
    Role.OVERSIGHT: NOTHING,
}
"""Most rights of each role; further granted rights have no effect. Other roles have no limit."""

ENDING: Final = frozenset({Role.INVESTIGATOR})
"""Roles whose grants must end on a day: they are for a case."""


def fence_of(role: str) -> Right:
    """The most rights people of this role can have."""
    return FENCES.get(role, ALL)


def may_give(role: str) -> bool:
    """True if people of this role can delegate their grants."""
    return role not in FENCES


def gives_for_good(role: str) -> bool:
    """True if grants given by people of this role are independent: no end, not tied to the giver's
    own."""
    return role == Role.KEEPER
