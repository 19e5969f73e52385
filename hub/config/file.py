"""The file of the configuration, and what is wrong with it."""

import tomllib
from pathlib import Path
from typing import Any


class ConfigError(Exception):
    """The hub must not start: `lines` say what is wrong, where, and what to write instead."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class File:
    """A TOML file as read, and where its keys stand."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self._lines = text.splitlines()
        try:
            self.values: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path}: not TOML: {error}. Correct that line") from error

    @classmethod
    def read(cls, path: Path, *, is_needed: bool) -> "File":
        """The file at `path`, or an empty one where none is and none is needed."""
        try:
            return cls(path, path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            if not is_needed:
                return cls(path, "")
            raise ConfigError(
                f"{path}: no such file. Begin with a copy of deploy/hub.example.toml"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read: {error}") from error

    def place(self, dotted: str) -> str:
        """The file, with the line where the key stands if it can be found."""
        section, _, key = dotted.rpartition(".")
        here = ""
        for number, line in enumerate(self._lines, start=1):
            text = line.strip()
            if text.startswith("["):
                here = text.strip("[]").replace(" ", "")
                is_it = here == dotted
            else:
                is_it = here == section and text.partition("=")[0].strip().strip("\"'") == key
            if is_it:
                return f"{self.path} line {number}"
        return str(self.path)
