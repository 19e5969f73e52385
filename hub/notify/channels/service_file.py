"""Private files of the keeper with the secrets of services."""

import tomllib
from pathlib import Path

from hub.base.credentials import found


class ServiceFileError(Exception):
    """A private file cannot be used; the message says what, why and the cure."""

    file: str = ""
    """Usual name of the file, such as `zalo.toml`, where it is known."""


def read_private_toml(path: Path) -> dict[str, object]:
    """Read a TOML file that only the hub's user can read, or that systemd opened for it."""
    try:
        place = found(path)
        if place.stat().st_mode & 0o007:
            raise ServiceFileError(f"{path}: everybody may read its secrets. chmod o= {path}")
        return tomllib.loads(place.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ServiceFileError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ServiceFileError(f"{path}: not TOML: {error}. Correct that line") from error
