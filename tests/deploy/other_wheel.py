"""Makes of a wheel the one of another version: one migration more, and a fault.

Usage: python3 -m tests.deploy.other_wheel FOLDER FAULT

Changes the x86_64 or arm64 wheels in FOLDER. FAULT: none; never: the hub is never healthy; imports:
a module cannot be imported.
"""

import re
import sys
import zipfile
from pathlib import Path
from typing import Final

from tests.deploy.other_version import REVISION

VERSIONS: Final = "hub/base/db/migrations/versions/"
FAULTS: Final = {
    "none": ("hub/__init__.py", ""),
    "never": ("hub/app/parts.py", "\nParts.fault = lambda _: 'the pages do not answer'\n"),
    "imports": ("hub/web/table_view.py", "\nraise TypeError('super(type, obj)')\n"),
}


def change(wheel: Path, fault: str) -> None:
    """Change one wheel in its place."""
    draft = wheel.with_suffix(".part")
    name, more = FAULTS[fault]
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        found = (re.match(rf"{VERSIONS}(\d{{4}})_", one) for one in names)
        head = max(one[1] for one in found if one and one[1] != "9999")
        for one in names:
            if not one.endswith("9999_new.py"):
                new.writestr(
                    old.getinfo(one), old.read(one) + (more.encode() if one == name else b"")
                )
        new.writestr(f"{VERSIONS}9999_new.py", REVISION.format(head=head))
    draft.replace(wheel)


if __name__ == "__main__":
    for each in Path(sys.argv[1]).glob("matthan-*.whl"):
        change(each, sys.argv[2])
