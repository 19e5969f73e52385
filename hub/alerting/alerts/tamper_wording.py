"""Texts about tampering with a camera's view."""

from dataclasses import dataclass

from hub.web.i18n import Messages


@dataclass(frozen=True, slots=True)
class Tamper:
    """Kind of tampering, and advice for a technician."""

    headline: str
    advice: str


def tampering(kind: str, words: Messages) -> Tamper | None:
    """Text for an alert of that kind; None for another kind."""
    say = words.say
    return {
        "tamper_covered": Tamper(
            say("Camera covered"), say("Take away what hangs or stands before the lens.")
        ),
        "tamper_sprayed": Tamper(
            say("Paint or dirt on the camera"),
            say("Clean the glass with a soft cloth; change the dome if paint has eaten into it."),
        ),
        "tamper_turned": Tamper(
            say("Camera turned away"),
            say(
                "Turn it back and tighten its joint. If the new view is meant, it is taken as usual"
                " after ten minutes."
            ),
        ),
        "tamper_defocused": Tamper(
            say("Camera out of focus"),
            say("Focus the lens; look for water or grease on the glass."),
        ),
        "tamper_frozen": Tamper(
            say("Picture frozen"),
            say(
                "Restart the camera; if it freezes again, update its firmware or change its power."
            ),
        ),
        "tamper_too_dark": Tamper(
            say("Too dark to see anybody"),
            say("See to the street lamp, or give the camera a light or a more sensitive lens."),
        ),
        "tamper_blinded": Tamper(
            say("Camera blinded by light"),
            say("Find what shines into it; turn it a little, or give it a hood."),
        ),
        "tamper_lamp_dead": Tamper(
            say("Infrared lamp dead"),
            say("Switch the infrared lamp on in the camera, see to its power, or change it."),
        ),
    }.get(kind)
