"""ntfy with Debian's real server: users, tokens, messages at a subscriber."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from deploy.broker import free_port
from hub.notify.channels.ntfy import Ntfy, split_topic
from hub.notify.channels.port import Message
from hub.notify.channels.post import new_client
from hub.notify.channels.reach import ANY
from hub.notify.rules.delivery_result import Answer, Delivered, MessageRefused, NotNeeded, TryAgain
from tests.hub.rigs.newer_ntfy import newer_ntfy
from tests.hub.rigs.notify_samples import ALERT_ID, message, phone
from tests.waiting import patience_s, until

pytestmark = [
    pytest.mark.promise("Real programs in tests: Tests use a real ntfy server."),
    pytest.mark.promise("Notifications: Web Push and ntfy deliver alerts."),
]

NTFY = shutil.which("ntfy")
needs_ntfy = pytest.mark.skipif(NTFY is None, reason="no ntfy server here (Debian package ntfy)")


@dataclass
class Server:
    """A running `ntfy serve` where only those who were let in may write."""

    url: str
    config: Path

    def run(self, *words: str, password: str = "") -> str:
        assert NTFY is not None
        return subprocess.run(
            [NTFY, *words],
            env=os.environ | {"NTFY_PASSWORD": password, "NTFY_CONFIG_FILE": str(self.config)},
            check=True,
            capture_output=True,
            text=True,
            timeout=patience_s(),
        ).stderr

    def token_for(self, user: str, *, topic: str, may: str) -> str:
        self.run("user", "add", user, password="a long password")
        self.run("access", user, topic, may)
        said = self.run("token", "add", user)
        return next(word for word in said.replace(",", " ").split() if word.startswith("tk_"))

    def read(self, topic: str, token: str) -> list[dict[str, Any]]:
        got = httpx.get(
            f"{self.url}/{topic}/json?poll=1",
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=patience_s(),
        )
        got.raise_for_status()
        return [json.loads(line) for line in got.text.splitlines()]


@pytest.fixture(scope="module")
def server(needs_system: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("ntfy")
    port = free_port()
    config = folder / "server.yml"
    url = f"http://127.0.0.1:{port}"
    config.write_text(
        f'base-url: "{url}"\nlisten-http: "127.0.0.1:{port}"\n'
        f'cache-file: "{folder}/cache.db"\nauth-file: "{folder}/auth.db"\n'
        'auth-default-access: "deny-all"\n'
    )
    assert NTFY is not None
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [NTFY, "serve", "--config", str(config)], stdout=log, stderr=log, cwd=folder
        )
    try:
        _wait_until_healthy(url, process)
        yield Server(url, config)
    finally:
        process.terminate()
        process.wait(patience_s())


def _wait_until_healthy(url: str, process: "subprocess.Popen[bytes]") -> None:
    def is_healthy() -> bool:
        assert process.poll() is None, "ntfy has ended"
        try:
            return httpx.get(f"{url}/v1/health", trust_env=False).is_success
        except httpx.HTTPError:
            return False

    until(is_healthy, "ntfy answers")


def publish(what: Message, *, address: str, token: str | None, replaces: bool = False) -> Answer:
    async def run() -> Answer:
        async with new_client(private=ANY) as client:
            to = phone(channel="ntfy", address=address, secrets=json.dumps({"token": token}))
            channel = Ntfy(
                client=client, public_url="https://hub.tankhai.example/", replaces=replaces
            )
            return await channel.send(what, to)

    return asyncio.run(run())


@pytest.mark.promise("Notifications: ntfy works as second channel.")
@needs_ntfy
def test_a_subscriber_hears_what_the_hub_said(server: Server) -> None:
    token = server.token_for("hub", topic="alerts-hai", may="rw")
    page = f"https://hub.tankhai.example/alerts/{ALERT_ID}"
    address = f"{server.url}/alerts-hai"
    assert publish(message(), address=address, token=token) == Delivered(200)
    (loud,) = server.read("alerts-hai", token)
    assert (loud["title"], loud["message"]) == (
        "Có người · Ngã tư chợ",
        "Cổng chợ · 18:46 · 2 người",
    )
    assert loud["priority"] == 5
    assert loud["click"] == page
    ((action),) = loud["actions"]
    assert (action["action"], action["label"], action["url"]) == ("view", "Xem", page)


@pytest.mark.promise("Notifications: A phone shows one entry per alert.")
@needs_ntfy
def test_an_alert_is_one_entry_however_often_it_grows_or_is_said_again(server: Server) -> None:
    token = server.token_for("hub-2", topic="alerts-tu", may="rw")
    address = f"{server.url}/alerts-tu"
    assert publish(message(), address=address, token=token) == Delivered(200)
    again = message(title="Có 3 người · Ngã tư chợ")  # the answer was lost, and more have come
    assert publish(again, address=address, token=token) == Delivered()
    for moment in ("grown", "taken"):
        answer = publish(message(moment=moment), address=address, token=token)
        assert isinstance(answer, NotNeeded)
    assert len(server.read("alerts-tu", token)) == 1
    other = message(alert_id=UUID(int=9))
    assert publish(other, address=address, token=token) == Delivered(200)
    critical = message(moment="raised", title="⚠ Trèo rào · Ngã tư chợ")
    for _ in range(2):
        publish(critical, address=address, token=token)
    digest = message(is_digest=True, title="12 cảnh báo ở 5 nơi")
    for _ in range(2):
        publish(digest, address=address, token=token)
    next_minute = message(notification_id=UUID(int=7), is_digest=True, title=digest.title)
    publish(next_minute, address=address, token=token)
    titles = [one["title"] for one in server.read("alerts-tu", token)]
    assert titles[1:] == [other.title, critical.title, digest.title, digest.title]


@needs_ntfy
def test_a_topic_the_hub_may_only_write_is_told_all_the_same(server: Server) -> None:
    token = server.token_for("writer", topic="alerts-wo", may="wo")
    address = f"{server.url}/alerts-wo"
    assert publish(message(), address=address, token=token) == Delivered(200)


@needs_ntfy
def test_a_newer_server_is_given_what_it_needs_to_replace_an_entry(server: Server) -> None:
    """Debian's server cannot do it yet: only that the message is accepted is tried for real."""
    token = server.token_for("hub-3", topic="alerts-nam", may="rw")
    address = f"{server.url}/alerts-nam"
    for moment in ("opened", "grown", "taken"):
        told = message(moment=moment)
        assert publish(told, address=address, token=token, replaces=True) == Delivered(200)
    priorities = [one.get("priority", 3) for one in server.read("alerts-nam", token)]
    assert priorities == [5, 2, 2]


@pytest.mark.loopback
def test_an_app_of_a_newer_server_is_handed_one_entry_for_an_alert_whatever_is_said() -> None:
    other_id = UUID("01a1ee56-5e00-7003-a7fa-8323a8f44d7b")
    with newer_ntfy() as server:
        address = f"{server.url}/alerts-sau"
        for moment, body in (("opened", "1"), ("grown", "2"), ("opened", "1"), ("taken", "3")):
            told = message(moment=moment, body=body)
            assert publish(told, address=address, token=None, replaces=True) == Delivered(200)
        other = message(alert_id=other_id, body="other")
        assert publish(other, address=address, token=None, replaces=True) == Delivered(200)
        assert [one["message"] for one in server.entries()] == ["3", "other"]
        assert server.refused == []


@needs_ntfy
def test_who_may_only_read_or_is_nobody_cannot_publish(server: Server) -> None:
    reader = server.token_for("reader", topic="alerts-ba", may="ro")
    address = f"{server.url}/alerts-ba"
    for token in (reader, None, "tk_aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"):
        answer = publish(message(), address=address, token=token)
        assert isinstance(answer, TryAgain) and answer.status in {401, 403}
        assert answer.most_attempts == 4
    assert server.read("alerts-ba", reader) == []


def test_an_address_without_a_topic_is_refused() -> None:
    assert publish(message(), address="https://ntfy.example/", token=None) == MessageRefused(
        "address names no topic"
    )


def test_a_token_that_is_no_token_is_refused() -> None:
    answer = publish(message(), address="https://ntfy.example/a", token="a\r\nb: c")
    assert answer == MessageRefused("the phone's access token is unusable")


@pytest.mark.parametrize(
    ("address", "split"),
    [
        ("https://ntfy.example/alerts", ("https://ntfy.example/", "alerts")),
        ("https://host.example/ntfy/alerts/", ("https://host.example/ntfy/", "alerts")),
    ],
)
def test_a_topic_url_is_a_server_and_a_topic(address: str, split: tuple[str, str]) -> None:
    assert split_topic(address) == split
