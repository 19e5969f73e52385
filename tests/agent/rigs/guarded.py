"""Memory between two protected pages: reading or writing a byte beside it ends the process.

As a program, it runs the compiled motion detection in such memory only, over sizes that are no
multiple of anything, and compares the results with numpy and OpenCV: `python -m
tests.agent.rigs.guarded end` (or `begin`: on which side of the memory the page is protected).
Output memory is filled with noise before.
"""

import ctypes
import mmap
import sys
from collections.abc import Iterator
from typing import Any, Final
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Frame, Instant, Plane
from agent.vision.geometry import Polygon
from agent.vision.motion import compiled, fields, finder, plain
from agent.vision.motion.fields import Fields, Limits, Rule
from agent.vision.motion.finder import MotionFinder
from agent.vision.motion.moved import Moved

PAGE: Final = mmap.PAGESIZE
NO_ACCESS: Final = 0
LIMITS: Final = Limits(0.75, 1.5, 3.0, 6.0, 0.3, 230, 15)
CORNER: Final = Polygon(((0.0, 0.0), (0.3, 0.0), (0.3, 0.3), (0.0, 0.3)))
COLUMNS: Final = (*range(1, 36), 47, *range(62, 67), 100, *range(126, 131), 191, 192, 193)
RING: Final = (24, 66)
"""Of blocks; something stands in a ring there."""
SIZES: Final = ((8, 8), (10, 14), (24, 34), (66, 38), (56, 130), (130, 56), (72, 258), (122, 522))
"""Of pictures in turn: rows, columns."""
_Array = NDArray[Any]
_Libc: Final = ctypes.CDLL(None, use_errno=True)


class Guarded:
    """Stands in for numpy where what is handed to C is made."""

    def __init__(self, *, at_end: bool) -> None:
        self._at_end = at_end
        self.random = np.random.default_rng(1)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def of(self, array: _Array) -> _Array:
        """A copy that ends with a page, or begins with one, next to a page that is closed."""
        pages = -(-array.nbytes // PAGE)
        memory = mmap.mmap(-1, (pages + 2) * PAGE)
        begin = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        for closed in (begin, begin + (pages + 1) * PAGE):
            if _Libc.mprotect(ctypes.c_void_p(closed), ctypes.c_size_t(PAGE), NO_ACCESS):
                raise OSError(ctypes.get_errno(), "mprotect")
        offset = PAGE + (pages * PAGE - array.nbytes if self._at_end else 0)
        guarded = np.frombuffer(memory, array.dtype, array.size, offset).reshape(array.shape)
        guarded[...] = array
        return guarded

    def apart(self, rows: _Array, spare: int) -> _Array:
        """A copy of the array with so many bytes behind each row except the last."""
        height, width = rows.shape
        line = self.of(np.zeros((height - 1) * (width + spare) + width, np.uint8))
        view = np.lib.stride_tricks.as_strided(line, rows.shape, (width + spare, 1))
        view[...] = rows
        return view

    def noise(self, *shape: int) -> _Array:
        """Bytes."""
        return self.of(self.random.integers(0, 256, shape, np.uint8))

    def empty(self, shape: Any, dtype: Any) -> _Array:
        """Full of what nobody expects."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        return self.of(self.random.integers(0, 256, size, np.uint8).view(dtype).reshape(shape))

    def zeros(self, shape: Any, dtype: Any = float) -> _Array:
        """All 0."""
        return self.of(np.zeros(shape, dtype))

    def empty_like(self, array: _Array) -> _Array:
        """See `empty`."""
        return self.empty(array.shape, array.dtype)

    def array(self, *told: Any) -> _Array:
        """Array like numpy's."""
        return self.of(np.array(*told))


def try_blocks(memory: Guarded) -> int:
    """All that is done with fields, in few and in many columns; how many there were."""
    assert compiled.LIBRARY is not None
    sizes = [RING, *((1 + number % 9, columns) for number, columns in enumerate(COLUMNS))]
    for number, (rows, columns) in enumerate(sizes):
        side, street = (5, 7, 27)[number % 3], memory.noise(rows, columns)
        street //= 4 if (rows, columns) == RING else 1
        ignored = memory.of((street < 20).astype(np.uint8)) if number % 2 else None
        both = Fields(street, side, ignored), Fields(street, side, ignored)
        both[0].learned = memory.of(both[0].learned)
        forms = compiled.Steps(compiled.LIBRARY, both[0]), plain.Steps(both[1])
        for form in forms:
            form.publish(LIMITS)
        for turn in (0, 1, 2, 0):
            moved = _moved(memory, (rows, columns), turn)
            blocks = memory.of(np.where(moved, memory.noise(rows, columns) // 2 + 80, street))
            said = [_said(form, blocks, moved if turn else None, turn) for form in forms]
            assert said[0] == said[1], (rows, columns, side, turn)
        for name in ("mean", "flicker", "limit", "learned", "mean8", "limit8", "lamp_from"):
            fine, simple = (np.asarray(getattr(one, name)).tobytes() for one in both)
            assert fine == simple, (name, rows, columns, side)
    return len(sizes)


def _moved(memory: Guarded, size: tuple[int, int], turn: int) -> Plane:
    moved = memory.of((memory.noise(*size) < 90 * (turn + 1)).astype(np.uint8))
    if size == RING:
        moved[...] = 0
        moved[1:23, 3:62] = 1
        moved[2:22, 4:61] = 0
        moved[11:13, 30:32] = 1
    return moved


def _said(form: fields.Steps, blocks: Plane, moved: Plane | None, turn: int) -> list[object]:
    said: list[object] = [form.unlit(blocks, turn)]
    for is_lasting in (True, False):
        for sure, lasts in ((1, 1), (12, 2)):
            rule = Rule(has_oldest=True, is_lasting=is_lasting, sure=sure, lasts=lasts)
            said += [form.regions(turn, rule), form.spread().tolist(), form.moved().tolist()]
    form.take_in(blocks, moved, share=0.1, step=1.0)
    form.follow(blocks, down=-0.1, up=0.2, highest=30.0)
    form.publish(LIMITS)
    return said


def try_pictures(memory: Guarded) -> int:
    """A camera whose size changes again and again; how many pictures there were."""
    fine, simple = MotionFinder(ignored=(CORNER,)), MotionFinder(ignored=(CORNER,), library=None)
    tried = 0
    for frame in _frames(memory):
        moved, same = fine.step(frame), simple.step(frame)
        assert moved.regions == same.regions, (frame.height, frame.width)
        assert _blocks(moved) == _blocks(same), (frame.height, frame.width)
        assert np.array_equal(fine.means.blocks, simple.means.blocks)
        assert np.array_equal(fine.means.quarters, simple.means.quarters)
        tried += 1
    return tried


def _blocks(moved: Moved) -> list[object] | None:
    return None if moved.blocks is None else moved.blocks.tolist()


class _Loose(Frame):
    """One whose luma lies as a decoder leaves it."""

    @property
    def luma(self) -> Plane:
        return self.__dict__["luma"]


def _frames(memory: Guarded) -> Iterator[Frame]:
    for height, width in SIZES:
        street = memory.noise(height // 8 + 1, width // 8 + 1).repeat(8, 0).repeat(8, 1) // 2
        for index in range(6):
            luma = street[:height, :width].copy()
            luma[: 8 * index, 4 * index : 4 * index + 24] = 255 if index % 2 else 20
            yuv = np.full((height * 3 // 2, width), 128, np.uint8)
            frame = _Loose(index + 1, Instant(index * 300_000_000, 0), yuv, width, height)
            frame.__dict__["luma"] = memory.apart(luma, index * 5)
            yield frame


def main(side: str) -> None:
    """Prints how much was tried."""
    memory = Guarded(at_end=side == "end")
    tells = [patch.object(module, "np", memory) for module in (compiled, fields, finder)]
    for tell in tells:
        tell.start()
    for attempt in (try_blocks, try_pictures):
        sys.stdout.write(f"{attempt.__name__} {attempt(memory)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
