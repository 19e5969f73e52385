"""`bench intake`: events per second that the hub can take, and a node's wait for its receipt.

Every event is committed before it is acknowledged. Messages per second are stated beside a C
publisher and a C subscriber over the same broker in the same run. The wait is from a node's
publishing to the hub's receipt, under a town's load. At the end, the bench checks that every event
is stored exactly once.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, Final

from deploy.broker import BINARY, Broker
from tests.bench.hub import haste, kinds, wait, workers
from tests.bench.hub.carrier import carrying, until
from tests.bench.hub.town import Town

MESSAGES: Final = 6_000
MOST_MESSAGES: Final = 20_000
"""Most messages that the broker queues for a client slower than the publishers."""
ROUNDS: Final = 3
NODES: Final = 20
LOADS: Final = {"town": 43.6, "5000_a_minute": 5000 / 60}
"""Events a second: 436 cameras with one in ten seconds each, and a peak load."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments and the command."""
    parser.add_argument(
        "--messages", type=int, default=MESSAGES, help="messages per round, 70 to 20,000"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="number of rounds")
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="seconds of each steady load; 0: none"
    )
    parser.add_argument(
        "--database",
        action="append",
        metavar="URL",
        help="an empty database; default: a new SQLite file, then PostgreSQL if installed",
    )
    parser.add_argument(
        "--workers",
        type=int,
        nargs="*",
        default=[],
        help="on PostgreSQL: also measure so many intakes together, which divide the nodes",
    )
    parser.add_argument(
        "--delay-ms",
        type=float,
        nargs="*",
        default=[0.0],
        help="for --workers: delays to PostgreSQL, in each direction",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(do=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print; 1 if an event was lost or doubled."""
    lacking = _lacking(args)
    if lacking:
        print(f"bench intake: {lacking}", file=sys.stderr)
        return 2
    found: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load_before": round(os.getloadavg()[0], 1),
        "messages_a_round": args.messages,
    }
    with tempfile.TemporaryDirectory(prefix="matthan-bench-") as folder, ExitStack() as stack:
        for url in kinds.databases(args.database, Path(folder), stack, bench="intake"):
            name = "postgresql" if url.startswith("postgresql") else "sqlite"
            found[name] = measure(Path(folder) / name, url, args)
        found["load_after"] = round(os.getloadavg()[0], 1)
    print(json.dumps(found, indent=None if args.json else 2))
    told = [value for value in found.values() if isinstance(value, dict)]
    return 0 if all(one["missing"] == 0 and one["doubled"] == 0 for one in told) else 1


def measure(folder: Path, url: str, args: argparse.Namespace) -> dict[str, Any]:
    """Measure on one database: rounds at full speed, then the loads, then the check."""
    said = 0
    folder.mkdir()
    with Broker(folder / "mqtt") as broker:
        town = Town(broker, url)
        rounds = [_round(town, folder, args.messages) for _ in range(args.rounds)]
        said += sum(round(one["events"]) for one in rounds)
        waits: dict[str, Any] = {}
        for name, per_s in LOADS.items() if args.seconds else ():
            waits[name], more = _waits(town, per_s=per_s, seconds=args.seconds)
            said += more
        together = [
            workers.measure(
                town,
                folder / f"together-{delay_ms:g}-{number}",
                workers=number,
                delay_ms=delay_ms,
                messages=args.messages,
            )
            for delay_ms in args.delay_ms
            for number in (args.workers if url.startswith("postgresql") else ())
        ]
        said += sum(one["events"] for one in together)
        stored = town.stored()
        town.close()
    return {
        "own_per_s": [round(one["own_per_s"]) for one in rounds],
        "peer_per_s": [round(one["peer_per_s"]) for one in rounds],
        "share_of_peer": round(median(one["own_per_s"] / one["peer_per_s"] for one in rounds), 3),
        "wait_ms": waits,
        "together": together,
        "events_said": said,
        "stored": stored,
        "missing": said - stored["numbers"],
        "doubled": stored["events"] - stored["numbers"],
    }


def _round(town: Town, folder: Path, messages: int) -> dict[str, float]:
    """Send the same messages to both."""
    talkers, said = haste.write_speeches(town, folder, messages=messages)
    peer_per_s = haste.peer_per_s(town.broker, said)
    haste.say_births(town.broker, talkers)
    with carrying(town.broker, town.url) as carrier:
        until(lambda: carrier.counts()["received"] >= town.nodes, "the hub knows all nodes")
        own_per_s = haste.own_per_s(town.broker, carrier, said)
    return {"peer_per_s": peer_per_s, "own_per_s": own_per_s, "events": haste.events_of(said)}


def _lacking(args: argparse.Namespace) -> str:
    """The fault in a sentence; empty if there is none."""
    if not 70 <= args.messages <= MOST_MESSAGES:
        return f"--messages is 70 to {MOST_MESSAGES}: the broker keeps no more for a slow hub"
    if args.rounds < 1 or args.seconds < 0:
        return "--rounds is 1 or more, --seconds 0 or more"
    programs = (BINARY, "mosquitto_pub", "mosquitto_sub")
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        packages = "apt-get install mosquitto mosquitto-clients"
        return f"{', '.join(missing)} is not installed: {packages}"
    return ""


def _waits(town: Town, *, per_s: float, seconds: float) -> tuple[dict[str, Any], int]:
    """The wait under a load, and the number of events."""
    talkers = town.talkers(NODES, cameras=haste.CAMERAS)
    with carrying(town.broker, town.url):
        waits = wait.latencies_ms(town.broker, talkers, per_s=per_s, seconds=seconds)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "most": 1.0}
    at = {
        name: waits[min(len(waits) - 1, int(len(waits) * share))] for name, share in shares.items()
    }
    told = {name: round(value, 1) for name, value in at.items()}
    return {"events_per_s": round(len(waits) / seconds, 1), **told}, len(waits)
