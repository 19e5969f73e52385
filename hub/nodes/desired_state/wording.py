"""Form for node settings: text of each key, and conversion of typed values to JSON."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from hub.base.text.stored_text import parts_anew, said_anew
from hub.nodes.desired_state.rules.layers import LayerChange, SettingsState
from hub.nodes.desired_state.rules.origins import DEFAULTS, Origin, OriginKind
from hub.nodes.desired_state.rules.rollout import NodeResult, RolloutState
from hub.web.i18n import Messages

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
Kind = Literal["number", "whole", "hours", "list", "yes", "choice", "bundle"]
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
    "broker.further": ("list", ()),
    "programs.bundle": ("bundle", ()),
    "programs.may_be_older": ("yes", ()),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One key as shown in a form; `value` is the desired value as typed."""

    key: str
    label: str
    kind: Kind
    choices: tuple[tuple[str, str], ...]
    """Each with its text."""
    value: str
    now: str
    """Sentence with the value that applies, what decides it, and the default."""


FIRST: Final = (
    "every_camera.alert_hours",
    "every_camera.continuous",
    "detector.score",
    "clips.alert_days",
    "uploads.bring",
)
"""Keys that a keeper changes most; a form shows the others folded."""


def fields(
    wanted: Mapping[str, Any], origins: Mapping[str, Origin], words: Messages
) -> list[Field]:
    """Every key of the form with its desired value, the keys of `FIRST` first."""
    ordered = sorted(_KINDS.items(), key=lambda one: one[0] not in FIRST)
    return [
        Field(
            key=key,
            label=key_text(key, words),
            kind=kind,
            choices=tuple((one, choice_text(key, one, words)) for one in choices),
            value=typed(_at(wanted, key)),
            now=now_line(key, origins[key], words) if key in origins else "",
        )
        for key, (kind, choices) in ordered
    ]


def now_line(key: str, origin: Origin, words: Messages) -> str:
    """The present value of a setting, where it comes from, and its default: `Now: 30 (from Xã Tân
    Khai) · Default: 30`."""
    say = words.say
    default = _plain(key, DEFAULTS[key], words)
    if origin.kind is OriginKind.MIXED:
        return say("Now: as each box or camera has it. Default: %(default)s.") % {
            "default": default
        }
    sources = {
        OriginKind.HERE: say("set here"),
        OriginKind.FILE: say("from the box's own file"),
        OriginKind.DEFAULT: say("the default"),
    }
    source = sources.get(origin.kind) or say("from %(name)s") % {"name": origin.name}
    told = {"value": _plain(key, origin.value, words), "source": source, "default": default}
    return say("Now: %(value)s (%(source)s). Default: %(default)s.") % told


def _plain(key: str, value: Any, words: Messages) -> str:
    """A value in words; no hours at all has a meaning of its own."""
    if key.endswith("alert_hours") and not value:
        return words.say("always")
    if key.endswith("night_hours") and not value:
        return words.say("when it is dark")
    return _short(key, value, words)


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
    """The value as a person types it in the form."""
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
    return [
        f"{key_text(one.key, words)}: {_short(one.key, one.before, words)}"
        f" → {_short(one.key, one.after, words)}"
        for one in changed
    ]


def key_text(key: str, words: Messages) -> str:
    """Name of a setting; one of a single camera (`cameras.NAME.KEY`) names the camera."""
    section, camera, *name = key.split(".")
    if section != "cameras" or not name:
        return _labels(words).get(key, key)
    known = {**_labels(words), **_view_labels(words)}
    setting = known.get(f"every_camera.{name[0]}", name[0])
    told = {"camera": camera, "setting": setting}
    return words.say("Camera %(camera)s: %(setting)s") % told


def choice_text(key: str, value: str, words: Messages) -> str:
    """Name of one of the values that a setting can have."""
    return _choices(words).get(key, {}).get(value, value)


def waiting_line(keys: Iterable[str], words: Messages) -> str:
    """Settings that a node gets only with a newer program, as a sentence; empty for none."""
    labels = {**_labels(words), **_view_labels(words)}
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


def halt_words(why: str, words: Messages) -> str:
    """Why a roll-out was halted, as it is stored: counted by the hub, or typed by a person."""
    return said_anew(why, _halts, words.say, lambda name, text: _halted(name, text, words))


def _halts(say: Callable[[str], str]) -> tuple[str, ...]:
    return (
        say("halted: of %(n)s nodes %(counts)s"),
        say("of %(n)s nodes %(counts)s"),
        say("halted: %(reason)s"),
    )


def _halted(name: str, text: str, words: Messages) -> str:
    return parts_anew(text, _counts, words.say) if name == "counts" else text


def _counts(say: Callable[[str], str]) -> tuple[str, ...]:
    return (say("%(n)s refused it"), say("%(n)s fell back"), say("%(n)s fell silent"))


def _choices(words: Messages) -> dict[str, dict[str, str]]:
    say = words.say
    return {
        "uploads.bring": {
            "all": say("all footage"),
            "alerts": say("footage of alerts"),
            "asked": say("only what is asked for"),
        },
        "detector.dense": {
            "auto": say("while there is a crowd"),
            "always": say("always"),
            "never": say("never"),
        },
    }


def _view_labels(words: Messages) -> dict[str, str]:
    """Labels of the settings of a camera's view, which are drawn on a page of their own."""
    return {
        "every_camera.ignored": words.say("Parts without detection"),
        "every_camera.private": words.say("Privacy masks"),
        "every_camera.zone": words.say("Zones"),
        "every_camera.line": words.say("Lines"),
        "every_camera.mast_height_m": words.say("Height of the camera above the ground, in metres"),
        "every_camera.horizon": words.say("Height of the horizon in the picture"),
    }


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
        "detector.dense": words.say("Look at a crowd in small parts"),
        "sighting.evidence": words.say("Scores that must add up before an alert"),
        "sighting.evidence_s": words.say("Seconds within which they must add up"),
        "sighting.gap_s": words.say("Seconds out of sight that end a sighting"),
        "sighting.update_every_s": words.say("Seconds between two reports of a sighting"),
        "sighting.crowd_from": words.say("People from which it is a crowd"),
        "clips.preroll_s": words.say("Seconds of video before a person came"),
        "clips.postroll_s": words.say("Seconds of video after the last one left"),
        "clips.max_s": words.say("Seconds of the longest clip"),
        "clips.alert_days": words.say("Days the box keeps footage of alerts"),
        "clips.sighting_days": words.say("Days it keeps other footage of people"),
        "clips.continuous_days": words.say("Days it keeps continuous recording"),
        "clips.max_bytes": words.say("Bytes all its footage may take"),
        "clips.sighting_bytes": words.say("Bytes footage without an alert may take"),
        "clips.continuous_bytes": words.say("Bytes continuous recording may take"),
        "clips.spare_bytes": words.say("Bytes of its disk that stay free"),
        "uploads.bring": words.say("What it brings by itself"),
        "uploads.max_kbit_per_s": words.say("Most of its line for footage, kbit/s (0: all)"),
        "broker.further": words.say("Further message brokers (broker-2.example:8883, …)"),
        # A box with an older program does not know the section.
        "broker": words.say("Further message brokers (broker-2.example:8883, …)"),
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
            case "hours" | "list":
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


def _short(key: str, value: Any, words: Messages) -> str:
    """Zones and lines are named and outlines counted, not written out."""
    if value is None:
        return words.say("as on the box")
    if isinstance(value, bool):
        return words.say("yes") if value else words.say("no")
    if isinstance(value, list | tuple) and value and all(isinstance(one, dict) for one in value):
        return ", ".join(str(one.get("label") or one.get("name")) for one in value)
    if isinstance(value, list | tuple) and not all(isinstance(one, str) for one in value):
        return words.count("%(n)d drawn", "%(n)d drawn", len(value)) % {"n": len(value)}
    if isinstance(value, str) and _SHA256.fullmatch(value):
        return f"{value[:12]}…"
    return choice_text(key, typed(value), words) or "–"
