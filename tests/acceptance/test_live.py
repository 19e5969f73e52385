"""Watching live through the real node, broker and hub: only while somebody does, and no longer."""

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.acceptance.demonstration import Running
from tests.waiting import patience_s, until

pytestmark = pytest.mark.promise("Pages: Live view sends pictures only while somebody watches.")

PATIENCE_S = 60.0
LEASE_S = 10.0
MOST_BYTES = 60_000


def rows(demo: Running, query: str) -> list[tuple[str, ...]]:
    """Of the hub's database."""
    hub = demo.folder / "hub" / "hub.sqlite"
    with closing(sqlite3.connect(f"file:{hub}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def node_said(demo: Running, event: str) -> int:
    """How often the node's log has that line."""
    log = (demo.folder / "agent.log").read_text(errors="replace")
    return len(re.findall(rf"\b{event}\b", log))


@pytest.fixture
def visitor(needs_loopback: None, demo: Running) -> Iterator[httpx.Client]:
    """The demonstration's officer, signed in."""
    headers = {"Accept": "text/html", "Origin": demo.url}
    with httpx.Client(base_url=demo.url, headers=headers, timeout=patience_s()) as client:
        form = {"login": demo.login, "password": demo.password}
        assert client.post("/login", data=form).status_code == 303
        yield client


def watched(visitor: httpx.Client, place: str, *, pictures: int) -> list[httpx.Response]:
    """So many pictures, each newer than the one before."""
    shown: list[httpx.Response] = []
    number, until_s = 0, time.monotonic() + patience_s()
    while len(shown) < pictures:
        assert time.monotonic() < until_s, f"{len(shown)} of {pictures} pictures came"
        answer = visitor.get(f"{place}/picture", params={"after": number})
        if answer.status_code == 200:
            shown.append(answer)
            number = int(answer.headers["Picture-Number"])
    return shown


def test_a_camera_is_watched_through_node_broker_and_hub_and_stops_when_nobody_does(
    demo: Running, visitor: httpx.Client
) -> None:
    (camera,) = rows(demo, "SELECT id FROM cameras")[0]
    place = f"/cameras/{camera}/live"
    assert node_said(demo, "live_watched") == 0
    assert visitor.get(place).status_code == 200
    shown = watched(visitor, place, pictures=4)
    assert len({one.content for one in shown}) == 4
    for one in shown:
        assert one.content.startswith(b"\xff\xd8\xff") and len(one.content) <= MOST_BYTES
    assert node_said(demo, "live_watched") == 1
    media = [path for path in Path(demo.folder).rglob("*") if path.is_file()]
    contents = {one.content for one in shown}
    assert not any(
        path.read_bytes() in contents for path in media if path.stat().st_size <= MOST_BYTES
    )
    csrf = visitor.get("/api/session").json()["csrf"]
    assert visitor.post(f"{place}/end", data={"csrf": csrf}).status_code == 204
    until(lambda: node_said(demo, "live_ended"), every_s=0.2)
    begun, ended = rows(demo, "SELECT act, detail FROM audit WHERE act LIKE 'live.%' ORDER BY seq")
    assert begun[0] == "live.begin"
    assert re.fullmatch(r"\d+ s, 4 pictures; closed", ended[1]), ended


def test_a_page_that_is_gone_without_a_word_stops_the_node_too(
    demo: Running, visitor: httpx.Client
) -> None:
    (camera,) = rows(demo, "SELECT id FROM cameras")[0]
    ended = node_said(demo, "live_ended")
    watched(visitor, f"/cameras/{camera}/live", pictures=1)
    began_s = time.monotonic()
    until(lambda: node_said(demo, "live_ended") > ended, every_s=0.2)
    assert time.monotonic() - began_s > LEASE_S / 2
    (said,) = rows(demo, "SELECT detail FROM audit WHERE act = 'live.end' ORDER BY seq DESC")[0]
    assert said.endswith("the page was left"), json.dumps(said)
