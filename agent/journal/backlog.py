"""Queue of entries for the journal, in order, also while the journal refuses writes."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from agent.journal.errors import JournalCorrupt, JournalError
from agent.journal.journal import Journal
from agent.journal.transaction import Transaction

log = structlog.get_logger()

WAITING_AT_MOST = 1000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Entry:
    """Something that the journal stores as a whole or not at all."""

    write: Callable[[Transaction], object]
    is_alert: bool = False


class Backlog:
    """Entries waiting for the journal. Any thread may call.

    While the journal refuses, entries wait in memory, up to a bound. In a full backlog the oldest
    entry that is not an alert is dropped and counted. No call raises JournalError, except
    JournalCorrupt: a damaged journal takes nothing until the agent is restarted.
    """

    def __init__(self, journal: Journal, *, whose: str) -> None:
        self._journal = journal
        self._whose = whose
        self._lock = threading.RLock()
        self._entries: deque[Entry] = deque()
        self._is_refused = False
        self.lost = 0

    @property
    def waiting(self) -> int:
        """Number of entries not in the journal yet."""
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Write `entry` after the waiting ones, now if possible."""
        with self._lock:
            self._entries.append(entry)
            self.flush()
            while len(self._entries) > WAITING_AT_MOST:
                others = (one for one in self._entries if not one.is_alert)
                self._entries.remove(next(others, self._entries[0]))
                self.lost += 1

    def flush(self) -> None:
        """Try to write the waiting entries, each in its own transaction."""
        with self._lock:
            try:
                while self._entries:
                    self._write(self._entries[0])
                    self._entries.popleft()
            except JournalCorrupt:
                raise
            except JournalError as error:
                self._say_refused(error)
            else:
                self._say_taken()

    def _write(self, entry: Entry) -> None:
        """Write one; an entry that can never fit is set aside, because others wait behind it."""
        try:
            with self._journal.transaction() as tx:
                entry.write(tx)
        except JournalError as error:
            if not isinstance(error.__cause__, sqlite3.IntegrityError):
                raise
            self.lost += 1
            log.error("entry_set_aside", whose=self._whose, reason=error.sentence, lost=self.lost)

    def _say_refused(self, error: JournalError) -> None:
        if not self._is_refused:
            log.error("journal_refuses", whose=self._whose, reason=error.sentence, cure=error.cure)
        self._is_refused = True

    def _say_taken(self) -> None:
        if self._is_refused:
            log.info("journal_takes_again", whose=self._whose, lost=self.lost)
        self._is_refused = False
