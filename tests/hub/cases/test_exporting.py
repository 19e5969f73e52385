"""Exports of evidence: by whom, of what, and what is left behind when one fails."""

import json
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.access.rules.grants import Right
from hub.access.tables import grants
from hub.app import config
from hub.app.evidence import packing_of
from hub.base.audit.asker import Asker
from hub.base.audit.tables import audit
from hub.cases.evidence.packing import package
from hub.cases.evidence.service import ExportService
from hub.footage.tables import media
from tests.agent.rigs.sealing import office, write_clip
from tests.agent.rigs.stage import read
from tests.agent.rigs.videos import walk_past
from tests.hub.helpers.cases.exporting import let_export, seen_with
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import NODE, Town, some_bytes


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("street")
    street = read(walk_past(folder / "street.mp4", seconds=4))
    return (
        write_clip(folder / "c.mp4", street, office(folder / "ca", NODE).sealer(NODE))
        .close()
        .path.read_bytes()
    )


@pytest.mark.promise("Cases and evidence: An export is signed and can be time-stamped.")
@pytest.mark.promise("Cases and evidence: An export has the seals, certificates and audit lines.")
@pytest.mark.promise("Cases and evidence: An export verifies offline, by page and by command.")
def test_an_alerts_footage_leaves_signed_and_verifies_offline(
    town: Town, desk: Desk, clip: bytes, tmp_path: Path
) -> None:
    picture = some_bytes(3000)
    seen = seen_with(town, clip, picture)
    let_export(town, "an")
    words = ["--case", "VA-12/2026", "--reason", "trộm xe máy", "--by", "an"]
    said = desk.says(
        "evidence", "export", *words, "--alert", str(seen.alert_id), "--into", str(tmp_path / "out")
    )
    [path] = (tmp_path / "out").iterdir()
    assert f"package: {path}\nfiles of footage: 2\n" in said
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        footage = [archive.read(name) for name in names if name.startswith("footage/")]
        custody = archive.read("custody.json").decode()
        archive.extract("evidence-key.crt", tmp_path)
    assert sorted(map(len, footage)) == sorted([len(clip), len(picture)])
    assert set(footage) == {clip, picture}
    assert [name.split("/")[0] for name in names].count("certificates") == 1
    assert "evidence.export" in custody
    stored = {one["detail"] for one in json.loads(custody) if one["act"] == "media.store"}
    assert stored == {  # as text, which the verifier of 0.3.0 reads
        f"{len(one)} bytes, sha256 {sha256(one).hexdigest()}" for one in (clip, picture)
    }

    key = tmp_path / "evidence-key.crt"
    assert f"{path}: whole" in desk.says("verify", str(path), "--authority", str(key))
    assert "sealed by its box, unchanged" in desk.says("verify", str(path), "--authority", str(key))
    content = bytearray(path.read_bytes())
    content[content.index(clip) + len(clip) // 2] ^= 1
    path.write_bytes(content)
    assert "footage/001-clip" in desk.finds("verify", str(path), "--authority", str(key))


def test_the_first_key_is_made_by_the_first_export_and_a_new_one_does_not_end_old_packages(
    town: Town, desk: Desk, clip: bytes, tmp_path: Path
) -> None:
    assert "no evidence key yet" in desk.says("evidence", "keys")
    seen = seen_with(town, clip, some_bytes(500))
    let_export(town, "an")
    words = ["--case", "1", "--reason", "x", "--by", "an", "--alert", str(seen.alert_id)]
    desk.says("evidence", "export", *words, "--into", str(tmp_path / "out"))
    [old] = desk.says("evidence", "keys").splitlines()
    assert "Make this known" in desk.says("evidence", "key")
    assert desk.says("evidence", "keys").splitlines()[1] == old


@pytest.mark.parametrize(
    "rights",
    [
        Right.EXPORT,
        Right.SEE | Right.EXPORT,
        Right.SEE | Right.CLIPS,
        Right.SEE | Right.CLIPS | Right.SEARCH | Right.MANAGE,
    ],
)
def test_without_every_right_nothing_leaves_and_the_try_is_noted(
    town: Town, desk: Desk, clip: bytes, tmp_path: Path, rights: Right
) -> None:
    seen = seen_with(town, clip, some_bytes(500))
    let_export(town, "an", rights)
    words = ["--case", "1", "--reason", "x", "--by", "an", "--alert", str(seen.alert_id)]
    assert "nothing was exported" in desk.refuses(
        "evidence", "export", *words, "--into", str(tmp_path / "out")
    )
    assert not (tmp_path / "out").exists()
    with town.db.reading() as conn:
        acts = list(conn.scalars(select(audit.c.act).where(audit.c.act.like("evidence.%"))))
    assert acts == ["evidence.export.refused"] * 2


@pytest.mark.parametrize(
    ("case", "reason", "what"),
    [(" ", "x", "case number"), ("1", "", "reason"), ("1", "x", "footage")],
)
def test_an_export_without_case_reason_or_footage_says_what_is_missing(
    town: Town, desk: Desk, tmp_path: Path, case: str, reason: str, what: str
) -> None:
    words = ["--case", case, "--reason", reason, "--by", "an", "--into", str(tmp_path / "out")]
    footage = [] if what == "footage" else ["--media", str(UUID(int=1))]
    assert what in desk.refuses("evidence", "export", *words, *footage)


@pytest.mark.promise("Cases and evidence: A full disk during an export leaves nothing behind.")
@pytest.mark.system
def test_a_full_disk_in_the_middle_of_an_export_leaves_nothing_behind(
    town: Town, desk: Desk, clip: bytes, tmp_path: Path
) -> None:
    seen = seen_with(town, clip, some_bytes(200_000))
    let_export(town, "an")
    words = ["--case", "1", "--reason", "x", "--by", "an", "--alert", str(seen.alert_id)]
    out = tmp_path / "small"
    out.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(out)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a disk of its own needs root")
    try:
        assert "No space left" in desk.refuses("evidence", "export", *words, "--into", str(out))
        assert list(out.iterdir()) == []
    finally:
        subprocess.run(["umount", str(out)], check=True)


@pytest.mark.promise("Cases and evidence: Two exports at once are two whole packages.")
def test_two_exports_at_once_are_two_whole_packages(
    town: Town, clip: bytes, tmp_path: Path, desk: Desk, sqlite_url: str
) -> None:
    seen_with(town, clip, some_bytes(500))
    let_export(town, "an")
    with town.db.reading() as conn:
        ids = list(conn.scalars(select(media.c.id)))
        person_id = conn.scalars(
            select(grants.c.person_id).where(grants.c.id == town.grants["an"])
        ).one()
    desk.says("evidence", "key")
    settings = config.load(tmp_path / "hub.toml")
    exports = town.services.use(ExportService)
    asker = Asker(person_id, "an", "An", "officer", "vi", "10.0.0.9")

    def one(_: int) -> Path:
        leaving = exports.export(asker, ids, case_number="VA-1", reason="x")
        assert leaving is not None
        return package(packing_of(settings), exports, leaving, into=tmp_path / "out")[0]

    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(one, range(4)))
    assert len(paths) == 4
    for path in paths:
        assert f"{path}: whole" in desk.says(
            "verify", str(path), "--authority", str(_key(tmp_path))
        )


def _key(folder: Path) -> Path:
    [found] = (folder / "secrets").glob("evidence-*.crt")
    return found
