"""A layer below the writing code that kills the process: at any disk call, or half-way into one.

Every open, write, flush, rename, truncation and removal that Python makes is counted; the chosen
one kills the process, a write after some of its bytes. SQLite's own calls do not pass here; a kill
from outside at a random moment covers these.
"""

import contextlib
import io
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_CALLS: Final = ("fsync", "fdatasync", "rename", "replace", "unlink", "truncate", "ftruncate")


class Fate:
    """Counts calls to the disk and ends the process at the one that is its last."""

    def __init__(self, calls_left: int, chance: random.Random) -> None:
        self._calls_left = calls_left
        self._chance = chance

    def step(self) -> bool:
        """One call: True if it is the last."""
        self._calls_left -= 1
        return self._calls_left == 0

    def call(self, before: Callable[[], object] = lambda: None) -> None:
        """One call that dies, if it does, before or after it was done."""
        if self.step():
            with contextlib.suppress(OSError):  # a full disk takes not even the last one
                if self._chance.random() < 0.5:
                    before()
            die()

    def share(self) -> float:
        """Share of the last write that is done."""
        return self._chance.random()


def die() -> None:
    """End this process at once, like a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


class MortalFile(io.FileIO):
    """A file whose writing may be its process's last deed."""

    fate: Fate

    def write(self, data: Any) -> int:
        """All of it, or some of it and no more after that."""
        if self.fate.step():
            with contextlib.suppress(OSError):
                super().write(bytes(data)[: round(len(data) * self.fate.share())])
            die()
        return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        """Counted too."""
        self.fate.call()
        return super().truncate(size)


def put_below(fate: Fate) -> None:
    """Have everything this process writes from now on counted; there is no way back."""
    for name in _CALLS:
        setattr(os, name, _counted(getattr(os, name), fate))
    really_open = io.open

    def mortal_open(file: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
        if "b" not in mode or not set(mode) & set("wxa+") or not isinstance(file, Path | str):
            return really_open(file, mode, *args, **more)
        fate.call()
        raw = MortalFile(os.fspath(file), mode.replace("b", ""))
        raw.fate = fate
        return io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)

    io.open = mortal_open  # where pathlib looks it up


def _counted(real: Callable[..., Any], fate: Fate) -> Callable[..., Any]:
    def counted(*args: Any, **more: Any) -> Any:
        fate.call(lambda: real(*args, **more))
        return real(*args, **more)

    return counted
