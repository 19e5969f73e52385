"""Commands for keys of apps that send tips."""

import argparse
from datetime import UTC, datetime

from hub.app import stores
from hub.app.cli.core import OK, say, settings_of
from hub.app.cli.parsing import Commands, command, group
from hub.base.clock.clock import HubClock
from hub.public.tips import api_keys
from hub.public.tips.api_keys import TipKeyError


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    keys = group(verbs, "tips", "apps that send tips")
    add = command(keys, "key", add_key, "make a key for an app that sends tips")
    add.add_argument("app", help="the name of the app; officers see it")
    end = command(keys, "revoke", revoke_key, "revoke the key of an app")
    end.add_argument("app", help="the name of the app")
    command(keys, "keys", list_keys, "list the apps with a key")


def add_key(args: argparse.Namespace) -> int:
    """Create a key and print it once."""
    db = stores.database(settings_of(args))
    try:
        with db.writing() as conn:
            key = api_keys.add_key(conn, args.app, HubClock().now())
    except TipKeyError as error:
        say(str(error))
        return 1
    finally:
        db.close()
    say(key)
    return OK


def revoke_key(args: argparse.Namespace) -> int:
    """Revoke a key."""
    db = stores.database(settings_of(args))
    try:
        with db.writing() as conn:
            api_keys.revoke_key(conn, args.app, HubClock().now())
    except TipKeyError as error:
        say(str(error))
        return 1
    finally:
        db.close()
    return OK


def list_keys(args: argparse.Namespace) -> int:
    """List apps with keys, and since when."""
    db = stores.database(settings_of(args))
    try:
        with db.reading() as conn:
            rows = api_keys.list_keys(conn)
    finally:
        db.close()
    for row in rows:
        ended = f", revoked {_day(row.revoked_utc_us)}" if row.revoked_utc_us else ""
        say(f"{row.name}: since {_day(row.made_utc_us)}{ended}")
    return OK


def _day(utc_us: int) -> str:
    return f"{datetime.fromtimestamp(utc_us / 1e6, UTC):%d/%m/%Y}"
