"""What the other processes of a hub watch live, and the messages by which they say so.

A page may be answered by one process, and the picture of its camera be received by another. So
each says which cameras it watches, and passes on pictures that others watch.
"""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

Place = tuple[str, str]
"""A camera: the name of its node, and its own."""
_ENDS_HEADER: Final = b"\n"


@dataclass(frozen=True, slots=True)
class ViewWord:
    """One view of one process: it goes on for so many seconds; 0: it has ended."""

    place: Place
    view: str
    for_s: float


@dataclass(frozen=True, slots=True)
class ClosedWord:
    """A page was closed: this view ends in every process."""

    closed: str


@dataclass(frozen=True, slots=True)
class PictureWord:
    """A picture that a node has just sent. `age_s` by then."""

    place: Place
    number: int
    age_s: float
    jpeg: bytes


def name_of(key: tuple[object, ...]) -> str:
    """Of a view: the same in every process, and nothing that opens anything."""
    return sha256("|".join(map(str, key)).encode()).hexdigest()[:16]


def packed(word: ViewWord | ClosedWord | PictureWord) -> bytes:
    """As it travels."""
    if isinstance(word, ClosedWord):
        return json.dumps({"closed": word.closed}).encode()
    head: dict[str, Any] = {"node": word.place[0], "camera": word.place[1]}
    if isinstance(word, ViewWord):
        return json.dumps(head | {"view": word.view, "for_s": word.for_s}).encode()
    head |= {"number": word.number, "age_s": word.age_s}
    return json.dumps(head).encode() + _ENDS_HEADER + word.jpeg


def unpacked(message: bytes) -> ViewWord | ClosedWord | PictureWord:
    """Raises ValueError for what is no message of these."""
    head, is_picture, jpeg = message.partition(_ENDS_HEADER)
    try:
        said = json.loads(head)
        if "closed" in said:
            return ClosedWord(str(said["closed"]))
        place = (str(said["node"]), str(said["camera"]))
        if is_picture:
            return PictureWord(place, int(said["number"]), float(said["age_s"]), jpeg)
        return ViewWord(place, str(said["view"]), float(said["for_s"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"no word about live views: {error}") from error


@dataclass(slots=True)
class Elsewhere:
    """Views of other processes, each until its process should have renewed it. For one thread."""

    _until_s: dict[Place, dict[str, float]] = field(default_factory=dict)

    def hear(self, word: ViewWord, now_s: float) -> None:
        """Remember or forget a view."""
        views = self._until_s.setdefault(word.place, {})
        if word.for_s > 0:
            views[word.view] = now_s + word.for_s
        else:
            views.pop(word.view, None)

    def views(self, place: Place, now_s: float) -> set[str]:
        """Names of the views of a camera now."""
        there = self._until_s.get(place, {})
        for name in [name for name, until_s in there.items() if until_s < now_s]:
            del there[name]
        if not there:
            self._until_s.pop(place, None)
        return set(there)
