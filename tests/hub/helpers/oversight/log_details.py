"""Details of lines of the log, as their English text."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from hub.app.features import FEATURES
from hub.base.audit.tables import audit
from hub.oversight.log.details import detail_reader
from hub.web.calendar import Calendar
from hub.web.i18n import words


@cache
def _reader() -> Callable[[str, str, str], str]:
    return detail_reader(FEATURES, Calendar(ZoneInfo("Asia/Ho_Chi_Minh"), words("en"), 0))


def detail_of(line: Any) -> str:
    """The detail of a row of the log."""
    return _reader()(line.act, line.detail, line.data or "")


def details_of(conn: Connection, act: str) -> Sequence[str]:
    """Details of the lines of an act, the oldest first."""
    query = select(audit).where(audit.c.act == act).order_by(audit.c.seq)
    return [detail_of(row) for row in conn.execute(query)]
