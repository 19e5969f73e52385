"""From file and environment to settings, or to one line for every fault."""

import difflib
import os
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from agent.config.file import SAMPLE, ConfigError, File
from agent.config.private import NODE_KEY, credential, holds_login, is_open_to_all
from agent.config.sections import PREFIX, AgentSettings

DEFAULT_FILE: Final = Path("/etc/matthan/agent.toml")

VERSION: Final = 1
"""Of what this agent's configuration can say. A file may name the one it was written for, as
`version` before its first section; it rises when an older agent would misread a newer file."""


def load(path: Path | None) -> AgentSettings:
    """The settings from `path` and the environment; raises ConfigError with a line per fault.

    Without a path: from `DEFAULT_FILE`.
    """
    file = File.read(path or DEFAULT_FILE)
    _check_version(file)
    unknown = [*_unknown_in_file(file), *_unknown_in_environment(os.environ)]
    if unknown:
        raise ConfigError(*unknown)
    try:
        settings = AgentSettings.model_validate(_overruled(file.values, os.environ))
    except ValidationError as error:
        lines = (_fault(file, fault["loc"], fault["msg"]) for fault in error.errors())
        raise ConfigError(*lines) from error
    _check_privacy(file)
    return _with_credentials(settings)


def _check_version(file: File) -> None:
    """Take the version out; raises ConfigError for a newer one, whose keys say nothing here."""
    said = file.values.pop("version", VERSION)
    if type(said) is not int or said < 1:
        raise ConfigError(
            f"{file.place('version')}: version: a whole number from 1, or leave it out"
        )
    if said > VERSION:
        raise ConfigError(
            f"{file.place('version')}: this is a configuration of version {said} and this agent"
            f" knows {VERSION}. Update the agent: deploy/node/install.sh of the newer release"
        )


def _check_privacy(file: File) -> None:
    """Raises ConfigError where everybody may read a camera's password."""
    if holds_login(file.text) and is_open_to_all(file.path):
        raise ConfigError(
            f"{file.path}: a camera's password stands in it and everybody may read it."
            f" Run: chgrp matthan {file.path} && chmod 640 {file.path}"
        )


def _with_credentials(settings: AgentSettings) -> AgentSettings:
    """With the node's key from systemd, where its own file is gone."""
    key = credential(NODE_KEY)
    if key is None or settings.broker.key_file.exists():
        return settings
    broker = settings.broker.model_copy(update={"key_file": key})
    return settings.model_copy(update={"broker": broker})


def _overruled(values: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """What the file says, key by key overruled by the environment; what is no section stays."""
    ruled = {name: dict(said) if isinstance(said, dict) else said for name, said in values.items()}
    for name, said in environ.items():
        if name.upper().startswith(PREFIX):
            section, _, key = name.upper().removeprefix(PREFIX).lower().partition("__")
            keys = ruled.setdefault(section, {})
            if isinstance(keys, dict):
                keys[key] = said
    return ruled


def known_keys() -> dict[str, type[BaseModel] | None]:
    """Every key, dotted; a section's own model beside its name."""
    keys: dict[str, type[BaseModel] | None] = {}
    _add_keys(keys, "", AgentSettings)
    return keys


def _add_keys(
    keys: dict[str, type[BaseModel] | None], above: str, section: type[BaseModel]
) -> None:
    """The keys of a section; each of the file's own sections brings its keys behind it, those
    within another section come after that one's."""
    later: dict[str, type[BaseModel]] = {}
    for key, field in section.model_fields.items():
        inner = _section(field.annotation)
        keys[above + key] = inner
        if inner is not None and above:
            later[f"{above}{key}."] = inner
        elif inner is not None:
            _add_keys(keys, f"{key}.", inner)
    for name, inner in later.items():
        _add_keys(keys, name, inner)


def _section(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _unknown_in_file(file: File) -> Iterator[str]:
    known = known_keys()
    for dotted in _dotted(file.values, known):
        if dotted not in known:
            yield f"{file.place(dotted)}: unknown key {dotted}.{_nearest_or_newer(dotted, known)}"


def _dotted(values: Mapping[str, Any], known: Mapping[str, object], above: str = "") -> list[str]:
    """The keys, each once; below an unknown section only the section is named."""
    found: dict[str, None] = {}
    for key, value in values.items():
        name = above + key
        tables = value if isinstance(value, list) else [value]
        if known.get(name) is None or not all(isinstance(table, dict) for table in tables):
            found[name] = None
            continue
        for table in tables:
            found |= dict.fromkeys(_dotted(table, known, f"{name}."))
    return list(found)


def _unknown_in_environment(environ: Mapping[str, str]) -> Iterator[str]:
    names = {
        PREFIX + key.upper().replace(".", "__"): None
        for key, section in known_keys().items()
        if section is None and not key.startswith("camera.")
    }
    cameras = f"{PREFIX}CAMERA"
    for name in environ:
        if not name.upper().startswith(PREFIX.removesuffix("__")) or name.upper() in names:
            continue
        if name.upper().startswith(cameras):
            yield f"environment: {name}: cameras are set in the file only, as [[camera]]"
        else:
            yield f"environment: unknown variable {name}.{_nearest(name.upper(), names)}"


def _nearest_or_newer(dotted: str, known: Mapping[str, object]) -> str:
    """What was meant; where nothing comes near, that a newer agent may know it."""
    guess = _nearest(dotted, known)
    if guess.startswith(" Did"):
        return guess
    return f" Where the file is of a newer release, update the agent.{guess}"


def _nearest(word: str, known: Mapping[str, object]) -> str:
    """The best guess at what was meant, among whole names and then among last parts."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if not found:
        last_parts = {name.rpartition(".")[2]: name for name in known}
        parts = difflib.get_close_matches(word.rpartition(".")[2], last_parts, n=1, cutoff=0.6)
        found = [last_parts[part] for part in parts]
    return f" Did you mean {found[0]}?" if found else f" Known are: {', '.join(known)}"


def _fault(file: File, loc: tuple[int | str, ...], message: str) -> str:
    dotted = ".".join(str(part) for part in loc if isinstance(part, str))
    message = message.removeprefix("Value error, ")
    variable = PREFIX + dotted.upper().replace(".", "__")
    if dotted and any(name.upper() == variable for name in os.environ):
        return f"environment: {variable}: {message}"
    if message == "Field required":
        which = next((f" of [[camera]] number {n + 1}" for n in loc if isinstance(n, int)), "")
        return f"{file.path}: {_needed(dotted)} is missing{which}. {SAMPLE} shows what to write"
    return f"{file.place(dotted)}: {dotted or 'the whole'}: {_whose(file, loc, message)}{message}"


def _whose(file: File, loc: tuple[int | str, ...], message: str) -> str:
    """The name of the camera at fault, and of its zone or line, where the message does not say."""
    name, table = "", file.values
    for kind, number in pairwise(loc):
        if isinstance(number, int) and kind in ("camera", "zone", "line"):
            table = table[str(kind)][number]
            words = f"{kind} {table.get('name', number + 1)}"
            name += "" if words in message else f"{words}: "
    return name


def _needed(dotted: str) -> str:
    """The missing key; of a missing section the first key that must be set."""
    if dotted not in AgentSettings.model_fields:
        return dotted
    section = _section(AgentSettings.model_fields[dotted].annotation)
    fields = section.model_fields if section is not None else {}
    needed = [key for key, field in fields.items() if field.is_required()]
    return f"{dotted}.{needed[0]}" if needed else dotted
