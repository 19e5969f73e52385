"""Live views and the newest picture of each camera: in memory only, and bounded.

A view lasts as long as its page requests pictures. During it the camera's node gets leases of
`LEASE_S`; without a new lease it stops by itself, so no camera sends pictures that nobody watches.

Of several processes of a hub, each has the views of the pages that it answers. It tells the others
of them, and passes pictures on that others watch (`hub.footage.live.elsewhere`).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from agent.wire.answers import ShowLive
from hub.base.audit.asker import Asker
from hub.footage.live.elsewhere import (
    ClosedWord,
    Elsewhere,
    PictureWord,
    Place,
    ViewWord,
    name_of,
    packed,
    unpacked,
)
from hub.footage.live.service import LiveCamera, Purpose

LEASE_S: Final = 10
"""Time a node sends after its last lease, and a page counts as open after its last request."""
SAY_EVERY_S: Final = 4.0
EVERY_MS: Final = 1000
"""Least time between pictures of a camera; longer if several cameras of one node are watched, so
that a node never sends more than one per second."""
MOST_BYTES: Final = 60_000
WIDEST_PX: Final = 640
MOST_WATCHES: Final = 64
"""Most views of the whole hub: at most 4 MB of pictures."""
LEAST_GAP_S: Final = 0.1
"""Pictures closer together are dropped: no node may use up the hub's time."""

Key = tuple[UUID, UUID, Purpose]
"""Session, camera, and purpose: two windows of one browser are one view."""


class TooManyError(Exception):
    """The hub's limit of views is reached."""


@dataclass(frozen=True, slots=True)
class LivePicture:
    """One picture. `number` grows with a camera's pictures, in all processes."""

    number: int
    jpeg: bytes
    taken_s: float
    """Monotonic, by the hub's clock: arrival minus the age stated by the node."""


@dataclass(slots=True)
class LiveView:
    """View of one person at one camera."""

    key: Key
    asker: Asker
    camera: LiveCamera
    purpose: Purpose
    began_s: float
    asked_s: float
    is_noted: bool = False
    """True once the start of the view is logged: nothing is shown before that."""
    pictures: int = 0
    """Pictures shown."""
    is_closed: bool = False
    """True if another process said that the page of the view was closed."""
    told_s: float = float("-inf")
    """When the other processes were told of the view."""


@dataclass(slots=True)
class _Watched:
    """A watched camera."""

    camera: LiveCamera
    picture: LivePicture | None = None
    said_s: float = float("-inf")
    said_watchers: int = -1
    watches: set[Key] = field(default_factory=set)


class LiveViews:
    """Live views of all watchers, and the newest picture of each camera. For any thread; nothing
    here blocks."""

    def __init__(
        self,
        say: Callable[[str, ShowLive], bool] = lambda _node, _words: False,
        now_s: Callable[[], float] = time.monotonic,
        *,
        tell_others: Callable[[bytes], None] | None = None,
        least_number: Callable[[], int] = lambda: 1,
    ) -> None:
        """`say` sends to a node; False without a broker connection. `tell_others` sends to the
        other processes; None: there are none. `least_number`: of the next picture; it grows in
        all processes alike, so that a page may ask any of them for what is newer."""
        self._say = say
        self._now_s = now_s
        self._tell_others = tell_others
        self._least_number = least_number
        self._lock = threading.RLock()
        self._watches: dict[Key, LiveView] = {}
        self._cameras: dict[Place, _Watched] = {}
        self._elsewhere = Elsewhere()
        self._came_s: dict[Place, float] = {}
        """Time of the last picture, for places from which a picture came just now."""
        self.turned_away = 0

    def come(
        self, session_id: UUID, asker: Asker, camera: LiveCamera, purpose: Purpose
    ) -> LiveView | None:
        """Start or continue a view; returns the view if it starts now, else None.

        Raises TooManyError.
        """
        key = (session_id, camera.camera_id, purpose)
        with self._lock:
            now_s = self._now_s()
            if (known := self._watches.get(key)) is not None:
                known.asked_s = now_s
                known.is_closed = False
                return None
            if len(self._watches) >= MOST_WATCHES:
                self.turned_away += 1
                raise TooManyError
            watch = LiveView(key, asker, camera, purpose, now_s, now_s)
            self._watches[key] = watch
            watched = self._cameras.setdefault(_place(camera), _Watched(camera))
            watched.watches.add(key)
            self._tell_of(watch, for_s=LEASE_S)
            return watch

    def leave(self, key: Key) -> LiveView | None:
        """End a view; None if it had ended before. The node is told after the last one."""
        with self._lock:
            watch = self._watches.pop(key, None)
            if watch is None:
                return None
            place = _place(watch.camera)
            watched = self._cameras[place]
            watched.watches.discard(key)
            self._tell_of(watch, for_s=0)
            if not watched.watches:
                del self._cameras[place]  # and its picture with it
                if not self._elsewhere.views(place, self._now_s()):
                    self._tell(watched, for_s=0)
            return watch

    def close(self, key: Key) -> LiveView | None:
        """End a view here and in the other processes, because its page was closed; see `leave`.

        They hear first that it ended here: or else one of them could end it meanwhile, and each
        would leave it to the other to tell the node."""
        ended = self.leave(key)
        if self._tell_others:
            self._tell_others(packed(ClosedWord(name_of(key))))
        return ended

    def watches(self) -> list[LiveView]:
        """All views now."""
        with self._lock:
            return list(self._watches.values())

    def is_over(self, watch: LiveView) -> bool:
        """True if its page was closed, or no picture was requested for too long."""
        return watch.is_closed or self._now_s() - watch.asked_s > LEASE_S

    def seconds(self, watch: LiveView) -> float:
        """Seconds from the start of the view to its last request."""
        return watch.asked_s - watch.began_s

    def watchers(self, camera: LiveCamera) -> int:
        """Number of viewers, in all processes."""
        with self._lock:
            return self._count(_place(camera))

    def tell_nodes(self) -> bool:
        """Renew due leases, at once after a change; False without a broker connection."""
        with self._lock:
            now_s = self._now_s()
            is_told = True
            for place, watched in self._cameras.items():
                is_changed = watched.said_watchers != self._count(place)
                if is_changed or now_s - watched.said_s >= SAY_EVERY_S:
                    is_told = self._tell(watched, for_s=LEASE_S) and is_told
            for watch in self._watches.values():
                if now_s - watch.told_s >= SAY_EVERY_S:
                    self._tell_of(watch, for_s=LEASE_S)
            return is_told

    def put(self, node: str, camera: str, jpeg: bytes, *, age_s: float) -> bool | None:
        """Store a node's picture: True if it is the newest now, False if it came too soon after the
        last, None if nobody watches."""
        place = (node, camera)
        with self._lock:
            watched, now_s = self._cameras.get(place), self._now_s()
            is_elsewhere = bool(self._elsewhere.views(place, now_s))
            if watched is None and not is_elsewhere:
                return None
            if now_s - self._came_s.get(place, float("-inf")) < LEAST_GAP_S:
                return False
            self._note_arrival(place, now_s)
            number = self._least_number()
            if watched is not None:
                number = max(number, watched.picture.number + 1 if watched.picture else 1)
                watched.picture = LivePicture(number, jpeg, now_s - age_s)
        if is_elsewhere and self._tell_others:
            self._tell_others(packed(PictureWord(place, number, age_s, jpeg)))
        return True

    def hear(self, message: bytes) -> None:
        """Take a message of another process; ValueError if it cannot be read."""
        word = unpacked(message)
        with self._lock:
            if isinstance(word, ClosedWord):
                for watch in self._watches.values():
                    watch.is_closed |= name_of(watch.key) == word.closed
                return
            watched, now_s = self._cameras.get(word.place), self._now_s()
            if isinstance(word, ViewWord):
                self._elsewhere.hear(word, now_s)
                if watched is not None and word.for_s <= 0:
                    watched.said_s = float("-inf")  # the other may have told the node to stop
            elif watched is not None and (
                watched.picture is None or watched.picture.number < word.number
            ):
                watched.picture = LivePicture(word.number, word.jpeg, now_s - word.age_s)

    def newest(self, key: Key, *, after: int = 0) -> LivePicture | None:
        """The newest picture for a viewer, if it is later than `after`."""
        with self._lock:
            watch = self._watches.get(key)
            if watch is None or not watch.is_noted:
                return None
            picture = self._cameras[_place(watch.camera)].picture
            return picture if picture is not None and picture.number > after else None

    def age_s(self, picture: LivePicture) -> float:
        """Present age of the picture."""
        return self._now_s() - picture.taken_s

    def handed_out(self, key: Key) -> None:
        """Count a picture that was shown."""
        with self._lock:
            if (watch := self._watches.get(key)) is not None:
                watch.pictures += 1

    def _note_arrival(self, place: Place, now_s: float) -> None:
        for old in [one for one, came in self._came_s.items() if now_s - came >= LEAST_GAP_S]:
            del self._came_s[old]
        self._came_s[place] = now_s

    def _count(self, place: Place) -> int:
        """Views of a camera in all processes; one that two processes have counts once."""
        watched = self._cameras.get(place)
        here = {name_of(key) for key in watched.watches} if watched else set()
        return len(here | self._elsewhere.views(place, self._now_s()))

    def _tell_of(self, watch: LiveView, *, for_s: int) -> None:
        if self._tell_others:
            word = ViewWord(_place(watch.camera), name_of(watch.key), for_s)
            self._tell_others(packed(word))
        watch.told_s = self._now_s()

    def _tell(self, watched: _Watched, *, for_s: int) -> bool:
        node, watchers = watched.camera.node, self._count(_place(watched.camera))
        of_node = sum(other.camera.node == node for other in self._cameras.values())
        words = ShowLive(
            camera=watched.camera.name,
            for_s=for_s,
            watchers=watchers,
            every_ms=min(EVERY_MS * max(1, of_node), 60_000),
            most_bytes=MOST_BYTES,
            widest_px=WIDEST_PX,
        )
        is_told = self._say(node, words)
        if is_told:
            watched.said_s, watched.said_watchers = self._now_s(), watchers
        return is_told


def _place(camera: LiveCamera) -> Place:
    return camera.node, camera.name
