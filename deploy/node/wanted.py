"""Prints the pinned packages of an agent for one version of Python and one processor, with hashes.

    wanted.py 3.11 aarch64

pip evaluates markers by the Python that runs it, also when it downloads for another one; so they
are evaluated here.
"""

import re
import subprocess
import sys
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement

PINS = Path(__file__).parents[1] / "pins.sh"


def wanted(python: str, machine: str) -> list[str]:
    """Entries that hold there, each a pin and its hashes; `python` is as in 3.11."""
    text = subprocess.run([PINS, "agent"], capture_output=True, text=True, check=True).stdout
    environment = {name: str(value) for name, value in default_environment().items()} | {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_machine": machine,
    }
    found = []
    for entry in re.split(r"\n(?=\S)", text.strip()):
        pin, *hashes = (line.strip() for line in entry.split("\\\n"))
        one = Requirement(pin)
        if one.marker is None or one.marker.evaluate(environment):
            found.append(" \\\n    ".join([f"{one.name}{one.specifier}", *hashes]))
    return found


if __name__ == "__main__":
    print("\n".join(wanted(*sys.argv[1:])))
