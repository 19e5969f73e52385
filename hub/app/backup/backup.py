"""Commands `backup` and `restore`: a running hub into one file, and back."""

import argparse
import contextlib
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, select, true

from hub.access.invitations import service as invitations
from hub.access.tables import sessions
from hub.app import backup_key, stores
from hub.app.backup.archive import (
    FORMAT,
    ArchiveError,
    ArchiveReader,
    ArchiveWriter,
    BackupManifest,
    Seal,
    encrypt_file,
)
from hub.app.backup.let_in import let_in
from hub.app.backup.secret_files import add_secrets, differs, put_secret, secrets_in
from hub.app.backup.snapshot import OccupiedError, Snapshot, restore, snapshot
from hub.app.check import is_hub
from hub.app.cli.core import OK, say, settings_of
from hub.app.config import HubSettings
from hub.app.keys import master_key_file
from hub.app.roles.attendance import refuse_while_running
from hub.base.age import PrivateKey, PublicKey
from hub.base.audit import log
from hub.base.audit.detail import Detail
from hub.base.audit.log import SHELL
from hub.base.audit.restores import RESTORED
from hub.base.bech32 import MistypedError
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.private_files import read_private
from hub.base.secret_store.sealed import names_in
from hub.base.storage.blobs import Blobs
from hub.footage.tables import media
from hub.public.households.tables import household_clips

NAMED_BY_MOMENT: Final = "matthan-hub-????????T??????Z.zip"
ENCRYPTED: Final = ".age"
"""What the name of a backup ends with that is encrypted to a public key."""
UNFINISHED: Final = (f".{NAMED_BY_MOMENT}*.part", ".backup-*")
"""Files of a backup that is being made, or was killed: the archive, and SQLite's copy."""
UNFINISHED_S: Final = 86_400.0
"""No backup takes that long."""


def back_up(args: argparse.Namespace) -> int:
    """Write one file with everything a hub needs to continue elsewhere."""
    settings = settings_of(args)
    if args.keep is not None and not (args.target.is_dir() and args.keep > 0):
        raise ValueError("--keep goes with a folder, and keeps one backup or more")
    key = backup_key.public_key(settings)
    path = _target(args.target, key)
    seal = _seal(args)
    with contextlib.closing(stores.database(settings)) as db:
        # Beside the database, where its content is in the clear anyway: the target may be a stick.
        scratch = path.parent if db.is_shared else Path(db.url.database or "").parent
        if args.target.is_dir():
            _drop_unfinished(path.parent)
            _drop_unfinished(scratch)
        writer = ArchiveWriter(path, to=key, overwrites=args.force)
        try:
            with db.writing() as conn:
                detail = Detail(
                    "backup.with_footage" if args.with_media else "backup.into", name=path.name
                )
                _note(conn, "hub.backup", detail)
            with snapshot(db, scratch) as (shape, parts):
                made_utc_us = time.time_ns() // 1000
                for name, pieces in parts:
                    writer.add(f"database/{name}", pieces)
            secret_count = add_secrets(writer, settings, seal)
            said = _add_media(writer, db, stores.blobs(settings)) if args.with_media else ""
            manifest = BackupManifest(
                format=FORMAT,
                made_utc_us=made_utc_us,
                software=version("matthan"),
                database_kind=shape.kind,
                schema_revision=shape.schema,
                tables={name: list(columns) for name, columns in shape.tables.items()},
                has_media=args.with_media,
                sealed_with=None if seal is None else seal.salt.hex(),
                members=writer.members,
            )
            writer.finish(manifest)
        finally:
            writer.abort()
    encrypted = 0
    if args.keep is not None:
        _drop_older(path.parent, args.keep)
        encrypted = 0 if key is None else _encrypt_earlier(path.parent, key)
    kept = said or "pictures and clips by reference: their store is to be backed up by itself"
    say(f"{path}: {shape.kind} at schema {shape.schema}, {secret_count} secrets; {kept}")
    if encrypted:
        say(f"{encrypted} earlier ones, which were in the clear, are encrypted too")
    if key is not None:
        say(f"It is encrypted to {key}: only the private half opens it.")
    elif seal is None:
        _warn(
            f"whoever reads {path} can act as this hub: its keys are in it (mode 0600). Make the"
            f" key that encrypts backups: {backup_key.CURE}"
        )
    return OK


def restore_backup(args: argparse.Namespace) -> int:
    """Restore a hub from a backup; everything is checked before anything is changed."""
    settings = settings_of(args)
    if is_hub(settings.web.host, settings.web.port):
        raise ValueError("a hub is running here. Stop it, and restore then")
    db = Database(settings.store.url)
    if db.is_shared:  # it may run on another machine, or here without pages
        refuse_while_running(db.url)
    reader = ArchiveReader(args.file, lambda: _private_key(args.key_file))
    try:
        reader.check()
        secrets = secrets_in(reader, settings, _seal_of(reader, args))
        _restore_all(reader, settings, secrets, overwrites=args.force)
    finally:
        reader.close()
    return OK


def _restore_all(
    reader: ArchiveReader, settings: HubSettings, secrets: dict[Path, bytes], *, overwrites: bool
) -> None:
    there = [path for path, content in secrets.items() if differs(path, content)]
    if there and not overwrites:
        raise ValueError(f"{there[0]} is there and is another; --force replaces it")
    manifest, db = reader.manifest, Database(settings.store.url)
    shape = Snapshot(manifest.database_kind, manifest.schema_revision, manifest.tables)
    try:
        restore(
            db,
            shape,
            lambda name: reader.read(f"database/{name}"),
            lambda conn: _note_restore(conn, manifest),
            overwrites=overwrites,
        )
        with db.reading() as conn:
            are_keys_sealed = bool(names_in(conn))
            people = list(let_in(conn, ZoneInfo(settings.web.time_zone), HubClock().now()))
    except OccupiedError as error:
        raise ValueError(f"{error}; --force replaces it") from error
    finally:
        db.close()
    for path, content in secrets.items():
        put_secret(path, content)
    brought = _bring_media(reader, stores.blobs(settings))
    made = datetime.fromtimestamp(manifest.made_utc_us / 1e6, UTC).astimezone()
    when = f"{made:%d/%m/%Y %H:%M:%S}"
    say(f"the hub is as it was on {when}, with {brought} pictures and clips.")
    if not manifest.has_media:
        say("Pictures and clips were not in it: bring their store back, or if they are lost,")
        say("say so: matthan-hub media sweep --all-lost. Nodes bring again what they still have.")
    if are_keys_sealed:
        say(f"Its keys are sealed: their master key must be at {master_key_file(settings)}.")
    if reader.opened_by and str(reader.opened_by) == str(backup_key.public_key(settings)):
        say("The private key that you gave opens its backups to come, too. Another that the")
        say("installer showed on this machine is of no use.")
    say(f"Accounts closed and grants ended after {when} count again, and old passwords too.")
    say("Everybody must sign in anew, and open invitations are withdrawn. These may come in:")
    for person in people:
        say(f"  {person}")
    say("Close accounts that are to be closed before you start the hub:")
    say('  matthan-hub officer close LOGIN --reason "…"')
    say("End grants that are to be ended when it runs: More → People and grants.")
    say("Holds placed after it are not in it: place them again. For eight days nothing is removed.")
    say("Start it: it asks the nodes for what came later, and they have the last seven days.")


def _note_restore(conn: Connection, manifest: BackupManifest) -> None:
    """Audit line, and end of all sessions and open invitations: one that was ended or used after
    the backup would be valid again."""
    conn.execute(delete(sessions))
    invitations.withdraw(conn, true(), now=HubClock().now())
    _note(conn, RESTORED, Detail("backup.restored", at=manifest.made_utc_us))


def _note(conn: Connection, act: str, detail: Detail) -> None:
    by = SHELL
    log.note(conn, by, act=act, detail=detail, now=HubClock().now())


def _target(target: Path, key: PublicKey | None) -> Path:
    """The file itself, or in a folder one named by the time."""
    if target.is_dir():
        ending = ".zip" if key is None else f".zip{ENCRYPTED}"
        return target / f"matthan-hub-{datetime.now(UTC):%Y%m%dT%H%M%SZ}{ending}"
    if not target.parent.is_dir():
        raise ValueError(f"there is no folder {target.parent}")
    return target


def _drop_unfinished(folder: Path) -> None:
    """Remove what killed backups left in the folder."""
    for left in [path for pattern in UNFINISHED for path in folder.glob(pattern)]:
        if left.stat().st_mtime < time.time() - UNFINISHED_S:
            left.unlink(missing_ok=True)


def _drop_older(folder: Path, keep: int) -> None:
    """Keep the last `keep` backups named by their time."""
    both = (NAMED_BY_MOMENT, f"{NAMED_BY_MOMENT}{ENCRYPTED}")
    for old in sorted(path for pattern in both for path in folder.glob(pattern))[:-keep]:
        old.unlink(missing_ok=True)


def _encrypt_earlier(folder: Path, key: PublicKey) -> int:
    """Encrypt the backups that were made before there was a key; returns their number."""
    earlier = sorted(folder.glob(NAMED_BY_MOMENT))
    for path in earlier:
        encrypt_file(path, path.with_name(f"{path.name}{ENCRYPTED}"), key)
    return len(earlier)


def _add_media(writer: ArchiveWriter, db: Database, blobs: Blobs) -> str:
    with db.reading() as conn:
        query = select(media.c.sha256, media.c.size_bytes).where(media.c.stored_utc_us.is_not(None))
        given = household_clips.c
        films = select(given.sha256, given.size_bytes).where(given.removed_utc_us.is_(None))
        rows = [*conn.execute(query.order_by(media.c.id)), *conn.execute(films.order_by(given.id))]
    files = {row.sha256: row.size_bytes for row in rows}
    added = gone = damaged = 0
    for number, (sha256, size_bytes) in enumerate(files.items(), start=1):
        if not blobs.has(sha256):  # removed by retention since the snapshot
            gone += 1
            continue
        name = f"media/{sha256}"
        try:
            member = writer.add(name, blobs.read(sha256, length=size_bytes), compresses=False)
        except FileNotFoundError:  # removed just now
            gone += 1
            continue
        if member.sha256 != sha256:
            del writer.members[name]  # nothing restores it; all others must still be backed up
            damaged += 1
            _warn(f"{sha256} in the clip store is damaged: it is left out")
            continue
        added += 1
        if number % 500 == 0:
            _warn(f"{number} of {len(files)} pictures and clips")
    said = f"{added} pictures and clips" + (f", {gone} were gone meanwhile" if gone else "")
    return said + (f", {damaged} damaged and left out" if damaged else "")


def _bring_media(reader: ArchiveReader, blobs: Blobs) -> int:
    brought = 0
    for sha256 in reader.names("media"):
        if not blobs.has(sha256):
            incoming = blobs.open_incoming(reader.manifest.members[f"media/{sha256}"].size_bytes)
            try:
                for piece in reader.read(f"media/{sha256}"):
                    incoming.write(piece)
                incoming.finish(sha256)
            finally:
                incoming.abort()
        brought += 1
    return brought


def _seal(args: argparse.Namespace) -> Seal | None:
    return None if args.passphrase_file is None else Seal.make(_passphrase(args.passphrase_file))


def _seal_of(reader: ArchiveReader, args: argparse.Namespace) -> Seal | None:
    salt = reader.manifest.sealed_with
    if salt is None:
        return None
    if args.passphrase_file is None:
        raise ArchiveError("the secrets of this backup are sealed: give --passphrase-file")
    return Seal.make(_passphrase(args.passphrase_file), bytes.fromhex(salt))


def _private_key(file: Path | None) -> PrivateKey:
    """From the file, from standard input (`-`), or asked for on the terminal."""
    if file is not None:
        text = sys.stdin.read() if str(file) == "-" else read_private(file).decode(errors="replace")
        try:
            return PrivateKey.parse(text)
        except MistypedError as error:
            raise ArchiveError(f"the private key is mistyped: {error}") from error
    if not sys.stdin.isatty():
        raise ArchiveError(
            "this backup is encrypted. Give the private key, which the installer showed once, with"
            " --key-file FILE, or with --key-file - on standard input"
        )
    _warn("this backup is encrypted. Its private key was shown once, when it was made.")
    while typed := _asked("AGE-SECRET-KEY-1… (it is shown as you type): "):
        try:
            return PrivateKey.parse(typed)
        except MistypedError as error:
            _warn(f"mistyped: {error}. Once more, or Enter to give up")
    raise ArchiveError("without its private key the backup stays closed. Nothing was changed")


def _asked(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _passphrase(path: Path) -> str:
    words = read_private(path).decode().strip()
    if len(words) < 12:
        raise ValueError(f"{path}: a passphrase has at least 12 characters")
    return words


def _warn(line: str) -> None:
    sys.stderr.write(f"matthan-hub: {line}\n")
