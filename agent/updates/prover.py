"""Agent's part of an update: marks its slot as working once it has reached the broker, or ends."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from agent.board.clock import boot_id
from agent.config.remote.settings import PROOF_S
from agent.journal.durable import write_whole
from agent.updates.slots import MARK, Slots

log = structlog.get_logger()

LOOK_S: Final = 1.0


class SlotProver:
    """Named service that marks the slot as working; it ends once there is nothing to prove."""

    def __init__(
        self,
        slots: Slots,
        link_up_for_s: Callable[[], float],
        make_way: Callable[[], None],
        *,
        mark: Path = MARK,
        slot: Path | None = None,
    ) -> None:
        self._slots = slots
        self._link_up_for_s = link_up_for_s
        self._make_way = make_way
        self._mark = mark
        self._slot = str(slot or Path(sys.prefix).resolve())

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Check until the slot is proved, or its time is over."""
        boot = str(boot_id())
        while self._slots.probation() is not None and not self._slots.is_proved(self._slot):
            beat()
            if self._link_up_for_s() >= PROOF_S:
                self._prove()
                return
            uptime_s = time.clock_gettime(time.CLOCK_BOOTTIME)
            if self._slots.is_over(boot=boot, uptime_s=uptime_s):
                log.error("update_failed", slot=self._slot, why="the broker was not reached")
                self._make_way()  # the guard switches back before the next start
                return
            if stop.wait(LOOK_S):
                return

    def _prove(self) -> None:
        write_whole(self._mark, self._slot.encode(), mode=0o644)
        log.info("update_proved", slot=self._slot)
