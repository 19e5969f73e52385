"""Small deeds of many threads in one durable commit: a disk syncs a few hundred times a second."""

import threading
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, cast

from sqlalchemy import Connection

from hub.store.database import Database

MOST: Final = 8
"""Deeds in one transaction: others, alerts among them, wait for the turn meanwhile."""


T = TypeVar("T")


class _Deed(Generic[T]):
    """One on its way into the database."""

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self.work = work
        self.is_done = False
        self.result: T | None = None
        self.error: Exception | None = None


class Together:
    """For any thread. Whoever has the turn writes for all who came during the last commit."""

    def __init__(self, db: Database, *, patience_s: float) -> None:
        """`patience_s`: see `Database.writing`."""
        self._db = db
        self._patience_s = patience_s
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._waiting: list[_Deed[Any]] = []

    @property
    def waiting(self) -> int:
        """How many deeds nobody has begun."""
        return len(self._waiting)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Have this done in a transaction, maybe with others'; what it returned, once durable.

        Raises what it raised, or what the database did. It may be called a second time, when
        another's deed or the commit failed: it must do all of its work through the connection.
        Not to be called by a thread that is writing.
        """
        mine = _Deed(work)
        with self._lock:
            self._waiting.append(mine)
        with self._turn:
            while not mine.is_done:
                with self._lock:
                    batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                try:
                    self._do(batch)
                finally:  # if this thread ends by it, nobody may wait for it for ever
                    _give_up(batch)
        if mine.error is not None:
            raise mine.error
        return cast(T, mine.result)

    def _do(self, batch: list[_Deed[Any]]) -> None:
        try:
            with self._db.writing(patience_s=self._patience_s) as conn:
                results = [deed.work(conn) for deed in batch]
        except Exception as error:  # noqa: BLE001 - handed to who asked for it
            if len(batch) == 1:
                batch[0].error, batch[0].is_done = error, True
                return
            for deed in batch:  # one that fails must not take the others along
                self._do([deed])
            return
        for deed, result in zip(batch, results, strict=True):
            deed.result, deed.is_done = result, True


def _give_up(batch: list[_Deed[Any]]) -> None:
    for deed in batch:
        if not deed.is_done:
            deed.error, deed.is_done = RuntimeError("whoever wrote this ended"), True
