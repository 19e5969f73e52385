"""The test alert of the technician's page: sent to their own phone, with a live result."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from hub.nodes.commissioning.alert_test_sender import PhoneTest
from hub.notify.channels.port import Message
from hub.notify.channels.port import Phone as Address
from hub.notify.channels.webpush import payload
from hub.notify.phones.service import PhoneService
from hub.notify.rules.delivery_result import Answer, Delivered, MessageRefused
from tests.browser.conftest import CHROMIUM, Hub, Meet
from tests.browser.helpers.alerting.push import Phone
from tests.browser.helpers.clips.live_page import camera_of, running
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.rigs.web_town import PASSWORD
from tests.waiting import until

pytestmark = pytest.mark.promise("Installing: A technician can aim a camera and send a test alert.")

BROWSER = CHROMIUM


@dataclass
class Service:
    """A push service; what it was handed a phone is then given as the browser's maker would."""

    answer: Answer = field(default_factory=lambda: Delivered(201))
    handed: list[Message] = field(default_factory=list)

    async def send(self, message: Message, phone: Address) -> Answer:
        self.handed.append(message)
        return self.answer


def post(hub: Hub, service: Service) -> None:
    """The hub's own task, one look."""
    town = hub.town
    task = PhoneTest(
        db=town.db,
        clock=town.clock,
        change_signal=town.change_signal,
        channels={"webpush": service},
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
    )
    with ThreadPoolExecutor(1) as beside:  # the browser's own loop runs in this thread
        beside.submit(lambda: asyncio.run(task.look())).result()


def register(hub: Hub, login: str = "kim") -> None:
    signed_in: Any = hub.town.accounts.sign_in(login, PASSWORD, came_from="")
    hub.town.services.use(PhoneService).add_phone(
        signed_in.asker,
        channel="webpush",
        address=f"https://push.test/{uuid4()}",
        secrets="{}",
        label="Android · Chrome",
    )


@in_two_looks
def test_the_test_is_sent_accepted_shown_and_opened_before_the_technicians_eyes(
    hub: Hub,
    meet: Meet,
    monkeypatch: pytest.MonkeyPatch,
    size: str,
    language: str,
    theme: str,
) -> None:
    monkeypatch.setattr("hub.nodes.commissioning.alert_test_pages.UNSEEN_AFTER_S", 600.0)
    set_language(hub, "kim", language)
    keeper = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    keeper.sign_in("kim")
    register(hub)
    page, phone, service = keeper.page, Phone(keeper), Service()
    words = {
        "vi": ("Đang gửi", "Dịch vụ thông báo đã nhận", "Điện thoại đã hiện", "Đã mở"),
        "en": ("On its way", "Its push service took it", "The phone shows it", "Opened"),
    }[language]
    state = page.locator("#aim-test-state")
    with running(hub):
        keeper.open(f"/cameras/{camera_of(hub.town)}/aim")
        expect(page.locator(".live canvas")).to_be_visible()
        page.click("#test form button")
        expect(state).to_contain_text(words[0])
        post(hub, service)
        expect(state).to_contain_text(words[1])
        (message,) = service.handed
        assert message.title.startswith("THỬ" if language == "vi" else "TEST")
        phone.deliver(payload(message).decode())
        note = phone.wait_for(message.title)
        assert (note["silent"], note["actions"]) == (False, [])
        expect(state).to_contain_text(words[2])
        keeper.shot(f"{size}-{language}-{theme}-aim-test", full=True)
        assert fits(page)
        phone.tap()
        until(lambda: "/aim" in page.url and not phone.shown())
        expect(state).to_contain_text(words[3])
    assert keeper.complaints == []


def test_whoever_has_no_phone_or_no_leave_to_be_told_reads_what_to_do(hub: Hub, meet: Meet) -> None:
    keeper = meet("kim")
    keeper.open(f"/cameras/{camera_of(hub.town)}/aim")
    section = keeper.page.locator("#test")
    expect(section).to_contain_text("Chưa có điện thoại nào của bạn nhận cảnh báo")
    expect(section.locator("form button")).to_be_disabled()
    keeper.shot("phone-vi-aim-no-phone", full=True)
    assert fits(keeper.page)


@pytest.mark.parametrize("java_script", [True, False])
def test_a_push_service_that_refuses_is_named_with_its_reason(
    hub: Hub, meet: Meet, java_script: bool
) -> None:
    register(hub)
    keeper = meet("kim", java_script_enabled=java_script)
    keeper.open(f"/cameras/{camera_of(hub.town)}/aim")
    keeper.page.click("#test form button")
    state = keeper.page.locator("#aim-test-state")
    expect(state).to_contain_text("Không có hình nào từ camera")
    post(hub, Service(MessageRefused("403 from push.test")))
    if not java_script:
        keeper.open(f"/cameras/{camera_of(hub.town)}/aim")
    expect(state).to_contain_text("từ chối (push.test trả lời mã 403)")
    if java_script:
        expect(keeper.page.locator("#test-here")).to_contain_text("Thiết bị này chưa nhận")
    keeper.shot(f"phone-vi-aim-refused-{java_script}", full=True)
    assert fits(keeper.page)
