"""What a node with a valid certificate and a stranger do to a hub, each attack a function.

An attack ends by itself: after its number of deeds, or when `Target.is_over` says so. It reaches
loopback addresses only, and counts in `Target.done` what it did and how that was answered.
"""

import random
import re
import secrets
import socket
import ssl
import struct
import time
from base64 import b64encode, urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from types import MappingProxyType
from typing import Final
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image

from agent.wire import topics
from agent.wire.answers import TokenWanted, UploadToken
from agent.wire.codec import decode_token, encode
from agent.wire.messages import ClipReady, SightingOpened
from agent.wire.terms import Picture
from deploy.broker import HOST, Broker
from tests.hub.rigs.wire_words import NodeVoice

BAD: Final = "nga-tu-xau"
"""The node that does it."""
ANSWER_S: Final = 10.0
KIND_TOPICS: Final = tuple(path for path in topics.TOPICS if path.startswith("up/"))
COOKIES: Final = ("matthan", "__Host-matthan")
PRIVATE: Final = ("https://10.0.0.5.nip.io/p", "https://hub.lan/p", "https://router.home.arpa/p")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How much of each is tried in one turn."""

    messages: int = 1500
    message_bytes: int = 130_000
    filters: int = 30
    """Packets of 300 filters with 180 levels each."""
    flood: int = 20_000
    pictures: int = 6
    picture_px: tuple[int, int] = (8000, 5000)
    clips: int = 8
    clip_bytes: int = 256 * 2**20
    held: int = 2000
    held_s: float = 70.0
    passwords: int = 60
    cookies: int = 20_000
    doors: int = 1000
    """Connections to the broker's port that say nothing."""
    phones: int = 60


@dataclass
class Target:
    """A running town, as an attacker sees it."""

    broker: Broker
    url: str
    victim: str
    """A login that the stranger knows."""
    account: tuple[str, str]
    """Login and password of somebody without any right."""
    amounts: Amounts
    is_over: Callable[[], bool]
    done: Counter[str] = field(default_factory=Counter)
    left: list[str] = field(default_factory=list)
    """Addresses of uploads that were begun and not ended."""
    token: str = ""


class Line:
    """The bad node's connection to the broker, by bytes: no library keeps it from anything."""

    def __init__(self, target: Target) -> None:
        papers = target.broker.papers(BAD)
        tls = ssl.create_default_context(cafile=str(papers.ca_file))
        tls.load_cert_chain(papers.cert_file, papers.key_file)
        plain = socket.create_connection((HOST, target.broker.port), ANSWER_S)
        self._line = tls.wrap_socket(plain, server_hostname=HOST)
        self._line.settimeout(ANSWER_S)
        self._said = b""
        self._number = 0
        body = _text("MQTT") + bytes([5, 2]) + struct.pack(">HB", 600, 0) + _text(BAD)
        self.say(0x10, body)
        if self.hear()[0] >> 4 != 2:
            raise ConnectionError("the broker did not let the node in")

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def say(self, kind: int, body: bytes) -> None:
        """One packet; OSError once the broker has ended the connection."""
        self._line.sendall(bytes([kind]) + _length(len(body)) + body)

    def publish(self, path: str, payload: bytes, *, retain: bool = False) -> None:
        """With QoS 1, below the node's branch; answers are read now and then."""
        head = _text(f"{topics.ROOT}/{BAD}/{path}") + struct.pack(">HB", self._next(), 0)
        self.say(0x32 | retain, head + payload)

    def subscribe(self, filters: list[str]) -> None:
        """All in one packet."""
        body = struct.pack(">HB", self._next(), 0)
        self.say(0x82, body + b"".join(_text(one) + b"\1" for one in filters))

    def hear(self) -> tuple[int, bytes]:
        """The next packet, its kind and its body."""
        kind = self._take(1)[0]
        size, shift = 0, 0
        while True:
            byte = self._take(1)[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return kind, self._take(size)

    def drain(self) -> None:
        """Throw away what has come."""
        self._said = b""
        self._line.settimeout(0.01)
        with suppress(TimeoutError, ssl.SSLWantReadError):
            while self._line.recv(65536):
                pass
        self._line.settimeout(ANSWER_S)

    def _take(self, count: int) -> bytes:
        while len(self._said) < count:
            if not (more := self._line.recv(65536)):
                raise ConnectionError("the broker ended the connection")
            self._said += more
        taken, self._said = self._said[:count], self._said[count:]
        return taken

    def _next(self) -> int:
        self._number = self._number % 65535 + 1
        return self._number


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text.encode())) + text.encode()


def _length(size: int) -> bytes:
    said = b""
    while True:
        size, low = divmod(size, 128)
        said += bytes([low | (128 if size else 0)])
        if not size:
            return said


def _voice() -> NodeVoice:
    return NodeVoice(BAD, camera="cam-xau")


def _now_us() -> int:
    return time.time_ns() // 1000


# ── The node


def retained(target: Target, dice: random.Random) -> None:
    """Large messages that the broker is to keep, on topics of the node's own invention."""
    with Line(target) as line:
        for number in range(target.amounts.messages):
            if target.is_over():
                return
            path = dice.choice((f"up/x{number}", f"up/event/{number}", dice.choice(KIND_TOPICS)))
            line.publish(path, dice.randbytes(1) * target.amounts.message_bytes, retain=True)
            target.done["retained"] += 1
            line.drain()


def subscriptions(target: Target, dice: random.Random) -> None:
    """Filters with many levels, each another, and packets whose answers nobody reads."""
    deep = "/".join("a" * 180)
    with Line(target) as line:
        for _ in range(target.amounts.filters):
            if target.is_over():
                return
            line.subscribe([f"{dice.random()}-{number}/{deep}" for number in range(300)])
            target.done["filters"] += 300
        for _ in range(target.amounts.filters):
            line.subscribe(["a"] * 5000)
            target.done["unread"] += 1


def odd_messages(target: Target, dice: random.Random) -> None:
    """Messages that are none: noise, depth, size, other nodes' names, packets out of order."""
    voice = _voice()
    odd: list[Callable[[], bytes]] = [
        lambda: dice.randbytes(dice.randrange(1, 5000)),
        lambda: b'{"v":1,"event_id":' + b"[" * 50_000,
        lambda: b'{"v":1,"seq":' + b"9" * 100_000 + b"}",
        lambda: b'{"v":1,"node":"' + b"\\ud800" * 1000 + b'"}',
        lambda: encode(voice.event(_now_us())).replace(BAD.encode(), b"nga-tu-000"),
        lambda: b"",
        lambda: b"x" * 200_000,  # beyond the broker's largest packet
    ]
    for _ in range(max(8, target.amounts.messages // 10)):
        if target.is_over():
            return
        with suppress(OSError), Line(target) as line:
            for _ in range(20):
                line.publish(dice.choice(KIND_TOPICS), dice.choice(odd)())
                target.done["odd"] += 1
            line.say(dice.choice((0x00, 0x42, 0xF0, 0x3E)), dice.randbytes(4))


def flood_within_limits(target: Target, dice: random.Random) -> None:
    """As many sightings as a node may say in a second."""
    _flood(target, target.amounts.flood // 20, per_s=150)


def flood(target: Target, dice: random.Random) -> None:
    """As fast as the line takes them, with answers unread."""
    _flood(target, target.amounts.flood, per_s=0)


def _flood(target: Target, count: int, *, per_s: float) -> None:
    voice, began_s = _voice(), time.monotonic()
    with Line(target) as line:
        line.publish("up/status", encode(voice.birth()), retain=True)
        for number in range(count):
            if target.is_over():
                return
            line.publish("up/event", encode(voice.event(_now_us())))
            target.done["flood"] += 1
            if number % 50 == 0:
                line.drain()
                if per_s:
                    time.sleep(max(0.0, began_s + number / per_s - time.monotonic()))


def large_pictures(target: Target, dice: random.Random) -> None:
    """Progressive pictures of many pixels in few bytes, each of another sighting; the inbox of
    every officer shows them."""
    plain, (width, height) = progressive(target.amounts.picture_px), target.amounts.picture_px
    pictures = [commented(plain, dice.randbytes(16)) for _ in range(target.amounts.pictures)]
    voice = _voice()
    with Line(target) as line:
        line.publish("up/status", encode(voice.birth()), retain=True)
        for picture in pictures:
            event, digest = voice.event(_now_us()), sha256(picture).hexdigest()
            told = Picture(sha256=digest, size_bytes=len(picture), width=width, height=height)
            assert isinstance(event.body, SightingOpened)
            body = event.body.model_copy(update={"picture": told})
            line.publish("up/event", encode(event.model_copy(update={"body": body})))
        token = _token(target, line)
    time.sleep(1)
    for picture in pictures:
        digest = sha256(picture).hexdigest()
        status = _upload(token, digest, len(picture), iter([picture]))
        target.done[f"picture_{status}"] += 1


def large_clips(target: Target, dice: random.Random) -> None:
    """Clips that are begun and never ended, so that their bytes lie on the hub's disk."""
    voice, digests = _voice(), [dice.randbytes(32).hex() for _ in range(target.amounts.clips)]
    size_bytes = target.amounts.clip_bytes
    with Line(target) as line:
        line.publish("up/status", encode(voice.birth()), retain=True)
        for digest in digests:
            event = voice.event(_now_us())
            clip = ClipReady(
                camera=voice.camera, clip_id=uuid4(), sighting_ids=(), sha256=digest,
                size_bytes=size_bytes, codec="h264", width=768, height=576,
                first_frame_utc_us=_now_us(), duration_ms=600_000,
            )  # fmt: skip
            line.publish("up/event", encode(event.model_copy(update={"body": clip})))
        token = _token(target, line)
    time.sleep(1)
    target.token = token.token
    for digest in digests:
        if target.is_over():
            return
        status = _upload(token, digest, size_bytes, _all_but_the_end(size_bytes))
        target.done[f"clip_{status}"] += 1
        target.left.append(f"{token.upload_url}/{digest}")


def take_back(target: Target) -> None:
    """Give up the uploads that were left: what a keeper does by shutting the node out."""
    said = {"Authorization": f"Bearer {target.token}", "Tus-Resumable": "1.0.0"}
    for address in target.left:
        with suppress(httpx.HTTPError):
            httpx.delete(address, headers=said, timeout=ANSWER_S)
    target.left.clear()


def progressive(size_px: tuple[int, int]) -> bytes:
    """A progressive JPEG of one colour."""
    held = BytesIO()
    Image.new("RGB", size_px, (40, 90, 140)).save(held, "JPEG", progressive=True, quality=20)
    return held.getvalue()


def commented(jpeg: bytes, comment: bytes) -> bytes:
    """The same picture as another file."""
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + jpeg[2:]


def _token(target: Target, line: Line) -> UploadToken:
    line.subscribe([topics.every_down(BAD)])
    line.publish("up/request", encode(TokenWanted(node=BAD)))
    place = f"{topics.ROOT}/{BAD}/{topics.TOKEN.path}".encode()
    until_s = time.monotonic() + ANSWER_S
    while time.monotonic() < until_s:
        kind, body = line.hear()
        if kind >> 4 == 3 and place in body:
            return decode_token(body[body.index(b"{") :])
    raise ConnectionError("the hub gave no token")


def _upload(token: UploadToken, digest: str, size_bytes: int, body: Iterator[bytes]) -> int:
    """The status; 0: the line was cut."""
    headers = {
        "Authorization": f"Bearer {token.token}",
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(size_bytes),
        "Upload-Metadata": f"sha256 {b64encode(digest.encode()).decode()}",
        "Content-Type": "application/offset+octet-stream",
    }
    try:
        return httpx.post(
            token.upload_url, content=body, headers=headers, timeout=3 * ANSWER_S
        ).status_code
    except httpx.HTTPError:
        return 0


def _all_but_the_end(size_bytes: int) -> Iterator[bytes]:
    block = bytes(2**18)
    for _ in range((size_bytes - 1) // len(block)):
        yield block


# ── The stranger


def held_uploads(target: Target, dice: random.Random) -> None:
    """Uploads without a token that say a byte now and then."""
    place = httpx.URL(target.url)
    head = (
        f"POST /upload HTTP/1.1\r\nHost: {place.host}\r\nTus-Resumable: 1.0.0\r\n"
        "Content-Type: application/offset+octet-stream\r\nContent-Length: 100000000\r\n\r\n"
    )
    lines: list[socket.socket] = []
    began_s = time.monotonic()
    try:
        for _ in range(target.amounts.held):
            with suppress(OSError):
                line = socket.create_connection((place.host, place.port or 80), ANSWER_S)
                lines.append(line)
                line.sendall(head.encode() + dice.randbytes(1000))
                target.done["uploads_begun"] += 1
        while lines and time.monotonic() < began_s + target.amounts.held_s:
            if target.is_over():
                break
            time.sleep(1)
            lines = [line for line in lines if _is_held(line)]
        target.done["uploads_held_to_the_end"] += len(lines)
    finally:
        for line in lines:
            line.close()


def _is_held(line: socket.socket) -> bool:
    """Say one more byte; closes a line that the hub has ended."""
    try:
        line.setblocking(False)
        with suppress(BlockingIOError):
            while line.recv(65536):
                pass
            raise ConnectionError
        line.send(b"x")
    except OSError:
        line.close()
        return False
    return True


def wrong_passwords(target: Target, dice: random.Random) -> None:
    """Guesses for a login that is known, and for some that are not, many at once."""

    def guess(number: int) -> None:
        if target.is_over():
            return
        login = target.victim if number % 3 else f"ai-do-{number}"
        said = {"login": login, "password": f"mat khau {number}"}
        with suppress(httpx.HTTPError):
            headers = {"Origin": target.url}
            answer = httpx.post(f"{target.url}/login", data=said, headers=headers, timeout=ANSWER_S)
            target.done[f"password_{answer.status_code}"] += 1

    with ThreadPoolExecutor(16) as many:
        list(many.map(guess, range(target.amounts.passwords)))


def made_up_cookies(target: Target, dice: random.Random) -> None:
    """Invented sessions by the thousand, so that the hub forgets whom it has counted; between them
    tips, of which an address may send thirty an hour."""
    headers = {"Origin": target.url}
    with (
        httpx.Client(base_url=target.url, timeout=ANSWER_S, headers=headers) as client,
        ThreadPoolExecutor(8) as many,
    ):

        def knock(_: int) -> None:
            if target.is_over():
                return
            cookie = "; ".join(f"{name}={secrets.token_urlsafe(32)}" for name in COOKIES)
            with suppress(httpx.HTTPError):
                client.get(f"/media/{uuid4()}/small", headers={"Cookie": cookie})
                target.done["cookies"] += 1

        left = target.amounts.cookies
        while left > 0 and not target.is_over():
            forms = [client.get("/tips").text for _ in range(10)]
            list(many.map(knock, range(min(left, 2000))))
            left -= 2000
            time.sleep(3)  # a form that comes back sooner is a program's
            for form in forms:
                target.done[f"tip_{_send_tip(client, form)}"] += 1


def _send_tip(client: httpx.Client, form: str) -> int:
    """The status; 200: it was taken."""
    area = re.search(r'<option value="([^"]+)"', form)
    said = {
        "what": "Có người lạ",
        "area": area[1] if area else "",
        "mark": form.partition('name="mark" value="')[2].partition('"')[0],
        "consent": "yes",
    }
    return client.post("/tips", data=said).status_code


def silent_doors(target: Target, dice: random.Random) -> None:
    """Connections to the broker that show no certificate, or one of a foreign authority's shape."""
    lines: list[socket.socket] = []
    try:
        for _ in range(target.amounts.doors):
            if target.is_over():
                break
            with suppress(OSError):
                line = socket.create_connection((HOST, target.broker.port), ANSWER_S)
                lines.append(line)
                line.sendall(dice.randbytes(dice.choice((0, 5, 600))))
                target.done["doors"] += 1
        time.sleep(min(5.0, target.amounts.held_s))
    finally:
        for line in lines:
            line.close()


def private_phones(target: Target, dice: random.Random) -> None:
    """An account without any right registers phones at addresses inside the hub's network."""
    login, password = target.account
    headers = {"Origin": target.url}
    with httpx.Client(base_url=target.url, timeout=ANSWER_S, headers=headers) as client:
        client.post("/login", data={"login": login, "password": password})
        csrf = client.get("/settings").text.partition('data-csrf="')[2].partition('"')[0]
        client.headers["X-CSRF-Token"] = csrf
        point = ec.generate_private_key(ec.SECP256R1()).public_key()
        public = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": _word(public), "auth": _word(dice.randbytes(16))}
        for number in range(target.amounts.phones):
            if target.is_over():
                return
            phone = {"endpoint": f"{dice.choice(PRIVATE)}/{number}", "keys": keys}
            answer = client.post("/api/phones", json=phone)
            target.done[f"phone_{answer.status_code}"] += 1


def _word(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


Attack = Callable[[Target, random.Random], None]
BY_NODE: Final[Mapping[str, Attack]] = MappingProxyType(
    {
        "retained": retained,
        "subscriptions": subscriptions,
        "odd_messages": odd_messages,
        "flood_within_limits": flood_within_limits,
        "flood": flood,
        "large_pictures": large_pictures,
        "large_clips": large_clips,
    }
)
BY_STRANGER: Final[Mapping[str, Attack]] = MappingProxyType(
    {
        "held_uploads": held_uploads,
        "wrong_passwords": wrong_passwords,
        "made_up_cookies": made_up_cookies,
        "silent_doors": silent_doors,
        "private_phones": private_phones,
    }
)
