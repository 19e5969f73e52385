"""The change signal and the clock."""

import asyncio
import threading
import time

import pytest

from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db.columns import new_id
from tests.hub.rigs.streets import NIGHT


def test_a_ring_from_a_thread_wakes_all_who_wait() -> None:
    async def wait_all() -> list[int]:
        change_signal = ChangeSignal()
        waits = [asyncio.create_task(change_signal.wait(0, 10)) for _ in range(3)]
        await asyncio.sleep(0)
        threading.Thread(target=change_signal.ring).start()
        return await asyncio.gather(*waits)

    assert asyncio.run(wait_all()) == [1, 1, 1]


def test_a_ring_between_two_waits_is_not_missed() -> None:
    async def late() -> int:
        change_signal = ChangeSignal()
        heard = change_signal.rings
        change_signal.ring()
        return await change_signal.wait(heard, 10)

    assert asyncio.run(late()) == 1


def test_waiting_ends_when_the_time_is_up_or_the_waiter_is_cancelled() -> None:
    async def impatient() -> int:
        change_signal = ChangeSignal()
        task = asyncio.create_task(change_signal.wait(0))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        rings = await change_signal.wait(0, 0.01)
        change_signal.ring()
        return rings

    assert asyncio.run(impatient()) == 0


def test_a_closed_loop_does_not_stop_the_bell() -> None:
    change_signal = ChangeSignal()
    loop = asyncio.new_event_loop()
    task = loop.create_task(change_signal.wait(0))
    loop.run_until_complete(asyncio.sleep(0))
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()
    change_signal.ring()
    assert change_signal.rings == 1


def test_the_clock_tells_the_time_and_how_sure_it_is() -> None:
    now = HubClock().now()
    assert abs(now.utc_us / 1e6 - time.time()) < 5
    assert now.error_ms is None or now.error_ms >= 0


@pytest.mark.promise("Hub: Keys sort by the time of their making.")
def test_keys_made_in_one_moment_sort_in_the_order_of_making() -> None:
    keys = [new_id(NIGHT) for _ in range(1000)]
    assert keys == sorted(keys)
    assert len(set(keys)) == 1000
    assert all(key.version == 7 for key in keys)
