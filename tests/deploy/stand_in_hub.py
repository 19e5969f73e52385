"""A stand-in for a version of the hub, which starts in a moment: for a plug that is pulled at each
step. It has a schema of its own number, and what it takes goes into the table `taken`.

Usage: python stand_in_hub.py SLOT DATABASE NUMBER FAULT COMMAND…
"""

import json
import os
import socket
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

slot, database, number, fault = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
command = sys.argv[5:]


def notify(status: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto(f"STATUS={status}".encode(), os.environ["NOTIFY_SOCKET"])


def schema(where: str) -> int:
    with closing(sqlite3.connect(where)) as conn:
        return int(conn.execute("PRAGMA user_version").fetchone()[0])


def migrate(where: str) -> None:
    with closing(sqlite3.connect(where)) as conn:
        if fault == "migration" and not where.endswith(".tried"):
            conn.execute("DELETE FROM taken")  # half a migration
            conn.commit()
            sys.exit("the disk is on fire")
        conn.execute(f"PRAGMA user_version = {number}")
        conn.execute("CREATE TABLE IF NOT EXISTS new (x)")
        conn.commit()


def is_on_trial() -> bool:
    try:
        said = json.loads((slot.parent / "hub-upgrade/state.json").read_text())
    except OSError:
        return False
    return bool(said["new"] == str(slot) and said["phase"] != "live")


match command:
    case ["rehearse"]:
        size = Path(database).stat().st_size
        facts = {"kind": "sqlite", "file": database, "size_bytes": size}
        sys.stdout.write(json.dumps(facts | {"migrates": schema(database) != number}))
    case ["rehearse", "--copy", url]:
        migrate(url.removeprefix("sqlite:///"))
    case ["migrate"]:
        migrate(database)
    case ["run"]:
        if schema(database) != number:
            sys.exit(78)
        while is_on_trial():
            if fault == "ends":
                sys.exit(1)
            notify("on trial: ill" if fault == "never" else "on trial: healthy")
            time.sleep(0.05)
        with closing(sqlite3.connect(database)) as conn:
            conn.execute("INSERT INTO taken VALUES (?)", (f"by {number}",))
            conn.commit()
        notify("nodes are heard")
        while True:
            time.sleep(60)
