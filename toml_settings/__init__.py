"""Settings of a program: a TOML file, overridden key by key by environment variables.

    [broker]                   MATTHAN_AGENT__BROKER__PORT=8884
    port = 8883

An unknown key in file or environment is an error, and the program does not start: a misspelt
`preroll_s` would otherwise stay unnoticed until the clip is needed. A key that an older release had
is accepted, ignored and reported by `removed_keys_in_use`.
"""

from toml_settings.file import ConfigError
from toml_settings.loader import load, removed_keys_in_use
from toml_settings.shape import FileSettings, Section, known_keys, removed_keys

__all__ = [
    "ConfigError",
    "FileSettings",
    "Section",
    "known_keys",
    "load",
    "removed_keys",
    "removed_keys_in_use",
]
