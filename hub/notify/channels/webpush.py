"""Web Push (RFC 8030, 8291, 8292): an encrypted message to a browser through its maker's service.

The service sees time and size, not text or pictures. pywebpush encrypts, py_vapid signs; sending is
ours, because of pooling, deadlines and answers.
"""

import base64
import json
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02, VapidException
from pydantic import BaseModel, ConfigDict
from pywebpush import WebPusher, WebPushException

from hub.base.clock.clock import Clock
from hub.base.text.marks import page_text
from hub.notify.channels.descriptor import Address, ChannelEntry, ChannelSource
from hub.notify.channels.port import Answer, Message, MessageRefused, Phone, TryAgain
from hub.notify.channels.post import address_fault, post

NAME: Final = "webpush"

MOST_PAYLOAD_BYTES: Final = 2500
"""Services must accept 4096 bytes encrypted, but Firefox on Android only about 2744."""

TOKEN_LIFE_S: Final = 12 * 3600
TOKEN_RENEWAL_S: Final = 3600
"""Services refuse tokens of more than 24 h; an hour of reserve covers their clock errors."""


class Keys(BaseModel):
    """A phone's keys, base64url: its public point, and a secret shared with the hub only."""

    model_config = ConfigDict(frozen=True)

    p256dh: str
    auth: str


class WebPush:
    """Channel "webpush"; a phone's secrets are {"p256dh", "auth"}, as browsers give them."""

    def __init__(self, *, signer: "VapidSigner", client: httpx.AsyncClient) -> None:
        self._signer = signer
        self._client = client

    async def send(self, message: Message, phone: Phone) -> Answer:
        """Encrypt the message for this phone and send it to the phone's push service."""
        if fault := address_fault(phone.address):
            return MessageRefused(f"address {fault}")
        plain = payload(message)
        if len(plain) > MOST_PAYLOAD_BYTES:
            return MessageRefused(f"message of {len(plain)} bytes, more than {MOST_PAYLOAD_BYTES}")
        try:
            body = encrypt(plain, phone)
        except (ValueError, WebPushException) as error:
            return MessageRefused(f"the phone's keys are unusable: {type(error).__name__}")
        try:
            authorization = self._signer.authorization(phone.address)
        except VapidException:  # for example an IPv6 address, which no push service uses as a name
            return MessageRefused("this address cannot be signed for")
        headers = {
            "Authorization": authorization,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(message.useful_s),
            # A waiting message is replaced by the next of its topic, urgency included. So every
            # message that can still be the first of an open alert has that urgency.
            "Urgency": "normal" if message.is_silent else "high",
            "Topic": message.tag,
        }
        answer = await post(self._client, phone.address, body=body, headers=headers)
        if isinstance(answer, TryAgain) and self._signer.is_doubted:
            # A signature with a wrong date is refused until the clock is right.
            return replace(answer, most_attempts=None)
        return answer


def payload(message: Message) -> bytes:
    """JSON object for the service worker."""
    kind = {"check": "check_id", "test": "test_id"}.get(message.moment, "notification_id")
    is_of_no_alert = message.is_digest or kind != "notification_id"
    return json.dumps(
        {
            kind: str(message.notification_id),
            "alert_id": None if is_of_no_alert else str(message.alert_id),
            "revision": message.revision,
            "tag": message.tag,
            "title": message.title,
            "body": message.body,
            "url": message.path,
            "moment": "digest" if message.is_digest else message.moment,
            "silent": message.is_silent,
            "lang": message.language,
            "take_label": message.take_label,
            "open_label": message.open_label,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def encrypt(plain: bytes, phone: Phone) -> bytes:
    """Encrypt the payload for this phone only; a new key pair for every message."""
    keys = Keys.model_validate_json(phone.secrets)
    pusher = WebPusher({"endpoint": phone.address, "keys": keys.model_dump()})
    return bytes(pusher.encode(plain)["body"])


class VapidSigner:
    """Signs as sender (VAPID): one token per service, kept until shortly before it expires."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, *, subject: str, clock: Clock) -> None:
        # The configuration checks the subject; py_vapid refuses good addresses.
        self._vapid = Vapid02(key, conf={"no-strict": True})
        self._subject = subject
        self._clock = clock
        self._tokens: dict[str, tuple[int, str]] = {}

    def authorization(self, address: str) -> str:
        """Authorization header for the service behind this address."""
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}"
        now_s = self._clock.now().utc_us // 1_000_000
        expires_s, header = self._tokens.get(origin, (0, ""))
        # Not earlier, and not long after: the hub's clock may have been set back meanwhile.
        if not now_s + TOKEN_RENEWAL_S < expires_s <= now_s + TOKEN_LIFE_S:
            expires_s = now_s + TOKEN_LIFE_S
            claims = {"sub": self._subject, "aud": origin, "exp": expires_s}
            header = str(self._vapid.sign(claims)["Authorization"])
            self._tokens[origin] = (expires_s, header)
        return header

    @property
    def is_doubted(self) -> bool:
        """True if the dates of its tokens may be wrong because the hub's clock jumped."""
        return self._clock.now().is_doubted

    @property
    def application_server_key(self) -> str:
        """Public key for subscribing: base64url of the uncompressed point."""
        point = self._vapid.public_key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


SOURCE: Final = ChannelSource(
    entries=(
        ChannelEntry(
            NAME, page_text("this app"), order=10, address=Address.OWN, reports_shown=True
        ),
    ),
    offered=lambda _: {NAME: lambda tools: tools.webpush},
)
