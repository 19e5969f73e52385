"""Base classes of settings, and the list of their keys."""

from collections.abc import Mapping
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Section(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    removed: ClassVar[Mapping[str, str]] = {}
    """Removed keys, each with its replacement: accepted and ignored."""

    @model_validator(mode="before")
    @classmethod
    def _drop_removed(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {key: value for key, value in values.items() if key not in cls.removed}


class FileSettings(BaseSettings):
    """A whole file. Each field is a `Section`, or a tuple of them for `[[tables]]`.

    A subclass sets `env_prefix` in its `model_config`. Values given to the class itself override
    the environment.
    """

    model_config = SettingsConfigDict(env_nested_delimiter="__", frozen=True, extra="forbid")

    program: ClassVar[str]
    """The program's name in messages; `deploy/PROGRAM.example.toml` is the sample."""
    version: ClassVar[int] = 1
    """The newest format of the file that the program reads.

    A file may state its own as `version` before the first section. The number rises when an older
    program would misread a newer file.
    """

    @classmethod
    def variable(cls, dotted: str) -> str:
        """The environment variable of a key: `MATTHAN_HUB__WEB__PORT` for `web.port`."""
        return (cls.model_config["env_prefix"] + dotted.replace(".", "__")).upper()


def known_keys(shape: type[BaseModel]) -> dict[str, type[BaseModel] | None]:
    """Every key, dotted, in the order of the file; for a table also its class.

    Tables within a table come after all keys of that table.
    """
    keys: dict[str, type[BaseModel] | None] = {}
    for name in shape.model_fields:
        keys[name] = table = table_of(shape, name)
        if table is not None:
            _add_keys(keys, name, table)
    return keys


def _add_keys(
    keys: dict[str, type[BaseModel] | None], above: str, section: type[BaseModel]
) -> None:
    inner = {name: table_of(section, name) for name in section.model_fields}
    keys |= {f"{above}.{name}": table for name, table in inner.items()}
    for name, table in inner.items():
        if table is not None:
            _add_keys(keys, f"{above}.{name}", table)


def table_of(shape: type[BaseModel], name: str) -> type[BaseModel] | None:
    """The class of the table with this name; None for a plain key."""
    annotation = shape.model_fields[name].annotation
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def removed_keys(shape: type[BaseModel]) -> dict[str, str]:
    """Every removed key, dotted, with its replacement."""
    return {
        f"{name}.{key}": instead
        for name, table in known_keys(shape).items()
        if table is not None and issubclass(table, Section)
        for key, instead in table.removed.items()
    }
