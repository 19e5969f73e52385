"""Rights of a person anywhere, and the numbers that the navigation shows: one query for the rights,
and one for each number that SQL alone cannot count."""

from collections.abc import Mapping
from functools import cache, reduce
from operator import add
from typing import Final

from sqlalchemy import ColumnElement, Integer, case, func, select

from hub.access.rules.grants import Right
from hub.access.rules.roles import fence_of
from hub.access.scope import NOW, WHO, in_force, visible_values
from hub.access.tables import grants
from hub.base.audit.acting import Acting
from hub.base.audit.asker import Asker
from hub.base.db.columns import AnySelect
from hub.base.db.table_notes import Counted, Number
from hub.web.navigation import Standing

_HELD: Final = grants.alias("held")  # so that no number of a feature is bound to these rows


class StandingService:
    """Answers which links a page shows; reveals no object. For any thread."""

    def __init__(
        self, acting: Acting, numbers: Mapping[str, Number], counted: Mapping[str, Counted]
    ) -> None:
        self._acting = acting
        self._counted = counted
        self._names = tuple(numbers)
        self._query = _query(tuple(numbers.items()))

    def standing(self, asker: Asker) -> Standing:
        """Rights of this person anywhere, limited by their role, and the numbers."""
        with self._acting.part_of(asker, "inbox.open") as look:
            values = visible_values(asker.person_id, look.now)
            row = look.conn.execute(self._query, values).one()
            fence = fence_of(asker.role)
            numbers = {name: getattr(row, name) for name in self._names}
            for name, one in self._counted.items():
                has_it = row.rights & fence & one.needs
                numbers[name] = one.count(look.conn, asker.person_id, look.now) if has_it else 0
        return Standing(
            role=asker.role,
            rights=row.rights & fence,
            area_rights=row.area_rights & fence,
            numbers=numbers,
        )


@cache
def _query(numbers: tuple[tuple[str, Number], ...]) -> AnySelect:
    """One row: the rights as bits, and each number by its name. Building it costs more than its
    execution."""
    return select(
        _bits(case((_HELD.c.area_id.is_not(None), _HELD.c.rights), else_=0)).label("area_rights"),
        _bits(_HELD.c.rights).label("rights"),
        *(number.label(name) for name, number in numbers),
    ).where(_HELD.c.person_id == WHO, in_force(_HELD, NOW))


def _bits(rights: ColumnElement[int]) -> ColumnElement[int]:
    """All bits that any row has; SQLite has no such aggregate."""
    most = (func.max(rights.bitwise_and(int(one)), type_=Integer) for one in Right)
    return reduce(add, (func.coalesce(one, 0) for one in most))
