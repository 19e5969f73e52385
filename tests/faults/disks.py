"""Disks so small that they are soon full, and files that fill them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

BALLAST: Final = "ballast"


@contextmanager
def small_disk(folder: Path, *, size_bytes: int, keeps: bool = True) -> Iterator[Path | None]:
    """A disk of that size mounted at `folder`; None where that is not allowed.

    With `keeps` what lies on it at the end is in the folder afterwards.
    """
    if os.geteuid() != 0 or shutil.which("mount") is None:
        yield None
        return
    options = f"size={size_bytes},mode=0711"
    command = ["mount", "-t", "tmpfs", "-o", options, "matthan-campaign", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        yield None
        return
    kept = folder.with_name(f"{folder.name}-at-the-end")
    try:
        yield folder
    finally:
        if keeps:
            shutil.copytree(folder, kept, ignore=shutil.ignore_patterns(BALLAST))
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)
        if keeps:
            shutil.copytree(kept, folder, dirs_exist_ok=True)  # so that it can be counted again


def fill(disk: Path) -> None:
    """To the last byte."""
    with (disk / BALLAST).open("ab", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            pass  # full, as was wished


def free(disk: Path) -> None:
    """Take away what fills it."""
    (disk / BALLAST).unlink(missing_ok=True)
