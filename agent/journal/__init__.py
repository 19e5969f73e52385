"""The node's database: outbox, footage index and counters, in one transaction."""

from agent.journal.backlog import Backlog, Entry
from agent.journal.errors import (
    JournalBusy,
    JournalCorrupt,
    JournalDying,
    JournalError,
    JournalFull,
    JournalReadOnly,
    is_mounted_read_only,
)
from agent.journal.growing_clips import Growing, GrowingClip
from agent.journal.journal import Journal
from agent.journal.pruning import Pruner
from agent.journal.refused import SetAside, set_aside
from agent.journal.requested_files import Brought
from agent.journal.requested_spans import SpanWanted
from agent.journal.rows import (
    Clip,
    DueMedia,
    FootageClass,
    JournalCounts,
    JournalLimits,
    Kept,
    MediaKind,
    Waiting,
)
from agent.journal.transaction import Transaction

__all__ = [
    "Backlog",
    "Brought",
    "Clip",
    "DueMedia",
    "Entry",
    "FootageClass",
    "Growing",
    "GrowingClip",
    "Journal",
    "JournalBusy",
    "JournalCorrupt",
    "JournalCounts",
    "JournalDying",
    "JournalError",
    "JournalFull",
    "JournalLimits",
    "JournalReadOnly",
    "Kept",
    "MediaKind",
    "Pruner",
    "SetAside",
    "SpanWanted",
    "Transaction",
    "Waiting",
    "is_mounted_read_only",
    "set_aside",
]
