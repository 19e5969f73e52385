"""The forms of holds and retention rules."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from hub.footage.retention.rules import FootageClass
from hub.footage.retention.views import NewHold, NewRetentionRule
from hub.web.calendar import Calendar
from hub.web.forms import TypedForm


class HoldForm(TypedForm):
    """A new hold: on the footage of an alert, or on a span of a camera."""

    case: str = ""
    reason: str = ""
    alert: UUID | None = None
    camera: UUID | None = None
    from_day: str = ""
    since: str = "00:00"
    until_day: str = ""
    """Without it the hold has no end."""
    until: str = "23:59"

    def hold(self, calendar: Calendar) -> NewHold:
        """The hold; ValueError if a time of its span is invalid."""
        if self.alert is not None:
            return NewHold(self.case, self.reason, alert_id=self.alert)
        ends = self.until_day and calendar.typed_end(self.until_day, self.until or "23:59")
        return NewHold(
            self.case,
            self.reason,
            camera_id=self.camera,
            from_utc_us=utc_us_of(self.from_day, self.since or "00:00", calendar),
            until_utc_us=round(ends.timestamp() * 1e6) if ends else None,
        )


class EndedRuleForm(TypedForm):
    """A retention rule that ends."""

    area: UUID
    footage_class: FootageClass
    reason: Annotated[str, Field(max_length=500)] = ""


class RetentionRuleForm(TypedForm):
    """A new retention rule."""

    area: UUID
    footage_class: FootageClass
    days: Annotated[str, Field(max_length=10)] = ""
    """Empty: for good."""
    reason: Annotated[str, Field(max_length=500)] = ""

    def rule(self) -> NewRetentionRule:
        """The rule; ValueError if the days are no number."""
        keep_days = int(self.days) if self.days else None
        return NewRetentionRule(self.area, self.footage_class, keep_days, self.reason)


def utc_us_of(day: str, clock: str, calendar: Calendar) -> int:
    """`2026-11-25`, `02:10` in local time; ValueError if invalid."""
    return int(calendar.typed(day, clock).timestamp()) * 1_000_000
