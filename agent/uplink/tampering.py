"""Texts and messages about tampering with a camera's view."""

from dataclasses import dataclass
from typing import Final, assert_never

from agent.i18n import N_
from agent.vision.tamper.judge import Tampering
from agent.vision.tamper.tamper import TamperBegan, TamperChange, TamperEnded, TamperNothing
from agent.wire import messages


@dataclass(frozen=True, slots=True)
class Advice:
    """Text about a kind of tampering: what the picture shows and what to do; templates of the
    catalogs."""

    sentence: str
    cure: str


ADVICE: Final = {
    Tampering.COVERED: Advice(
        N_("the view is covered"),
        N_("take away what hangs or stands before the lens"),
    ),
    Tampering.SPRAYED: Advice(
        N_("paint or dirt covers a part of the view"),
        N_("clean the glass with a soft cloth; change the dome if paint has eaten into it"),
    ),
    Tampering.TURNED: Advice(
        N_("the camera looks elsewhere"),
        N_(
            "turn it back and tighten its joint; if the new view is meant, it is taken as usual"
            " after ten minutes"
        ),
    ),
    Tampering.DEFOCUSED: Advice(
        N_("the picture is not sharp any more"),
        N_("focus the lens; look for water or grease on the glass"),
    ),
    Tampering.FROZEN: Advice(
        N_("the picture stands still"),
        N_("restart the camera; if it freezes again, update its firmware or change its power"),
    ),
    Tampering.TOO_DARK: Advice(
        N_("it is too dark to see anybody"),
        N_("see to the street lamp, or give the camera a light or a more sensitive lens"),
    ),
    Tampering.BLINDED: Advice(
        N_("a light blinds the camera"),
        N_("find what shines into it; turn it a little, or give it a hood"),
    ),
    Tampering.LAMP_DEAD: Advice(
        N_("the camera sees by infrared and its lamp does not shine"),
        N_("switch the infrared lamp on in the camera, see to its power, or change it"),
    ),
}


def tamper_event(
    change: TamperChange, *, camera: str
) -> messages.TamperBegan | messages.TamperEnded | None:
    """The message about a change of tampering; None if there is nothing to report."""
    match change:
        case TamperBegan():
            return messages.TamperBegan(
                camera=camera,
                tamper_id=change.tamper_id,
                what=messages.Tampering(change.what.value),
                since_utc_us=change.since.utc_us,
            )
        case TamperEnded():
            return messages.TamperEnded(
                camera=camera,
                tamper_id=change.tamper_id,
                what=messages.Tampering(change.what.value),
                lasted_ms=max(0, round(change.at.seconds_since(change.since) * 1000)),
                is_back=change.is_back,
            )
        case TamperNothing():
            return None
    assert_never(change)
