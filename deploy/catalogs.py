"""Compiles the catalogs of messages: each .po file of agent and hub into a .mo file beside it.

    .venv/bin/python deploy/catalogs.py      after a change of a .po file

deploy/setup.sh does it in a checkout, the build hook (deploy/kernel.py) in a wheel. The same words
give the same bytes.
"""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT: Final = Path(__file__).parents[1]
NO_DATE: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Stands in every .mo file: a date of its own would change the bytes each time."""


def compiled(source: Path) -> bytes:
    """Content of the .mo file that belongs to `LANGUAGE/LC_MESSAGES/NAME.po`."""
    with source.open("rb") as file:
        catalog = read_po(file, locale=source.parents[1].name)
    catalog.creation_date = catalog.revision_date = NO_DATE
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def stale(root: Path) -> dict[Path, bytes]:
    """.mo files that are missing or are not those of their source, with the content they need."""
    wanted = {
        source.with_suffix(".mo"): compiled(source)
        for source in sorted(root.glob("*/locale/*/LC_MESSAGES/*.po"))
    }
    return {
        path: content
        for path, content in wanted.items()
        if not path.is_file() or path.read_bytes() != content
    }


def compile_all(root: Path) -> None:
    """Write what is stale; a file that is right stays, since a program may be reading it."""
    for path, content in stale(root).items():
        path.write_bytes(content)


if __name__ == "__main__":
    compile_all(ROOT)
