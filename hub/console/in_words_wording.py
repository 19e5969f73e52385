"""Texts of an alert for a person who is told of it but may not see it, and of the people who go
there."""

from collections.abc import Sequence

from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.alerts.views import AlertInWords, Going
from hub.base.audit.asker import Asker
from hub.web.calendar import Calendar


def who_has_it(row: AlertInWords, calendar: Calendar) -> str:
    """Who has the alert, and since when."""
    say = calendar.words.say
    match row.state:
        case "open":
            return say("Nobody has it yet. An officer who may see the pictures acknowledges it.")
        case "taken":
            told = {
                "name": row.taken_by_name or "?",
                "time": calendar.clock(row.taken_utc_us or row.raised_utc_us),
            }
            return say("%(name)s has it since %(time)s.") % told
        case _:
            told = {
                "name": row.closed_by_name or "?",
                "time": calendar.clock(row.closed_utc_us or row.raised_utc_us),
            }
            return say("Closed by %(name)s at %(time)s. Nothing more is needed.") % told


def why_words(row: AlertInWords, calendar: Calendar) -> str:
    """Why this page has no picture."""
    say = calendar.words.say
    if row.kind == Kind.TIP:
        return say("You are told of reports from here, and may not read what was written.")
    return say("You are told of alerts of this camera, and may not see its pictures and clips.")


def going_sentence(going: Sequence[Going], calendar: Calendar) -> str:
    """Who is on the way, with the time when they said so; empty for nobody."""
    if not going:
        return ""
    names = ", ".join(f"{one.name} ({calendar.clock(one.since_utc_us)})" for one in going)
    return calendar.words.say("On the way: %(names)s.") % {"names": names}


def own_going(going: Sequence[Going], asker: Asker, calendar: Calendar) -> str:
    """When this person said that they go; empty if they did not."""
    mine = [one.since_utc_us for one in going if one.person_id == asker.person_id]
    if not mine:
        return ""
    return calendar.words.say("You said at %(time)s that you go.") % {
        "time": calendar.clock(mine[0])
    }
