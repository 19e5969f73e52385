"""The service worker: shows a push once, reports it to the hub, and opens or acknowledges on a
tap."""

from uuid import UUID, uuid4

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from tests.browser.conftest import CHROMIUM, Hub, Meet, Officer
from tests.browser.helpers.alerting.push import Phone, message, owe, phone
from tests.hub.rigs.web_town import Seen
from tests.waiting import until

__all__ = ["phone"]


BROWSER = CHROMIUM


@pytest.fixture
def officer(meet: Meet) -> Officer:
    return meet()


def receipt(hub: Hub, notification_id: UUID, what: str) -> int | None:
    with hub.town.db.reading() as conn:
        value = conn.scalar(
            text(f"select {what}_utc_us from notifications where id = :id"),  # noqa: S608
            {"id": notification_id.hex},
        )
    return None if value is None else int(value)


@pytest.mark.promise("Pages: The service worker shows the notification and opens its alert.")
@pytest.mark.promise(
    "Notifications: The ledger records queued, accepted, shown, opened and acknowledged."
)
def test_push_is_shown_with_its_actions_and_the_hub_hears_of_it(
    hub: Hub, whole: Seen, phone: Phone
) -> None:
    notification_id = owe(hub, whole)
    phone.deliver(message(whole, notification_id))
    note = phone.wait_for("Có người · Ngã tư Chợ Cũ")
    assert note["body"] == "Camera cổng chợ · 02:11 · 1 người"
    assert note["tag"] == str(whole.alert_id)
    assert note["actions"] == [["take", "Tiếp nhận"], ["open", "Xem"]]
    assert note["renotify"] is True
    assert not note["silent"]
    until(lambda: receipt(hub, notification_id, "shown"))


def test_push_of_what_they_may_not_see_offers_to_open_it_alone(whole: Seen, phone: Phone) -> None:
    phone.deliver(message(whole, uuid4(), take_label=""))
    assert phone.wait_for("Có người · Ngã tư Chợ Cũ")["actions"] == [["open", "Xem"]]


def test_push_that_comes_twice_wakes_once(hub: Hub, whole: Seen, phone: Phone) -> None:
    notification_id = owe(hub, whole)
    phone.deliver(message(whole, notification_id))
    title = "Có người · Ngã tư Chợ Cũ"
    assert phone.wait_for(title)["silent"] is False
    phone.deliver(message(whole, notification_id))
    assert phone.wait_for(title, silent=True)["renotify"] is False


def test_push_that_was_noted_and_never_shown_is_heard_when_it_comes_again(
    hub: Hub, whole: Seen, officer: Officer, phone: Phone
) -> None:
    notification_id = owe(hub, whole)
    (worker,) = officer.context.service_workers
    worker.evaluate(
        "(id) => put('seen', id, { at: Date.now() - 60_000, isShown: false })", str(notification_id)
    )
    phone.deliver(message(whole, notification_id))
    note = phone.wait_for("Có người · Ngã tư Chợ Cũ")
    assert note["renotify"] is True
    assert not note["silent"]


@pytest.mark.promise("Notifications: A phone shows one entry per alert.")
def test_later_word_replaces_the_earlier_and_an_old_one_does_not_come_back(
    hub: Hub, whole: Seen, phone: Phone
) -> None:
    phone.deliver(message(whole, owe(hub, whole)))
    phone.wait_for("Có người · Ngã tư Chợ Cũ")
    taken = {"title": "Trần Thị Bình đã tiếp nhận", "moment": "taken", "silent": True}
    phone.deliver(message(whole, uuid4(), revision=3, **taken))
    note = phone.wait_for("Trần Thị Bình đã tiếp nhận")
    assert note["silent"]
    assert note["actions"] == []
    late = owe(hub, whole, "binh")
    phone.deliver(message(whole, late, revision=2, title="Có 2 người", moment="grown"))
    phone.deliver(message(whole, uuid4(), revision=4, title="Đã xử lý", moment="taken"))
    phone.wait_for("Đã xử lý")


def test_something_is_shown_even_for_a_push_nobody_can_read(phone: Phone) -> None:
    phone.deliver("not json")
    phone.wait_for("Mắt Thần")


@pytest.mark.promise("Pages: The service worker shows the notification and opens its alert.")
@pytest.mark.promise(
    "Notifications: The ledger records queued, accepted, shown, opened and acknowledged."
)
def test_tap_opens_the_alert_in_the_window_that_is_there(
    hub: Hub, whole: Seen, officer: Officer, phone: Phone
) -> None:
    notification_id = owe(hub, whole)
    phone.deliver(message(whole, notification_id))
    phone.wait_for("Có người · Ngã tư Chợ Cũ")
    phone.tap()
    until(lambda: receipt(hub, notification_id, "opened"))
    assert phone.shown() == []


@pytest.mark.promise("Rules and duty: An alert can be acknowledged from its notification.")
def test_take_from_the_notification_takes_the_alert(
    hub: Hub, whole: Seen, officer: Officer, phone: Phone
) -> None:
    phone.deliver(message(whole, owe(hub, whole)))
    phone.wait_for("Có người · Ngã tư Chợ Cũ")
    phone.tap("take")
    expect(officer.page.locator(f"#card-{whole.alert_id}")).to_contain_text(
        "Nguyễn Văn An đã tiếp nhận"
    )


def test_receipt_of_a_phone_without_a_line_is_sent_later(
    hub: Hub, whole: Seen, officer: Officer, phone: Phone
) -> None:
    notification_id = owe(hub, whole)
    officer.context.set_offline(True)
    phone.deliver(message(whole, notification_id))
    phone.wait_for("Có người · Ngã tư Chợ Cũ")
    assert receipt(hub, notification_id, "shown") is None
    officer.context.set_offline(False)
    officer.open("/")
    until(lambda: receipt(hub, notification_id, "shown"))


def test_without_a_line_the_kept_page_says_so(officer: Officer, phone: Phone) -> None:
    officer.context.set_offline(True)
    officer.open("/")
    expect(officer.page.locator("h1")).to_have_text("Không kết nối được trung tâm")
    officer.shot("phone-offline")
    officer.context.set_offline(False)
    officer.page.get_by_role("link", name="Thử lại").click()
    expect(officer.page.locator("#list")).to_be_visible()


def test_no_picture_and_no_page_about_anybody_is_kept_by_the_worker(
    officer: Officer, whole: Seen, phone: Phone
) -> None:
    officer.open_alert(whole.alert_id)
    kept = officer.page.evaluate(
        """async () => {
            const names = await caches.keys();
            const all = await Promise.all(names.map(async (name) =>
                (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname)));
            return all.flat();
        }"""
    )
    assert sorted(path.split("/")[-1] for path in kept) == [
        "app.css",
        "eye.svg",
        "offline",
        "offline.js",
        "words.js",
    ]
