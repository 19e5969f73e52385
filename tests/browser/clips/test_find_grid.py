"""The result grid of a search: a typed sentence, many chosen with Shift, one played under the
mouse."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hub.access.rules.grants import Right
from hub.access.tables import people
from hub.base.audit.asker import Asker
from hub.cases.service import CaseService
from tests.browser import footage
from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.whole.pages import SIZES, fits
from tests.hub.helpers.search.web_search import let_search
from tests.hub.helpers.search.web_sentence import colours, described

pytestmark = pytest.mark.promise("Search: A typed sentence becomes chips, in two languages.")


def dressed_in_red(hub: Hub, number: int, *, clips: int = 0) -> None:
    """People in red, some with a clip; and a case to put them into."""
    let_search(hub.town, "an", Right.SEARCH | Right.CLIPS)
    hub.town.allow("an", Right.EXPORT)
    for n in range(number):
        picture = footage.picture() + footage.free_box(n)
        seen = hub.town.somebody(picture)
        hub.town.bring(picture)
        if n < clips:
            clip = footage.clip(seconds=8) + footage.free_box(n)
            hub.town.clip(seen, clip, duration_ms=8_000)
            hub.town.bring(clip)
        described(hub.town, seen.sighting_id, upper=colours("red"))
    with hub.town.db.reading() as conn:
        who = conn.scalar(select(people.c.id).where(people.c.login == "an"))
    asker = Asker(person_id=who, login="an", name="An", role="officer", language="vi", came_from="")
    hub.town.services.use(CaseService).open_case(
        asker, number="VA-12", purpose="trộm xe máy", ends_utc_us=None
    )


@pytest.mark.promise(
    "Search: What is not searched for is said beside the results, with the nearest known words."
)
@pytest.mark.parametrize("size", ["phone", "desk"])
def test_a_misspelt_word_is_seen_and_corrected_with_one_tap(
    hub: Hub, meet: Meet, size: str
) -> None:
    dressed_in_red(hub, 2)
    hub.town.somebody()
    officer = meet(None, size=SIZES[size])
    officer.sign_in("an")
    officer.open("/find")
    box = officer.page.locator("#find-q")
    box.fill("áo dỏ, xe tải, hôm nay")
    box.press("Enter")
    said = officer.page.locator("#found .not-searched")
    expect(said).to_contain_text("áo dỏ")
    expect(said).to_be_in_viewport()  # where the results are looked at
    expect(officer.page.locator(".sight")).to_have_count(3)
    assert fits(officer.page)
    officer.shot(f"{size}-find-not-searched")
    said.locator("a").click()
    expect(officer.page.locator(".sight")).to_have_count(2)
    expect(box).to_have_value("áo đỏ, xe tải, hôm nay")
    expect(said).not_to_contain_text("dỏ")
    expect(said).to_contain_text("xe tải")


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_a_sentence_is_typed_and_what_it_finds_is_chosen_with_shift(
    hub: Hub, meet: Meet, size: str
) -> None:
    dressed_in_red(hub, 5)
    officer = meet(None, size=SIZES[size])
    officer.sign_in("an")
    officer.open("/find")
    box = officer.page.locator("#find-q")
    box.press_sequentially("ao do o cho")
    expect(officer.page.locator("#find-names option").first).to_be_attached()
    completed = officer.page.locator("#find-names option").first.get_attribute("value")
    assert completed.startswith("ao do o ")
    assert "Chợ" in completed
    box.fill("ao do, hom nay, doi mu")
    box.press("Enter")
    expect(officer.page.locator(".chip:not(.is-offer)")).to_have_count(2)
    expect(officer.page.locator("#found .not-searched")).to_contain_text("doi mu")
    ticks = officer.page.locator(".sight-pick input")
    expect(ticks).to_have_count(5)
    expect(officer.page.locator(".sight .shot img").first).to_have_attribute(
        "src", re.compile(r"around=")
    )
    officer.wait_for_scripts()
    ticks.nth(1).click()
    ticks.nth(3).click(modifiers=["Shift"])
    assert officer.page.locator(".sight-pick input:checked").count() == 3
    expect(officer.page.locator("#picked")).to_contain_text("3")
    assert fits(officer.page)
    officer.shot(f"{size}-find-picked")
    officer.page.click("#pick button")
    expect(officer.page.locator("#found [role=status]").nth(1)).to_contain_text("VA-12")
    expect(officer.page.locator("#find-q")).to_have_value("ao do, hom nay, doi mu")
    officer.page.locator(".chip:not(.is-offer)").first.click()
    expect(officer.page.locator("#find-q")).to_have_value("hom nay, doi mu")
    assert officer.complaints == []


def test_under_the_mouse_a_clip_plays_and_stops(hub: Hub, meet: Meet) -> None:
    dressed_in_red(hub, 2, clips=2)
    officer = meet(None, size=SIZES["desk"])
    officer.sign_in("an")
    officer.open("/find?q=h%C3%B4m+nay")
    shots = officer.page.locator(".sight .shot")
    expect(shots).to_have_count(2)
    scripted = officer.page.locator("#find-moments[hidden]")
    expect(scripted).to_be_attached()  # the mouse moves once: the script must be there
    shots.first.hover()
    film = officer.page.locator(".sight video")
    expect(film).to_have_count(1)
    officer.page.wait_for_function("() => document.querySelector('.sight video').currentTime > 0.1")
    officer.page.hover("h1")
    expect(film).to_have_count(0)
    shots.last.locator("[data-play]").click(modifiers=["Shift"])
    expect(officer.page.locator(".sight-pick input:checked")).to_have_count(1)
    assert officer.complaints == []
