"""Gathers every template the agent shows, and keeps the catalogs of `agent/locale` whole.

Run `python -m tests.agent.catalogs` after a change of words: it updates both .po files (new ids
empty in Vietnamese, for a person to fill) and compiles them.
"""

import io
import re
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from deploy.catalogs import compile_all

ROOT: Final = Path(__file__).parents[2]
LOCALE: Final = ROOT / "agent" / "locale"
LANGUAGES: Final = ("vi", "en")


def gathered() -> Catalog:
    """All message ids in the agent's code."""
    catalog = Catalog(charset="utf-8")
    for _, _, message, _, _ in extract_from_dir(
        ROOT / "agent", [("**.py", "python")], keywords={"N_": None}
    ):
        catalog.add(message)
    return catalog


def po_path(language: str) -> Path:
    """Path of a catalog."""
    return LOCALE / language / "LC_MESSAGES" / "agent.po"


def read(language: str) -> Catalog:
    """The catalog of a language as committed."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def written(catalog: Catalog) -> bytes:
    """The .po file: sorted, without line numbers or dates, so that diffs show words alone."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, sort_output=True, no_location=True, width=100, ignore_obsolete=True)
    text = re.sub(
        r'^"(POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|'
        r"Report-Msgid-Bugs-To|Project-Id-Version|Language-Team).*\n",
        "",
        buffer.getvalue().decode(),
        flags=re.MULTILINE,
    )
    return re.sub(r"\A(#.*\n)+", "# Mắt Thần: the words of matthan-agent check.\n", text).encode()


def update(language: str) -> None:
    """Add new ids, drop old ones."""
    catalog = read(language)
    catalog.update(gathered(), no_fuzzy_matching=True)
    if language == "en":
        for message in catalog:
            if message.id:
                message.string = message.id
    path = po_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written(catalog))


if __name__ == "__main__":
    for each in LANGUAGES:
        update(each)
    compile_all(ROOT)
