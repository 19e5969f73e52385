"""Desired settings of a node, merged from areas, groups and the node itself, with the changes.

Values in, values out. Order: outer area, inner areas, the node's groups by name, the node. The last
value wins, key by key. Zones, lines and outlines of a camera are one value each.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from agent.wire.settings import SECTIONS, SettingsReport

Settings = Mapping[str, Any]
PROGRAMS: Final = "programs"
"""The settings section of `hub.nodes.desired_state.rules.releases`."""
_FLAT: Final = (*SECTIONS, "every_camera", PROGRAMS)


class SettingsState(StrEnum):
    """Progress of a node with its desired settings."""

    UNASKED = "unasked"
    """No settings are desired, and none ever were."""
    WAITING = "waiting"
    """The node has not answered yet, or runs them on probation."""
    IN_FORCE = "in_force"
    REFUSED = "refused"
    FELL_BACK = "fell_back"


@dataclass(frozen=True, slots=True)
class LayerChange:
    """One key of a node that would change or did change; None: the node's own file decides."""

    key: str
    before: Any
    after: Any


def combined(layers: Iterable[Settings]) -> dict[str, Any]:
    """Merge the layers; a later layer wins, unset keys are left out."""
    whole: dict[str, Any] = {}
    for layer in layers:
        for name in _FLAT:
            if said := layer.get(name):
                whole[name] = {**whole.get(name, {}), **said}
        for camera, said in (layer.get("cameras") or {}).items():
            if said:
                cameras = whole.setdefault("cameras", {})
                cameras[camera] = {**cameras.get(camera, {}), **said}
    return whole


def with_keys(layer: Settings, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The layer with new values at these dotted keys; None removes a key.

    Keys look like "clips.preroll_s", "every_camera.alert_hours", "cameras.cong-bac.zone". Raises
    ValueError for an unknown key.
    """
    whole: dict[str, Any] = {
        name: {key: dict(said) if name == "cameras" else said for key, said in (part or {}).items()}
        for name, part in layer.items()
    }
    for dotted, value in changes.items():
        *path, last = dotted.split(".")
        if (len(path), path[:1] == ["cameras"]) not in ((1, False), (2, True)):
            raise ValueError(f"{dotted}: write it as clips.preroll_s or cameras.NAME.zone")
        if path[0] not in (*_FLAT, "cameras"):
            raise ValueError(f"{dotted}: not known here, or not to be changed from afar")
        place = whole
        for part in path:
            place = place.setdefault(part, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return combined([whole])


def works_by(report: SettingsReport, wanted: Settings) -> dict[str, Any]:
    """Effective settings of the node, by dotted key, if it applied `wanted`."""
    own = report.own or {}
    values: dict[str, object] = {}
    for name in SECTIONS:
        section = {**_table(own.get(name)), **(wanted.get(name) or {})}
        values |= {f"{name}.{key}": value for key, value in section.items()}
    values |= {f"{PROGRAMS}.{key}": said for key, said in (wanted.get(PROGRAMS) or {}).items()}
    every = wanted.get("every_camera") or {}
    apart = wanted.get("cameras") or {}
    for camera, said in _table(own.get("cameras")).items():
        together = {**_table(said), **every, **(apart.get(camera) or {})}
        values |= {f"cameras.{camera}.{key}": value for key, value in together.items()}
    return values


def names_by_camera(report: SettingsReport | None, wanted: Settings) -> dict[str, dict[str, str]]:
    """Zones and lines of each camera under these settings: name and label; "" without a label."""
    own = _table((report.own or {}).get("cameras")) if report else {}
    apart = wanted.get("cameras") or {}
    found: dict[str, dict[str, str]] = {}
    for camera in own.keys() | apart.keys():
        values = {**_table(own.get(camera)), **(apart.get(camera) or {})}
        places = [values[key] for key in ("zone", "line") if isinstance(values.get(key), list)]
        found[camera] = {
            str(one["name"]): str(one.get("label") or "")
            for place in places
            for one in place
            if isinstance(one, dict) and one.get("name")
        }
    return found


def difference(
    report: SettingsReport | None, before: Settings, after: Settings
) -> list[LayerChange]:
    """Keys that would change at the node; if it never reported, only desired settings are
    compared."""
    if report is None or report.own is None:
        old, new = dict(dotted(before)), dict(dotted(after))
    else:
        old, new = works_by(report, before), works_by(report, after)
    return [
        LayerChange(key, old.get(key), new.get(key))
        for key in sorted(old.keys() | new.keys())
        if not _same(old.get(key), new.get(key))
    ]


def dotted(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Every key that is set, with its value."""
    for name in _FLAT:
        for key, value in (settings.get(name) or {}).items():
            yield f"{name}.{key}", value
    for camera, said in (settings.get("cameras") or {}).items():
        for key, value in said.items():
            yield f"cameras.{camera}.{key}", value


def judged(report: SettingsReport, *, version: int, sha256: str) -> tuple[SettingsState, str]:
    """Progress of the node with this version, and the reason if it refused the version."""
    last = report.last
    if version == 0:
        return SettingsState.UNASKED, ""
    if last is not None and (last.version, last.sha256) == (version, sha256):
        match last.outcome:
            case "refused":
                return SettingsState.REFUSED, last.reason
            case "fell_back":
                return SettingsState.FELL_BACK, last.reason
            case "in_force":
                return SettingsState.IN_FORCE, ""
    if report.in_force is not None and report.in_force.sha256 == sha256:
        is_on_its_way = last is not None and last.outcome == "on_probation"
        return (SettingsState.WAITING if is_on_its_way else SettingsState.IN_FORCE), ""
    return SettingsState.WAITING, ""


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _same(one: Any, other: Any) -> bool:
    """True if equal in meaning: 5 and 5.0; a point as list or as tuple."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)
