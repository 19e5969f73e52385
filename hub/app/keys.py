"""Opens the hub's keys: files of its one machine, or sealed in the database of several."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from hub.app import enrolment, stores
from hub.app.config import HubSettings
from hub.app.errors import StartRefusedError
from hub.base.credentials import found
from hub.base.db.database import Database
from hub.base.private_files import read_private
from hub.base.secret_store import sealed
from hub.base.secret_store.sealed import MasterKey, SealedSecrets
from hub.base.secret_store.store import FILES, SecretStore
from hub.nodes.pki.authority import own_files as own_files_of
from hub.nodes.pki.upload_tokens import KEY_NAME, UploadTokens
from hub.notify.channels.vapid import VapidKeyError, vapid_key
from hub.notify.channels.zalo import KEPT_IN
from hub.oversight.metrics.measured import TOKEN_NAME
from hub.public.tips.sealing import SealBox
from hub.public.tips.tables import tip_reporters

log = structlog.get_logger()

TIPS_KEY: Final = "tips.key"
HOUSEHOLDS_KEY: Final = "households.key"
MASTER_KEY: Final = "master.key"
"""File of the master key; names of the next and the previous key begin with it."""
MADE_BY_THE_HUB: Final = (
    KEY_NAME,
    TIPS_KEY,
    HOUSEHOLDS_KEY,
    TOKEN_NAME,
    KEPT_IN,
    "evidence-*.key",
    "evidence-*.crt",
)
"""Patterns of names in the secrets folder. What a keeper writes, such as the key of the bucket, is
part of a machine's configuration and stays a file."""


def secrets(settings: HubSettings, db: Database) -> SecretStore:
    """The hub's keys: files, or sealed in a database that several machines share.

    They are sealed where the database has sealed ones or this machine has a master key; if one is
    without the other, the hub refuses to start before it makes new keys beside the true ones.
    """
    if not db.is_shared:
        return FILES
    path = master_key_file(settings)
    with db.reading() as conn:
        names = sealed.names_in(conn)
    if not names and not found(path).exists():
        return FILES
    key = master_key(path)
    if not names:
        raise StartRefusedError(
            f"there is the master key {path}, and the database has no sealed keys. Where their "
            "files are, run: matthan-hub secrets import (or remove the master key)"
        )
    with db.reading() as conn:
        broken = sealed.broken_in(conn, key)
    if broken == names:
        raise StartRefusedError(
            f"{path} is not the master key of this hub: it opens none of the {len(names)} keys in "
            "the database. Copy the file from a machine of the hub that runs. If `matthan-hub "
            "secrets change-key` was broken off here, run it again; if an older backup was "
            "restored, bring the master key of its time"
        )
    if broken:
        raise StartRefusedError(
            f"damaged in the table sealed_secrets: {', '.join(broken)}. Restore a backup, or put "
            f"these files into {settings.secrets.folder}: matthan-hub secrets import --force"
        )
    return SealedSecrets(db, key)


def master_key_file(settings: HubSettings) -> Path:
    """File of the key that opens the sealed keys; it is in no database, bucket or backup."""
    return settings.secrets.folder / MASTER_KEY


def own_files(settings: HubSettings) -> list[Path]:
    """Files on this machine with keys that several machines must share, in order."""
    folder = settings.secrets.folder
    files = {path for pattern in MADE_BY_THE_HUB for path in folder.glob(pattern)}
    credentials = {folder / name for name in MADE_BY_THE_HUB if FILES.has(folder / name)}
    push_key = push_key_file(settings)
    return sorted(files | credentials | ({push_key} if FILES.has(push_key) else set()))


def authority_files(settings: HubSettings) -> list[Path]:
    """Certificate and key of the authority, if they are here. They stay where they are: the
    certificates of this machine's broker and proxy are renewed with them."""
    files = own_files_of(enrolment.authority_folder(settings))
    return list(files) if all(map(FILES.has, files)) else []


@contextmanager
def opened(settings: HubSettings) -> Iterator[SecretStore]:
    """The keys, for a command that needs no database otherwise."""
    if settings.store.url.startswith("sqlite"):
        yield FILES
        return
    db = stores.database(settings)
    try:
        yield secrets(settings, db)
    finally:
        db.close()


def master_key(path: Path) -> MasterKey:
    """The master key in this file; StartRefusedError with the cure."""
    try:
        return MasterKey.parse(read_private(path))
    except FileNotFoundError as error:
        raise StartRefusedError(
            f"the hub's keys are sealed in the database, and there is no {path} to open them. Copy "
            f"it from another machine of the hub, and: chmod 600 {path}"
        ) from error
    except PermissionError as error:
        raise StartRefusedError(f"the master key {error}") from error
    except (OSError, ValueError) as error:
        raise StartRefusedError(
            f"the master key {path} cannot be used: {error}. Copy it from another machine"
        ) from error


def secrets_folder(settings: HubSettings) -> Path:
    """The folder of the hub's keys, created if missing."""
    return stores.folder_of(settings.secrets.folder, "secrets.folder")


def upload_tokens(settings: HubSettings, secrets: SecretStore = FILES) -> UploadTokens:
    """Upload tokens with the hub's own key, made at the first start."""
    folder = secrets_folder(settings)
    url = settings.web.upload_url or f"{settings.web.public_url}/upload"
    try:
        return UploadTokens.open(folder, upload_url=url, secrets=secrets)
    except (OSError, ValueError) as error:
        raise StartRefusedError(
            f"the key of upload tokens cannot be used: {error}. "
            f"Restore {folder / 'upload.key'}, or delete it to have a new one made"
        ) from error


def tip_box(settings: HubSettings, db: Database, secrets: SecretStore = FILES) -> SealBox | None:
    """The key that encrypts the senders of tips and of data requests, made at the first start; None
    if the hub takes neither."""
    if not (settings.tips.accepted or settings.petitions.accepted):
        return None
    path = secrets_folder(settings) / TIPS_KEY
    try:
        if not secrets.has(path):
            _say_if_sealed(db, path)
        return SealBox(secrets.make(path, SealBox.new_key))
    except (OSError, ValueError) as error:
        raise StartRefusedError(
            f"the key of tips {path} cannot be used: {error}. Restore it from a backup; deleted, a "
            "new one is made, and nobody can read any more who sent the tips there are"
        ) from error


def household_box(settings: HubSettings, secrets: SecretStore = FILES) -> SealBox | None:
    """The key that encrypts names and contacts of households, made at the first start; None if no
    household is asked."""
    if not settings.households.asked:
        return None
    path = secrets_folder(settings) / HOUSEHOLDS_KEY
    try:
        return SealBox(secrets.make(path, SealBox.new_key), HOUSEHOLDS_KEY)
    except (OSError, ValueError) as error:
        raise StartRefusedError(
            f"the key of households {path} cannot be used: {error}. Restore it from a backup; "
            "deleted, a new one is made, and the contacts that there are can be read no more"
        ) from error


def _say_if_sealed(db: Database, path: Path) -> None:
    with db.reading() as conn:
        is_lost = conn.scalar(select(tip_reporters.c.tip_id).limit(1)) is not None
    if is_lost:
        log.error(
            "tips.key_lost",
            path=str(path),
            effect="nobody can read who sent the tips there are; new ones are sealed anew",
            cure="stop the hub, bring the file back from a backup, start it",
        )


def push_key(settings: HubSettings, secrets: SecretStore = FILES) -> ec.EllipticCurvePrivateKey:
    """The key that phones' push subscriptions were made with, made at the first start."""
    try:
        return vapid_key(push_key_file(settings), secrets)
    except VapidKeyError as error:
        raise StartRefusedError(str(error)) from error


def push_key_file(settings: HubSettings) -> Path:
    """File of the push key, also before it is made."""
    return Path(settings.push.vapid_key_file or settings.secrets.folder / "vapid.pem")
