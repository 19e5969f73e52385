"""A network camera with odd habits: RTSP on loopback, from an elementary stream.

Each connection has a thread that answers and sends; `Seen` records what the tests ask for.
"""

import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import md5
from types import TracebackType
from typing import Final, Self

from agent.cameras.rtsp.rtp_replay import Codec
from tests.agent.rigs.packing import TYPE, Pack, Unit, plainly, sdp_lines

NAME: Final = "quan ly"
PASSWORD: Final = "wr0ng or right"
LOGIN: Final = "quan%20ly:wr0ng%20or%20right"
NAMES: Final[Mapping[Codec, str]] = {"h264": "H264", "hevc": "H265"}
PACE_S: Final = 0.002
"""From picture to picture, of which the stamps say 40 ms: nobody wants to wait for a test."""
DIGEST: Final = 'Digest realm="Login to 6C03", nonce="n1"'

Before = Callable[[int, bytes], bytes]
"""What goes over the line for the packets of the picture of that number, framed."""


def as_it_is(number: int, framed: bytes) -> bytes:
    del number
    return framed


def unchanged(codec: Codec, unit: Unit) -> Unit:
    del codec
    return unit


@dataclass(frozen=True)
class Habits:
    """Behaviour of the camera."""

    challenges: tuple[str, ...] = ()
    """`WWW-Authenticate`, one a line; with them nobody comes in without the login."""
    takes: int = 100
    """Connections in its life; who comes later is told 453."""
    redirects: bool = False
    sends_over_tcp: bool = True
    has_sets: bool = True
    """In the offer."""
    offers: Callable[[Codec, Unit], Unit] = unchanged
    """What the parameter sets become before they are in the offer."""
    called: str = ""
    """Name of the codec in the offer, if not the true one."""
    further: str = ""
    """Another medium in the offer: its lines `m` and `a=rtpmap`. It comes on channel 2."""
    pack: Pack = plainly
    before: Before = as_it_is
    lasts: int = 10**9
    """Pictures, after which it ends."""
    change: Callable[[Codec, Unit], Unit] = unchanged
    """What a picture's units become before they are packed."""

    def sent(self, codec: Codec, units: list[Unit]) -> list[Unit]:
        """The pictures that it sends."""
        return [self.change(codec, unit) for unit in units]


@dataclass
class Seen:
    """Requests that the camera received."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    open: int = 0


class FakeCamera:
    """One address on loopback, with the stream that it sends over and over."""

    def __init__(self, codec: Codec, units: list[Unit], habits: Habits) -> None:
        self.codec, self.units, self.habits = codec, units, habits
        self.seen = Seen()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._is_over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._taken = 0
        self.port: int = self._server.getsockname()[1]

    def url(self, path: str = "/cam", login: str = "") -> str:
        return f"rtsp://{login + '@' if login else ''}127.0.0.1:{self.port}{path}"

    def __enter__(self) -> Self:
        self._begin(self._listen)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        self._server.close()

    def _begin(self, run: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()

    def _listen(self) -> None:
        self._server.settimeout(0.005)
        while not self._is_over.is_set():
            try:
                line, _ = self._server.accept()
            except TimeoutError:
                continue
            self._taken += 1
            caller = Caller(self, line, is_taken=self._taken <= self.habits.takes)
            self._begin(lambda caller=caller: caller.serve(self._is_over))  # type: ignore[misc] # a lambda's default


class Caller:
    """One connection."""

    def __init__(self, camera: FakeCamera, line: socket.socket, *, is_taken: bool) -> None:
        self._camera, self._line, self._is_taken = camera, line, is_taken
        self._heard = b""
        self._plays = False

    def serve(self, is_over: threading.Event) -> None:
        self._camera.seen.open += 1
        try:
            with self._line:
                try:
                    self._talk(is_over)
                except OSError:
                    self._hear()  # the last words came before it hung up
        except (OSError, EOFError):
            pass
        finally:
            self._camera.seen.open -= 1

    def _talk(self, is_over: threading.Event) -> None:
        pieces, due_s = iter(()), 0.0
        sending: Iterator[bytes] = pieces
        while not is_over.is_set():
            wait_s = max(0.0, due_s - time.monotonic()) if self._plays else 0.005
            if select.select([self._line], [], [], wait_s)[0]:
                self._hear()
            if self._plays and sending is pieces:
                sending, due_s = self._sent(), time.monotonic()
            if self._plays and time.monotonic() >= due_s:
                due_s += PACE_S
                if not (data := next(sending, b"")):
                    raise EOFError
                self._line.sendall(data)

    def _sent(self) -> Iterator[bytes]:
        """Each picture's bytes on the line."""
        habits = self._camera.habits
        codec = self._camera.codec
        packets = habits.pack(codec, habits.sent(codec, self._camera.units))
        for number, picture in enumerate(packets):
            if number >= habits.lasts:
                return
            framed = b"".join(b"$\0" + len(one).to_bytes(2) + one for one in picture)
            yield habits.before(number, framed)

    def _hear(self) -> None:
        came = self._line.recv(65_536)
        if not came:
            raise EOFError
        self._heard += came
        while self._heard:
            if self._heard[:1] == b"$":
                if len(self._heard) < 4 or len(self._heard) < 4 + int.from_bytes(self._heard[2:4]):
                    return
                self._heard = self._heard[4 + int.from_bytes(self._heard[2:4]) :]
                continue
            head, mark, rest = self._heard.partition(b"\r\n\r\n")
            if not mark:
                return
            self._heard = rest
            self._words(head.decode())

    def _words(self, head: str) -> None:
        first, *lines = head.split("\r\n")
        if first.startswith("RTSP/"):  # an answer to garbage that looked like a request
            return
        method, url, _ = first.split(" ")
        said = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
        self._camera.seen.requests.append((method, url))
        if "authorization" in said:
            self._camera.seen.signed.append(said["authorization"])
        status, headers, body = self._answer(method, url, said)
        words = [f"RTSP/1.0 {status}", f"CSeq: {said['cseq']}", *headers]
        if body:
            words.append(f"Content-Length: {len(body)}")
        self._line.sendall(("\r\n".join(words) + "\r\n\r\n" + body).encode())
        if method == "TEARDOWN":
            raise EOFError
        self._plays |= method == "PLAY" and status == "200 OK"

    def _answer(self, method: str, url: str, said: Mapping[str, str]) -> tuple[str, list[str], str]:
        habits = self._camera.habits
        if not self._is_taken:
            return "453 Not Enough Bandwidth", [], ""
        if habits.challenges and (why := self._is_refused(method, url, said)) is not None:
            return "401 Unauthorized", why, ""
        if method == "DESCRIBE":
            return self._described(url)
        if method == "SETUP" and not habits.sends_over_tcp:
            return "461 Unsupported transport", [], ""
        headers = {
            "OPTIONS": ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"],
            "SETUP": [f"Transport: {said.get('transport', '')}", "Session: 7E4A"],
        }
        return "200 OK", headers.get(method, []), ""

    def _described(self, url: str) -> tuple[str, list[str], str]:
        if self._camera.habits.redirects and url.endswith("/cam"):
            return "302 Found", [f"Location: {url.replace('/cam', '/elsewhere')}"], ""
        return "200 OK", [f"Content-Base: {url}/"], self._offer()

    def _offer(self) -> str:
        habits, codec = self._camera.habits, self._camera.codec
        sets = habits.offers(codec, self._camera.units[0])
        fmtp = ";".join(sdp_lines(codec, [sets]) if habits.has_sets else [])
        further = [habits.further, "a=control:trackID=2"] if habits.further else []
        return "\r\n".join(
            [
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=Media Server\r\nt=0 0",
                "a=control:*",
                f"m=video 0 RTP/AVP {TYPE}",
                f"a=rtpmap:{TYPE} {habits.called or NAMES[codec]}/90000",
                f"a=fmtp:{TYPE} {fmtp}",
                "a=control:trackID=1",
                *further,
                "",
            ]
        )

    def _is_refused(self, method: str, url: str, said: Mapping[str, str]) -> list[str] | None:
        """The challenge, unless the login is right."""
        habits, words = self._camera.habits, said.get("authorization", "")
        told = dict(re.findall(r'(\w+)="?([^",]*)', words))
        if words.startswith("Digest") and told.get("uri") == url:
            who, what = _hash(f"{NAME}:{told['realm']}:{PASSWORD}"), _hash(f"{method}:{url}")
            if told["response"] == _hash(f"{who}:{told['nonce']}:{what}"):
                return None
        return [f"WWW-Authenticate: {one}" for one in habits.challenges]


def _hash(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
