"""Clips that were altered at the hub: page of the case, package and command say so."""

import json
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from hub.access.rules.grants import Right
from hub.access.tables import grants
from hub.footage.tables import media
from tests.agent.rigs.sealing import Office, office, write_clip
from tests.agent.rigs.stage import read
from tests.agent.rigs.videos import walk_past
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import NODE, Seen, Town, some_bytes

pytestmark = pytest.mark.promise(
    "Cases and evidence: A clip that differs from what its box sealed is named, first of all."
)

FREE = b"\0\0\0\x10free" + b"altered!"
"""A box that no player shows."""


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return read(walk_past(tmp_path_factory.mktemp("street") / "street.mp4", seconds=4))


@pytest.fixture
def authority(tmp_path: Path, desk: Desk) -> Office:
    """The hub's own authority, and the papers of the town's box."""
    found = office(tmp_path / "ca", NODE)
    with (tmp_path / "hub.toml").open("a") as config:
        config.write(f'[enrol]\nauthority_folder = "{tmp_path / "ca"}"\n')
    return found


def clip_of(folder: Path, street: Any, by: Office, name: str = "c") -> bytes:
    folder.mkdir(exist_ok=True)
    return write_clip(folder / f"{name}.mp4", street, by.sealer(NODE)).close().path.read_bytes()


def stored(town: Town, clip: bytes) -> Seen:
    """A clip of the box is at the hub, with a picture."""
    picture = some_bytes(2000)
    seen = town.somebody(picture)
    town.bring(picture)
    town.clip(seen, clip)
    town.bring(clip)
    with town.db.writing() as conn:
        rights = int(Right.SEE | Right.CLIPS | Right.EXPORT)
        conn.execute(update(grants).where(grants.c.id == town.grants["an"]).values(rights=rights))
    return seen


def alter(town: Town, old: bytes, new: bytes) -> None:
    """By one who can write to the disk and to the database: another file, and its hash."""
    incoming = town.blobs.open_incoming(len(new))
    incoming.write(new)
    incoming.finish(sha256(new).hexdigest())
    with town.db.writing() as conn:
        this = media.c.sha256 == sha256(old).hexdigest()
        changed = {"sha256": sha256(new).hexdigest(), "size_bytes": len(new)}
        conn.execute(update(media).where(this).values(changed))


def exported(desk: Desk, seen: Seen, folder: Path) -> Path:
    words = ["--case", "VA-12/2026", "--reason", "x", "--by", "an", "--alert", str(seen.alert_id)]
    desk.says("evidence", "export", *words, "--into", str(folder))
    [path] = folder.iterdir()
    return path


def summary_of(path: Path, language: str = "en") -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(f"summary.{language}.html").decode()


def test_a_clip_with_a_box_appended_and_its_stored_hash_updated_is_not_called_whole(
    town: Town, desk: Desk, authority: Office, street: Any, tmp_path: Path
) -> None:
    clip = clip_of(tmp_path / "clips", street, authority)
    seen = stored(town, clip)
    alter(town, clip, clip + FREE)
    path = exported(desk, seen, tmp_path / "out")
    said = desk.finds("verify", str(path))
    first, second, *_ = said.splitlines()
    assert first == f"{path}: NOT WHOLE: clips that differ from what their box sealed: 1"
    assert second.startswith("  footage/001-clip-") and "DIFFERS from what its box sealed" in second
    assert "the file that came to the hub, whose SHA-256 by the log is" in second
    assert "whole" not in said.replace("NOT WHOLE", "")
    [found] = json.loads(desk.finds("verify", str(path), "--json"))
    assert (found["verdict"], found["is_intact"]) == ("differs", False)
    assert list(found["clips"].values()) == ["differs"]
    head = summary_of(path).split("</h1>")[1].lstrip()
    assert head.startswith("<p><strong>NOT WHOLE: clips that differ")
    assert "KHÁC với những gì trạm đã niêm phong" in summary_of(path, "vi").split("<table>")[0]


def test_an_unaltered_clip_is_whole_and_its_pictures_are_listed_apart(
    town: Town, desk: Desk, authority: Office, street: Any, tmp_path: Path
) -> None:
    clip = clip_of(tmp_path / "clips", street, authority)
    path = exported(desk, stored(town, clip), tmp_path / "out")
    said = desk.says("verify", str(path))
    assert said.startswith(f"{path}: whole, and every clip is sealed by its box\n")
    assert "apart: pictures, which carry no seal: 1" in said
    assert "not proven: the date of the box's certificate: the log names no key of the box" in said
    assert "sealed by its box, unchanged" in summary_of(path)
