"""Tampering with a camera's view: reported once when it lasts, and once when it is over.

Checked every other second on the results of motion detection (`scenery`). There is one kind at a
time. The report and the usual view survive a restart: each change carries the memory to store.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from agent.media.frame import Frame, Instant
from agent.vision.tamper.judge import Judge, Tampering
from agent.vision.tamper.memory import ReportedTamper, memory_of, read_memory
from agent.vision.tamper.scenery import Means, Scenery


@dataclass(frozen=True, slots=True)
class TamperSettings:
    """Time limits of tampering reports."""

    look_every_s: float = 2.0
    gap_s: float = 5.0
    """After a longer gap between frames a suspicion is dropped."""
    known_after_s: float = 10.0
    """Learning time of the view before anything can be missing from it."""
    memory_s: float = 300.0
    """Time constant of learning: follows shadows and seasons."""
    lasts_s: float = 15.0
    """A bus waiting before the lens has usually gone by then."""
    lasts_frozen_s: float = 20.0
    """A codec can repeat a still picture until its next keyframe: at most ten seconds."""
    well_s: float = 10.0
    """Time of a normal view before it is over."""
    used_to_it_s: float = 600.0
    """After this time the new view of a turned camera is accepted."""
    keep_every_s: float = 3600.0
    """Interval for storing the usual view."""


@dataclass(frozen=True, slots=True)
class TamperBegan:
    """Tampering has lasted long enough to be reported."""

    tamper_id: UUID
    what: Tampering
    since: Instant
    at: Instant
    memory: str


@dataclass(frozen=True, slots=True)
class TamperEnded:
    """The view is as before, or (`is_back` False) a new view is accepted from now on."""

    tamper_id: UUID
    what: Tampering
    since: Instant
    at: Instant
    is_back: bool
    memory: str


@dataclass(frozen=True, slots=True)
class TamperNothing:
    """No report, only memory to store."""

    memory: str


TamperChange = TamperBegan | TamperEnded | TamperNothing


class Tamper:
    """Watches one view; used by one thread."""

    def __init__(
        self, new_id: Callable[[Instant], UUID], settings: TamperSettings | None = None
    ) -> None:
        self._settings = settings or TamperSettings()
        self._new_id = new_id
        self._scenery = Scenery(self._settings.known_after_s, self._settings.memory_s)
        self._judge = Judge()
        self._said: ReportedTamper | None = None
        self._looked: Instant | None = None
        self._suspected: Instant | None = None
        self._votes: Counter[Tampering] = Counter()
        self._well: Instant | None = None
        self._kept: Instant | None = None

    @property
    def what(self) -> Tampering | None:
        """Tampering that was reported and is not over; None if there is none."""
        return self._said.what if self._said else None

    def recall(self, memory: str, now: Instant) -> None:
        """Continue from stored memory; invalid text changes nothing."""
        if (kept := read_memory(memory, now)) is not None:
            self._said, self._scenery.usual = kept

    def step(self, frame: Frame, means: Means) -> TamperChange | None:
        """Check a frame with its block means, if a check is due."""
        at = frame.at
        elapsed_s = at.seconds_since(self._looked) if self._looked else self._settings.gap_s + 1
        if 0 <= elapsed_s < self._settings.look_every_s:
            return None
        self._looked = at
        if not 0 <= elapsed_s <= self._settings.gap_s:
            self._suspected = self._well = None
            elapsed_s = 0.0
        what = self._judge.matter(self._scenery.look(frame, means), at)
        if what is not None:
            return self._bad_look(what, at)
        return self._well_look(at, elapsed_s)

    def _well_look(self, at: Instant, elapsed_s: float) -> TamperChange | None:
        """A single good look between bad ones does not count."""
        if self._well is None:
            self._well = at
            return None
        self._suspected = None
        if self._said is None:
            self._scenery.learn(elapsed_s)
            return self._to_be_kept(at)
        if at.seconds_since(self._well) < self._settings.well_s:
            return None
        return self._ended(self._said, at, is_back=True)

    def _bad_look(self, what: Tampering, at: Instant) -> TamperChange | None:
        """Report it, or accept the new view, if it is time."""
        self._well = None
        if self._suspected is None:
            self._suspected = at
            self._votes.clear()
        self._votes[what] += 1
        lasted_s = at.seconds_since(self._suspected)
        mostly = self._votes.most_common(1)[0][0]
        if self._said is None:
            return self._began(mostly, self._suspected, at) if self._lasts(mostly, at) else None
        if mostly is Tampering.TURNED and lasted_s >= self._settings.used_to_it_s:
            self._scenery.forget()
            self._suspected = None
            return self._ended(self._said, at, is_back=False)
        return None

    def _lasts(self, what: Tampering, at: Instant) -> bool:
        if self._suspected is None:
            return False
        is_frozen = what is Tampering.FROZEN
        least_s = self._settings.lasts_frozen_s if is_frozen else self._settings.lasts_s
        return at.seconds_since(self._suspected) >= least_s

    def _began(self, what: Tampering, since: Instant, at: Instant) -> TamperBegan:
        self._said = ReportedTamper(self._new_id(at), what, since)
        return TamperBegan(self._said.tamper_id, what, since, at, self._memory(at))

    def _ended(self, said: ReportedTamper, at: Instant, *, is_back: bool) -> TamperEnded:
        self._said = None
        memory = self._memory(at)
        return TamperEnded(said.tamper_id, said.what, said.since, at, is_back, memory)

    def _to_be_kept(self, at: Instant) -> TamperNothing | None:
        """Memory to store, so that a camera turned while the node was off is noticed."""
        if not self._scenery.is_known:
            return None
        if self._kept and at.seconds_since(self._kept) < self._settings.keep_every_s:
            return None
        return TamperNothing(self._memory(at))

    def _memory(self, at: Instant) -> str:
        self._kept = at
        return memory_of(self._said, self._scenery.usual)
