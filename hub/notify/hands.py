"""Sending what is due, each to its own end: no fault takes another's message along."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, TypeVar

import structlog

from hub.alerts.answers import Answer, Refused, TryAgain
from hub.notify.channel import Channel, Message, Phone

log = structlog.get_logger(__name__)

DEADLINE_S: Final = 10.0
HANDS: Final = 4
"""For what is no alert: alerts have hands of their own, and need the services' patience."""
LEASE_S: Final = 120.0
"""Of what is no alert: longer than so few hands take for all that is leased at once."""
OUR_FAULT_ATTEMPTS: Final = 3
"""What trips over our own code is tried so often, then it is dead."""

T = TypeVar("T")


def our_fault(error: Exception) -> TryAgain:
    """The answer of what never left, because something in the hub broke."""
    reason = f"fault of the hub: {type(error).__name__}"
    return TryAgain(reason, most_attempts=OUR_FAULT_ATTEMPTS)


async def send_by(
    channels: Mapping[str, Channel],
    message: Message,
    phone: Phone,
    *,
    deadline_s: float = DEADLINE_S,
) -> Answer:
    """Send once, by the phone's own channel, and wait no longer than the deadline."""
    channel = channels.get(phone.channel)
    if channel is None:
        return Refused(f"this hub has no channel {phone.channel}")
    try:
        async with asyncio.timeout(deadline_s):
            return await channel.send(message, phone)
    except TimeoutError:
        # It may have arrived; nobody can know, and twice is better than never.
        return TryAgain(f"no answer within {deadline_s:g} s")


async def carry_each(
    owed: Iterable[T],
    *,
    send: Callable[[T], Awaitable[Answer]],
    record: Callable[[T, Answer], object],
) -> None:
    """Send all, `HANDS` at a time; `record` writes down what came of each, in a thread.

    Raises why one could not be written down, once all have come to their end.
    """
    turn = asyncio.Semaphore(HANDS)

    async def carry(one: T) -> None:
        async with turn:
            try:
                answer = await send(one)
            except Exception as error:
                log.exception("hands.tripped")  # one bad row must not end the others
                answer = our_fault(error)
        await asyncio.to_thread(record, one, answer)

    ends = await asyncio.gather(*(carry(one) for one in owed), return_exceptions=True)
    for end in ends:
        if end is not None:
            raise end
