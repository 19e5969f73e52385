"""Rows of the database as objects."""

import functools
from collections.abc import Callable
from dataclasses import MISSING, fields
from enum import Enum
from typing import Any, TypeVar, get_type_hints

from hub.base.db.columns import AnyRow

T = TypeVar("T")


def from_row(kind: Callable[..., T], row: AnyRow, /, **others: object) -> T:
    """An object of this dataclass: each field is one of `others`, or the column of its name.

    A text becomes a member of the field's enumeration. A field without a column keeps its default;
    TypeError for one that has none. Columns without a field are left out.
    """
    filled = {
        name: row[place] if enum is None or row[place] is None else enum(row[place])
        for name, place, enum in _filling(kind, row._fields, tuple(others))
    }
    return kind(**filled, **others)


@functools.lru_cache(maxsize=1024)
def _filling(
    kind: Any, columns: tuple[str, ...], others: tuple[str, ...]
) -> tuple[tuple[str, int, type[Enum] | None], ...]:
    """Name, place in the row and enumeration of each field that a row fills."""
    hints = get_type_hints(kind)
    wanted = [field for field in fields(kind) if field.init and field.name not in others]
    missing = [
        field.name
        for field in wanted
        if field.name not in columns
        and field.default is MISSING
        and field.default_factory is MISSING
    ]
    if missing:
        raise TypeError(f"{kind.__name__}: the query has no column {', '.join(missing)}")
    return tuple(
        (field.name, columns.index(field.name), _enum(hints[field.name]))
        for field in wanted
        if field.name in columns
    )


def _enum(hint: object) -> type[Enum] | None:
    """The enumeration of a field, or of a field that may also be None."""
    of = [hint, *getattr(hint, "__args__", ())]
    return next((one for one in of if isinstance(one, type) and issubclass(one, Enum)), None)
