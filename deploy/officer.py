"""An officer at the page, played by a program: signs in, listens, fetches each alert's picture.

It has nothing but the address, a login and a password, and so measures what a person's browser
would: the moment at which an entitled officer holds the picture.
"""

import json
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Final

import httpx

MEDIA: Final = re.compile(r"/media/([0-9a-f-]{36})")


@dataclass(slots=True)
class Seen:
    """Alerts that the officer got, by id; moments in microseconds since 1970, UTC."""

    picture_utc_us: dict[str, int] = field(default_factory=dict)
    changes: int = 0


class Officer(threading.Thread):
    """Listens to the live events until told to leave."""

    def __init__(self, url: str, login: str, password: str) -> None:
        super().__init__(name="officer", daemon=True)
        self._url = url
        self._client = httpx.Client(
            base_url=url, timeout=httpx.Timeout(10, read=30), headers={"Origin": url}
        )
        answer = self._client.post("/login", data={"login": login, "password": password})
        if answer.status_code != 303:
            raise RuntimeError(f"the officer could not sign in: {answer.status_code}")
        self._leaving = threading.Event()
        self.seen = Seen()

    def leave(self) -> None:
        """Stop listening."""
        self._leaving.set()

    def run(self) -> None:
        """Follow the stream, coming back after each break as a browser does."""
        cursor = "0"
        while not self._leaving.is_set():
            try:
                cursor = self._listen(cursor)
            except httpx.HTTPError:
                self._leaving.wait(0.5)

    def _listen(self, cursor: str) -> str:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": cursor}
        with self._client.stream("GET", "/events", headers=headers) as stream:
            stream.raise_for_status()
            kind = ""
            for line in stream.iter_lines():
                if self._leaving.is_set():
                    break
                name, _, value = line.partition(": ")
                if name == "id":
                    cursor = value
                elif name == "event":
                    kind = value
                elif name == "data" and kind == "change":
                    self._look(str(json.loads(value)["alert_id"]))
                    kind = ""
        return cursor

    def _look(self, alert_id: str) -> None:
        self.seen.changes += 1
        if alert_id in self.seen.picture_utc_us:
            return
        card = self._client.get(f"/alerts/{alert_id}/card")
        found = MEDIA.search(card.text)
        if card.status_code != 200 or found is None:
            return
        picture = self._client.get(f"/media/{found[1]}")
        if picture.status_code == 200 and picture.content.startswith(b"\xff\xd8"):
            self.seen.picture_utc_us[alert_id] = time.time_ns() // 1000
