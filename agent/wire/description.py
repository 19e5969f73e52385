"""Description of a sighting in words: colours, vehicle, number, height, speed.

Only words from short lists and one height. Nothing here tells two people with the same clothes
apart, and `tests/house/test_never.py` keeps it so.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from agent.wire.terms import Fraction, Words

ColourName = Literal[
    "black",
    "white",
    "grey",
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
]
TransportName = Literal["foot", "bicycle", "motorbike"]
SpeedName = Literal["standing", "walking", "fast"]


class ColourWords(Words):
    """A colour by name, with its confidence."""

    colour: ColourName
    confidence: Fraction


Colours = Annotated[tuple[ColourWords, ...], Field(max_length=2)]
"""Best first."""


def _is_nothing(value: Any) -> bool:
    return value is None or value == ()


class DescriptionWords(Words):
    """Description of a person by the best views of a sighting. Anything unsure is left out."""

    upper: Colours = Field(default=(), exclude_if=_is_nothing)
    """Upper clothing. Left out if unsure, and in a picture without colour (infrared)."""
    lower: Colours = Field(default=(), exclude_if=_is_nothing)
    """Lower clothing, in the same way."""
    transport: TransportName | None = Field(default=None, exclude_if=_is_nothing)
    transport_colour: Colours = Field(default=(), exclude_if=_is_nothing)
    """Colour of the vehicle."""
    people: Annotated[int, Field(ge=1, le=20)] | None = Field(default=None, exclude_if=_is_nothing)
    """Number of people in this sighting's group, or on this vehicle."""
    height_m: Annotated[float, Field(ge=0.5, le=2.5)] | None = Field(
        default=None, exclude_if=_is_nothing
    )
    """Height of the person in metres; only from a camera with known mast height and horizon."""
    speed: SpeedName | None = Field(default=None, exclude_if=_is_nothing)
