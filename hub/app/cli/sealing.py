"""The commands that seal the hub's keys in the database of several machines."""

import argparse
from pathlib import Path

from hub.app import keys, stores
from hub.app.cli import backup_key
from hub.app.cli.core import OK, say, settings_of
from hub.app.cli.parsing import Commands, command, group
from hub.app.config import HubSettings
from hub.app.roles.attendance import refuse_while_running
from hub.base.audit import log
from hub.base.audit.detail import Detail, plain
from hub.base.audit.log import SHELL
from hub.base.clock.clock import HubClock
from hub.base.credentials import found
from hub.base.db.database import Database
from hub.base.private_files import write_private
from hub.base.secret_store.sealed import MasterKey, broken_in, import_into, names_in, reseal
from hub.base.secret_store.store import FILES


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    keys_verbs = group(verbs, "secrets", "the hub's keys")
    command(
        keys_verbs,
        "change-key",
        change_key,
        "seal the hub's keys by another master key, master.key.new; no hub may run",
    )
    one = command(
        keys_verbs,
        "import",
        import_secrets,
        "seal the hub's keys in its PostgreSQL database, for several machines; no hub may run",
    )
    one.add_argument(
        "--force", action="store_true", help="replace sealed keys that differ from their files"
    )
    backup_key.add_to(keys_verbs)


def change_key(args: argparse.Namespace) -> int:
    """Seal all keys in the database by another master key. It can be interrupted at any time and
    run again."""
    settings = settings_of(args)
    if settings.store.url.startswith("sqlite"):
        raise ValueError("SQLite (store.url) serves one machine: its keys are not sealed")
    db = stores.database(settings)
    try:
        return _change_key(settings, db)
    finally:
        db.close()


def _change_key(settings: HubSettings, db: Database) -> int:
    refuse_while_running(db.url)
    path = keys.master_key_file(settings)
    next_one, last = path.with_name(f"{path.name}.new"), path.with_name(f"{path.name}.old")
    if not next_one.exists():
        _refuse_second_old(path, last)
        keys.master_key(path)
        write_private(next_one, MasterKey.new_file())  # first: nothing is sealed without it
    new = keys.master_key(next_one)
    with db.writing() as conn:
        if not (names := names_in(conn)):
            raise ValueError("no keys are sealed in the database: use `matthan-hub secrets import`")
        if broken_in(conn, new):  # else it was done, and broken off after that
            names = reseal(conn, keys.master_key(path), new)
            detail = Detail("keys.by_another_master_key", names=", ".join(names))
            log.note(conn, SHELL, act="hub.seal_keys", detail=detail, now=HubClock().now())
    say(f"{len(names)} keys are sealed by another master key.")
    if not path.exists():
        say(f"It is {next_one}: hand it over as the credential master.key on each machine.")
        return OK
    _refuse_second_old(path, last)
    write_private(last, path.read_bytes())
    next_one.replace(path)
    say(f"It is {path}. Copy it to the same place on each machine of the hub, and to a safe place.")
    say(f"Backups made before need the old one, {last}: keep it with them, and remove it here.")
    return OK


def _refuse_second_old(path: Path, last: Path) -> None:
    """One that lies here may be the only copy, and older backups need it."""
    if last.exists() and (not path.exists() or last.read_bytes() != path.read_bytes()):
        raise ValueError(f"{last} is the key before this one. Move it to a safe place first")


def import_secrets(args: argparse.Namespace) -> int:
    """Seal all keys that are files on this machine; the first time, also make the master key."""
    settings = settings_of(args)
    if settings.store.url.startswith("sqlite"):
        raise ValueError("SQLite (store.url) serves one machine: its keys stay files")
    db = stores.database(settings)
    try:
        return _import(settings, db, overwrites=args.force)
    finally:
        db.close()


def _import(settings: HubSettings, db: Database, *, overwrites: bool) -> int:
    refuse_while_running(db.url)
    files = keys.own_files(settings)
    if not files:
        raise ValueError(f"there are no keys in {settings.secrets.folder}")
    both = [*files, *keys.authority_files(settings)]
    contents = {path.name: FILES.read(path, group_reads=True) for path in both}
    master, is_new = _master_key(settings, db, may_be_new=overwrites)
    with db.writing() as conn:
        count = import_into(conn, master, contents, overwrites=overwrites)
        detail = plain(", ".join(sorted(contents)))
        log.note(conn, SHELL, act="hub.seal_keys", detail=detail, now=HubClock().now())
    path = keys.master_key_file(settings)
    say(f"{count} keys are sealed in the database, {len(contents) - count} were there already.")
    if is_new:
        say(
            f"Their master key is {path}. Copy it to the same place on each machine of the hub, and"
        )
        say("to a safe place elsewhere: no backup has it, and without it the keys are lost.")
    say("When the hub runs on all machines, remove what is not needed any more:")
    for file in files:
        say(f"  {file}")
    return OK


def _master_key(settings: HubSettings, db: Database, *, may_be_new: bool) -> tuple[MasterKey, bool]:
    """The master key, and whether it is new: while nothing is sealed, or all is sealed anew."""
    path = keys.master_key_file(settings)
    with db.reading() as conn:
        is_sealed = bool(names_in(conn))
    is_new = not found(path).exists() and (may_be_new or not is_sealed)
    if is_new:  # first: nothing is sealed with a key that is not on the disk
        write_private(path, MasterKey.new_file())
    return keys.master_key(path), is_new
