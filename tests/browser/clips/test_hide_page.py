"""Areas drawn over a clip on both screens: they follow between two places, and hide until the
end."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hub.cases.evidence.redaction_plan import read_plan
from hub.footage.tables import media
from tests.browser.conftest import Hub, Meet, Officer, open_link, town_that_packs
from tests.browser.helpers.clips.hide_page import drag
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.helpers.cases.cases import ALL, let
from tests.hub.rigs.web_town import Seen

pytestmark = pytest.mark.promise(
    "Cases and evidence: A redacted copy is marked and stands beside the original."
)


@pytest.fixture
def hub(needs_loopback: None, sqlite_url: str, tmp_path: Path) -> Iterator[Hub]:
    with town_that_packs(sqlite_url, tmp_path) as hub:
        yield hub


@in_two_looks
def test_boxes_that_are_drawn_over_a_clip_are_hidden_in_the_copy_that_leaves(
    hub: Hub,
    meet: Meet,
    whole: Seen,
    size: str,
    language: str,
    theme: str,
) -> None:
    town = hub.town
    let(town, "an", ALL)
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    page = officer.page
    put_into_a_case(officer, whole)
    with town.db.reading() as conn:
        clip_id = conn.scalars(select(media.c.id).where(media.c.kind == "clip")).one()
    open_link(page, "[data-item]:has(video) a[href*='/hide/']")
    canvas = page.locator("#hide canvas")
    expect(canvas).to_be_visible()
    page.wait_for_function("() => document.querySelector('#hide video').readyState >= 2")
    drag(page, 0.1, 0.2, 0.3, 0.6)
    page.locator("[data-act='0.5']").click()
    page.wait_for_function("() => document.querySelector('#hide video').currentTime > 0.4")
    drag(page, 0.5, 0.2, 0.7, 0.6)
    officer.shot(f"{size}-{language}-{theme}-hide", full=True)
    assert fits(page)
    said = json.loads(page.evaluate("id => sessionStorage.getItem('hide:' + id)", str(clip_id)))
    plan = read_plan(json.dumps(said).encode())
    [area] = plan.areas
    assert [round(box.x0, 1) for box in area.boxes] == [0.1, 0.5]
    middle = area.at((area.boxes[0].at_s + area.boxes[1].at_s) / 2)
    assert middle is not None and 0.25 < middle[0] < 0.35

    open_link(page, "main > a[href$='#export']")
    expect(page.locator(f"[data-hides='{clip_id}']")).to_contain_text("1")
    assert fits(page)
    page.locator("#export summary").click()
    with page.expect_download() as saved:
        page.locator("#export form button").click()
    with zipfile.ZipFile(saved.value.path()) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        [copy] = manifest["redacted"]
        assert read_plan(archive.read(copy["plan"])) == plan
        assert archive.read(copy["path"]) != archive.read(copy["original"])
    assert officer.complaints == []


def test_nothing_leaves_before_the_script_that_knows_what_is_hidden(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    let(hub.town, "an", ALL)
    officer = meet(size=SIZES["desk"])
    page = officer.page
    put_into_a_case(officer, whole)
    open_link(page, "[data-item]:has(video) a[href*='/hide/']")
    page.wait_for_function("() => document.querySelector('#hide video').readyState >= 2")
    drag(page, 0.1, 0.2, 0.3, 0.6)
    back = page.locator("main > a[href$='#export']").get_attribute("href")
    let_come = officer.open_without("hide.js", str(back))
    page.locator("#export summary").click()
    with page.expect_download() as saved:
        page.locator("#export form button").click(force=True)
        page.wait_for_timeout(500)
        let_come()
        page.locator("#export form button").click()
    with zipfile.ZipFile(saved.value.path()) as archive:
        assert len(json.loads(archive.read("manifest.json"))["redacted"]) == 1


def test_without_script_a_case_is_exported_too(hub: Hub, meet: Meet, whole: Seen) -> None:
    let(hub.town, "an", ALL)
    put_into_a_case(officer := meet(java_script_enabled=False), whole)
    page = officer.page
    page.locator("#export summary").click()
    shown = page.locator("#export form button:visible")
    expect(shown).to_have_count(1)
    with page.expect_download() as saved:
        shown.click()
    assert zipfile.is_zipfile(saved.value.path())


def put_into_a_case(officer: Officer, seen: Seen) -> None:
    """A new one, by the pages of case and alert."""
    page = officer.page
    officer.open("/cases")
    page.fill("[name=number]", "VA-12/2026")
    page.fill("[name=purpose]", "Trộm xe máy")
    page.locator("form[action='/cases'] button").click()
    officer.open_alert(seen.alert_id)
    form = page.locator("details:has(form[action='/cases/add'])")
    form.locator("summary").click()
    form.locator("button").click()
    expect(page.locator("[data-item]")).to_have_count(2)
