"""Helpers of the tests of contracts, used by more than one module."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, text

_COLUMNS: Final = """
SELECT c.relname, a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
    || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
    || CASE WHEN a.attidentity = '' THEN '' ELSE ' IDENTITY' END
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
    AND NOT a.attisdropped ORDER BY c.relname, a.attnum"""
_CONSTRAINTS: Final = """
SELECT conrelid::regclass::text, conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY conname"""
_INDEXES: Final = (
    "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 2"
)
_TRIGGERS: Final = """
SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 2"""
_FUNCTIONS: Final = """
SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
ORDER BY 1"""


def in_postgresql(conn: Connection) -> Iterator[str]:
    tables: dict[str, list[str]] = {}
    for query in (_COLUMNS, _CONSTRAINTS, _INDEXES, _TRIGGERS):
        for table, line in conn.execute(text(query)):
            tables.setdefault(table, []).append(f"    {line}")
    for table, lines in sorted(tables.items()):
        yield from [table, *lines]
    for (function,) in conn.execute(text(_FUNCTIONS)):
        yield from function.rstrip().splitlines()
