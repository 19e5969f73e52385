"""Many alerts closed on a phone, taken back by one tap; an alert's camera silenced for an hour."""

import pytest
from playwright.sync_api import Locator, expect

from hub.access.rules.grants import Right
from tests.browser.conftest import PHONE, Hub, Meet
from tests.browser.helpers.whole.inbox_pages import critical
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.helpers.cases.cases import let


def more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may need more than the ten seconds."""
    for module in ("console.service", "console.bulk_pages"):
        monkeypatch.setattr(f"hub.{module}.UNDO_S", 600.0)
    monkeypatch.setattr("hub.alerting.alerts.rules.lifecycle.UNDO_ON_THE_WAY_S", 600.0)
    monkeypatch.setattr("hub.alerting.alerts.rules.lifecycle.UNDO_TAKEN_S", 1800.0)


def is_under_the_thumb(button: Locator) -> bool:
    """In the lowest third of a phone's screen."""
    expect(button).to_be_visible()
    box = button.bounding_box()
    return box is not None and PHONE["height"] * 2 / 3 < box["y"] < PHONE["height"] - box["height"]


@pytest.mark.promise(
    "Alerts: Many alerts are closed at once with one reason, and that can be taken back."
)
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_those_chosen_are_ended_and_taken_back(
    hub: Hub, meet: Meet, script: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    more_time(monkeypatch)
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
        expect(page.locator("[data-chosen]")).to_have_text("Đã chọn 3")
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
    undo = page.get_by_role("button", name="Hoàn tác tất cả")
    assert is_under_the_thumb(undo)
    undo.click()
    expect(page.locator("#bulk-done")).to_contain_text("Các cảnh báo trở lại như trước.")
    expect(page.locator("#open-cards .card")).to_have_count(4)
    assert officer.complaints == []


@pytest.mark.promise(
    "Alerts: Many alerts are closed at once with one reason, and that can be taken back."
)
def test_all_are_chosen_also_those_that_are_not_shown_and_closed_in_parts(
    hub: Hub, meet: Meet, monkeypatch: pytest.MonkeyPatch
) -> None:
    more_time(monkeypatch)
    monkeypatch.setattr("hub.console.inbox_pages.PAGE_TO_CHOOSE", 20)
    for _ in range(57):
        hub.town.somebody()
    officer = meet()
    page = officer.page
    officer.open("/?select=1")
    page.locator("[name=alert]").nth(2).check()
    expect(page.locator("[data-chosen]")).to_have_text("Đã chọn 1")
    officer.shot("phone-bulk-one")
    page.get_by_role("link", name="Chọn cả 57").click()
    expect(page.locator("[data-chosen]")).to_have_text("Đã chọn 57")
    expect(page.locator("#all-chosen")).to_contain_text("37 cảnh báo trong số đó ở trang khác.")
    page.locator(".card [name=alert]").nth(2).uncheck()
    hub.town.somebody()  # comes meanwhile: nobody has chosen it
    expect(page.locator(".card")).to_have_count(21)
    page.locator("[data-more]").click()
    expect(page.locator(".card")).to_have_count(41)
    expect(page.locator("[data-chosen]")).to_have_text("Đã chọn 56")
    page.fill("[name=note]", "Chợ phiên")
    officer.shot("phone-bulk-all", full=True)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_navigation():
        page.get_by_role("button", name="Tất cả đã xử lý").click()
    assert sum("/alerts/close" in url for url in asked) == 2
    expect(page.locator("#bulk-done")).to_contain_text("Bạn đã kết thúc 56 cảnh báo.")
    expect(page.locator("#open-cards .card")).to_have_count(2)
    officer.shot("phone-bulk-all-done")
    page.get_by_role("button", name="Hoàn tác tất cả").click()
    expect(page.locator("#count-running")).to_have_text("58")
    assert officer.complaints == []


@pytest.mark.promise("Alerts: A slip of the thumb closes no alert for good.")
def test_the_time_of_an_undo_begins_when_the_page_shows_it(
    hub: Hub, meet: Meet, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = hub.town.somebody()
    officer = meet()
    page = officer.page
    monkeypatch.setattr("hub.alerting.alerts.rules.lifecycle.UNDO_ON_THE_WAY_S", 600.0)
    monkeypatch.setattr("hub.alerting.alerts.rules.lifecycle.UNDO_TAKEN_S", 1800.0)
    page.clock.install()
    officer.open_alert(seen.alert_id)
    officer.wait_for_scripts()
    hub.town.close(seen.alert_id, ago_s=15)  # the answer was so long on its way
    officer.open_alert(seen.alert_id)
    officer.wait_for_scripts()
    undo = page.locator("[data-act=undo]")
    assert is_under_the_thumb(undo)
    officer.shot("phone-undo-low")
    page.clock.run_for(9_000)
    expect(undo).to_be_visible()
    page.clock.run_for(1_500)
    expect(undo).to_have_count(0)


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
