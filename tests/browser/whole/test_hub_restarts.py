"""The hub is killed while an officer acts: the act arrives, once."""

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from deploy.broker import Broker, free_port
from hub.base.db.database import Database
from tests.browser.conftest import PHONE, Hub, Officer
from tests.faults.proxy import FAIR, Proxy, Weather
from tests.hub.helpers.app.hub_program import Site
from tests.hub.rigs.web_town import Town
from tests.waiting import patience_ms, until

pytestmark = [
    pytest.mark.promise("Notifications: An acknowledgement survives a restart of the hub."),
    pytest.mark.promise(
        "Rules and duty: An acknowledgement survives an offline phone and a restart."
    ),
]


@dataclass
class Program(Site):
    """A hub behind a line, on a town's database."""

    base: str = ""

    @property
    def url(self) -> str:
        return self.base

    def runs(self) -> "subprocess.Popen[bytes]":
        hub = self.start()
        until(lambda: '"ready"' in (self.folder / "log").read_text())
        return hub


@dataclass
class Crossing:
    """Everything between a thumb and a row."""

    town: Town
    program: Program
    line: Proxy
    officer: Officer
    alert_id: UUID
    hub: "subprocess.Popen[bytes]"

    def takes(self) -> list[str]:
        with self.town.db.reading() as conn:
            query = text("select act from audit where act like 'alert.take%' order by id")
            return list(conn.scalars(query))

    def is_killed(self) -> None:
        self.hub.kill()
        self.hub.wait()

    def comes_back(self) -> None:
        self.hub = self.program.runs()

    def await_takes(self, takes: list[str]) -> None:
        def are_there() -> bool:
            self.officer.page.wait_for_timeout(50)  # the browser goes on meanwhile
            return self.takes() == takes

        until(are_there)


@pytest.fixture
def crossing(
    needs_broker: None, needs_system: None, sqlite_url: str, tmp_path: Path, chromium: Browser
) -> Iterator[Crossing]:
    town = Town(Database(sqlite_url), tmp_path)
    alert_id = town.somebody().alert_id
    with Broker(tmp_path / "mqtt") as broker:
        program = Program(tmp_path, broker, free_port(), base=sqlite_url)
        with Proxy(program.port) as line:
            program.write_config()
            here = f"http://127.0.0.1:{program.port}"
            url = f"http://127.0.0.1:{line.port}"
            config = program.config.read_text().replace(f'"{here}"', f'"{url}"')
            program.config.write_text(config)
            hub = program.runs()
            context = chromium.new_context(viewport=PHONE, locale="vi-VN")  # type: ignore[arg-type]  # a size
            context.set_default_timeout(patience_ms())
            officer = Officer(Hub(town, url), context, context.new_page()).sign_in("an")
            crossing = Crossing(town, program, line, officer, alert_id, hub)
            try:
                officer.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
                officer.open_alert(alert_id)
                expect(officer.page.locator("#line-state")).to_have_text("Trực tiếp")
                yield crossing
            finally:
                context.close()
                crossing.is_killed()
    town.db.close()


def test_a_hub_killed_between_tap_and_deed_hears_it_when_it_is_back(crossing: Crossing) -> None:
    crossing.hub.send_signal(signal.SIGSTOP)  # it takes the request in and does nothing with it
    crossing.officer.page.locator("[data-act=take]").click()
    crossing.officer.page.wait_for_timeout(500)
    crossing.is_killed()
    assert crossing.takes() == []
    expect(crossing.officer.page.locator("#toast")).to_have_text(
        "Mất mạng: sẽ gửi ngay khi có mạng trở lại."
    )
    crossing.comes_back()
    crossing.await_takes(["alert.take"])
    crossing.officer.open_alert(crossing.alert_id)
    expect(crossing.officer.page.locator("body")).to_contain_text("Nguyễn Văn An")
    assert crossing.takes() == ["alert.take"]


def test_a_hub_killed_between_deed_and_answer_does_it_once(crossing: Crossing) -> None:
    crossing.line.set(Weather(latency_s=3.0))
    crossing.officer.page.locator("[data-act=take]").click()
    crossing.await_takes(["alert.take"])
    crossing.is_killed()
    crossing.line.reset_all()
    crossing.line.set(FAIR)
    crossing.comes_back()
    crossing.await_takes(["alert.take", "alert.take.again"])  # the second changed nothing
    with crossing.town.db.reading() as conn:
        done = conn.scalar(text("select count(*) from alert_history where act = 'taken'"))
        owed = conn.scalar(text("select count(*) from notifications where moment = 'taken'"))
    assert (done, owed) == (1, 0)
