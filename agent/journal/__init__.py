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
from agent.journal.growing_clips import GrowingClip, GrowingClips
from agent.journal.journal import Journal
from agent.journal.pruning import Pruner
from agent.journal.refused import SetAside, set_aside
from agent.journal.requested_files import UploadScope
from agent.journal.requested_spans import SpanRequest
from agent.journal.rows import (
    Clip,
    DueMedia,
    FootageClass,
    JournalCounts,
    JournalLimits,
    MediaKind,
    StoredFile,
    WaitingEvent,
)
from agent.journal.transaction import Transaction

__all__ = [
    "Backlog",
    "Clip",
    "DueMedia",
    "Entry",
    "FootageClass",
    "GrowingClip",
    "GrowingClips",
    "Journal",
    "JournalBusy",
    "JournalCorrupt",
    "JournalCounts",
    "JournalDying",
    "JournalError",
    "JournalFull",
    "JournalLimits",
    "JournalReadOnly",
    "MediaKind",
    "Pruner",
    "SetAside",
    "SpanRequest",
    "StoredFile",
    "Transaction",
    "UploadScope",
    "WaitingEvent",
    "is_mounted_read_only",
    "set_aside",
]
