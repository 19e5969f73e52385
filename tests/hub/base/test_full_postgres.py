"""A hub whose PostgreSQL has a full disk, or is gone: it waits, reports it, loses nothing."""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.broker import Broker, free_port
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from hub.nodes.spool.tables import events
from hub.registry.tables import set_aside
from tests.faults.disks import fill, free, small_disk
from tests.hub.helpers.app.hub_program import ROOT, Site
from tests.hub.rigs.intake_rig import NodeLine, count, found_town
from tests.hub.rigs.wire_words import NodeVoice
from tests.postgres import Server, server
from tests.waiting import patience_s, until

pytestmark = [
    pytest.mark.promise("Faults: A full disk at any write loses nothing that was accepted."),
    pytest.mark.promise("Faults: A lost database takes its batch back whole."),
]

NODE = "nga-tu-01"
DISK_BYTES = 160 * 2**20


@dataclass
class Based(Site):
    """A hub on a database elsewhere."""

    base: str = ""

    @property
    def url(self) -> str:
        return self.base


@dataclass
class Ground:
    """Disk below the database."""

    server: Server
    disk: Path

    def fills_up(self) -> None:
        fill(self.disk)

    def is_lost(self) -> None:
        self.server.kill()

    def is_mended(self) -> None:
        """Room is made, and whoever looks after it starts it again if it ended."""
        free(self.disk)
        if not self.server.is_running:
            self.server.start()


@pytest.fixture(scope="module")
def ground(needs_postgres: None, needs_system: None) -> Iterator[Ground]:
    # Pytest's own folders are closed to the server's user.
    with tempfile.TemporaryDirectory(prefix="matthan-pg-") as folder:
        home = Path(folder)
        with small_disk(home, size_bytes=DISK_BYTES, keeps=False) as disk:
            if disk is None:
                pytest.skip("only root can mount a small disk")
            with server(home, fsync=True) as running:
                yield Ground(running, disk)


@pytest.fixture
def site(needs_broker: None, ground: Ground, tmp_path: Path) -> Iterator[Based]:
    with Broker(tmp_path / "mqtt") as broker:
        site = Based(tmp_path, broker, free_port(), base=f"{ground.server.url}/postgres")
        site.write_config()
        yield site


def lines(log: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]


@pytest.mark.parametrize("trouble", [Ground.fills_up, Ground.is_lost])
def test_a_hub_without_its_postgresql_waits_says_so_once_and_loses_nothing(
    site: Based, ground: Ground, tmp_path: Path, trouble: Callable[[Ground], None]
) -> None:
    migrate(site.url)
    db = Database(site.url)
    if count(db, events) == 0:
        found_town(db, NODE)
    stored = count(db, events)
    log = tmp_path / "log"
    command = [sys.executable, "-m", "hub", "run", "--config", str(site.config)]
    with (
        log.open("wb") as file,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=file) as hub,
    ):
        try:
            until(lambda: '"ready"' in log.read_text(), "the hub is ready")
            node, voice = NodeLine(site.broker, NODE), NodeVoice(NODE)
            node.say(voice.birth())
            first = voice.event(time.time_ns() // 1000)
            node.say(first)
            node.await_stored(first)
            trouble(ground)
            waiting = [voice.event(time.time_ns() // 1000) for _ in range(200)]
            for event in waiting:
                node.say(event)
            until(lambda: '"intake.database"' in log.read_text(), "the intake said so")
            time.sleep(8)  # long enough to count its failures, were they counted
            health = f"http://127.0.0.1:{site.port}/health"
            assert httpx.get(health, timeout=patience_s()).status_code == 200
            assert hub.poll() is None
            ground.is_mended()
            for event in waiting:
                node.await_stored(event)
            node.leave()
        finally:
            ground.is_mended()
            hub.terminate()
    assert (count(db, events) - stored, count(db, set_aside)) == (201, 0)
    db.close()
    said = Counter(str(line["event"]) for line in lines(log))
    assert said["intake.database"] == said["intake.goes_on"] == 1
    assert max(said["liveness.blind"], said["fallback.blind"]) <= 1
    assert said["notifier.ledger_unreachable"] <= 1
    assert "Traceback" not in log.read_text()
