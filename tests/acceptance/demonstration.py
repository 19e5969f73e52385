"""Starts a demonstration as a person would, and reads what it prints."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Running:
    """A running demonstration: its folder, process, what it said, and how to sign in."""

    folder: Path
    process: subprocess.Popen[str]
    said: str
    url: str
    login: str
    password: str


def demo_command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "deploy.demo", "--folder", str(folder), "--port", "0", *words]


def processes_of(folder: Path) -> list[str]:
    """Command lines that still name the folder: what a demonstration left running."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            where = (entry / "cwd").readlink()
        except OSError:
            continue
        if str(folder) in command or str(where).startswith(str(folder)):
            found.append(command)
    return found


def invitation(process: subprocess.Popen[str], said: list[str]) -> dict[str, str]:
    """Address, login and password out of what it prints; the lines go into `said`."""
    assert process.stdout is not None
    while process.poll() is None:
        said.append(process.stdout.readline())
        if "Ctrl-C" in said[-1]:
            break
    text = "".join(said)
    wanted = {"url": "Open", "login": "Name", "password": "Password"}
    found = {key: re.search(rf"^\s*{label}\s+(\S+)", text, re.M) for key, label in wanted.items()}
    assert all(found.values()), f"no invitation in:\n{text}"
    return {key: match[1] for key, match in found.items() if match}
