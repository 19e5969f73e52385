"""The daily check on a phone: quiet, answered by the service worker, reported if it is not
answered."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from hub.notify.phones import heartbeat_rows
from hub.notify.phones.heartbeat_rows import Check
from hub.notify.phones.service import PhoneService
from hub.notify.rules.delivery_result import Delivered, RetryPolicy
from hub.notify.rules.heartbeat import CheckBounds
from tests.browser.conftest import CHROMIUM, Hub, Meet
from tests.browser.helpers.alerting.push import Phone
from tests.browser.helpers.whole.pages import fits
from tests.waiting import until

pytestmark = pytest.mark.promise("Channels: A daily check finds phones that show nothing.")

BROWSER = CHROMIUM

HERE = ZoneInfo("Asia/Ho_Chi_Minh")


def ask(hub: Hub, login: str = "an", *, answer_within_s: float = 3600.0) -> Check:
    """A phone of this officer is asked now."""
    signed_in = hub.town.accounts.sign_in(login, "đèn đường 756", came_from="")
    assert hasattr(signed_in, "asker")
    address = f"https://push.test/{uuid4()}"
    hub.town.services.use(PhoneService).add_phone(
        signed_in.asker, channel="webpush", address=address, secrets="{}", label="Android · Chrome"
    )
    now = hub.town.clock.now()
    here = datetime.fromtimestamp(now.utc_us / 1e6, UTC).astimezone(HERE)
    bounds = CheckBounds(hour=here.hour, zone=HERE, answer_within_s=answer_within_s)
    with hub.town.db.writing() as conn:
        assert heartbeat_rows.ask(conn, bounds, now=now) >= 1
        (check,) = heartbeat_rows.claim(conn, lease_s=60, now=now)
        heartbeat_rows.record(
            conn,
            check,
            Delivered(201),
            retry_policy=RetryPolicy(),
            chance=0.5,
            now=hub.town.clock.now(),
        )
    return check


def heard(hub: Hub, login: str = "an") -> bool:
    signed_in: Any = hub.town.accounts.sign_in(login, "đèn đường 756", came_from="")
    return any(
        phone.heard_utc_us is not None
        for phone in hub.town.services.use(PhoneService).phones(signed_in.asker)
    )


def test_the_service_worker_shows_the_check_without_a_sound_and_answers_it(
    hub: Hub, meet: Meet
) -> None:
    officer = meet()
    phone, check = Phone(officer), ask(hub)
    phone.deliver(
        {
            "check_id": str(check.check_id),
            "alert_id": None,
            "tag": "check",
            "title": "Điện thoại này nhận được cảnh báo",
            "body": "Kiểm tra hằng ngày lúc 09:00. Không cần làm gì.",
            "url": "/settings",
            "moment": "check",
            "silent": True,
            "revision": 0,
            "lang": "vi",
        }
    )
    note = phone.wait_for("Điện thoại này nhận được cảnh báo")
    assert (note["silent"], note["renotify"], note["tag"]) == (True, False, "check")
    assert note["actions"] == []
    until(lambda: heard(hub))


def test_a_phone_that_gave_no_answer_is_said_to_its_officer_and_their_keeper(
    hub: Hub, meet: Meet
) -> None:
    ask(hub, answer_within_s=0.001)
    officer = meet(java_script_enabled=False)
    banner = officer.page.locator("[data-silent]")
    expect(banner).to_contain_text("Android · Chrome chưa trả lời lần kiểm tra lúc")
    officer.shot("phone-silent-inbox")
    assert fits(officer.page)
    officer.open("/settings")
    expect(officer.page.locator(".phones")).to_contain_text("chưa trả lời lần kiểm tra gần nhất")
    officer.shot("phone-silent-settings", full=True)
    keeper = meet("kim", size={"width": 1280, "height": 800})
    keeper.open("/undelivered")
    expect(keeper.page.locator("#silent-phones")).to_contain_text("Nguyễn Văn An")
    keeper.shot("desk-silent-undelivered", full=True)
    assert fits(keeper.page)
