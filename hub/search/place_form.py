"""Search areas from a form: circle, street, or polygon drawn by hand."""

import re
from typing import Final, Literal

from hub.registry.shapes import Circle, Point, Ring, Shape, Street, crossing
from hub.web.i18n import Messages

MOST_POINTS: Final = 40
LEAST_M: Final = 5
MOST_M: Final = 50_000

How = Literal["round", "along", "within"]
HOWS: Final[tuple[How, ...]] = ("round", "along", "within")
_NEEDED: Final[dict[How, int]] = {"round": 1, "along": 2, "within": 3}

_POINT: Final = re.compile(r"(-?\d{1,3}(?:\.\d{1,12})?)\s*[,\s]\s*(-?\d{1,3}(?:\.\d{1,12})?)")

Why = Literal["points", "degrees", "turned", "few", "many", "metres", "crosses"]


class ShapeFaultError(ValueError):
    """The shape is invalid; `told` names the line, the two sides, or the number."""

    def __init__(self, why: Why, **told: int) -> None:
        super().__init__(why)
        self.why: Why = why
        self.told = told


def shape_said(how: str, points: str, metres: str) -> Shape | None:
    """The shape in the form; None without points. A point is `11.53245, 106.62345`, one per line or
    separated by `;`; `metres` is the radius, or the margin on both sides. Raises ShapeFaultError.
    """
    found = _points(points)
    if not found:
        return None
    if len(found) > MOST_POINTS:
        raise ShapeFaultError("many", n=MOST_POINTS)
    kind: How = next((one for one in HOWS if one == how), "round")
    if kind == "within":  # a corner that was tapped twice, or the first one again at the end
        found = tuple(one for at, one in enumerate(found) if one != found[at - 1])
    if len(found) < _NEEDED[kind]:
        raise ShapeFaultError("few", n=_NEEDED[kind])
    match kind:
        case "within":
            sides = crossing(found)
            if sides is not None:
                raise ShapeFaultError("crosses", one=sides[0], other=sides[1])
            return Ring(found)
        case "along":
            return Street(found, _metres(metres))
        case "round":
            if len(found) > 1:
                raise ShapeFaultError("many", n=MOST_POINTS)
            return Circle(found[0].latitude_deg, found[0].longitude_deg, _metres(metres))


def how_word(how: How, words: Messages) -> str:
    """Name of a kind of shape, as offered by the form."""
    said: dict[How, str] = {
        "round": words.say("round one point"),
        "along": words.say("along a line, as a street"),
        "within": words.say("inside a shape"),
    }
    return said[how]


def fault_sentence(fault: ShapeFaultError, words: Messages) -> str:
    """The fault and the cure."""
    said: dict[Why, str] = {
        "points": words.say(
            "Line %(line)d is no point: write latitude, longitude as 11.53245, 106.62345."
        ),
        "degrees": words.say(
            "Point %(line)d is not on the Earth: latitude is −90 to 90, longitude −180 to 180."
        ),
        "turned": words.say(
            "Point %(line)d seems turned round: latitude comes first, as 11.53245, 106.62345."
        ),
        "few": words.say("Too few points: it takes %(n)d or more."),
        "many": words.say("Too many points: round a point takes one, a line or shape up to %(n)d."),
        "metres": words.say("The distance is a number of metres from %(least)d to %(most)d."),
        "crosses": words.say(
            "The shape crosses itself: the side after point %(one)d meets the side after point"
            " %(other)d. Give its corners in the order in which one walks round it."
        ),
    }
    return said[fault.why] % fault.told


def _points(said: str) -> tuple[Point, ...]:
    lines = [line.strip() for line in re.split(r"[\n;]", said)]
    found: list[Point] = []
    for number, line in enumerate((line for line in lines if line), start=1):
        match = _POINT.fullmatch(line)
        if match is None:
            raise ShapeFaultError("points", line=number)
        latitude_deg, longitude_deg = (float(one) for one in match.groups())
        if abs(latitude_deg) > 90 and abs(longitude_deg) <= 90 and abs(latitude_deg) <= 180:
            raise ShapeFaultError("turned", line=number)
        if abs(latitude_deg) > 90 or abs(longitude_deg) > 180:
            raise ShapeFaultError("degrees", line=number)
        found.append(Point(latitude_deg, longitude_deg))
    return tuple(found)


def _metres(said: str) -> float:
    if not re.fullmatch(r"\d{1,6}", said.strip()) or not LEAST_M <= int(said) <= MOST_M:
        raise ShapeFaultError("metres", least=LEAST_M, most=MOST_M)
    return float(said)
