"""The pages of people who look after cameras, in a real browser."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from agent.wire.messages import CameraLost
from agent.wire.presence import BoardWords, CameraHealth, Health, Lost, Owing
from agent.wire.terms import ClockSource, Stamp
from hub.alerting.alerts.tables import alerts
from hub.alerting.monitoring.monitor import LivenessMonitor
from hub.alerting.monitoring.rules.liveness import Thresholds
from hub.alerting.notifications import leasing, outcomes
from hub.base.processes.lease import Lease
from hub.notify.phones.service import PhoneService
from hub.notify.rules.delivery_result import Gone, MessageRefused
from hub.registry import health, registry
from hub.registry.tables import nodes
from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_four_looks, set_language
from tests.hub.rigs.web_town import NODE, Seen

pytestmark = [
    pytest.mark.promise("Notifications: A notification that failed for good is listed."),
    pytest.mark.promise("Pages: A page shows each node's state and week."),
]


def ill(hub: Hub) -> None:
    """One node is hot and behind, its camera lost; another was never heard of."""
    town = hub.town
    now = town.clock.now()
    said = Health(
        node=NODE,
        boot_id=uuid4(),
        spool_id=uuid4(),
        last_seq=7,
        stamp=Stamp(utc_us=now.utc_us, source=ClockSource.NTP, error_ms=12),
        uptime_s=4000,
        board=BoardWords(
            temperature_c=83.0,
            is_under_voltage=True,
            is_throttled=True,
            was_under_voltage=True,
            was_throttled=True,
            disk_free_bytes=2**30,
            disk_size_bytes=2**36,
            card_wear_percent=90,
        ),
        cameras=(CameraHealth(camera="cam-1", frames_per_s=9.8, frames_late=3, is_lost=True),),
        owing=Owing(alerts=2, others=140, again=0, files=5),
        lost=Lost(alerts=0, others=0, health=0, set_aside=0),
    )
    with town.db.writing() as conn:
        registry.add_node(conn, name="tram-02", area_id=town.area_id, now=now)
        node = registry.node_by_name(conn, NODE)
        assert node is not None
        health.note(conn, node.node_id, said, now=now)
    town.file(CameraLost(camera=town.voice.camera, reason="no route to 10.0.0.7"))


def fail_to_deliver(hub: Hub) -> None:
    """One phone is gone, one refused."""
    for login in ("an", "binh"):
        signed_in = hub.town.accounts.sign_in(login, "đèn đường 756", came_from="")
        assert hasattr(signed_in, "asker")
        hub.town.services.use(PhoneService).add_phone(
            signed_in.asker,
            channel="webpush",
            address=f"https://push.example.org/{login}",
            secrets="{}",
            label="Android · Chrome",
        )
    hub.town.somebody()
    now = hub.town.clock.now()
    with hub.town.db.writing() as conn:
        for owed in leasing.claim(conn, worker="w", now=now, lease_s=30, limit=10):
            is_an = owed.phone.address.endswith("/an")
            answer: Any = Gone("410 push.example.org", 410) if is_an else MessageRefused("413", 413)
            outcomes.record(conn, owed, answer, started=now, now=now)


@in_four_looks
def test_keepers_pages_fit_their_screens(
    hub: Hub, meet: Meet, whole: Seen, size: str, language: str, theme: str
) -> None:
    ill(hub)
    fail_to_deliver(hub)
    for login in ("kim", "an"):
        set_language(hub, login, language)
    keeper = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    keeper.sign_in("kim")
    for path, title in (
        ("/nodes", "nodes"),
        ("/undelivered", "undelivered"),
        ("/more", "tend"),
    ):
        keeper.open(path)
        for summary in keeper.page.locator("details summary").all():
            summary.click()
        keeper.shot(f"{size}-{language}-{theme}-{title}-full", full=True)
        assert fits(keeper.page), path
    assert keeper.complaints == []


def look_once(hub: Hub) -> UUID:
    """The liveness monitor finds the town's one node silent; the alert it raises."""
    town = hub.town
    with town.db.writing() as conn:
        conn.execute(nodes.update().values(state="offline"))
    monitor = LivenessMonitor(
        db=town.db,
        clock=town.clock,
        change_signal=town.change_signal,
        is_broker_up=lambda: True,
        bounds=Thresholds(node_silent_after_s=0, settle_s=0, back_after_s=0),
        lease=Lease(town.db, "chores"),
    )
    monitor.look()
    with town.db.reading() as conn:
        alert_id = conn.scalar(select(alerts.c.id).where(alerts.c.kind == "node_silent"))
    with town.db.writing() as conn:
        conn.execute(nodes.update().values(state="online"))
    assert isinstance(alert_id, UUID)
    return alert_id


@pytest.mark.parametrize(("size", "language"), [("phone", "vi"), ("desk", "en")])
def test_a_silent_box_is_an_alert_of_its_keeper_that_says_what_it_is(
    hub: Hub, meet: Meet, size: str, language: str
) -> None:
    set_language(hub, "kim", language)
    alert_id = look_once(hub)
    keeper = meet("kim", size=SIZES[size], locale=LANGUAGES[language], color_scheme="dark")
    said = {"vi": "Mất tín hiệu trạm camera", "en": "Camera box silent"}[language]
    expect(keeper.page.locator(f"#card-{alert_id}")).to_contain_text(NODE)
    keeper.shot(f"{size}-{language}-trouble-inbox", full=True)
    keeper.open_alert(alert_id)
    expect(keeper.page.locator("[data-part=head]")).to_contain_text(said)
    keeper.shot(f"{size}-{language}-trouble", full=True)
    assert fits(keeper.page)
    officer = meet("an")
    answer = officer.page.goto(f"{hub.url}/alerts/{alert_id}")
    assert answer is not None and answer.status == 404


@pytest.mark.promise("Notifications: A phone that is gone is retired, and its owner is told.")
def test_an_officer_is_told_on_the_next_page_that_their_phone_is_lost(hub: Hub, meet: Meet) -> None:
    fail_to_deliver(hub)
    officer = meet()
    expect(officer.page.locator(".banner.is-warning")).to_contain_text(
        "Android · Chrome không còn nhận được cảnh báo"
    )
    officer.shot("phone-lost-banner")
    officer.open("/settings")
    officer.shot("phone-lost-settings", full=True)
    officer.page.locator(".phones button").first.click()
    officer.open("/")
    expect(officer.page.locator(".banner.is-warning")).to_have_count(0)


def test_an_officer_reads_that_a_camera_is_dark_so_that_silence_there_means_nothing(
    hub: Hub, meet: Meet
) -> None:
    officer = meet()
    expect(officer.page.locator("#dark-cameras")).to_have_count(0)
    ill(hub)
    officer.open("/")
    expect(officer.page.locator("#dark-cameras")).to_contain_text("Ngã tư 1, hướng chợ")
    officer.shot("phone-dark-camera")
    guest = meet("guest")
    expect(guest.page.locator("#dark-cameras")).to_have_count(0)


def test_whoever_tends_no_camera_finds_no_page_of_nodes(hub: Hub, meet: Meet) -> None:
    officer = meet()
    for path in ("/nodes", "/undelivered"):
        answer = officer.page.goto(f"{hub.url}{path}")
        assert answer is not None and answer.status == 404
