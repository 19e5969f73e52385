"""Footage that lies in a camera's own recorder: the port through which it is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from agent.media.frame import Packet, StreamInfo


class ArchiveError(Exception):
    """Why nothing comes (any more), in a sentence for a technician; never with a password."""


@dataclass(frozen=True, slots=True)
class Archived:
    """One access unit out of a recorder; its times are by the node's clock, as well as known."""

    stream: StreamInfo
    packet: Packet
    is_cut: bool
    """Something is missing between the one before and this one."""


class Archive(Protocol):
    """A camera's recorder."""

    def play(self, from_utc_us: int, until_utc_us: int) -> Iterator[Archived]:
        """What it has of that span, from a keyframe on, as fast as it gives it.

        Raises ArchiveError; close the iterator to hang up.
        """
        ...
