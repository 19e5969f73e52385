"""Where the value of a setting comes from: a layer, the node's own file, or the program's default.

Values in, values out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from agent.wire.settings import SettingsReport

DEFAULTS: Final[Mapping[str, Any]] = {
    "every_camera.alert_hours": (),
    "every_camera.night_hours": (),
    "every_camera.least_change": 6.0,
    "every_camera.night_least_change": 0.0,
    "every_camera.night_score": 0.0,
    "every_camera.continuous": False,
    "detector.score": 0.25,
    "detector.looks_per_s": 60.0,
    "sighting.evidence": 2.5,
    "clips.preroll_s": 5.0,
    "clips.postroll_s": 3.0,
    "clips.alert_days": 30,
    "clips.sighting_days": 7,
    "clips.continuous_days": 2,
    "clips.max_bytes": 4 * 2**30,
    "uploads.bring": "all",
    "uploads.max_kbit_per_s": 0,
    "broker.further": (),
}
"""Defaults of the node's program of this release, which the hub does not import; a test compares
them."""


class OriginKind(StrEnum):
    """Kinds of origin: what decides a value."""

    HERE = "here"
    """The layer that is shown."""
    AREA = "area"
    GROUP = "group"
    FILE = "file"
    """The node's own file, with another value than the default."""
    DEFAULT = "default"
    MIXED = "mixed"
    """Each camera of the node, or each node, by its own file."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings of one scope above a node, or of the shown scope itself."""

    kind: OriginKind
    name: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """The value that applies now, and what decides it; `name` is the name of an area or group."""

    value: Any
    kind: OriginKind
    name: str = ""


def origins(layers: Sequence[Layer], report: SettingsReport | None) -> dict[str, Origin]:
    """Origin of every key that has a default; `layers` from the outermost area inward, `report` of
    a single node (None: of several, or of one that never reported)."""
    return {key: _origin(key, layers, report) for key in DEFAULTS}


def _origin(key: str, layers: Sequence[Layer], report: SettingsReport | None) -> Origin:
    section, _, name = key.partition(".")
    for layer in reversed(layers):
        value = (layer.body.get(section) or {}).get(name)
        if value is not None:
            return Origin(value, layer.kind, layer.name)
    if report is None or report.own is None:
        return Origin(DEFAULTS[key], OriginKind.MIXED)
    values = list(_own(report.own, section, name))
    if any(value != values[0] for value in values):
        return Origin(None, OriginKind.MIXED)
    value = values[0] if values else DEFAULTS[key]
    value = tuple(value) if isinstance(value, list) else value
    is_default = value == DEFAULTS[key]
    return Origin(value, OriginKind.DEFAULT if is_default else OriginKind.FILE)


def _own(own: Mapping[str, Any], section: str, name: str) -> list[Any]:
    """Values of the node's own file: one of a section, or one of each camera."""
    if section != "every_camera":
        sections = [own.get(section)]
    else:
        cameras = own.get("cameras")
        sections = list(cameras.values()) if isinstance(cameras, dict) else []
    return [one[name] for one in sections if isinstance(one, dict) and name in one]
