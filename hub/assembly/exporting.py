"""Commands for evidence: packages of stored footage, and signing keys."""

import argparse
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection

from hub.alerts.errors import RegistryError
from hub.alerts.moment import Moment
from hub.assembly import opening
from hub.assembly.commands import OK, enter, say, settings_of
from hub.assembly.packing import key_folder, new_key, package
from hub.evidence import keys
from hub.evidence.areas import read_plan
from hub.evidence.keys import EvidenceKeyError, fingerprint
from hub.evidence.layout import LayoutError
from hub.evidence.package import ChangedError
from hub.store import alert_footage_sights, audit
from hub.store.acting import Acting
from hub.store.asker import Asker
from hub.store.audit import SHELL
from hub.store.bell import Bell
from hub.store.clock import HubClock
from hub.store.export_door import ExportService
from hub.store.staff import person_by_login


def make_key(args: argparse.Namespace) -> int:
    """Create a key that signs from now on; older signatures stay valid."""

    def write(conn: Connection, now: Moment) -> str:
        signer = new_key(settings_of(args), datetime.now(UTC))
        by = SHELL
        audit.note(conn, by, act="evidence.key", detail=signer.fingerprint, now=now)
        until = f"{signer.certificate.not_valid_after_utc:%d/%m/%Y}"
        return f"evidence key: SHA-256 {signer.fingerprint}, until {until}. Make this known."

    return enter(args, write)


def list_keys(args: argparse.Namespace) -> int:
    """All keys, newest first."""
    found = keys.certificates(key_folder(settings_of(args)))
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
    db = opening.database(settings)
    try:
        acting = Acting(db, clock=HubClock(), bell=Bell())
        exports = ExportService(acting, blobs=opening.blobs(settings))
        with db.reading() as conn:
            asker = _asker(conn, args.by)
            wanted = [*args.media, *(one for a in args.alert for one in _of_alert(conn, a))]
        leaving = exports.export(asker, wanted, case_number=args.case, reason=args.reason)
        if leaving is None:
            raise RegistryError(
                f"{args.by} may not export all of this (rights: export, and see or clips), or some "
                "of it is not at the hub; nothing was exported"
            )
        path, manifest = package(settings, exports, leaving, into=args.into, plans=plans)
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
    rows = alert_footage_sights.alert_media(conn, alert_id, kinds=("picture", "clip", "sound"))
    return [row.media_id for row in rows if row.is_stored]
