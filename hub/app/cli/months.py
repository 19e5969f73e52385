"""Commands for tables that PostgreSQL keeps in parts by month."""

import argparse
import signal
import threading

from hub.app import stores
from hub.app.cli.core import OK, say, settings_of
from hub.app.cli.parsing import Commands, command, group
from hub.app.months import moving
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.db.months import HeldUpError
from hub.base.errors import RegistryError


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    of_months = group(verbs, "months", "events and sightings in parts by month (PostgreSQL)")
    command(of_months, "list", list_parts, "list the parts, and how large they are")
    split = command(of_months, "split", split_tables, "split both by month; the hub may run")
    join = command(of_months, "join", join_tables, "join the parts again; the hub may run")
    for one in (split, join):
        one.add_argument("--at-once", action="store_true", help="without rests between the steps")


def list_parts(args: argparse.Namespace) -> int:
    """List the parts of the tables."""
    db = _postgresql(args)
    try:
        found = moving.parts(db)
    finally:
        db.close()
    for part in found:
        filled = ", new rows go there" if part.is_filled else ""
        say(f"{part.name}: about {part.rows} rows, {part.size_bytes >> 20} MiB{filled}")
    if not found:
        say("events and sightings are one table each. Split them: matthan-hub months split")
    return OK


def split_tables(args: argparse.Namespace) -> int:
    """Keep events and sightings by month."""
    db, stop = _postgresql(args), _stop()
    try:
        moved = moving.split(
            db, HubClock().now(), says=say, stopping=stop.is_set, is_gentle=not args.at_once
        )
    except HeldUpError as error:
        raise RegistryError(f"{error}; run this again later, it continues") from error
    finally:
        db.close()
    say(_end(moved, stop))
    return OK


def join_tables(args: argparse.Namespace) -> int:
    """Join the parts again: one table for all events, and one for all sightings."""
    db, stop = _postgresql(args), _stop()
    try:
        moved = moving.join(db, says=say, stopping=stop.is_set, is_gentle=not args.at_once)
    except HeldUpError as error:
        raise RegistryError(f"{error}; run this again later, it continues") from error
    finally:
        db.close()
    say(_end(moved, stop))
    return OK


def _postgresql(args: argparse.Namespace) -> Database:
    db = stores.database(settings_of(args))
    if not db.is_shared:
        db.close()
        raise RegistryError("only PostgreSQL keeps tables in parts; on SQLite nothing is to do")
    return db


def _stop() -> threading.Event:
    """Set by Ctrl-C: the step that runs is finished."""
    stop = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stop.set())
    return stop


def _end(moved: int, stop: threading.Event) -> str:
    after = "stopped; run this again, it continues" if stop.is_set() else "done"
    return f"{after}: {moved} rows moved"
