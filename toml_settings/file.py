"""A TOML file as a source of settings, with the line number of each key."""

import re
import tomllib
from pathlib import Path
from typing import Final

from pydantic_settings import TomlConfigSettingsSource

from toml_settings.shape import FileSettings

_STOOD_AT: Final = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


class ConfigError(Exception):
    """The configuration is invalid; the program must not start.

    `lines` has one line for each fault: what is wrong, where it stands, and the remedy.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class File(TomlConfigSettingsSource):
    """The file at `path`; raises ConfigError if it cannot be read or has a newer format."""

    def __init__(self, shape: type[FileSettings], path: Path, *, is_needed: bool = True) -> None:
        self.path = path
        self.text = _text(shape, path, is_needed=is_needed)
        try:
            super().__init__(shape, path)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(self._not_toml(str(error))) from error
        self._check_version(shape, self.init_kwargs.pop("version", 1))

    def place(self, dotted: str) -> str:
        """The file, with the line of the key's first use if it can be found."""
        section, _, key = dotted.rpartition(".")
        here = ""
        for number, line in enumerate(self.text.splitlines(), start=1):
            text = line.strip()
            if text.startswith("["):
                here = text.partition("#")[0].strip(" []").replace(" ", "")
                is_it = here == dotted
            else:
                is_it = here == section and text.partition("=")[0].strip().strip("\"'") == key
            if is_it:
                return f"{self.path} line {number}"
        return str(self.path)

    def _not_toml(self, why: str) -> str:
        stood = _STOOD_AT.search(why)
        number = (stood.group(1) or len(self.text.splitlines())) if stood else None
        place = f"{self.path} line {number}" if number else str(self.path)
        return f"{place}: not TOML: {_STOOD_AT.sub('', why).strip()}. Correct that line"

    def _check_version(self, shape: type[FileSettings], stated: object) -> None:
        """Check before the keys: keys of a newer format would be reported as unknown."""
        place = self.place("version")
        if type(stated) is not int or stated < 1:
            raise ConfigError(f"{place}: version: a whole number from 1, or leave it out")
        if stated > shape.version:
            raise ConfigError(
                f"{place}: this is a configuration of version {stated} and this {shape.program}"
                f" knows {shape.version}. Update the {shape.program}: run the newer release's"
                " install.sh"
            )


def sample(shape: type[FileSettings]) -> str:
    """The path of the sample file."""
    return f"deploy/{shape.program}.example.toml"


def _text(shape: type[FileSettings], path: Path, *, is_needed: bool) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if not is_needed:
            return ""
        raise ConfigError(f"{path}: no such file. Begin with a copy of {sample(shape)}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
