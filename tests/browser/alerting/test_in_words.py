"""A board member, told of alerts without their pictures: the page, the list, the phone offline."""

import json

from playwright.sync_api import expect

from hub.access.grants import rows
from hub.access.rules.grants import Right
from tests.browser.conftest import Hub, Meet, Officer
from tests.browser.helpers.alerting.in_words import board_member
from tests.browser.helpers.whole.offline import await_sync, kept
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks
from tests.hub.rigs.web_town import Seen

PICTURES = "img, video, audio, source, .shot"


def no_footage_was_asked_for(officer: Officer) -> bool:
    return not any("/media/" in one or "/clip" in one for one in officer.asked)


@in_two_looks
def test_the_page_in_words_fits_and_says_i_go(
    hub: Hub, meet: Meet, whole: Seen, size: str, language: str, theme: str
) -> None:
    board_member(hub, language)
    hoa = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    hoa.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    hoa.sign_in("hoa")
    card = hoa.page.locator(f"#card-{whole.alert_id}")
    expect(card).to_contain_text("Ngã tư Chợ Cũ, Tân Khai")
    hoa.shot(f"{size}-{language}-{theme}-inbox")
    assert fits(hoa.page)
    card.locator("a").click()
    go = hoa.page.locator("[data-act=go]")
    expect(go).to_be_visible()
    hoa.shot(f"{size}-{language}-{theme}-words")
    assert fits(hoa.page)
    box = go.bounding_box()
    assert box is not None and box["height"] >= 48
    go.click()
    expect(hoa.page.locator(".acts-said")).to_be_visible()
    expect(go).to_have_count(0)
    hoa.shot(f"{size}-{language}-{theme}-going")
    assert fits(hoa.page)
    assert hoa.page.locator(f"#main :is({PICTURES})").count() == 0
    assert no_footage_was_asked_for(hoa)
    assert hoa.complaints == []


def test_who_goes_is_seen_at_once_and_a_second_tap_takes_nothing_back(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    board_member(hub)
    an, hoa = meet("an"), meet("hoa")
    an.open_alert(whole.alert_id)
    hoa.open_alert(whole.alert_id)
    expect(an.page.locator("#line-state")).to_have_text("Trực tiếp")
    hoa.page.locator("[data-act=go]").dblclick()
    expect(hoa.page.locator(".acts-said")).to_contain_text("Bạn đã báo lúc")
    expect(an.page.locator("[data-part=next]")).to_contain_text("Đang đến nơi: Bà Hoa (")
    an.page.locator("[data-act=take]").click()
    expect(hoa.page.locator("[data-part=next]")).to_contain_text("Nguyễn Văn An đã tiếp nhận")
    hoa.page.locator("[data-act=not-go]").click()
    expect(hoa.page.locator("[data-act=go]")).to_be_visible()
    expect(an.page.locator("[data-part=next]")).not_to_contain_text("Bà Hoa")


def test_when_the_right_to_see_ends_an_open_page_loses_its_pictures(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    hub.town.add_person("lan", "Chị Lan", "officer", Right.ALERTED)
    seeing = hub.town.allow("lan", Right.SEE | Right.CLIPS)
    alone, desk = meet("lan"), meet("lan")
    alone.open_alert(whole.alert_id)
    for one in (alone, desk):
        expect(one.page.locator("#main img").first).to_be_visible()
        expect(one.page.locator("#line-state")).to_have_text("Trực tiếp")
    with hub.town.db.writing() as conn:
        rows.end_grant(conn, seeing, now=hub.town.clock.now())
    hub.town.change_signal.ring()
    for one in (alone, desk):
        expect(one.page.locator(f"#main :is({PICTURES})")).to_have_count(0)
    expect(desk.page.locator(f"#card-{whole.alert_id}")).to_be_visible()
    expect(alone.page.locator("[data-act=go]")).to_be_visible()
    expect(alone.page.locator("[data-act=take]")).to_have_count(0)


def test_what_the_phone_keeps_has_no_picture_and_offers_nothing_to_take(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    board_member(hub)
    hoa = meet("hoa")
    await_sync(hoa, alerts=1)
    assert "media" not in json.dumps(kept(hoa))
    hoa.context.set_offline(True)
    hoa.open(f"/alerts/{whole.alert_id}")
    card = hoa.page.locator(f"[data-alert='{whole.alert_id}']")
    expect(card).to_contain_text("Chưa ai tiếp nhận")
    assert card.locator("button").count() == 0
    assert hoa.page.locator("img, video").count() == 0
