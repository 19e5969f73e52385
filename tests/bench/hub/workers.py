"""Messages per second that several intakes file into one database, all from one broker.

As the processes of a hub they divide the nodes by shards. With a delay, the database is behind a
relay, as on another machine.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import make_url

from deploy.broker import Broker
from hub.intake.rules.sharding import SHARDS
from hub.nodes.pki.authority import HUB_NAMES
from tests.bench.hub import haste
from tests.bench.hub.carrier import Carrier, carrying, filed, until
from tests.bench.hub.relay import Relay, relay
from tests.bench.hub.town import Town

FIRST: Final = 140
"""Messages for each intake before the measured ones."""
GROUPS: Final = 4
"""Groups of nodes, each with five."""


def measure(
    town: Town, folder: Path, *, workers: int, delay_ms: float, messages: int
) -> dict[str, Any]:
    """One round with so many intakes; `delay_ms` is added in each direction. `town` is the bench's
    own, `messages` are those of all intakes together."""
    with ExitStack() as stack:
        url, line = stack.enter_context(_reached(town.url, delay_ms))
        broker = town.broker = stack.enter_context(Broker(folder / "mqtt"))
        # More nodes than shards, so that each intake has some.
        talks = [
            haste.write_speeches(town, _made(folder / f"{number}"), messages=messages // GROUPS)
            for number in range(GROUPS)
        ]
        first_talkers, first = haste.write_speeches(
            town, _made(folder / "first"), messages=FIRST * workers
        )
        haste.say_births(
            broker, [*first_talkers, *(one for talkers, _ in talks for one in talkers)]
        )
        intakes = _begin(stack, broker, url, workers)
        _publish(broker, intakes, first)  # a program's first statements take long
        said = [speech for _, speeches in talks for speech in speeches]
        cpu_s = line.cpu_s() if line is not None else 0.0
        own_cpu_ms = _cpu_ms(intakes)
        took_s = _publish(broker, intakes, said)
        cpu_s = line.cpu_s() - cpu_s if line is not None else 0.0
        own_cpu_ms = _cpu_ms(intakes) - own_cpu_ms
    total = sum(one.messages for one in said)
    return {
        "workers": workers,
        "delay_ms": delay_ms,
        "own_per_s": round(total / took_s),
        "own_cpu_ms_a_message": round(own_cpu_ms / total, 3),
        "relay_cpu_s": round(cpu_s, 2),
        "events": haste.events_of([*first, *said]),
    }


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _begin(stack: ExitStack, broker: Broker, url: str, workers: int) -> list[Carrier]:
    intakes = [
        stack.enter_context(carrying(broker, url, name=name, is_one_of_several=True))
        for name in HUB_NAMES[:workers]
    ]
    members = [one.number for one in intakes]
    for one in intakes:
        one.divide(members)
    until(lambda: _share(intakes) == SHARDS // workers, "each intake has its share")
    return intakes


def _share(intakes: Sequence[Carrier]) -> int:
    return min(one.counts()["shards"] for one in intakes)


def _publish(broker: Broker, intakes: Sequence[Carrier], said: Sequence[haste.Speech]) -> float:
    """Returns the seconds until all are filed."""
    total = _filed(intakes) + sum(one.messages for one in said)
    began_s = time.monotonic()
    with haste.publishing(broker, said):
        until(lambda: _filed(intakes) >= total, f"the intakes file {total} messages")
        return time.monotonic() - began_s


def _filed(intakes: Sequence[Carrier]) -> int:
    return sum(filed(one.counts()) for one in intakes)


def _cpu_ms(intakes: Sequence[Carrier]) -> int:
    return sum(one.counts()["cpu_ms"] for one in intakes)


@contextmanager
def _reached(url: str, delay_ms: float) -> Iterator[tuple[str, Relay | None]]:
    where = make_url(url)
    if not delay_ms or where.port is None:
        yield url, None
        return
    with relay(where.port, delay_s=delay_ms / 1000) as line:
        moved = where.set(host="127.0.0.1", port=line.port)
        yield moved.render_as_string(hide_password=False), line
