"""A town's load: hundreds of nodes with the real delivery code at one broker and one hub.

    python tests/faults/fleet.py return [--nodes 500]            the broker dies and comes back
    python tests/faults/fleet.py load [--nodes 436] [--minutes 30] [--rate 43.6]

`return` ends with 0 when every node is back within 60 s, no more than a fifth of them in the same
second, and nothing is lost or doubled; it prints how many came back in which second. `load` prints
memory (with its slope over the second half), seconds from frame to push, and what was lost; its
pushes are real and go to a loopback push service. Neither is a test: no speed is asserted.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import linear_regression
from typing import Any, Final

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.push_service import PushService, in_thread
from deploy.summary import OPENED_ANSWERS
from tests.faults import tally
from tests.faults.campaign import owed, spooled
from tests.faults.town import Size, Town

PROCESSES: Final = 5
NODES_A_COMMUNE: Final = 30
"""With two officers each, who hear of every alert there."""
BACK_WITHIN_S: Final = 60
HERD_SHARE: Final = 0.2
"""More than that of all nodes in the same second are a herd."""
ARRIVE_S: Final = 300
SETTLE_S: Final = 300
LOOK_S: Final = 5.0
DEAD_S: Final = 3.0
SPEAK_ON_S: Final = 20.0
"""So long people walk by after all are back."""
COUNTED: Final = ("spooled", "stored", "missing", "doubled", "lost_after_commit")
LINK_UP: Final = re.compile(r"^(\S+ \S+) \[info +\] link_up", re.MULTILINE)


def build(folder: Path, push: PushService, *, nodes: int, events: int, rate: float) -> Town:
    """The town and all it knows, nothing started."""
    size = Size(
        events=events,
        nodes=nodes,
        processes=PROCESSES,
        events_s=rate,
        seed=1,
        is_patient=True,
        communes=max(1, nodes // NODES_A_COMMUNE),
        phones_each=1,
    )
    town = Town(folder, f"sqlite:///{folder / 'hub.sqlite'}", size, push)
    town.found()
    return town


def start(town: Town) -> float:
    """Start all; seconds until every node has said its birth."""
    town.broker.start()
    town.hub.start()
    _until(town.answers, 60, "the hub answers")
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
    """Seconds until no node owes an event or a picture."""
    began_s = time.monotonic()
    while any(owed(plan) for plan in town.plans):
        if time.monotonic() > began_s + SETTLE_S:
            left = sum(owed(plan) for plan in town.plans)
            raise SystemExit(f"fleet: {left} events and pictures owed after {SETTLE_S:g} s")
        time.sleep(0.5)
    return time.monotonic() - began_s


def unsent(town: Town) -> int:
    """First words that no phone's service has taken yet."""
    queued = "SELECT count(*) FROM notifications WHERE state = 'queued' AND moment = 'opened'"
    return tally.Hub(town.database_url).number(queued)


def come_back(folder: Path, *, nodes: int) -> dict[str, Any]:
    """Kill the broker under all nodes, start it again after 3 s, and see when who is back."""
    with ExitStack() as parts:
        push = PushService(received=folder / "screens.jsonl")
        parts.enter_context(in_thread(push))
        town = build(folder, push, nodes=nodes, events=nodes * 1000, rate=nodes / 50)
        parts.callback(town.close)
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


def carry(folder: Path, *, nodes: int, minutes: float, rate: float) -> dict[str, Any]:
    """So many events a second for so long; memory of broker and hub, and seconds to the push."""
    events = max(nodes, round(rate * 60 * minutes))
    with ExitStack() as parts:
        push = PushService(received=folder / "screens.jsonl")
        parts.enter_context(in_thread(push))
        town = build(folder, push, nodes=nodes, events=events, rate=rate)
        parts.callback(town.close)
        arrived_s = start(town)
        began_s, looks = time.monotonic(), []
        cpu_began_s = town.hub.cpu_s()
        while time.monotonic() - began_s < 60 * minutes:
            time.sleep(LOOK_S)
            looks.append((time.monotonic() - began_s, town.hub.rss_mib()))
        span_s = time.monotonic() - began_s
        cpu_s = town.hub.cpu_s() - cpu_began_s
        written = sum(spooled(plan) for plan in town.plans)
        waiting = unsent(town)
        stop_walking(town)
        settled_s = settle(town)
        for child in (*town.agents, town.hub):
            child.stop()
        counted = tally.count(folder, town.database_url)
        pushes = sorted(row[0] / 1e6 for row in tally.Hub(town.database_url).ask(OPENED_ANSWERS))
    late = looks[len(looks) // 2 :]
    slope = linear_regression(*zip(*late, strict=True)).slope if len(late) > 2 else 0.0
    return {
        "nodes": nodes,
        "minutes": minutes,
        "arrived_s": round(arrived_s, 1),
        "events": written,
        "events_per_minute": round(60 * written / span_s),
        "hub_share_of_core": round(cpu_s / span_s, 3),
        "hub_mib": {"half_way": late[0][1], "end": late[-1][1], "per_hour": round(slope * 3600, 2)},
        "pushes": len(pushes),
        "pushes_waiting_at_the_end": waiting,
        "frame_to_push_s": {
            name: round(pushes[min(len(pushes) - 1, int(len(pushes) * share))], 3)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
            if pushes
        },
        "settled_s": round(settled_s, 1),
        **{name: counted[name] for name in COUNTED},
    }


def _until(claim: Any, patience_s: float, what: str) -> None:
    deadline_s = time.monotonic() + patience_s
    while not claim():
        if time.monotonic() > deadline_s:
            raise SystemExit(f"fleet: not within {patience_s:g} s: {what}")
        time.sleep(0.5)


def main() -> int:
    """What the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    kinds = parser.add_subparsers(dest="kind", required=True)
    back = kinds.add_parser("return", help="the broker dies under all nodes and comes back")
    back.add_argument("--nodes", type=int, default=500)
    load = kinds.add_parser("load", help="so many events for so long")
    load.add_argument("--nodes", type=int, default=436)
    load.add_argument("--minutes", type=float, default=30)
    load.add_argument("--rate", type=float, default=43.6, help="events a second, all together")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="matthan-fleet-") as folder:
        if args.kind == "load":
            found = carry(Path(folder), nodes=args.nodes, minutes=args.minutes, rate=args.rate)
            is_well = True
        else:
            found = come_back(Path(folder), nodes=args.nodes)
            is_herd = found["most_in_one_second"] > HERD_SHARE * args.nodes
            is_well = found["all_back_s"] <= BACK_WITHIN_S and not is_herd
    print(json.dumps(found, indent=2))
    return 0 if is_well and not (found["missing"] or found["doubled"]) else 1


if __name__ == "__main__":
    sys.exit(main())
