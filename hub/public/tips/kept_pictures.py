"""Pictures of refused forms, kept until the form comes again.

They are from strangers: they are kept only in memory, have no address and are dropped after a
quarter of an hour; when there are too many, the oldest are dropped first. After a form was
accepted, its pictures serve only a repeat with the same words: a person who goes back to the form
and writes another report does not send them again.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from hub.public.tips.views import TipPicture

KEPT_S: Final = 900.0
MOST_BYTES: Final = 64 * 2**20
"""Most bytes of all forms together: two of the largest, or a dozen with a phone's pictures."""

FormWords = tuple[str, ...]
"""Texts that were typed into the fields of a form."""


def names_of(pictures: tuple[TipPicture, ...]) -> str:
    """Names these pictures, in a form that goes without them; "" for none."""
    return "".join(sha256(one.original).hexdigest()[:16] for one in pictures)


@dataclass(frozen=True, slots=True)
class _Kept:
    pictures: tuple[TipPicture, ...]
    until_s: float
    taken_with: FormWords | None = None
    """Words of the form that was taken with them; None: it was refused."""

    @property
    def size_bytes(self) -> int:
        return sum(len(one.shown) + len(one.original) for one in self.pictures)


class KeptPictures:
    """Pictures of refused forms, kept until the form comes again. For any thread."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._alarm: threading.Timer | None = None

    def keep(self, mark: str, pictures: tuple[TipPicture, ...]) -> None:
        """Keep these pictures for the form with this mark, in place of earlier ones."""
        with self._lock:
            self._kept.pop(mark, None)
            self._kept[mark] = _Kept(pictures, self._now_s() + KEPT_S)
            while self._size_bytes() > MOST_BYTES:
                self._kept.popitem(last=False)
            self._tidy()

    def of(self, mark: str, words: FormWords) -> tuple[TipPicture, ...]:
        """Pictures kept for the form with this mark, if it was not accepted with other words."""
        with self._lock:
            self._tidy()
            kept = self._kept.get(mark)
            if kept is None or kept.taken_with not in (None, words):
                return ()
            return kept.pictures

    def note_taken(self, mark: str, words: FormWords) -> None:
        """Note that the form with this mark was accepted with these words."""
        with self._lock:
            kept = self._kept.get(mark)
            if kept is not None and kept.taken_with is None:
                self._kept[mark] = replace(kept, taken_with=words)

    def move(self, mark: str, to: str) -> None:
        """Move the pictures of one form to another."""
        with self._lock:
            if kept := self._kept.pop(mark, None):
                self._kept[to] = kept

    def drop(self, mark: str) -> None:
        """Forget the pictures of this form."""
        with self._lock:
            self._kept.pop(mark, None)

    def __len__(self) -> int:
        with self._lock:
            self._tidy()
            return len(self._kept)

    def _size_bytes(self) -> int:
        return sum(one.size_bytes for one in self._kept.values())

    def _tidy(self) -> None:
        """Forget forms whose time is over, and come again for the rest though nobody sends a
        form."""
        now_s = self._now_s()
        for mark in [mark for mark, one in self._kept.items() if one.until_s <= now_s]:
            del self._kept[mark]
        if self._kept and self._alarm is None:
            oldest = next(iter(self._kept.values()))
            self._alarm = threading.Timer(oldest.until_s - now_s, self._ring)
            self._alarm.daemon = True
            self._alarm.start()

    def _ring(self) -> None:
        with self._lock:
            self._alarm = None
            self._tidy()
