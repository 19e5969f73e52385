"""Budget of looks per second for the detector, per camera, shared on one node.

A token bucket per camera (Turner 1986), so that a busy camera never takes the looks that a quiet
one needs for its first person. Unused looks go into a pool for all. On a slow board a look costs
more of the budget, by the processor time that it takes there, and cameras take turns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Final, Protocol

from agent.media.frame import Instant

MOST_A_FRAME = 3
"""Most looks of one camera in one frame: the rest waits for the next frames."""
BUSY: Final = 0.7
"""Share of a processor core for looks: motion and the rest of the frame need some too."""
WAITS: Final = 2.0
"""The looks of a frame end within this many frames after it: later the next frame would be lost for
the one after it."""
GAP_GROWS: Final = 1.1
"""Frames are as close as the closest so far, at least half the gap before; each later one lets them
be this much less close."""
SHORTEST_S: Final = 0.005
"""No camera's frames are closer: the clock of its frames was corrected."""
FAR_S: Final = 10.0
"""No look is granted so far ahead: the clock went back."""
TURN_S: Final = 0.4
"""When a camera has waited so long, the board is free for it. Sooner, the board would idle more."""
SILENT_S: Final = 1.0
"""Nobody waits for a camera that has not asked for so long: it may have been closed."""

InputSize = tuple[int, int]
"""Height and width of a network's input, in pixels."""
ANY: Final = (0, 0)
"""Input of a network whose looks take no time."""


class Allowance(Protocol):
    """Grants looks to the pipeline of a camera."""

    def grant(self, now: Instant, wanted: int, input_px: InputSize) -> int:
        """Number of the `wanted` looks with a network of `input_px` allowed at `now`; call it for
        every frame, also with 0."""


@dataclass(slots=True)
class Turn:
    """Turn of a camera whose looks did not fit."""

    from_s: float
    """The looks of others end before."""
    asked_s: float
    """When the camera last asked."""


@dataclass(slots=True)
class Board:
    """Time of looks on one board, whose network serves one camera at a time. Cameras whose looks do
    not fit wait for their turn."""

    looks_per_s: float
    """Most looks of all cameras together, above 0."""
    look_s: Mapping[InputSize, float] = field(default_factory=dict)
    """Processor seconds of a look. With another input it takes no time."""
    _now_s: float = -inf
    """The newest time of any camera's frames."""
    _free_s: float = -inf
    """When the granted looks are done, by that time."""
    _turns: dict[object, Turn] = field(default_factory=dict)
    """Those of the cameras that wait, the longest first."""

    def cost(self, input_px: InputSize) -> float:
        """Cost of a look: 1, or as much more as keeps all looks within `BUSY`; at most a second's
        budget."""
        dear = self.look_s.get(input_px, 0.0) * self.looks_per_s / BUSY
        return max(1.0, min(self.looks_per_s, dear))

    @property
    def most_cost(self) -> float:
        """Cost of the dearest look."""
        return max(map(self.cost, self.look_s), default=1.0)

    def fitting(
        self, camera: object, wanted: int, now_s: float, gap_s: float, input_px: InputSize
    ) -> int:
        """How many of the `wanted` looks end before a frame is lost (one if none is under way), and
        before the turn of a camera that has waited longer; `gap_s` is the time between two frames.
        """
        now_s = self._clock(now_s)
        takes_s, left_s = self._takes_s(input_px), self._left_s(now_s)
        if takes_s == 0 or not wanted:
            self._turns.pop(camera, None)
            return wanted
        fit = max(0 if left_s else 1, int((WAITS * gap_s - left_s) / takes_s))
        before_s = self._others_turn(camera, now_s) - now_s - left_s
        if before_s < fit * takes_s:
            fit = max(0, int(before_s / takes_s))
        if fit:
            self._turns.pop(camera, None)
        else:
            self._turns.setdefault(camera, Turn(now_s + TURN_S, now_s)).asked_s = now_s
        return min(wanted, fit)

    def _others_turn(self, camera: object, now_s: float) -> float:
        """When the turn of the camera begins that has waited longest, if it is another one."""
        asking = self._turns.items()
        self._turns = {one: turn for one, turn in asking if abs(now_s - turn.asked_s) <= SILENT_S}
        first = next(iter(self._turns), camera)
        return inf if first is camera else self._turns[first].from_s

    def take(self, looks: int, now_s: float, input_px: InputSize) -> None:
        """These looks begin when those granted before are done."""
        now_s = self._clock(now_s)
        self._free_s = now_s + self._left_s(now_s) + looks * self._takes_s(input_px)

    def _clock(self, now_s: float) -> float:
        """Time of the board. The frames of one camera come later than those of another: by its own
        time, it would wait for looks that were done long ago. Far behind: the clock went back."""
        if not 0 < self._now_s - now_s < FAR_S:
            self._now_s = now_s
        return self._now_s

    def _takes_s(self, input_px: InputSize) -> float:
        """Time of a look with its part of the rest."""
        return self.look_s.get(input_px, 0.0) / BUSY

    def _left_s(self, now_s: float) -> float:
        """Time until the granted looks are done."""
        left_s = self._free_s - now_s
        return left_s if 0 < left_s < FAR_S else 0.0


@dataclass(slots=True)
class Pot:
    """Network runs that cameras left unused and others may take, up to `most`."""

    most: float
    looks: float = 0.0

    def give(self, looks: float) -> None:
        """Add unused looks; what does not fit is lost."""
        self.looks = min(self.most, self.looks + looks)

    def take(self, wanted: int, cost: float) -> int:
        """Take whole looks of this cost, at most `wanted`; returns their number."""
        taken = min(wanted, int(self.looks / cost))
        self.looks -= taken * cost
        return taken


class LookBudget:
    """Look budget of one camera, plus its access to the pool.

    Time is the time of the camera's own frames, so a recording behaves like the street. A camera
    without frames leaves nothing to others and saves nothing.
    """

    def __init__(
        self,
        looks_per_s: float,
        *,
        board: Board | None = None,
        pot: Pot | None = None,
        saved_s: float = 0.5,
    ) -> None:
        """`looks_per_s` is above 0; unused looks of this many seconds are saved, at least one.

        So a camera that was quiet can look at all motion at first. Without a `board` looks take no
        time.
        """
        self._rate = looks_per_s
        self._board = board or Board(looks_per_s)
        self._most = max(self._board.most_cost, looks_per_s * saved_s)
        self._own = self._most
        self._pot = pot
        self._last: Instant | None = None
        self._gap_s = 0.0

    def grant(self, now: Instant, wanted: int, input_px: InputSize = ANY) -> int:
        """Grant looks, first from the camera's own budget, then from the pool; never more than
        `wanted`."""
        elapsed_s = max(0.0, now.seconds_since(self._last)) if self._last else 0.0
        self._last = now
        if elapsed_s > SHORTEST_S:
            gap_s = max(elapsed_s, self._gap_s / 2)
            self._gap_s = min(gap_s, GAP_GROWS * self._gap_s or gap_s)
        now_s, cost = now.mono_s, self._board.cost(input_px)
        asked = wanted
        wanted = self._board.fitting(self, asked, now_s, self._gap_s, input_px)
        saved = self._own + self._rate * elapsed_s
        self._own = min(self._most, saved)
        granted = min(wanted, int(self._own / cost))
        self._own -= granted * cost
        if self._pot is not None:
            if wanted == asked:  # who did not get all for lack of time keeps the rest
                self._pot.give(max(0.0, saved - self._most))
            granted += self._pot.take(wanted - granted, cost)
        self._board.take(granted, now_s, input_px)
        return granted


def shared(
    looks_per_s: float, cameras: int, look_s: Mapping[InputSize, float] | None = None
) -> list[LookBudget]:
    """Budgets of all cameras that share one network, `looks_per_s` in total; `look_s` is that of
    the `Board`."""
    board = Board(looks_per_s, look_s or {})
    each = looks_per_s / max(1, cameras)
    pot = Pot(most=max(board.most_cost, each)) if cameras > 1 else None
    return [LookBudget(each, board=board, pot=pot) for _ in range(cameras)]
