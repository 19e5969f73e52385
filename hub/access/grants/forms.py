"""The form of a grant."""

from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from hub.access.grants.faults import GrantError, GrantFault
from hub.access.grants.views import NewGrant
from hub.access.rules.grants import Grant, Right
from hub.web.forms import TypedForm, midnight_utc_us


class GrantForm(TypedForm):
    """A new grant."""

    person: str = ""
    place: str = ""
    """`area:ID` or `camera:ID`."""
    right: tuple[str, ...] = ()
    """Names of rights in small letters; none are the usual ones of the role."""
    from_day: Annotated[str, Field(alias="from")] = ""
    until: str = ""
    history: str = ""
    """First day of the footage that may be seen."""
    reason: str = ""
    with_mine: bool = False
    """Ends with the giver's own grant."""

    def grant(self, zone: ZoneInfo, now_utc_us: int) -> NewGrant:
        """The grant, from now on at the earliest; raises GrantError."""
        starts = _midnight(self.from_day, zone)
        return NewGrant(
            person_id=_key(self.person, GrantFault.PERSON),
            grant=Grant(
                *self._place(),
                self._rights(),
                starts_utc_us=now_utc_us if starts is None else max(starts, now_utc_us),
                ends_utc_us=_midnight(self.until, zone, days_later=1),
                history_from_utc_us=_midnight(self.history, zone),
            ),
            reason=self.reason,
            ends_with_mine=self.with_mine,
        )

    def _place(self) -> tuple[UUID | None, UUID | None]:
        kind, _, key = self.place.partition(":")
        if kind not in ("area", "camera"):
            raise GrantError(GrantFault.PLACE)
        place = _key(key, GrantFault.PLACE)
        return (place, None) if kind == "area" else (None, place)

    def _rights(self) -> Right:
        rights = Right(0)
        for name in self.right:
            if name.upper() not in Right.__members__:
                raise GrantError(GrantFault.RIGHTS)
            rights |= Right[name.upper()]
        return rights


def _key(text: str, fault: GrantFault) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise GrantError(fault) from error


def _midnight(text: str, zone: ZoneInfo, *, days_later: int = 0) -> int | None:
    try:
        return midnight_utc_us(text, zone, days_later=days_later)
    except ValueError as error:
        raise GrantError(GrantFault.DAY) from error
