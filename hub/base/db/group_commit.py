"""Group commit: puts small writes of many threads into one durable commit, because a disk syncs
only a few hundred times a second."""

import threading
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, cast

from sqlalchemy import Connection

from hub.base.db.database import Database

MOST: Final = 8
"""Writes per transaction: others, such as alerts, wait meanwhile."""


T = TypeVar("T")


class _Write(Generic[T]):
    """One waiting write."""

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self.work = work
        self.is_done = False
        self.result: T | None = None
        self.error: Exception | None = None


class GroupCommit:
    """Commits small writes of many threads together. For any thread. The thread that can write
    next also does the writes that arrived during the last commit."""

    def __init__(self, db: Database, *, patience_s: float) -> None:
        """`patience_s`: see `Database.writing`."""
        self._db = db
        self._patience_s = patience_s
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._waiting: list[_Write[Any]] = []

    @property
    def waiting(self) -> int:
        """Number of writes not started yet."""
        return len(self._waiting)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction, perhaps with other writes; returns its result once durable.

        Raises the errors of `work` and of the database. `work` may run a second time if another
        write or the commit failed: it must do everything through the connection. Do not call it in
        a thread that is already writing.
        """
        mine = _Write(work)
        with self._lock:
            self._waiting.append(mine)
        with self._turn:
            while not mine.is_done:
                with self._lock:
                    batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                try:
                    self._do(batch)
                finally:  # if an exception ends this thread, no other may wait for ever
                    _give_up(batch)
        if mine.error is not None:
            raise mine.error
        return cast(T, mine.result)

    def _do(self, batch: list[_Write[Any]]) -> None:
        try:
            with self._db.writing(patience_s=self._patience_s) as conn:
                results = [write.work(conn) for write in batch]
        except Exception as error:  # noqa: BLE001 - handed to who asked for it
            if len(batch) == 1:
                batch[0].error, batch[0].is_done = error, True
                return
            for write in batch:  # a failing write must not undo the others
                self._do([write])
            return
        for write, result in zip(batch, results, strict=True):
            write.result, write.is_done = result, True


def _give_up(batch: list[_Write[Any]]) -> None:
    for write in batch:
        if not write.is_done:
            write.error, write.is_done = RuntimeError("whoever wrote this ended"), True
