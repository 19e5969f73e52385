"""Form for node settings: text of each key, and conversion of typed values to JSON."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from hub.nodes.desired_state.rules.layers import LayerChange, SettingsState
from hub.nodes.desired_state.rules.rollout import NodeResult, RolloutState
from hub.web.i18n import Messages

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
Kind = Literal["number", "whole", "hours", "yes", "choice", "bundle"]
_KINDS: Final[Mapping[str, tuple[Kind, tuple[str, ...]]]] = {
    "every_camera.alert_hours": ("hours", ()),
    "every_camera.night_hours": ("hours", ()),
    "every_camera.least_change": ("number", ()),
    "every_camera.night_least_change": ("number", ()),
    "every_camera.night_score": ("number", ()),
    "every_camera.continuous": ("yes", ()),
    "detector.score": ("number", ()),
    "detector.looks_per_s": ("number", ()),
    "sighting.evidence": ("number", ()),
    "clips.preroll_s": ("number", ()),
    "clips.postroll_s": ("number", ()),
    "clips.alert_days": ("number", ()),
    "clips.sighting_days": ("number", ()),
    "clips.continuous_days": ("number", ()),
    "clips.max_bytes": ("whole", ()),
    "uploads.bring": ("choice", ("all", "alerts", "asked")),
    "uploads.max_kbit_per_s": ("whole", ()),
    "programs.bundle": ("bundle", ()),
    "programs.may_be_older": ("yes", ()),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One key as shown in a form; `value` is the desired value as typed."""

    key: str
    label: str
    kind: Kind
    choices: tuple[str, ...]
    value: str


def fields(wanted: Mapping[str, Any], words: Messages) -> list[Field]:
    """Every key of the form, with its desired value."""
    return [
        Field(key, label, *_KINDS[key], typed(_at(wanted, key)))
        for key, label in _labels(words).items()
    ]


def changes(form: Mapping[str, str], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Keys typed differently from their desired values; an empty one removes the value.

    ValueError names the key with an invalid value.
    """
    found: dict[str, Any] = {}
    for key in _KINDS:
        text = " ".join(form.get(key, "").split())
        if key in form and text != typed(_at(wanted, key)):
            found[key] = _read(key, text) if text else None
    return found


def typed(value: Any) -> str:
    """In typed form."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple() if all(isinstance(one, str) for one in value):
            return ", ".join(value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def change_lines(changed: Iterable[LayerChange], words: Messages) -> list[str]:
    """Changes, one line each."""
    labels = _labels(words)
    own = words.say("as on the box")
    return [
        f"{labels.get(one.key, one.key)}: {_short(one.before, own, words)}"
        f" → {_short(one.after, own, words)}"
        for one in changed
    ]


def waiting_line(keys: Iterable[str], words: Messages) -> str:
    """Settings that a node gets only with a newer program, as a sentence; empty for none."""
    labels = _labels(words)
    places = words.say("Names of zones and lines for people")
    labels |= {f"cameras.{one}.label": places for one in ("zone", "line")}
    named = dict.fromkeys(_label(key, labels) for key in keys)
    if not named:
        return ""
    said = words.say(
        "The program of this box is too old for: %(settings)s. Until it has a newer one, it works"
        " without that; everything else is sent to it."
    )
    return said % {"settings": ", ".join(named)}


def _label(key: str, labels: Mapping[str, str]) -> str:
    """A key of one camera is called as the same key of every camera."""
    return labels.get(key) or labels.get(key.replace("cameras.", "every_camera.", 1)) or key


def state_word(state: SettingsState, words: Messages) -> str:
    """Progress of a node."""
    return {
        SettingsState.UNASKED: words.say("nothing is wanted of it"),
        SettingsState.WAITING: words.say("has not answered yet"),
        SettingsState.IN_FORCE: words.say("works by it"),
        SettingsState.REFUSED: words.say("refused it"),
        SettingsState.FELL_BACK: words.say("went back to what it had"),
    }[state]


def course_word(course: RolloutState, words: Messages) -> str:
    """State of a roll-out."""
    return {
        RolloutState.RUNNING: words.say("is going out"),
        RolloutState.DONE: words.say("is out"),
        RolloutState.HALTED: words.say("was halted; everybody goes back"),
    }[course]


def fates_line(fates: Mapping[NodeResult, int], words: Messages) -> str:
    """Number of nodes by result."""
    said = {
        NodeResult.AHEAD: words.say("to come: %(n)s"),
        NodeResult.WAITING: words.say("waited for: %(n)s"),
        NodeResult.DONE: words.say("took it: %(n)s"),
        NodeResult.REFUSED: words.say("refused: %(n)s"),
        NodeResult.FELL_BACK: words.say("went back: %(n)s"),
    }
    return " · ".join(text % {"n": fates[fate]} for fate, text in said.items() if fates.get(fate))


def _labels(words: Messages) -> dict[str, str]:
    return {
        "every_camera.alert_hours": words.say("Hours in which people alert (22:00-05:00, …)"),
        "every_camera.night_hours": words.say("Hours of night (empty: when it is dark)"),
        "every_camera.least_change": words.say("Least change that counts as motion (1–100)"),
        "every_camera.night_least_change": words.say("The same by night (0: as by day)"),
        "every_camera.night_score": words.say("Least score of a person by night (0: as by day)"),
        "every_camera.continuous": words.say("Record all the time"),
        "detector.score": words.say("Least score of a person (0–1)"),
        "detector.looks_per_s": words.say("Looks a second, all cameras together"),
        "sighting.evidence": words.say("Scores that must add up before an alert"),
        "clips.preroll_s": words.say("Seconds of video before a person came"),
        "clips.postroll_s": words.say("Seconds of video after the last one left"),
        "clips.alert_days": words.say("Days the box keeps footage of alerts"),
        "clips.sighting_days": words.say("Days it keeps other footage of people"),
        "clips.continuous_days": words.say("Days it keeps continuous recording"),
        "clips.max_bytes": words.say("Bytes all its footage may take"),
        "uploads.bring": words.say("What it brings by itself"),
        "uploads.max_kbit_per_s": words.say("Most of its line for footage, kbit/s (0: all)"),
        "programs.bundle": words.say("Programs"),
        "programs.may_be_older": words.say("Take older programs than those that run"),
    }


def _at(wanted: Mapping[str, Any], key: str) -> Any:
    section, _, name = key.partition(".")
    return (wanted.get(section) or {}).get(name)


def _read(key: str, text: str) -> Any:
    kind, choices = _KINDS[key]
    try:
        match kind:
            case "whole":
                return int(text)
            case "number":
                return float(text.replace(",", "."))
            case "hours":
                return [part.strip() for part in text.split(",") if part.strip()]
            case "yes" if text in ("yes", "no"):
                return text == "yes"
            case "choice" if text in choices:
                return text
            case "bundle" if _SHA256.fullmatch(text):
                return text
    except ValueError as error:
        raise ValueError(key) from error
    raise ValueError(key)


def _short(value: Any, own: str, words: Messages) -> str:
    """Zones and lines are named and outlines counted, not written out."""
    if value is None:
        return own
    if isinstance(value, list | tuple) and value and all(isinstance(one, dict) for one in value):
        return ", ".join(str(one.get("label") or one.get("name")) for one in value)
    if isinstance(value, list | tuple) and not all(isinstance(one, str) for one in value):
        return words.count("%(n)d drawn", "%(n)d drawn", len(value)) % {"n": len(value)}
    if isinstance(value, str) and _SHA256.fullmatch(value):
        return f"{value[:12]}…"
    return typed(value) or "–"
