"""The TOML file as a technician wrote it: what it says, and on which line."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

SAMPLE: Final = "deploy/agent.example.toml"
_WHERE_IT_STOOD: Final = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


class ConfigError(Exception):
    """The agent must not start: `lines` say what is wrong, where, and what to write instead."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class File:
    """A TOML file as read, and where its keys stand."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text
        self._lines = text.splitlines()
        try:
            self.values: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(self._not_toml(str(error))) from error

    @classmethod
    def read(cls, path: Path) -> "File":
        """The file at `path`; raises ConfigError."""
        try:
            return cls(path, path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ConfigError(f"{path}: no such file. Begin with a copy of {SAMPLE}") from error
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read: {error}") from error

    def place(self, dotted: str) -> str:
        """The file, with the line where the key first stands if it can be found."""
        section, _, key = dotted.rpartition(".")
        here = ""
        for number, line in enumerate(self._lines, start=1):
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
        stood = _WHERE_IT_STOOD.search(why)
        number = (stood.group(1) or len(self._lines)) if stood else None
        place = f"{self.path} line {number}" if number else str(self.path)
        return f"{place}: not TOML: {_WHERE_IT_STOOD.sub('', why).strip()}. Correct that line"
