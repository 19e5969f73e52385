"""Text of a push: kind, place, time and count in the officer's language, and nothing else.

Anybody near can read a lock screen, so the text names no person seen and has no picture.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from hub.alerting.alerts.rules.kinds import CROWD, KINDS, TIP
from hub.alerting.alerts.rules.rules_met import foremost
from hub.alerting.notifications.batching import AlertDigest
from hub.alerting.notifications.pending import PendingNotification
from hub.alerting.notifications.rule_text import rule_words
from hub.alerting.notifications.tamper_text import is_tampering, tamper_words
from hub.alerting.notifications.trouble_text import handled_words, trouble_words
from hub.notify.channels.port import Message
from hub.notify.i18n import PushMessages, phrases, short

USEFUL_S: Final = 3600
"""Time that a push service keeps a message for a phone that is off."""

VAGUE_CLOCK_MS: Final = 30_000
"""From this error on the text says "about 02:11"."""


def message_for(owed: PendingNotification, zone: ZoneInfo) -> Message:
    """The message by the present facts; a retry says what is true when it is sent."""
    words = phrases(owed.language)
    title, body = _title_and_body(owed, words, when=_time(owed, zone, words))
    return Message(
        notification_id=owed.notification_id,
        alert_id=owed.alert_id,
        revision=owed.revision,
        moment=owed.moment,
        title=short(title),
        body=short(body),
        language=words.language,
        take_label=words.say("I have it"),
        open_label=words.say("View"),
        useful_s=USEFUL_S,
        is_digest=owed.digest is not None,
    )


def _title_and_body(
    owed: PendingNotification, words: PushMessages, *, when: str
) -> tuple[str, str]:
    names = {"place": owed.place, "camera": owed.camera_label, "time": when, "n": owed.people}
    if owed.digest is not None:
        return _digest(owed.digest, words)
    if owed.kind == TIP and owed.moment != "taken":
        title = words.say("Report from the people · {place}").format(**names)
        body = words.say("{time} · said near {camera}").format(**names)
    else:
        title, body = _of_one(owed, words, names=names)
    if owed.moment == "handed":
        handing = {"officer": owed.handled_by or "?", "place": owed.place or owed.node_name}
        title = words.say("{officer} hands this over to you · {place}").format(**handing)
    if owed.is_called_on and owed.moment in ("opened", "raised", "again"):
        body = words.say("{body} · nobody has it yet").format(body=body)
    if owed.is_critical and owed.moment in ("opened", "grown", "raised", "again"):
        title = f"⚠ {title}"
    return title, body


def _digest(digest: AlertDigest, words: PushMessages) -> tuple[str, str]:
    """Number of alerts and places, and the places with most."""
    title = words.count("{n} alerts at {m} place", "{n} alerts at {m} places", len(digest.places))
    places = " · ".join(f"{name} {n}" for name, n in digest.places)
    return title.format(n=digest.alerts, m=len(digest.places)), places


def _of_one(
    owed: PendingNotification, words: PushMessages, *, names: Mapping[str, Any]
) -> tuple[str, str]:
    if owed.kind in KINDS:
        return trouble_words(owed, words, names={**names, "node": owed.node_name})
    if is_tampering(owed.kind) and owed.moment != "taken":
        return tamper_words(owed, words, names=names)
    match owed.moment:
        case "taken":
            return handled_words(owed, words), words.say("{camera} · {time}").format(**names)
        case "grown":
            title = _title(owed, words) or _people(owed, words)
            body = words.say("{camera} · since {time}")
            if owed.has_picture:
                body = words.say("{camera} · since {time} · with picture")
            return title.format(**names), body.format(**names)
        case _:
            if owed.kind == CROWD:
                title = _title(owed, words) or _people(owed, words)
                return title.format(**names), words.say("{camera} · {time}").format(**names)
            title = _title(owed, words) or words.say("Somebody seen · {place}")
            body = words.count(
                "{camera} · {time} · {n} person", "{camera} · {time} · {n} people", owed.people
            )
            return title.format(**names), body.format(**names)


def _people(owed: PendingNotification, words: PushMessages) -> str:
    """Number of people; for a crowd "about"."""
    if owed.kind == CROWD:
        return words.say("Crowd, about {n} people · {place}")
    return words.count("{n} person · {place}", "{n} people · {place}", owed.people)


def _title(owed: PendingNotification, words: PushMessages) -> str | None:
    """The rule that was met, if any."""
    met = foremost(owed.rules)
    if met is None:
        return None
    return rule_words(met, words).replace("{", "{{").replace("}", "}}") + " · {place}"


def _time(owed: PendingNotification, zone: ZoneInfo, words: PushMessages) -> str:
    moment = datetime.fromtimestamp(owed.began.utc_us / 1e6, UTC).astimezone(zone)
    clock = f"{moment:%H:%M}"
    error_ms = owed.began.error_ms
    if error_ms is not None and error_ms < VAGUE_CLOCK_MS:
        return clock
    return words.say("about {time}").format(time=clock)
