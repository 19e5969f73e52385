"""The running hub: intake, notifier and pages, started in order and stopped in reverse."""

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import structlog

from hub.app.check import is_hub
from hub.app.config import HubSettings
from hub.app.parts import Parts
from hub.app.roles.attendance import Attendance
from hub.app.roles.listening import listening_socket
from hub.app.roles.names import CHORES, INTAKE, ROLES, WEB, default_port, in_order
from hub.app.roles.sole import refuse_a_part_on_sqlite
from hub.app.roles.watch import RoleWatch
from hub.app.upgrade.trial import Trial
from hub.app.watchdog import Beat
from hub.base.processes.change_listener import ChangeListener
from hub.intake.subscriber import Subscriber

log = structlog.get_logger()

_Part = Callable[[asyncio.Event, Beat], Coroutine[Any, Any, None]]

LOOK_S: Final = 0.1
KNOCK_S: Final = 15.0


class Hub:
    """All parts of this process's roles, built but not started; StartRefusedError if one cannot be
    built."""

    def __init__(
        self,
        settings: HubSettings,
        roles: frozenset[str] = frozenset(ROLES),
        *,
        port: int | None = None,
    ) -> None:
        """`port`: of the pages, or of health and metrics; None: the default of these roles."""
        refuse_a_part_on_sqlite(settings.store.url, roles)
        self._settings = settings
        self._roles = roles
        self._port = port or default_port(settings.web.port, roles)
        self._stop = asyncio.Event()
        self._trial = Trial()
        self._socket = listening_socket(
            settings, None if self._port == settings.web.port else self._port
        )
        try:
            self._parts = Parts(settings, roles, stopping=self._stop.is_set, trial=self._trial)
        except BaseException:
            self._socket.close()
            raise
        self._watch = self._parts.watch

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT; a failing part ends the whole process."""
        # All objects now present stay: scanning them for garbage again and again would stop every
        # thread for tenths of a second.
        gc.collect()
        gc.freeze()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        try:
            await self._run_parts()
        finally:
            self._socket.close()
            await self._parts.close()
            intake = self._parts.intake
            log.info("hub.stopped", **(intake.counts if intake else {}))

    async def _run_parts(self) -> None:
        notifier_stop, chores_stop = asyncio.Event(), asyncio.Event()
        threads: list[Subscriber | Attendance] = []
        try:
            async with asyncio.TaskGroup() as group:
                pages = group.create_task(self._serve(), name="pages")
                others = [
                    group.create_task(self._watch.run(), name="watchdog"),
                    group.create_task(self._probe_pages(), name="page probe"),
                ]
                await self._pass_trial()
                if not self._stop.is_set():
                    for one in (self._parts.intake, self._parts.attendance):
                        if one:
                            one.start()
                            threads.append(one)
                    watched = self._watched(notifier_stop, chores_stop)
                    for name, (run, stop) in watched.items():
                        group.create_task(run(stop, self._watch.part(name)), name=name)
                    others.append(group.create_task(self._say_ready(), name="ready"))
                watch = group.create_task(self._watch_threads(threads), name="threads")
                await self._stop.wait()
                log.info("hub.stopping")
                self._watch.say_stopping()
                for other in others:
                    other.cancel()
                self._parts.pages.should_exit = True
                self._parts.resources.change_signal.ring()  # live pages wait for it
                await pages
                chores_stop.set()
                notifier_stop.set()
                watch.cancel()
        finally:
            for one in threads:
                await asyncio.to_thread(one.stop)

    async def _pass_trial(self) -> None:
        """Return once this process is live or is stopped; at once unless an upgrade is on trial."""
        if not self._trial.is_on:
            return
        log.info("hub.on_trial", meaning="it takes and sends nothing until it is live")
        while not (self._parts.pages.started or self._stop.is_set()):
            await asyncio.sleep(LOOK_S)

        def say(status: str) -> None:
            self._watch.begin_anew()
            self._watch.say_ready(status)

        await self._trial.passed(self._stop, fault=self._parts.fault, say=say)
        self._watch.begin_anew()

    def _watched(
        self, notifier_stop: asyncio.Event, chores_stop: asyncio.Event
    ) -> dict[str, tuple[_Part, asyncio.Event]]:
        """The tasks of this process's roles, and what stops each."""
        parts, stop = self._parts, self._stop
        watched: dict[str, tuple[_Part, asyncio.Event]] = {"clock": (parts.clock_watch.run, stop)}
        if parts.attendance:
            listener = ChangeListener(parts.resources.db, parts.resources.change_signal)
            watched["changes"] = (listener.run, stop)
            watched["roles"] = (RoleWatch(parts.attendance).run, stop)
            if parts.revocation:
                watched["revocations"] = (parts.revocation.follow, stop)
            if CHORES in self._roles:
                watched["lease"] = (parts.lease.run, chores_stop)
        if delivery := parts.delivery:
            watched |= {
                "notifier": (delivery.notifier.run, notifier_stop),
                "abandoned leases": (delivery.abandoned.run, stop),
                "fallback channel": (delivery.fallback.run, stop),
                "escalator": (delivery.escalator.run, stop),
                "notice post": (delivery.notice_post.run, stop),
                "phone test": (delivery.phone_test.run, stop),
                "phone check": (delivery.phone_check.run, stop),
            }
        if parts.live:
            watched |= {
                "live": (parts.live.run, stop),
                "copies": (parts.resources.copies.run, stop),
            }
        if parts.monitor:
            watched["liveness monitor"] = (parts.monitor.run, stop)
        if parts.housekeeping:
            watched["housekeeping"] = (parts.housekeeping.run, chores_stop)
        return watched

    async def _serve(self) -> None:
        await self._parts.pages.serve(sockets=[self._socket])
        if not self._stop.is_set():
            raise RuntimeError("the web server ended by itself")

    async def _watch_threads(self, threads: Sequence[Subscriber | Attendance]) -> None:
        while all(one.is_alive for one in threads):
            await asyncio.sleep(1)
        raise RuntimeError("the thread of the intake or of the attendance died")

    async def _say_ready(self) -> None:
        web = self._settings.web
        while not self._parts.pages.started:
            await asyncio.sleep(LOOK_S)
        serves = f"pages are served at {web.public_url}"
        if WEB not in self._roles:
            serves = f"health and metrics are at {web.host}:{self._port}"
        if INTAKE in self._roles:
            # systemd is told before the broker is: pages are useful without it, and a start that
            # waits for a broker would count as failed.
            heard = "pages are served" if WEB in self._roles else "started"
            self._watch.say_ready(f"{heard}; the broker is not heard yet")
            while not self._parts.are_nodes_heard():
                await asyncio.sleep(LOOK_S)
            serves = f"{serves}, and {self._parts.intake_now()}"
            self._watch.say_status(serves)
        else:
            self._watch.say_ready(serves)
        log.info(
            "ready",
            address=f"http://{web.host}:{self._port}",
            public_url=web.public_url,
            roles=",".join(in_order(self._roles)),
        )

    async def _probe_pages(self) -> None:
        """Request a page like a browser: a server that runs and does not answer counts as
        silent."""
        beat, web = self._watch.part("pages"), self._settings.web
        while True:
            if await asyncio.to_thread(is_hub, web.host, self._port):
                beat()
            await asyncio.sleep(KNOCK_S)
