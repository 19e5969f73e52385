"""What a capability says of its tables, beside their columns."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table

from hub.base.moment import Moment

Tables = tuple[Table, ...]
Number = ColumnElement[int]
"""A number for one person as scalar SQL; its parameters are `hub.access.scope.WHO` and `NOW`."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Times that move with the hub's clock: made by that clock, and something waits by them or
    counts by them as late or silent. Records keep their times and are no marks."""

    table: Table
    times: tuple[str, ...]
    """Names of columns without their ending `_utc_us`."""
    where: Callable[[Moment], ColumnElement[bool]] | None = None
    """Which rows move, given the time before the step; None: all."""
    is_repeated: bool = False
    """When a repeated task last ran: it may run early, but must not wait for a time that has
    become the future, so that only later times are set back."""
