"""Many alerts closed on a phone, taken back by one tap; an alert's camera silenced for an hour."""

import pytest
from playwright.sync_api import expect

from hub.access.rules.grants import Right
from tests.browser.conftest import Hub, Meet
from tests.browser.whole.test_inbox_pages import critical
from tests.browser.whole.test_pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.cases.test_cases import let


@pytest.mark.promise(
    "Alerts: Many alerts are closed at once with one reason, and that can be taken back."
)
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_those_chosen_are_ended_and_taken_back(
    hub: Hub, meet: Meet, script: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine may need more than the ten seconds.
    monkeypatch.setattr("hub.alerting.alerts.rules.lifecycle.UNDO_S", 600.0)
    alert_id = critical(hub)
    for _ in range(3):
        hub.town.somebody()
    officer = meet(java_script_enabled=script)
    page = officer.page
    page.get_by_role("link", name="Chọn nhiều").click()
    boxes = page.locator("[name=alert]")
    expect(boxes).to_have_count(4)
    choose_all = page.get_by_role("button", name="Chọn tất cả đang hiện, trừ khẩn cấp")
    if script:
        choose_all.click()
    else:
        expect(choose_all).to_be_hidden()
        for number in range(1, 4):
            boxes.nth(number).check()
    expect(page.locator(f"#card-{alert_id} [name=alert]")).not_to_be_checked()
    page.fill("[name=note]", "Chợ phiên")
    page.get_by_role("button", name="Tất cả đã xử lý").click()
    done = page.locator("#bulk-done")
    expect(done).to_contain_text("Bạn đã kết thúc 3 cảnh báo.")
    expect(page.locator("#open-cards .card")).to_have_count(1)
    officer.shot("phone-bulk-done")
    done.get_by_role("button", name="Hoàn tác tất cả").click()
    expect(page.locator("#bulk-done")).to_contain_text("Các cảnh báo trở lại như trước.")
    expect(page.locator("#open-cards .card")).to_have_count(4)
    assert officer.complaints == []


def test_a_tick_stays_while_its_card_changes(hub: Hub, meet: Meet) -> None:
    seen = hub.town.somebody()
    officer = meet()
    officer.open("/?select=1")
    expect(officer.page.locator("#line-state")).to_have_text("Trực tiếp")
    box = officer.page.locator("[name=alert]")
    box.check()
    hub.town.gone(seen)
    expect(officer.page.locator(".card")).to_contain_text("Đã hết")
    expect(box).to_be_checked()


def test_ticks_and_the_reason_stay_when_the_list_comes_anew(hub: Hub, meet: Meet) -> None:
    seen = [hub.town.somebody() for _ in range(2)]
    officer = meet()
    officer.open("/?select=1")
    expect(officer.page.locator("#line-state")).to_have_text("Trực tiếp")
    other = hub.town.somebody()  # whoever hears of it has noted before what may be seen
    expect(officer.page.locator(f"#card-{other.alert_id}")).to_be_visible()
    ticked = officer.page.locator(f"#card-{seen[0].alert_id} [name=alert]")
    ticked.check()
    officer.page.locator("[name=cause]").select_option(index=1)
    officer.page.locator("[name=note]").fill("Chợ phiên")
    officer.page.evaluate("document.getElementById('list').dataset.before = ''")
    let(hub.town, "an", Right.SEE | Right.CLIPS)
    expect(officer.page.locator("#list[data-before]")).to_have_count(0)
    expect(ticked).to_be_checked()
    expect(officer.page.locator("#open-cards :checked")).to_have_count(1)
    note = officer.page.locator("[name=note]")
    expect(note).to_have_value("Chợ phiên")
    expect(note).to_be_focused()
    assert officer.page.locator("[name=cause]").evaluate("field => field.selectedIndex") == 1


@in_two_looks
def test_choosing_and_snoozing_fit_their_screen(
    hub: Hub, meet: Meet, size: str, language: str, theme: str, picture: bytes
) -> None:
    seen = hub.town.somebody(picture)
    hub.town.bring(picture)
    hub.town.somebody()
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    name = f"{size}-{language}-{theme}"
    officer.open("/?select=1")
    for element in officer.page.locator("#list a, #list button, #list summary").all():
        if element.is_visible():
            box = element.bounding_box()
            assert box is not None and box["height"] >= 48, element.inner_text()
    officer.page.wait_for_timeout(200)
    officer.shot(f"{name}-choosing", full=True)
    assert fits(officer.page)
    officer.open_alert(seen.alert_id)
    snooze = officer.page.locator("[data-part=snooze]")
    snooze.locator("summary").click()
    officer.shot(f"{name}-snooze", full=True)
    assert fits(officer.page)
    snooze.locator("[data-snooze]").click()
    expect(officer.page.locator("[data-part=snooze]")).to_contain_text(
        "Camera này tạm ngừng báo đến" if language == "vi" else "raises no alerts until"
    )
    officer.open("/")
    expect(officer.page.locator("#silences")).to_be_visible()
    officer.shot(f"{name}-snoozed", full=True)
    assert officer.complaints == []
