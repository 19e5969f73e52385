"""The packages of an agent, one a line, as pinned for a version of Python: `wanted.py 3.11`.

What the agent's extra asks for with all that those ask for, and what builds the program itself.
"""

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
BUILDING = ("packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers")
"""What hatchling asks for; it need not be installed where the bundle is made."""


def pins(python: str) -> dict[str, str]:
    """Name → the line of `constraints.txt` that holds for this Python."""
    found = {}
    for line in (ROOT / "deploy" / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            one = Requirement(line)
            if one.marker is None or one.marker.evaluate({"python_version": python}):
                found[plain(one.name)] = f"{one.name}{one.specifier}"
    return found


def plain(name: str) -> str:
    """As package indexes compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(python: str) -> list[str]:
    """All that is to be downloaded, pinned where a pin is known."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    waiting = [
        *project["build-system"]["requires"],
        *BUILDING,
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["agent"],
    ]
    pinned, found = pins(python), {}
    environment = default_environment() | {"python_version": python, "extra": ""}
    environment["python_full_version"] = f"{python}.0"
    environment["platform_machine"] = "aarch64"
    while waiting:
        one = Requirement(waiting.pop())
        name = plain(one.name)
        if name in found or (one.marker is not None and not one.marker.evaluate(environment)):
            continue
        found[name] = pinned.get(name, f"{one.name}{one.specifier}")
        try:
            waiting += metadata.requires(one.name) or []
        except metadata.PackageNotFoundError:
            continue
    return sorted(found.values())


if __name__ == "__main__":
    print("\n".join(wanted(sys.argv[1])))
