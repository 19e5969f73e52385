"""The towns that most tests of the hub use."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemBytecodeCache

from deploy.broker import Broker
from hub.base.db.database import Database
from hub.console import stream
from hub.footage.playback import growing_pages
from hub.nodes.enrolment import sheet_pages
from hub.search import sighting_queries
from hub.web import rendering
from tests.hub.rigs import intake_rig
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.streets import Streets
from tests.hub.rigs.web_town import Town


@pytest.fixture(scope="session", autouse=True)
def quick_pages() -> Iterator[None]:
    """Open pages ask again at once: their pace spares a hub with a hundred readers."""
    with pytest.MonkeyPatch.context() as patch:
        for pages in (stream, sheet_pages):
            patch.setattr(pages, "PACE_S", 0.01)
        patch.setattr(growing_pages, "LOOK_EVERY_S", 0.01)
        patch.setattr(growing_pages, "ASK_EVERY_S", 0.05)
        yield


@pytest.fixture(scope="session", autouse=True)
def whole_searches() -> Iterator[None]:
    """A search looks back to its beginning, however busy the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sighting_queries, "BUDGET_S", 600.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_templates() -> Iterator[None]:
    """Templates stay compiled from run to run, in the user's temporary files; a changed one is
    compiled anew."""
    cached = partial(Environment, bytecode_cache=FileSystemBytecodeCache())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "Environment", cached)
        yield


@pytest.fixture(autouse=True)
def no_lines_left() -> Iterator[None]:
    """Also those of a test that failed."""
    yield
    intake_rig.end_lines()


@pytest.fixture
def streets(db: Database, tmp_path: Path) -> Streets:
    """Nodes, cameras and officers, without pages."""
    return Streets(db, tmp_path / "media")


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Town:
    """A small town with its pages."""
    return Town(db, tmp_path)


@pytest.fixture
def desk(sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A keeper at the shell of a hub on SQLite."""
    return Desk.of(sqlite_url, tmp_path, capsys)


@pytest.fixture
def broker(needs_broker: None, tmp_path: Path) -> Iterator[Broker]:
    """A Mosquitto of the test's own."""
    with Broker(tmp_path / "mqtt") as running:
        yield running
