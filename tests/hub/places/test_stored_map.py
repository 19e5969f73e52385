"""The map's background in the media store: every machine has the same."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.app.blob_owners import BLOB_OWNERS
from hub.base.db.database import Database
from hub.base.storage.blobs import Blobs, StoreAwayError
from hub.base.storage.s3 import BlobBucket, BucketAddress, BucketKey
from hub.footage.retention.reconcile import Reconciler
from hub.places.map.ground import MapFileError, MapFiles
from hub.places.map.stored_map import StoredMap
from hub.places.map.tables import map_ground
from hub.web.services import Under
from tests.bucket import KEY_ID, SECRET, new_bucket, s3_server
from tests.hub.helpers.places.map import TOWN, plan, tiles
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import PASSWORD, POLICY, Town
from tests.hub.rigs.web_visitor import Visitor

pytestmark = pytest.mark.promise("Pages: The map shows cameras with their state.")


def machine(town: Town, folder: Path) -> StoredMap:
    """The map of one machine, with its own disk."""
    return StoredMap(folder / "map", db=town.db, blobs=town.blobs)


@contextmanager
def visited(town: Town, files: MapFiles) -> Iterator[Visitor]:
    before = town.services
    town.services = before.but_with(Under(MapFiles, files))
    yield Visitor(town.app()).sign_in("an", PASSWORD)
    town.services = before


def test_what_one_machine_set_another_sends_in_the_ranges_asked_for(
    town: Town, tmp_path: Path
) -> None:
    here, there = machine(town, tmp_path / "here"), machine(town, tmp_path / "there")
    source = tiles(tmp_path)
    with visited(town, there) as an:
        assert an.get("/map/ground.json").json() == {"kind": ""}
        assert an.get("/map/ground").status_code == 404
        here.put_tiles(source)
        assert an.get("/map/ground.json").json() == {"kind": "tiles", "corners": None}
        whole = an.get("/map/ground")
        assert (whole.status_code, whole.content) == (200, source.read_bytes())
        part = an.get("/map/ground", range="bytes=3-9")
        assert (part.status_code, part.content) == (206, source.read_bytes()[3:10])
        assert an.get("/map/ground", range="bytes=99999-").status_code == 416
        here.put_plan(plan(tmp_path), TOWN)
        told = an.get("/map/ground.json").json()
        assert told == {"kind": "plan", "corners": [106.55, 11.60, 106.65, 11.50]}
        of_plan = an.get("/map/ground")
        assert of_plan.headers["content-type"] == "image/png"
        assert of_plan.headers["etag"] != whole.headers["etag"]
        here.clear()
        assert an.get("/map/ground.json").json() == {"kind": ""}
    assert not (tmp_path / "there" / "map").exists()


def test_one_in_the_folder_counts_until_another_is_set(town: Town, tmp_path: Path) -> None:
    files, source = machine(town, tmp_path / "here"), tiles(tmp_path)
    MapFiles(tmp_path / "here" / "map").put_tiles(source)
    MapFiles(tmp_path / "there" / "map").put_tiles(source)
    ground = files.ground()
    assert ground is not None
    assert b"".join(ground.read(0, 8)) == source.read_bytes()[:8]
    files.put_plan(plan(tmp_path), TOWN)
    for one in (files, machine(town, tmp_path / "there")):
        ground = one.ground()
        assert ground is not None and ground.kind == "plan"
        assert b"".join(ground.read(0, 4)) == b"\x89PNG"
    files.clear()
    assert machine(town, tmp_path / "there").ground() is None


def test_a_wrong_file_changes_nothing(town: Town, tmp_path: Path) -> None:
    files = machine(town, tmp_path)
    files.put_tiles(tiles(tmp_path))
    wrong = tmp_path / "wrong.pmtiles"
    wrong.write_bytes(b"{}")
    with pytest.raises(MapFileError, match="no PMTiles archive"):
        files.put_tiles(wrong)
    ground = files.ground()
    assert ground is not None and ground.kind == "tiles"


def test_the_sweep_of_the_store_keeps_the_background_and_removes_one_before(
    town: Town, tmp_path: Path
) -> None:
    files = machine(town, tmp_path)
    files.put_plan(plan(tmp_path, (50, 50)), TOWN)
    with town.db.reading() as conn:
        before = conn.scalar(select(map_ground.c.sha256))
    files.put_tiles(tiles(tmp_path))
    with town.db.reading() as conn:
        now = conn.scalar(select(map_ground.c.sha256))
    rooms: dict[str, Any] = {
        "owners": BLOB_OWNERS,
        "blobs": _Old(town.blobs),
        "clock": town.clock,
        "change_signal": town.change_signal,
    }
    assert Reconciler(town.db, policy=POLICY, **rooms).run().orphans == 1
    assert (town.blobs.has(now), town.blobs.has(before)) == (True, False)


class _Old:
    """A store whose files are all a month old."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)

    def walk(self, shelf: str) -> Iterator[Any]:
        for one in self._blobs.walk(shelf):
            month_us = 31 * 86_400 * 1_000_000
            yield type(one)(one.sha256, one.size_bytes, time.time_ns() // 1000 - month_us)


def test_a_store_that_is_away_or_has_lost_it_is_answered_before_anything_is_sent(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = machine(town, tmp_path)
    files.put_tiles(tiles(tmp_path))

    def away(_: str, *, start: int = 0, length: int) -> Iterator[bytes]:
        raise StoreAwayError("the bucket cannot be reached")
        yield b""

    with visited(town, files) as an:
        monkeypatch.setattr(type(town.blobs), "read", lambda _self, *a, **k: away(*a, **k))
        assert an.get("/map/ground").status_code == 503
        monkeypatch.undo()
        with town.db.reading() as conn:
            town.blobs.remove(str(conn.scalar(select(map_ground.c.sha256))))
        assert an.get("/map/ground").status_code == 404
        assert an.get("/map").status_code == 200


@pytest.mark.system
def test_the_command_sets_it_in_the_bucket(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with s3_server() as port:
        url, key = new_bucket(port), tmp_path / "secrets" / "bucket.key"
        desk = Desk.of(sqlite_url, tmp_path, capsys)
        config = tmp_path / "hub.toml"
        config.write_text(config.read_text().replace("[web]", f'media_url = "{url}"\n[web]'))
        key.parent.mkdir()
        key.write_text(f"{KEY_ID}\n{SECRET}\n")
        key.chmod(0o600)
        desk.says("map", "set", "--tiles", str(tiles(tmp_path)))
        db = Database(sqlite_url)
        access = BucketKey(KEY_ID, SECRET)
        bucket = BlobBucket(BucketAddress.parse(url), access, staging=tmp_path / "elsewhere")
        ground = StoredMap(tmp_path / "elsewhere", db=db, blobs=bucket).ground()
        assert ground is not None
        content = tiles(tmp_path).read_bytes()
        assert b"".join(ground.read(0, len(content))) == content
        desk.says("map", "set", "--blank")
        assert StoredMap(tmp_path / "elsewhere", db=db, blobs=bucket).ground() is None
        db.close()
    assert not (tmp_path / "media" / "map").exists()
