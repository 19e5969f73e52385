"""Port to the footage in a camera's own recorder."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from agent.media.frame import Packet, StreamInfo


class ArchiveError(Exception):
    """No footage comes, or no more; the message is a sentence for a technician without
    passwords."""


@dataclass(frozen=True, slots=True)
class Archived:
    """One access unit from a recorder, with times of the node's clock as far as known."""

    stream: StreamInfo
    packet: Packet
    is_cut: bool
    """Something is missing between the previous unit and this one."""


class Archive(Protocol):
    """A recorder in or behind a camera."""

    def play(self, from_utc_us: int, until_utc_us: int) -> Iterator[Archived]:
        """Footage of this time span, from a keyframe on, as fast as the recorder delivers it.

        Raises ArchiveError; closing the iterator disconnects.
        """
        ...
