"""Loads settings from file and environment, or reports one line for each fault."""

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource, SettingsError

from toml_settings.file import ConfigError, File, sample
from toml_settings.shape import FileSettings, known_keys, removed_keys, table_of

S = TypeVar("S", bound=FileSettings)


def load(shape: type[S], path: Path, *, is_needed: bool = True) -> S:
    """The settings in `path`, overridden by the environment.

    Raises ConfigError with a line for each fault. A missing file is a fault if `is_needed`.
    """
    file = File(shape, path, is_needed=is_needed)
    unknown = [*_unknown_in_file(shape, file), *_unknown_variables(shape)]
    if unknown:
        raise ConfigError(*unknown)
    try:
        return shape(_build_sources=((EnvSettingsSource(shape), file), {}))
    except ValidationError as error:
        lines = (_fault(shape, file, fault["loc"], fault["msg"]) for fault in error.errors())
        raise ConfigError(*lines) from error
    except SettingsError as error:
        raise ConfigError(f"environment: {error}. Write lists and tables as JSON") from error


def removed_keys_in_use(shape: type[FileSettings], path: Path) -> list[str]:
    """A line for each removed key still set in file or environment, with its replacement."""
    removed = removed_keys(shape)
    file = File(shape, path, is_needed=False)
    present = {name: file.place(name) for name in _dotted(file(), known_keys(shape))}
    present |= {
        name: f"environment: {shape.variable(name)}"
        for name in removed
        if shape.variable(name) in {variable.upper() for variable in os.environ}
    }
    return [
        f"{place}: {name} is no longer a setting: {removed[name]}. Take it out"
        for name, place in present.items()
        if name in removed
    ]


def _unknown_in_file(shape: type[FileSettings], file: File) -> Iterator[str]:
    known = known_keys(shape)
    for dotted in _dotted(file(), known):
        if dotted not in known and dotted not in removed_keys(shape):
            yield f"{file.place(dotted)}: unknown key {dotted}.{_guess(shape, dotted, known)}"


def _dotted(values: Mapping[str, Any], known: Mapping[str, object], above: str = "") -> list[str]:
    """The keys, each once; of an unknown table only its name."""
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


def _unknown_variables(shape: type[FileSettings]) -> Iterator[str]:
    repeated = _repeated_tables(shape)
    keys = [*known_keys(shape), *removed_keys(shape)]
    names = {shape.variable(key): None for key in keys if key.partition(".")[0] not in repeated}
    start = shape.model_config["env_prefix"].rstrip("_")
    for name in os.environ:
        if not name.upper().startswith(start) or name.upper() in names:
            continue
        table = next((one for one in repeated if name.upper().startswith(shape.variable(one))), "")
        if table:
            yield f"environment: {name}: set it in the file only, below [[{table}]]"
        else:
            yield f"environment: unknown variable {name}.{_nearest(name.upper(), names)}"


def _repeated_tables(shape: type[FileSettings]) -> set[str]:
    """Tables that may occur several times: an environment variable cannot name one of them."""
    return {
        name
        for name, field in shape.model_fields.items()
        if field.annotation != table_of(shape, name)
    }


def _guess(shape: type[FileSettings], dotted: str, known: Iterable[str]) -> str:
    """The nearest key; if none is near, the hint that a newer program may know it."""
    nearest = _nearest(dotted, known)
    if nearest.startswith(" Did"):
        return nearest
    return f" Where the file is of a newer release, update the {shape.program}.{nearest}"


def _nearest(word: str, known: Iterable[str]) -> str:
    """The nearest name, by whole names and then by last parts; else all names."""
    names = list(known)
    found = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if not found:
        last_parts = {name.rpartition(".")[2]: name for name in names}
        parts = difflib.get_close_matches(word.rpartition(".")[2], last_parts, n=1, cutoff=0.6)
        found = [last_parts[part] for part in parts]
    return f" Did you mean {found[0]}?" if found else f" Known are: {', '.join(names)}"


def _fault(shape: type[FileSettings], file: File, loc: tuple[int | str, ...], message: str) -> str:
    dotted = ".".join(part for part in loc if isinstance(part, str))
    message = message.removeprefix("Value error, ")
    if message == "Input should be a valid tuple":
        message = "Input should be a list, in [ and ]"
    if dotted and any(name.upper() == shape.variable(dotted) for name in os.environ):
        return f"environment: {shape.variable(dotted)}: {message}"
    if message == "Field required":
        which = next((f" of [[{loc[0]}]] number {n + 1}" for n in loc if isinstance(n, int)), "")
        missing = f"{_needed(shape, dotted)} is missing{which}"
        return f"{file.path}: {missing}. {sample(shape)} shows what to write"
    whose = _whose(file(), loc, message)
    return f"{file.place(dotted)}: {dotted or 'the whole'}: {whose}{message}"


def _whose(values: Any, loc: tuple[int | str, ...], message: str) -> str:
    """The names of the repeated tables around a fault, if the message does not name them."""
    names, here = "", values
    for kind, part in zip(("", *loc), loc, strict=False):
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(part, int) and isinstance(here, dict):
            words = f"{kind} {here.get('name', part + 1)}"
            names += "" if words in message else f"{words}: "
    return names


def _needed(shape: type[FileSettings], dotted: str) -> str:
    """The missing key; of a missing table the first key that must be set."""
    table = table_of(shape, dotted) if dotted in shape.model_fields else None
    fields = table.model_fields if table is not None else {}
    needed = [key for key, field in fields.items() if field.is_required()]
    return f"{dotted}.{needed[0]}" if needed else dotted
