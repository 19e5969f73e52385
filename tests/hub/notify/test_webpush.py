"""Web Push against a service that checks what real ones check, and phones that decrypt."""

import asyncio
import base64
import json
import stat
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.push_service import Kind, PushService, in_thread
from hub.base.clock.clock import Clock, HubClock
from hub.base.moment import Moment
from hub.notify.channels.port import Message, Phone
from hub.notify.channels.post import address_fault, new_client, patience_asked_s
from hub.notify.channels.reach import ANY
from hub.notify.channels.vapid import VapidKeyError, vapid_key
from hub.notify.channels.webpush import VapidSigner, WebPush, payload
from hub.notify.rules.delivery_result import Answer, Delivered, Gone, MessageRefused, TryAgain
from tests.hub.rigs.notify_samples import ALERT_ID, message, phone
from tests.hub.rigs.notify_town import VirtualClock
from tests.waiting import patience_s

pytestmark = pytest.mark.promise("Notifications: Web Push and ntfy deliver alerts.")

SUBJECT = "mailto:truc.ban@tankhai.example"
KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def service() -> Iterator[PushService]:
    with in_thread(PushService()) as running:
        yield running


def phone_of(subscription: dict[str, Any]) -> Phone:
    return phone(address=subscription["endpoint"], secrets=json.dumps(subscription["keys"]))


def with_channel(
    act: Callable[[WebPush], Awaitable[Answer]],
    *,
    key: ec.EllipticCurvePrivateKey = KEY,
    silence_s: float | None = None,
    clock: Clock | None = None,
) -> Answer:
    async def run() -> Answer:
        async with new_client(private=ANY, timeout_s=patience_s()) as client:
            client.timeout.connect = patience_s()
            client.timeout.read = silence_s or patience_s()
            signer = VapidSigner(key, subject=SUBJECT, clock=clock or HubClock())
            return await act(WebPush(signer=signer, client=client))

    return asyncio.run(run())


def send(to: Phone, what: Message | None = None, **how: Any) -> Answer:
    return with_channel(lambda channel: channel.send(what or message(), to), **how)


@pytest.mark.loopback
def test_the_phone_reads_what_the_hub_said(service: PushService) -> None:
    assert send(phone_of(service.make_phone())) == Delivered(201)
    (arrived,) = service.messages
    assert arrived["message"] == {
        "notification_id": "01a1ee56-5e00-7003-a08a-36d6ed046e08",
        "alert_id": "01a1ee56-5e00-7003-a7fa-8323a8f44d7a",
        "revision": 1,
        "tag": ALERT_ID.hex,
        "title": "Có người · Ngã tư chợ",
        "body": "Cổng chợ · 18:46 · 2 người",
        "url": "/alerts/01a1ee56-5e00-7003-a7fa-8323a8f44d7a",
        "moment": "opened",
        "silent": False,
        "lang": "vi",
        "take_label": "Tiếp nhận",
        "open_label": "Xem",
    }


@pytest.mark.promise("Notifications: A Web Push is signed, urgent and has one topic per alert.")
@pytest.mark.loopback
def test_the_service_sees_when_and_how_but_no_words(service: PushService) -> None:
    send(phone_of(service.make_phone()))
    (request,) = service.requests
    headers = request["headers"]
    assert (headers["TTL"], headers["Urgency"]) == ("3600", "high")
    assert headers["Topic"] == ALERT_ID.hex
    assert "Ngã" not in json.dumps(headers, ensure_ascii=False)


@pytest.mark.loopback
def test_that_it_is_taken_is_not_urgent(service: PushService) -> None:
    send(phone_of(service.make_phone()), message(moment="taken"))
    assert service.messages[0]["headers"]["urgency"] == "normal"
    assert service.messages[0]["message"]["silent"] is True


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("lie", "answer"),
    [
        ("busy", TryAgain("503 from 127.0.0.1", 503, after_s=None)),
        ("slow_down", TryAgain("429 from 127.0.0.1", 429, after_s=9)),
        ("gone", Gone("410 from 127.0.0.1", 410)),
        ("too_large", MessageRefused("413 from 127.0.0.1", 413)),
        ("forbidden", TryAgain("403 from 127.0.0.1", 403, most_attempts=4)),
    ],
)
def test_what_the_service_answers_is_understood(
    service: PushService, lie: Kind, answer: Answer
) -> None:
    subscription = service.make_phone()
    service.lie(subscription["endpoint"], lie, after_s=9 if lie == "slow_down" else None)
    given = send(phone_of(subscription))
    assert type(given) is type(answer)
    assert given.reason.startswith(answer.reason)  # type: ignore[union-attr]  # none is Delivered
    assert vars(given) | {"reason": ""} == vars(answer) | {"reason": ""}
    assert service.messages == []


@pytest.mark.loopback
def test_an_answer_that_got_lost_is_tried_again_under_the_same_tag(service: PushService) -> None:
    subscription = service.make_phone()
    service.lie(subscription["endpoint"], "cut")
    assert isinstance(send(phone_of(subscription)), TryAgain)
    assert send(phone_of(subscription)) == Delivered(201)
    assert [m["message"]["tag"] for m in service.messages] == [ALERT_ID.hex] * 2


@pytest.mark.loopback
def test_a_service_that_hangs_is_given_up(service: PushService) -> None:
    subscription = service.make_phone()
    service.lie(subscription["endpoint"], "hang")
    assert send(phone_of(subscription), silence_s=0.2) == TryAgain("127.0.0.1: ReadTimeout")


@pytest.mark.loopback
def test_a_service_that_is_not_there_is_tried_again(service: PushService) -> None:
    subscription = service.make_phone() | {"endpoint": "http://127.0.0.1:9/wpush/x"}
    assert send(phone_of(subscription)) == TryAgain("127.0.0.1: ConnectError")


@pytest.mark.loopback
def test_what_a_hub_whose_clock_jumped_is_refused_is_tried_until_its_time_is_over(
    service: PushService,
) -> None:
    year_off = replace(HubClock().now().plus_s(31_536_000), error_ms=None)
    to = phone_of(service.make_phone())
    trusted = send(to, clock=VirtualClock(year_off))
    doubted = send(to, clock=VirtualClock(replace(year_off, is_doubted=True)))
    assert isinstance(trusted, TryAgain) and trusted.most_attempts == 4
    assert isinstance(doubted, TryAgain) and doubted.most_attempts is None


@pytest.mark.loopback
def test_a_subscription_made_for_another_hub_is_forbidden(service: PushService) -> None:
    ours = VapidSigner(KEY, subject=SUBJECT, clock=HubClock()).application_server_key
    subscription = service.make_phone(server_key=ours)
    assert send(phone_of(subscription)) == Delivered(201)
    other = ec.generate_private_key(ec.SECP256R1())
    answer = send(phone_of(subscription), key=other)
    assert isinstance(answer, TryAgain) and answer.status == 403


@pytest.mark.loopback
def test_a_message_for_one_phone_cannot_be_read_by_another(service: PushService) -> None:
    one, other = service.make_phone(), service.make_phone()
    answer = send(phone_of(one | {"keys": other["keys"]}))
    assert isinstance(answer, MessageRefused) and answer.status == 400
    assert service.messages == []


@pytest.mark.parametrize("keys", ["{}", "no json", '{"p256dh": "AAAA", "auth": "AAAA"}', "[]"])
def test_unusable_keys_are_refused_unsent(service: PushService, keys: str) -> None:
    to = phone(address=service.make_phone()["endpoint"], secrets=keys)
    assert isinstance(send(to), MessageRefused)
    assert service.requests == []


@pytest.mark.promise("Notifications: A push message fits into 2.5 kB, also with the longest names.")
def test_a_message_too_large_for_some_phones_is_refused_unsent(service: PushService) -> None:
    answer = send(phone_of(service.make_phone()), message(body="ữ" * 1000))
    assert isinstance(answer, MessageRefused)
    assert service.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "http://push.example/1",
        "ftp://127.0.0.1/1",
        "https://user:word@push.example/1",
        "https:///1",
        "https://[::1/1",
        "https://push.example:port/1",
        "http://127.0.0.1.evil.example/1",
        "",
    ],
)
def test_nothing_is_sent_in_the_clear_or_to_nowhere(address: str) -> None:
    assert address_fault(address) is not None
    assert isinstance(send(phone(address=address)), MessageRefused)


def test_an_address_that_cannot_be_signed_for_is_refused() -> None:
    to = phone(address="https://[2001:db8::1]/x", secrets=working_phone().secrets)
    assert send(to) == MessageRefused("this address cannot be signed for")


def test_any_configured_subject_signs() -> None:
    signer = VapidSigner(KEY, subject="mailto:duty@desk", clock=HubClock())
    assert claims_of(signer.authorization("https://push.example/x"))["sub"] == "mailto:duty@desk"


def test_no_redirect_is_followed() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(307, headers={"Location": "https://inside.example/"})

    async def run() -> Answer:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            signer = VapidSigner(KEY, subject=SUBJECT, clock=HubClock())
            return await WebPush(signer=signer, client=client).send(message(), working_phone())

    assert isinstance(asyncio.run(run()), MessageRefused)
    assert asked == ["https://push.test/1"]


def working_phone() -> Phone:
    point = KEY.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    keys = {
        "p256dh": base64.urlsafe_b64encode(point).decode(),
        "auth": base64.urlsafe_b64encode(bytes(16)).decode(),
    }
    return phone(secrets=json.dumps(keys))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        (
            {
                "retry-after": "Wed, 25 Nov 2026 00:02:00 GMT",
                "date": "Wed, 25 Nov 2026 00:00:30 GMT",
            },
            90,
        ),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert patience_asked_s(headers) == seconds


def claims_of(header: str) -> dict[str, Any]:
    middle = header.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return claims


def test_one_token_serves_one_service_until_shortly_before_it_expires() -> None:
    clock = VirtualClock()
    signer = VapidSigner(KEY, subject=SUBJECT, clock=clock)
    first = signer.authorization("https://push.one.example/abc")
    assert claims_of(first)["aud"] == "https://push.one.example"
    assert claims_of(signer.authorization("https://two.example:8443/x"))["aud"] == (
        "https://two.example:8443"
    )
    clock.go_on(10 * 3600)
    assert signer.authorization("https://push.one.example/def") == first
    clock.go_on(3600)
    assert signer.authorization("https://push.one.example/def") != first


def test_a_token_signed_while_the_clock_ran_ahead_is_not_used_after_it_is_set_back() -> None:
    clock = VirtualClock()
    signer = VapidSigner(KEY, subject=SUBJECT, clock=clock)
    now = clock.now()
    clock.go_on(30 * 24 * 3600)
    signer.authorization("https://push.one.example/abc")
    clock._now = Moment(now.utc_us)
    expires_s = claims_of(signer.authorization("https://push.one.example/abc"))["exp"]
    assert expires_s - now.utc_us / 1e6 <= 24 * 3600


def test_the_push_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "vapid.pem"
    key = vapid_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert vapid_key(path).private_numbers() == key.private_numbers()


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"no key",
        ec.generate_private_key(ec.SECP384R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    ],
)
def test_a_spoilt_push_key_is_refused_and_kept(tmp_path: Path, pem: bytes) -> None:
    path = tmp_path / "vapid.pem"
    path.write_bytes(pem)
    path.chmod(0o600)
    with pytest.raises(VapidKeyError, match=r"Restore it from a copy"):
        vapid_key(path)
    assert path.read_bytes() == pem


@pytest.mark.promise("Security: A secret that others can read is refused.")
def test_a_push_key_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vapid.pem"
    vapid_key(path)
    path.chmod(0o644)
    with pytest.raises(VapidKeyError, match=r"chmod o="):
        vapid_key(path)


def test_every_kind_of_message_fits() -> None:
    assert len(payload(message())) < 600
