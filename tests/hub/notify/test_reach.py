"""The hub sends into no private network, unless the keeper listed the host."""

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from hub.app import channels
from hub.app.config import load
from hub.console.api import is_push_service
from hub.notify.channels.port import TryAgain
from hub.notify.channels.post import new_client, post
from hub.notify.channels.reach import PRIVATE, PrivateHosts, is_global
from hub.web.rendering import WebSettings
from tests.waiting import patience_s


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.5",
        "127.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - judged, not listened on
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.5",
        "64:ff9b::10.0.0.5",
        "2002:a00:5::1",
    ],
)
def test_an_address_of_a_private_network_is_not_global(address: str) -> None:
    assert not is_global(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::8.8.8.8"])
def test_an_address_of_the_internet_is_global(address: str) -> None:
    assert is_global(address)


def test_a_listed_host_may_be_private_and_no_other() -> None:
    private = PrivateHosts(["ntfy.lan", "10.0.0.7"])
    assert private.allowed("NTFY.lan.", ["10.0.0.5"]) == ["10.0.0.5"]
    assert private.allowed("hub.lan", ["10.0.0.5", "8.8.8.8"]) == ["8.8.8.8"]
    assert private.allowed("10.0.0.7", ["10.0.0.7"]) == ["10.0.0.7"]


@pytest.mark.promise("Notifications: A phone cannot make the hub send into a private network.")
@pytest.mark.loopback
def test_a_name_that_leads_into_the_own_network_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = socket.create_server(("127.0.0.1", 0))
    port, came = place.getsockname()[1], []

    def take() -> None:
        line, _ = place.accept()
        came.append(line)
        line.close()

    taking = threading.Thread(target=take)
    taking.start()

    async def found(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    async def sent(private: PrivateHosts) -> Any:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "getaddrinfo", found, raising=False)
        async with new_client(timeout_s=patience_s(), private=private) as client:
            address = f"https://10.0.0.5.nip.io:{port}/"
            return await post(client, address, body=b"", headers={})

    answer = asyncio.run(sent(PrivateHosts()))
    assert answer == TryAgain(f"10.0.0.5.nip.io: {PRIVATE}")
    assert came == []
    answer = asyncio.run(sent(PrivateHosts(["10.0.0.5.nip.io"])))
    taking.join(patience_s())
    place.close()
    assert len(came) == 1  # and it is no push service
    assert isinstance(answer, TryAgain)


@pytest.mark.parametrize("host", ["hub.lan", "router.home.arpa", "hub.local", "10.0.0.5", "hub"])
def test_no_phone_registers_a_name_that_is_always_inside(host: str) -> None:
    settings = WebSettings("https://hub.example", push_public_key="", now=lambda: 0)
    assert not is_push_service(f"https://{host}/push", settings)


def test_check_names_each_private_host_in_use_that_is_not_listed(tmp_path: Path) -> None:
    topics = ["http://127.0.0.1:8090/alerts", "https://10.0.0.5/alerts", "https://8.8.8.8/alerts"]
    file = tmp_path / "hub.toml"
    needed = '[web]\npublic_url = "https://hub.example"\n[push]\nsubject = "mailto:k@example.vn"\n'
    file.write_text(needed)
    assert channels.unlisted(load(file), topics) == ["10.0.0.5", "127.0.0.1"]
    file.write_text(f'{needed}private_hosts = ["10.0.0.5", "127.0.0.1"]\n')
    assert channels.unlisted(load(file), topics) == []
