"""Dense mode: with many small people, the picture is looked at tile by tile.

Crops around each of forty people are more looks than tiles, and miss whoever stands still. So the
whole picture and its tiles take turns: a tile with motion or tracks whenever it is due, a quiet
tile rarely, the most overdue first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from agent.media.frame import Instant
from agent.vision.budget import MOST_A_FRAME
from agent.vision.detect.sheet import Sheet
from agent.vision.geometry import WHOLE, Box, scale

OVERLAP = 0.1
"""Share of the side that neighbouring tiles overlap: a person on the border of one is whole in the
other."""
PERSON_AREA = 0.01
"""Motion in this share of a tile can be a person, however large its region is."""


@dataclass(frozen=True, slots=True)
class DenseSettings:
    """When dense mode begins and ends, and how often tiles are looked at."""

    enter_bodies: float = 14.0
    """Dense mode begins when the average number of bodies in view reaches this."""
    leave_bodies: float = 9.0
    """Dense mode ends when the average number of bodies in view falls below this."""
    enter_s: float = 1.0
    """Averaging time outside dense mode, in seconds."""
    leave_s: float = 8.0
    """Averaging time in dense mode, in seconds. Between two green lights it is still the same
    junction."""
    small: float = 0.2
    """Half of the bodies are no higher than this share of the picture; larger ones fit one look."""
    fine_px: float = 38.0
    """By day six tiles replace four if half of the people would be smaller than this in the
    network's input."""
    day_luma: float = 60.0
    """Mean brightness (0-255) from which it is day: at night small people are noise."""
    every_s: float = 0.25
    """Interval of looks at a tile with people, in seconds."""
    quiet_every_s: float = 2.0
    """Interval of looks at a tile without people, in seconds."""


class Dense:
    """Dense mode of one camera, and the schedule of its tiles."""

    def __init__(self, settings: DenseSettings | None = None) -> None:
        self._settings = settings or DenseSettings()
        self._bodies = 0.0
        self._height = 0.0
        self._last: Instant | None = None
        self._looked_s: dict[Box, float] = {}
        self.is_on = False

    def note(self, now: Instant, heights: Sequence[float]) -> None:
        """Take the heights, in shares of the picture, of all bodies in view at `now`."""
        settings = self._settings
        elapsed_s = max(0.0, now.seconds_since(self._last)) if self._last else 0.0
        self._last = now
        memory_s = settings.leave_s if self.is_on else settings.enter_s
        self._bodies += min(1.0, elapsed_s / memory_s) * (len(heights) - self._bodies)
        if heights:
            self._height = median(heights)
        least = settings.leave_bodies if self.is_on else settings.enter_bodies
        self.is_on = self._bodies >= least and self._height <= settings.small

    def choose(
        self,
        now: Instant,
        size_px: tuple[int, int],
        *,
        input_px: tuple[int, int],
        busy: Sequence[Box],
        luma: float,
    ) -> tuple[Box, ...]:
        """Looks due at `now`, most overdue first, for a picture of `size_px` and a network of
        `input_px` (height, width); `busy` is motion and tracks, `luma` the mean brightness."""
        settings, now_s = self._settings, now.mono_s
        late: list[tuple[float, int, Box]] = []
        for number, tile in enumerate((WHOLE, *self._tiles(size_px, input_px, luma))):
            is_busy = any(_is_in(tile, one) for one in busy)
            every_s = settings.every_s if is_busy else settings.quiet_every_s
            overdue = (now_s - self._looked_s.get(tile, -1e9)) / every_s
            if not 0 <= overdue < 1.0 - 1e-6:  # below 0: the camera was opened anew
                late.append((-overdue, number, tile))
        late.sort(key=lambda one: one[:2])
        return tuple(tile for _, _, tile in late[:MOST_A_FRAME])

    def looked(self, now: Instant, looks: Sequence[Box | Sheet]) -> None:
        """Note that these looks were carried out."""
        self._looked_s |= {tile: now.mono_s for tile in looks if isinstance(tile, Box)}

    def _tiles(
        self, size_px: tuple[int, int], input_px: tuple[int, int], luma: float
    ) -> tuple[Box, ...]:
        """Four tiles, or by day six for people too small in four."""
        four = grid(2, 2)
        shown_px = self._height * size_px[0] * scale(input_px, size_px, four[0])
        is_fine = shown_px < self._settings.fine_px and luma >= self._settings.day_luma
        return grid(3, 2) if is_fine else four


def _is_in(tile: Box, thing: Box) -> bool:
    """True if half of it is inside, or enough for a person."""
    return tile.overlap(thing) >= min(0.5 * thing.area, PERSON_AREA * tile.area)


def grid(columns: int, rows: int) -> tuple[Box, ...]:
    """Tiles that cover the picture and overlap their neighbours."""
    across = (1 + (columns - 1) * OVERLAP) / columns
    down = (1 + (rows - 1) * OVERLAP) / rows
    starts_x = [column * (across - OVERLAP) for column in range(columns)]
    starts_y = [row * (down - OVERLAP) for row in range(rows)]
    return tuple(Box(x, y, x + across, y + down).clipped() for y in starts_y for x in starts_x)
