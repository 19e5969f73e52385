"""What a push says: kind, place, time and count, in the officer's language, and nothing else.

It is read on a lock screen by whoever stands near, so it names no person seen and shows no picture.
"""

import gettext
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from hub.notify.channel import Message
from hub.store.owed import Owed

LOCALE_FOLDER: Final = Path(__file__).parent.parent / "locale"
LANGUAGES: Final = ("vi", "en")

USEFUL_S: Final = 3600
"""So long a phone's service keeps a message for a phone that is off."""

VAGUE_CLOCK_MS: Final = 30_000
"""From here on a time to the minute would be a claim nobody can vouch for: "about 02:11"."""

LONGEST_TEXT: Final = 160
"""Characters of a title or a body; no phone shows more on a lock screen."""


@dataclass(frozen=True)
class Phrases:
    """One language's catalog: `say` translates; `count` also chooses singular or plural."""

    language: str
    say: Callable[[str], str]
    count: Callable[[str, str, int], str]


@cache
def phrases(language: str) -> Phrases:
    """The catalog of a language; of Vietnamese if the hub does not speak it."""
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    catalog = gettext.translation("push", LOCALE_FOLDER, languages=[spoken])
    return Phrases(spoken, catalog.gettext, catalog.ngettext)


def message_for(owed: Owed, zone: ZoneInfo) -> Message:
    """The message as the facts are now; a retry says what is true when it goes out."""
    words = phrases(owed.language)
    title, body = _title_and_body(owed, words, when=_time(owed, zone, words))
    return Message(
        notification_id=owed.notification_id,
        alert_id=owed.alert_id,
        revision=owed.revision,
        moment=owed.moment,
        title=_short(title),
        body=_short(body),
        language=words.language,
        take_label=words.say("I have it"),
        open_label=words.say("View"),
        useful_s=USEFUL_S,
    )


def _title_and_body(owed: Owed, words: Phrases, *, when: str) -> tuple[str, str]:
    names = {"place": owed.place, "camera": owed.camera_label, "time": when, "n": owed.people}
    match owed.moment, owed.kind:
        case "taken", _:
            return _handled(owed, words), words.say("{camera} · {time}").format(**names)
        case _, "camera_lost" | "node_silent":
            title = words.say("No signal from {camera}")
            return title.format(**names), words.say("{place} · since {time}").format(**names)
        case "grown", _:
            title = words.count("{n} person · {place}", "{n} people · {place}", owed.people)
            body = words.say("{camera} · since {time}")
            if owed.has_picture:
                body = words.say("{camera} · since {time} · with picture")
            return title.format(**names), body.format(**names)
        case _:
            title = words.say("Somebody seen · {place}")
            body = words.count(
                "{camera} · {time} · {n} person", "{camera} · {time} · {n} people", owed.people
            )
            return title.format(**names), body.format(**names)


def _handled(owed: Owed, words: Phrases) -> str:
    match owed.state:
        case "false_alarm":
            title = words.say("False alarm · {place}")
        case "resolved":
            title = words.say("Resolved · {place}")
        case _ if owed.handled_by:
            title = words.say("{officer} has it · {place}")
        case _:
            title = words.say("Somebody has it · {place}")
    return title.format(officer=owed.handled_by, place=owed.place)


def _time(owed: Owed, zone: ZoneInfo, words: Phrases) -> str:
    moment = datetime.fromtimestamp(owed.began.utc_us / 1e6, UTC).astimezone(zone)
    clock = f"{moment:%H:%M}"
    error_ms = owed.began.error_ms
    if error_ms is not None and error_ms < VAGUE_CLOCK_MS:
        return clock
    return words.say("about {time}").format(time=clock)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
