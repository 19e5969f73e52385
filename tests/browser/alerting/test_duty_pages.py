"""Rosters and plans on a phone and a desk, entered by a keeper in a real browser."""

import pytest
from playwright.sync_api import expect

from hub.notify.phones.service import PhoneService
from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.alerting.duty_pages import rosters
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_four_looks, set_language
from tests.hub.rigs.web_town import Seen

pytestmark = [
    pytest.mark.promise("Rules and duty: Rosters have shifts, swaps and holidays."),
    pytest.mark.promise("Pages: Rules, rosters, grants and silences have pages."),
]


@in_four_looks
def test_pages_of_rosters_and_plans_fit_their_screens(
    hub: Hub, meet: Meet, whole: Seen, size: str, language: str, theme: str
) -> None:
    rosters(hub)
    set_language(hub, "kim", language)
    keeper = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    keeper.sign_in("kim")
    keeper.open("/duty")
    keeper.shot(f"{size}-{language}-{theme}-duty", full=True)
    assert fits(keeper.page)
    for place in ("[data-team='Đội 1'] a.place-link", "a[href^='/duty/plans/']"):
        keeper.open("/duty")
        keeper.page.locator(place).first.click()
        keeper.page.wait_for_load_state("load")
        for summary in keeper.page.locator("details summary").all():
            summary.click()
        name = "team" if "team" in place else "plan"
        keeper.shot(f"{size}-{language}-{theme}-{name}", full=True)
        assert fits(keeper.page), name
    assert keeper.complaints == []


@pytest.mark.promise("Rules and duty: A gap in a roster is reported when it is saved.")
def test_a_keeper_enters_a_roster_without_script_and_is_told_of_its_hole(
    hub: Hub, meet: Meet
) -> None:
    keeper = meet(None, java_script_enabled=False)
    keeper.sign_in("kim")
    keeper.open("/duty")
    page = keeper.page
    page.fill("[name=name]", "Đội 2")
    page.locator("form[action='/duty/teams'] button").click()
    page.fill("form[action$='/shift'] [name=name]", "Ca ngày")
    page.fill("[name=starts]", "06:00")
    page.fill("[name=ends]", "02:00")
    page.locator("[name=every]").first.select_option(label="Nguyễn Văn An")
    page.locator("[name=day6]").first.select_option("-")
    page.locator("form[action$='/shift'] button").click()
    expect(page.locator(".banner.is-warning")).to_contain_text("Đã lưu")
    expect(page.locator("#state .faults")).to_contain_text("Thứ Ba: không có ai từ 02:00 đến 06:00")
    expect(page.locator("#state .faults")).to_contain_text(
        "Không có ai từ Chủ nhật 02:00 đến Thứ Hai 06:00"
    )
    keeper.shot("phone-duty-hole", full=True)


def test_an_alert_says_on_card_and_page_who_is_next(hub: Hub, meet: Meet) -> None:
    rosters(hub)
    add_phones(hub)
    seen = hub.town.somebody()
    officer = meet("chi")
    expect(officer.page.locator(".card-next")).to_contain_text("vì chưa ai nhận")
    officer.shot("phone-next-inbox")
    officer.open_alert(seen.alert_id)
    expect(officer.page.locator("[data-part=next]")).to_contain_text("Tiếp theo: ")
    officer.shot("phone-next-alert", full=True)
    officer.page.locator("[data-act=take]").click()
    expect(officer.page.locator("[data-part=next]")).not_to_contain_text("Tiếp theo")


def add_phones(hub: Hub) -> None:
    for login in ("an", "binh", "chi"):
        signed_in = hub.town.accounts.sign_in(login, "đèn đường 756", came_from="")
        assert hasattr(signed_in, "asker")
        hub.town.services.use(PhoneService).add_phone(
            signed_in.asker,
            channel="webpush",
            address=f"https://push.example.org/{login}",
            secrets="{}",
            label="Android · Chrome",
        )


def test_whoever_looks_after_no_area_finds_no_rosters(hub: Hub, meet: Meet) -> None:
    officer = meet()
    answer = officer.page.goto(f"{hub.url}/duty")
    assert answer is not None and answer.status == 404
