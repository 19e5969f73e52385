"""The form of an alert rule."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from hub.alerting.oncall.forms import day_of, minute_of
from hub.alerting.routing.rules import RuleFault, RuleRecipients, Urgency, Window
from hub.alerting.routing.service import RuleError
from hub.alerting.routing.views import NewAlertRule
from hub.web.forms import TypedForm

EVERY_DAY: Final = tuple("0123456")


class RuleForm(TypedForm):
    """A new rule."""

    act: str = ""
    """`save` stores it; anything else tries it on last week."""
    place: str = ""
    """`area:ID` or `camera:ID`."""
    kind: str = ""
    zone: str = ""
    day: tuple[str, ...] = ()
    """Weekdays, `0` is Monday."""
    starts: str = ""
    ends: str = ""
    from_day: Annotated[str, Field(alias="from")] = ""
    until: str = ""
    tells: str = ""
    """`everybody`, `nobody` or `team:ID`."""
    wait_s: str = ""
    urgency: str = ""
    reason: str = ""

    def rule(self) -> NewAlertRule:
        """The rule; raises RuleError, or OnCallError for a time or date."""
        kind, _, key = self.place.partition(":")
        place = _key(key, RuleFault.PLACE)
        tells, _, team = self.tells.partition(":")
        return NewAlertRule(
            area_id=place if kind == "area" else None,
            camera_id=place if kind == "camera" else None,
            kind=self.kind or None,
            zone=self.zone or None,
            window=Window(
                frozenset(self._days()),
                minute_of(self.starts) if self.starts else 0,
                minute_of(self.ends) if self.ends else 0,
                day_of(self.from_day) if self.from_day else None,
                day_of(self.until) if self.until else None,
            ),
            tells=tells or RuleRecipients.EVERYBODY,
            team_id=_key(team, RuleFault.TEAM) if team else None,
            wait_s=_number(self.wait_s or "60"),
            urgency=self.urgency or Urgency.AS_IS,
            reason=self.reason,
        )

    def _days(self) -> list[int]:
        if any(day not in EVERY_DAY for day in self.day):
            raise RuleError(RuleFault.DAYS)
        return [int(day) for day in self.day]


def _key(text: str, fault: RuleFault) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise RuleError(fault) from error


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 6:
        raise RuleError(RuleFault.WAIT)
    return int(text)
