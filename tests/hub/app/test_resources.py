"""Resources of a process: made when they are used, replaced by a test, closed in order."""

import asyncio
from pathlib import Path

import httpx
import pytest

from hub.base.db.database import Database
from hub.base.storage.blobs import BlobFolder
from tests.hub.rigs.desk import resources_in


def test_nothing_is_made_before_it_is_used_and_then_once(tmp_path: Path) -> None:
    hub = resources_in(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert hub.blobs is hub.blobs
    assert [path.name for path in tmp_path.iterdir()] == ["media"]


def test_what_is_made_of_a_replaced_resource_has_the_new_one(
    tmp_path: Path, sqlite_url: str
) -> None:
    hub = resources_in(tmp_path, sqlite_url)
    hub.blobs = BlobFolder(tmp_path / "elsewhere")
    assert hub.uploads.blobs is hub.blobs
    asyncio.run(hub.close())


def test_what_was_made_last_is_closed_first_and_what_was_set_stays_open(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    really_close = Database.close

    def close(db: Database) -> None:
        closed.append("database")
        really_close(db)

    async def close_client(_: httpx.AsyncClient) -> None:
        closed.append("client")

    monkeypatch.setattr(Database, "close", close)
    monkeypatch.setattr(httpx.AsyncClient, "aclose", close_client)
    own, given = resources_in(tmp_path, sqlite_url), resources_in(tmp_path)
    assert own.db
    assert own.client
    given.db = own.db
    asyncio.run(given.close())
    assert closed == []
    asyncio.run(own.close())
    assert closed == ["client", "database"]
