"""Reasons to refuse an entry of teams, rosters or plans."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from hub.base.db.bounds import text
from hub.base.errors import RegistryError

NAME_CHARS: Final = 80
REASON_CHARS: Final = 300
MOST_SHIFTS: Final = 12
MOST_CREW: Final = 9
MOST_MEMBERS: Final = 500


class OnCallFault(StrEnum):
    """Reasons to refuse an entry."""

    NAME = "name"
    NAME_TAKEN = "name_taken"
    MANY = "many"
    TIME = "time"
    PERSON = "person"
    DAY = "day"
    REASON = "reason"
    NOT_ON_CALL = "not_on_duty"
    ON_CALL_ALREADY = "on_duty_already"
    IN_PLAN = "in_plan"
    PLAN = "plan"


_SENTENCES: Final[Mapping[OnCallFault, str]] = {
    OnCallFault.NAME: "it needs a name",
    OnCallFault.NAME_TAKEN: "a team of this area has that name; choose another",
    OnCallFault.MANY: (
        f"at most {MOST_SHIFTS} shifts, {MOST_CREW} people a shift, {MOST_MEMBERS} a team"
    ),
    OnCallFault.TIME: "a time of day is written 06:00, from 00:00 to 23:59",
    OnCallFault.PERSON: (
        "nobody of that name may be alerted in this area; grant them that right first"
    ),
    OnCallFault.DAY: "a date is written 2026-11-25",
    OnCallFault.REASON: "it needs a reason: somebody will ask one day",
    OnCallFault.NOT_ON_CALL: "that person is not on duty then",
    OnCallFault.ON_CALL_ALREADY: "that person is on duty then already",
    OnCallFault.IN_PLAN: "a plan or a rule calls this team; change that first",
    OnCallFault.PLAN: (
        "a plan has 1-8 steps of 10-3600 s, each calls a team or everybody, 0-5 repeats"
    ),
}


class OnCallError(RegistryError):
    """Invalid entry; `fault` is the reason for a page, the text a sentence for the shell."""

    def __init__(self, fault: OnCallFault) -> None:
        super().__init__(_SENTENCES[fault], f"oncall.{fault}")
        self.fault = fault


def checked_name(name: str) -> str:
    """The name with single spaces, cut to `NAME_CHARS`; raises OnCallError for an empty one."""
    name = text(" ".join(name.split()), NAME_CHARS)
    if not name:
        raise OnCallError(OnCallFault.NAME)
    return name


def checked_reason(reason: str) -> str:
    """The reason, cut to `REASON_CHARS`; raises OnCallError for an empty one."""
    reason = text(reason.strip(), REASON_CHARS)
    if not reason:
        raise OnCallError(OnCallFault.REASON)
    return reason
