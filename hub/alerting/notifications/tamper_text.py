"""Push texts of tampering with a camera's view, and of its end."""

from collections.abc import Mapping

from hub.alerting.notifications.pending import PendingNotification
from hub.notify.i18n import PushMessages


def tamper_words(
    pending: PendingNotification, words: PushMessages, *, names: Mapping[str, object]
) -> tuple[str, str]:
    """Title and body of the push for the start or the end of tampering; nothing else is sent about
    it later."""
    names = {**names, "what": _what(pending.kind, words)}
    if pending.moment == "grown":
        title, body = (
            words.say("Over: {what} · {place}"),
            words.say("{camera} · it began at {time}"),
        )
    else:
        title, body = words.say("{what} · {place}"), words.say("{camera} · since {time}")
    return title.format(**names), body.format(**names)


def _what(kind: str, words: PushMessages) -> str:
    say = words.say
    return {
        "tamper_covered": say("Camera covered"),
        "tamper_sprayed": say("Paint or dirt on the camera"),
        "tamper_turned": say("Camera turned away"),
        "tamper_defocused": say("Camera out of focus"),
        "tamper_frozen": say("Picture frozen"),
        "tamper_too_dark": say("Too dark to see anybody"),
        "tamper_blinded": say("Camera blinded by light"),
        "tamper_lamp_dead": say("Infrared lamp dead"),
    }.get(kind, say("Something is wrong with the view"))
