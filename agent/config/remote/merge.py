"""Merges settings from the hub with the node's own, and reports the own ones."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from pydantic import BaseModel, ValidationError

from agent.config.sections import AgentSettings
from agent.vision.geometry import Polygon
from agent.wire.settings import (
    SECTIONS,
    CameraSettings,
    NodeSettings,
    SettingsFault,
    check_settings,
)
from toml_settings import removed_keys

_NODE_KEYS = {
    name: NodeSettings.model_fields[name].annotation.__args__[0].model_fields  # type: ignore[union-attr]  # each is a section or None
    for name in SECTIONS
}


def merged(own: AgentSettings, settings: Mapping[str, Any]) -> AgentSettings:
    """The node's own settings overridden by settings from the hub; raises SettingsFault, one line
    per fault."""
    check_settings(settings)
    values = _values(own)
    for name in SECTIONS:
        values[name] |= settings.get(name) or {}
    every = settings.get("every_camera") or {}
    apart = settings.get("cameras") or {}
    known = [camera["name"] for camera in values["camera"]]
    if strange := sorted(set(apart) - set(known)):
        raise SettingsFault(
            f"cameras.{strange[0]}: this node has no such camera; it has {', '.join(known)}"
        )
    values["camera"] = [
        camera | dict(every) | dict(apart.get(camera["name"]) or {}) for camera in values["camera"]
    ]
    try:
        return AgentSettings.model_validate(values)
    except ValidationError as error:
        raise SettingsFault(*(_line(fault) for fault in error.errors()[:10])) from error


def masks_in(own: AgentSettings, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of settings that no longer fit: the privacy masks that still do, for each camera."""
    masks: dict[str, Any] = {}
    for name, said in _table(settings.get("cameras")).items():
        mask = {name: {"private": _table(said).get("private")}}
        if mask[name]["private"] and _fits(own, {"cameras": masks | mask}):
            masks |= mask
    return {"cameras": masks} if masks else {}


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _fits(own: AgentSettings, settings: Mapping[str, Any]) -> bool:
    try:
        merged(own, settings)
    except SettingsFault:
        return False
    return True


def removed_in(settings: Mapping[str, Any]) -> list[str]:
    """Keys of older releases in the hub's settings: accepted and ignored."""
    removed = removed_keys(AgentSettings)
    given = (f"{name}.{key}" for name in SECTIONS for key in settings.get(name) or {})
    return [key for key in given if key in removed]


def own_words(own: AgentSettings) -> dict[str, Any]:
    """Own values of the remotely changeable keys, in JSON form."""
    told: dict[str, Any] = {
        name: {key: _json(value) for key, value in getattr(own, name) if key in keys}
        for name, keys in _NODE_KEYS.items()
    }
    told["cameras"] = {
        camera.name: {key: _json(getattr(camera, key)) for key in CameraSettings.model_fields}
        for camera in own.camera
    }
    return told


def _values(own: AgentSettings) -> dict[str, Any]:
    """In file form: sections as dictionaries, outlines as lists of points."""
    values = own.model_dump()
    values["camera"] = [_as_written(camera) for camera in own.camera]
    return values


def _as_written(section: BaseModel) -> dict[str, Any]:
    return {key: _json(getattr(section, key)) for key in type(section).model_fields}


def _json(value: Any) -> Any:
    if isinstance(value, Polygon):
        return [list(corner) for corner in value.corners]
    if isinstance(value, BaseModel):
        return _as_written(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    return value


def _line(fault: Mapping[str, Any]) -> str:
    loc: Iterable[Any] = fault["loc"]
    place = ".".join(str(part) for part in loc) or "settings"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}"
