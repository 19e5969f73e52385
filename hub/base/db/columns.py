"""Building blocks of every table of the hub, the same on SQLite and PostgreSQL.

Keys are UUIDv7 and so ordered by time: with random text keys the same database was several times
slower. Every moment has two columns, `*_utc_us` (microseconds since 1970, UTC) and `*_error_ms`
(maximum error; null: not verified), made by `moment()` and filled by `columns()`.
"""

import itertools
import secrets
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    MetaData,
    Row,
    Select,
    Uuid,
    bindparam,
)

from agent.wire.ident import uuid7
from hub.base.moment import Moment

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]
AnyColumn = ColumnElement[Any]


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Serial = BigInteger().with_variant(Integer, "sqlite")
"""SQLite generates numbers only in a column declared INTEGER."""
IN_ORDER: Final = {"is_in_order": True}
"""`Table.info` of a table whose rows are committed in the order of their numbers."""


def key() -> Column[object]:
    return Column("id", Uuid, primary_key=True)


def link(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[object]:
    return Column(name, Uuid, ForeignKey(f"{target}.id"), nullable=nullable, index=index)


def moment(name: str, *, nullable: bool = False) -> tuple[Column[int], Column[int]]:
    """The pair of columns of one moment."""
    return (
        Column(f"{name}_utc_us", BigInteger, nullable=nullable),
        Column(f"{name}_error_ms", BigInteger, nullable=True),
    )


def columns(name: str, moment: Moment | None) -> dict[str, int | None]:
    """The values of both columns of one moment; None clears them."""
    if moment is None:
        return {f"{name}_utc_us": None, f"{name}_error_ms": None}
    return {f"{name}_utc_us": moment.utc_us, f"{name}_error_ms": moment.error_ms}


_made = itertools.count()


BEFORE: Final = bindparam("before_utc_us", type_=BigInteger)
"""A time in a statement that is built once; `before` gives its value."""


def before(now: Moment, elapsed_s: float) -> dict[str, int]:
    """The value of `BEFORE`: so long ago."""
    return {"before_utc_us": now.plus_s(-elapsed_s).utc_us}


def new_id(now: Moment) -> UUID:
    """A key that sorts by time, and within one moment in order of creation."""
    number = (next(_made) % 2**30).to_bytes(4)
    return uuid7(now.utc_us, b"\0\0" + number + secrets.token_bytes(4))
