"""A table that somebody's spreadsheet saved, read line by line, or refused with line and cure.

What stands in a name is shown on pages, said on phones and opened in a spreadsheet again one day.
So nothing passes that reads otherwise than it looks (marks that turn the direction of writing, what
cannot be seen), nothing that a spreadsheet would run, and nothing whose letters were lost when it
was saved.
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
"""Of one cell."""
FORMULA_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r")
_LOST: Final = "\ufffd"


class LineFault(StrEnum):
    """Why a line, or all of it, is refused."""

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


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong in which line (1 is the header), with the word or sign in question."""

    line: int
    fault: LineFault
    what: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table by its columns, outer spaces gone; a column left out is empty."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """A cell; empty where the column or the cell is."""
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Table:
    """What could be read, and all that could not."""

    lines: tuple[Line, ...]
    wrong: tuple[Wrong, ...]


def read(content: bytes, *, needed: Sequence[str], allowed: Sequence[str]) -> Table:
    """A table with a header; `needed` columns have to be there, `allowed` may be too.

    Separated by commas or semicolons, as the header shows.
    """
    text = _decoded(content)
    if isinstance(text, Wrong):
        return Table((), (text,))
    delimiter = (
        ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
    )
    try:
        rows = list(_rows(text, delimiter))
    except csv.Error:
        return Table((), (Wrong(_line_of_odd_quotes(text), LineFault.QUOTES),))
    if not rows:
        return Table((), (Wrong(1, LineFault.EMPTY),))
    if len(rows) > MOST_LINES + 1:
        return Table((), (Wrong(MOST_LINES + 2, LineFault.LARGE, str(MOST_LINES)),))
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
            lines.append(Line(number, dict(zip(columns, stripped, strict=True))))
    if not lines and not wrong:
        wrong = [Wrong(2, LineFault.EMPTY)]
    return Table(tuple(lines), tuple(wrong))


def _decoded(content: bytes) -> str | Wrong:
    if len(content) > MOST_BYTES:
        return Wrong(1, LineFault.LARGE, f"{MOST_BYTES // 1000} kB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Wrong(content[: error.start].count(b"\n") + 1, LineFault.ENCODING)
    if "\0" in text:
        return Wrong(text[: text.index("\0")].count("\n") + 1, LineFault.ENCODING)
    if _LOST in text:
        return Wrong(text[: text.index(_LOST)].count("\n") + 1, LineFault.LETTER_LOST)
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def _rows(text: str, delimiter: str) -> "list[tuple[int, list[str]]]":
    """Each row that is not empty, with the number of the line that it begins on."""
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
) -> "list[Wrong]":
    known = (*needed, *allowed)
    wrong = [Wrong(1, LineFault.COLUMN_MISSING, name) for name in needed if name not in columns]
    wrong += [Wrong(1, LineFault.COLUMN_UNKNOWN, name) for name in columns if name not in known]
    wrong += [
        Wrong(1, LineFault.COLUMN_TWICE, name)
        for name in dict.fromkeys(columns)
        if columns.count(name) > 1
    ]
    return wrong


def _wrong_cells(number: int, cells: Sequence[str], width: int) -> "list[Wrong]":
    if len(cells) != width:
        return [Wrong(number, LineFault.CELLS, f"{len(cells)} / {width}")]
    return [wrong for cell in cells if (wrong := _wrong_cell(number, cell)) is not None]


def _wrong_cell(number: int, cell: str) -> Wrong | None:
    unseen = next((sign for sign in cell.strip() if _is_unseen(sign)), None)
    if unseen is not None:
        return Wrong(number, LineFault.UNSEEN, f"U+{ord(unseen):04X}")
    if len(cell) > MOST_CHARS:
        return Wrong(number, LineFault.LONG, f"{cell[:20]}…")
    if cell.strip().startswith(FORMULA_BEGINS) and not is_number(cell.strip()):
        return Wrong(number, LineFault.FORMULA, cell.strip()[:20])
    return None


def _is_unseen(sign: str) -> bool:
    """Controls, marks of direction, joiners, what belongs to nobody: all that cannot be seen."""
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def is_number(text: str) -> bool:
    """Whether it is a plain decimal number, such as -10.5."""
    bare = text[1:] if text[:1] in ("-", "+") else text
    whole, _, part = bare.partition(".")
    return bare.isascii() and whole.isdigit() and (part.isdigit() or "." not in bare)
