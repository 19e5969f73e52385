"""Texts of an alert: state, clock warnings, next step."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hub.alerting.alerts.rule_wording import rule_sentence, with_people
from hub.alerting.alerts.rules.kinds import (
    SIGHTINGS,
    About,
    Kind,
    Subject,
    entry_of,
    is_trouble,
)
from hub.alerting.alerts.rules.rules_met import foremost, from_text
from hub.alerting.alerts.views import AlertInWords, AlertRow, HistoryRow, ShownAlert
from hub.base.audit.asker import Asker
from hub.web.calendar import DOUBT_FROM_MS, Calendar
from hub.web.i18n import Messages

_GROWN: Final = re.compile(r"(\d+) → (\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Status:
    """State as shape, word and colour together; `token` names icon and CSS class."""

    token: str
    label: str


def status(row: ShownAlert, words: Messages) -> Status:
    """State of an alert, with its holder's name."""
    say = words.say
    match row.state:
        case "open":
            return Status("open", say("Nobody has it yet"))
        case "taken":
            name = row.taken_by_name or "?"
            return Status("taken", say("Acknowledged by %(name)s") % {"name": name})
        case "resolved" if is_trouble(row.kind) and row.closed_by is None:
            return Status("resolved", say("Back again"))
        case "resolved":
            return Status("resolved", say("Resolved"))
        case "false_alarm":
            return Status("false_alarm", say("False alarm"))
        case other:
            return Status("muted", other)


def headline(row: ShownAlert, words: Messages) -> str:
    """Subject of the alert."""
    entry = entry_of(row.kind)
    if entry.headline is None:
        people, met = _people(row, words), foremost(row.rules)
        return people if met is None else with_people(met, people, words)
    what = words.say(entry.headline.message_id(row.people)) % {"n": row.people}
    if entry.subject is Subject.TAMPERING and row.over_utc_us is not None:
        return words.say("%(what)s · over") % {"what": what}
    return what


def course(row: ShownAlert, words: Messages) -> str:
    """Whether the subject of a running alert goes on or is over; empty if that is not known, or if
    the headline says it."""
    if isinstance(row, AlertInWords) or row.kind == Kind.TIP or row.state not in ("open", "taken"):
        return ""
    if row.is_ongoing:
        return words.say("Still going on")
    is_said = entry_of(row.kind).subject in (Subject.TROUBLE, Subject.TAMPERING)
    return "" if is_said else words.say("It is over")


def _people(row: ShownAlert, words: Messages) -> str:
    many = {"n": row.people}
    if row.kind == Kind.CROWD:
        return words.say("Crowd, about %(n)d people") % many
    return words.count("%(n)d person", "%(n)d people", row.people) % many


def about(row: ShownAlert) -> str:
    """The camera or node of the alert, after a dot; empty for many, or for a tip."""
    if row.kind == Kind.TIP:
        return ""
    return f" · {row.camera_label}" if row.camera_label else ""


def subject_word(row: AlertRow, words: Messages) -> str:
    """What `camera_label` is the name of."""
    match entry_of(row.kind).about:
        case About.NODE:
            return words.say("Camera box")
        case About.BROKER:
            return words.say("Message broker")
        case About.NEAREST_CAMERA:
            return words.say("Nearest camera")
        case About.CAMERA | About.NOTHING:
            return words.say("Camera")


def picture_missing(row: AlertRow, words: Messages) -> str:
    """Why there is no picture."""
    if row.kind in SIGHTINGS and row.closed_utc_us is not None:
        return words.say("No picture at the hub")
    return words.say(entry_of(row.kind).no_picture)


def advice(row: AlertRow, words: Messages) -> str | None:
    """Advice for a technician; None if it needs none, or is over."""
    entry = entry_of(row.kind)
    end = row.over_utc_us if entry.subject is Subject.TAMPERING else row.closed_utc_us
    return words.say(entry.advice) if entry.advice and end is None else None


def clock_doubt(row: ShownAlert, words: Messages) -> str | None:
    """Warning about the node's clock; None if not needed."""
    if is_trouble(row.kind) or row.kind == Kind.TIP:
        return None  # its times are the hub's, or a person's
    if row.error_ms is None or row.clock_source == "none":
        return words.say("Clock of the camera box unconfirmed: times may be wrong")
    if row.error_ms >= DOUBT_FROM_MS:
        seconds = round(row.error_ms / 1000)
        return words.count(
            "Clock uncertain by ± %(n)d second", "Clock uncertain by ± %(n)d seconds", seconds
        ) % {"n": seconds}
    return None


def next_step(row: AlertRow, asker: Asker, calendar: Calendar) -> str:
    """The next step for an alert, and its reason."""
    say = calendar.words.say
    if row.state == "open" and is_trouble(row.kind):
        return say("Whoever looks after it acknowledges it. It closes itself when all is back.")
    if row.state == "open":
        called = next_call(row, calendar) or say("Nobody has it yet.")
        rest = say("Acknowledge it, and everybody else who was told sees that.")
        return f"{called} {rest}"
    if row.state == "taken":
        return _who_has_it(row, asker, calendar)
    closed = {
        "name": row.closed_by_name or "?",
        "time": calendar.clock(row.closed_utc_us or row.raised_utc_us),
    }
    if is_trouble(row.kind) and row.closed_by is None:
        return say("Back again by itself at %(time)s. Nothing more is needed.") % closed
    return say("Closed by %(name)s at %(time)s. Nothing more is needed.") % closed


def _who_has_it(row: AlertRow, asker: Asker, calendar: Calendar) -> str:
    say = calendar.words.say
    values = {
        "name": row.taken_by_name or "?",
        "time": calendar.clock(row.taken_utc_us or row.raised_utc_us),
        "to": row.offered_to_name or "?",
        "offered": calendar.clock(row.offered_utc_us or row.raised_utc_us),
    }
    if row.offered_to == asker.person_id:
        return (
            say("%(name)s hands this over to you since %(offered)s. Acknowledge it to have it.")
            % values
        )
    if row.offered_to is not None:
        return (
            say("%(name)s has it, and hands it to %(to)s since %(offered)s; not taken yet.")
            % values
        )
    if row.taken_by == asker.person_id:
        return say("You have it since %(time)s. When done, press Resolved or False alarm.") % values
    return say("%(name)s has it since %(time)s and will close it. You need do nothing.") % values


def next_call(row: AlertRow, calendar: Calendar) -> str:
    """Who is told next of an open alert, when and why; empty without an escalation plan."""
    if row.next_call is None:
        return ""
    say, due_utc_us = calendar.words.say, row.next_call.due_utc_us
    if due_utc_us is None:
        return say("All who are to be called were called; nobody has it yet.")
    who = row.next_call.who or say("everybody who may know")
    values = {"who": who, "time": calendar.clock(due_utc_us)}
    if row.next_call.is_again:
        return say("Next: %(who)s once more at %(time)s, because nobody has it yet.") % values
    return say("Next: %(who)s at %(time)s, because nobody has it yet.") % values


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One line of an alert's history."""

    sentence: str
    note: str
    at_utc_us: int


def history(rows: Iterable[HistoryRow], words: Messages) -> list[HistoryStep]:
    """Steps of an alert's life that are useful to a person.

    While people come and go a node reports every second: growing numbers in a row become one step,
    and only the first picture is mentioned.
    """
    steps: list[HistoryStep] = []
    grown_from = ""
    has_picture = False
    for row in rows:
        grown = _GROWN.match(row.detail) if row.act == "grown" else None
        if row.act == "called":
            whom = row.detail or words.say("everybody who may know")
            steps.append(HistoryStep(words.say("Told: %(who)s") % {"who": whom}, "", row.at_utc_us))
            continue
        if row.act == "ruled":
            steps.append(
                HistoryStep(words.say("A rule says who must know"), row.detail, row.at_utc_us)
            )
            continue
        if row.act in ("dark", "back"):
            steps.append(_trouble_step(row, words))
            continue
        if row.act == "rules":
            grown_from = ""
            met = from_text(row.detail)
            steps += [HistoryStep(rule_sentence(one, words), "", row.at_utc_us) for one in met]
            continue
        if (row.act == "grown" and grown is None) or (row.act == "picture" and has_picture):
            continue
        has_picture = has_picture or row.act == "picture"
        if grown is None:
            grown_from = ""
            steps.append(_step(row, words, note=row.detail if row.who is not None else ""))
            continue
        if grown_from:
            steps.pop()
        grown_from = grown_from or grown.group(1)
        people = int(grown.group(2))
        more = words.count("%(n)d person", "%(n)d people", people) % {"n": people}
        steps.append(_step(row, words, note=f"{grown_from} → {more}"))
    return steps


def _trouble_step(row: HistoryRow, words: Messages) -> HistoryStep:
    """Step of a trouble: the number of lost units, or the end of the trouble with its cause."""
    if row.act == "dark":
        return HistoryStep(words.say("Silent now"), row.detail, row.at_utc_us)
    was = {
        "line": words.say("it never stopped: the line was cut"),
        "restart": words.say("it has started anew"),
    }
    return HistoryStep(words.say("Back again"), was.get(row.detail, ""), row.at_utc_us)


def _step(row: HistoryRow, words: Messages, *, note: str) -> HistoryStep:
    """An act without a text is shown by its id."""
    say = words.say
    acts = {
        "raised": say("Alert raised"),
        "grown": say("More was seen"),
        "picture": say("Picture received"),
        "clip": say("Clip received"),
        "over": say("It is over"),
        "again": say("Again"),
        "taken": say("Acknowledged"),
        "offered": say("Handed over"),
        "offer_ended": say("Left before taking it over"),
        "returned": say("Left: nobody has it"),
        "arrived": say("At the place"),
        "going": say("On the way"),
        "not_going": say("Does not go after all"),
        "resolved": say("Resolved"),
        "false_alarm": say("False alarm"),
        "undone": say("Closing taken back"),
        "reopened": say("Opened again"),
        "note": say("Note"),
        "mute_offered": say("Third false alarm here: a mute of two weeks was offered"),
        "muted": say("This spot muted for two weeks"),
    }
    if row.act == "muted" and row.who is None:  # by the hub itself, as older versions did
        acts["muted"] = say("Third false alarm here: muted for two weeks")
    act = acts.get(row.act, row.act)
    return HistoryStep(f"{act} · {row.who}" if row.who else act, note, row.at_utc_us)


def cause_word(cause: str, words: Messages) -> str:
    """Cause of a false alarm."""
    names = {
        "animal": words.say("an animal"),
        "plant": words.say("a plant that moves"),
        "weather": words.say("rain, fog, insects"),
        "light": words.say("light or shadow"),
        "vehicle": words.say("a vehicle alone"),
        "known_person": words.say("somebody who belongs there"),
        "camera": words.say("the camera itself"),
        "other": words.say("something else"),
    }
    return names.get(cause, cause)
