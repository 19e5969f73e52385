"""Every page for people who see badly or not at all: axe-core finds no serious fault."""

from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from hub.registry.tables import cameras
from tests.browser.conftest import Hub, Meet
from tests.browser.everything import KEEPER, filled_pages, plain_pages, with_keeper_of_all
from tests.browser.helpers.alerting.in_words import board_member
from tests.browser.helpers.alerting.silence_pages import call_false
from tests.browser.helpers.whole.accessible import axe, faults, needs_axe
from tests.browser.helpers.whole.pages import SIZES
from tests.hub.rigs.web_town import Seen

__all__ = ["axe"]


pytestmark = [
    needs_axe,
    pytest.mark.promise("Pages: axe-core finds no serious fault."),
]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_no_page_has_a_serious_fault(
    hub: Hub, meet: Meet, whole: Seen, axe: str, size: str, theme: str
) -> None:
    with_keeper_of_all(hub)
    hub.town.somebody()
    call_false(hub, 3, is_muted=True)
    with hub.town.db.reading() as conn:
        camera_id = conn.scalars(select(cameras.c.id)).one()
    visitor = meet(None, size=SIZES[size], color_scheme=theme)
    visitor.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    bad: dict[str, Any] = {}
    visitor.open("/login")
    bad["/login"] = faults(visitor.page, axe)
    visitor.sign_in(KEEPER)
    for path in [*plain_pages(hub), *filled_pages(hub, whole, camera_id)]:
        visitor.open(path)
        visitor.page.evaluate(
            "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
        )
        bad[path] = faults(visitor.page, axe)
        visitor.shot(f"axe-{size}-{theme}-{path.strip('/').replace('/', '-')[:30]}", full=True)
    assert [f"{path}: {one}" for path, found in bad.items() for one in found] == []


def heard(page: Page) -> list[tuple[str, str]]:
    """The role and the name of everything a screen reader speaks of on the page, in order."""
    line = page.context.new_cdp_session(page)
    line.send("Accessibility.enable")
    nodes = line.send("Accessibility.getFullAXTree")["nodes"]
    line.detach()
    return [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"]
    ]


NAMED = {"link", "button", "textbox", "combobox", "checkbox", "radio", "image", "searchbox"}
NAMED |= {"DisclosureTriangle", "spinbutton", "Video", "Date", "InputTime"}


def test_a_screen_reader_hears_a_name_for_all_one_can_use_and_where_one_is(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    with_keeper_of_all(hub)
    with hub.town.db.reading() as conn:
        camera_id = conn.scalars(select(cameras.c.id)).one()
    visitor = meet(KEEPER)
    for path in [*plain_pages(hub), *filled_pages(hub, whole, camera_id)]:
        visitor.open(path)
        spoken = heard(visitor.page)
        roles = [role for role, _ in spoken]
        nameless = [one for one in spoken if one[0] in NAMED and not one[1].strip()]
        assert nameless == [], path
        assert roles.count("main") == 1, path
        assert "heading" in roles, path
        assert len(visitor.page.title()) > len("Mắt Thần"), path


def test_an_alert_is_heard_in_the_order_in_which_it_matters(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    officer = meet("an")
    officer.open_alert(whole.alert_id)
    spoken = heard(officer.page)
    names = [name for role, name in spoken if role in ("heading", "image", "button")]
    assert any("Ngã tư Chợ Cũ" in name for name in names)
    assert ("button", "Tiếp nhận") in spoken
    pictures = [name for role, name in spoken if role == "image"]
    assert pictures and all(pictures)


def test_the_page_in_words_has_no_serious_fault(
    hub: Hub, meet: Meet, whole: Seen, axe: str
) -> None:
    """Of whoever is told of an alert and may not see its pictures."""
    board_member(hub)
    member = meet("hoa")
    for path in ("/", f"/alerts/{whole.alert_id}"):
        member.open(path)
        assert faults(member.page, axe) == [], path


MARK = "document.addEventListener('focusin', ({ target }) => { target.dataset.walked = '1'; })"
MISSED = """() => {
  const can = "a[href], button, input, select, textarea, summary, video[controls], [tabindex='0']";
  const isStop = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled
    && one.type !== "hidden" && one.tabIndex >= 0 && (one.type !== "radio" || one.checked);
  return [...document.querySelectorAll(can)]
    .filter((one) => isStop(one) && !one.dataset.walked)
    .map((one) => one.outerHTML.slice(0, 120));
}"""
MOST_STOPS = 150
OF_WORK = (
    *("/nodes?", "/grants?", "/grants/people", "/enrolments", "/duty/teams", "/cases/"),
    *("/reports/month", "/configuration/area", "/notices", "/alerts/", "/find?when=week"),
)


def walk(page: Page) -> list[str]:
    """Goes over the page by Tab; what can be used and was not reached."""
    page.evaluate(MARK)
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if not page.evaluate(MISSED):
            break
    missed: list[str] = page.evaluate(MISSED)
    return missed


@pytest.mark.promise("Pages: Everything is found by its name with the keyboard alone.")
def test_tab_reaches_everything_on_a_page_of_work(hub: Hub, meet: Meet, whole: Seen) -> None:
    with_keeper_of_all(hub)
    with hub.town.db.reading() as conn:
        camera_id = conn.scalars(select(cameras.c.id)).one()
    paths = [one for one in filled_pages(hub, whole, camera_id) if one.startswith(OF_WORK)]
    assert len(paths) >= len(OF_WORK)
    visitor = meet(KEEPER, size=SIZES["desk"])
    missed = {}
    for path in paths:
        visitor.open(path)
        missed[path] = walk(visitor.page)
    assert {path: found for path, found in missed.items() if found} == {}
