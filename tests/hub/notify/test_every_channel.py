"""The contract of every channel, whatever its service does: an answer, never an exception."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from apprise.plugins.telegram import NotifyTelegram
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.push_service import PushService, in_thread
from hub.base.clock.clock import HubClock
from hub.notify.channels.apprise import Service, read_services
from hub.notify.channels.ntfy import Ntfy
from hub.notify.channels.port import Channel, Phone
from hub.notify.channels.post import FORBIDDEN_ATTEMPTS, new_client
from hub.notify.channels.reach import ANY
from hub.notify.channels.service_file import ServiceFileError
from hub.notify.channels.webpush import VapidSigner, WebPush
from hub.notify.channels.zalo import ZaloAccount, ZaloBot, ZaloZns
from hub.notify.channels.zalo_settings import Bot, OfficialAccount, Zns
from hub.notify.channels.zalo_token import ZaloToken
from hub.notify.rules.delivery_result import (
    Answer,
    Delivered,
    Gone,
    MessageRefused,
    NotNeeded,
    TryAgain,
)
from tests.hub.rigs import fake_zalo
from tests.hub.rigs.fake_zalo import FakeTelegram, FakeZalo, Sick, on_loopback
from tests.hub.rigs.newer_ntfy import newer_ntfy
from tests.hub.rigs.notify_samples import message, phone
from tests.waiting import patience_s

pytestmark = pytest.mark.promise(
    "Channels: Zalo, Telegram, SMS and Apprise channels follow their documentation."
)

PAGE = "https://hub.example"
NAMES = ("webpush", "ntfy", "zalo", "zns", "zalo_bot", "telegram")
TELEGRAM = "tgram://123456789:abcdefg_hijklmnop/{to}"


@dataclass
class Rig:
    """One channel whose service is at `url`, and a phone on it."""

    channel: Channel
    phone: Phone


def account(url: str) -> OfficialAccount:
    return OfficialAccount(
        app_id=fake_zalo.APP_ID,
        secret_key=fake_zalo.SECRET,
        refresh_token="refresh-0",
        api=url,
        oauth=url,
    )


def rig(name: str, url: str, folder: Path, client: httpx.AsyncClient) -> Rig:
    shared: dict[str, Any] = {"client": client, "public_url": PAGE}
    token = ZaloToken(
        account=account(url),
        file=folder / "tokens.json",
        client=client,
        clock=HubClock(),
    )
    match name:
        case "webpush":
            subscription = PushService().make_phone()
            key = ec.generate_private_key(ec.SECP256R1())
            signer = VapidSigner(key, subject="mailto:a@b.example", clock=HubClock())
            keys = json.dumps(subscription["keys"])
            target = phone(address=f"{url}/push/1", secrets=keys)
            return Rig(WebPush(signer=signer, client=client), target)
        case "ntfy":
            return Rig(Ntfy(**shared, replaces=True), phone(channel=name, address=f"{url}/topic"))
        case "zalo":
            channel: Channel = ZaloAccount(account=account(url), token=token, **shared)
            return Rig(channel, _phone(name, "2473910995809050719"))
        case "zns":
            params = {"noi_dung": "title", "dia_diem": "body", "ma_tin": "alert"}
            zns = Zns(template_id=fake_zalo.TEMPLATE_ID, params=params, most_chars=60, api=url)
            return Rig(ZaloZns(zns=zns, token=token, **shared), _phone(name, "0912345678"))
        case "zalo_bot":
            bot = Bot(token=fake_zalo.BOT_TOKEN, api=url)
            return Rig(ZaloBot(bot=bot, **shared), _phone(name, "1f6016dce18908d75198"))
        case _:
            hands = ThreadPoolExecutor(1)
            service = Service(address=TELEGRAM, public_url=PAGE, hands=hands, private=ANY)
            return Rig(service, _phone(name, "5551234"))


def _phone(channel: str, to: str) -> Phone:
    return phone(channel=channel, address=f"{channel}:{to}")


@pytest.fixture
def ask(
    needs_loopback: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str, Callable[[Rig], Awaitable[Answer]]], Answer]:
    def act(name: str, url: str, use: Callable[[Rig], Awaitable[Answer]]) -> Answer:
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"{url}/bot")

        async def run() -> Answer:
            async with new_client(private=ANY, timeout_s=patience_s()) as client:
                return await use(rig(name, url, tmp_path, client))

        return asyncio.run(run())

    return act


def send(one: Rig) -> Awaitable[Answer]:
    return one.channel.send(message(), one.phone)


@pytest.fixture
def zalo(needs_loopback: None) -> Iterator[FakeZalo]:
    with on_loopback(FakeZalo()) as service:
        yield service


@pytest.mark.parametrize("name", ["zalo", "zns", "zalo_bot"])
def test_zalo_takes_it_without_a_picture(name: str, zalo: FakeZalo, ask: Any) -> None:
    assert isinstance(ask(name, zalo.url, send), Delivered)
    _holds_words_alone(json.dumps(zalo.taken, ensure_ascii=False))


def test_telegram_takes_it_without_a_picture(ask: Any) -> None:
    with on_loopback(FakeTelegram()) as telegram:
        assert isinstance(ask("telegram", telegram.url, send), Delivered)
    _holds_words_alone(json.dumps(telegram.taken, ensure_ascii=False))
    assert PAGE in telegram.taken[0]["text"]


def test_ntfy_takes_it_without_a_picture(ask: Any) -> None:
    with newer_ntfy() as ntfy:
        assert isinstance(ask("ntfy", ntfy.url, send), Delivered)
    _holds_words_alone(json.dumps(ntfy.published, ensure_ascii=False))


def test_web_push_takes_it_without_a_picture(ask: Any) -> None:
    with in_thread(PushService()) as service:
        subscription = service.make_phone()
        target = phone(address=subscription["endpoint"], secrets=json.dumps(subscription["keys"]))
        given = ask(
            "webpush", "http://127.0.0.1:9", lambda one: one.channel.send(message(), target)
        )
        assert isinstance(given, Delivered)
    _holds_words_alone(json.dumps(service.messages[0]["message"], ensure_ascii=False))


def _holds_words_alone(said: str) -> None:
    assert "Ngã tư chợ" in said
    for word in ("jpeg", "/media/", "picture", "image", "photo"):
        assert word not in said


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_service_in_trouble_is_asked_again(name: str, status: int, ask: Any) -> None:
    with on_loopback(Sick(status, headers={"Retry-After": "7"})) as service:
        given = ask(name, service.url, send)
    assert isinstance(given, TryAgain), given
    if name != "telegram":  # Apprise does not hand the header on
        assert given.after_s == 7


@pytest.mark.parametrize("name", NAMES)
def test_a_service_that_hangs_up_is_asked_again(name: str, ask: Any) -> None:
    with on_loopback(Sick(None)) as service:
        assert isinstance(ask(name, service.url, send), TryAgain)


@pytest.mark.parametrize("name", NAMES)
def test_nobody_at_the_address_is_asked_again(name: str, ask: Any) -> None:
    assert isinstance(ask(name, "http://127.0.0.1:9", send), TryAgain)


NONSENSE = [
    (200, b"<html>a captive portal</html>"),
    (200, b"[]"),
    (200, b'{"error": "x", "ok": 1}'),
    (200, b"\xff\xfe" * 100_000),
    (302, b""),
    (400, b"no"),
    (401, b"no"),
    (403, b"no"),
    (404, b"no"),
    (410, b""),
    (413, b""),
    (429, b""),
    (418, b"{}"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("status", "body"), NONSENSE)
def test_whatever_a_service_says_there_is_an_answer(
    name: str, status: int, body: bytes, ask: Any
) -> None:
    with on_loopback(Sick(status, body, {"Location": "http://127.0.0.1:9/"})) as service:
        given = ask(name, service.url, send)
    assert isinstance(given, Delivered | TryAgain | Gone | MessageRefused)
    if name != "webpush":  # its status alone is its word
        assert not isinstance(given, Gone), "a proxy's page retires nobody's phone"
    if name in ("zalo", "zns", "zalo_bot"):
        assert not isinstance(given, Delivered)


@pytest.mark.parametrize("status", [404, 410])
def test_a_proxy_that_does_not_find_ntfy_retires_no_phone(status: int, ask: Any) -> None:
    with on_loopback(Sick(status, b"404 page not found")) as service:
        given = ask("ntfy", service.url, send)
    assert isinstance(given, TryAgain)
    assert (given.status, given.most_attempts) == (status, FORBIDDEN_ATTEMPTS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("address", ["", "x:", "http://", "\0", "đ" * 300, "../../etc", "a b"])
def test_no_address_makes_a_channel_trip(name: str, address: str, ask: Any) -> None:
    with on_loopback(Sick(503)) as service:
        given = ask(
            name,
            service.url,
            lambda one: one.channel.send(message(), phone(channel=name, address=address)),
        )
    assert isinstance(given, TryAgain | Gone | MessageRefused | NotNeeded)


def write(folder: Path, text: str) -> Path:
    path = folder / "services.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_the_keepers_services_are_read_by_the_name_of_their_channel(tmp_path: Path) -> None:
    sms = "twilio://AC0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef@15551234567"
    found = read_services(write(tmp_path, f"telegram = '{TELEGRAM}'\nsms = '{sms}/{{to}}'\n"))
    assert list(found) == ["telegram", "sms"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("'SMS 1' = 'json://127.0.0.1/{to}'", "cannot be a channel's name"),
        ("telegram = 'tgram://123456789:abcdefg_hijklmnop/5551234'", "names no place"),
        ("telegram = 5", "names no place"),
        ("telegram = 'pigeon://post/{to}'", "no address that Apprise knows"),
        ("telegram = ", "not TOML"),
    ],
)
def test_a_service_that_cannot_be_is_refused_in_one_line(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(ServiceFileError, match=said):
        read_services(write(tmp_path, text))


def test_a_wrong_token_of_a_service_ends_after_a_few_attempts(ask: Any) -> None:
    with on_loopback(FakeTelegram(token="another")) as telegram:
        given = ask("telegram", telegram.url, send)
    assert given == TryAgain("401 from the service", 401, most_attempts=4)
