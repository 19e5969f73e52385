"""`Acting`: gives each call of a service one transaction, one moment and one line of the audit log.

A service holds an `Acting` and opens every call with `reading`, `changing` or `part_of`. The scope
check is a query in the same transaction. A call that ends without its line fails.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection

from hub.base.audit import log
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail, plain
from hub.base.audit.log import By
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.errors import DomainError
from hub.base.moment import Moment

How = Literal["refused", "again", "held"]
"""Why an act was not done: no right or not possible, done before, or somebody else holds it."""


@dataclass(frozen=True, slots=True)
class On:
    """The object of an act. Without an id the line names no object."""

    kind: str = ""
    id: UUID | None = None


NOTHING: Final = On()


class UnloggedError(RuntimeError):
    """A fault of the program: somebody would have seen or done something without a line in the
    log."""


@dataclass(frozen=True, slots=True)
class _Line:
    act: str
    on: On
    detail: Detail | None

    def write(self, conn: Connection, by: By, now: Moment) -> None:
        log.note(
            conn,
            by,
            act=self.act,
            object_kind=self.on.kind if self.on.id else "",
            object_id=self.on.id,
            detail=self.detail,
            now=now,
        )


class Reading:
    """One person's read: one snapshot, one moment. Its lines are written when the block ends."""

    def __init__(self, conn: Connection, asker: Asker, now: Moment, act: str, on: On) -> None:
        self.conn: Final = conn
        self.asker: Final = asker
        self.now: Final = now
        self.act: Final = act
        self.on: Final = on
        self.is_refused = False
        self._lines: list[_Line] = []

    @property
    def by(self) -> By:
        """The person, as the author of the lines."""
        return self.asker.by

    def done(self, detail: Detail | None = None, on: On | None = None) -> None:
        """Set the act's line; `on` replaces an object that was not known at the start."""
        self.note(self.act, self.on if on is None else on, detail)

    def refuse(
        self, detail: Detail | None = None, on: On | None = None, *, how: How = "refused"
    ) -> None:
        """Set the line `<act>.refused`, or `.again`, `.held`: nothing was shown or changed."""
        self.is_refused = True
        self.note(f"{self.act}.{how}", self.on if on is None else on, detail)

    def answer(self, found: object, detail: Detail | None = None, on: On | None = None) -> None:
        """Call `done`, or `refuse` if `found` is None or False: an unknown object and another
        person's look alike."""
        if found is None or found is False:
            self.refuse(detail, on)
        else:
            self.done(detail, on)

    def note(self, act: str, on: On = NOTHING, detail: Detail | None = None) -> None:
        """Add a line of another act, beside the line of this one."""
        self._lines.append(_Line(act, on, detail))


class Changing(Reading):
    """One write transaction. Its lines are part of it, also those that row functions write."""

    def note(self, act: str, on: On = NOTHING, detail: Detail | None = None) -> None:
        """Add a line of another act, beside the line of this one."""
        _Line(act, on, detail).write(self.conn, self.by, self.now)


class Acting:
    """The only way for services to reach the database; holds no state of its own. For any thread.

    Blocks are not nested: the line of an inner one would be committed before the outer one ends.
    """

    def __init__(self, db: Database, *, clock: Clock, change_signal: ChangeSignal) -> None:
        self._db = db
        self._clock = clock
        self._change_signal = change_signal

    @contextmanager
    def reading(
        self, asker: Asker, act: str, on: On = NOTHING, *, about: str = ""
    ) -> Iterator[Reading]:
        """A read that writes its own line, in a second transaction: pages do not delay writers.

        The block's result reaches the caller only after the line is committed. A DomainError writes
        `<act>.refused` and is raised again; any other error writes nothing. Raises UnloggedError
        for a block that ends without a line.
        """
        with _alone():
            try:
                with self._db.reading() as conn:
                    look = Reading(conn, asker, self._clock.now(), act, on)
                    yield look
            except DomainError as error:
                self._refused(asker, act, on, error, about)
                raise
            if not look._lines:
                raise UnloggedError(f"{act} was read without a line in the log")
            with self._db.writing() as conn:
                for line in look._lines:
                    line.write(conn, asker.by, self._clock.now())

    @contextmanager
    def part_of(self, asker: Asker, act: str) -> Iterator[Reading]:
        """A read that has no line of its own: `act` is the line that covers it, mostly a page's.

        A test lists every use. Raises UnloggedError for a block that wants to write a line.
        """
        with _alone(), self._db.reading() as conn:
            look = Reading(conn, asker, self._clock.now(), act, NOTHING)
            yield look
        if look._lines:
            raise UnloggedError(f"a part of {act} has no line of its own")

    @contextmanager
    def changing(
        self,
        asker: Asker,
        act: str,
        on: On = NOTHING,
        *,
        about: str = "",
        rings: bool = False,
    ) -> Iterator[Changing]:
        """A change with its line: both are committed, or neither.

        A DomainError undoes it, writes `<act>.refused` with the error's text (and `about`) and is
        raised again; any other error undoes it and writes nothing. Raises UnloggedError, and undoes
        it, for a block that ends without a line. With `rings`, open pages are notified of the
        change after its commit, unless it was refused.
        """
        with _alone():
            try:
                with self._db.writing() as conn:
                    change = Changing(conn, asker, self._clock.now(), act, on)
                    before = log.lines_of(conn, asker.by)
                    yield change
                    if log.lines_of(conn, asker.by) == before:
                        raise UnloggedError(f"{act} was done without a line in the log")
                    if rings and not change.is_refused:
                        self._change_signal.ring_after(conn)
            except DomainError as error:
                self._refused(asker, act, on, error, about)
                raise

    def note(
        self,
        asker: Asker,
        act: str,
        on: On = NOTHING,
        detail: Detail | None = None,
        *,
        is_done: bool = True,
    ) -> None:
        """Write only a line: for acts outside the database, such as the start of a live view."""
        with _alone(), self._db.writing() as conn:
            line = _Line(act if is_done else f"{act}.refused", on, detail)
            line.write(conn, asker.by, self._clock.now())

    def _refused(self, asker: Asker, act: str, on: On, error: DomainError, about: str) -> None:
        """Log in a transaction of its own: the act's transaction is rolled back."""
        with self._db.writing() as conn:
            line = _Line(f"{act}.refused", on, reason_of(error, about))
            line.write(conn, asker.by, self._clock.now())


def reason_of(error: DomainError, about: str = "") -> Detail | None:
    """The error as the detail of a refused act; `about` is shown in parentheses."""
    if not error.log_code:
        return plain(f"{error}: {about}" if about else str(error))
    values = {**error.log_values, "about": about} if about else error.log_values
    return Detail(error.log_code, **values)


_here = threading.local()


@contextmanager
def _alone() -> Iterator[None]:
    """Refuse a block inside another block of the same thread."""
    if getattr(_here, "is_acting", False):
        raise RuntimeError("this thread already reads or changes something for a person")
    _here.is_acting = True
    try:
        yield
    finally:
        _here.is_acting = False
