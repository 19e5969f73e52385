"""A hub on a disk that fills up: it waits, reports it, loses nothing, and continues when it can."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from deploy.broker import Broker, free_port
from hub.access.grants import people_rows, rows
from hub.access.passwords import Passwords
from hub.access.rules.grants import Grant, Right
from hub.app.blob_owners import BLOB_OWNERS
from hub.base.audit.log import By
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from hub.base.storage.blobs import NoSpaceError
from hub.footage.retention import holds
from hub.footage.retention.remover import Remover
from hub.footage.retention.rules import Hold
from hub.footage.tables import media
from hub.nodes.spool.tables import events
from hub.registry import registry
from tests.hub.helpers.app.hub_program import ROOT, Site
from tests.hub.rigs.intake_rig import NodeLine, count, found_town
from tests.hub.rigs.web_town import Town, some_bytes
from tests.hub.rigs.wire_words import NodeVoice
from tests.waiting import patience_s, until

pytestmark = pytest.mark.promise(
    "Faults: A full disk at any write loses nothing that was accepted."
)

NODE = "nga-tu-01"
PASSWORD = "đèn đường 756"


@pytest.fixture
def small_disk(needs_system: None, tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of sixteen megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def site(needs_broker: None, small_disk: Path, tmp_path: Path) -> Iterator[Site]:
    """A hub's files on that disk, all but its log; a town, and an officer."""
    with Broker(tmp_path / "mqtt") as broker:
        site = Site(small_disk, broker, free_port())
        site.write_config()
        migrate(site.url)
        db = Database(site.url)
        found_town(db, NODE)
        an_officer(db)
        db.close()
        yield site


def an_officer(db: Database) -> None:
    now = HubClock().now()
    with db.writing() as conn:
        person_id = people_rows.add_person(
            conn,
            login="an",
            name="An",
            language="en",
            role="officer",
            password=PASSWORD,
            passwords=Passwords(),
            now=now,
        )
        grant = Grant(
            registry.area_by_name(conn, "Tân Khai"),
            None,
            Right.SEE | Right.ALERTED,
            starts_utc_us=now.utc_us - 1,
        )
        rows.add_grant(conn, person_id=person_id, grant=grant, reason="duty", now=now)


@contextlib.contextmanager
def running(site: Site, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The hub, writing its log onto a disk with room."""
    with log.open("wb") as file:
        hub = subprocess.Popen(
            [sys.executable, "-m", "hub", "run", "--config", site.config],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=file,
        )
    try:
        until(lambda: '"ready"' in log.read_text(), "the hub is ready")
        yield hub
    finally:
        hub.kill()
        hub.wait()


def fill(folder: Path) -> Path:
    """Take the last byte of the disk."""
    path = folder / "somebody's own"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return path


def sign_in(client: httpx.Client) -> httpx.Response:
    return client.post(
        "/login",
        data={"login": "an", "password": PASSWORD},
        headers={"Origin": str(client.base_url).rstrip("/")},
    )


def test_a_whole_hub_on_a_full_disk_waits_with_what_came_and_says_so_on_its_pages(
    site: Site, small_disk: Path, tmp_path: Path
) -> None:
    log, url = tmp_path / "hub.log", f"http://127.0.0.1:{site.port}"
    with running(site, log) as hub, httpx.Client(base_url=url, timeout=patience_s()) as client:
        node, voice = NodeLine(site.broker, NODE), NodeVoice(NODE)
        node.say(voice.birth())
        first = voice.event(time.time_ns() // 1000)
        node.say(first)
        node.await_stored(first)
        assert sign_in(client).status_code == 303
        filler = fill(small_disk)
        waiting = [voice.event(time.time_ns() // 1000) for _ in range(5)]
        for event in waiting:
            node.say(event)
        until(lambda: '"intake.database"' in log.read_text(), "the intake said so")
        for _ in range(3):
            page = client.get("/", headers={"accept": "text/html"})
            assert (page.status_code, page.headers["retry-after"]) == (503, "10")
            assert "Ổ đĩa đã đầy" in page.text
        script = client.get(f"/media/{uuid4()}", headers={"accept": "video/*"})
        assert script.json() == {"reason": "database_away"}
        refused = site.command("area", "add", "Khu phố 9", "--level", "quarter")
        assert refused.returncode == 1
        [line] = refused.stderr.splitlines()
        assert "database or disk is full" in line and "Free space" in line
        assert client.get("/health").status_code == 200
        assert hub.poll() is None
        filler.unlink()
        for event in waiting:
            node.await_stored(event)
        node.leave()
        assert client.get("/", headers={"accept": "text/html"}).status_code == 200
    db = Database(site.url)
    assert count(db, events) == 6
    db.close()
    said = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    assert [line["event"] for line in said].count("web.database") == 1
    assert "Traceback" not in log.read_text()


@pytest.mark.promise("Seal and footage store: Held footage stays at a full disk of the hub.")
def test_at_a_full_disk_what_is_held_stays_and_what_is_worth_least_goes(
    small_disk: Path, sqlite_url: str
) -> None:
    db = Database(sqlite_url)
    town = Town(db, small_disk, spare_bytes=2**20)
    held, free, new = (some_bytes(3 * 2**20) for _ in range(3))
    for content in (held, free):
        town.clip(town.somebody(), content)
        town.bring(content)
    with db.writing() as conn:
        media_id = conn.scalar(select(media.c.id).where(media.c.sha256 == sha256(held).hexdigest()))
        holds.place_hold(
            conn,
            Hold(media_id=media_id),
            case_number="A-7/2026",
            reason="theft",
            by=By(came_from="shell"),
            now=town.clock.now(),
        )
    fill(small_disk)
    town.clip(town.somebody(), new)
    with pytest.raises(NoSpaceError):
        town.bring(new)
    rooms: dict[str, Any] = {
        "owners": BLOB_OWNERS,
        "blobs": town.blobs,
        "clock": town.clock,
        "change_signal": town.change_signal,
    }
    assert Remover(db, **rooms).make_room() == 0, "nobody asked for it"
    remover = Remover(db, makes_room=True, **rooms)
    assert remover.make_room() == 1
    assert town.blobs.has(sha256(held).hexdigest())
    assert not town.blobs.has(sha256(free).hexdigest())
    fill(small_disk)
    assert remover.make_room() == 0, "only what is held is left"
    assert town.blobs.has(sha256(held).hexdigest())
    with pytest.raises(NoSpaceError):
        town.bring(new)
    db.close()
