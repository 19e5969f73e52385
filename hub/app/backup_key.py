"""The public key that backups are encrypted to; its private half is nowhere on the hub."""

from pathlib import Path
from typing import Final

from hub.app.config import HubSettings
from hub.app.config.machine import SecretsSection
from hub.app.errors import StartRefusedError
from hub.base.age import PublicKey
from hub.base.bech32 import MistypedError
from hub.base.private_files import write_public

NAME: Final = "backup.pub"
CURE: Final = "sudo matthan-hub secrets backup-key"


def public_key_file(settings: HubSettings) -> Path:
    """The file with the key, one line. It is in each backup, and comes back with it."""
    return settings.secrets.folder / NAME


def public_key(settings: HubSettings) -> PublicKey | None:
    """The key; None if there is none yet. ValueError for a file with something else: nothing is
    then backed up in the clear."""
    path = public_key_file(settings)
    try:
        return PublicKey.parse(path.read_text(encoding="ascii", errors="replace"))
    except FileNotFoundError:
        return None
    except MistypedError as error:
        raise ValueError(
            f"{path} is no public key of backups: {error}. Make one: {CURE}"
        ) from error


def put_public_key(settings: HubSettings, key: PublicKey) -> Path:
    """Store the key for all backups to come; returns its file."""
    path = public_key_file(settings)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_public(path, f"{key}\n".encode())
    return path


def check(settings: HubSettings) -> str:
    """What `matthan-hub check` says of it. StartRefusedError on an installed hub without a key: one
    whose secrets are in the usual folder; a developer's are elsewhere."""
    key = public_key(settings)
    if key is not None:
        return f"encrypted to {key}; its private half opens them"
    if settings.secrets.folder == SecretsSection().folder:
        raise StartRefusedError(
            "they hold all keys of the hub in the clear. Make the key that encrypts them, on a"
            f" terminal: {CURE}"
        )
    return f"in the clear, until there is a key: {CURE}"
