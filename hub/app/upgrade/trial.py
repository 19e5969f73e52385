"""The trial of a new version: until it is healthy it takes no message and no upload, sends nothing,
writes nothing, and shows no page."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.app.upgrade.steps import HEALTHY, is_on_trial
from hub.base.periodic import rest
from hub.intake.mqtt.probe import BrokerAddress, BrokerRefusedError, probe

LOOK_S: Final = 0.2
AGAIN_S: Final = 2.0
CLOSED: Final = (
    "Hệ thống đang được nâng cấp. Xin thử lại sau một phút.\n"
    "The hub is being upgraded. Please try again in a minute.\n"
)


class Trial:
    """Whether this process is on trial: by the upgrade's own note, from the start of the process
    until it is live."""

    def __init__(self, slot: Path | None = None) -> None:
        self._slot = slot or Path(sys.prefix).resolve()
        self._is_on = is_on_trial(self._slot)

    @property
    def is_on(self) -> bool:
        """True until the new version is live."""
        return self._is_on

    async def passed(
        self, stop: asyncio.Event, *, fault: Callable[[], str], say: Callable[[str], None]
    ) -> None:
        """Return once this process is live, or with `stop`. `fault` says what is wrong with it, an
        empty text if nothing is; it may block. `say` is told the status every time."""
        status = ""
        while self._is_on and not stop.is_set():
            if status != HEALTHY:
                found = await asyncio.to_thread(fault)
                status = f"on trial: {found}" if found else HEALTHY
            say(status)
            await rest(stop, LOOK_S if status == HEALTHY else AGAIN_S)
            self._is_on = is_on_trial(self._slot)


class ClosedOnTrial:
    """ASGI application that answers 503 while the process is on trial, but for its health: a box
    keeps its upload, and nothing that somebody enters is lost by a return."""

    def __init__(self, app: ASGIApp, trial: Trial) -> None:
        self._app = app
        self._trial = trial

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not self._trial.is_on or scope.get("path") == "/health":
            await self._app(scope, receive, send)
            return
        closed = PlainTextResponse(CLOSED, 503, {"Retry-After": "10", "Cache-Control": "no-store"})
        await closed(scope, receive, send)


def fault_of_pages(app: FastAPI, public_url: str) -> str:
    """What is wrong with the pages, asked without a network; empty if the sign-in page is shown."""
    return asyncio.run(_fault_of_pages(app, public_url))


async def _fault_of_pages(app: FastAPI, public_url: str) -> str:
    inside = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=inside, base_url=public_url) as browser:
        answer = await browser.get("/login", headers={"Accept": "text/html"})
    return "" if answer.status_code == 200 else f"the sign-in page answers {answer.status_code}"


def fault_of_brokers(addresses: list[BrokerAddress]) -> str:
    """Why no broker accepts the hub; empty if one does. Nothing is received: no MQTT is spoken."""
    why = ""
    for one in addresses:
        try:
            probe(one)
        except BrokerRefusedError as refusal:
            why = why or str(refusal)
        else:
            return ""
    return why
