"""Helpers that several commands use."""

import argparse
import sys
from collections.abc import Callable

from sqlalchemy import Connection

from hub.app import config, logs, stores
from hub.app.config import HubSettings
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.moment import Moment

OK = 0
REFUSED = 78
"""EX_CONFIG of sysexits.h: somebody must edit something, or something missing must come back."""


def say(text: str) -> None:
    """Print for the user of the command."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def settings_of(args: argparse.Namespace) -> HubSettings:
    """Configuration of a command; sets up logs."""
    settings = config.load(args.config)
    logs.set_up(settings.log)
    return settings


def enter(args: argparse.Namespace, write: Callable[[Connection, Moment], str]) -> int:
    """Write in one transaction, and print the result. On PostgreSQL a running hub hears of it."""
    db = stores.database(settings_of(args))
    try:
        with db.writing() as conn:
            said = write(conn, HubClock().now())
            ChangeSignal().ring_after(conn)
    finally:
        db.close()
    say(said)
    return OK


def line_of_stdin() -> str:
    """One line from standard input, without its end."""
    return sys.stdin.readline().rstrip("\r\n")
