"""Texts of a person's own grants that ended."""

from dataclasses import dataclass

from hub.access.grants.views import EndedRow
from hub.access.grants.wording import rights_words
from hub.access.rules.ended import HowEnded
from hub.access.rules.grants import Right
from hub.web.calendar import Calendar


@dataclass(frozen=True, slots=True)
class EndedLine:
    """One ended grant as text."""

    what: str
    when: str
    how: str
    ask: str


def line(row: EndedRow, calendar: Calendar) -> EndedLine:
    """An ended grant as text: what ended, when, with which rights, how, and whom to ask."""
    say = calendar.words.say
    place = f"{row.camera_label} · {row.place}" if row.camera_label else row.place
    what = {"place": place}
    when = {
        "time": calendar.clock(row.ended_utc_us),
        "rights": rights_words(row.rights, calendar.words),
    }
    return EndedLine(
        say("Alerts from %(place)s reach you no longer.") % what
        if row.rights & (Right.ALERTED | Right.SEE)
        else say("Your rights at %(place)s have ended.") % what,
        say("Your rights there ended at %(time)s: %(rights)s.") % when,
        _how(row.how, calendar),
        _ask(row, calendar),
    )


def _how(how: HowEnded, calendar: Calendar) -> str:
    say = calendar.words.say
    return {
        HowEnded.TIME: say("The time they were given for is over."),
        HowEnded.WITH_SOURCE: say("They ended with the grant of the person who gave them."),
        HowEnded.REVOKED: say("They were taken back, or a border was changed."),
    }[how]


def _ask(row: EndedRow, calendar: Calendar) -> str:
    say = calendar.words.say
    if not row.ask:
        return say("If you still need them, ask the keeper of the whole town.")
    return say("If you still need them, ask %(names)s.") % {"names": ", ".join(row.ask)}
