"""Live views of the other processes of a hub, and the messages by which processes announce theirs.

One process may answer a page while another receives the picture of its camera. So each process
announces which cameras its pages watch, and passes on pictures that others watch.
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
    """One view of one process: it lasts this many seconds more; 0: it has ended."""

    place: Place
    view: str
    for_s: float


@dataclass(frozen=True, slots=True)
class ClosedWord:
    """A page was closed: its view ends in every process."""

    closed: str


@dataclass(frozen=True, slots=True)
class PictureWord:
    """A picture that a node has just sent; `age_s` is its age when passed on."""

    place: Place
    number: int
    age_s: float
    jpeg: bytes


def name_of(key: tuple[object, ...]) -> str:
    """Public name of a view: the same in every process, and of no use to get at a picture."""
    return sha256("|".join(map(str, key)).encode()).hexdigest()[:16]


def packed(word: ViewWord | ClosedWord | PictureWord) -> bytes:
    """The message as bytes."""
    if isinstance(word, ClosedWord):
        return json.dumps({"closed": word.closed}).encode()
    head: dict[str, Any] = {"node": word.place[0], "camera": word.place[1]}
    if isinstance(word, ViewWord):
        return json.dumps(head | {"view": word.view, "for_s": word.for_s}).encode()
    head |= {"number": word.number, "age_s": word.age_s}
    return json.dumps(head).encode() + _ENDS_HEADER + word.jpeg


def unpacked(message: bytes) -> ViewWord | ClosedWord | PictureWord:
    """The message in these bytes; ValueError for anything else."""
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
    """Views of other processes, each until the time when its process should have renewed it. For
    one thread."""

    _until_s: dict[Place, dict[str, float]] = field(default_factory=dict)

    def hear(self, word: ViewWord, now_s: float) -> None:
        """Remember or forget a view."""
        views = self._until_s.setdefault(word.place, {})
        if word.for_s > 0:
            views[word.view] = now_s + word.for_s
        else:
            views.pop(word.view, None)

    def views(self, place: Place, now_s: float) -> set[str]:
        """Names of the present views of a camera."""
        there = self._until_s.get(place, {})
        for name in [name for name, until_s in there.items() if until_s < now_s]:
            del there[name]
        if not there:
            self._until_s.pop(place, None)
        return set(there)
