"""How soon a page of one hub process shows a change made in another one.

    python -m tests.rigs.heard [--notes N]

Two whole hubs run over one PostgreSQL, each with a broker and a disk of its own. An officer writes
notes to an alert on the one; another has the inbox open on each. One JSON object comes out: the
time from the request of the note to the line in each page's stream. This is a command; no test
asserts its result.
"""

import argparse
import json
import os
import random
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID

import httpx
import psycopg

from deploy.broker import Broker, free_port
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from tests.bench.hub import kinds
from tests.hub.helpers.app.hub_program import Site
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.postgres import cluster
from tests.waiting import patience_s, until

PAUSE_S: Final = (0.3, 0.9)
"""Between two notes; a page asks at most every 0.2 s."""


class HubOfSeveral(Site):
    """A hub over a database that others use too."""

    shared_url = ""

    @property
    def url(self) -> str:
        return self.shared_url


class Officer:
    """Signed in at one of the hubs."""

    def __init__(self, login: str, port: int) -> None:
        address = f"http://127.0.0.1:{port}"
        self.client = httpx.Client(
            base_url=address, headers={"Origin": address}, timeout=patience_s()
        )
        self.client.post("/login", data={"login": login, "password": PASSWORD})
        self.csrf: str = self.client.get("/api/session").json()["csrf"]

    def note(self, alert_id: UUID, text: str) -> None:
        """Write it to the alert's history."""
        form = {"csrf": self.csrf, "note": text}
        assert self.client.post(f"/alerts/{alert_id}/note", data=form).status_code == 303


class OpenPage(Officer):
    """Remembers when each change came."""

    def __init__(self, login: str, port: int) -> None:
        super().__init__(login, port)
        self.came_s: list[float] = []
        self.is_open = False
        threading.Thread(target=self._listen, daemon=True).start()
        until(lambda: self.is_open)

    def _listen(self) -> None:
        with (
            suppress(httpx.HTTPError),  # the hub is killed at the end
            self.client.stream("GET", "/events") as stream,
        ):
            for line in stream.iter_lines():
                self.is_open = True
                if line == "event: change":
                    self.came_s.append(time.monotonic())


def start(folder: Path, url: str, stack: ExitStack) -> HubOfSeveral:
    """A running hub, killed at the end."""
    folder.mkdir()
    broker = stack.enter_context(Broker(folder / "mqtt"))
    hub = HubOfSeveral(folder, broker, free_port())
    hub.shared_url = url
    hub.write_config()
    process = hub.start()
    stack.callback(process.wait)
    stack.callback(process.kill)
    until(lambda: hub.has_said("ready"), (folder / "log").read_text)
    return hub


def measure(folder: Path, stack: ExitStack, *, notes: int) -> dict[str, Any]:
    """The figures, in ms."""
    server = stack.enter_context(cluster())
    with psycopg.connect(server.replace("+psycopg", "") + "/postgres", autocommit=True) as conn:
        conn.execute("CREATE DATABASE hub TEMPLATE template0")
    url = f"{server}/hub"
    migrate(url)
    db = Database(url)
    stack.callback(db.close)
    (folder / "town").mkdir()
    alert_id = Town(db, folder / "town").somebody().alert_id
    assert alert_id is not None
    ports = [start(folder / name, url, stack).port for name in ("here", "there")]
    pages = [OpenPage("binh", port) for port in ports]
    writer = Officer("an", ports[0])
    took_ms: dict[str, list[float]] = {"same_process_ms": [], "other_process_ms": []}
    for number in range(notes):
        time.sleep(random.uniform(*PAUSE_S))  # noqa: S311 - only spreads
        began_s = time.monotonic()
        writer.note(alert_id, f"note {number}")
        for page, took in zip(pages, took_ms.values(), strict=True):
            until(lambda page=page, told=number: len(page.came_s) > told)  # type: ignore[misc]
            took.append((page.came_s[number] - began_s) * 1000)
    return {name: kinds.shares(took) for name, took in took_ms.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=200)
    notes = parser.parse_args().notes
    found: dict[str, Any] = {"machine": kinds.machine(), "load_before": os.getloadavg()[0]}
    with TemporaryDirectory(prefix="matthan-heard-") as folder, ExitStack() as stack:
        found |= measure(Path(folder), stack, notes=notes)
    found |= {"notes": notes, "load_after": os.getloadavg()[0]}
    print(json.dumps(found))  # noqa: T201 a command's answer


if __name__ == "__main__":
    main()
