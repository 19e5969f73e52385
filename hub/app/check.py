"""Checks a configuration without starting anything: one line per part, with the cure."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import psycopg
from cryptography import x509
from cryptography.x509.oid import NameOID

from agent.wire.brokers import broker_address
from hub.access.rules.oidc import ProviderError
from hub.app import backup_key, channels, enrolment, keys, provider, stores
from hub.app.config import HubSettings
from hub.app.errors import StartRefusedError
from hub.app.roles.attendance import served_now
from hub.app.roles.listening import listening_socket
from hub.app.roles.names import MISSED, ROLES, cure
from hub.base import timestamping
from hub.base.credentials import found
from hub.base.db.database import Database, DatabaseError
from hub.base.db.schema import check_schema
from hub.base.private_files import read_private
from hub.base.rfc3161 import StampError
from hub.base.secret_store.sealed import names_in
from hub.base.secret_store.store import FILES
from hub.base.storage.blobs import BlobsError
from hub.base.text.paper import NoLettersError, letters
from hub.intake.mqtt.probe import BrokerRefusedError, probe
from hub.nodes.pki import renewal
from hub.nodes.pki.authority import HUB_NAME
from hub.notify.channels.vapid import VapidKeyError, vapid_key
from hub.notify.phones.queries import keeper_addresses

SHORT_DAYS: Final = 30
ANSWER_S: Final = 3.0

Finding = tuple[bool, str, str]
"""Success, part, text."""


def check(settings: HubSettings) -> Iterator[Finding]:
    """The findings for every part of the hub, in turn; changes nothing."""
    yield True, "configuration", "every key is known and fits"
    parts: dict[str, Callable[[HubSettings], str]] = {
        "database": _database,
        **({"roles": _roles} if settings.store.url.startswith("postgresql") else {}),
        "media folder": _media_folder,
        **({"media bucket": _media_bucket} if settings.store.media_url else {}),
        "secrets": _secrets,
        "backups": backup_key.check,
        "channels": lambda settings: ", ".join(channels.names(settings)),
        "private addresses": _private_addresses,
        **({"time stamps": _time_stamps} if settings.evidence.stamp_url else {}),
        **({"sign-in by a provider": _provider} if settings.oidc.issuer else {}),
        "summary on paper": _letters,
        "certificate": _certificate,
        "broker": _broker,
        "web port": _web_port,
    }
    for name, try_out in parts.items():
        try:
            yield True, name, try_out(settings)
        except (
            StartRefusedError,
            DatabaseError,
            BrokerRefusedError,
            VapidKeyError,
            BlobsError,
            NoLettersError,
            StampError,
            ProviderError,
            OSError,
            ValueError,
        ) as error:
            yield False, name, str(error)


def _database(settings: HubSettings) -> str:
    db = Database(settings.store.url)
    path = Path(db.url.database or "")
    if db.url.get_backend_name() == "sqlite" and not path.exists():
        _must_be_writable(path.parent, "store.url")
        return f"{path} will be made at the first start"
    try:
        check_schema(db)
    finally:
        db.close()
    return "reachable, and at this program's schema"


def _roles(settings: HubSettings) -> str:
    db = Database(settings.store.url)
    db.close()
    try:
        served = served_now(db.url)
    except psycopg.Error as error:
        raise StartRefusedError("not known without the database, see there") from error
    if not served:
        return "no process of the hub runs"
    missed = [role for role in ROLES if role not in served]
    if missed:
        lost = (f"no process has {role}: {MISSED[role]}; {cure(role)}" for role in missed)
        raise StartRefusedError(". ".join(lost))
    return f"each has a process: {', '.join(served)}"


def _media_folder(settings: HubSettings) -> str:
    folder = settings.store.media_folder
    if not folder.exists():
        _must_be_writable(_nearest(folder), "store.media_folder")
        return f"{folder} will be made at the first start"
    _must_be_writable(folder, "store.media_folder")
    free_bytes, spare_bytes = shutil.disk_usage(folder).free, stores.spare_bytes(folder)
    free_mib = free_bytes // 2**20
    if free_bytes < spare_bytes:
        raise StartRefusedError(
            f"{folder} has {free_mib} MiB free, and {spare_bytes // 2**20} MiB stay so:"
            " uploads would wait at their nodes. Free space, or move it to a larger disk"
        )
    return f"{folder} can be written, {free_mib} MiB are free"


def _media_bucket(settings: HubSettings) -> str:
    with tempfile.TemporaryDirectory() as staging:  # this changes nothing
        bucket = stores.bucket(settings, staging=Path(staging))
        bucket.probe()
    return f"{bucket.address} lets the hub in"


def _secrets(settings: HubSettings) -> str:
    if settings.store.url.startswith("postgresql") and (said := _sealed(settings)):
        return said
    push_key = found(keys.push_key_file(settings))
    upload_key = found(settings.secrets.folder / "upload.key")
    if push_key.exists():
        vapid_key(push_key)
    if upload_key.exists():
        read_private(upload_key)
    missing = [str(path) for path in (push_key, upload_key) if not path.exists()]
    if missing:
        _must_be_writable(_nearest(settings.secrets.folder), "secrets.folder")
        return f"will be made at the first start: {', '.join(missing)}"
    return f"push key and upload key are in {settings.secrets.folder}"


def _sealed(settings: HubSettings) -> str:
    """Finding about sealed keys; none for a hub that keeps files."""
    db = Database(settings.store.url)
    try:
        check_schema(db)
        if keys.secrets(settings, db) is FILES:
            return ""
        with db.reading() as conn:
            names = names_in(conn)
    finally:
        db.close()
    left = [str(path) for path in keys.own_files(settings) if path.name in names]
    hint = f" Files that are not needed any more: {', '.join(left)}" if left else ""
    return f"{len(names)} are sealed in the database, and the master key opens them.{hint}"


def _private_addresses(settings: HubSettings) -> str:
    hosts = channels.unlisted(settings, _topics(settings))
    if hosts:
        listed = [*settings.push.private_hosts, *hosts]
        raise StartRefusedError(
            f"nothing is sent to {', '.join(hosts)}: private, and not listed. If they are the"
            f" town's own, write below [push]: private_hosts = {json.dumps(listed)}"
        )
    return "every one in use is listed" if settings.push.private_hosts else "none is in use"


def _topics(settings: HubSettings) -> list[str]:
    """Topics of ntfy that somebody gets alerts by; none without a database."""
    db = Database(settings.store.url)
    path = Path(db.url.database or "")
    if db.url.get_backend_name() == "sqlite" and not path.exists():
        return []
    try:
        check_schema(db)
        with db.reading() as conn:
            return keeper_addresses(conn)
    finally:
        db.close()


def _time_stamps(settings: HubSettings) -> str:
    asked = timestamping.authority(settings.evidence.stamp_url, settings.evidence.stamp_ca_file)
    stamp = asked and timestamping.try_out(asked)
    return f"{settings.evidence.stamp_url} stamps as {stamp.by}" if stamp else "none"


def _provider(settings: HubSettings) -> str:
    made = provider.provider(settings, lambda: datetime.now(UTC).timestamp())
    if made is None:
        return "none"
    try:
        return made.try_out()
    finally:
        made.close()


def _letters(_: HubSettings) -> str:
    letters()
    return "packages of evidence have a PDF"


def _certificate(settings: HubSettings) -> str:
    path = settings.broker.cert_file
    cert = x509.load_pem_x509_certificate(path.read_bytes())
    names = cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = names[0].value if names else ""
    cure = f"Issue it: matthan-hub ca issue DIR {HUB_NAME}"
    if name != HUB_NAME:
        raise StartRefusedError(
            f"{path} is made out to {name!r}, and the broker would let it say nothing. {cure}"
        )
    now = datetime.now(UTC)
    left = cert.not_valid_after_utc - now
    if left.days < 0:
        raise StartRefusedError(f"{path} ended on {cert.not_valid_after_utc:%d/%m/%Y}. {cure}")
    if left.days < SHORT_DAYS and renewal.ends_soon(cert, now):
        raise StartRefusedError(
            f"{path} ends in {left.days} days, and was not renewed. See: systemctl status"
            f" matthan-renew. {cure}"
        )
    return f"{path} holds for {left.days} days"


def _broker(settings: HubSettings) -> str:
    every = enrolment.broker_addresses(settings)
    for one in every:
        probe(one)
    names = ", ".join(broker_address(one.host, one.port) for one in every)
    return f"{names} accept{'s' if len(every) == 1 else ''} the hub's certificate"


def _web_port(settings: HubSettings) -> str:
    where = f"{settings.web.host}:{settings.web.port}"
    try:
        listening_socket(settings).close()
    except StartRefusedError:
        if not is_hub(settings.web.host, settings.web.port):
            raise
        return f"the hub is running at {where}"
    return f"{where} is free"


def is_hub(host: str, port: int) -> bool:
    """True if the program on this port answers like a hub."""
    from hub.web.app_shell import SERVICE  # noqa: PLC0415 - heavy, and seldom wanted

    near = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - asked, not served
    place = f"[{near}]" if ":" in near else near
    try:
        answer = httpx.get(f"http://{place}:{port}/health", timeout=ANSWER_S, trust_env=False)
        return bool(answer.json()["service"] == SERVICE)
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return False


def _nearest(folder: Path) -> Path:
    """The folder itself, or its first existing parent."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _must_be_writable(folder: Path, key: str) -> None:
    if not folder.is_dir():
        raise StartRefusedError(f"there is no folder {folder}. Make it, or change {key}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StartRefusedError(f"{folder} cannot be written. Give it to the hub's user ({key})")
