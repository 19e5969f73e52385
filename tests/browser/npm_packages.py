"""Packages from npm that only tests need: outside the tree, known by the hashes of a lock file."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests.waiting import patience_s

IS_POSSIBLE = bool(shutil.which("node") and shutil.which("npm"))


def installed(folder: Path, name: str) -> Path:
    """The folder in which `folder`'s lock file is installed, one for each state of it."""
    lock = (folder / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matthan"
    place = cache / f"{name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    if (place / "ready").exists():
        return place
    place.mkdir(parents=True, exist_ok=True)
    with (place / ".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # another run of the tests may be installing it
        if not (place / "ready").exists():
            for file in ("package.json", "package-lock.json"):
                shutil.copy(folder / file, place / file)
            words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run(words, cwd=place, check=True, timeout=patience_s())
            (place / "ready").touch()
    return place
