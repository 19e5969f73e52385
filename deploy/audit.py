"""Asks whether the versions we were tried with have known holes: pip-audit over constraints.txt.

    .venv/bin/python deploy/audit.py
    .venv/bin/python deploy/audit.py --osv URL    asks an OSV service, as a mirror of one's own

Ends with 1 when one has, unless deploy/audit-accepted.txt names it and says why. Where nobody can
be asked (no network, an index without advisories), it says so and ends with 0, with --must with 2:
what was not asked is never called clean. pip-audit has an environment of its own, below the cache.
"""

import argparse
import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TOOL = "pip-audit==2.10.1"
ACCEPTED = ROOT / "deploy" / "audit-accepted.txt"
PATIENCE_S = 600


@dataclass(frozen=True)
class Found:
    """What came of it."""

    asked: int
    unasked: int
    holes: tuple[str, ...]
    """One line each: package, version, advisory, the version that mends it."""
    accepted: tuple[str, ...]


def main() -> int:
    """Ask, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--must", action="store_true", help="what could not be asked is a failure")
    parser.add_argument("--osv", metavar="URL", help="whom to ask; otherwise PyPI's own advisories")
    args = parser.parse_args()
    try:
        found = judged(ask(args.osv), accepted(ACCEPTED.read_text("utf-8")))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        found = Found(0, 0, (), ())
        print(f"the audit could not be made: {error}", file=sys.stderr)
    for line in found.holes:
        print(line)
    for line in found.accepted:
        print(f"accepted: {line}")
    if found.holes:
        return 1
    if not found.asked or found.unasked:
        print(f"NOT AUDITED: of {found.unasked or 'all'} packages nobody here knows advisories")
    if found.asked:
        print(f"no known holes in {found.asked} packages")
    return 2 if args.must and (found.unasked or not found.asked) else 0


def ask(osv: str | None = None) -> dict[str, Any]:
    """pip-audit's answer, as JSON; ValueError where it got none."""
    program = tool() / "bin" / "pip-audit"
    words = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    if osv is not None:
        words += ["--vulnerability-service", "osv", "--osv-url", osv]
    done = subprocess.run(
        [program, *words, "--requirement", ROOT / "deploy" / "constraints.txt"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        last = done.stderr.strip().splitlines()[-1:] or ["it says nothing"]
        raise ValueError(last[0][:300]) from error
    return said


def judged(said: dict[str, Any], known: dict[str, str]) -> Found:
    """What pip-audit's answer means; `known` has advisories that we live with, and why."""
    asked = unasked = 0
    holes: list[str] = []
    lived_with: list[str] = []
    for part in said["dependencies"]:
        if "skip_reason" in part:
            unasked += 1
            continue
        asked += 1
        for hole in part.get("vulns", ()):
            names = [hole["id"], *hole.get("aliases", ())]
            mended = ", ".join(hole.get("fix_versions", ())) or "none yet"
            line = f"{part['name']} {part['version']}: {', '.join(names)}; mended in: {mended}"
            why = next((known[name] for name in names if name in known), None)
            if why is None:
                holes.append(line)
            else:
                lived_with.append(f"{line} ({why})")
    return Found(asked, unasked, tuple(holes), tuple(lived_with))


def accepted(text: str) -> dict[str, str]:
    """Advisory → why we live with it; ValueError for a line without a reason."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            name, _, why = line.partition(" ")
            if not why.strip():
                raise ValueError(f"audit-accepted.txt line {number}: {name} without a reason")
            found[name] = why.strip()
    return found


def tool() -> Path:
    """Where pip-audit is, installed if it was not; OSError."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "matthan" / TOOL.replace("==", "-")
    if not (folder / "bin" / "pip-audit").exists():
        venv.create(folder, with_pip=True, clear=True)
        words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", TOOL]
        done = subprocess.run([folder / "bin" / "python", *words], capture_output=True, check=False)
        if done.returncode:
            raise OSError(f"{TOOL} could not be installed: is there a package index?")
    return folder


if __name__ == "__main__":
    sys.exit(main())
