"""The page that verifies a package: opened from a file, with the network off."""

import os
import random
import secrets
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.cases.evidence.seal_wording import HEADS, REASONS
from hub.cases.evidence.summary import verifier_page
from tests.browser.conftest import DESK, PHONE
from tests.hub.cases.sealed_packages import Kind, SealedTown, kinds
from tests.hub.helpers.base.stamps import asked_of, packaged, settings
from tests.hub.helpers.cases.evidence import (
    CLIP,
    PICTURE,
    entries_of,
    flip,
    item,
    package,
    packed,
    repacked,
    signer,
    swap,
)
from tests.hub.rigs.stamp_office import StampOffice

pytestmark = [
    pytest.mark.promise("Cases and evidence: An export verifies offline, by page and by command."),
    pytest.mark.promise("Cases and evidence: Stock openssl verifies an export."),
]

WITHOUT_ED25519 = """
const real = crypto.subtle.importKey.bind(crypto.subtle);
crypto.subtle.importKey = (format, data, algorithm, ...rest) =>
  algorithm.name === "Ed25519"
    ? Promise.reject(new Error("unknown"))
    : real(format, data, algorithm, ...rest);
"""


@pytest.fixture(params=["phone", "desk"])
def page(chromium: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    (tmp_path / "verify.html").write_bytes(verifier_page())
    size = PHONE if request.param == "phone" else DESK
    context = chromium.new_context(viewport=size, offline=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto((tmp_path / "verify.html").as_uri())
    yield page
    if shots := os.environ.get("MATTHAN_SHOTS"):
        page.screenshot(path=f"{shots}/verify-{request.node.name}.png", full_page=True)
    context.close()


def shows(page: Page, content: bytes, tmp_path: Path, state: str) -> str:
    path = tmp_path / f"{secrets.token_hex(4)}.zip"
    path.write_bytes(content)
    page.set_input_files("#package", path)
    expect(page.locator(f"#result[data-state={state}]")).to_be_visible()
    return page.locator("#result").inner_text()


def test_a_true_package_is_whole_and_a_changed_one_names_the_file(
    page: Page, tmp_path: Path
) -> None:
    by = signer(tmp_path / "secrets")
    other = package(by, item(1, "clip", CLIP[::-1]), item(2, "picture", PICTURE), case="VA-99")
    whole = package(by, item(1, "clip", CLIP), item(2, "picture", PICTURE))
    said = shows(page, whole, tmp_path, "partly")  # its clip has no seal
    assert "VA-12/2026" in said
    assert by.fingerprint in said
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    dice = random.Random(5)  # noqa: S311 - dice, no secret
    for forge in (flip, flip, flip, swap):
        forged, place = forge(whole, dice, other)
        said = shows(page, forged, tmp_path, "bad")
        assert any(name in said for name in place.split("|"))
    assert "byte 0" in shows(
        page, b"no package at all, but long enough for a head", tmp_path, "bad"
    )


@pytest.mark.parametrize("folder", ["", "evidence-va-12/"])
def test_a_package_packed_anew_is_told_apart_from_a_changed_one_in_both_languages(
    page: Page, tmp_path: Path, folder: str
) -> None:
    by = signer(tmp_path / "secrets")
    whole = package(by, item(1, "clip", CLIP), item(2, "picture", PICTURE))
    for way in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        said = shows(page, repacked(whole, way=way, folder=folder), tmp_path, "repacked")
        assert "Các tệp còn nguyên" in said and "The files are whole" in said
        assert "VA-12/2026" in said and by.fingerprint in said
        assert "KHÔNG" not in said
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    changed = dict(entries_of(whole))
    clip = next(name for name in changed if name.endswith(".mp4"))
    changed[clip] = changed[clip][::-1]
    forged = repacked(packed(list(changed.items())), way=zipfile.ZIP_DEFLATED, folder=folder)
    said = shows(page, forged, tmp_path, "bad")
    assert f"{clip}: không phải là tệp đã xuất" in said
    assert f"{clip}: it is not the file that was exported" in said
    if folder:
        beside = tmp_path / "beside.zip"
        with zipfile.ZipFile(beside, "w") as archive:
            archive.writestr(clip, b"what a court would find on top")
            for name, content in entries_of(whole):
                archive.writestr(f"{folder}{name}", content)
        assert f"{clip}: it is there twice" in shows(page, beside.read_bytes(), tmp_path, "bad")
    said = shows(page, repacked(whole, way=zipfile.ZIP_STORED, leave=clip), tmp_path, "bad")
    assert f"{clip}: không có trong gói" in said and f"{clip}: it is missing" in said
    said = shows(page, whole[: len(whole) // 2], tmp_path, "bad")
    assert "gói kết thúc giữa chừng" in said and "manifest.json: không có trong gói" in said
    assert "được thêm vào sau" not in said  # without the list nobody knows


@pytest.fixture(scope="module")
def sealed(needs_system: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kind]:
    folder = tmp_path_factory.mktemp("sealed")
    return kinds(SealedTown(folder), signer(folder / "secrets"))


@pytest.mark.promise(
    "Cases and evidence: A clip that differs from what its box sealed is named, first of all."
)
@pytest.mark.system
def test_the_page_judges_seals_as_the_command_does(
    page: Page, tmp_path: Path, sealed: dict[str, Kind]
) -> None:
    looks = {"differs": "bad", "partly": "partly"}
    for name, kind in sealed.items():
        said = shows(page, kind.content, tmp_path, looks.get(kind.verdict, "good"))
        if shots := os.environ.get("MATTHAN_SHOTS"):
            size = page.viewport_size
            assert size is not None
            file = f"{shots}/verify-{name.replace(' ', '-')}-{size['width']}.png"
            page.screenshot(path=file, full_page=True)
        told = page.locator("#result").text_content() or ""  # what is folded too
        head = page.locator("#result h2").text_content() or ""
        for language in (0, 1):
            start = HEADS[kind.verdict][language].split("{}")[0][1:]
            assert start in head, (name, head)
            for reason in (*kind.why, *kind.limits):
                assert REASONS[reason][language].split("{}")[0] in told, (name, reason, told)
        assert ("Not proven" in said) == bool(kind.limits), name
        assert "pictures, which carry no seal: 1" in said, name
        assert said.startswith(head[:10]), name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


@pytest.mark.system
def test_a_browser_that_cannot_check_seals_says_so_and_is_not_green(
    page: Page, tmp_path: Path, sealed: dict[str, Kind]
) -> None:
    page.add_init_script(WITHOUT_ED25519.replace("Ed25519", "ECDSA"))
    page.reload()
    said = shows(page, sealed["true"].content, tmp_path, "partly")
    assert "CHƯA KIỂM TRA ĐƯỢC" in said and "this browser cannot check the signatures" in said


@pytest.mark.system
def test_seals_in_a_package_that_was_packed_anew_are_judged_too(
    page: Page, tmp_path: Path, sealed: dict[str, Kind]
) -> None:
    for way in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        content = repacked(sealed["box appended"].content, way=way)
        said = shows(page, content, tmp_path, "bad")
        assert "KHÁC với những gì trạm đã niêm phong" in said
        shows(page, repacked(sealed["true"].content, way=way), tmp_path, "repacked")


def test_a_browser_without_the_signatures_algorithm_computes_it_itself(
    page: Page, tmp_path: Path
) -> None:
    by = signer(tmp_path / "secrets")
    whole = package(by, item(1, "picture", PICTURE))
    page.add_init_script(WITHOUT_ED25519)
    page.reload()
    assert "VA-12/2026" in shows(page, whole, tmp_path, "good")
    at = whole.index(b"VA-12/2026", whole.index(b'"case_number"'))
    forged = whole[:at] + b"VA-13/2026" + whole[at + 10 :]
    assert "manifest.sig" in shows(page, forged, tmp_path, "bad")


@pytest.mark.system
def test_a_time_stamp_is_named_and_one_of_another_package_is_found(
    page: Page, tmp_path: Path
) -> None:
    by = signer(tmp_path / "secrets", datetime.now(UTC))
    with StampOffice(tmp_path / "office").open() as office:
        asked = asked_of(settings(office, tmp_path))
        one, other = packaged(by, asked), packaged(by, asked)
    assert office.url in shows(page, one, tmp_path, "partly")
    spliced = dict(entries_of(one)) | {"manifest.tsr": dict(entries_of(other))["manifest.tsr"]}
    assert "manifest.tsr" in shows(page, packed(list(spliced.items())), tmp_path, "bad")
    del spliced["manifest.tsr"]
    assert "manifest.tsr" in shows(page, packed(list(spliced.items())), tmp_path, "bad")
