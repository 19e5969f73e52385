"""Monthly summary of the access log per person and per camera, to show heavy use.

Views, searches, exports and changes count. Automatic page refreshes, settings pages and session
events do not; they would hide the rest.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from hub.base.text.order import by_name


class Act(StrEnum):
    """Category of a log line."""

    LOOK = "look"
    """Opening or requesting an alert, a picture, a clip, sound, a live view or a camera's page."""
    SEARCH = "search"
    ANSWER = "answer"
    """Taking, closing or handing over an alert."""
    EXPORT = "export"
    CHANGE = "change"
    """Changing a grant, rule, hold, account, area or node."""
    REFUSED = "refused"


REFUSED: Final = ".refused"
PICTURES: Final = (
    "clip.",
    "span.",
    "live.",
    "aim.",
    "sound.",
    "camera.open",
    "explanation.",
    "given.open",
    "tip.picture",
    "tip.original",
)
"""Prefixes of act ids that are all looks at pictures, or listening."""
EXPORTS: Final = ("evidence.export", "case.export")
_LOOKS: Final = ("alert.open", "media.open", "media.copy", "media.ask", *PICTURES)
_COUNTED: Final[tuple[tuple[Act, tuple[str, ...]], ...]] = (
    (Act.LOOK, _LOOKS),
    (Act.SEARCH, ("search.",)),
    (Act.EXPORT, EXPORTS),
    (Act.ANSWER, ("alert.",)),
)
"""Prefixes of act ids by category; the first match counts."""
_PASSED_OVER: Final = ("session.", "inbox.", "changes.", "log.", "hub.", "node.birth", "papers.")
_GLANCES: Final = ("alert.glance", "cameras.glance", "media.store", "live.end", "aim.end")


def act_of(said: str) -> Act | None:
    """Category of an act id; None if it does not count."""
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
    """Number of lines of one act by one person about one camera (None: no camera)."""

    person_id: UUID | None
    camera_id: UUID | None
    act: str
    count: int


@dataclass(frozen=True, slots=True)
class PersonMonth:
    """Acts of one person in the month."""

    person_id: UUID | None
    """None: the hub itself, or its command line."""
    name: str
    role: str
    counts: Mapping[Act, int]
    cameras: int
    """Number of different cameras viewed."""


@dataclass(frozen=True, slots=True)
class CameraMonth:
    """Acts about one camera in the month."""

    camera_id: UUID
    label: str
    counts: Mapping[Act, int]
    people: int
    """Number of different people who viewed it."""


@dataclass(frozen=True, slots=True)
class LogDigest:
    """Both lists start with the largest number of views."""

    people: tuple[PersonMonth, ...]
    cameras: tuple[CameraMonth, ...]


def digest(
    tallies: Iterable[Tally],
    people: Mapping[UUID, tuple[str, str]],
    cameras: Mapping[UUID, str],
) -> LogDigest:
    """Summarise the tallies of a month; `people` has name and role, `cameras` has labels.

    People without any counted act have a row too: no views is also information.
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
    return LogDigest(
        people=tuple(
            sorted(
                (
                    PersonMonth(one, *people.get(one, ("", "")), counts, seen_by[one])
                    if one is not None
                    else PersonMonth(None, "", "", counts, seen_by[None])
                    for one, counts in by_person.items()
                ),
                key=lambda line: (-_weight(line.counts), by_name(line.name)),
            )
        ),
        cameras=tuple(
            sorted(
                (
                    CameraMonth(one, cameras[one], counts, seen_of[one])
                    for one, counts in by_camera.items()
                ),
                key=lambda line: (-_weight(line.counts), by_name(line.label)),
            )
        ),
    )


def _weight(counts: Mapping[Act, int]) -> int:
    return counts.get(Act.LOOK, 0) + counts.get(Act.SEARCH, 0) + counts.get(Act.EXPORT, 0)
