"""Commands for programs of nodes: add a bundle to the hub, and list the bundles."""

import argparse
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent.wire.programs import MOST_BUNDLE_BYTES, BundleFault
from hub.app import stores
from hub.app.cli.core import OK, say, settings_of
from hub.app.cli.parsing import Commands, command, group
from hub.base.audit import log
from hub.base.audit.detail import Detail
from hub.base.audit.log import SHELL
from hub.base.clock.clock import HubClock
from hub.base.errors import RegistryError
from hub.base.storage.blobs import store_file
from hub.nodes.desired_state import release_rows
from hub.nodes.releases.bundles import KEY, checked, update_key


def add_to(top: Commands) -> None:
    """Add the commands of this module."""
    verbs = group(top, "programs", "programs of nodes")
    new = command(verbs, "add", add, "add a signed bundle of programs for nodes")
    new.add_argument("bundle", type=Path, metavar="FILE", help="the file made by `sign.py pack`")
    new.add_argument("--key", type=Path, metavar="FILE", help=f"the public update key ({KEY})")
    command(verbs, "list", list_bundles, "list the bundles at the hub")


def add(args: argparse.Namespace) -> int:
    """Check a bundle and store it; prints the command that rolls it out."""
    settings = settings_of(args)
    key = _key(args.key)
    try:
        size_bytes = args.bundle.stat().st_size
        if size_bytes > MOST_BUNDLE_BYTES:
            raise RegistryError(f"{args.bundle} has more than {MOST_BUNDLE_BYTES // 2**20} MiB")
        head = checked(args.bundle, key)
        sha256 = store_file(args.bundle, stores.blobs(settings))
    except BundleFault as fault:
        raise RegistryError(f"{args.bundle}: {fault}") from fault
    except OSError as error:
        raise RegistryError(f"{error.filename}: {error.strerror}") from error
    db, now = stores.database(settings), HubClock().now()
    try:
        with db.writing() as conn:
            release_rows.add(
                conn,
                sha256,
                head.release,
                size_bytes=size_bytes,
                is_verified=key is not None,
                now=now,
            )
            told = Detail("release.added", name=head.release.name, sha=sha256)
            log.note(conn, SHELL, act="programs.add", detail=told, now=now)
    finally:
        db.close()
    if key is None:
        say("the hub knows no update key: its signature was not looked at; the boxes look at it")
    say(f'{head.release.name} is here. To want it:\n\n    matthan-hub config set --area "…"')
    say(f'        programs.bundle=\'"{sha256}"\' --reason "…"')
    return OK


def list_bundles(args: argparse.Namespace) -> int:
    """List the bundles, the newest release first."""
    db = stores.database(settings_of(args))
    try:
        with db.reading() as conn:
            found = release_rows.bundles(conn)
    finally:
        db.close()
    lines = [f"{one.release.name}: {one.size_bytes} bytes, {one.sha256}" for one in found]
    say("\n".join(lines) or "none is here")
    return OK


def _key(given: Path | None) -> Ed25519PublicKey | None:
    try:
        key = update_key(given or KEY)
    except ValueError as error:
        raise RegistryError(str(error)) from error
    if key is None and given is not None:
        raise RegistryError(f"{given} is no key of updates")
    return key
