"""Wakes a thread that waits for its session with PostgreSQL."""

import select
import socket
from contextlib import suppress


class Waker:
    """`wake` for any thread, also after `close`; the others for the thread that waits."""

    def __init__(self) -> None:
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)

    def wake(self) -> None:
        """End the present or the next wait."""
        with suppress(OSError):
            self._wake.send(b"1")

    def wait(self, descriptor: int, wait_s: float) -> None:
        """Wait until this descriptor can be read, `wake` is called, or so many seconds have
        passed."""
        # Not select(): it takes no descriptor above 1,023, and each open page has one.
        waited = select.poll()
        for one in (descriptor, self._woken.fileno()):
            waited.register(one, select.POLLIN)
        waited.poll(wait_s * 1000)
        with suppress(BlockingIOError):
            while self._woken.recv(64):
                continue

    def close(self) -> None:
        """Close the two descriptors."""
        self._wake.close()
        self._woken.close()
