"""What a search for sightings asked, as a detail of the log, and its texts."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from hub.base.audit.detail import Detail
from hub.registry.shapes import Circle, Point, Ring, Shape, Street
from hub.search.chip_wording import colour_words
from hub.search.find_form import way_words
from hub.search.rules.description import Described
from hub.search.scope import SearchPlace
from hub.search.sighting_queries import SightingSearch
from hub.web.calendar import Calendar
from hub.web.compass import compass_words
from hub.web.feature import ValueWording
from hub.web.i18n import Messages

CAMERAS_TOLD: Final = 20


def asked_detail(wanted: SightingSearch, said: str, found: int) -> Detail:
    """Every condition that narrows the search, the typed sentence and the number of sightings."""
    if said:
        return Detail("search.typed", *_conditions(wanted), typed=said, n=found)
    return Detail("search.sightings", *_conditions(wanted), n=found)


def _conditions(wanted: SightingSearch) -> Iterator[Detail]:
    yield Detail("asked.time", at=wanted.from_utc_us, at2=wanted.until_utc_us)
    yield from _place(wanted)
    if wanted.people_from > 1:
        yield Detail("asked.people_from", n=wanted.people_from)
    if wanted.height_from > 0:
        yield Detail("asked.height_from", share=f"{wanted.height_from:.0%}")
    yield from _described(wanted.described)
    yield from _ways(wanted)
    if wanted.windows:
        (begin, _), (_, end) = wanted.windows[-1], wanted.windows[0]
        yield Detail("asked.in_parts", n=len(wanted.windows))
        yield Detail("asked.time", at=begin, at2=end)
    if wanted.only_with_clip:
        yield Detail("asked.with_clip")
    if wanted.only_alerts:
        yield Detail("asked.in_alerts")
    if wanted.before is not None:
        yield Detail("asked.before", at=wanted.before[0])


def _place(place: SearchPlace) -> Iterator[Detail]:
    if place.camera_ids:
        told = " ".join(str(one) for one in islice(place.camera_ids, CAMERAS_TOLD))
        yield Detail("asked.cameras", ids=told)
    if place.area_id is not None:
        yield Detail("asked.area", id=place.area_id)
    if place.named:
        yield Detail("asked.named", name=place.named)
    for spot in place.spots:
        yield Detail("asked.near" if spot.is_near else "asked.at", spot=spot.key)
    if place.near is not None:
        yield _shape(place.near)


def _shape(shape: Shape) -> Detail:
    match shape:
        case Circle(latitude_deg, longitude_deg, radius_m):
            point = f"{latitude_deg:.5f} {longitude_deg:.5f}"
            return Detail("asked.round", n=f"{radius_m:.0f}", point=point)
        case Street(points, reach_m):
            return Detail("asked.along", n=f"{reach_m:.0f}", points=_points(points))
        case Ring(points):
            return Detail("asked.inside", points=_points(points))


def _points(points: tuple[Point, ...]) -> str:
    return "; ".join(f"{one.latitude_deg:.5f} {one.longitude_deg:.5f}" for one in points)


def _described(wanted: Described) -> Iterator[Detail]:
    for colours in wanted.upper:
        yield Detail("asked.upper", colours=_any_of(colours))
    for colours in wanted.lower:
        yield Detail("asked.lower", colours=_any_of(colours))
    for colours in wanted.clothes:
        yield Detail("asked.clothes", colours=_any_of(colours))
    for colours in wanted.transport_colours:
        yield Detail("asked.vehicle_colours", colours=_any_of(colours))
    if wanted.transport:
        yield Detail("asked.vehicles", vehicles=_any_of(wanted.transport))
    if wanted.people is not None:
        least, most = wanted.people
        if least == most:
            yield Detail("asked.people", n=least)
        else:
            yield Detail("asked.people_between", n=least, m=most)
    if wanted.height_cm is not None:
        yield Detail("asked.height_cm", n=wanted.height_cm[0], m=wanted.height_cm[1])
    if wanted.speed is not None:
        yield Detail("asked.speed", speed=wanted.speed)


def _any_of(words: frozenset[str]) -> str:
    return " ".join(sorted(words))


def _ways(wanted: SightingSearch) -> Iterator[Detail]:
    if wanted.way is not None:
        yield Detail("asked.way", way=wanted.way)
    if wanted.rode is not None:
        yield Detail("asked.riding" if wanted.rode else "asked.on_foot")
    if wanted.compass is not None:
        yield Detail("asked.compass", compass=wanted.compass)
    if wanted.towards:
        yield Detail("asked.towards", places=_points(wanted.towards))
    if wanted.towards_places:
        told = " ".join(str(one) for one in wanted.towards_places)
        yield Detail("asked.towards", places=told)


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of a search in the audit log, by code."""
    say = words.say
    return {
        "search.sightings": say("%(parts)s: %(n)s sightings"),
        "search.typed": say("%(typed)s: %(parts)s: %(n)s sightings"),
        "asked.time": say("%(at)s to %(at2)s"),
        "asked.cameras": say("cameras %(ids)s"),
        "asked.area": say("area %(id)s"),
        "asked.named": say("named %(name)s"),
        "asked.near": say("near %(spot)s"),
        "asked.at": say("at %(spot)s"),
        "asked.round": say("%(n)s m round %(point)s"),
        "asked.along": say("%(n)s m along %(points)s"),
        "asked.inside": say("inside %(points)s"),
        "asked.people_from": say("%(n)s people or more"),
        "asked.height_from": say("%(share)s of the picture or taller"),
        "asked.upper": say("upper clothing %(colours)s"),
        "asked.lower": say("lower clothing %(colours)s"),
        "asked.clothes": say("clothing %(colours)s"),
        "asked.vehicle_colours": say("vehicle %(colours)s"),
        "asked.vehicles": say("on a %(vehicles)s"),
        "asked.people": say("%(n)s people"),
        "asked.people_between": say("%(n)s to %(m)s people"),
        "asked.height_cm": say("%(n)s to %(m)s cm tall"),
        "asked.speed": "%(speed)s",
        "asked.way": say("going %(way)s"),
        "asked.riding": say("riding"),
        "asked.on_foot": say("on foot"),
        "asked.towards": say("leaving towards %(places)s"),
        "asked.compass": say("leaving %(compass)s"),
        "asked.in_parts": say("in %(n)s parts of it"),
        "asked.with_clip": say("with a clip"),
        "asked.in_alerts": say("in alerts"),
        "asked.before": say("before %(at)s"),
    }


def _colours(value: str, calendar: Calendar) -> str:
    names = {str(one): word for one, word in colour_words(calendar.words).items()}
    return "/".join(names[one] for one in value.split())


def _vehicles(value: str, calendar: Calendar) -> str:
    say = calendar.words.say
    names = {"motorbike": say("motorbike"), "bicycle": say("bicycle"), "foot": say("on foot")}
    return "/".join(names[one] for one in value.split())


def _speed(value: str, calendar: Calendar) -> str:
    say = calendar.words.say
    return {"standing": say("standing"), "walking": say("walking"), "fast": say("fast")}[value]


def _way(value: str, calendar: Calendar) -> str:
    return {str(one): word for one, word in way_words(calendar.words).items()}[value]


DETAIL_VALUES: Final[Mapping[str, ValueWording]] = {
    "colours": _colours,
    "compass": lambda value, calendar: compass_words(calendar.words)[value],
    "speed": _speed,
    "vehicles": _vehicles,
    "way": _way,
}
