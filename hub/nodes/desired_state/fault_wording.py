"""Texts of refused settings, in the reader's language: why they cannot be set, or why a box refused
them.

Hub and boxes report faults in English, one part for each fault: the key, then what is wrong with
it. A text without a known shape is shown as it is.
"""

import re
from collections.abc import Callable
from typing import Final

from hub.base.text.stored_text import said_anew
from hub.nodes.desired_state.wording import key_text
from hub.web.i18n import Messages

_KEY: Final = r"[a-z_]+(?:\.[^\s.:;]+)+"
_KEYED: Final = re.compile(rf"({_KEY}): (.+)", re.DOTALL)
_NEXT: Final = re.compile(rf"; (?={_KEY}: )")
"""Between two faults; within one there may be a semicolon too."""


def fault_words(fault: str, words: Messages) -> str:
    """The faults of a refusal, each with the name of its setting. A key alone means that its value
    has a wrong type."""
    return "; ".join(_one(part, words) for part in _NEXT.split(fault))


def _one(fault: str, words: Messages) -> str:
    keyed = _KEYED.fullmatch(fault)
    if keyed is None:
        is_key = re.fullmatch(_KEY, fault) is not None
        return key_text(fault, words) if is_key else said_anew(fault, _shapes, words.say)
    key, wrong = keyed.groups()
    key = re.sub(r"^camera\.\d+\.", "every_camera.", key)  # as a box's own file counts them
    name = key_text(re.sub(r"\.\d+$", "", key), words)  # without its place in a list
    cure = _cure(words)
    told = cure
    if not wrong.startswith("String should match pattern"):
        told = said_anew(
            wrong, _shapes, words.say, lambda place, text: cure if place == "cure" else text
        )
    return f"{name}: {told}"


def _cure(words: Messages) -> str:
    """Cure for a value of hours, the only values with a pattern."""
    return words.say('write it as "22:00-05:00" or "mon-fri 18:00-07:00"; "00:00-24:00" is all day')


def _shapes(say: Callable[[str], str]) -> tuple[str, ...]:
    return (
        say("Input should be greater than or equal to %(number)s"),
        say("Input should be greater than %(number)s"),
        say("Input should be less than or equal to %(number)s"),
        say("Input should be less than %(number)s"),
        say("Input should be a valid number, unable to parse string as a number"),
        say("Input should be a valid number"),
        say("Input should be a valid integer, unable to parse string as an integer"),
        say("Input should be a valid integer, got a number with a fractional part"),
        say("Input should be a valid integer"),
        say("Input should be a valid boolean, unable to interpret input"),
        say("Input should be a valid boolean"),
        say("%(number)s kbit/s bring no clip in time: %(least)s, or 0"),
        say("%(typed)s is no span of time: %(cure)s"),
        say("%(typed)s lasts no time: %(cure)s"),
        say("%(typed)s: there is no %(clock)s: %(cure)s"),
        say("%(typed)s: days are %(days)s: %(cure)s"),
        say("this key is not known here, or not to be changed from afar"),
        say("this node has no such camera; it has %(names)s"),
        say("not at the hub; add it: matthan-hub programs add"),
        say("they cannot be kept: %(reason)s"),
        say("they are not what their hash says: damaged"),
        say("with them the node did not reach its broker within %(n)s s"),
        say("%(n)s bytes of settings, at most %(m)s go: fewer zones"),
    )
