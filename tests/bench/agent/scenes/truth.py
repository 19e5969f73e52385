"""Reads a truth file: the persons of a recording, with their times and places."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

Side = Literal[
    "left", "right", "top", "bottom", "behind something", "present at start", "present at end"
]


class TruthError(Exception):
    """The truth file is incomplete or wrong; the message names the place."""


@dataclass(frozen=True)
class Crossing:
    """The first or the last frame in which any part of a body shows."""

    frame: int
    """Counted from 1."""
    side: Side
    within: int
    """The possible error of `frame` in frames, either way."""


@dataclass(frozen=True)
class Place:
    """A body's place in one frame, in pixels from the top left of the picture."""

    frame: int
    x_center_px: float
    y_feet_px: float
    height_px: float
    """Height from the hair to the lower shoe."""


@dataclass(frozen=True)
class Person:
    """One stay of one body in the picture."""

    id: str
    looks: str
    enters: Crossing
    leaves: Crossing
    places: tuple[Place, ...]
    """In order of frames; only the frames that were labelled by hand."""
    covered: tuple[tuple[int, int], ...]
    """Spans of frames, both ends included, in which a third of the body or more is hidden."""
    same_as: str | None
    """The id of an earlier stay that is probably the same body."""
    far: bool
    """On the far lawn, where a body is about 30 to 40 pixels high."""
    unsure: str

    def is_present(self, frame: int) -> bool:
        """Whether any part of the body shows, as far as visible to the labeller."""
        return self.enters.frame <= frame <= self.leaves.frame

    def is_covered(self, frame: int) -> bool:
        return any(first <= frame <= last for first, last in self.covered)

    def place_at(self, frame: int) -> Place | None:
        """The place in `frame`, interpolated between the stated ones.

        None before the first and after the last stated place: there the edge of the picture cuts
        the body, and the file states no place.
        """
        if not self.places[0].frame <= frame <= self.places[-1].frame:
            return None
        before = max((p for p in self.places if p.frame <= frame), key=lambda p: p.frame)
        after = min((p for p in self.places if p.frame >= frame), key=lambda p: p.frame)
        return _between(before, after, frame)


@dataclass(frozen=True)
class Truth:
    """All persons of the labelled frames of one recording."""

    recording: str
    recording_sha256: str
    width_px: int
    height_px: int
    frames_per_s: int
    first_frame: int
    last_frame: int
    """The last labelled frame; the recording may go on."""
    persons: tuple[Person, ...]

    def person(self, person_id: str) -> Person:
        """The stay called `person_id`; KeyError if there is none."""
        for person in self.persons:
            if person.id == person_id:
                return person
        raise KeyError(person_id)


def load(path: Path) -> Truth:
    """The truth in the file at `path`; TruthError if an entry is missing, misspelt or misshapen."""
    with path.open("rb") as file:
        try:
            table = tomllib.load(file)
        except tomllib.TOMLDecodeError as error:
            raise TruthError(f"{path.name}: {error}") from error
    rows = table.pop("person", [])
    persons = tuple(_person(row, f"{path.name}, person {n}") for n, row in enumerate(rows, 1))
    try:
        return Truth(persons=persons, **table)
    except TypeError as error:
        raise TruthError(f"{path.name}: {error}") from error


def _person(row: dict[str, Any], where: str) -> Person:
    try:
        person = Person(
            id=row.pop("id"),
            looks=row.pop("looks"),
            enters=_crossing(row.pop("enters"), where),
            leaves=_crossing(row.pop("leaves"), where),
            places=tuple(Place(*numbers) for numbers in row.pop("at")),
            covered=tuple((first, last) for first, last in row.pop("covered", [])),
            same_as=row.pop("same_as", None),
            far=row.pop("far", False),
            unsure=row.pop("unsure", "").strip(),
        )
    except KeyError as error:
        raise TruthError(f"{where}: {error} is missing") from error
    except (TypeError, ValueError) as error:
        raise TruthError(f"{where}: {error}") from error
    if row:
        raise TruthError(f"{where}: unknown {', '.join(row)}")
    if not person.places:
        raise TruthError(f"{where}: no place is stated")
    return person


def _crossing(row: dict[str, Any], where: str) -> Crossing:
    crossing = Crossing(**row)
    if crossing.side not in get_args(Side):
        raise TruthError(f"{where}: {crossing.side!r} is no side; one of {get_args(Side)}")
    return crossing


def _between(before: Place, after: Place, frame: int) -> Place:
    span = after.frame - before.frame
    share = (frame - before.frame) / span if span else 0.0

    def mix(start: float, end: float) -> float:
        return start + share * (end - start)

    return Place(
        frame=frame,
        x_center_px=mix(before.x_center_px, after.x_center_px),
        y_feet_px=mix(before.y_feet_px, after.y_feet_px),
        height_px=mix(before.height_px, after.height_px),
    )
