"""The command that makes the key of backups, and shows its private half once."""

import argparse
import sys
from pathlib import Path
from typing import Final

from hub.app import backup_key, stores
from hub.app.cli.core import OK, say, settings_of
from hub.app.cli.parsing import Commands, command
from hub.app.config import HubSettings
from hub.base.age import PrivateKey, PublicKey
from hub.base.audit import log
from hub.base.audit.detail import plain
from hub.base.audit.log import SHELL
from hub.base.bech32 import CHECK_LETTERS, MistypedError
from hub.base.clock.clock import HubClock

TERMINAL: Final = Path("/dev/tty")


def add_to(keys: Commands) -> None:
    """Add the command of this module."""
    made = command(
        keys,
        "backup-key",
        set_backup_key,
        "make the key that encrypts backups; its private half is shown once, on the terminal",
    )
    made.add_argument(
        "--public",
        metavar="KEY",
        help="take this public key (age1…) instead, such as that of the hub's first machine",
    )
    made.add_argument("--replace", action="store_true", help="replace the key that there is")


def set_backup_key(args: argparse.Namespace) -> int:
    """Set the key of all backups to come. Nothing is changed before the keeper has shown that they
    have the private half."""
    settings = settings_of(args)
    wanted = None if args.public is None else _given(args.public)
    there = None if args.replace else backup_key.public_key(settings)
    if there is not None:
        if wanted is not None and str(wanted) != str(there):
            raise ValueError(f"backups are encrypted to {there} already; --replace replaces it")
        say(f"Backups are encrypted to {there}.")
        return OK
    if wanted is None:
        wanted = _shown()
    path = _put(settings, wanted)
    say(f"Backups are encrypted from now on, to {wanted} ({path}).")
    return OK


def _given(text: str) -> PublicKey:
    try:
        return PublicKey.parse(text)
    except MistypedError as error:
        raise ValueError(f"--public is mistyped: {error}") from error


def _put(settings: HubSettings, key: PublicKey) -> Path:
    db = stores.database(settings)
    try:
        with db.writing() as conn:
            detail = plain(str(key))
            log.note(conn, SHELL, act="hub.backup_key", detail=detail, now=HubClock().now())
            return backup_key.put_public_key(settings, key)
    finally:
        db.close()


def _shown() -> PublicKey:
    """The public half of a new pair, once its private half was shown and copied.

    It goes to the terminal itself, and so into no log of an installation.
    """
    if not sys.stdin.isatty():
        raise ValueError(
            "the private half of the key is shown once, so this needs a terminal; or give the"
            " public half of a key that there is: --public age1…"
        )
    key = PrivateKey.new()
    line = key.line()
    _write(
        "\nThis line alone opens the backups of this hub. It is shown once and stored nowhere:\n"
        f"\n    {line}\n\n"
        "Print it or write it down, and put it into a safe, away from this machine and from the\n"
        "backups. Without it nobody can restore them.\n"
        f"To show that you have it, type its last {CHECK_LETTERS} letters (Enter: not now): "
    )
    while typed := sys.stdin.readline().strip():
        if typed.upper() == line[-CHECK_LETTERS:]:
            return key.public
        _write("It ends otherwise. Once more (Enter: not now): ")
    raise ValueError(f"no key was taken, and backups stay as they were. Later: {backup_key.CURE}")


def _write(text: str) -> None:
    with TERMINAL.open("w", encoding="utf-8") as terminal:
        terminal.write(text)
