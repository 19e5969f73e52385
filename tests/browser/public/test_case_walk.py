"""One case from tip to export, as people do it: a phone in the town, an investigator, a package.

Nothing is written behind the pages' backs except what nodes send: footage of two cameras.
"""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select, update

from agent.wire.messages import LeftBy, SightingClosed
from hub.access.rules.grants import Right
from hub.alerting.alerts.tables import alerts
from hub.registry.tables import cameras
from tests.browser.conftest import Hub, Meet, Officer, open_link, town_that_packs
from tests.browser.helpers.clips.find_page import beside_it
from tests.browser.helpers.clips.hide_page import drag
from tests.browser.helpers.whole.every_role import EVERY_LOOK
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, set_language
from tests.hub.helpers.public.tips import photo
from tests.hub.helpers.search.web_moment import EAST_200_M
from tests.hub.helpers.search.web_search import camera_of, let_search
from tests.hub.rigs.web_town import PASSWORD, Seen

pytestmark = pytest.mark.promise("Cases and evidence: A case works from the tip to the export.")

WALKED: Final = EVERY_LOOK if "MATTHAN_SHOTS" in os.environ else EVERY_LOOK[:1]
"""It is a long way: once in the test command, in all four looks for who wants to see the pages."""
NUMBER: Final = "VA-14/2026"
PLACE: Final = (11.53, 106.62)
RIGHTS: Final = Right.SEE | Right.CLIPS | Right.EXPORT | Right.SEARCH | Right.MANAGE


@pytest.fixture
def hub(needs_loopback: None, sqlite_url: str, tmp_path: Path) -> Iterator[Hub]:
    with town_that_packs(sqlite_url, tmp_path) as hub:
        yield hub


@dataclass
class Walk:
    """Who walks, in which look; every page they come by is looked at."""

    who: Officer
    look: str
    steps: Iterator[int]

    @property
    def page(self) -> Page:
        return self.who.page

    def sees(self, name: str) -> None:
        """The page fits, and has its picture taken."""
        self.who.shot(f"{self.look}-{next(self.steps):02d}-{name}", full=True)
        assert fits(self.page), name

    def adds_to_the_case(self, place: Locator, note: str) -> None:
        form = place.locator("details:has(form[action='/cases/add'])").first
        form.locator("summary").click()
        form.locator("[name=note]").fill(note)
        form.locator("button").click()


def two_cameras_saw_it(hub: Hub, picture: bytes, clip: bytes) -> Seen:
    """Somebody passed the first camera and left to the east, where another one stands."""
    seen = hub.town.somebody(picture)
    hub.town.clip(seen, clip)
    hub.town.bring(picture)
    hub.town.bring(clip)
    first = camera_of(hub.town)
    hub.town.file(
        SightingClosed(
            camera=hub.town.voice.camera,
            sighting_id=seen.sighting_id,
            last_seen_utc_us=seen.first_seen_utc_us + 4_000_000,
            duration_ms=4000,
            rode=True,
            left_by=LeftBy.RIGHT,
        )
    )
    second = beside_it(hub, shift_s=5)
    north, east = PLACE
    with hub.town.db.writing() as conn:
        for camera_id, longitude, label in (
            (first, east, "Cổng chợ"),
            (second, east + EAST_200_M, "Hẻm 12"),
        ):
            place = {"latitude_deg": north, "longitude_deg": longitude, "bearing_deg": 0.0}
            names = {"label": label, "kept_label": label}
            conn.execute(update(cameras).where(cameras.c.id == camera_id).values(**place, **names))
    return seen


@pytest.mark.system
@pytest.mark.parametrize(("size", "language"), WALKED)
@pytest.mark.usefixtures("quick_hand")
def test_from_a_tip_to_a_package_that_others_verify(
    hub: Hub,
    meet: Meet,
    chromium: Browser,
    picture: bytes,
    clip: bytes,
    tmp_path: Path,
    size: str,
    language: str,
) -> None:
    look: dict[str, Any] = {"size": SIZES[size], "locale": LANGUAGES[language]}
    steps = iter(range(1, 100))
    seen = two_cameras_saw_it(hub, picture, clip)
    anybody = Walk(meet(None, **look), f"{size}-{language}", steps)
    code = report(hub, anybody, tmp_path)

    let_search(hub.town, "an", RIGHTS)
    set_language(hub, "an", language)
    an = Walk(meet(None, **look), f"{size}-{language}", steps)
    an.who.sign_in("an")
    start_the_case(an)
    collect(an, seen)
    note_and_mark(an)
    hide_a_face(an)
    path = export(an, tmp_path)
    answer_and_close(an)
    follow(hub, anybody, code)
    assert complaints(an) + complaints(anybody) == []

    verified_by_command(path, tmp_path)
    verified_offline(chromium, path, tmp_path, look, steps)


def complaints(walk: Walk) -> list[str]:
    """What the browser complained of, but for the drawing of this machine and for the one page
    that answers with 403 because it asks for the password."""
    said = [one for one in walk.who.complaints if "GL Driver Message" not in one]
    asked = next((one for one in said if "403 (Forbidden)" in one), None)
    return [one for one in said if one != asked]


def report(hub: Hub, anybody: Walk, folder: Path) -> str:
    """A tip with a picture, a place and a time; its code."""
    page = anybody.page
    page.goto(f"{hub.url}/watched")
    anybody.sees("watched")
    page.goto(f"{hub.url}/tips")
    anybody.sees("tip-form")
    taken = folder / "xe.jpg"
    taken.write_bytes(photo())
    page.fill("[name=what]", "Một người lấy xe máy trước tiệm thuốc, chạy về hướng cầu")
    page.select_option("[name=area]", index=1)
    page.fill("[name=place]", "trước tiệm thuốc số 5")
    page.fill("[name=point]", f"{PLACE[0]}, {PLACE[1]}")
    page.locator("[name=pictures]").set_input_files(str(taken))
    page.check("[name=consent]")
    page.click("form[action='/tips'] button.is-main")
    code = page.locator(".tip-code").inner_text()
    anybody.sees("tip-sent")
    return code


def start_the_case(an: Walk) -> None:
    """The tip is an alert like any other, shows what is near it, and starts a case."""
    page = an.page
    an.sees("inbox")
    page.click(f"a.card-link[href='/alerts/{alert_of_the_tip(an.who.hub)}']")
    expect(page.locator("#tip img")).to_have_count(1)
    expect(page.locator("#tip-near")).to_contain_text("Cổng chợ")
    page.click("[data-act='take']")
    expect(page.locator("[data-act='take']")).to_have_count(0)
    an.sees("tip-alert")
    page.locator("details:has([name=number]) summary").click()
    page.fill("[name=number]", NUMBER)
    page.click("form:has([name=number]) button")
    expect(page.locator("h1")).to_contain_text(NUMBER)
    expect(page.locator("[data-tip]")).to_be_visible()
    an.sees("case-begun")


def alert_of_the_tip(hub: Hub) -> UUID | None:
    with hub.town.db.reading() as conn:
        return conn.scalar(select(alerts.c.id).where(alerts.c.kind == "tip"))


def collect(an: Walk, seen: Seen) -> None:
    """From a search round the tip's point, and from the camera that was passed next."""
    page = an.page
    expect(page.locator("main a[href='/find']")).to_be_visible()
    open_link(page, "[data-tip] a[href^='/alerts/']")
    open_link(page, "#tip-near a[href^='/find']")
    hit = page.locator(f"[data-sighting='{seen.sighting_id}']")
    expect(hit).to_be_visible()
    an.sees("found")
    hit.locator("[name=sighting]").check()
    page.fill("#pick [name=note]", "đi ra hướng đông")
    page.click("#pick button")
    expect(page.locator("#found a[href^='/cases/']")).to_be_visible()
    hit.locator("summary").click()
    hit.locator("a[href^='/moment']").click()
    next_camera = page.locator(".near a[href^='/moment']", has_text="Hẻm 12")
    expect(next_camera).to_be_visible()
    an.sees("moment")
    next_camera.click()
    expect(page.locator("[data-camera]")).to_have_count(2)
    an.sees("side-by-side")
    an.adds_to_the_case(page.locator("[data-camera]").nth(1), "qua hẻm 12")
    expect(page.locator("[data-item]")).to_have_count(3)  # a picture and two clips


def note_and_mark(an: Walk) -> None:
    """What matters most is marked; all of it is held, and the keeping page says for which case."""
    page = an.page
    first = page.locator("[data-item]").first
    first.locator("[name=note]").fill("rõ biển số")
    first.locator("[name=marked]").check()
    first.locator("form button").first.click()
    expect(page.locator("[data-item] [name=marked]").first).to_be_checked()
    an.sees("case-filled")
    case = page.url
    page.goto(f"{an.who.hub.url}/keeping")
    expect(page.locator("#holds")).to_contain_text(NUMBER)
    an.sees("held")
    page.goto(case)


def hide_a_face(an: Walk) -> None:
    """A box is drawn for the copy that goes out beside the original."""
    page = an.page
    page.locator("[data-item]:has(video) a[href*='/hide/']").first.click()
    expect(page.locator("#hide canvas")).to_be_visible()
    page.wait_for_function("() => document.querySelector('#hide video').readyState >= 2")
    drag(page, 0.4, 0.2, 0.6, 0.6)
    an.sees("hide")
    open_link(page, "main > a[href$='#export']")


def export(an: Walk, folder: Path) -> Path:
    """The password once more, then the package."""
    page = an.page
    with an.who.hub.town.db.writing() as conn:
        conn.exec_driver_sql("UPDATE sessions SET proved_utc_us = NULL")
    page.locator("#export summary").click()
    page.locator("#export form button").click()
    expect(page.locator("[name=proof_password]")).to_be_visible()
    an.sees("is-it-you")
    page.fill("[name=proof_password]", PASSWORD)
    with page.expect_download() as saved:
        page.click("#proof-form button", no_wait_after=True)
    path = folder / saved.value.suggested_filename
    saved.value.save_as(path)
    an.sees("after-the-export")
    open_link(page, "main a[href^='/cases/']")
    expect(page.locator("h1")).to_contain_text(NUMBER)
    an.sees("case-exported")
    return path


def answer_and_close(an: Walk) -> None:
    """The history says what was done; whoever sent the tip gets an answer; the case is closed."""
    page = an.page
    page.goto(f"{an.who.hub.url}/cases")
    an.sees("cases")
    page.locator("main a", has_text=NUMBER).first.click()
    open_link(page, "[data-tip] a[href^='/alerts/']")
    page.fill("[name=answer]", "Đã tìm được người lấy xe. Cảm ơn bà con.")
    page.click("form[action$='/tip/answer'] button")
    expect(page.locator("#tip-answer")).to_contain_text("Cảm ơn")
    an.sees("tip-answered")
    page.goto(f"{an.who.hub.url}/cases")
    page.locator("main a", has_text=NUMBER).first.click()
    page.locator("details:has(form[action$='/close']) summary").click()
    page.click("form[action$='/close'] button")
    expect(page.locator("form[action$='/reopen']")).to_be_visible()
    an.sees("case-closed")


def follow(hub: Hub, anybody: Walk, code: str) -> None:
    """The townsperson reads the answer by the code."""
    page = anybody.page
    page.goto(f"{hub.url}/tips/follow")
    page.fill("[name=code]", code)
    page.click("form[action='/tips/follow'] button")
    expect(page.locator("main")).to_contain_text("Cảm ơn bà con")
    anybody.sees("tip-follow")


def verified_by_command(path: Path, folder: Path) -> None:
    """`matthan-hub verify`, by the certificate that goes with the package."""
    with zipfile.ZipFile(path) as archive:
        assert sum(name.startswith("footage/") for name in archive.namelist()) == 3
        archive.extract("evidence-key.crt", folder)
    command = [sys.executable, "-m", "hub", "verify", str(path)]
    said = subprocess.run(
        [*command, "--authority", str(folder / "evidence-key.crt")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 1, "the clip of this town has no seal"
    first, *_ = said.stdout.splitlines()
    assert "NOT ALL SEALED: the files are as exported" in first, said.stdout


def verified_offline(
    chromium: Browser, path: Path, folder: Path, look: dict[str, Any], steps: Iterator[int]
) -> None:
    """The page within the package, opened from a file, with the network off; and its summary."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / "unpacked")
    language = look["locale"][:2]
    name = next(size for size in SIZES if SIZES[size] == look["size"])
    context = chromium.new_context(viewport=look["size"], locale=look["locale"], offline=True)
    try:
        page = context.new_page()
        page.goto((folder / "unpacked" / "verify.html").as_uri())
        page.set_input_files("#package", path)
        expect(page.locator("#result[data-state=partly]")).to_be_visible()
        expect(page.locator("#result")).to_contain_text(NUMBER)
        assert fits(page)
        _shot(page, f"{name}-{language}-{next(steps):02d}-verified")
        page.goto((folder / "unpacked" / f"summary.{language}.html").as_uri())
        expect(page.locator("body")).to_contain_text(NUMBER)
        assert fits(page)
        _shot(page, f"{name}-{language}-{next(steps):02d}-summary")
    finally:
        context.close()


def _shot(page: Page, name: str) -> None:
    if folder := os.environ.get("MATTHAN_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
