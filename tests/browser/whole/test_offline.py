"""A minute without a network: the phone has its inbox, and an acknowledgement waits for the
line."""

import json
from typing import Any

import pytest
from playwright.sync_api import Route, expect
from sqlalchemy import text

from tests.browser.conftest import Hub, Meet, Officer
from tests.browser.helpers.whole.offline import await_sync
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, set_language
from tests.hub.rigs.web_town import PASSWORD, Seen
from tests.waiting import until

pytestmark = pytest.mark.promise("Pages: The app works for a minute without a network.")


def line_is_back(officer: Officer) -> None:
    """The page notices by itself and loads anew."""
    officer.context.set_offline(False)
    expect(officer.page.locator("#list")).to_be_visible()


def takes(hub: Hub) -> list[str]:
    """Every act of taking, as the audit has it."""
    with hub.town.db.reading() as conn:
        query = text("select act from audit where act like 'alert.take%' order by id")
        return list(conn.scalars(query))


def test_the_inbox_is_there_without_a_line(hub: Hub, meet: Meet, whole: Seen) -> None:
    officer = meet()
    await_sync(officer, alerts=1)
    officer.context.set_offline(True)
    officer.open("/")
    expect(officer.page.locator("h1")).to_have_text("Không kết nối được trung tâm")
    card = officer.page.locator(f"[data-alert='{whole.alert_id}']")
    expect(card).to_contain_text("Ngã tư Chợ Cũ, Tân Khai")
    expect(card).to_contain_text("Chưa ai tiếp nhận")
    expect(card).to_contain_text("2 người")
    expect(officer.page.locator("#kept-since")).to_contain_text("Tình hình lúc")
    assert officer.page.locator("img").count() == 0


@pytest.mark.promise("Notifications: An acknowledgement survives a restart of the hub.")
@pytest.mark.promise("Rules and duty: An acknowledgement survives an offline phone and a restart.")
def test_an_acknowledgement_without_a_line_is_sent_once_when_there_is_one(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    officer = meet()
    await_sync(officer, alerts=1)
    officer.context.set_offline(True)
    officer.open(f"/alerts/{whole.alert_id}")
    card = officer.page.locator(f"[data-alert='{whole.alert_id}']")
    card.get_by_role("button", name="Tiếp nhận").click()
    expect(card).to_contain_text("Bạn đã tiếp nhận: sẽ gửi ngay khi có mạng.")
    officer.open("/")  # still no line: it is still owed
    expect(card).to_contain_text("Bạn đã tiếp nhận: sẽ gửi ngay khi có mạng.")
    assert takes(hub) == []
    line_is_back(officer)
    until(lambda: takes(hub) == ["alert.take"])
    for _ in range(2):
        officer.open("/")
    expect(officer.page.locator(f"#card-{whole.alert_id}")).to_contain_text(
        "Nguyễn Văn An đã tiếp nhận"
    )
    assert takes(hub) == ["alert.take"]


def test_a_line_that_breaks_under_the_thumb_keeps_the_acknowledgement(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    officer = meet()
    await_sync(officer, alerts=1)
    officer.open_alert(whole.alert_id)
    expect(officer.page.locator("#line-state")).to_have_text("Trực tiếp")
    officer.context.set_offline(True)
    officer.page.locator("[data-act=take]").click()
    expect(officer.page.locator("#toast")).to_have_text(
        "Mất mạng: sẽ gửi ngay khi có mạng trở lại."
    )
    officer.context.set_offline(False)
    until(lambda: _pumped(officer) and takes(hub)[:1] == ["alert.take"])


def _pumped(officer: Officer) -> bool:
    officer.page.wait_for_timeout(50)
    return True


def test_somebody_elses_thumb_was_first_and_nothing_is_undone(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    an, binh = meet("an"), meet("binh")
    await_sync(an, alerts=1)
    an.context.set_offline(True)
    an.open("/")
    an.page.get_by_role("button", name="Tiếp nhận").click()
    expect(an.page.locator(".kept-waits")).to_be_visible()
    binh.open_alert(whole.alert_id)
    binh.page.locator("[data-act=take]").click()
    until(lambda: takes(hub) == ["alert.take"])
    line_is_back(an)
    until(lambda: takes(hub) == ["alert.take", "alert.take.held"])
    an.open("/")
    expect(an.page.locator(f"#card-{whole.alert_id}")).to_contain_text("Trần Thị Bình đã tiếp nhận")


@pytest.mark.promise("Notifications: The app asks only for what changed.")
def test_each_opening_asks_only_for_what_changed(hub: Hub, meet: Meet, whole: Seen) -> None:
    officer = meet()
    answers: list[tuple[str, dict[str, Any]]] = []

    def hear(answer: Any) -> None:
        if "/api/inbox?since=" in answer.url:
            answers.append((answer.url, json.loads(answer.body())))

    await_sync(officer, alerts=1)
    later = hub.town.somebody()
    officer.context.on("response", hear)
    officer.open("/")
    await_sync(officer, alerts=2)
    until(lambda: _pumped(officer) and answers)
    url, told = answers[0]
    assert int(url.rpartition("=")[2]) > 0
    assert [row["id"] for row in told["rows"]] == [str(later.alert_id)]
    assert len(told["alerts"]) == 2


def owe_an_acknowledgement(officer: Officer) -> None:
    """Acknowledge an alert without a line; then the session ends, and nobody signs out."""
    await_sync(officer, alerts=1)
    officer.context.set_offline(True)
    officer.open("/")
    officer.page.get_by_role("button", name="Tiếp nhận").click()
    expect(officer.page.locator(".kept-waits")).to_be_visible()
    officer.context.clear_cookies()


def test_who_signs_in_next_finds_nothing_of_the_one_before(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    officer = meet()
    owe_an_acknowledgement(officer)
    officer.context.set_offline(False)
    officer.page.wait_for_url("**/login**")
    officer.sign_in("guest")
    await_sync(officer, alerts=0)
    officer.page.wait_for_timeout(300)
    assert takes(hub) == []


def test_what_one_owes_is_not_sent_in_the_name_of_the_next(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    officer = meet()
    owe_an_acknowledgement(officer)
    # The next one is signed in before any page of theirs has opened here.
    answer = officer.context.request.post(
        f"{hub.url}/login",
        form={"login": "guest", "password": PASSWORD},
        headers={"Origin": hub.url},
        max_redirects=0,
    )
    assert answer.status == 303
    line_is_back(officer)
    await_sync(officer, alerts=0)
    officer.page.wait_for_timeout(300)
    assert takes(hub) == []


LEFT = """async () => {
    const workers = await navigator.serviceWorker.getRegistrations();
    const stores = (await indexedDB.databases()).filter(({ name }) => name === "matthan");
    const rows = stores.length === 0 ? [] : await new Promise((done) => {
        indexedDB.open("matthan").onsuccess = ({ target: { result } }) => {
            const asked = result.transaction("inbox").objectStore("inbox").getAll();
            asked.onsuccess = () => { result.close(); done(asked.result); };
        };
    });
    return [workers.length, rows.length];
}"""
"""How many service workers and kept alerts a phone has."""


@pytest.mark.parametrize("script", [True, False], ids=["script", "before the script"])
def test_signing_out_leaves_nothing_on_the_phone(
    hub: Hub, meet: Meet, whole: Seen, script: bool
) -> None:
    officer, held = meet(), list[Route]()
    page = officer.page
    await_sync(officer, alerts=1)
    assert page.evaluate(LEFT) == [1, 1]

    def hold(route: Route) -> None:
        held.append(route)

    if not script:
        page.route("**/app.js*", hold)
    page.goto(f"{hub.url}/settings", wait_until="load" if script else "commit")
    page.locator("#logout button").click(no_wait_after=True)
    page.wait_for_url("**/login", wait_until="commit")
    page.unroute_all()
    page.goto(f"{hub.url}/login")
    until(lambda: page.evaluate(LEFT) == [0, 0])


@pytest.mark.parametrize(("size", "language"), [("phone", "vi"), ("desk", "en")])
def test_the_kept_inbox_fits_its_screen(
    hub: Hub, meet: Meet, whole: Seen, size: str, language: str
) -> None:
    set_language(hub, "an", language)
    hub.town.somebody()
    scheme = "dark" if size == "phone" else "light"
    officer = meet(size=SIZES[size], locale=LANGUAGES[language], color_scheme=scheme)
    await_sync(officer, alerts=2)
    officer.context.set_offline(True)
    officer.open("/")
    officer.page.locator(".kept .button").first.click()
    expect(officer.page.locator(".kept-waits")).to_be_visible()
    officer.shot(f"{size}-{language}-kept", full=True)
    assert fits(officer.page)
    for button in officer.page.locator(".button").all():
        box = button.bounding_box()
        assert box is not None and box["height"] >= 48
