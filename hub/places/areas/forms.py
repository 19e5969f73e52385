"""The form of an area."""

from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from hub.places.areas.rows import AreaError, AreaFault, AreaWords
from hub.places.areas.service import AreaRow
from hub.web.calendar import Calendar
from hub.web.forms import TypedForm, midnight_utc_us


class AreaForm(TypedForm):
    """A new area, or what an area is changed to."""

    name: str = ""
    level: str = ""
    parent: str = ""
    """Id of the area that it lies in."""
    from_day: Annotated[str, Field(alias="from")] = ""
    until: str = ""

    def words(self, zone: ZoneInfo) -> AreaWords:
        """What the service takes; raises AreaError."""
        try:
            parent_id = UUID(self.parent) if self.parent else None
        except ValueError as error:
            raise AreaError(AreaFault.PARENT) from error
        try:
            starts = midnight_utc_us(self.from_day, zone)
            ends = midnight_utc_us(self.until, zone, days_later=1)
        except ValueError as error:
            raise AreaError(AreaFault.DAY) from error
        return AreaWords(self.name, self.level, parent_id, starts, ends)


def last_day(row: AreaRow, calendar: Calendar) -> str:
    """Last day of an area, in the form of a date field; empty if it has none."""
    ends = row.valid_until_utc_us
    return "" if ends is None else f"{calendar.local(ends - 1):%Y-%m-%d}"


def form_of(row: AreaRow, calendar: Calendar) -> AreaForm:
    """The form with what an area has now."""
    return AreaForm(
        name=row.name,
        level=row.level,
        parent=str(row.parent_id or ""),
        from_day=f"{calendar.local(row.valid_from_utc_us):%Y-%m-%d}",
        until=last_day(row, calendar),
    )
