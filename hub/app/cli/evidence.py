"""Commands for evidence: packages of stored footage, and signing keys."""

import argparse
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from hub.access.people import person_by_login
from hub.app import keys as hub_keys
from hub.app import stores
from hub.app.cli.core import OK, enter, say, settings_of
from hub.app.cli.parsing import Commands, command, existing_file_or_stdin, group
from hub.app.evidence import packing_of
from hub.app.keys import opened
from hub.base.audit import log
from hub.base.audit.acting import Acting
from hub.base.audit.asker import Asker
from hub.base.audit.detail import plain
from hub.base.audit.log import SHELL
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.cases.evidence import keys
from hub.cases.evidence.keys import EvidenceKeyError, fingerprint
from hub.cases.evidence.layout import LayoutError
from hub.cases.evidence.package import ChangedError
from hub.cases.evidence.packing import package
from hub.cases.evidence.redaction_plan import read_plan
from hub.cases.evidence.service import ExportService
from hub.footage import alert_queries
from hub.public.households.case_material import HouseholdMaterial


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    evidence = group(verbs, "evidence", "evidence packages")
    one = command(evidence, "export", export, "make an evidence package")
    one.add_argument("--case", required=True, metavar="NUMBER", help="the case number")
    one.add_argument("--reason", required=True, help="the reason; it is logged")
    one.add_argument("--by", required=True, metavar="LOGIN", help="the person whose rights apply")
    one.add_argument(
        "--into", type=Path, required=True, metavar="FOLDER", help="the folder to write"
    )
    for name, meaning in (("media", "a clip or a picture"), ("alert", "all footage of an alert")):
        one.add_argument(
            f"--{name}", type=UUID, action="append", default=[], metavar="ID", help=meaning
        )
    one.add_argument(
        "--redact",
        type=existing_file_or_stdin,
        action="append",
        default=[],
        metavar="PLAN",
        help="JSON file: the areas that a redacted copy hides (docs/reference/evidence-package.md)",
    )
    command(evidence, "key", make_key, "make a new evidence key; it signs from now on")
    command(evidence, "keys", list_keys, "list all evidence keys, old ones too")


def make_key(args: argparse.Namespace) -> int:
    """Create a key that signs from now on; older signatures stay valid."""

    settings = settings_of(args)
    with opened(settings) as secrets:

        def write(conn: Connection, now: Moment) -> str:
            keep = partial(secrets.write, conn=conn)
            folder = settings.secrets.folder
            signer = keys.new_key(folder, datetime.now(UTC), private=keep, public=keep)
            detail = plain(signer.fingerprint)
            log.note(conn, SHELL, act="evidence.key", detail=detail, now=now)
            until = f"{signer.certificate.not_valid_after_utc:%d/%m/%Y}"
            return f"evidence key: SHA-256 {signer.fingerprint}, until {until}. Make this known."

        return enter(args, write)


def list_keys(args: argparse.Namespace) -> int:
    """All keys, newest first."""
    settings = settings_of(args)
    with opened(settings) as secrets:
        found = keys.certificates(settings.secrets.folder, secrets)
    for one in found:
        span = f"{one.not_valid_before_utc:%d/%m/%Y} to {one.not_valid_after_utc:%d/%m/%Y}"
        say(f"{fingerprint(one)}  {span}")
    if not found:
        say("no evidence key yet: the first export makes one, or: matthan-hub evidence key")
    return OK


def export(args: argparse.Namespace) -> int:
    """Write one package of footage for a case into a folder."""
    settings = settings_of(args)
    plans = [read_plan(path.read_bytes()) for path in args.redact]
    db = stores.database(settings)
    try:
        acting = Acting(db, clock=HubClock(), change_signal=ChangeSignal())
        exports = ExportService(acting, blobs=stores.blobs(settings), material=HouseholdMaterial())
        with db.reading() as conn:
            asker = _asker(conn, args.by)
            wanted = [*args.media, *(one for a in args.alert for one in _of_alert(conn, a))]
        leaving = exports.export(asker, wanted, case_number=args.case, reason=args.reason)
        if leaving is None:
            raise RegistryError(
                f"{args.by} may not export all of this (rights: export, and see or clips), or some "
                "of it is not at the hub; nothing was exported"
            )
        path, manifest = package(
            packing_of(settings, hub_keys.secrets(settings, db)),
            exports,
            leaving,
            into=args.into,
            plans=plans,
        )
    except (EvidenceKeyError, ChangedError, LayoutError) as error:
        raise RegistryError(str(error)) from error
    finally:
        db.close()
    say(f"package: {path}\nfiles of footage: {len(manifest.footage)}")
    if manifest.redacted:
        say(f"redacted copies beside it: {len(manifest.redacted)}")
    say(f"signed by the key of SHA-256 {manifest.key_sha256}")
    if manifest.stamp is not None:
        missing = manifest.stamp.missing
        say(
            f"NO time stamp of {manifest.stamp.authority}: {missing}"
            if missing
            else f"time-stamped by {manifest.stamp.authority}"
        )
    return OK


def _asker(conn: Connection, login: str) -> Asker:
    person_id = person_by_login(conn, login)
    if person_id is None:
        raise RegistryError(f"nobody signs in as {login!r}; add them with: officer add")
    return Asker(person_id, login, login, "", "", came_from="shell")


def _of_alert(conn: Connection, alert_id: UUID) -> list[UUID]:
    rows = alert_queries.alert_media(conn, alert_id, kinds=("picture", "clip", "sound"))
    return [row.media_id for row in rows if row.is_stored]
