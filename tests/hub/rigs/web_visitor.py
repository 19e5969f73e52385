"""A browser without a screen: signs in, keeps its cookies, sends forms as a page does."""

import asyncio
import atexit
import re
import threading
from collections.abc import Coroutine
from typing import Any

import httpx
from fastapi import FastAPI
from httpx._transports import asgi

asgi.is_running_trio = lambda: False  # it looks for a missing package at each request

PAGE = {"Accept": "text/html"}

_runner = asyncio.Runner()  # one for all: making and ending a loop takes longer than a request
atexit.register(_runner.close)


def _run(answer: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
    """To its end, in the shared loop of the main thread or in one of another thread's own."""
    if threading.current_thread() is threading.main_thread():
        return _runner.run(answer)
    return asyncio.run(answer)


class Visitor:
    """One person at one browser; what fails in the app fails in the test, unless asked not to."""

    def __init__(
        self, app: FastAPI, *, base_url: str = "http://testserver", may_fail: bool = False
    ) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=not may_fail)
        self._client = httpx.AsyncClient(transport=transport, base_url=base_url)
        self.origin = {"Origin": base_url}
        self.csrf = ""

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send one request as it is given; cookies are kept."""
        return _run(self._client.request(method, path, **request))

    def sign_in(self, login: str, password: str) -> "Visitor":
        answer = self.post("/login", login=login, password=password)
        assert answer.status_code == 303, answer.text
        self.csrf = self.send("GET", "/api/session").json()["csrf"]
        return self

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page, or anything else."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("GET", path, headers={**PAGE, **names})

    def post(self, path: str, **form: str | list[str]) -> httpx.Response:
        """Send a form as a page of this site does."""
        data = {"csrf": self.csrf, **form}
        return self.send("POST", path, data=data, headers={**PAGE, **self.origin})

    def call(self, path: str, body: Any = None) -> httpx.Response:
        """Post as a script of this site does."""
        headers = {**self.origin, "X-CSRF-Token": self.csrf}
        return self.send("POST", path, json=body, headers=headers)


def text_of(answer: httpx.Response) -> str:
    """The words of a page, without its tags."""
    bare = re.sub(r"<script.*?</script>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", bare)
