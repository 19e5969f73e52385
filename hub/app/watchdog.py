"""The hub's watchdog: systemd's watchdog is fed only while every part has sent a heartbeat within
its limit.

A timer that feeds it by itself would report a hub as healthy whose intake hangs.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

log = structlog.get_logger()

Beat = Callable[[], None]
"""Heartbeat that a part calls, from its own thread or task, in each of its rounds."""

FEED_S: Final = 2.0
LIMIT_S: Final = 180.0
"""Seconds that a part may be silent: longer than any wait of its own, and than a slow database."""


class PartWatch:
    """Knows every part by its name, with the time of its last heartbeat."""

    def __init__(
        self,
        *,
        notify: Callable[[str], None] | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`notify` is handed states as sd_notify(3) words them; `now_s` is monotonic seconds."""
        self._notify = notify or notify_systemd
        self._now_s = now_s
        self._beaten_s: dict[str, float] = {}
        self._within_s: dict[str, float] = {}
        self._said: list[str] = []

    def part(self, name: str, *, within_s: float = LIMIT_S) -> Beat:
        """Watch a part from now on; returns its heartbeat, to be called at least every `within_s`
        seconds."""
        self._within_s[name] = within_s

        def beat() -> None:
            self._beaten_s[name] = self._now_s()

        beat()
        return beat

    def begin_anew(self) -> None:
        """Count the silence of every part from now on: those of a hub on trial have not begun."""
        self._beaten_s = dict.fromkeys(self._beaten_s, self._now_s())

    def silent(self) -> list[str]:
        """Names of the parts without a heartbeat within their limits."""
        now_s = self._now_s()
        return [
            name
            for name, within_s in self._within_s.items()
            if now_s - self._beaten_s[name] > within_s
        ]

    def feed(self) -> None:
        """Feed systemd's watchdog if every part is alive; a silent part is logged once."""
        silent = self.silent()
        if not silent:
            self._notify("WATCHDOG=1")
        elif silent != self._said:
            log.error("hub.parts_silent", parts=silent)
        self._said = silent

    async def run(self) -> None:
        """Feed the watchdog until cancelled."""
        while True:
            self.feed()
            await asyncio.sleep(FEED_S)

    def say_ready(self, status: str) -> None:
        """Tell systemd that the hub serves; `status` is a line for people."""
        self._notify(f"READY=1\nSTATUS={status}")

    def say_status(self, status: str) -> None:
        """Set the line that `systemctl status` shows from now on."""
        self._notify(f"STATUS={status}")

    def say_stopping(self) -> None:
        """Tell systemd that the hub is stopping."""
        self._notify("STOPPING=1")


def notify_systemd(state: str) -> None:
    """Notify systemd, if it asked for it (sd_notify(3)); never fails."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # abstract socket
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect(address)
        line.sendall(state.encode())
