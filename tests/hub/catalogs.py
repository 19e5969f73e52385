"""Gathers every message id of the pages and scripts, and keeps the catalogs of `hub/locale` whole.

Run `python -m tests.hub.catalogs` after a change of words: it updates both .po files (new ids
empty in Vietnamese, for a person to fill) and compiles them.
"""

import io
import re
import sys
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from deploy.catalogs import compile_all

ROOT: Final = Path(__file__).parents[2]
LOCALE: Final = ROOT / "hub" / "locale"
LANGUAGES: Final = ("vi", "en")
FINDS_ALL: Final = sys.version_info >= (3, 12)
"""Before Python 3.12 Babel does not see the messages within f-strings."""

KEYWORDS: Final[dict[str, Any]] = {"_": None, "say": None, "page_text": None, "count": (1, 2)}
TEXTS: Final = ("api", "feature", "form", "forms", "pages", "stream", "wording")
"""Names of modules, or what their names end with, that hold texts of pages."""

METHODS: Final = [
    ("**/templates/**.html", "jinja2"),
    ("web/static/js/*.js", "javascript"),
    ("web/**.py", "python"),
    *((f"**/{name}.py", "python") for one in TEXTS for name in (one, f"*_{one}")),
    ("access/signin/visit.py", "python"),
    ("alerting/alerts/rules/kinds.py", "python"),
    ("notify/channels/*.py", "python"),
    ("oversight/log/acts.py", "python"),
    ("nodes/health/plots.py", "python"),
    ("oversight/reports/pdf.py", "python"),
]


def gathered() -> Catalog:
    """All message ids of the pages: in templates, scripts, and modules that hold texts."""
    catalog = Catalog(charset="utf-8")
    options = {"**/templates/**.html": {"silent": "false"}}
    found = extract_from_dir(ROOT / "hub", METHODS, options, KEYWORDS)
    for name, line, message, comments, context in found:
        catalog.add(message, None, [(f"hub/{name}", line)], auto_comments=comments, context=context)
    return catalog


def read(language: str) -> Catalog:
    """The catalog of a language as committed."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def po_path(language: str) -> Path:
    """Path of the catalog."""
    return LOCALE / language / "LC_MESSAGES" / "hub.po"


def written(catalog: Catalog) -> bytes:
    """The .po file: sorted, without line numbers or dates, so that diffs show words alone."""
    buffer = io.BytesIO()
    write_po(
        buffer,
        catalog,
        sort_output=True,
        no_location=True,
        omit_header=False,
        width=100,
        ignore_obsolete=True,
    )
    text = buffer.getvalue().decode()
    text = re.sub(
        r'^"(POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|'
        r"Report-Msgid-Bugs-To|Project-Id-Version|Language-Team).*\n",
        "",
        text,
        flags=re.MULTILINE,
    )
    return re.sub(r"\A(#.*\n)+", "# Mắt Thần: the words of the hub's pages.\n", text).encode()


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
    if not FINDS_ALL:
        sys.exit("Use Python 3.12 or newer: an older one would drop messages from the catalogs.")
    for each in LANGUAGES:
        update(each)
    compile_all(ROOT)
