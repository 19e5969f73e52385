"""The schema's history is one line: each migration has its own number and names the one before."""

import re
from pathlib import Path

VERSIONS = Path(__file__).parents[2] / "hub" / "base" / "db" / "migrations" / "versions"


def test_migrations_are_numbered_without_gap_or_double_and_each_follows_the_last() -> None:
    found = []
    for path in sorted(VERSIONS.glob("[0-9]*.py")):
        said = dict(re.findall(r'^(revision|down_revision) = "?(\w+)"?$', path.read_text(), re.M))
        assert path.name.startswith(f"{said['revision']}_"), path.name
        found.append((said["revision"], said["down_revision"]))
    assert found, f"no migrations in {VERSIONS}"
    numbers = [f"{number:04d}" for number in range(1, len(found) + 1)]
    assert found == list(zip(numbers, ["None", *numbers], strict=False))
