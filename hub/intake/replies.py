"""Replies after a commit: receipts batched by node and spool, and upload tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar
from uuid import UUID, uuid4

from agent.wire import topics
from agent.wire.answers import Command, Receipt, Refusal, UploadToken, Wanted
from agent.wire.codec import encode

STORED_AT_ONCE: Final = 500
REFUSED_AT_ONCE: Final = 15
"""With details of 500 letters of up to 6 bytes each, this stays below the largest message."""
NO_SPOOL: Final = UUID(int=0)
"""Used in a refusal if the message had no spool id."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to publish; worthless after `expires_s`."""

    topic: str
    payload: bytes
    expires_s: int


@dataclass(slots=True)
class Replies:
    """Collects the replies of one batch."""

    stored: dict[tuple[str, UUID], list[UUID]] = field(default_factory=dict)
    refused: dict[tuple[str, UUID], list[Refusal]] = field(default_factory=dict)
    alerted: set[UUID] = field(default_factory=set)
    """Stored events that belong to an alert."""
    tokens: dict[str, UploadToken] = field(default_factory=dict)

    def store(self, node: str, spool_id: UUID, event_id: UUID, *, is_alerted: bool = False) -> None:
        """Add a receipt for a stored event."""
        self.stored.setdefault((node, spool_id), []).append(event_id)
        if is_alerted:
            self.alerted.add(event_id)

    def refuse(self, node: str, spool_id: UUID | None, refusal: Refusal) -> None:
        """Add a refusal of an event, also with an unknown spool."""
        self.refused.setdefault((node, spool_id or NO_SPOOL), []).append(refusal)

    def grant(self, node: str, token: UploadToken) -> None:
        """Add an upload token."""
        self.tokens[node] = token

    def messages(self) -> Iterator[Reply]:
        """All replies, ready to publish."""
        for (node, spool_id), ids in self.stored.items():
            for some in _slices(ids, STORED_AT_ONCE):
                alerted = tuple(one for one in some if one in self.alerted)
                receipt = Receipt(spool_id=spool_id, stored=some, refused=(), alerted=alerted)
                yield _receipt(node, receipt)
        for (node, spool_id), refusals in self.refused.items():
            for few in _slices(refusals, REFUSED_AT_ONCE):
                yield _receipt(node, Receipt(spool_id=spool_id, stored=(), refused=few))
        for node, token in self.tokens.items():
            address = topics.address(topics.TOKEN, node)
            yield Reply(address, encode(token), expires_s=token.valid_for_s)


def command_reply(
    node: str, wanted: Wanted, *, expires_s: int, command_id: UUID | None = None
) -> Reply:
    """A command for a node, with `command_id` or a new id."""
    payload = encode(Command(command_id=command_id or uuid4(), body=wanted))
    return Reply(topics.address(topics.COMMAND, node), payload, expires_s=expires_s)


def _receipt(node: str, receipt: Receipt) -> Reply:
    # A late receipt is still true, but by then the node has sent the event again.
    return Reply(topics.address(topics.RECEIPT, node), encode(receipt), expires_s=3600)


def _slices(items: Sequence[T], size: int) -> Iterator[tuple[T, ...]]:
    for start in range(0, len(items), size):
        yield tuple(items[start : start + size])
