"""A town's broker and hub on this machine, for an agent that runs elsewhere.

    python -m tests.rigs.town_for FOLDER FILM

Prints `ready` when the hub serves; the agent's configuration is FOLDER/agent.toml then. When stdin
ends, it prints what the hub has and exits. It waits for the clip of an alert, up to a minute.
"""

import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from deploy.town import Town, pick_port

CLIPS_WITHIN_S = 60.0
COUNTS = {
    "events": "SELECT count(*) FROM events",
    "sightings": "SELECT count(*) FROM sightings",
    "alerts": "SELECT count(*) FROM alerts",
    "alerts without a clip": "SELECT count(*) FROM alerts WHERE clip_id IS NULL",
}


def main() -> int:
    """Until the input ends; 0 when something was alerted and has its clip."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True)
    town = Town(folder, web_port=pick_port(8720), language="vi")
    town.broker.start()
    try:
        town.build(Path(sys.argv[2]), loops=False)
        hub = town.start_hub()
        try:
            say("ready")
            sys.stdin.read()
            told = counted(town)
        finally:
            hub.stop()
    finally:
        town.broker.stop()
    say("at the hub: " + ", ".join(f"{count} {name}" for name, count in told.items()))
    return 0 if told["alerts"] and not told["alerts without a clip"] else 1


def counted(town: Town) -> dict[str, int]:
    """What is filed, once it is whole or the time is over."""
    until_s = time.monotonic() + CLIPS_WITHIN_S
    while True:
        with closing(sqlite3.connect(f"file:{town.hub_database}?mode=ro", uri=True)) as database:
            told = {name: int(database.execute(ask).fetchone()[0]) for name, ask in COUNTS.items()}
        if not told["alerts without a clip"] or time.monotonic() > until_s:
            return told
        time.sleep(0.5)


def say(line: str) -> None:
    """To whoever waits."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
