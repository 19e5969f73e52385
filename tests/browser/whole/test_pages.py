"""An officer's phone and a duty desk, in a real browser."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import APIResponse, Route, expect

from hub.access.grants import rows as grants_rows
from hub.access.signin.accounts import SignedIn
from hub.alerting.alerts.rules.lifecycle import CLOSES_AFTER_S
from hub.alerting.response.service import ResponseService
from hub.app.blob_owners import BLOB_OWNERS
from hub.footage.retention import rows as retention_rows
from hub.footage.retention.remover import Remover
from hub.footage.retention.rules import FootageClass
from tests.browser import footage
from tests.browser.conftest import DESK, PHONE, Hub, Meet, Officer
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, box, fits, set_language
from tests.hub.rigs.web_town import PASSWORD, Seen
from tests.waiting import busy, until

pytestmark = pytest.mark.promise(
    "Real programs in tests: Tests look at the pages in a real Chromium."
)


@pytest.mark.promise(
    "Pages: Each page fits a phone and a desk, in both languages and colour schemes."
)
@pytest.mark.promise("Pages: Pages load no file from another host.")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_page_fits_its_screen_and_asks_no_outside_address(
    hub: Hub, meet: Meet, whole: Seen, size: str, language: str, theme: str
) -> None:
    set_language(hub, "an", language)
    hub.town.somebody()
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    name = f"{size}-{language}-{theme}"
    officer.open("/login")
    officer.shot(f"{name}-login")
    assert fits(officer.page)
    officer.sign_in("an")
    for path, title in (
        ("/", "inbox"),
        (f"/alerts/{whole.alert_id}", "alert"),
        ("/settings", "settings"),
        ("/offline", "offline"),
    ):
        officer.open(path)
        officer.page.wait_for_load_state("load")
        officer.page.wait_for_timeout(200)  # for the picture: the clip's first frame is drawn late
        officer.shot(f"{name}-{title}")
        officer.shot(f"{name}-{title}-full", full=True)
        assert fits(officer.page), path
    assert officer.page.locator("html").get_attribute("lang") == language
    assert officer.complaints == []
    hosts = {urlsplit(url).netloc for url in officer.asked if url.startswith("http")}
    assert hosts == {urlsplit(hub.url).netloc}


def test_an_alert_of_many_pictures_shows_six_and_folds_the_rest_and_stays_unfolded(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    def one_more(number: int) -> None:
        picture = footage.picture() + bytes([number])  # another hash; a JPEG ends where it ends
        hub.town.better_picture(whole, picture)
        hub.town.bring(picture)

    for number in range(9):
        one_more(number)
    officer = meet()
    officer.open_alert(whole.alert_id)
    fold = officer.page.locator("#more-pictures")
    expect(officer.page.locator("[data-part=pictures] img:visible")).to_have_count(6)
    expect(fold.locator("summary")).to_have_text("còn 3 ảnh")
    officer.shot("phone-many-pictures", full=True)
    fold.locator("summary").click()
    expect(officer.page.locator("[data-part=pictures] img:visible")).to_have_count(9)
    one_more(9)
    expect(fold.locator("summary")).to_have_text("còn 4 ảnh")
    expect(officer.page.locator("[data-part=pictures] img:visible")).to_have_count(10)
    assert fits(officer.page)


@pytest.mark.promise("Pages: The main action of an alert is under the thumb.")
def test_main_action_of_an_alert_is_under_the_thumb(meet: Meet, whole: Seen) -> None:
    officer = meet()
    officer.open_alert(whole.alert_id)
    place = box(officer.page, "[data-act=take]")
    assert place["height"] >= 48
    assert place["y"] + place["height"] <= PHONE["height"]
    assert place["y"] > PHONE["height"] * 0.75
    picture = box(officer.page, "[data-part=picture] img")
    assert picture["y"] < 100
    assert picture["width"] >= PHONE["width"] - 1


def test_everything_meant_for_a_finger_is_48_px_high(meet: Meet, whole: Seen) -> None:
    officer = meet()
    for path in ("/", f"/alerts/{whole.alert_id}", "/settings", "/more"):
        officer.open(path)
        for element in officer.page.locator("a, button, summary, .choices span").all():
            if element.is_visible() and "skip" not in (element.get_attribute("class") or ""):
                size = element.bounding_box()
                assert size is not None
                assert size["height"] >= 48, (path, element.inner_text())


@pytest.mark.promise("Pages: Open pages show changes at once.")
@pytest.mark.promise("Pages: A new alert appears without a reload.")
def test_new_alert_appears_without_a_reload(hub: Hub, meet: Meet) -> None:
    officer = meet()
    officer.page.evaluate("window.isSamePage = true")
    expect(officer.page.locator("#line-state")).to_have_text("Trực tiếp")
    expect(officer.page.locator(".card")).to_have_count(0)
    seen = hub.town.somebody()
    card = officer.page.locator(f"#card-{seen.alert_id}")
    expect(card).to_be_visible()
    expect(card).to_contain_text("Chưa ai tiếp nhận")
    expect(officer.page.locator("#heard")).to_contain_text("Cảnh báo mới: Ngã tư Chợ Cũ")
    expect(officer.page.locator("#nothing-open")).to_be_hidden()
    assert officer.page.evaluate("window.isSamePage")
    assert officer.page.title().startswith("(1)")


MUTED = """
const Stream = EventSource;
window.EventSource = class extends Stream {
    constructor(address) {
        super(address);
        window.stream = this;
    }
    addEventListener(name, act) {
        super.addEventListener(name, (event) => this.isDead || act(event));
    }
};
"""
"""Streams that can die without a word, as a line does while a phone sleeps."""

LOOK = """(hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_page_that_is_looked_at_again_hears_what_came_while_the_phone_slept(
    hub: Hub, meet: Meet
) -> None:
    officer = meet(None)
    page = officer.page
    page.clock.install()
    page.add_init_script(MUTED)
    officer.sign_in("an")
    expect(page.locator("#line-state")).to_have_text("Trực tiếp")
    page.evaluate("window.stream.isDead = true")
    page.evaluate(LOOK, True)
    seen = hub.town.somebody()
    page.clock.fast_forward(60_000)
    page.evaluate(LOOK, False)
    expect(page.locator(f"#card-{seen.alert_id}")).to_be_visible()


def test_what_a_reader_may_no_longer_see_leaves_an_open_page(hub: Hub, meet: Meet) -> None:
    seen = hub.town.somebody()
    officer = meet()
    card = officer.page.locator(f"#card-{seen.alert_id}")
    expect(card).to_be_visible()
    expect(officer.page.locator("#line-state")).to_have_text("Trực tiếp")
    grant_id = hub.town.grants["an"]
    assert grant_id is not None
    # Whoever hears of another alert by this line has noted before what may be seen.
    other = hub.town.somebody()
    expect(officer.page.locator(f"#card-{other.alert_id}")).to_be_visible()
    with officer.page.expect_request("**/events?*") as opened, hub.town.db.writing() as conn:
        grants_rows.end_grant(conn, grant_id, now=hub.town.clock.now())
    expect(card).to_have_count(0)
    expect(officer.page.locator("#nothing-open")).to_be_visible()
    scope = officer.page.locator("#list").get_attribute("data-scope")
    assert f"scope={scope}" in opened.value.url  # a broken line tells of it only once
    assert officer.complaints == []


def test_picture_arrives_in_the_card_that_is_there(hub: Hub, meet: Meet, picture: bytes) -> None:
    officer = meet()
    seen = hub.town.somebody(picture)
    card = officer.page.locator(f"#card-{seen.alert_id}")
    expect(card).to_contain_text("Ảnh đang được gửi về")
    hub.town.bring(picture)
    image = card.locator("img")
    expect(image).to_be_visible()
    until(lambda: image.evaluate("image => image.naturalWidth") == 400)


def test_new_alert_moves_nothing_under_a_reader_who_has_scrolled(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    for _ in range(6):
        hub.town.somebody()
    officer = meet()
    officer.page.wait_for_load_state("load")
    expect(officer.page.locator("#line-state")).to_be_visible()
    officer.page.evaluate("window.scrollTo(0, 900)")
    watched = officer.page.locator(".card").nth(4)
    before = watched.bounding_box()
    card_id = watched.get_attribute("id")
    hub.town.somebody()
    pill = officer.page.locator("#new-pill")
    expect(pill).to_have_text("1 cảnh báo mới")
    officer.shot("phone-pill")
    after = officer.page.locator(f"#{card_id}").bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 2
    pill.click()
    until(lambda: officer.page.evaluate("window.scrollY") == 0)
    expect(pill).to_be_hidden()


def test_nothing_moves_while_a_finger_is_down(hub: Hub, meet: Meet) -> None:
    officer = meet()
    expect(officer.page.locator("#line-state")).to_be_visible()
    officer.page.mouse.move(180, 400)
    officer.page.mouse.down()
    seen = hub.town.somebody()
    officer.page.wait_for_timeout(1200)  # long enough for the change to have come
    assert officer.page.locator(f"#card-{seen.alert_id}").count() == 0
    officer.page.mouse.up()
    expect(officer.page.locator(f"#card-{seen.alert_id}")).to_be_visible()


def test_mouse_that_never_rests_does_not_keep_an_alert_back(hub: Hub, meet: Meet) -> None:
    officer = meet(size=DESK)
    expect(officer.page.locator("#line-state")).to_be_visible()
    seen = hub.town.somebody()
    card = officer.page.locator(f"#card-{seen.alert_id}")
    for step in range(round(80 * busy())):
        officer.page.mouse.move(100 + step % 7, 300)
        officer.page.wait_for_timeout(50)
        if card.count():
            return
    raise AssertionError("the alert was kept back for four seconds, or longer on a busy machine")


@pytest.mark.media
def test_clip_plays_and_jumps_to_where_they_come(meet: Meet, whole: Seen) -> None:
    officer = meet()
    officer.open_alert(whole.alert_id)
    film = officer.page.locator("video")
    officer.page.get_by_role("button", name="Xem từ lúc có người").click()
    until(lambda: film.evaluate("film => film.currentTime") > 6.5)
    assert film.evaluate("film => film.videoWidth") == 640
    assert film.evaluate("film => film.error") is None
    officer.shot("phone-clip")


@pytest.mark.promise("Clips: H.265 plays, or the phone gets an H.264 copy.")
@pytest.mark.media
def test_h265_clip_plays_as_a_small_copy(hub: Hub, meet: Meet, picture: bytes) -> None:
    seen = hub.town.somebody(picture)
    film = footage.clip(seconds=9, codec="libx265")
    hub.town.clip(seen, film, duration_ms=9000, codec="hevc")
    hub.town.bring(film)
    officer = meet()
    officer.open_alert(seen.alert_id)
    shown = officer.page.locator("video")
    assert shown.evaluate("film => film.canPlayType('video/mp4; codecs=hvc1.1.6.L120.90')") == ""
    expect(officer.page.locator(".clip-words")).to_contain_text("bản nhỏ")
    expect(officer.page.locator(".clip-words")).to_contain_text("H.265")
    assert hub.town.proxies.hashes() == [], "it is made now"
    officer.page.locator("[data-part=picture]").click()
    until(lambda: shown.evaluate("film => film.currentTime") > 1)
    assert shown.evaluate("film => film.currentSrc").endswith("/h264")
    assert shown.evaluate("film => [film.videoWidth, film.error]") == [640, None]
    shown.evaluate("film => { film.currentTime = 7 }")
    until(lambda: shown.evaluate("film => film.currentTime") > 7.5)
    officer.shot("phone-clip-h265")


def test_removed_footage_says_when_and_by_which_rule_and_fits(
    hub: Hub, meet: Meet, whole: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = hub.town
    with town.db.writing() as conn:
        retention_rows.set_rule(
            conn,
            footage_class=FootageClass.ALERT,
            area_id=town.area_id,
            keep_days=30,
            reason="Quyết định 12/QĐ-UBND",
            now=town.clock.now(),
        )
    monkeypatch.setattr("hub.footage.retention.remover.DAY_US", 1)
    monkeypatch.setattr("hub.footage.retention.rules.DAY_US", 1)
    officer = meet()
    officer.open_alert(whole.alert_id)
    expect(officer.page.locator("video")).to_have_count(1)
    rooms: Any = {
        "owners": BLOB_OWNERS,
        "blobs": town.blobs,
        "clock": town.clock,
        "change_signal": town.change_signal,
    }
    assert Remover(town.db, **rooms).remove_overdue() == 2
    expect(officer.page.locator("video")).to_have_count(0)
    clips = officer.page.locator("[data-part=clips]")
    expect(clips).to_contain_text("Quy định: lưu 30 ngày (Ngã tư Chợ Cũ)")
    expect(clips).to_contain_text("Quyết định 12/QĐ-UBND")
    expect(officer.page.locator("[data-part=picture]")).to_have_text("Trung tâm không có ảnh")
    assert fits(officer.page)
    officer.shot("phone-removed", full=True)


@pytest.mark.usefixtures("one_day")
@pytest.mark.promise("Pages: An action of a colleague shows at once.")
def test_taking_an_alert_shows_on_the_other_officers_page(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    an, binh = meet("an"), meet("binh", size=DESK)
    binh.open_alert(whole.alert_id)
    expect(binh.page.locator("#list .card")).to_have_count(1)
    an.open_alert(whole.alert_id)
    an.page.get_by_role("button", name="Tiếp nhận").click()
    expect(an.page.locator("[data-part=next]")).to_contain_text("Bạn đã tiếp nhận lúc")
    an.shot("phone-taken")
    expect(binh.page.locator("[data-part=head]")).to_contain_text("Nguyễn Văn An đã tiếp nhận")
    expect(binh.page.locator("#list .card")).to_contain_text("Nguyễn Văn An đã tiếp nhận")
    expect(binh.page.locator("[data-act]")).to_have_count(0)
    binh.shot("desk-taken-by-other")
    waited(an)
    an.page.locator("summary", has_text="Kết thúc").click()
    an.shot("phone-closing")
    an.page.get_by_role("button", name="Đã xử lý").click()
    expect(an.page.locator("[data-part=next]")).to_contain_text("Không cần làm gì thêm")
    expect(binh.page.locator("#list .card")).to_have_count(0)
    expect(binh.page.locator("#count-handled")).to_have_text("1")
    binh.open("/?tab=handled")
    expect(binh.page.locator("#handled-cards .card")).to_have_count(1)
    binh.shot("desk-handled")


def waited(officer: Officer) -> None:
    """So long that the next tap is no second half of a double tap."""
    officer.page.wait_for_timeout(1000 * CLOSES_AFTER_S + 100)


@pytest.mark.parametrize("pause_s", [0.2, 0.6, 1.0])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_double_tap_takes_an_alert_and_closes_nothing(
    meet: Meet, whole: Seen, pause_s: float, script: bool
) -> None:
    officer = meet(java_script_enabled=script)
    officer.open_alert(whole.alert_id)
    spot = box(officer.page, "[data-act=take]")
    for part in (0.1, 0.5, 0.9):
        x, y = spot["x"] + part * spot["width"], spot["y"] + spot["height"] / 2
        officer.page.mouse.click(x, y)
        officer.page.wait_for_timeout(1000 * pause_s)
    expect(officer.page.locator("[data-part=head]")).to_contain_text("Nguyễn Văn An đã tiếp nhận")
    expect(officer.page.locator("[data-part=history]")).not_to_contain_text("Đã xử lý")


def test_a_slip_is_taken_back_and_an_end_is_opened_again(
    hub: Hub, meet: Meet, whole: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine may need more than the ten seconds.
    monkeypatch.setattr("hub.console.service.UNDO_S", 600.0)
    officer = meet()
    page = officer.page
    officer.open_alert(whole.alert_id)
    page.locator("details.more > summary").click()
    page.get_by_role("button", name="Báo nhầm").click()
    expect(page.locator("[data-part=head]")).to_contain_text("Báo nhầm")
    hub.town.closed_since(whole.alert_id, -60)
    officer.open_alert(whole.alert_id)
    expect(page.locator(".undo")).to_be_visible()
    officer.shot("phone-undo")
    assert fits(page)
    page.locator("[data-act=undo]").click()
    expect(page.locator("[data-part=head]")).to_contain_text("Chưa ai tiếp nhận")
    monkeypatch.setattr("hub.console.service.UNDO_S", 1.0)
    page.locator("details.more > summary").click()
    page.get_by_role("button", name="Đã xử lý").click()
    expect(page.locator("[data-part=head]")).to_contain_text("Đã xử lý")
    expect(page.locator(".undo")).to_have_count(0)
    page.locator("summary", has_text="mở lại").click()
    page.fill("[name=note]", "Có người nhận ra")
    officer.shot("phone-reopen", full=True)
    page.get_by_role("button", name="Mở lại").click()
    expect(page.locator("[data-part=head]")).to_contain_text("Nguyễn Văn An đã tiếp nhận")
    expect(page.locator("[data-part=history]")).to_contain_text("Có người nhận ra")
    assert officer.complaints == []


def test_second_officer_sees_at_once_who_was_first(hub: Hub, meet: Meet, whole: Seen) -> None:
    binh = meet("binh")
    binh.open_alert(whole.alert_id)
    binh.context.set_offline(False)
    binh.page.evaluate("document.querySelector('#act-form').dataset.kept = ''")
    signed_in = hub.town.accounts.sign_in("an", "đèn đường 756", came_from="")
    assert hasattr(signed_in, "asker")
    box = binh.page.locator(
        "#act-form button[value=take], #act-form [data-act=take]"
    ).bounding_box()
    assert box is not None
    binh.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    binh.page.mouse.down()  # the finger is on the button when the other officer takes it
    hub.town.services.use(ResponseService).act(signed_in.asker, whole.alert_id, act="take")
    binh.page.mouse.up()
    expect(binh.page.locator("[role=alert].banner")).to_contain_text("Nguyễn Văn An đã làm trước")
    binh.shot("phone-conflict")


@pytest.mark.promise("Pages: News of an open alert change nothing under the hand.")
def test_a_note_goes_on_while_somebody_else_takes_the_alert(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    page = meet("binh", size=DESK).page
    page.locator(f"#card-{whole.alert_id} .card-link").click()
    expect(page.locator("#line-state")).to_have_text("Trực tiếp")
    page.locator("details.more > summary").click()
    page.locator("summary", has_text="Thêm ghi chú").click()
    note = page.locator("[name=note]")
    note.click()
    an = hub.town.accounts.sign_in("an", PASSWORD, came_from="")
    assert isinstance(an, SignedIn)
    hub.town.services.use(ResponseService).act(an.asker, whole.alert_id, act="take")
    hub.town.change_signal.ring()
    expect(page.locator("[data-part=head]")).to_contain_text("Nguyễn Văn An đã tiếp nhận")
    page.wait_for_timeout(200)
    page.keyboard.type("ngwowif nhaf")  # as some programs for Vietnamese letters send it
    expect(note).to_have_value("ngwowif nhaf")
    note.fill("")
    page.locator("#detail h1").click()
    expect(page.locator("[data-part=acts]")).to_have_count(0)


@pytest.mark.promise("Pages: The duty desk works by keyboard.")
def test_duty_desk_works_by_keys_alone(hub: Hub, meet: Meet, whole: Seen) -> None:
    second = hub.town.somebody()
    officer = meet(size=DESK)
    page = officer.page
    officer.shot("desk-nothing-chosen")
    page.keyboard.press("?")
    expect(page.locator("#keys-help")).to_be_visible()
    officer.shot("desk-keys")
    page.keyboard.press("Escape")
    expect(page.locator("#keys-help")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(f"#detail[data-alert='{whole.alert_id}']")).to_be_visible()
    expect(page.locator(f"#card-{whole.alert_id}")).to_have_class(re.compile("is-chosen"))
    assert page.url.endswith(str(whole.alert_id))
    page.keyboard.press("a")
    expect(page.locator("[data-part=head]")).to_contain_text("Nguyễn Văn An đã tiếp nhận")
    waited(officer)
    page.keyboard.press("f")
    expect(page.locator("#toast")).to_contain_text("Bấm f lần nữa")
    officer.shot("desk-sure")
    page.keyboard.press("f")
    expect(page.locator("[data-part=head]")).to_contain_text("Báo nhầm")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator(f"#detail[data-alert='{second.alert_id}']")).to_be_visible()
    assert officer.complaints == []


def test_skipping_to_the_content_loads_nothing_anew(meet: Meet, whole: Seen) -> None:
    page = meet(size=DESK).page
    page.locator(f"#card-{whole.alert_id} .card-link").click()
    expect(page.locator(f"#detail[data-alert='{whole.alert_id}']")).to_be_visible()
    page.evaluate("window.isSamePage = true")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    assert page.evaluate("window.isSamePage")
    page.go_back()
    page.go_back()
    expect(page.locator("#detail[data-alert]")).to_have_count(0)


def test_a_key_that_is_held_down_closes_nothing(hub: Hub, meet: Meet, whole: Seen) -> None:
    page = meet(size=DESK).page
    page.locator(f"#card-{whole.alert_id} .card-link").click()
    expect(page.locator(f"#detail[data-alert='{whole.alert_id}']")).to_be_visible()
    for _ in range(4):  # the first is the press, all others are repeats of the held key
        page.keyboard.down("f")
    page.keyboard.up("f")
    expect(page.locator("#toast")).to_contain_text("Bấm f lần nữa")
    page.wait_for_timeout(1000)
    expect(page.locator("[data-part=head]")).to_contain_text("Chưa ai tiếp nhận")


def test_the_second_f_counts_only_for_the_alert_of_the_first(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    second = hub.town.somebody()
    page = meet(size=DESK).page
    page.locator(f"#card-{whole.alert_id} .card-link").click()
    expect(page.locator(f"#detail[data-alert='{whole.alert_id}']")).to_be_visible()
    page.keyboard.press("f")
    page.locator(f"#card-{second.alert_id} .card-link").click()
    expect(page.locator(f"#detail[data-alert='{second.alert_id}']")).to_be_visible()
    page.keyboard.press("f")
    page.wait_for_timeout(1000)
    expect(page.locator("[data-part=head]")).to_contain_text("Chưa ai tiếp nhận")
    for _ in range(2):  # on a busy machine the press before may be too long ago
        page.keyboard.press("f")
    expect(page.locator("[data-part=head]")).to_contain_text("Báo nhầm")


def test_a_late_answer_does_not_keep_the_next_alert_from_opening(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    """The answer to an act comes after the next alert was asked for, and before that one."""
    second = hub.town.somebody()
    page = meet(size=DESK).page
    acts: list[tuple[Route, APIResponse]] = []
    opening: list[Route] = []

    def hold_act(route: Route) -> None:
        acts.append((route, route.fetch()))

    def hold_opening(route: Route) -> None:
        opening.append(route)

    page.route("**/take", hold_act)
    page.route(f"**/alerts/{second.alert_id}", hold_opening)
    page.evaluate("document.addEventListener('htmx:beforeSwap', () => { window.heard = true; })")
    page.locator(f"#card-{whole.alert_id} .card-link").click()
    expect(page.locator(f"#detail[data-alert='{whole.alert_id}']")).to_be_visible()
    page.evaluate("window.heard = false")
    page.keyboard.press("a")
    expect(page.locator("[data-part=head]")).to_contain_text("Nguyễn Văn An đã tiếp nhận")
    page.locator(f"#card-{second.alert_id} .card-link").click()
    until(lambda: opening or page.wait_for_timeout(20), "the next alert is asked for")
    acts[0][0].fulfill(response=acts[0][1])
    until(lambda: page.evaluate("window.heard"), "the answer is taken in")
    opening[0].continue_()
    expect(page.locator(f"#detail[data-alert='{second.alert_id}']")).to_be_visible()
    assert page.url.endswith(str(second.alert_id))


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_late_answer_leaves_what_is_being_written(
    hub: Hub, meet: Meet, whole: Seen, size: dict[str, int]
) -> None:
    """The stream tells of an act before its answer comes; its person goes on at once."""
    officer = meet(size=size)
    page, acts = officer.page, list[tuple[Route, APIResponse]]()

    def hold_act(route: Route) -> None:
        acts.append((route, route.fetch()))

    page.route("**/take", hold_act)
    officer.open_alert(whole.alert_id)
    officer.wait_for_scripts()
    page.evaluate("document.addEventListener('htmx:beforeSwap', () => { window.heard = true; })")
    page.locator("[data-act=take]").click()
    until(lambda: acts or page.wait_for_timeout(20), "the act reaches the hub")
    expect(page.locator("[data-act=take]")).to_have_count(0)
    page.locator("details.more > summary").click()
    page.locator("summary", has_text="Thêm ghi chú").click()
    note = page.locator("[data-part=acts] textarea:visible").first
    note.fill("đã đuổi đi")
    acts[0][0].fulfill(response=acts[0][1])
    until(lambda: page.evaluate("window.heard"), "the answer is taken in")
    page.wait_for_timeout(200)
    expect(note).to_be_visible()
    expect(note).to_have_value("đã đuổi đi")
    assert officer.complaints == []


def test_what_a_late_answer_refused_is_said_beside_the_next_alert(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    second = hub.town.somebody()
    page = meet(size=DESK).page
    acts: list[Route] = []

    def hold_act(route: Route) -> None:
        acts.append(route)

    page.route("**/take", hold_act)
    page.locator(f"#card-{whole.alert_id} .card-link").click()
    expect(page.locator(f"#detail[data-alert='{whole.alert_id}']")).to_be_visible()
    page.keyboard.press("a")
    until(lambda: acts or page.wait_for_timeout(20), "the act is sent")
    page.locator(f"#card-{second.alert_id} .card-link").click()
    expect(page.locator(f"#detail[data-alert='{second.alert_id}']")).to_be_visible()
    binh = hub.town.accounts.sign_in("binh", "đèn đường 756", came_from="")
    assert isinstance(binh, SignedIn)
    hub.town.services.use(ResponseService).act(binh.asker, whole.alert_id, act="take")
    acts[0].continue_()
    expect(page.locator("#toast")).to_contain_text("đã làm trước")
    expect(page.locator(f"#detail[data-alert='{second.alert_id}']")).to_be_visible()


def test_an_alert_that_cannot_be_opened_leaves_the_one_before_to_be_acted_on(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    second = hub.town.somebody()
    officer = meet(size=DESK)
    page = officer.page
    page.route("**/events*", lambda route: route.abort())  # so that the answer alone tells
    page.reload()
    page.route(f"**/alerts/{second.alert_id}", lambda route: route.fulfill(status=503))
    page.locator(f"#card-{whole.alert_id} .card-link").click()
    expect(page.locator(f"#detail[data-alert='{whole.alert_id}']")).to_be_visible()
    page.locator(f"#card-{second.alert_id} .card-link").click()
    expect(page.locator("#toast")).to_be_visible()
    assert page.url.endswith(str(whole.alert_id))
    page.keyboard.press("a")
    expect(page.locator("[data-part=head]")).to_contain_text("Nguyễn Văn An đã tiếp nhận")


@pytest.mark.promise("Pages: Pages work without script.")
@pytest.mark.promise("Rules and duty: An alert can be resolved with a note or as false alarm.")
def test_everything_needed_works_without_script(meet: Meet, whole: Seen) -> None:
    officer = meet(java_script_enabled=False)
    page = officer.page
    page.locator(".card-link").first.click()
    expect(page.locator("[data-part=head]")).to_contain_text("Chưa ai tiếp nhận")
    officer.shot("phone-noscript")
    page.get_by_role("button", name="Tiếp nhận").click()
    expect(page.locator("[data-part=head]")).to_contain_text("Nguyễn Văn An đã tiếp nhận")
    waited(officer)
    page.locator("summary", has_text="Kết thúc").click()
    page.locator("summary", has_text="Thêm ghi chú").click()
    page.fill("[name=note]", "Hai em học sinh")
    page.get_by_role("button", name="Báo nhầm").click()
    expect(page.locator("[data-part=history]")).to_contain_text("Hai em học sinh")
    officer.open("/settings")
    page.locator("[name=theme][value=light]").check(force=True)
    page.locator("form[action='/settings/theme'] button").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.locator("[name=password]")).to_be_visible()


def test_officer_chooses_language_and_look(meet: Meet) -> None:
    officer = meet()
    officer.open("/settings")
    officer.page.get_by_text("English").click()
    expect(officer.page.locator("h1")).to_have_text("Settings")
    officer.page.get_by_text("Light", exact=True).click()
    expect(officer.page.locator("html")).to_have_attribute("data-theme", "light")


def test_a_choice_made_before_the_script_is_here_counts(meet: Meet) -> None:
    officer = meet()
    let_come = officer.open_without("app.js", "/settings")
    officer.page.get_by_text("English").click()
    let_come()
    expect(officer.page.locator("h1")).to_have_text("Settings")


def test_wrong_password_is_said_in_the_readers_language(meet: Meet) -> None:
    officer = meet(None, locale="en-GB")
    officer.open("/login")
    officer.page.fill("[name=login]", "an")
    officer.page.fill("[name=password]", "wrong")
    officer.page.click("form[action='/login'] button")
    expect(officer.page.locator("[role=alert]")).to_have_text("Wrong name or password.")
    officer.shot("phone-wrong-password")
    officer.page.get_by_role("button", name="Tiếng Việt").click()
    expect(officer.page.get_by_role("button", name="Đăng nhập")).to_be_visible()


def test_session_that_ends_leads_an_open_page_to_the_sign_in(hub: Hub, meet: Meet) -> None:
    officer = meet()
    expect(officer.page.locator("#line-state")).to_be_visible()
    cookie = next(c for c in officer.context.cookies() if c["name"] == "matthan")
    hub.town.accounts.sign_out(cookie["value"].partition(".")[0], came_from="")
    hub.town.change_signal.ring()
    expect(officer.page.locator("[name=password]")).to_be_visible()


@pytest.mark.promise("Rules and duty: An alert can be handed over.")
def test_an_officer_hands_an_alert_over_and_the_colleague_takes_it(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    an, binh = meet("an"), meet("binh")
    an.open_alert(whole.alert_id)
    an.page.locator("[data-act=take]").click()
    an.page.get_by_text("Chuyển", exact=True).first.click()
    an.page.select_option("[name=person]", label="Trần Thị Bình")
    an.shot("phone-hand-over")
    assert fits(an.page)
    an.page.locator("button[formaction$='hand-over']").click()
    expect(an.page.locator("[data-part=next]")).to_contain_text("đã chuyển cho Trần Thị Bình")
    binh.open_alert(whole.alert_id)
    expect(binh.page.locator("[data-part=next]")).to_contain_text("Nguyễn Văn An chuyển cho bạn")
    binh.shot("phone-handed")
    binh.page.locator("[data-act=take]").click()
    expect(binh.page.locator("[data-part=next]")).to_contain_text("Bạn đã tiếp nhận")
    expect(an.page.locator("[data-part=next]")).to_contain_text("Trần Thị Bình đã tiếp nhận")
