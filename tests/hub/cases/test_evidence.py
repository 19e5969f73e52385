"""Evidence packages: a true one verifies, and every change to one is found."""

import io
import json
import random
import re
import subprocess
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image

from hub.app.evidence import act_text
from hub.base.audit.detail import DATA_CHARS
from hub.base.text.paper import letters
from hub.cases.evidence import keys
from hub.cases.evidence.check import check_package
from hub.cases.evidence.keys import EvidenceKeyError, EvidenceSigner
from hub.cases.evidence.layout import LayoutError, read_entries
from hub.cases.evidence.manifest import MANIFEST, ExportedFootage
from hub.cases.evidence.package import ChangedError, path_of, write_package
from hub.cases.evidence.package_report import lines_of
from hub.cases.evidence.repacked import pack_anew
from tests.hub.helpers.cases.evidence import (
    CLIP,
    FORGERIES,
    NOW,
    PICTURE,
    add,
    check,
    drop,
    entries_of,
    item,
    order,
    package,
    redate,
    repacked,
    resign,
    signer,
    splice,
    swap,
)

pytestmark = pytest.mark.promise("Cases and evidence: An export is signed and can be time-stamped.")


@pytest.fixture
def by(tmp_path: Path) -> EvidenceSigner:
    return signer(tmp_path / "secrets")


@pytest.fixture
def whole(by: EvidenceSigner) -> bytes:
    return package(by, item(1, "clip", CLIP), item(2, "picture", PICTURE))


@pytest.mark.promise("Cases and evidence: No true package or log is called forged.")
def test_a_true_package_is_whole_and_says_what_it_is(whole: bytes, by: EvidenceSigner) -> None:
    verdict = check(whole, by)
    assert verdict.faults == []
    assert verdict.manifest is not None
    assert verdict.manifest.case_number == "VA-12/2026"
    assert [one.kind for one in verdict.manifest.footage] == ["clip", "picture"]


@pytest.mark.promise("Cases and evidence: An export has a summary in HTML and PDF.")
@pytest.mark.parametrize(("language", "told"), [("vi", "mở ảnh"), ("en", "opened a picture")])
def test_the_summary_names_acts_seals_and_the_hub_in_its_language(
    by: EvidenceSigner, language: str, told: str
) -> None:
    line = {"seq": 3, "at": "…", "who": "hub", "act": "media.open", "detail": "12 bytes"}
    said = replace(
        order(item(1, "clip", CLIP)),
        custody=[line],
        act_text=act_text,
        detail_text=lambda line, reader: f"{line['act']} {line['detail']} ({reader})",
    )
    file = io.BytesIO()
    write_package(said, signer=by, file=file)
    files = dict(entries_of(file.getvalue()))
    page = files[f"summary.{language}.html"].decode()
    assert told in page and f"<td>media.open 12 bytes ({language})</td>" in page
    assert "<td>media.open</td>" not in page
    assert ("không có niêm phong" in page, "trung tâm</td>" in page) == (language == "vi",) * 2
    assert json.loads(files["custody.json"]) == [line]  # the file's form stays


def test_any_reader_of_archives_unpacks_it_byte_for_byte(whole: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        assert archive.read(path_of(1, "clip", UUID(int=1))) == CLIP
        assert {"summary.vi.html", "summary.en.html", "verify.html"} <= set(archive.namelist())
        assert "trộm xe máy" in archive.read("summary.vi.html").decode()


@pytest.mark.promise("Cases and evidence: An export has a summary in HTML and PDF.")
@pytest.mark.system
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_summary_on_paper_has_its_words_letters_and_pictures(
    by: EvidenceSigner, tmp_path: Path, language: str
) -> None:
    sketch = io.BytesIO()
    Image.new("RGB", (2000, 1000), "navy").save(sketch, "JPEG")
    reason = "trộm xe máy, chạy về phía Đường Lê Quý Đôn: ẵặỹợữỷẩ <b>&"
    said = order(
        item(1, "clip", CLIP), item(2, "picture", sketch.getvalue()), item(3, "picture", b"x")
    )
    file = io.BytesIO()
    write_package(replace(said, reason=reason), signer=by, file=file)
    pdf = tmp_path / "summary.pdf"
    pdf.write_bytes(dict(entries_of(file.getvalue()))[f"summary.{language}.pdf"])
    text = read_paper("pdftotext", "-layout", str(pdf), "-")
    for words in (
        "chạy về phía Đường Lê Quý Đôn: ẵặỹợữỷẩ <b>&",
        "Xã Tân Khai › Ngã tư Chợ Cũ",
        by.fingerprint,
        "footage/001-clip-00000001.mp4",
        "openssl pkeyutl -verify",
        {"vi": "Người xuất", "en": "Exported by"}[language],
    ):
        assert words in text
    [shown] = read_paper("pdfimages", "-list", str(pdf)).splitlines()[2:]
    assert shown.split()[3:5] == ["1000", "500"]
    fonts = read_paper("pdffonts", str(pdf)).splitlines()
    ours = [line for line in fonts if "DejaVu" in line]
    assert len(ours) == 2 and all(" yes yes yes " in line for line in ours)  # embedded


@pytest.mark.system
def test_a_note_longer_than_a_page_is_on_paper_to_its_last_letter(
    by: EvidenceSigner, tmp_path: Path
) -> None:
    said = order(item(1, "clip", CLIP))
    long = {**said.custody[0], "act": "alert.resolve", "detail": "ẵ" * DATA_CHARS}
    file = io.BytesIO()
    write_package(replace(said, custody=[long]), signer=by, file=file)
    pdf = tmp_path / "summary.pdf"
    pdf.write_bytes(dict(entries_of(file.getvalue()))["summary.vi.pdf"])
    assert read_paper("pdftotext", str(pdf), "-").count("ẵ") == DATA_CHARS


def test_without_letters_a_package_leaves_without_paper(
    by: EvidenceSigner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("hub.base.text.paper.FONTS", tmp_path)
    letters.cache_clear()
    content = package(by, item(1, "clip", CLIP))
    assert check(content, by).is_intact
    assert {name for name, _ in entries_of(content) if name.startswith("summary")} == {
        "summary.vi.html",
        "summary.en.html",
    }


def read_paper(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


@pytest.mark.promise("Cases and evidence: Stock openssl verifies an export.")
@pytest.mark.system
def test_the_lines_of_the_summary_check_it_with_stock_openssl(whole: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        archive.extractall(folder)
    text = (folder / "summary.en.html").read_text()
    lines = text.split("<pre>")[1].split("</pre>")[0].splitlines()
    for line in lines:
        done = subprocess.run(line, shell=True, cwd=folder, capture_output=True, check=False)  # noqa: S602
        assert done.returncode == 0, (line, done.stderr)
    manifest = folder / MANIFEST
    manifest.write_bytes(manifest.read_bytes().replace(b"VA-12", b"VA-13"))
    assert subprocess.run(lines[0], shell=True, cwd=folder, capture_output=True).returncode != 0  # noqa: S602, PLW1510


@pytest.mark.promise("Cases and evidence: Each forgery of a package or log is found.")
def test_each_of_a_thousand_forgeries_is_found_and_its_file_named(
    whole: bytes, by: EvidenceSigner, tmp_path: Path
) -> None:
    dice = random.Random(3)  # noqa: S311 - dice, no secret
    same_hub = package(
        by, item(1, "clip", CLIP[::-1]), item(2, "picture", PICTURE[::-1]), case="VA-99"
    )
    foreign = package(
        signer(tmp_path / "forger"), item(1, "clip", CLIP), item(2, "picture", PICTURE)
    )
    for number in range(1000):
        forge = FORGERIES[number % len(FORGERIES)]
        forged, place = forge(whole, dice, foreign if forge is resign else same_hub)
        assert forged != whole
        faults = check(forged, by).faults
        assert faults, (forge.__name__, place)
        assert any(re.search(place, fault) for fault in faults), (forge.__name__, place, faults)


def test_a_package_all_of_another_key_is_whole_and_not_believed(
    by: EvidenceSigner, tmp_path: Path
) -> None:
    forger = signer(tmp_path / "forger")
    forged = package(forger, item(1, "clip", CLIP))
    assert check(forged, forger).is_intact
    [fault] = check(forged, by).faults
    assert "nobody here vouches for this key" in fault


def test_every_cut_of_a_package_is_found(whole: bytes, by: EvidenceSigner) -> None:
    for length in range(0, len(whole), 997):
        assert not check(whole[:length], by).is_intact
    assert not check(whole + b"\0", by).is_intact
    assert not check(b"\0" + whole, by).is_intact


@pytest.mark.promise("Cases and evidence: After a new key, old packages still verify.")
def test_a_rolled_key_signs_and_the_old_ones_packages_still_verify(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    first = signer(folder)
    old = package(first, item(1, "clip", CLIP))
    second = signer(folder, NOW + timedelta(days=1))
    later = NOW + timedelta(days=2)
    now_signs = keys.current(folder, later)
    assert now_signs is not None
    assert now_signs.fingerprint == second.fingerprint != first.fingerprint
    assert check_package(io.BytesIO(old), keys.certificates(folder)).is_intact


def test_of_two_keys_of_one_second_the_later_signs(tmp_path: Path) -> None:
    for number in range(8):
        latest = signer(tmp_path, NOW + timedelta(microseconds=number))
        current = keys.current(tmp_path, NOW)
        assert current is not None and current.fingerprint == latest.fingerprint


@pytest.mark.promise(
    "Cases and evidence: A missing or unreadable evidence key is reported with the cure."
)
def test_a_key_that_is_missing_ended_open_to_all_or_unreadable_says_so_with_its_cure(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "secrets"
    assert keys.current(folder, NOW) is None
    signer(folder)
    with pytest.raises(EvidenceKeyError, match="Make a new one"):
        keys.current(folder, NOW + timedelta(days=731))
    [key] = folder.glob("*.key")
    key.chmod(0o644)
    with pytest.raises(EvidenceKeyError, match="chmod 600"):
        keys.current(folder, NOW)
    key.chmod(0o600)
    key.write_text("no key")
    with pytest.raises(EvidenceKeyError, match="cannot be read"):
        keys.current(folder, NOW)
    key.unlink()
    with pytest.raises(EvidenceKeyError, match="is missing"):
        keys.current(folder, NOW)


def test_footage_that_is_not_what_its_node_announced_is_not_exported(by: EvidenceSigner) -> None:
    changed = replace(item(1, "clip", CLIP), read=lambda: [CLIP[:-1], b"x"])
    with pytest.raises(ChangedError, match="media sweep"):
        package(by, changed)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/b/c", "A.mp4", ""])
def test_no_path_of_a_package_leads_out_of_its_folder(name: str) -> None:
    with pytest.raises(ValueError, match="path"):
        replace_path(name)


def replace_path(name: str) -> ExportedFootage:
    said = item(1, "clip", CLIP).footage.model_dump() | {"path": name}
    return ExportedFootage.model_validate(said)


@pytest.mark.promise("Cases and evidence: A case name with odd characters is shown as it is.")
def test_a_case_called_by_quotes_and_marks_is_shown_as_it_is_and_runs_nothing(
    by: EvidenceSigner,
) -> None:
    case = "\"'<script>alert(1)</script>\u202etxt"
    content = package(by, item(1, "clip", CLIP), case=case)
    assert check(content, by).is_intact
    page = dict(entries_of(content))["summary.vi.html"].decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("way", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("folder", ["", "evidence-va-12/"])
def test_a_package_packed_anew_is_told_apart_from_a_changed_one(
    whole: bytes, by: EvidenceSigner, way: int, folder: str
) -> None:
    verdict = check(repacked(whole, way=way, folder=folder), by)
    assert (verdict.is_intact, verdict.is_repacked) == (False, True)
    assert verdict.manifest is not None and verdict.manifest.case_number == "VA-12/2026"
    head, *lines = lines_of(Path("a.zip"), verdict)
    assert "the files are whole" in head and "NOT WHOLE" not in head
    assert any("VA-12/2026" in line for line in lines)


def test_a_changed_package_packed_anew_names_what_was_changed(
    whole: bytes, by: EvidenceSigner, tmp_path: Path
) -> None:
    dice = random.Random(4)  # noqa: S311 - dice, no secret
    other = package(by, item(1, "clip", CLIP[::-1]), item(2, "picture", PICTURE), case="VA-99")
    for forge in (drop, swap, splice, redate, add):
        forged, place = forge(whole, dice, other)
        verdict = check(repacked(forged, way=zipfile.ZIP_DEFLATED), by)
        assert not verdict.is_repacked
        assert any(re.search(place, fault) for fault in verdict.faults[1:]), forge.__name__
    forger = signer(tmp_path / "forger")
    foreign = repacked(package(forger, item(1, "clip", CLIP)), way=zipfile.ZIP_STORED)
    assert not check(foreign, by).is_repacked


def test_what_is_no_archive_or_would_become_huge_is_not_packed_anew(
    whole: bytes, by: EvidenceSigner
) -> None:
    for content in (b"", b"no archive at all", whole[: len(whole) // 2]):
        verdict = check(content, by)
        assert not verdict.is_repacked and verdict.faults
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("footage/001-clip-1.mp4", b"\0" * 80_000_000)
    with pytest.raises(LayoutError, match="too large"):
        pack_anew(bomb, io.BytesIO())


@pytest.mark.promise("Cases and evidence: A zip bomb is refused.")
def test_a_zip_bomb_is_refused_at_its_first_file() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("footage/001-clip-1.mp4", b"\0" * 10_000_000)
    with pytest.raises(LayoutError, match="no file of a package begins like this"):
        list(read_entries(bomb))
