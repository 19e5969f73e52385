"""Text of a push: kind, place, time and count in the officer's language, and nothing else.

Anybody near can read a lock screen, so the text names no person seen and has no picture.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from hub.alerting.alerts.rules.kinds import Kind, Subject, entry_of
from hub.alerting.alerts.rules.rules_met import foremost
from hub.alerting.notifications.batching import AlertDigest
from hub.alerting.notifications.pending import PendingNotification
from hub.alerting.notifications.rule_text import rule_words
from hub.notify.channels.port import Message
from hub.notify.i18n import PushMessages, phrases, short

USEFUL_S: Final = 3600
"""Time that a push service keeps a message for a phone that is off."""

VAGUE_CLOCK_MS: Final = 30_000
"""From this error on the text says "about 02:11"."""


def message_for(pending: PendingNotification, zone: ZoneInfo) -> Message:
    """The message with the present facts of the alert; a retry says what is true when it is
    sent."""
    words = phrases(pending.language)
    title, body = _title_and_body(pending, words, when=_time(pending, zone, words))
    return Message(
        notification_id=pending.notification_id,
        alert_id=pending.alert_id,
        revision=pending.revision,
        moment=pending.moment,
        title=short(title),
        body=short(body),
        language=words.language,
        # Who may not see the alert cannot take it: their phone offers to open the page alone.
        take_label=words.say("I have it") if pending.may_act else "",
        open_label=words.say("View"),
        useful_s=USEFUL_S,
        is_digest=pending.digest is not None,
    )


def _title_and_body(
    pending: PendingNotification, words: PushMessages, *, when: str
) -> tuple[str, str]:
    if pending.digest is not None:
        return _digest(pending.digest, words)
    names = {
        "place": pending.place,
        "camera": pending.camera_label,
        "broker": pending.camera_label,
        "node": pending.node_name,
        "time": when,
        "n": pending.people,
    }
    title, body = _of_one(pending, words, names=names)
    if pending.moment == "handed":
        handing = {
            "officer": pending.handled_by or "?",
            "place": pending.place or pending.node_name,
        }
        title = words.say("{officer} hands this over to you · {place}").format(**handing)
    if pending.is_called_on and pending.moment in ("opened", "raised", "again"):
        body = words.say("{body} · nobody has it yet").format(body=body)
    if pending.is_critical and pending.moment in ("opened", "grown", "raised", "again"):
        title = f"⚠ {title}"
    return title, body


def _digest(digest: AlertDigest, words: PushMessages) -> tuple[str, str]:
    """Number of alerts and places, and the places with most."""
    title = words.count("{n} alerts at {m} place", "{n} alerts at {m} places", len(digest.places))
    places = " · ".join(f"{name} {n}" for name, n in digest.places)
    return title.format(n=digest.alerts, m=len(digest.places)), places


def _of_one(
    pending: PendingNotification, words: PushMessages, *, names: Mapping[str, Any]
) -> tuple[str, str]:
    entry = entry_of(pending.kind)
    if pending.moment == "taken":
        title = _handled(pending, words)
    elif entry.push is None:
        return _of_people(pending, words, names=names)
    elif pending.moment == "back" and entry.push_over:
        title = words.say(entry.push_over).format(**names)
    else:
        title = words.say(entry.push.message_id(pending.people)).format(**names)
    if entry.subject is Subject.TROUBLE:
        body = words.say("{place} · since {time}") if pending.place else words.say("since {time}")
    elif pending.moment == "taken":
        body = words.say("{camera} · {time}")
    elif entry.subject is Subject.TIP:
        body = words.say("{time} · said near {camera}")
    elif entry.subject is Subject.TAMPERING:
        return _of_tampering(pending, words, names={**names, "what": title})
    else:
        body = words.say("{camera} · since {time}")
    return title, body.format(**names)


def _of_tampering(
    pending: PendingNotification, words: PushMessages, *, names: Mapping[str, Any]
) -> tuple[str, str]:
    """Start or end of tampering; nothing else is sent about it later."""
    if pending.moment == "grown":
        title = words.say("Over: {what} · {place}")
        body = words.say("{camera} · it began at {time}")
    else:
        title, body = words.say("{what} · {place}"), words.say("{camera} · since {time}")
    return title.format(**names), body.format(**names)


def _of_people(
    pending: PendingNotification, words: PushMessages, *, names: Mapping[str, Any]
) -> tuple[str, str]:
    if pending.moment == "grown":
        title = _title(pending, words) or _people(pending, words)
        body = words.say("{camera} · since {time}")
        if pending.has_picture and pending.may_act:
            body = words.say("{camera} · since {time} · with picture")
    elif pending.kind == Kind.CROWD:
        title = _title(pending, words) or _people(pending, words)
        body = words.say("{camera} · {time}")
    else:
        title = _title(pending, words) or words.say("Somebody seen · {place}")
        body = words.count(
            "{camera} · {time} · {n} person", "{camera} · {time} · {n} people", pending.people
        )
    return title.format(**names), body.format(**names)


def _handled(pending: PendingNotification, words: PushMessages) -> str:
    match pending.state:
        case "false_alarm":
            title = words.say("False alarm · {place}")
        case "resolved":
            title = words.say("Resolved · {place}")
        case _ if pending.handled_by:
            title = words.say("{officer} has it · {place}")
        case _:
            title = words.say("Somebody has it · {place}")
    return title.format(officer=pending.handled_by, place=pending.place)


def _people(pending: PendingNotification, words: PushMessages) -> str:
    """Number of people; for a crowd "about"."""
    if pending.kind == Kind.CROWD:
        return words.say("Crowd, about {n} people · {place}")
    return words.count("{n} person · {place}", "{n} people · {place}", pending.people)


def _title(pending: PendingNotification, words: PushMessages) -> str | None:
    """The rule that was met, if any."""
    met = foremost(pending.rules)
    if met is None:
        return None
    return rule_words(met, words).replace("{", "{{").replace("}", "}}") + " · {place}"


def _time(pending: PendingNotification, zone: ZoneInfo, words: PushMessages) -> str:
    moment = datetime.fromtimestamp(pending.began.utc_us / 1e6, UTC).astimezone(zone)
    clock = f"{moment:%H:%M}"
    error_ms = pending.began.error_ms
    if error_ms is not None and error_ms < VAGUE_CLOCK_MS:
        return clock
    return words.say("about {time}").format(time=clock)
