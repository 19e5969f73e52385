"""A town's load: hundreds of nodes with the real delivery code at one broker and one hub.

    python tests/faults/fleet.py return [--nodes 500]            the broker dies and comes back
    python tests/faults/fleet.py load [--nodes 436] [--minutes 30] [--rate 43.6] [--storms]

`return` ends with 0 if every node is back within 60 s, at most a fifth of them in the same second,
and nothing is lost or doubled; it prints how many came back in which second. `load` prints memory
(with its slope once warm), seconds from frame to push, the processor share of each part, and
losses; its pushes are real and go to a loopback push service. Without `--storms` each sighting is
an alert and each alert rings; with it the hub groups and batches as in service. Progress is on
stderr, the figures are on stdout and with `--out FILE` in a file too. Neither is a test: no speed
is asserted.
"""

import argparse
import json
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.push_service import PushService, in_thread
from tests.faults import fleet_figures, tally
from tests.faults.campaign import owed, spooled
from tests.faults.town import Size, Town
from tests.waiting import patience_s

PROCESSES: Final = 5
NODES_A_COMMUNE: Final = 30
"""With two officers each, who hear of every alert there."""
BACK_WITHIN_S: Final = 60
HERD_SHARE: Final = 0.2
"""More than that of all nodes in the same second are a herd."""
ARRIVE_S: Final = 300
SETTLE_S: Final = 300
LOOK_S: Final = 5.0
SAY_EVERY_S: Final = 30.0
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - below it a folder of our own is made
"""Each node has a disk of its own, this machine has one: theirs are in memory where it is."""
DEAD_S: Final = 3.0
SPEAK_ON_S: Final = 20.0
"""So long people walk by after all are back."""
COUNTED: Final = ("spooled", "stored", "missing", "doubled", "lost_after_commit")
LINK_UP: Final = re.compile(r"^(\S+ \S+) \[info +\] link_up", re.MULTILINE)


def build(
    parts: ExitStack,
    folder: Path,
    *,
    nodes: int,
    events: int,
    rate: float,
    processes: int = PROCESSES,
    **more: Any,
) -> Town:
    """The town and all it knows, nothing started; `parts` ends it."""
    push = PushService(received=folder / "screens.jsonl")
    parts.enter_context(in_thread(push))
    into = MEMORY if MEMORY.is_dir() else None
    homes = parts.enter_context(tempfile.TemporaryDirectory(prefix="matthan-nodes-", dir=into))
    size = Size(
        events=events,
        nodes=nodes,
        processes=processes,
        events_s=rate,
        seed=1,
        is_patient=True,
        communes=max(1, nodes // NODES_A_COMMUNE),
        phones_each=1,
        homes=Path(homes),
        **more,
    )
    town = Town(folder, f"sqlite:///{folder / 'hub.sqlite'}", size, push)
    parts.callback(town.close)
    town.found()
    return town


def start(town: Town) -> float:
    """Start all; seconds until every node has said its birth."""
    town.broker.start()
    town.hub.start()
    _until(town.answers, patience_s(), "the hub answers")
    began_s = time.monotonic()
    for agent in town.agents:
        agent.start()
    _until(lambda: len(came_up(town)) >= len(town.plans), ARRIVE_S, "every node has arrived")
    return time.monotonic() - began_s


def came_up(town: Town) -> list[datetime]:
    """Every time that a node's link was up, by the logs of the nodes."""
    logs = (town.folder / f"{agent.name}.log" for agent in town.agents)
    text = "".join(log.read_text(errors="replace") for log in logs if log.exists())
    return [datetime.fromisoformat(when).replace(tzinfo=UTC) for when in LINK_UP.findall(text)]


def stop_walking(town: Town) -> None:
    """Nobody comes any more: what is not written by now is not wanted."""
    for plan in town.plans:
        Path(plan["enough"]).touch()


def settle(town: Town) -> float:
    """Seconds until nobody walks any more, and no node owes an event or a picture."""
    began_s = time.monotonic()
    at_rest = [Path(plan["enough"]).with_name("at-rest") for plan in town.plans]
    while not all(path.exists() for path in at_rest) or any(owed(plan) for plan in town.plans):
        if time.monotonic() > began_s + SETTLE_S:
            left = sum(owed(plan) for plan in town.plans)
            raise SystemExit(f"fleet: {left} events and pictures owed after {SETTLE_S:g} s")
        time.sleep(0.5)
    return time.monotonic() - began_s


def come_back(folder: Path, *, nodes: int) -> dict[str, Any]:
    """Kill the broker under all nodes, start it again after 3 s, and see when who is back."""
    with ExitStack() as parts:
        town = build(parts, folder, nodes=nodes, events=nodes * 1000, rate=nodes / 50)
        arrived_s = start(town)
        before = len(came_up(town))
        town.broker.kill()
        time.sleep(DEAD_S)
        back = datetime.now(UTC)
        town.broker.start()
        _until(lambda: len(came_up(town)) >= before + nodes, ARRIVE_S, "every node is back")
        time.sleep(SPEAK_ON_S)
        stop_walking(town)
        settled_s = settle(town)
        for child in (*town.agents, town.hub):
            child.stop()
        counted = tally.count(folder, town.database_url)
    waited = [max(0.0, (up - back).total_seconds()) for up in sorted(came_up(town))[before:]]
    seconds = Counter(int(wait_s) for wait_s in waited)
    return {
        "nodes": nodes,
        "arrived_s": round(arrived_s, 1),
        "all_back_s": round(max(waited), 1),
        "back_by_second": {str(second): seconds[second] for second in sorted(seconds)},
        "most_in_one_second": max(seconds.values()),
        "settled_s": round(settled_s, 1),
        **{name: counted[name] for name in COUNTED},
    }


def carry(
    folder: Path, *, nodes: int, minutes: float, rate: float, has_storms: bool = False
) -> dict[str, Any]:
    """So many events a second for so long; memory of broker and hub, and seconds to the push."""
    events = max(nodes, round(rate * 60 * minutes))
    with ExitStack() as parts:
        town = build(
            parts, folder, nodes=nodes, events=events, rate=rate, is_called=True,
            has_storms=has_storms,
        )  # fmt: skip
        arrived_s = start(town)
        say(f"{nodes} nodes have arrived in {arrived_s:.0f} s; people walk by")
        town.begin()
        began_s, cpu_began_s = time.monotonic(), cpu_s(town)
        looks = watch(town, span_s=60 * minutes)
        span_s, cpu_ended_s = time.monotonic() - began_s, cpu_s(town)
        waiting = fleet_figures.waiting(town.database_url)
        written = sum(spooled(plan) for plan in town.plans)
        stop_walking(town)
        settled_s = settle(town)
        for child in (*town.agents, town.hub):
            child.stop()
        counted = tally.count(folder, town.database_url)
        pushes = fleet_figures.pushes(town.database_url)
    return {
        "nodes": nodes,
        "minutes": minutes,
        "has_storms": has_storms,
        "arrived_s": round(arrived_s, 1),
        "events": written,
        "events_per_minute": round(60 * written / span_s),
        "alerts": counted["alerts"],
        "share_of_core": fleet_figures.shares(cpu_began_s, cpu_ended_s, span_s),
        "hub_memory": fleet_figures.memory(looks),
        **pushes,
        "pushes_waiting_at_the_end": waiting,
        "settled_s": round(settled_s, 1),
        **{name: counted[name] for name in COUNTED},
    }


def watch(town: Town, *, span_s: float) -> list[tuple[float, float]]:
    """Seconds and the hub's MiB, for so long."""
    began_s, said_s, looks = time.monotonic(), 0.0, []
    while (now_s := time.monotonic() - began_s) < span_s:
        looks.append((now_s, town.hub.rss_mib()))
        if now_s >= said_s:
            said_s += SAY_EVERY_S
            queued = fleet_figures.waiting(town.database_url)
            say(f"{now_s:5.0f} of {span_s:.0f} s: hub {looks[-1][1]} MiB, {queued} pushes wait")
        time.sleep(min(LOOK_S, span_s - now_s))
    return looks


def cpu_s(town: Town) -> dict[str, float]:
    """Processor time so far; "phones" are the push service, the phones, and who counts."""
    own = psutil.Process().cpu_times()
    broker = psutil.Process(town.broker.pid).cpu_times()
    return {
        "hub": town.hub.cpu_s(),
        "nodes": sum(agent.cpu_s() for agent in town.agents),
        "broker": broker.user + broker.system,
        "phones": own.user + own.system,
    }


def say(what: str) -> None:
    """How far it is."""
    print(f"fleet: {what}", file=sys.stderr, flush=True)


def _until(claim: Any, patience_s: float, what: str) -> None:
    deadline_s = time.monotonic() + patience_s
    while not claim():
        if time.monotonic() > deadline_s:
            raise SystemExit(f"fleet: not within {patience_s:g} s: {what}")
        time.sleep(0.5)


def main() -> int:
    """Run the command of the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    kinds = parser.add_subparsers(dest="kind", required=True)
    back = kinds.add_parser("return", help="the broker dies under all nodes and comes back")
    back.add_argument("--nodes", type=int, default=500)
    load = kinds.add_parser("load", help="so many events for so long")
    load.add_argument("--nodes", type=int, default=436)
    load.add_argument("--minutes", type=float, default=30)
    load.add_argument("--rate", type=float, default=43.6, help="events a second, all together")
    load.add_argument("--storms", action="store_true", help="group and hold back as in service")
    for kind in (back, load):
        kind.add_argument("--out", type=Path, help="write the numbers there too, as JSON")
        kind.add_argument("--folder", type=Path, help="where to work; kept (default: a new one)")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # and so all that was begun ends too
    with ExitStack() as parts:
        folder = args.folder
        if folder is None:
            name = parts.enter_context(tempfile.TemporaryDirectory(prefix="matthan-fleet-"))
            folder = Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)  # the broker's user passes through
        found, is_well = measure(args, folder.resolve())
    text = json.dumps(found, indent=2)
    print(text)
    if args.out is not None:
        args.out.write_text(text + "\n")
    return 0 if is_well and not (found["missing"] or found["doubled"]) else 1


def measure(args: argparse.Namespace, folder: Path) -> tuple[dict[str, Any], bool]:
    """The numbers, and whether they are as promised."""
    if args.kind == "load":
        found = carry(
            folder, nodes=args.nodes, minutes=args.minutes, rate=args.rate, has_storms=args.storms
        )
        return found, True
    found = come_back(folder, nodes=args.nodes)
    is_herd = found["most_in_one_second"] > HERD_SHARE * args.nodes
    return found, found["all_back_s"] <= BACK_WITHIN_S and not is_herd


if __name__ == "__main__":
    sys.exit(main())
