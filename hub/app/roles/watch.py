"""Logs which role no process has, and when a process has it again."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog

from hub.app.roles.attendance import Attendance
from hub.app.roles.names import MISSED, cure
from hub.base.periodic import rest

log = structlog.get_logger()

LOOK_S: Final = 2.0
GRACE_S: Final = 15.0
"""A role may be without a process so long: while one is started again."""


class RoleWatch:
    """Task of the hub that logs roles without a process."""

    def __init__(
        self, attendance: Attendance, *, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._attendance = attendance
        self._now_s = now_s
        self._since_s: dict[str, float] = {}
        self._said: set[str] = set()

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Check the roles at intervals until `stop`."""
        while not stop.is_set():
            beat()
            self.look()
            await rest(stop, LOOK_S)

    def look(self) -> None:
        """Log what has changed; nothing while PostgreSQL cannot be asked."""
        unserved = self._attendance.unserved
        if unserved is None:
            return
        now_s = self._now_s()
        for role in self._said.difference(unserved):
            self._said.discard(role)
            log.info("role.served", role=role)
        self._since_s = {role: self._since_s.get(role, now_s) for role in unserved}
        for role, since_s in self._since_s.items():
            if role not in self._said and now_s - since_s >= GRACE_S:
                self._said.add(role)
                log.error(
                    "role.unserved",
                    role=role,
                    meaning=f"no process has this role: {MISSED[role]}",
                    cure=cure(role),
                )
