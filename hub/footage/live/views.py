"""Live views and the newest picture of each camera: in memory only, and bounded.

A view lasts as long as its page requests pictures. During it the camera's node gets leases of
`LEASE_S`; without a new lease it stops by itself, so no camera sends pictures that nobody watches.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from agent.wire.answers import ShowLive
from hub.base.audit.asker import Asker
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
    """One picture. `number` counts a camera's pictures while it is watched."""

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
    """Its start is logged: nothing is shown before that."""
    pictures: int = 0
    """Pictures shown."""


@dataclass(slots=True)
class _Watched:
    """A watched camera."""

    camera: LiveCamera
    picture: LivePicture | None = None
    came_s: float = float("-inf")
    said_s: float = float("-inf")
    said_watchers: int = -1
    watches: set[Key] = field(default_factory=set)


class LiveViews:
    """For any thread; nothing here blocks."""

    def __init__(
        self,
        say: Callable[[str, ShowLive], bool] = lambda _node, _words: False,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`say` sends to a node; False without a broker connection."""
        self._say = say
        self._now_s = now_s
        self._lock = threading.RLock()
        self._watches: dict[Key, LiveView] = {}
        self._cameras: dict[tuple[str, str], _Watched] = {}
        self.turned_away = 0

    def come(
        self, session_id: UUID, asker: Asker, camera: LiveCamera, purpose: Purpose
    ) -> LiveView | None:
        """Start or continue a view; returns it if it starts now.

        Raises TooManyError.
        """
        key = (session_id, camera.camera_id, purpose)
        with self._lock:
            now_s = self._now_s()
            if (known := self._watches.get(key)) is not None:
                known.asked_s = now_s
                return None
            if len(self._watches) >= MOST_WATCHES:
                self.turned_away += 1
                raise TooManyError
            watch = LiveView(key, asker, camera, purpose, now_s, now_s)
            self._watches[key] = watch
            watched = self._cameras.setdefault(_place(camera), _Watched(camera))
            watched.watches.add(key)
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
            if not watched.watches:
                del self._cameras[place]  # and its picture with it
                self._tell(watched, for_s=0)
            return watch

    def watches(self) -> list[LiveView]:
        """All views now."""
        with self._lock:
            return list(self._watches.values())

    def is_over(self, watch: LiveView) -> bool:
        """True if no picture was requested for too long."""
        return self._now_s() - watch.asked_s > LEASE_S

    def seconds(self, watch: LiveView) -> float:
        """Duration until the last request."""
        return watch.asked_s - watch.began_s

    def watchers(self, camera: LiveCamera) -> int:
        """Number of viewers."""
        with self._lock:
            watched = self._cameras.get(_place(camera))
            return len(watched.watches) if watched else 0

    def tell_nodes(self) -> bool:
        """Renew due leases, at once after a change; False without a broker connection."""
        with self._lock:
            now_s = self._now_s()
            is_told = True
            for watched in self._cameras.values():
                is_changed = watched.said_watchers != len(watched.watches)
                if is_changed or now_s - watched.said_s >= SAY_EVERY_S:
                    is_told = self._tell(watched, for_s=LEASE_S) and is_told
            return is_told

    def put(self, node: str, camera: str, jpeg: bytes, *, age_s: float) -> bool | None:
        """A node's picture: True if it is the newest now, False if it came too soon after the last,
        None if nobody watches."""
        with self._lock:
            watched, now_s = self._cameras.get((node, camera)), self._now_s()
            if watched is None:
                return None
            if now_s - watched.came_s < LEAST_GAP_S:
                return False
            number = watched.picture.number + 1 if watched.picture else 1
            watched.picture = LivePicture(number, jpeg, now_s - age_s)
            watched.came_s = now_s
            return True

    def newest(self, key: Key, *, after: int = 0) -> LivePicture | None:
        """The newest picture for a viewer, if it is later than `after`."""
        with self._lock:
            watch = self._watches.get(key)
            if watch is None or not watch.is_noted:
                return None
            picture = self._cameras[_place(watch.camera)].picture
            return picture if picture is not None and picture.number > after else None

    def age_s(self, picture: LivePicture) -> float:
        """Its present age."""
        return self._now_s() - picture.taken_s

    def handed_out(self, key: Key) -> None:
        """One more picture was shown."""
        with self._lock:
            if (watch := self._watches.get(key)) is not None:
                watch.pictures += 1

    def _tell(self, watched: _Watched, *, for_s: int) -> bool:
        node = watched.camera.node
        of_node = sum(other.camera.node == node for other in self._cameras.values())
        words = ShowLive(
            camera=watched.camera.name,
            for_s=for_s,
            watchers=len(watched.watches),
            every_ms=min(EVERY_MS * max(1, of_node), 60_000),
            most_bytes=MOST_BYTES,
            widest_px=WIDEST_PX,
        )
        is_told = self._say(node, words)
        if is_told:
            watched.said_s, watched.said_watchers = self._now_s(), len(watched.watches)
        return is_told


def _place(camera: LiveCamera) -> tuple[str, str]:
    return camera.node, camera.name
