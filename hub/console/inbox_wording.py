"""Texts of the inbox: its filter, its groups."""

from dataclasses import dataclass
from typing import Final, assert_never

from hub.alerting.alerts.rules.kinds import Subject
from hub.alerting.alerts.views import AlertRow
from hub.console.inbox_form import HOURS, InboxForm
from hub.console.views import InboxPage
from hub.web.i18n import Messages

Options = list[tuple[str, str]]
"""Value and text of each choice."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Choices of the filter: those with alerts, and the chosen one."""

    areas: Options
    kinds: Options
    hours: Options
    groups: Options


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One group as text."""

    address: str
    name: str
    about: str
    newest: AlertRow


_MOST_AREAS: Final = 300


def choices(page: InboxPage, form: InboxForm, words: Messages) -> Choices:
    """The choices with the number of alerts behind each."""
    say = words.say
    areas = [(str(one.area_id), f"{one.name} ({one.count})") for one in page.areas[:_MOST_AREAS]]
    if form.area and form.area not in dict(areas):
        areas.append((form.area, say("a place without alerts")))
    kinds: Options = [
        (one, f"{subject_name(one, words)} ({page.subjects.get(one, 0)})")
        for one in Subject
        if page.subjects.get(one) or form.kind == one
    ]
    return Choices(
        areas=areas,
        kinds=kinds,
        hours=[(str(hours), _hours(hours, words)) for hours in HOURS],
        groups=[("place", say("by place")), ("node", say("by camera box"))],
    )


def subject_name(subject: Subject, words: Messages) -> str:
    """Name of the subject of alerts."""
    say = words.say
    match subject:
        case Subject.PERSON:
            return say("Somebody seen")
        case Subject.CROWD:
            return say("Crowds")
        case Subject.TAMPERING:
            return say("Camera covered, turned or blurred")
        case Subject.TROUBLE:
            return say("Camera or camera box lost")
        case Subject.TIP:
            return say("Reports from the people")
        case Subject.OTHER:
            return say("Other alerts")
        case _:
            assert_never(subject)


def _hours(hours: int, words: Messages) -> str:
    told = {"n": hours}
    return words.count("last %(n)d hour", "last %(n)d hours", hours) % told


def filter_words(page: InboxPage, form: InboxForm, words: Messages) -> list[str]:
    """Conditions of the filter in words; empty without a filter."""
    say, names = words.say, {str(key): name for key, name in page.names.items()}
    nodes = {str(key): name for key, name in page.nodes.items()}
    nowhere = say("a place without alerts")
    found = [
        say("mine") if form.mine else "",
        names.get(form.area, nowhere) if form.area else "",
        names.get(form.place, nowhere) if form.place else "",
        nodes.get(form.node, nowhere) if form.node else "",
        subject_name(Subject(form.kind), words) if form.kind else "",
        _hours(int(form.since), words) if form.since else "",
    ]
    return [one for one in found if one]


def group_lines(page: InboxPage, form: InboxForm, words: Messages) -> list[GroupLine]:
    """Each group with the address of its alerts."""
    lines = []
    for one in page.groups:
        key = "" if one.key is None else str(one.key)
        changed = {"group": "", "node" if form.group == "node" else "place": key}
        about = [
            words.count("%(n)d alert", "%(n)d alerts", one.count) % {"n": one.count},
            _open(one.open_count, words),
            _ongoing(one.ongoing_count, words),
        ]
        lines.append(
            GroupLine(
                address=form.address(**changed),
                name=one.name or words.say("All places"),
                about=" · ".join(part for part in about if part),
                newest=one.newest,
            )
        )
    return lines


def _open(number: int, words: Messages) -> str:
    told = {"n": number}
    return words.count("nobody has %(n)d", "nobody has %(n)d", number) % told if number else ""


def _ongoing(number: int, words: Messages) -> str:
    told = {"n": number}
    return words.count("%(n)d goes on", "%(n)d go on", number) % told if number else ""
