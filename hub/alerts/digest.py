"""A month of the log in numbers: per person and per camera, so that one sees who looks much.

Counted is what was looked at, searched, taken away and changed; a list that refreshes itself, pages
of settings and the life of a session are not: they would drown the rest.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID


class Act(StrEnum):
    """What a line of the log counts as."""

    LOOK = "look"
    """An alert, a picture, a clip, sound or what a camera shows now was opened or asked for."""
    SEARCH = "search"
    ANSWER = "answer"
    """An alert was taken, closed, handed over."""
    EXPORT = "export"
    CHANGE = "change"
    """A grant, rule, hold, account, area or box."""
    REFUSED = "refused"


REFUSED: Final = ".refused"
_LOOKS: Final = (
    "alert.open",
    "media.open",
    "media.copy",
    "media.ask",
    "clip.",
    "span.",
    "live.",
    "aim.",
    "sound.",
    "camera.open",
)
_COUNTED: Final[tuple[tuple[Act, tuple[str, ...]], ...]] = (
    (Act.LOOK, _LOOKS),
    (Act.SEARCH, ("search.",)),
    (Act.EXPORT, ("evidence.export", "case.export")),
    (Act.ANSWER, ("alert.",)),
)
"""How acts begin; the first that fits counts."""
_PASSED_OVER: Final = ("session.", "inbox.", "changes.", "log.", "hub.", "node.birth", "papers.")
_GLANCES: Final = ("alert.glance", "media.store", "live.end", "aim.end")


def act_of(said: str) -> Act | None:
    """What a line's act counts as; None where it is passed over."""
    plain = said.removesuffix(REFUSED)
    if plain.startswith(_PASSED_OVER) or plain in _GLANCES:
        return None
    if plain != said:
        return Act.REFUSED
    for act, begins in _COUNTED:
        if plain.startswith(begins):
            return act
    return None if plain.endswith((".open", ".try")) else Act.CHANGE


@dataclass(frozen=True, slots=True)
class Tally:
    """So many lines of that act, by that person, about that camera (None: about none)."""

    person_id: UUID | None
    camera_id: UUID | None
    act: str
    count: int


@dataclass(frozen=True, slots=True)
class PersonMonth:
    """What one person did."""

    person_id: UUID | None
    """None: the hub itself, or its keeper's shell."""
    name: str
    role: str
    counts: Mapping[Act, int]
    cameras: int
    """How many different ones they looked at."""


@dataclass(frozen=True, slots=True)
class CameraMonth:
    """What was done about one camera."""

    camera_id: UUID
    label: str
    counts: Mapping[Act, int]
    people: int
    """By how many different ones it was looked at."""


@dataclass(frozen=True, slots=True)
class Digest:
    """Who looked most comes first, in both."""

    people: tuple[PersonMonth, ...]
    cameras: tuple[CameraMonth, ...]


def digest(
    tallies: Iterable[Tally],
    people: Mapping[UUID, tuple[str, str]],
    cameras: Mapping[UUID, str],
) -> Digest:
    """Of a month's tallies; `people` has name and role, `cameras` labels.

    Who did nothing that counts has a line all the same: that nobody looked is worth knowing.
    """
    by_person: dict[UUID | None, Counter[Act]] = {one: Counter() for one in people}
    by_camera: dict[UUID, Counter[Act]] = {one: Counter() for one in cameras}
    looked: set[tuple[UUID | None, UUID]] = set()
    for tally in tallies:
        act = act_of(tally.act)
        if act is None:
            continue
        by_person.setdefault(tally.person_id, Counter())[act] += tally.count
        if tally.camera_id is not None and tally.camera_id in by_camera:
            by_camera[tally.camera_id][act] += tally.count
            if act is Act.LOOK:
                looked.add((tally.person_id, tally.camera_id))
    seen_by = Counter(person for person, _ in looked)
    seen_of = Counter(camera for _, camera in looked)
    return Digest(
        people=tuple(
            sorted(
                (
                    PersonMonth(one, *people.get(one, ("", "")), counts, seen_by[one])
                    if one is not None
                    else PersonMonth(None, "", "", counts, seen_by[None])
                    for one, counts in by_person.items()
                ),
                key=lambda line: (-_weight(line.counts), line.name),
            )
        ),
        cameras=tuple(
            sorted(
                (
                    CameraMonth(one, cameras[one], counts, seen_of[one])
                    for one, counts in by_camera.items()
                ),
                key=lambda line: (-_weight(line.counts), line.label),
            )
        ),
    )


def _weight(counts: Mapping[Act, int]) -> int:
    return counts.get(Act.LOOK, 0) + counts.get(Act.SEARCH, 0) + counts.get(Act.EXPORT, 0)
