"""Board health: temperature, voltage, disk space, card wear. None for a value the board lacks.

Sources: Linux sysfs (thermal, mmc), and the firmware's flags from `vcgencmd get_throttled`,
documented at raspberrypi.com under "vcgencmd".
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from agent.wire.presence import BoardWords

T = TypeVar("T")

_UNDER_VOLTAGE: Final = 1 << 0
_CAPPED: Final = 1 << 1
_THROTTLED: Final = 1 << 2
_SOFT_LIMIT: Final = 1 << 3
_SINCE_BOOT: Final = 16
"""Shift of the same flags for "has happened since the boot"."""
_LIFE_STEP_PERCENT: Final = 10
_NAMES: Final = ("proc/device-tree/model", "sys/class/dmi/id/product_name")
"""Files with the board's model: ARM's device tree, a PC's firmware."""
_LONGEST_NAME: Final = 80


class Board:
    """Reads the board's values once a minute; if a file is missing or malformed, only its value is
    lost."""

    def __init__(self, folder: Path, *, root: Path = Path("/")) -> None:
        """`folder` lies on the disk whose free space is reported; `root` is the parent of `sys`."""
        self._folder = folder
        self._sys = root / "sys"
        self._names = tuple(root / place for place in _NAMES)
        self._asks_firmware = root == Path("/")

    def words(self) -> BoardWords:
        """The current values of the board's sensors."""
        flags = self._throttled()
        slow = _CAPPED | _THROTTLED | _SOFT_LIMIT
        free, size = self._disk()
        return BoardWords(
            temperature_c=_told(self._temperature_c),
            is_under_voltage=_has(flags, _UNDER_VOLTAGE),
            is_throttled=_has(flags, slow),
            was_under_voltage=_has(flags, _UNDER_VOLTAGE << _SINCE_BOOT),
            was_throttled=_has(flags, slow << _SINCE_BOOT),
            disk_free_bytes=free,
            disk_size_bytes=size,
            card_wear_percent=_told(self._card_wear_percent),
        )

    def model(self) -> str | None:
        """The board's model name; None if it has none."""
        for place in self._names:
            words = " ".join((_told(partial(_beginning, place)) or "").split())
            name = "".join(letter for letter in words if letter.isprintable())[:_LONGEST_NAME]
            if name:
                return name
        return None

    def _temperature_c(self) -> float | None:
        """The temperature of the hottest thermal zone."""
        zones = sorted((self._sys / "class/thermal").glob("thermal_zone*/temp"))
        readings = [int(zone.read_text()) / 1000 for zone in zones]
        return max((one for one in readings if -100 <= one <= 300), default=None)

    def _throttled(self) -> int | None:
        """The firmware's throttling flags: from the kernel if it exports them, else from
        `vcgencmd`."""
        return _told(self._kernel_flags) if self._kernel_file() else _told(self._firmware_flags)

    def _kernel_file(self) -> Path | None:
        found = (self._sys / "devices/platform/soc").glob("*firmware/get_throttled")
        return next(found, None)

    def _kernel_flags(self) -> int | None:
        file = self._kernel_file()
        return int(file.read_text(), 16) if file else None

    def _firmware_flags(self) -> int | None:
        if not self._asks_firmware or (tool := shutil.which("vcgencmd")) is None:
            return None
        said = subprocess.run(  # noqa: S603 - a fixed command found on PATH
            [tool, "get_throttled"], capture_output=True, text=True, timeout=2, check=True
        ).stdout
        return int(said.partition("=")[2], 16)

    def _card_wear_percent(self) -> int | None:
        """Wear of the more worn of an eMMC's two cell types; 110 means past its life. SD reports
        none."""
        files = sorted((self._sys / "block").glob("mmcblk[0-9]/device/life_time"))
        steps = [int(word, 16) for file in files for word in file.read_text().split()]
        known = [step for step in steps if 0 < step <= 11]  # JEDEC: 0 undefined, 11 beyond its life
        return max(known) * _LIFE_STEP_PERCENT if known else None

    def _disk(self) -> tuple[int | None, int | None]:
        try:
            stat = os.statvfs(self._folder)
        except OSError:
            return None, None
        return stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize


def _beginning(file: Path) -> str:
    return file.read_bytes()[:200].decode(errors="ignore").replace("\0", " ")


def _has(flags: int | None, bits: int) -> bool | None:
    return None if flags is None else bool(flags & bits)


def _told(ask: Callable[[], T | None]) -> T | None:
    try:
        return ask()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
