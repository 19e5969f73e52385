"""Reads the configuration: a TOML file, overruled key by key by the environment.

A key that nobody knows is a typing error, in the file as in the environment, and the hub refuses
to start over it: a misspelt `group_quiet_s` would otherwise go unnoticed until a bad night.
"""

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from hub.config.file import ConfigError, File
from hub.config.settings import PREFIX, HubSettings

DEFAULT_FILE: Final = Path("/etc/matthan/hub.toml")


def load(path: Path | None) -> HubSettings:
    """The settings from `path` and the environment; raises ConfigError with a line per fault.

    Without a path: from `DEFAULT_FILE` where there is one, else from the environment alone.
    """
    file = File.read(path or DEFAULT_FILE, is_needed=path is not None)
    unknown = [*_unknown_in_file(file), *_unknown_in_environment(os.environ)]
    if unknown:
        raise ConfigError(*unknown)
    try:
        return HubSettings(**file.values)
    except ValidationError as error:
        lines = (_fault(file, fault["loc"], fault["msg"]) for fault in error.errors())
        raise ConfigError(*lines) from error
    except SettingsError as error:
        raise ConfigError(
            f"environment: {error}. Set single keys: {PREFIX}WEB__PORT=8080"
        ) from error


def known_keys() -> dict[str, type[BaseModel] | None]:
    """Every key, dotted; a section's own model beside its name."""
    keys: dict[str, type[BaseModel] | None] = {}
    for name, field in HubSettings.model_fields.items():
        section = _section(field.annotation)
        keys[name] = section
        for key in section.model_fields:
            keys[f"{name}.{key}"] = None
    return keys


def _section(annotation: Any) -> type[BaseModel]:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    raise TypeError(f"{annotation!r} is no section")


def _unknown_in_file(file: File) -> Iterator[str]:
    known = known_keys()
    for dotted in _dotted(file.values):
        if dotted not in known:
            yield f"{file.place(dotted)}: unknown key {dotted}.{_nearest(dotted, known)}"


def _dotted(values: Mapping[str, Any]) -> Iterator[str]:
    """The keys of two levels; below an unknown section only the section is named."""
    known = known_keys()
    for name, value in values.items():
        if name not in known or not isinstance(value, dict):
            yield name
            continue
        yield from (f"{name}.{key}" for key in value)


def _unknown_in_environment(environ: Mapping[str, str]) -> Iterator[str]:
    names = {PREFIX + key.upper().replace(".", "__"): None for key in known_keys()}
    for name in environ:
        if name.upper().startswith(PREFIX.removesuffix("__")) and name.upper() not in names:
            yield f"environment: unknown variable {name}.{_nearest(name.upper(), names)}"


def _nearest(word: str, known: Mapping[str, object]) -> str:
    """The best guess at what was meant, among whole names and then among last parts."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if not found:
        last_parts = {name.rpartition(".")[2]: name for name in known}
        parts = difflib.get_close_matches(word.rpartition(".")[2], last_parts, n=1, cutoff=0.6)
        found = [last_parts[part] for part in parts]
    return f" Did you mean {found[0]}?" if found else f" Known are: {', '.join(known)}"


def _fault(file: File, loc: tuple[int | str, ...], message: str) -> str:
    dotted = ".".join(str(part) for part in loc)
    variable = PREFIX + dotted.upper().replace(".", "__")
    if any(name.upper() == variable for name in os.environ):
        return f"environment: {variable}: {message}"
    if message == "Field required":
        if dotted in HubSettings.model_fields:
            section = _section(HubSettings.model_fields[dotted].annotation)
            needed = [key for key, field in section.model_fields.items() if field.is_required()]
            dotted = f"{dotted}.{needed[0]}"
        return f"{file.path}: {dotted} is missing. deploy/hub.example.toml shows what to write"
    return f"{file.place(dotted)}: {dotted}: {message}"
