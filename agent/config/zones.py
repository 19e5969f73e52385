"""Keys of a camera's zones and lines, and their rules."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from agent.config.hours import HourTexts, hours
from agent.config.outlines import is_point, outline
from agent.config.section import Name
from agent.vision.geometry import Point
from agent.vision.rules.places import WHOLE_PICTURE, Line, LineSide, Zone
from agent.wire.terms import Label
from toml_settings import Section


def _outline(value: Any) -> Any:
    return () if value in ((), []) else outline(value).corners


def _point(value: Any) -> Point:
    if not is_point(value) or not all(0 <= part <= 1 for part in value):
        raise ValueError("a point is [x, y], both from 0 to 1")
    return float(value[0]), float(value[1])


_Outline = Annotated[tuple[Point, ...], BeforeValidator(_outline)]
_Point = Annotated[Point, BeforeValidator(_point)]


_LABEL: Final = (
    "The name that officers read, in any letters, such as `Sân sau`; at most 60 characters. "
    "Empty: `name`."
)


class ZoneSection(Section):
    """A part of a camera's picture, and the rules for people in it."""

    name: Name = Field(description="Its lasting name: a-z, 0-9 and inner hyphens.")
    label: Label = Field("", description=_LABEL)
    outline: _Outline = Field(
        (), description="One outline as in `ignored`. Empty: the whole picture."
    )
    entry: bool = Field(False, description="Report everybody who is inside.")
    loiter_s: float = Field(
        0.0, ge=0, le=86_400, description="Report a person who stays this many seconds. 0: never."
    )
    group: int = Field(
        0, ge=0, le=1000, description="Report this many people inside at once. 0: never."
    )
    closed_hours: HourTexts = Field(
        (),
        description="Report everybody who is inside at these hours, such as `22:00-05:00`, "
        "in local time. Silent without a trusted clock.",
    )

    @model_validator(mode="after")
    def _tells_something(self) -> Self:
        if not (self.entry or self.loiter_s or self.group or self.closed_hours):
            raise ValueError(
                f"zone {self.name} has no rule: give it entry, loiter_s, group or closed_hours"
            )
        return self

    def place(self) -> Zone:
        """The zone in the form of vision."""
        return Zone(
            name=self.name,
            outline=outline([list(corner) for corner in self.outline])
            if self.outline
            else WHOLE_PICTURE,
            tells_entry=self.entry,
            loiter_s=self.loiter_s or None,
            group=self.group or None,
            closed=hours(self.closed_hours),
        )


class LineSection(Section):
    """A line in a camera's picture; crossings are reported."""

    name: Name = Field(description="Its lasting name: a-z, 0-9 and inner hyphens.")
    label: Label = Field("", description=_LABEL)
    start: _Point = Field(description="The start of the line, `[x, y]`.")
    end: _Point = Field(description="The end of the line.")
    towards: Literal["both", "left", "right"] = Field(
        "both",
        description="Report only crossings to this side, seen from start to end.",
    )

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if self.start == self.end:
            raise ValueError(f"line {self.name} ends where it begins: give it two points")
        return self

    def place(self) -> Line:
        """The line in the form of vision."""
        towards = None if self.towards == "both" else LineSide(self.towards)
        return Line(name=self.name, start=self.start, end=self.end, towards=towards)
