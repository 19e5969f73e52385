"""A push service on loopback, for tests and the demo: what Mozilla, Google or Apple run, in small.

Towards the hub it speaks RFC 8030 and is strict: TTL, Urgency, Topic, size, and the VAPID token's
signature, audience and expiry (RFC 8292) are checked. Towards a real Firefox it speaks Mozilla's
autopush WebSocket protocol. For everybody else it has phones of its own, which decrypt
(RFC 8291) what they are sent and write it down, and it can lie about them on command.

    python deploy/push_service.py --port 8099 --received received.jsonl
    curl -X POST localhost:8099/phones          # a subscription, as a browser's toJSON() gives it
    curl -X POST localhost:8099/phones/ID/lies -d '{"lie": "busy", "times": 3, "retry_after_s": 2}'
"""

import argparse
import asyncio
import base64
import json
import os
import re
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import http_ece
from aiohttp import WSMsgType, web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

MOST_BODY_BYTES = 4096
LONGEST_TOKEN_S = 24 * 3600
START_S = 120.0
URGENCIES = {"very-low", "low", "normal", "high"}
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")

Kind = Literal["busy", "slow_down", "hang", "cut", "gone", "too_large", "forbidden"]


@dataclass
class Lie:
    """Fault that the next messages to a phone get as the answer.

    busy 503 · slow_down 429 with Retry-After · hang no answer · cut delivered, but the answer is
    lost · gone 410 · too_large 413 · forbidden 403.
    """

    kind: Kind
    times: int = 1
    retry_after_s: int | None = None


@dataclass
class Phone:
    """One subscription: a browser on a WebSocket, or a phone of the service's own with its keys."""

    phone_id: str
    server_key: str | None = None  # the only hub that may push to it, if it said so
    socket: web.WebSocketResponse | None = None
    private_key: ec.EllipticCurvePrivateKey | None = None
    auth: bytes = b""
    lies: deque[Lie] = field(default_factory=deque)
    waiting: list[dict[str, Any]] = field(default_factory=list)  # for a browser that is away

    def next_lie(self) -> Lie | None:
        if not self.lies:
            return None
        lie = self.lies[0]
        lie.times -= 1
        if lie.times <= 0:
            self.lies.popleft()
        return lie


class RefusedError(Exception):
    """The hub's request is wrong: status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class PushService:
    """Runs in one event loop; `address` is set once it listens."""

    def __init__(self, *, received: Path | None = None) -> None:
        """`received`: a JSON-lines file to which the service's own phones append."""
        self.address = ""
        self.phones: dict[str, Phone] = {}
        self.messages: list[dict[str, Any]] = []  # what the service's own phones decrypted
        self.requests: list[dict[str, Any]] = []  # every push, accepted or not
        self.acks: list[dict[str, Any]] = []  # what browsers said of what they were handed
        self._received = received

    # --- phones of the service's own --------------------------------------------------------

    def make_phone(self, *, server_key: str | None = None) -> dict[str, Any]:
        """A subscription as a browser's `PushSubscription.toJSON()` gives it."""
        private_key = ec.generate_private_key(ec.SECP256R1())
        phone = Phone(uuid4().hex, server_key, private_key=private_key, auth=os.urandom(16))
        self.phones[phone.phone_id] = phone
        point = private_key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {
            "endpoint": self.endpoint_of(phone.phone_id),
            "expirationTime": None,
            "keys": {"p256dh": to_base64url(point), "auth": to_base64url(phone.auth)},
        }

    def lie(self, endpoint: str, kind: Kind, *, times: int = 1, after_s: int | None = None) -> None:
        """Let the next pushes to this endpoint go wrong."""
        phone = self.phones[endpoint.rsplit("/", 1)[1]]
        phone.lies.append(Lie(kind, times=times, retry_after_s=after_s))

    def endpoint_of(self, phone_id: str) -> str:
        """Address to which a hub posts messages for this phone."""
        return f"{self.address}/wpush/{phone_id}"

    def _read(self, phone: Phone, body: bytes, headers: dict[str, str]) -> None:
        plain = http_ece.decrypt(
            body, private_key=phone.private_key, auth_secret=phone.auth, version="aes128gcm"
        )
        message = {
            "phone": phone.phone_id,
            "arrived_utc_us": time.time_ns() // 1000,
            "headers": headers,
            "message": json.loads(plain),
        }
        self.messages.append(message)
        if self._received is not None:
            with self._received.open("a", encoding="utf-8") as file:
                file.write(json.dumps(message, ensure_ascii=False) + "\n")

    # --- towards the hub: RFC 8030 ----------------------------------------------------------

    async def push(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        phone = self.phones.get(request.match_info["phone"])
        if phone is None:
            self._note(request, 410)
            return web.json_response({"message": "no such subscription"}, status=410)
        try:
            headers = self._checked(request, phone, body)
        except RefusedError as refusal:
            self._note(request, refusal.status)
            return web.json_response({"message": str(refusal)}, status=refusal.status)
        lie = phone.next_lie()
        if lie is not None and lie.kind != "cut":
            return await self._lie(request, phone, lie)
        try:
            await self._deliver(phone, body, headers)
        except (ValueError, http_ece.ECEException) as error:
            self._note(request, 400)
            return web.json_response({"message": f"cannot be decrypted: {error}"}, status=400)
        self._note(request, 201)
        if lie is not None:
            return _hang_up(request)
        answer = {"Location": f"{self.address}/m/{uuid4().hex}", "TTL": headers["ttl"]}
        return web.Response(status=201, headers=answer)

    def _checked(self, request: web.Request, phone: Phone, body: bytes) -> dict[str, str]:
        ttl, urgency = request.headers.get("TTL", ""), request.headers.get("Urgency", "normal")
        topic = request.headers.get("Topic")
        if not ttl.isdecimal():
            raise RefusedError(400, "TTL missing or no number")
        if urgency not in URGENCIES:
            raise RefusedError(400, f"unknown Urgency {urgency}")
        if topic is not None and not TOPIC.fullmatch(topic):
            raise RefusedError(400, "Topic is not 1-32 base64url characters")
        if request.headers.get("Content-Encoding") != "aes128gcm":
            raise RefusedError(400, "Content-Encoding is not aes128gcm")
        if len(body) > MOST_BODY_BYTES:
            raise RefusedError(413, f"{len(body)} bytes, more than {MOST_BODY_BYTES}")
        key = check_vapid(request.headers.get("Authorization", ""), audience=self.address)
        if phone.server_key is not None and phone.server_key != key:
            raise RefusedError(403, "another hub's key")
        return {"ttl": ttl, "urgency": urgency, "topic": topic or "", "server_key": key}

    async def _deliver(self, phone: Phone, body: bytes, headers: dict[str, str]) -> None:
        if phone.private_key is not None:
            self._read(phone, body, headers)
            return
        notification = {
            "messageType": "notification",
            "channelID": phone.phone_id,
            "version": uuid4().hex,
            "data": to_base64url(body),
            "headers": {"encoding": "aes128gcm"},
        }
        if phone.socket is None or phone.socket.closed:
            phone.waiting.append(notification)
        else:
            await phone.socket.send_json(notification)

    async def _lie(self, request: web.Request, phone: Phone, lie: Lie) -> web.StreamResponse:
        self._note(request, 0, lie=lie.kind)
        if lie.kind == "hang":
            await asyncio.sleep(3600)
        if lie.kind == "gone":
            self.phones.pop(phone.phone_id, None)
        status = {"busy": 503, "slow_down": 429, "gone": 410, "too_large": 413, "forbidden": 403}
        answer = web.json_response({"message": lie.kind}, status=status.get(lie.kind, 500))
        if lie.retry_after_s is not None:
            answer.headers["Retry-After"] = str(lie.retry_after_s)
        return answer

    def _note(self, request: web.Request, status: int, *, lie: str = "") -> None:
        self.requests.append(
            {
                "phone": request.match_info["phone"],
                "arrived_utc_us": time.time_ns() // 1000,
                "status": status,
                "lie": lie,
                "headers": dict(request.headers),
            }
        )

    # --- towards a browser: Mozilla's autopush protocol --------------------------------------

    async def browser(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("push-notification",))
        await socket.prepare(request)
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                await self._hear(socket, json.loads(frame.data))
        return socket

    async def _hear(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        match said.get("messageType"):
            case None:
                await socket.send_str("{}")  # a ping
            case "hello":
                await self._greet(socket, said)
            case "register":
                key = said["key"].rstrip("=") if said.get("key") else None  # Firefox pads it
                phone = Phone(said["channelID"], server_key=key, socket=socket)
                self.phones[phone.phone_id] = phone
                endpoint = {"status": 200, "pushEndpoint": self.endpoint_of(phone.phone_id)}
                await socket.send_json(said | endpoint)
            case "unregister":
                self.phones.pop(said["channelID"], None)
                await socket.send_json(said | {"status": 200})
            case "ack" | "nack":
                self.acks.append(said)

    async def _greet(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        uaid = said.get("uaid") or uuid4().hex
        greeting = {"messageType": "hello", "uaid": uaid, "status": 200}
        await socket.send_json(greeting | {"use_webpush": True, "broadcasts": {}})
        for channel in said.get("channelIDs") or ():
            phone = self.phones.get(channel)
            if phone is None:
                continue
            phone.socket = socket
            waiting, phone.waiting = phone.waiting, []
            for notification in waiting:
                await socket.send_json(notification)

    # --- towards whoever tries the hub -------------------------------------------------------

    async def post_phone(self, request: web.Request) -> web.Response:
        asked = await request.json() if request.can_read_body else {}
        return web.json_response(self.make_phone(server_key=asked.get("server_key")))

    async def post_lie(self, request: web.Request) -> web.Response:
        asked = await request.json()
        lie = Lie(asked["lie"], asked.get("times", 1), asked.get("retry_after_s"))
        self.phones[request.match_info["phone"]].lies.append(lie)
        return web.json_response({})

    async def get_messages(self, _request: web.Request) -> web.Response:
        return web.json_response(self.messages)

    async def get_acks(self, _request: web.Request) -> web.Response:
        return web.json_response(self.acks)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=2**20)
        app.add_routes(
            [
                web.get("/", self.browser),
                web.post("/wpush/{phone}", self.push),
                web.post("/phones", self.post_phone),
                web.post("/phones/{phone}/lies", self.post_lie),
                web.get("/messages", self.get_messages),
                web.get("/acks", self.get_acks),
            ]
        )
        return app


def check_vapid(authorization: str, *, audience: str) -> str:
    """The public key that signed; RefusedError for anything a real service would refuse."""
    found = re.fullmatch(r"vapid t=([^,]+), ?k=([\w-]+)", authorization)
    if found is None:
        raise RefusedError(401, "no VAPID token")
    token, key = found.groups()
    try:
        head, claims, signature = token.split(".")
        raw = from_base64url(signature)
        r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), from_base64url(key))
        public.verify(
            encode_dss_signature(r, s), f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256())
        )
        said = json.loads(from_base64url(claims))
    except (ValueError, InvalidSignature) as error:
        raise RefusedError(403, "VAPID token is not signed by its key") from error
    if said.get("aud") != audience:
        raise RefusedError(403, f"VAPID token is for {said.get('aud')}")
    if not 0 < said.get("exp", 0) - time.time() <= LONGEST_TOKEN_S:
        raise RefusedError(403, "VAPID token expired, or valid for more than a day")
    if not str(said.get("sub", "")).startswith(("mailto:", "https:")):
        raise RefusedError(403, "VAPID token does not say whom to ask")
    return key


def _hang_up(request: web.Request) -> web.Response:
    """Close the connection with the answer unsaid."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=201)


def to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@asynccontextmanager
async def serving(service: PushService, *, port: int = 0) -> AsyncIterator[PushService]:
    """The service on a loopback port (0: a free one), in the running loop."""
    runner = web.AppRunner(service.app(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        service.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield service
    finally:
        await runner.cleanup()


@contextmanager
def in_thread(service: PushService, *, port: int = 0) -> Iterator[PushService]:
    """Serve like `serving`, in a thread, for callers without a loop."""
    ready, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        async with serving(service, port=port):
            ready.set()
            await stop.wait()

    # asyncio.run also ends the requests that were left hanging.
    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    if not ready.wait(START_S):
        raise RuntimeError(f"the push service did not start within {START_S:.0f} s")
    try:
        yield service
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(10)


def main() -> None:
    parser = argparse.ArgumentParser(description="A push service on loopback.")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--received", type=Path, help="JSON lines of what its phones were told")
    asked = parser.parse_args()

    async def serve() -> None:
        async with serving(PushService(received=asked.received), port=asked.port) as service:
            print(service.address, flush=True)
            await asyncio.Event().wait()

    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
