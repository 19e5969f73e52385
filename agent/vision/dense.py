"""Dense mode: where many small people are, the picture is looked at tile by tile.

Crops around each of forty people are more looks than tiles, and show nobody who stands still. So
the whole and its tiles are looked at in turn: a tile in which something moves or somebody is
tracked each time it is due, a quiet one rarely, whichever is overdue most first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from agent.media.frame import Instant
from agent.vision.zones import WHOLE, Box

Mode = Literal["auto", "always", "never"]

PERSON_AREA = 0.01
"""What moved in so much of a tile may be a person, however large the region is."""


@dataclass(frozen=True, slots=True)
class DenseSettings:
    """When it begins and ends, and how it goes round."""

    mode: Mode = "auto"
    enter_bodies: float = 14.0
    """So many bodies in view, on the mean of late, make a crowd;"""
    leave_bodies: float = 9.0
    """it is one until they are fewer than this."""
    enter_s: float = 1.0
    """Memory of that mean outside a crowd,"""
    leave_s: float = 8.0
    """and in one: the street between two green lights is still the same junction."""
    small: float = 0.2
    """Half of them are no higher than this share of the picture; larger ones one look shows."""
    fine_px: float = 32.0
    """By day six tiles take the place of four where half of the people would be shown smaller than
    this in the network's input."""
    day_luma: float = 60.0
    """Mean brightness (0-255) from which on it is day: by night small people are noise."""
    overlap: float = 0.1
    """Neighbouring tiles share this part of the picture's side: whoever stands on the border of
    one is whole in the other."""
    every_s: float = 0.25
    """A tile with people in it is due after this time,"""
    quiet_every_s: float = 2.0
    """a quiet one after this."""
    most_looks: int = 3
    """Looks a frame at the most."""


class Dense:
    """Whether one camera's street is crowded, and which tile's turn it is."""

    def __init__(self, input_px: tuple[int, int], settings: DenseSettings | None = None) -> None:
        """`input_px`: the (height, width) of the network that tiles are shown to."""
        self._input_px = input_px
        self._settings = settings or DenseSettings()
        self._bodies = 0.0
        self._height = 0.0
        self._last: Instant | None = None
        self._looked_s: dict[Box, float] = {}
        self._offered: tuple[Box, ...] = ()
        self.is_on = self._settings.mode == "always"

    def note(self, now: Instant, heights: Sequence[float]) -> None:
        """The heights, in shares of the picture, of all bodies in view at `now`."""
        settings = self._settings
        elapsed_s = max(0.0, now.seconds_since(self._last)) if self._last else 0.0
        self._last = now
        memory_s = settings.leave_s if self.is_on else settings.enter_s
        self._bodies += min(1.0, elapsed_s / memory_s) * (len(heights) - self._bodies)
        if heights:
            self._height = median(heights)
        if settings.mode == "auto":
            least = settings.leave_bodies if self.is_on else settings.enter_bodies
            self.is_on = self._bodies >= least and self._height <= settings.small

    def choose(
        self, now: Instant, size_px: tuple[int, int], *, busy: Sequence[Box], luma: float
    ) -> tuple[Box, ...]:
        """The looks that are due at `now`, most overdue first; `busy` is what moved or is tracked,
        `luma` the picture's mean brightness."""
        settings, now_s = self._settings, now.mono_ns / 1e9
        late: list[tuple[float, int, Box]] = []
        for number, tile in enumerate((WHOLE, *self._tiles(size_px, luma))):
            is_busy = any(_is_in(tile, one) for one in busy)
            every_s = settings.every_s if is_busy else settings.quiet_every_s
            overdue = (now_s - self._looked_s.get(tile, -1e9)) / every_s
            if overdue >= 1.0 - 1e-6:
                late.append((-overdue, number, tile))
        self._offered = tuple(tile for _, _, tile in sorted(late, key=lambda one: one[:2]))
        return self._offered[: settings.most_looks]

    def looked(self, now: Instant, count: int) -> None:
        """The first `count` of what was chosen last were looked at."""
        for tile in self._offered[:count]:
            self._looked_s[tile] = now.mono_ns / 1e9

    def _tiles(self, size_px: tuple[int, int], luma: float) -> tuple[Box, ...]:
        """Four, or six by day for people who would be too small in four."""
        four = grid(2, 2, self._settings.overlap)
        height, width = size_px
        scale = min(
            self._input_px[0] / (four[0].height * height),
            self._input_px[1] / (four[0].width * width),
        )
        shown_px = self._height * height * scale
        is_fine = shown_px < self._settings.fine_px and luma >= self._settings.day_luma
        return grid(3, 2, self._settings.overlap) if is_fine else four


def _is_in(tile: Box, thing: Box) -> bool:
    """Half of it, or enough for a person."""
    return tile.overlap(thing) >= min(0.5 * thing.area, PERSON_AREA * tile.area)


def grid(columns: int, rows: int, overlap: float) -> tuple[Box, ...]:
    """Tiles that cover the picture and share `overlap` of its side with their neighbours."""
    across = (1 + (columns - 1) * overlap) / columns
    down = (1 + (rows - 1) * overlap) / rows
    starts_x = [column * (across - overlap) for column in range(columns)]
    starts_y = [row * (down - overlap) for row in range(rows)]
    return tuple(Box(x, y, x + across, y + down).clipped() for y in starts_y for x in starts_x)
