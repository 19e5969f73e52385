"""The quarter of each area: the level at which a leader compares the parts of a town."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from hub.base.text.normalize import fold
from hub.registry.areas import lineages
from hub.registry.tables import areas

LEVELS: Final = frozenset(
    fold(level)
    for level in (
        "khu phố", "tổ dân phố", "khu dân cư", "ấp", "thôn", "xóm", "khóm", "bản", "buôn", "làng",
        "quarter", "neighbourhood", "hamlet", "village",
    )
)  # fmt: skip
"""Levels are free text: these mean the part of a town that has a board of its own."""


def quarters(conn: Connection, area_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Quarter of each area with the areas above it. An area in no quarter counts for the one below
    the top that contains it."""
    levels = {row.id: row.level for row in conn.execute(select(areas.c.id, areas.c.level))}
    return {area_id: _quarter(line, levels) for area_id, line in lineages(conn, area_ids).items()}


def _quarter(line: list[tuple[UUID, str]], levels: Mapping[UUID, str]) -> str:
    found = next(
        (n for n, (area_id, _) in enumerate(line) if fold(levels.get(area_id, "")) in LEVELS),
        max(0, len(line) - 2),
    )
    return ", ".join(name for _, name in line[found:])
