"""Copies of the checkout with a few files of their own, for pages on how to add something."""

import os
import subprocess
import sys
from pathlib import Path


def link(source: Path, copy: Path, folders: set[str], under: str = "") -> None:
    """Make a copy of links, with folders of its own where files are added."""
    copy.mkdir()
    for path in source.iterdir():
        name = f"{under}{path.name}"
        if name in folders:
            link(path, copy / path.name, folders, f"{name}/")
        elif not path.name.startswith((".", "__pycache__")):
            (copy / path.name).symlink_to(path)


def run_in(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the copy: neither the options of this run nor its paths reach it."""
    kept = {name: said for name, said in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=copy,
        env=kept | {"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
