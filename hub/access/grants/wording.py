"""Texts of roles, rights and grants."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from hub.access.account_state import CLOSED, SUSPENDED
from hub.access.grants.faults import GrantFault
from hub.access.grants.views import GrantRow
from hub.access.rules.grants import Right
from hub.access.rules.roles import USUAL
from hub.web.calendar import Calendar
from hub.web.i18n import Messages

__all__ = ["fault", "line", "right_name", "rights_words", "role_name", "state_name", "usual_rights"]

SHOWN: Final = (
    Right.ALERTED,
    Right.SEE,
    Right.CLIPS,
    Right.LIVE,
    Right.SEARCH,
    Right.EXPORT,
    Right.MANAGE,
    Right.REPORTERS,
)
"""In the order of a page."""


@dataclass(frozen=True, slots=True)
class GrantLine:
    """One grant as text."""

    grant_id: UUID
    who: str
    role: str
    where: str
    """The camera, for a grant on one; the area, for a grant from above."""
    rights: str
    span: str
    why: str
    is_delegated: bool
    may_end: bool


def right_name(right: Right, words: Messages) -> str:
    """Readable name of a right."""
    say = words.say
    return {
        Right.ALERTED: say("be alerted"),
        Right.SEE: say("see alerts and pictures"),
        Right.CLIPS: say("watch clips"),
        Right.LIVE: say("watch live"),
        Right.SEARCH: say("find footage"),
        Right.EXPORT: say("export"),
        Right.MANAGE: say("look after"),
        Right.REPORTERS: say("know who sent a tip"),
    }[right]


def rights_words(rights: Right, words: Messages) -> str:
    """Several rights, in the order of a page."""
    return ", ".join(right_name(one, words) for one in SHOWN if one & rights)


def usual_rights(words: Messages) -> list[tuple[str, str]]:
    """Each role, and its usual rights."""
    nothing = words.say("nothing: the log alone")
    return [
        (role_name(role, words), rights_words(rights, words) or nothing)
        for role, rights in USUAL.items()
    ]


def state_name(state: str, words: Messages) -> str:
    """State of an account in words."""
    names = {SUSPENDED: words.say("suspended"), CLOSED: words.say("closed")}
    return names.get(state, words.say("open"))


def line(row: GrantRow, calendar: Calendar, *, with_place: bool = False) -> GrantLine:
    """A grant as text."""
    say = calendar.words.say
    where = row.camera_label or ""
    if with_place:
        where = f"{where} · {row.place}" if where else row.place
    told = {"reason": row.reason, "name": row.granted_by_name or say("the keeper's shell")}
    return GrantLine(
        grant_id=row.grant_id,
        who=row.person_name,
        role=role_name(row.role, calendar.words),
        where=where,
        rights=rights_words(row.grant.rights, calendar.words),
        span=_span(row, calendar),
        why=say("%(reason)s · granted by %(name)s") % told,
        is_delegated=row.is_delegated,
        may_end=row.may_end,
    )


def _span(row: GrantRow, calendar: Calendar) -> str:
    say, grant = calendar.words.say, row.grant
    parts = []
    if grant.starts_utc_us > calendar.now_utc_us:
        parts.append(say("from %(day)s") % {"day": calendar.day(grant.starts_utc_us)})
    if grant.ends_utc_us is None:
        parts.append(say("until it is revoked"))
    else:
        # The last valid moment: an end at midnight is the day before.
        parts.append(say("until %(day)s") % {"day": calendar.day(grant.ends_utc_us - 1)})
    if grant.history_from_utc_us is not None:
        told = {"day": calendar.day(grant.history_from_utc_us)}
        parts.append(say("what was recorded since %(day)s") % told)
    return ", ".join(parts)


def fault(what: GrantFault, words: Messages) -> str:
    """Why a grant is invalid."""
    say = words.say
    return {
        GrantFault.PERSON: say("Choose a person who may sign in."),
        GrantFault.SELF: say("Nobody decides about themselves: ask another keeper."),
        GrantFault.PLACE: say("Choose an area or a camera."),
        GrantFault.RIGHTS: say("You cannot give rights that you do not have there yourself."),
        GrantFault.TIME: say("You cannot give more time than you have: choose an earlier end."),
        GrantFault.HISTORY: say("Your own history does not go back that far."),
        GrantFault.NO_END: say("It needs an end."),
        GrantFault.BACKWARDS: say("It would end before it begins."),
        GrantFault.DAY: say("A date is written 2026-11-25."),
        GrantFault.REASON: say("It needs a reason: somebody will ask one day."),
        GrantFault.ROLE: say("People of that role can never have one of these rights."),
        GrantFault.ONE_PLACE: say("A board member has one place alone, smaller than a commune."),
        GrantFault.UNKNOWN_ROLE: say("There is no such role."),
    }[what]


def role_name(role: str, words: Messages) -> str:
    """Readable name of a role; an unknown one is shown as it is."""
    say = words.say
    names = {
        "officer": say("officer"),
        "leader": say("leader"),
        "board_member": say("board member"),
        "investigator": say("investigator"),
        "technician": say("technician"),
        "oversight": say("oversight"),
        "keeper": say("keeper"),
    }
    return names.get(role, role)


def rights_of(stored: str, words: Messages) -> str:
    """Rights as a detail of the log stores them, as text; KeyError for one of another version."""
    return ", ".join(right_name(Right[one.upper()], words) for one in stored.split(","))


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "grants.count": say("%(n)s areas, %(m)s grants"),
        "grants.people": say("%(n)s people"),
        "grant.given": "%(rights)s: %(reason)s",
        "person.role": "%(role)s",
        **{f"grant.{one}": fault(one, words) for one in GrantFault},
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "grants.open": say("read who may see what"),
        "grants.form": say("read who may be granted something"),
        "grant.add": say("granted"),
        "grant.end": say("revoked a grant"),
        "grant.end.with": say("a grant ended with the one it came of"),
        "person.add": say("entered a person"),
        "person.role": say("changed a role"),
        "person.disable": say("closed an account"),
        "person.reopen": say("reopened an account"),
    }
