"""Attendance: which roles the processes of one database serve, and which of them hear the broker.

Every process keeps one session with PostgreSQL, and in it a lock for each of its roles. PostgreSQL
frees the locks of a process that dies, so there is no row that outlives it. Each name at the broker
has a lock too, because the broker lets one connection have it. A process that finds no free name
stands by. Who hears the broker is a member: members divide the nodes (`hub.intake.shards`).

A process that cannot ask PostgreSQL does not know whether it still has its name. Then it begins
nothing at the broker, and keeps a connection that it has: nobody else can do better, unless
PostgreSQL hears the others alone. Then one of them takes the name, and the broker ends the older
connection. A message that two processes receive is stored once, by its id.
"""

import json
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from secrets import randbelow, token_hex
from typing import Final

import psycopg
import structlog
from sqlalchemy.engine import URL

from agent.wire.brokers import MOST_BROKERS
from hub.app.roles.names import INTAKE, NOTIFY, ROLES, in_order
from hub.base.backoff import Backoff
from hub.base.db.database import LINE, DatabaseError
from hub.base.processes.waker import Waker
from hub.intake.replies import Reply
from hub.nodes.pki.authority import HUB_NAME, HUB_NAMES

log = structlog.get_logger()

LOOK_S: Final = 1.0
"""Interval between two looks."""
TRUST_S: Final = 5.0
"""A look is believed so long. A line that is cut is noticed within this time as well."""
SENDERS_S: Final = 3.0
"""Who sends is believed for less time: others end the leases of a process that they miss for 4 s,
and one that has come since the last look must not lose its own."""
KEPT_WORDS: Final = 200
"""Most words that wait for the intake; more are refused."""
MOST_BYTES: Final = 7_900
"""Largest notification in bytes; PostgreSQL takes 8,000."""

_CLASS: Final = 0x4D61_7474
"""First number of all these advisory locks; the second is below."""
_OF_ROLE: Final = {role: number for number, role in enumerate(ROLES, start=1)}
_OF_NAME: Final = dict(zip(HUB_NAMES, (10, *range(12, 11 + len(HUB_NAMES))), strict=True))
"""Second number by name at the broker. 11 is not used again: it marked the process that heard the
broker, when there was only one broker."""
_HEARS: Final = _CLASS + 1
"""First number of the locks of processes that hear broker 0, and so on for further brokers; the
second number is the process's own."""
_SENDS: Final = _HEARS + MOST_BROKERS
"""First number of the locks of processes that send notifications; the second is their own."""
_CHANNEL: Final = "matthan_words"

_HELD: Final = (
    "SELECT DISTINCT classid::bigint, objid::int FROM pg_locks WHERE locktype = 'advisory'"
    " AND granted AND classid BETWEEN %s AND %s AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_END_OLDER: Final = (
    "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity"
    " WHERE application_name = %s AND pid <> pg_backend_pid() AND usename = current_user"
)
ENDS_MS: Final = 2000
_KEEPALIVES: Final = {"idle": 4, "interval": 4, "count": 2}
"""The server ends the session of a machine that lost its power after 12 s: idle + interval * count
(Linux ends it one interval after the last unanswered probe). The machine itself trusts no session
that is silent for `TRUST_S`."""


def served_now(url: URL) -> list[str]:
    """Roles that some process of this PostgreSQL database has now; raises psycopg.Error."""
    with psycopg.connect(_conninfo(url), autocommit=True) as conn:
        held, _, _ = _held(conn)
    return in_order(role for role, number in _OF_ROLE.items() if number in held)


def refuse_while_running(url: URL) -> None:
    """ValueError if a process of this PostgreSQL database runs, on whatever machine; DatabaseError
    if that cannot be known."""
    try:
        served = served_now(url)
    except psycopg.Error as error:
        where = url.render_as_string(hide_password=True)
        why = (str(error).splitlines() or ["lost"])[0]
        raise DatabaseError(f"the database {where} cannot be asked: {why}") from error
    if served:
        raise ValueError("a hub is running. Stop it on all machines, and run this then")


class Attendance:
    """Attendance of this process. For any thread; it has a thread of its own from `start` to
    `stop`."""

    def __init__(
        self,
        url: URL,
        roles: Iterable[str],
        *,
        member: int = 0,
        names: Sequence[str] = (HUB_NAME,),
        hears: Callable[[], Collection[int]] = tuple,
        publish: Callable[[Reply], bool] = lambda _reply: False,
        beat: Callable[[], None] = lambda: None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`member`: this process's number; 0: any. `names`: at the brokers, for which it has a
        certificate. `hears`: numbers of the brokers that it hears, the same in all processes;
        `publish` sends to a node."""
        self._conninfo = _conninfo(url)
        self._member = member or 1 + randbelow(2**31 - 1)
        self._names = tuple(names)
        self._name_held = self._names[0]
        self._roles = frozenset(roles)
        self._hears = hears
        self._publish = publish
        self._beat = beat
        self._now_s = now_s
        self._name = f"matthan-hub {','.join(in_order(self._roles))} {token_hex(4)}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="attendance")
        self._words: queue.Queue[Reply] = queue.Queue(KEPT_WORDS)
        self._waker = Waker()
        self._held: frozenset[int] = frozenset()
        self._hearers: tuple[frozenset[int], ...] = ()
        """Numbers of the processes that hear each broker."""
        self._senders: frozenset[int] = frozenset()
        self._mine: set[int] = set()
        self._heard: set[int] = set()
        self._looked_s = float("-inf")

    @property
    def leads(self) -> bool:
        """True while this process has a name at the broker and is sure of it."""
        return self.is_intake_ours is True

    @property
    def is_intake_ours(self) -> bool | None:
        """Whether this process has a name at the broker; None while PostgreSQL cannot be asked."""
        mine = self._mine  # before the question whether it is still believed, see `_forget`
        return _OF_NAME[self._name_held] in mine if self._is_fresh else None

    @property
    def name_at_broker(self) -> str:
        """The name that this process has at the broker, or had last."""
        return self._name_held

    @property
    def members(self) -> frozenset[int] | None:
        """Numbers of the processes that hear the most brokers: they divide the nodes. None while
        that is not known."""
        hearers = self._hearers
        return best_hearers(hearers) if self._is_fresh else None

    @property
    def senders(self) -> frozenset[int] | None:
        """Numbers of the processes that send notifications; None while that is not known."""
        senders = self._senders
        return senders if self._now_s() - self._looked_s < SENDERS_S else None

    def unheard(self, brokers: int) -> list[int] | None:
        """Numbers of the brokers (from 0, `brokers` in all) that not every member hears: none does,
        or no process hears all brokers. None while that is not known."""
        hearers = self._hearers[:brokers]
        members = best_hearers(hearers)
        away = [place for place, who in enumerate(hearers) if not (who and who >= members)]
        return away if self._is_fresh else None

    @property
    def hears_nodes(self) -> bool:
        """True while some process hears the broker."""
        return bool(self.members)

    @property
    def unserved(self) -> list[str] | None:
        """Roles that no process has; None while that is not known."""
        if not self._is_fresh:
            return None
        return in_order(role for role, number in _OF_ROLE.items() if number not in self._held)

    @property
    def _is_fresh(self) -> bool:
        return self._now_s() - self._looked_s < TRUST_S

    def say(self, reply: Reply) -> bool:
        """Hand a message for a node to the process with the intake; False if no process hears the
        broker. Never blocks."""
        if not self.hears_nodes or len(_packed(reply)) > MOST_BYTES:
            return False
        try:
            self._words.put_nowait(reply)
        except queue.Full:
            return False
        self._waker.wake()
        return True

    @property
    def is_alive(self) -> bool:
        """True while its thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Take the locks of this process's roles, and begin to observe the others."""
        self._thread.start()

    def stop(self) -> None:
        """Free all locks. Call it after the intake of this process has ended, so that the next one
        does not begin earlier."""
        self._stop.set()
        self._waker.wake()
        self._thread.join()
        self._waker.close()

    def _run(self) -> None:
        """A database that is away is tried again."""
        backoff, is_away, stop = Backoff(longest_s=LOOK_S), False, self._stop
        while not stop.is_set():
            self._beat()
            try:
                with self._session() as conn:
                    is_away = False
                    while not stop.is_set():
                        self._beat()
                        self._look(conn)
                        backoff.succeed()
                        self._waker.wait(conn.fileno(), LOOK_S)
            except psycopg.Error as error:
                if not is_away:
                    log.warning(
                        "roles.database",
                        reason=(str(error).splitlines() or ["lost"])[0],
                        effect="who has which role is not known; it is tried again each second",
                    )
                is_away = True
                stop.wait(backoff.fail())
            finally:
                self._forget()

    def _forget(self) -> None:
        """The session has ended: first trust the known locks no more, then drop them. In the other
        order another thread would see for a moment that the intake is not ours."""
        self._looked_s = float("-inf")
        self._mine, self._held, self._hearers = set(), frozenset(), ()
        self._senders = frozenset()
        with suppress(queue.Empty):  # a live view that nobody waits for any more must not begin
            while True:
                self._words.get_nowait()

    def _look(self, conn: psycopg.Connection) -> None:
        """Take the locks that are due, send the waiting messages, and read which processes are
        there."""
        if INTAKE in self._roles:
            self._take_name(conn)
        if NOTIFY in self._roles and self._member not in self._senders:
            conn.execute("SELECT pg_try_advisory_lock(%s, %s)", (_SENDS, self._member))
        self._follow(conn)
        with suppress(queue.Empty):
            while True:
                words = _packed(self._words.get_nowait())
                conn.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, words))
        self._held, self._hearers, self._senders = _held(conn)
        self._looked_s = self._now_s()

    def _session(self) -> psycopg.Connection:
        conn = psycopg.connect(
            self._conninfo,
            autocommit=True,
            tcp_user_timeout=int(TRUST_S * 1000),
            application_name=self._name,
        )
        self._heard = set()
        # The one before may still be there, with the locks, if only the line to it was cut.
        conn.execute(_END_OLDER, (ENDS_MS, self._name))
        for name, value in _KEEPALIVES.items():
            conn.execute(f"SET tcp_keepalives_{name} = {value}")
        conn.add_notify_handler(self._hear)
        if INTAKE in self._roles:
            conn.execute(f"LISTEN {_CHANNEL}")
        for role in self._roles:
            self._take(conn, _OF_ROLE[role], "pg_try_advisory_lock_shared")
        return conn

    def _take_name(self, conn: psycopg.Connection) -> None:
        """The one that it had, or the first that is free."""
        if _OF_NAME[self._name_held] in self._mine:
            return
        for name in dict.fromkeys((self._name_held, *self._names)):
            if self._take(conn, _OF_NAME[name], "pg_try_advisory_lock"):
                self._name_held = name
                log.info(
                    "intake.ours",
                    name=name,
                    meaning="this process receives what the camera boxes send",
                )
                return

    def _follow(self, conn: psycopg.Connection) -> None:
        """Say which brokers it hears: also in the first look of a session, or it would give all its
        shards away until the second."""
        heard = set(self._hears()) if _OF_NAME[self._name_held] in self._mine else set()
        for place in heard ^ self._heard:
            how = "pg_try_advisory_lock" if place in heard else "pg_advisory_unlock"
            mine = _HEARS + place, self._member
            row = conn.execute(f"SELECT {how}(%s, %s)", mine).fetchone()
            if place not in heard:
                self._heard.discard(place)
            elif row == (True,):
                self._heard.add(place)

    def _take(self, conn: psycopg.Connection, number: int, how: str) -> bool:
        row = conn.execute(f"SELECT {how}(%s, %s)", (_CLASS, number)).fetchone()
        if row is not None and row[0]:
            self._mine.add(number)
        return number in self._mine

    def _hear(self, said: psycopg.Notify) -> None:
        if not self.leads:
            return
        try:
            self._publish(_unpacked(said.payload))
        except (ValueError, KeyError, TypeError) as error:
            log.warning("roles.unreadable_words", error=str(error))


def _conninfo(url: URL) -> str:
    """The address for psycopg. A lost server of several costs the whole time of a connection, so
    the time in the address counts."""
    own = {"connect_timeout": str(LINE["connect_timeout"]), **url.query}
    return url.set(drivername="postgresql", query=own).render_as_string(hide_password=False)


def _held(
    conn: psycopg.Connection,
) -> tuple[frozenset[int], tuple[frozenset[int], ...], frozenset[int]]:
    """Locks of roles and names that somebody holds, who hears each broker, and who sends."""
    rows = conn.execute(_HELD, (_CLASS, _SENDS)).fetchall()
    first, *hearers, senders = (
        frozenset(number for kind, number in rows if kind == _CLASS + place)
        for place in range(MOST_BROKERS + 2)
    )
    return first, tuple(hearers), senders


def best_hearers(hearers: Sequence[Collection[int]]) -> frozenset[int]:
    """The processes that hear the most brokers. If any hears all that anybody hears, these do."""
    heard = Counter(member for who in hearers for member in who)
    most = max(heard.values(), default=0)
    return frozenset(member for member, number in heard.items() if number == most)


def _packed(reply: Reply) -> str:
    words = {"topic": reply.topic, "say": reply.payload.decode(), "for_s": reply.expires_s}
    return json.dumps(words, ensure_ascii=False)


def _unpacked(text: str) -> Reply:
    said = json.loads(text)
    return Reply(str(said["topic"]), str(said["say"]).encode(), expires_s=int(said["for_s"]))
