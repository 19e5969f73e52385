"""Clips that were altered at the hub: page of the case, package and command say so."""

import json
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from sqlalchemy import update

from agent.wire.sealed import stretches
from hub.access.rules.grants import Right
from hub.access.tables import grants
from hub.cases.seal_checks import SealChecks
from tests.agent.rigs.sealing import Office, office, write_clip
from tests.agent.rigs.stage import read
from tests.agent.rigs.videos import walk_past
from tests.hub.helpers.cases.altered_clips import FREE, alter
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import NODE, PASSWORD, Seen, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise(
    "Cases and evidence: A clip that differs from what its box sealed is named, first of all."
)


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


def judged(town: Town, authority: Office) -> SealChecks:
    root = x509.load_pem_x509_certificate(authority.authority.pem)
    return SealChecks(town.db, blobs=town.blobs, clock=town.clock, authority=lambda: root)


def case_with(town: Town, seen: Seen) -> tuple[Visitor, str]:
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    case = an.post("/cases", number="VA-12/2026", purpose="x", ends="").headers["location"]
    an.post("/cases/add", case=case.rsplit("/", 1)[1], alert=str(seen.alert_id))
    return an, case


def test_the_page_of_a_case_warns_of_an_altered_clip_and_names_it(
    town: Town, authority: Office, street: Any, tmp_path: Path
) -> None:
    clip = clip_of(tmp_path / "clips", street, authority)
    seen = stored(town, clip)
    an, case = case_with(town, seen)
    checks = judged(town, authority)
    assert "Đang kiểm tra niêm phong của 1 đoạn ghi" in text_of(an.get(case))
    assert (checks.run(), checks.run()) == (1, 0)  # each once
    shown = text_of(an.get(case))
    assert "Mọi đoạn ghi trong vụ việc đều do trạm niêm phong, còn nguyên." in shown
    assert "trạm đã niêm phong, còn nguyên" in shown

    alter(town, clip, clip + FREE)
    assert "Đang kiểm tra" in text_of(an.get(case))  # another file is in its place
    assert checks.run() == 1
    page = an.get(case)
    shown = text_of(page)
    assert "1 đoạn ghi trong vụ việc KHÁC với những gì trạm đã niêm phong" in shown
    assert "không phải tệp đã về trung tâm" in shown
    assert 'role="alert" id="seals"' in page.text and 'data-seal="differs"' in page.text
    assert page.text.index('id="seals"') < page.text.index('id="items"')  # first
    item_id = page.text.split('data-item="')[1:]
    assert any(f"#item-{one.split(chr(34))[0]}" in page.text for one in item_id)


def test_a_clip_without_a_seal_is_named_on_the_page_and_not_called_altered(
    town: Town, authority: Office, street: Any, tmp_path: Path
) -> None:
    clip = clip_of(tmp_path / "clips", street, authority)
    bare = b"".join(clip[one.start : one.end] for one in stretches(clip))
    an, case = case_with(town, stored(town, bare))
    assert judged(town, authority).run() == 1
    page = an.get(case)
    assert "1 đoạn ghi trong vụ việc không có niêm phong đầy đủ." in text_of(page)
    assert "trạm gửi về mà không có niêm phong" in text_of(page)
    assert 'role="alert" id="seals"' not in page.text


def test_a_file_that_is_away_holds_up_no_other_clip(
    town: Town, authority: Office, street: Any, tmp_path: Path
) -> None:
    clips = [clip_of(tmp_path / "clips", street, authority, name) for name in "ab"]
    an, case = case_with(town, stored(town, clips[0]))
    an.post("/cases/add", case=case.rsplit("/", 1)[1], alert=str(stored(town, clips[1]).alert_id))
    town.blobs.remove(sha256(clips[0]).hexdigest())
    checks = judged(town, authority)
    assert (checks.run(), checks.run()) == (1, 0)
    assert "Đang kiểm tra niêm phong của 1 đoạn ghi" in text_of(an.get(case))
