"""Loop of the tasks that poll the database: look, wait, look again."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from hub.base.change_signal import ChangeSignal

log = structlog.get_logger(__name__)


async def go_round(
    look: Callable[[], Awaitable[object]],
    stop: asyncio.Event,
    *,
    beat: Callable[[], None],
    blind: str,
    every_s: float,
    quiet_s: Callable[[], Awaitable[float]] | None = None,
    change_signal: ChangeSignal | None = None,
    pace_s: float = 0.0,
) -> None:
    """Run `look` until `stop`; an unreachable database is tried again, and nothing is lost.

    `blind` is the log event for failing looks, logged once; `beat` is called before each look. The
    loop waits `every_s`, or the result of `quiet_s`, or until the signal is set; after a signal at
    least `pace_s`, because a burst of alerts sets the same signal.
    """
    is_blind = False
    while not stop.is_set():
        beat()
        heard, rest_s = change_signal.rings if change_signal else 0, every_s
        try:
            await look()
            rest_s = await quiet_s() if quiet_s else every_s
            is_blind = False
        except Exception as error:  # noqa: BLE001 - whatever it was, it looks again soon
            if not is_blind:
                log.warning(blind, error=(str(error).splitlines() or [type(error).__name__])[0])
            is_blind = True
        await rest(stop, rest_s if change_signal is None else pace_s)
        if change_signal:
            await _rest_until_rung(stop, change_signal, heard, rest_s)


async def rest(stop: asyncio.Event, span_s: float) -> None:
    """Wait so many seconds, or until `stop`."""
    try:
        await asyncio.wait_for(stop.wait(), span_s)
    except TimeoutError:
        return


async def _rest_until_rung(
    stop: asyncio.Event, change_signal: ChangeSignal, heard: int, span_s: float
) -> None:
    signs = {
        asyncio.create_task(stop.wait()),
        asyncio.create_task(change_signal.wait(heard, span_s)),
    }
    try:
        await asyncio.wait(signs, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for sign in signs:
            sign.cancel()
