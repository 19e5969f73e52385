"""Notes of a capability about its tables: times that move with the clock, and numbers to count."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table

from hub.base.moment import Moment

Tables = tuple[Table, ...]
Number = ColumnElement[int]
"""A number for one person as scalar SQL; its parameters are `hub.access.scope.WHO` and `NOW`."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A number for one person that the hub computes itself, because SQL alone cannot."""

    needs: int
    """A right (`hub.access.rules.grants.Right`); without it anywhere there is nothing to count."""
    count: Callable[[Connection, UUID, Moment], int]


@dataclass(frozen=True, slots=True)
class Mark:
    """Columns with times that move with the hub's clock: times that something waits for, or that
    are judged as late or silent. Times that only record something do not move."""

    table: Table
    times: tuple[str, ...]
    """Names of columns without their ending `_utc_us`."""
    where: Callable[[Moment], ColumnElement[bool]] | None = None
    """Which rows move, given the time before the step; None: all."""
    is_repeated: bool = False
    """True for the time when a repeated task last ran: the task may run early, but must not wait
    for a time that has become the future. So only later times are set back."""
