"""Sends due messages in parallel; a fault affects only its own message."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, TypeVar

import structlog

from hub.notify.channels.port import Channel, Message, Phone
from hub.notify.rules.delivery_result import Answer, MessageRefused, TryAgain

log = structlog.get_logger(__name__)

DEADLINE_S: Final = 10.0
HANDS: Final = 4
"""Parallel sends for messages other than alerts; alerts have their own."""
LEASE_S: Final = 120.0
"""Lease for messages other than alerts: longer than these few senders need for all leased at
once."""
OUR_FAULT_ATTEMPTS: Final = 3
"""Attempts for a message that fails in our own code; then it is dead."""

T = TypeVar("T")


def our_fault(error: Exception) -> TryAgain:
    """Answer for a message that was not sent because of a fault in the hub."""
    reason = f"fault of the hub: {type(error).__name__}"
    return TryAgain(reason, most_attempts=OUR_FAULT_ATTEMPTS)


async def send_by(
    channels: Mapping[str, Channel],
    message: Message,
    phone: Phone,
    *,
    deadline_s: float = DEADLINE_S,
) -> Answer:
    """Send once by the phone's channel, with a deadline."""
    channel = channels.get(phone.channel)
    if channel is None:
        return MessageRefused(f"this hub has no channel {phone.channel}")
    try:
        async with asyncio.timeout(deadline_s):
            return await channel.send(message, phone)
    except TimeoutError:
        # It may have arrived; sending twice is better than never.
        return TryAgain(f"no answer within {deadline_s:g} s")


async def carry_each(
    owed: Iterable[T],
    *,
    send: Callable[[T], Awaitable[Answer]],
    record: Callable[[T, Answer], object],
) -> None:
    """Send all messages, `HANDS` at a time; `record` stores each result, in a thread.

    Raises the error of a failed `record` after all have finished.
    """
    turn = asyncio.Semaphore(HANDS)

    async def carry(one: T) -> None:
        async with turn:
            try:
                answer = await send(one)
            except Exception as error:
                log.exception("hands.tripped")  # one bad row must not stop the others
                answer = our_fault(error)
        await asyncio.to_thread(record, one, answer)

    ends = await asyncio.gather(*(carry(one) for one in owed), return_exceptions=True)
    for end in ends:
        if end is not None:
            raise end
