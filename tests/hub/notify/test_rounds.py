"""The loop of a task: it continues after any failure, logs it once, and stops when told."""

import asyncio

import structlog

from hub.base.change_signal import ChangeSignal
from hub.base.periodic import go_round

LONG_S = 600.0


def test_a_look_that_fails_is_said_once_and_looked_again_also_where_it_has_no_words() -> None:
    fates: list[Exception | None] = [TimeoutError(), OSError("away\nand more"), None, OSError("x")]

    async def go() -> None:
        stop = asyncio.Event()

        async def look() -> None:
            fate = fates.pop(0)
            if not fates:
                stop.set()
            if fate is not None:
                raise fate

        await go_round(look, stop, beat=lambda: None, blind="task.blind", every_s=0.0)

    with structlog.testing.capture_logs() as said:
        asyncio.run(go())
    assert [line["error"] for line in said] == ["TimeoutError", "x"]


def test_a_bell_ends_its_rest_and_so_does_the_end() -> None:
    async def go() -> int:
        stop, change_signal, looks = asyncio.Event(), ChangeSignal(), 0

        async def look() -> None:
            nonlocal looks
            looks += 1
            if looks < 3:
                change_signal.ring()  # while it looks: what was written then is looked for as well
            else:
                asyncio.get_running_loop().call_soon(stop.set)

        task = go_round(
            look, stop, beat=lambda: None, blind="b", every_s=LONG_S, change_signal=change_signal
        )
        await asyncio.wait_for(task, 60)
        return looks

    assert asyncio.run(go()) == 3


def test_it_rests_as_long_as_nothing_is_due() -> None:
    async def go() -> list[float]:
        stop, quiet = asyncio.Event(), [0.0, 0.0, LONG_S]

        async def quiet_s() -> float:
            if len(quiet) == 1:
                asyncio.get_running_loop().call_soon(stop.set)
            return quiet.pop(0)

        async def look() -> None:
            return None

        task = go_round(look, stop, beat=lambda: None, blind="b", every_s=LONG_S, quiet_s=quiet_s)
        await asyncio.wait_for(task, 60)
        return quiet

    assert asyncio.run(go()) == []
