"""Texts about notifications of an alert: one line per person and phone."""

from collections.abc import Iterable
from dataclasses import dataclass

from hub.alerting.alerts.views import ToldRow
from hub.base.text.order import by_name
from hub.notify.channels.listing import entry_of
from hub.web.calendar import Calendar


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """One phone and its best report: shown, opened, or the reason why not."""

    person: str
    device: str
    sentence: str
    is_bad: bool
    at_utc_us: int


def phone_lines(rows: Iterable[ToldRow], calendar: Calendar) -> list[PhoneLine]:
    """One line per person and phone; those not known to have seen it come first."""
    phones: dict[tuple[str, str, str], list[ToldRow]] = {}
    for row in rows:
        phones.setdefault((row.person_name, row.channel, row.phone_label), []).append(row)
    lines = [_phone_line(list(group), calendar) for group in phones.values()]
    return sorted(lines, key=lambda line: (not line.is_bad, by_name(line.person)))


def _phone_line(group: list[ToldRow], calendar: Calendar) -> PhoneLine:
    opened = [row.opened_utc_us for row in group if row.opened_utc_us is not None]
    shown = [row.shown_utc_us for row in group if row.shown_utc_us is not None]
    last = max(group, key=lambda row: row.owed_utc_us)
    acted = [row.acknowledged_utc_us for row in group if row.acknowledged_utc_us is not None]
    sentence, is_bad = _phone_sentence(opened, shown, last, calendar)
    if acted:
        at = {"time": calendar.clock(min(acted))}
        sentence, is_bad = calendar.words.say("answered at %(time)s") % at, False
    return PhoneLine(
        person=last.person_name,
        device=last.phone_label or last.channel,
        sentence=sentence,
        is_bad=is_bad,
        at_utc_us=min(row.owed_utc_us for row in group),
    )


def _phone_sentence(
    opened: list[int], shown: list[int], last: ToldRow, calendar: Calendar
) -> tuple[str, bool]:
    """Sentence on what the phone did with the message; True if perhaps nobody saw it."""
    say = calendar.words.say
    if opened:
        return say("opened at %(time)s") % {"time": calendar.clock(min(opened))}, False
    if shown:
        return say("shown on the phone at %(time)s") % {"time": calendar.clock(min(shown))}, False
    return _unseen_sentence(last, calendar)


def _unseen_sentence(last: ToldRow, calendar: Calendar) -> tuple[str, bool]:
    """Sentence on a message without a report from the phone; True if perhaps nobody saw it."""
    say = calendar.words.say
    match last.state:
        case "accepted":
            return _sent_sentence(last, calendar)
        case "folded":
            at = {"time": calendar.clock(last.answered_utc_us or last.owed_utc_us)}
            return say("told at %(time)s together with other alerts") % at, False
        case "queued" if last.reason.startswith("held"):
            return say("many alerts at once: waits to be told with the others"), True
        case "queued":
            return say("not sent yet, still trying"), True
        case "dropped":
            return say("not sent: no longer needed"), False
        case _:
            return say("could not be sent to this phone"), True


def _sent_sentence(last: ToldRow, calendar: Calendar) -> tuple[str, bool]:
    at = {"time": calendar.clock(last.answered_utc_us or last.owed_utc_us)}
    if entry_of(last.channel).reports_shown:
        return calendar.words.say("sent at %(time)s, not yet shown on the phone") % at, True
    silent = calendar.words.say("sent at %(time)s; this channel never says if it was shown")
    return silent % at, False
