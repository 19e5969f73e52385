"""Phones that confirm to the hub what they showed, as a service worker does, until the hub
answers."""

import re
import threading
from typing import Final

import httpx

from deploy.push_service import PushService
from tests.faults.tally import is_owed
from tests.waiting import patience_s

CSRF: Final = re.compile(r'data-csrf="([^"]+)"')
HEARD: Final = frozenset({204, 404})


class Receipts(threading.Thread):
    """Receipts of all phones, each officer's under their own session."""

    def __init__(self, url: str, push: PushService, logins: tuple[str, ...], password: str) -> None:
        super().__init__(name="phones", daemon=True)
        self._url = url
        self._push = push
        self._logins = logins
        self._password = password
        self._leaving = threading.Event()
        self._clients: dict[str, httpx.Client] = {}
        self._owed: set[tuple[str, str]] = set()
        self._read = 0
        self.whose: dict[str, str] = {}
        """The officer of a phone, by the phone's id at the push service."""

    @property
    def is_done(self) -> bool:
        """Nothing is left to say."""
        return not self._owed and self._read == len(self._push.messages)

    def leave(self) -> None:
        """Stop saying."""
        self._leaving.set()
        self.join(patience_s())
        for client in self._clients.values():
            client.close()

    def run(self) -> None:
        """Say what is owed, again after a wait when the hub is away."""
        while not self._leaving.wait(0.2):
            self._look()
            try:
                for login, notification_id in sorted(self._owed):
                    if self._leaving.is_set():
                        return
                    self._say(login, notification_id)
            except httpx.HTTPError:
                self._leaving.wait(0.5)

    def _look(self) -> None:
        fresh = self._push.messages[self._read :]
        self._read += len(fresh)
        for one in filter(lambda one: is_owed(one["message"]), fresh):
            self._owed.add((self.whose[one["phone"]], one["message"]["notification_id"]))

    def _say(self, login: str, notification_id: str) -> None:
        client = self._client(login)
        if client is None:
            return
        if client.post(f"/api/notifications/{notification_id}/shown").status_code in HEARD:
            self._owed.discard((login, notification_id))

    def _client(self, login: str) -> httpx.Client | None:
        """A signed-in one; None when the hub would not have it now."""
        if (client := self._clients.get(login)) is not None:
            return client
        client = httpx.Client(base_url=self._url, timeout=5, headers={"Origin": self._url})
        said = {"login": login, "password": self._password}
        found = None
        if client.post("/login", data=said).status_code == 303:
            found = CSRF.search(client.get("/settings").text)
        if found is None:
            client.close()
            return None
        client.headers["X-CSRF-Token"] = found[1]
        self._clients[login] = client
        return client
