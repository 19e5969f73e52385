"""Messages per second that several intakes file into one database, each from a broker of its own.

With a delay, the database is behind a relay, as on another machine.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import make_url

from hub.bench import haste
from hub.bench.broker import Broker
from hub.bench.carrier import Carrier, carrying, until
from hub.bench.relay import Relay, relay
from hub.bench.town import Town

FIRST: Final = 140
"""Messages of each intake before the measured ones."""


@dataclass(frozen=True, slots=True)
class _Worker:
    broker: Broker
    carrier: Carrier
    first: list[haste.Speech]
    said: list[haste.Speech]
    messages: int


def measure(
    town: Town, folder: Path, *, workers: int, delay_ms: float, messages: int
) -> dict[str, Any]:
    """One round with so many intakes; `delay_ms` is added in each direction. `town` is the bench's
    own, `messages` are those of all intakes together."""
    with ExitStack() as stack:
        url, line = stack.enter_context(_reached(town.url, delay_ms))
        all_workers = [
            _begin(stack, town, folder / f"{number}", url, messages // workers)
            for number in range(workers)
        ]
        cpu_s = line.cpu_s() if line is not None else 0.0
        own_cpu_ms = _cpu_ms(all_workers)
        began_s = time.monotonic()
        for one in all_workers:
            stack.enter_context(haste.publishing(one.broker, one.said))
        ended_s = max(one.carrier.await_filed(FIRST + one.messages) for one in all_workers)
        cpu_s = line.cpu_s() - cpu_s if line is not None else 0.0
        own_cpu_ms = _cpu_ms(all_workers) - own_cpu_ms
    total = sum(one.messages for one in all_workers)
    return {
        "workers": workers,
        "delay_ms": delay_ms,
        "own_per_s": round(total / (ended_s - began_s)),
        "own_cpu_ms_a_message": round(own_cpu_ms / total, 3),
        "relay_cpu_s": round(cpu_s, 2),
        "events": sum(haste.events_of([*one.first, *one.said]) for one in all_workers),
    }


def _begin(stack: ExitStack, town: Town, folder: Path, url: str, messages: int) -> _Worker:
    """A broker, nodes that are known, and an intake that has filed a few messages: a program's
    first statements take long."""
    folder.mkdir(parents=True)
    broker = stack.enter_context(Broker(folder / "mqtt"))
    town.broker = broker
    first_talkers, first = haste.write_speeches(town, folder, messages=FIRST)
    talkers, said = haste.write_speeches(town, folder, messages=messages)
    haste.say_births(broker, [*first_talkers, *talkers])
    carrier = stack.enter_context(carrying(broker, url))
    known = len(first_talkers) + len(talkers)
    until(lambda: carrier.counts()["received"] >= known, "the hub knows all nodes")
    with haste.publishing(broker, first):
        carrier.await_filed(FIRST)
    return _Worker(broker, carrier, first, said, messages)


def _cpu_ms(workers: Iterable[_Worker]) -> int:
    return sum(one.carrier.counts()["cpu_ms"] for one in workers)


@contextmanager
def _reached(url: str, delay_ms: float) -> Iterator[tuple[str, Relay | None]]:
    where = make_url(url)
    if not delay_ms or where.port is None:
        yield url, None
        return
    with relay(where.port, delay_s=delay_ms / 1000) as line:
        moved = where.set(host="127.0.0.1", port=line.port)
        yield moved.render_as_string(hide_password=False), line
