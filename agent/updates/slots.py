"""Two slots for the node's software, and a link to the one in use.

A new slot is on probation: a note is written, then the link is switched, and `guard` counts each
start of the service. The agent leaves a mark once it has reached its broker; then the slot is in
force. After too many starts or too long a time without the mark, the link is switched back. The
note counts only while the link points where the note says. So after an interruption anywhere one
complete slot is in use.

systemd runs it as root before every start, with the system's own Python, not a slot's: a slot that
cannot even start must be left again. So it uses only the standard library.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

HOME: Final = Path("/opt/matthan")
MARK: Final = Path("/var/lib/matthan/slot-proved")
MOST_STARTS: Final = 4
WITHIN_S: Final = 900.0
"""Seconds; the first start from a slow card takes minutes."""
WHOLE: Final = "whole"
RELEASE: Final = Path("share/matthan/RELEASE")
"""File with the release of a slot, `NUMBER NAME`."""
MOST_WORKED: Final = 50
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class SlotError(Exception):
    """The link was not switched; the slot in use stays."""


class Slots:
    """Slots `NAME-…` below `home`, and the link `NAME`; for root, one process at a time."""

    def __init__(self, home: Path = HOME, name: str = "agent", *, mark: Path = MARK) -> None:
        self._link = home / name
        self._note = home / f"{name}.probation"
        self._worked = home / f"{name}.worked"
        self._mark = mark

    @property
    def in_use(self) -> Path | None:
        """The slot to which the link points."""
        try:
            return self._link.parent / self._link.readlink()
        except OSError:
            return None

    def probation(self) -> dict[str, Any] | None:
        """State of the probation: now, before, starts, boot, began_s; None if there is none."""
        try:
            said = json.loads(self._note.read_text(encoding="utf-8"))
            found = {
                "now": str(said["now"]),
                "before": str(said["before"]),
                "starts": int(said["starts"]),
                "boot": str(said["boot"]),
                "began_s": float(said["began_s"]),
            }
            if str(self.in_use) == said.get("passing"):
                found["now"] = str(said["passing"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        return found if str(self.in_use) == found["now"] else None

    def turn(self, slot: Path, *, boot: str, uptime_s: float) -> None:
        """Use this slot from the next start on; if it fails, the present one is used again.

        Raises SlotError for an incomplete slot.
        """
        if not (slot / WHOLE).is_file():
            raise SlotError(f"{slot} was cut off while it was filled: fill it anew")
        before = self.in_use
        if before == slot:
            return
        known, passing = self.probation(), ""
        if known is not None and not self.is_proved(known["now"]):
            # A slot that never reached a broker is no fallback, and stays on probation if the link
            # is not switched after all.
            before, passing = Path(known["before"]), known["now"]
        if before is not None and (before / WHOLE).is_file():
            self._remember(before)
            note = {"now": str(slot), "before": str(before), "passing": passing, "starts": 0}
            self._write(note | {"boot": boot, "began_s": uptime_s})
        self._point_to(slot)

    def worked(self) -> set[int]:
        """Numbers of releases that were replaced after having worked: this node can only go back to
        these."""
        return {int(line.split()[0]) for line in self._worked_lines()}

    def guard(self, *, boot: str, uptime_s: float) -> str:
        """Before a start of the service: count it, or switch back; returns the action in words."""
        known = self.probation()
        if known is None:
            self._forget()
            return ""
        if self.is_proved(known["now"]):
            self._forget()
            return f"{known['now']} has reached its broker: it is in force"
        is_over = known["boot"] == boot and uptime_s - known["began_s"] >= WITHIN_S
        if is_over or known["starts"] >= MOST_STARTS:
            self._point_to(Path(known["before"]))
            self._forget()
            return f"{known['now']} did not reach its broker: back to {known['before']}"
        counted = known | {"starts": known["starts"] + 1}
        if known["boot"] != boot:  # its time begins anew: how long the power was cut is not known
            counted |= {"boot": boot, "began_s": uptime_s}
        self._write(counted)
        return f"{known['now']} is on probation, start {counted['starts']} of {MOST_STARTS}"

    def is_over(self, *, boot: str, uptime_s: float) -> bool:
        """True if the probation time is over without proof."""
        known = self.probation()
        if known is None or known["boot"] != boot or self.is_proved(known["now"]):
            return False
        return bool(uptime_s - known["began_s"] >= WITHIN_S)

    def is_proved(self, slot: str) -> bool:
        """True if the agent of this slot has marked that it reached its broker."""
        try:
            with self._mark.open("rb") as file:
                return file.read(4096).decode("utf-8", "replace").strip() == slot
        except OSError:
            return False

    def _point_to(self, slot: Path) -> None:
        draft = self._link.with_name(f"{self._link.name}.part")
        draft.unlink(missing_ok=True)
        draft.symlink_to(slot)
        draft.replace(self._link)
        self._sync()

    def _remember(self, slot: Path) -> None:
        try:
            with (slot / RELEASE).open(encoding="utf-8") as file:
                release = file.read(200).strip()
        except (OSError, ValueError):  # of a bundle without one
            return
        lines = self._worked_lines()
        if release not in lines:
            self._put(self._worked, "\n".join([*lines, release][-MOST_WORKED:]) + "\n")

    def _worked_lines(self) -> list[str]:
        try:
            lines = self._worked.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return []
        return [line for line in lines if line.split(" ")[0].isdecimal() and line.isascii()]

    def _write(self, note: dict[str, Any]) -> None:
        self._put(self._note, json.dumps(note))

    def _put(self, path: Path, text: str) -> None:
        draft = path.with_name(f"{path.name}.part")
        with draft.open("w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o644)  # the agent reads it, whatever the service's umask
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        self._sync()

    def _forget(self) -> None:
        if self._note.exists():
            self._note.unlink()
            self._sync()

    def _sync(self) -> None:
        handle = os.open(self._link.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def main(words: list[str]) -> int:
    """The commands `guard` and `turn SLOT`."""
    boot = BOOT_ID.read_text(encoding="ascii").strip()
    now: dict[str, Any] = {"boot": boot, "uptime_s": time.clock_gettime(time.CLOCK_BOOTTIME)}
    slots = Slots()
    match words:
        case ["guard"]:
            if said := slots.guard(**now):
                sys.stdout.write(f"{said}\n")
        case ["turn", slot]:
            try:
                slots.turn(Path(slot), **now)
            except SlotError as error:
                sys.stderr.write(f"{error}\n")
                return 1
        case _:
            sys.stderr.write("slots.py guard | turn SLOT\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
