"""Named services, each a thread: started in order, watched, restarted, stopped in reverse order.

systemd's watchdog is fed only while every service has sent a heartbeat within its limit. A timer
would report a healthy node whose detection hangs.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from agent.uplink.backoff import Backoff

log = structlog.get_logger()

ROUND_S: Final = 0.5
"""Interval of the supervisor's checks."""


class Runs(Protocol):
    """A service: works until it is stopped, and sends heartbeats."""

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Do the work of the service; after an exception it is restarted after a wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service, its name, and how long it may go without a heartbeat."""

    name: str
    runs: Runs
    beat_within_s: float = 30.0
    ends_by_itself: bool = False
    """A finished recording is not a failure; any other service that returns is restarted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisePolicy:
    """Time limits for failing and stopping services, in seconds."""

    retry_base_s: float = 1.0
    retry_cap_s: float = 60.0
    stop_within_s: float = 20.0
    """A service that has not stopped by then is logged and left behind."""


@dataclass(slots=True)
class _Held:
    """Supervision state of a service; the thread writes, the supervisor reads."""

    service: Service
    thread: threading.Thread | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    beaten_s: float = 0.0
    failures: int = 0
    is_over: bool = False
    crash: BaseException | None = None

    @property
    def name(self) -> str:
        return self.service.name


class Supervisor:
    """Runs services until stopped, until the last recording ends, or until one crashes.

    `fatal` lists exceptions that a restart cannot cure: they stop everything and are raised again.
    """

    def __init__(
        self,
        services: Sequence[Service],
        *,
        policy: SupervisePolicy,
        fatal: tuple[type[BaseException], ...] = (),
        notify: Callable[[str], None] | None = None,
    ) -> None:
        self._held = [_Held(service) for service in services]
        self._policy = policy
        self._fatal = fatal
        self._notify = notify or notify_systemd
        self._is_asked_to_stop = threading.Event()

    def stop(self) -> None:
        """Request the end; safe from a signal handler and from any thread."""
        self._is_asked_to_stop.set()

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Start in order, watch until `until()` or `stop()`, stop in reverse order."""
        try:
            self._start_all()
            self._notify("READY=1")
            while not (self._is_asked_to_stop.wait(ROUND_S) or until()):
                self._look()
        finally:
            self._notify("STOPPING=1")
            self._stop_all()
        self._raise_crash()

    def silent(self, now_s: float) -> list[str]:
        """Names of services without a heartbeat within their limits."""
        return [
            held.name
            for held in self._held
            if not held.is_over and now_s - held.beaten_s > held.service.beat_within_s
        ]

    def is_over(self, name: str) -> bool:
        """True once this service ended by itself."""
        return any(held.is_over for held in self._held if held.name == name)

    def end(self, name: str) -> None:
        """Stop one service for good while others go on; waits for it."""
        for held in self._held:
            if held.name == name:
                self._end(held, time.monotonic() + self._policy.stop_within_s)

    @property
    def restarts(self) -> int:
        """Number of restarts of all services."""
        return sum(held.failures for held in self._held)

    def _start_all(self) -> None:
        for held in self._held:
            held.beaten_s = time.monotonic()
            held.thread = threading.Thread(
                target=self._keep_going, args=(held,), name=held.name, daemon=True
            )
            held.thread.start()

    def _look(self) -> None:
        self._raise_crash()
        if silent := self.silent(time.monotonic()):
            log.error("services_silent", services=silent)
        else:
            self._notify("WATCHDOG=1")

    def _raise_crash(self) -> None:
        for held in self._held:
            if held.crash is not None:
                raise held.crash

    def _keep_going(self, held: _Held) -> None:
        """Thread of one service: run it, and restart it after a wait if it fails."""
        backoff = Backoff(self._policy.retry_base_s, self._policy.retry_cap_s)
        while not held.stop.is_set():
            began_s = time.monotonic()
            try:
                held.service.runs.run(held.stop, lambda: self._beat(held))
            except self._fatal as crash:
                held.crash = crash
                return
            except Exception as error:  # noqa: BLE001 - the one place that begins services again
                held.failures += 1
                if time.monotonic() - began_s > self._policy.retry_cap_s:
                    backoff.reset()
                self._wait(held, backoff.next_s(), error)
            else:
                if held.service.ends_by_itself or held.stop.is_set():
                    held.is_over = True
                    return
                self._wait(held, backoff.next_s(), None)

    def _wait(self, held: _Held, wait_s: float, error: Exception | None) -> None:
        if not held.stop.is_set():
            log.error(
                "service_begins_again",
                service=held.name,
                reason=_told(error),
                in_s=round(wait_s, 1),
                failures=held.failures,
                exc_info=None if hasattr(error, "cure") else error,
            )
        until_s = time.monotonic() + wait_s
        while not held.stop.is_set() and (left_s := until_s - time.monotonic()) > 0:
            self._beat(held)  # waiting for the next attempt is not hanging
            held.stop.wait(min(1.0, left_s))

    def _beat(self, held: _Held) -> None:
        held.beaten_s = time.monotonic()

    def _stop_all(self) -> None:
        deadline_s = time.monotonic() + self._policy.stop_within_s
        for held in reversed(self._held):
            self._end(held, deadline_s)

    def _end(self, held: _Held, deadline_s: float) -> None:
        held.stop.set()
        if held.thread is not None:
            held.thread.join(max(0.1, deadline_s - time.monotonic()))
            if held.thread.is_alive():
                log.error("service_left_behind", service=held.name)


def _told(error: Exception | None) -> str:
    """An error as text for the log; an error with its own cure (camera, disk) needs no
    traceback."""
    if error is None:
        return "it returned"
    return str(error) if hasattr(error, "cure") else repr(error)


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
