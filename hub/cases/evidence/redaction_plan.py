"""Redaction plans: boxes drawn by hand at some moments, interpolated between them."""

from itertools import pairwise
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

MOST_AREAS: Final = 200
MOST_BOXES: Final = 2000
MOST_PLAN_BYTES: Final = 4 * 2**20

Share = Annotated[float, Field(ge=0, le=1)]
"""Share of the picture's width or height, from its upper left corner."""
Area = tuple[float, float, float, float]
"""Values x0, y0, x1, y1 as shares of the picture."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DrawnBox(_Part):
    """One box drawn by hand."""

    at_s: Annotated[float, Field(ge=0, le=86_400)]
    """Seconds after the first frame."""
    x0: Share
    y0: Share
    x1: Share
    y1: Share

    @model_validator(mode="after")
    def _has_an_inside(self) -> "DrawnBox":
        if self.x0 >= self.x1 or self.y0 >= self.y1:
            raise ValueError("a box has x0 < x1 and y0 < y1")
        return self

    @property
    def area(self) -> Area:
        """The box as an area."""
        return self.x0, self.y0, self.x1, self.y1


class HiddenObject(_Part):
    """One hidden object: one box for the whole clip, or a box that follows it."""

    boxes: Annotated[tuple[DrawnBox, ...], Field(min_length=1, max_length=MOST_BOXES)]

    @model_validator(mode="after")
    def _goes_forward(self) -> "HiddenObject":
        moments = [one.at_s for one in self.boxes]
        if any(b <= a for a, b in pairwise(moments)):
            raise ValueError("its boxes follow one another in time")
        return self

    def at(self, moment_s: float) -> Area | None:
        """Box at this moment, interpolated; None before the first box and after the last.

        A single box is there all the time.
        """
        first, last = self.boxes[0], self.boxes[-1]
        if first is last:
            return first.area
        if not first.at_s <= moment_s <= last.at_s:
            return None
        for a, b in pairwise(self.boxes):
            if moment_s <= b.at_s:
                way = (moment_s - a.at_s) / (b.at_s - a.at_s)
                x0, y0, x1, y1 = (p + (q - p) * way for p, q in zip(a.area, b.area, strict=True))
                return x0, y0, x1, y1
        return last.area


class RedactionPlan(_Part):
    """All hidden objects of one clip or picture."""

    media_id: UUID
    areas: Annotated[tuple[HiddenObject, ...], Field(min_length=1, max_length=MOST_AREAS)]

    def at(self, moment_s: float, slack_s: float = 0.0) -> list[Area]:
        """Boxes hidden at this moment or within `slack_s` of it: a frame may be shown for a
        while."""
        moments = {max(0.0, moment_s - slack_s), moment_s, moment_s + slack_s}
        return [area for one in self.areas for at in moments if (area := one.at(at)) is not None]


def read_plan(content: bytes) -> RedactionPlan:
    """Parse a plan from JSON; ValueError names the fault in one line."""
    if len(content) > MOST_PLAN_BYTES:
        raise ValueError(f"{len(content)} bytes are too many for a plan of what is hidden")
    try:
        return RedactionPlan.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the plan"
        raise ValueError(f"{where}: {first['msg']}") from error
