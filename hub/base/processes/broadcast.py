"""Broadcast: sends small messages from one process of a hub to all others, at once or not at all.

PostgreSQL's NOTIFY carries them, so no table stores them; the server may write what waits there to
its disk, so they are encrypted. A process that is not connected at that moment does not get them.
It is meant for messages that are worthless after seconds or minutes, such as live pictures.
"""

import base64
import threading
from collections import deque
from collections.abc import Callable
from secrets import token_bytes, token_hex
from typing import Final

import psycopg
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.base.backoff import DATABASE_S, Backoff
from hub.base.db.database import Database
from hub.base.processes.change_listener import LINE
from hub.base.processes.waker import Waker

log = structlog.get_logger()

NONCE_BYTES: Final = 12
KEPT: Final = 100
"""Most messages that wait for the server; more are dropped."""
KEPT_BYTES: Final = 16 * 2**20
"""Most bytes of all messages that wait for the server."""
PIECE: Final = 7_800
"""Characters of a notification; PostgreSQL takes less than 8,000 bytes."""
LOOK_S: Final = 30.0
_SEND: Final = (
    "SELECT pg_notify(%s, %s || n || '/' || %s || ' ' || piece)"
    " FROM unnest(%s::text[]) WITH ORDINALITY AS pieces (piece, n) ORDER BY n"
)


class Broadcast:
    """One channel; for any thread. It has a thread of its own from `start` to `stop`."""

    def __init__(self, db: Database, channel: str, key: bytes) -> None:
        """`key`: 32 bytes that only the processes of this hub have."""
        self._db = db
        self._channel = channel
        self._seal = AESGCM(key)
        self._hearers: dict[str, Callable[[bytes], None]] = {}
        self._most_bytes: dict[str, int] = {}
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._pieces: dict[str, list[str]] = {}
        """Received pieces of an incomplete message, by its name."""
        self._waker = Waker()
        self._stop = threading.Event()
        self.is_connected = False
        """Whether messages can come and go now."""
        self.connections = 0
        """Number of sessions with the server so far."""
        self.dropped = 0
        """Messages for which there was no room; the log has the first of each hundred."""
        self._thread = threading.Thread(target=self._run, name=f"broadcast {channel}")

    def hear(self, topic: str, hearer: Callable[[bytes], None], *, most_bytes: int) -> None:
        """`hearer` gets each message of another process on this topic, in this object's thread; if
        it raises ValueError, the message counts as unreadable. A message on this topic has at most
        `most_bytes`. Call it before `start`."""
        self._hearers[topic], self._most_bytes[topic] = hearer, most_bytes

    def say(self, topic: str, message: bytes) -> None:
        """Send to all other processes, on a topic that this one hears too. Never blocks; may be
        lost. ValueError for a message that is too large."""
        most_bytes = self._most_bytes[topic]
        if len(message) > most_bytes:
            raise ValueError(f"a message on {topic!r} has at most {most_bytes} bytes")
        with self._lock:
            waiting_bytes = sum(len(one) for _, one in self._waiting)
            if len(self._waiting) < KEPT and waiting_bytes + len(message) <= KEPT_BYTES:
                self._waiting.append((topic, message))
            else:
                self.dropped += 1
                if self.dropped % KEPT == 1:
                    log.warning("broadcast.full", channel=self._channel, dropped=self.dropped)
        self._waker.wake()

    @property
    def is_alive(self) -> bool:
        """True while its thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Send waiting messages if the server is there, and end. Can be called on an object that
        was never started."""
        self._stop.set()
        self._waker.wake()
        if self.is_alive:
            self._thread.join()
        self._waker.close()

    def _run(self) -> None:
        backoff = Backoff(longest_s=DATABASE_S)
        while not self._stop.is_set():
            try:
                with self._session() as conn:
                    backoff.succeed()
                    self.is_connected = True
                    while not self._stop.is_set():
                        self._waker.wait(conn.fileno(), LOOK_S)
                        self._send(conn)
                        self._take(conn)
                    self._send(conn)
            except (psycopg.Error, OSError) as error:
                if backoff.failures == 0:
                    reason = (str(error).splitlines() or [type(error).__name__])[0]
                    log.warning("broadcast.away", channel=self._channel, reason=reason)
                self.is_connected = False
                self._stop.wait(backoff.fail())

    def _session(self) -> "psycopg.Connection[tuple[object, ...]]":
        address = {**LINE, **self._db.listening_address()}
        conn = psycopg.connect(**address, autocommit=True, application_name=self._channel)
        self.connections += 1
        conn.execute("SET synchronous_commit = off")
        conn.execute(f"LISTEN {self._channel}")
        self._pieces.clear()
        with self._lock:
            self._waiting.clear()  # it is old
        return conn

    def _send(self, conn: psycopg.Connection) -> None:
        while (next_one := self._next()) is not None:
            topic, message = next_one
            nonce = token_bytes(NONCE_BYTES)
            sealed = nonce + self._seal.encrypt(nonce, message, topic.encode())
            text = base64.b64encode(sealed).decode()
            pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
            head, of = f"{topic}:{token_hex(4)} ", f"{len(pieces)}"
            conn.execute(_SEND, (self._channel, head, of, pieces))

    def _next(self) -> tuple[str, bytes] | None:
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def _take(self, conn: psycopg.Connection) -> None:
        for one in conn.notifies(timeout=0):
            if one.pid == conn.info.backend_pid:
                continue
            try:
                whole = self._join(one.payload)
                if whole is not None:
                    self._hand_on(*whole)
            except ValueError as error:
                log.warning("broadcast.unreadable", channel=self._channel, error=str(error))

    def _hand_on(self, topic: str, sealed: bytes) -> None:
        try:
            nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
            message = self._seal.decrypt(nonce, body, topic.encode())
        except InvalidTag as error:
            raise ValueError("it was sealed with another key") from error
        if topic not in self._hearers:
            raise ValueError(f"nobody hears of {topic!r}")
        self._hearers[topic](message)

    def _join(self, payload: str) -> tuple[str, bytes] | None:
        """Topic and sealed message, once its last piece is here. The server delivers all pieces of
        a message together and in order."""
        name, place, piece = payload.split(" ", 2)
        number, _, of = place.partition("/")
        if number == "1":
            self._pieces = {name: []}
        pieces = self._pieces.get(name)
        if pieces is None or len(pieces) + 1 != int(number):
            return None
        pieces.append(piece)
        if int(number) < int(of):
            return None
        del self._pieces[name]
        return name.partition(":")[0], base64.b64decode("".join(pieces), validate=True)
