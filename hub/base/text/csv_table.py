"""Reader of CSV tables saved by a spreadsheet program; a bad table is refused with line and cure.

Names from a table appear on pages, in pushes and in later spreadsheets. So the reader refuses text
that looks different from what it is (direction marks, invisible characters), text that a
spreadsheet would run as a formula, and text with letters lost in saving.
"""

import csv
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOST_BYTES: Final = 1_000_000
MOST_LINES: Final = 5_000
MOST_CHARS: Final = 200
"""In characters, per cell."""
FORMULA_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r")
_LOST: Final = "\ufffd"


class CsvLineFault(StrEnum):
    """Why a line or the whole table is refused."""

    EMPTY = "empty"
    LARGE = "large"
    ENCODING = "encoding"
    LETTER_LOST = "letter_lost"
    COLUMN_MISSING = "column_missing"
    COLUMN_UNKNOWN = "column_unknown"
    COLUMN_TWICE = "column_twice"
    CELLS = "cells"
    QUOTES = "quotes"
    LONG = "long"
    UNSEEN = "unseen"
    FORMULA = "formula"
    NAME = "name"
    TWICE = "twice"
    PARENT = "parent"
    PARENT_MANY = "parent_many"
    TOP = "top"
    DAY = "day"
    DAYS = "days"
    NUMBER = "number"
    BEARING = "bearing"
    NODE = "node"
    CAMERA = "camera"
    AREA = "area"
    TEAM = "team"
    TEAM_MANY = "team_many"
    WEEKDAY = "weekday"
    PERSON = "person"
    TIME = "time"
    SHIFT = "shift"
    BOX_NAME = "box_name"
    BOX_PLACE = "box_place"
    BOXES_MANY = "boxes_many"
    CAMERA_NAME = "camera_name"
    CAMERAS_MANY = "cameras_many"
    LABEL = "label"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class CsvFault:
    """A fault in one line (1 is the header), with the word or character at fault."""

    line: int
    fault: CsvLineFault
    what: str = ""


@dataclass(frozen=True, slots=True)
class CsvLine:
    """One line of the table by column name, without outer spaces; a missing column is empty."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """The cell; empty if the column or the cell is missing."""
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Table:
    """The valid lines and all faults."""

    lines: tuple[CsvLine, ...]
    wrong: tuple[CsvFault, ...]


def read(content: bytes, *, needed: Sequence[str], allowed: Sequence[str]) -> Table:
    """Read a table with a header. Columns in `needed` must be there; those in `allowed` may be.

    The separator is a comma, a semicolon or a tab (a table pasted from a spreadsheet), as in the
    header.
    """
    text = _decoded(content)
    if isinstance(text, CsvFault):
        return Table((), (text,))
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)  # of equals the first
    try:
        rows = list(_rows(text, delimiter))
    except csv.Error:
        return Table((), (CsvFault(_line_of_odd_quotes(text), CsvLineFault.QUOTES),))
    if not rows:
        return Table((), (CsvFault(1, CsvLineFault.EMPTY),))
    if len(rows) > MOST_LINES + 1:
        return Table((), (CsvFault(MOST_LINES + 2, CsvLineFault.LARGE, str(MOST_LINES)),))
    columns = [name.strip().casefold() for name in rows[0][1]]
    wrong = list(_wrong_columns(columns, needed, allowed))
    if wrong:
        return Table((), tuple(wrong))
    lines = []
    for number, cells in rows[1:]:
        found = list(_wrong_cells(number, cells, len(columns)))
        wrong += found
        if not found:
            stripped = (cell.strip() for cell in cells)
            lines.append(CsvLine(number, dict(zip(columns, stripped, strict=True))))
    if not lines and not wrong:
        wrong = [CsvFault(2, CsvLineFault.EMPTY)]
    return Table(tuple(lines), tuple(wrong))


def _decoded(content: bytes) -> str | CsvFault:
    if len(content) > MOST_BYTES:
        return CsvFault(1, CsvLineFault.LARGE, f"{MOST_BYTES // 1000} kB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return CsvFault(content[: error.start].count(b"\n") + 1, CsvLineFault.ENCODING)
    if "\0" in text:
        return CsvFault(text[: text.index("\0")].count("\n") + 1, CsvLineFault.ENCODING)
    if _LOST in text:
        return CsvFault(text[: text.index(_LOST)].count("\n") + 1, CsvLineFault.LETTER_LOST)
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def _rows(text: str, delimiter: str) -> "list[tuple[int, list[str]]]":
    """The rows that are not empty, each with the number of its first line."""
    found = []
    lines = (f"{line}\n" for line in text.split("\n"))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begins = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            found.append((begins, cells))
        begins = reader.line_num + 1
    return found


def _line_of_odd_quotes(text: str) -> int:
    return next((n for n, line in enumerate(text.split("\n"), 1) if line.count('"') % 2), 1)


def _wrong_columns(
    columns: Sequence[str], needed: Sequence[str], allowed: Sequence[str]
) -> "list[CsvFault]":
    known = (*needed, *allowed)
    wrong = [
        CsvFault(1, CsvLineFault.COLUMN_MISSING, name) for name in needed if name not in columns
    ]
    wrong += [
        CsvFault(1, CsvLineFault.COLUMN_UNKNOWN, name) for name in columns if name not in known
    ]
    wrong += [
        CsvFault(1, CsvLineFault.COLUMN_TWICE, name)
        for name in dict.fromkeys(columns)
        if columns.count(name) > 1
    ]
    return wrong


def _wrong_cells(number: int, cells: Sequence[str], width: int) -> "list[CsvFault]":
    if len(cells) != width:
        return [CsvFault(number, CsvLineFault.CELLS, f"{len(cells)} / {width}")]
    return [wrong for cell in cells if (wrong := _wrong_cell(number, cell)) is not None]


def _wrong_cell(number: int, cell: str) -> CsvFault | None:
    unseen = next((sign for sign in cell.strip() if _is_unseen(sign)), None)
    if unseen is not None:
        return CsvFault(number, CsvLineFault.UNSEEN, f"U+{ord(unseen):04X}")
    if len(cell) > MOST_CHARS:
        return CsvFault(number, CsvLineFault.LONG, f"{cell[:20]}…")
    if cell.strip().startswith(FORMULA_BEGINS) and not is_number(cell.strip()):
        return CsvFault(number, CsvLineFault.FORMULA, cell.strip()[:20])
    return None


def _is_unseen(sign: str) -> bool:
    """True for invisible characters: controls, direction marks, joiners, unassigned code points."""
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def is_number(text: str) -> bool:
    """True for a plain decimal number such as -10.5."""
    bare = text[1:] if text[:1] in ("-", "+") else text
    whole, _, part = bare.partition(".")
    return bare.isascii() and whole.isdigit() and (part.isdigit() or "." not in bare)
