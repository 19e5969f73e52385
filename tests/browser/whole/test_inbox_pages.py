"""A full inbox on a phone: pages, filters and groups; every new alert is announced."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import APIResponse, Route, expect

from hub.alerting.response.service import ResponseService
from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.whole.inbox_pages import critical
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.rigs.web_town import PASSWORD
from tests.waiting import until

MANY = 30


def resolve(hub: Hub, alert_id: UUID) -> None:
    signed_in = hub.town.accounts.sign_in("binh", PASSWORD, came_from="")
    assert hasattr(signed_in, "asker")
    hub.town.services.use(ResponseService).act(signed_in.asker, alert_id, act="resolve")
    hub.town.change_signal.ring()


@pytest.mark.usefixtures("one_day")
@pytest.mark.promise("Pages: A full inbox comes in pages, and its list stays short.")
def test_a_full_inbox_is_short_and_the_next_page_comes_in_place(hub: Hub, meet: Meet) -> None:
    seen = [hub.town.somebody() for _ in range(MANY)]
    officer = meet()
    cards = officer.page.locator("#open-cards .card")
    expect(cards).to_have_count(24)
    expect(officer.page.locator("#count-running")).to_have_text(str(MANY))
    assert officer.page.evaluate("document.documentElement.scrollHeight") < 24 * 200
    officer.page.evaluate("window.isSamePage = true")
    officer.page.locator("[data-more]").click()
    expect(cards).to_have_count(MANY)
    expect(officer.page.locator("[data-more]")).to_have_count(0)
    assert officer.page.evaluate("window.isSamePage")
    resolve(hub, seen[0].alert_id)  # on the second page
    expect(cards).to_have_count(MANY - 1)
    expect(officer.page.locator("#count-handled")).to_have_text("1")
    hub.town.somebody()
    expect(cards).to_have_count(MANY)
    expect(officer.page).to_have_title(re.compile(r"^\(30\)"))
    assert officer.complaints == []


def test_a_double_tap_on_show_more_stays_on_the_page(hub: Hub, meet: Meet) -> None:
    for _ in range(MANY):
        hub.town.somebody()
    page = meet().page
    page.evaluate("window.isSamePage = true")
    page.locator("[data-more]").dblclick()
    expect(page.locator("#open-cards .card")).to_have_count(MANY)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.isSamePage")


def test_a_card_that_the_hub_could_not_tell_is_asked_for_again(hub: Hub, meet: Meet) -> None:
    seen = hub.town.somebody()
    page = meet().page
    expect(page.locator("#line-state")).to_have_text("Trực tiếp")
    page.route("**/card*", lambda route: route.fulfill(status=503), times=1)
    with page.expect_response("**/card*"):
        resolve(hub, seen.alert_id)
    expect(page.locator("#open-cards .card")).to_have_count(0)


def test_the_keyboard_keeps_its_place_when_a_card_goes(hub: Hub, meet: Meet) -> None:
    seen = [hub.town.somebody() for _ in range(4)]
    page = meet(size=SIZES["desk"]).page
    expect(page.locator("#line-state")).to_have_text("Trực tiếp")
    for _ in range(3):
        page.keyboard.press("j")
    expect(page.locator(f"#card-{seen[1].alert_id} .card-link")).to_be_focused()
    resolve(hub, seen[1].alert_id)
    expect(page.locator("#open-cards .card")).to_have_count(3)
    expect(page.locator(f"#card-{seen[0].alert_id} .card-link")).to_be_focused()
    resolve(hub, seen[0].alert_id)  # the last one
    expect(page.locator(f"#card-{seen[2].alert_id} .card-link")).to_be_focused()


def test_what_changes_on_a_later_page_is_not_put_on_the_first(hub: Hub, meet: Meet) -> None:
    seen = [hub.town.somebody() for _ in range(MANY)]
    officer = meet()
    expect(officer.page.locator("#line-state")).to_have_text("Trực tiếp")
    hub.town.gone(seen[0])
    newest = hub.town.somebody()
    expect(officer.page.locator(f"#card-{newest.alert_id}")).to_be_visible()
    expect(officer.page.locator(f"#card-{seen[0].alert_id}")).to_have_count(0)
    expect(officer.page.locator("#new-pill")).to_be_hidden()


def test_an_answer_that_the_next_overtook_does_not_bring_a_handled_alert_back(
    hub: Hub, meet: Meet
) -> None:
    seen, other = hub.town.somebody(), hub.town.somebody()
    page = meet().page
    expect(page.locator("#line-state")).to_have_text("Trực tiếp")
    held: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        held.append((route, route.fetch()))

    page.route(f"**/alerts/{seen.alert_id}/card*", hold, times=1)
    hub.town.gone(seen)
    until(lambda: held or page.wait_for_timeout(20), "the card as it is now has been read")
    resolve(hub, seen.alert_id)
    expect(page.locator(f"#card-{seen.alert_id}")).to_have_count(0)
    with page.expect_response(f"**/alerts/{seen.alert_id}/card*"):
        held[0][0].fulfill(response=held[0][1])
    resolve(hub, other.alert_id)  # and what comes after it is in its place
    expect(page.locator("#nothing-open")).to_be_visible()
    expect(page.locator("#open-cards .card")).to_have_count(0)


@pytest.mark.promise("Pages: A new alert that a filter leaves out is announced with a count.")
def test_a_new_alert_outside_the_filter_is_announced_and_a_critical_one_is_shown(
    hub: Hub, meet: Meet
) -> None:
    officer = meet()
    officer.open("/?mine=1")
    expect(officer.page.locator("#line-state")).to_have_text("Trực tiếp")
    hub.town.somebody()
    pill = officer.page.locator("#new-pill")
    expect(pill).to_have_text("1 cảnh báo mới ngoài danh sách này")
    expect(officer.page.locator("#heard")).to_contain_text("Cảnh báo mới: Ngã tư Chợ Cũ")
    expect(officer.page.locator("#open-cards .card")).to_have_count(0)
    expect(officer.page.locator("#count-running")).to_have_text("1")
    alert_id = critical(hub)
    card = officer.page.locator(f"#card-{alert_id}")
    expect(card).to_be_visible()
    expect(card).to_contain_text("Khẩn cấp")
    officer.shot("phone-filtered")
    pill.click()
    officer.page.wait_for_url("**/")
    expect(officer.page.locator("#open-cards .card")).to_have_count(2)
    assert officer.complaints == []


def test_an_alert_leads_back_to_the_filter_it_was_opened_from(hub: Hub, meet: Meet) -> None:
    hub.town.somebody()
    officer = meet()
    officer.open("/?kind=person&since=8")
    officer.page.locator(".card-link").click()
    officer.page.wait_for_url("**/alerts/*")
    officer.page.locator(".bar-back").click()
    officer.page.wait_for_url("**/?kind=person&since=8")


def test_groups_are_counted_live_and_never_hold_a_critical_alert(hub: Hub, meet: Meet) -> None:
    for _ in range(3):
        hub.town.somebody()
    officer = meet()
    officer.open("/?group=place")
    group = officer.page.locator(".group")
    expect(group).to_contain_text("3 cảnh báo · 3 chưa ai tiếp nhận · 3 đang diễn ra")
    expect(officer.page.locator("#line-state")).to_have_text("Trực tiếp")
    hub.town.somebody()
    expect(group).to_contain_text("4 cảnh báo")
    alert_id = critical(hub)
    expect(officer.page.locator(f"#card-{alert_id}")).to_be_visible()
    expect(group).to_contain_text("4 cảnh báo")
    expect(officer.page.locator("#heard")).to_contain_text("Cảnh báo mới: Ngã tư Chợ Cũ")
    expect(officer.page.locator("#new-pill")).to_be_hidden()
    group.click()
    expect(officer.page.locator("#open-cards .card")).to_have_count(5)
    expect(officer.page.locator("#filtered")).to_contain_text("Ngã tư Chợ Cũ")


@pytest.mark.usefixtures("one_day")
def test_the_handled_tab_hears_of_new_alerts_and_of_closed_ones(hub: Hub, meet: Meet) -> None:
    seen = hub.town.somebody()
    officer = meet()
    officer.open("/?tab=handled")
    expect(officer.page.locator("#line-state")).to_have_text("Trực tiếp")
    resolve(hub, seen.alert_id)
    expect(officer.page.locator(f"#handled-cards #card-{seen.alert_id}")).to_be_visible()
    hub.town.somebody()
    expect(officer.page.locator("#new-pill")).to_have_text("1 cảnh báo mới ngoài danh sách này")


@in_two_looks
def test_pages_filters_and_groups_fit_their_screen(
    hub: Hub, meet: Meet, size: str, language: str, theme: str, picture: bytes
) -> None:
    critical(hub)
    for number in range(14):
        data = picture + bytes([number])
        hub.town.somebody(data)
        hub.town.bring(data)
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    name = f"{size}-{language}-{theme}"
    for path, title in (
        ("/", "many"),
        (f"/?mine=1&kind=person&area={hub.town.area_id}", "filtered"),
        ("/?group=place", "groups"),
        ("/?tab=handled", "handled"),
    ):
        officer.open(path)
        officer.page.locator("#filter > summary").click()
        assert fits(officer.page), path
        for element in officer.page.locator("#list a, #list button, #list summary").all():
            box = element.bounding_box()
            assert box is None or box["height"] >= 48, (path, element.inner_text())
        officer.page.wait_for_timeout(200)
        officer.shot(f"{name}-{title}", full=True)
    assert officer.complaints == []
