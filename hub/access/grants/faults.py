"""Reasons to refuse a new grant."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from hub.base.errors import RegistryError


class GrantFault(StrEnum):
    """Reasons to refuse a new grant."""

    PERSON = "person"
    SELF = "self"
    PLACE = "place"
    RIGHTS = "rights"
    TIME = "time"
    HISTORY = "history"
    NO_END = "no_end"
    BACKWARDS = "backwards"
    DAY = "day"
    REASON = "reason"
    ROLE = "role"
    ONE_PLACE = "one_place"
    UNKNOWN_ROLE = "unknown_role"


_SENTENCES: Final[Mapping[GrantFault, str]] = {
    GrantFault.PERSON: "nobody of that name can be granted anything",
    GrantFault.SELF: "nobody grants or revokes themselves anything, or changes their own role",
    GrantFault.PLACE: "a grant names an area or a camera, one of the two",
    GrantFault.RIGHTS: "nobody gives rights that they do not have there themselves",
    GrantFault.TIME: "nobody gives more time than they have themselves; choose an earlier end",
    GrantFault.HISTORY: "nobody gives more history than they have; choose a later beginning",
    GrantFault.NO_END: "this grant needs an end",
    GrantFault.BACKWARDS: "it would end before it begins",
    GrantFault.DAY: "a date is written 2026-11-25",
    GrantFault.REASON: "a grant needs a reason: somebody will ask one day",
    GrantFault.ROLE: "people of that role cannot have these rights",
    GrantFault.ONE_PLACE: "a board member has one place alone, smaller than a commune",
    GrantFault.UNKNOWN_ROLE: "a role is keeper, technician, leader, officer, board_member, "
    "investigator or oversight",
}


class GrantError(RegistryError):
    """Invalid entry; `fault` is the reason for a page, the text a sentence for the shell."""

    def __init__(self, fault: GrantFault) -> None:
        super().__init__(_SENTENCES[fault], f"grant.{fault}")
        self.fault = fault
