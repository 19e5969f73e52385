"""Location of a secret: a plain file, or a systemd credential, encrypted on disk and decrypted for
the hub."""

import os
from pathlib import Path


def found(path: Path) -> Path:
    """`path`; if that file is missing, the credential of the same name that systemd decrypted for
    this service, if there is one."""
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    if given and not path.exists() and (sealed := Path(given) / path.name).is_file():
        return sealed
    return path
