"""Opens the resources of the hub: database, keys, certificates. Refuses with the cure."""

import shutil
import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import inspect, select

from agent.wire.brokers import host_and_port
from hub.app.config import HubSettings
from hub.app.errors import StartRefusedError
from hub.app.new_database import bring_up_to_date
from hub.app.wiring.blob_owners import is_needed
from hub.base.clock.clock import Clock
from hub.base.db.database import Database, DatabaseError
from hub.base.db.schema import check_schema
from hub.base.private_files import read_private
from hub.base.secret_store.store import FILES, SecretStore
from hub.base.storage.blobs import BlobFolder, Blobs
from hub.base.storage.partial_files import MOST_PER_NODE, PartialFiles
from hub.base.storage.s3 import BlobBucket, BucketAddress, BucketKey
from hub.base.storage.shared_parts import SharedParts
from hub.footage.transcoding.proxies import Proxies
from hub.intake.mqtt.probe import BrokerAddress
from hub.nodes.pki.upload_tokens import UploadTokens
from hub.notify.channels.vapid import VapidKeyError, vapid_key
from hub.places.map.ground import MapFiles
from hub.places.map.stored_map import StoredMap
from hub.public.tips.sealing import SealBox
from hub.public.tips.tables import tip_reporters

log = structlog.get_logger()

MOST_PORT: Final = 65_535
TIPS_KEY: Final = "tips.key"
HOUSEHOLDS_KEY: Final = "households.key"
SPARE_BYTES: Final = 256 * 2**20
SHORT_BYTES: Final = 32 * 2**30
"""Some hours of a town's footage: time for the keeper to make room."""
"""Left free on the disk of the media folder: the database may need it."""


def database(settings: HubSettings) -> Database:
    """The database, at this program's schema; an empty one gets its tables, and the log says so."""
    url = settings.store.url
    try:
        db = Database(url)
        if _is_blank(db):
            log.info("database.created", url=db.url.render_as_string(hide_password=True))
            bring_up_to_date(url)
        check_schema(db)
    except DatabaseError as error:
        raise StartRefusedError(str(error)) from error
    return db


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


def blobs(settings: HubSettings) -> Blobs:
    """The clip store. A bucket is not asked whether it exists, so that alerts go on without it."""
    store = settings.store
    folder = _folder(store.media_folder, "store.media_folder")
    if not store.media_url:
        return BlobFolder(folder, spare_bytes=spare_bytes(folder))
    return bucket(settings, staging=folder)


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of uploaded files."""

    db: Database
    blobs: Blobs
    clock: Clock


def parts(
    settings: HubSettings, name: str, stores: Stores, *, most: int = MOST_PER_NODE
) -> PartialFiles:
    """Store of partial files, `most` of one sender: in the folder of that name or, for every
    machine, in the bucket."""
    folder = settings.store.media_folder
    spare = spare_bytes(folder)
    if not (settings.store.media_url and stores.db.is_shared):
        return PartialFiles(folder / name, spare_bytes=spare, most_per_node=most)
    return SharedParts(
        folder / name,
        db=stores.db,
        blobs=stores.blobs,
        clock=stores.clock,
        is_needed=is_needed,
        spare_bytes=spare,
        most_per_node=most,
    )


def spare_bytes(folder: Path) -> int:
    """Bytes to leave free on the disk of `folder`: `SPARE_BYTES`, a sixteenth of a small disk."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return min(SPARE_BYTES, shutil.disk_usage(there).total // 16)


def short_bytes(folder: Path) -> int:
    """Free bytes, beyond the spare, below which the disk of `folder` is short and each node has a
    share of it (`hub.footage.upload.rules.share`): an eighth, `SHORT_BYTES` at most."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return min(SHORT_BYTES, shutil.disk_usage(there).total // 8)


def map_folder(settings: HubSettings) -> Path:
    """Folder of the background of the map."""
    return settings.store.media_folder / "map"


def map_files(settings: HubSettings, db: Database, blobs: Blobs) -> MapFiles:
    """The background of the map: in the bucket, or in a folder."""
    folder = map_folder(settings)
    return StoredMap(folder, db=db, blobs=blobs) if settings.store.media_url else MapFiles(folder)


def proxies(settings: HubSettings) -> Proxies:
    """The copies of clips for browsers that cannot play the original; always on the hub's own
    disk."""
    folder = settings.store.media_folder
    return Proxies(folder / "copies", spare_bytes=spare_bytes(folder))


def bucket(settings: HubSettings, *, staging: Path) -> BlobBucket:
    """The bucket of `store.media_url`."""
    path = bucket_key_file(settings)
    try:
        address = BucketAddress.parse(settings.store.media_url)
        key = BucketKey.parse(read_private(path).decode())
        return BlobBucket(address, key, staging=staging, spare_bytes=spare_bytes(staging))
    except FileNotFoundError as error:
        raise StartRefusedError(
            f"there is no {path} with the key of the bucket (store.media_key_file). "
            "Write its id and its secret there, a line each, and: chmod 600"
        ) from error
    except (OSError, ValueError) as error:
        raise StartRefusedError(f"store.media_url cannot be used: {path}: {error}") from error


def bucket_key_file(settings: HubSettings) -> Path:
    """File of the bucket's access key."""
    return Path(settings.store.media_key_file or settings.secrets.folder / "bucket.key")


def broker_address(settings: HubSettings) -> BrokerAddress:
    """Address and certificate files of the first broker, for the intake."""
    broker = settings.broker
    return BrokerAddress(
        broker.host, broker.port, broker.ca_file, broker.cert_file, broker.key_file
    )


def broker_addresses(settings: HubSettings) -> list[BrokerAddress]:
    """Addresses and certificate files of all brokers, in the order of the configuration."""
    first = broker_address(settings)
    further = map(host_and_port, settings.broker.further)
    return [first, *(replace(first, host=host, port=port) for host, port in further)]


def listening_socket(settings: HubSettings, port: int | None = None) -> socket.socket:
    """The socket on which the pages are served; StartRefusedError if its port is taken. `port`:
    the port of a process without pages, or of a second process on this machine."""
    host, name = settings.web.host, "the port" if port else "web.port"
    port = port or settings.web.port
    if not 0 < port <= MOST_PORT:
        raise StartRefusedError(f"{name} {port} is none: use --port with 1 to {MOST_PORT}")
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as error:
        raise StartRefusedError(
            f"{name} {port} on {host} cannot be listened on: {error.strerror or error}. "
            "Stop what uses it (a hub that runs already?), or set another "
            f"{'--port' if name == 'the port' else 'web.host or web.port'}"
        ) from error


def secrets_folder(settings: HubSettings) -> Path:
    """The folder of the hub's keys, created if missing."""
    return _folder(settings.secrets.folder, "secrets.folder")


def _folder(path: Path, key: str) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartRefusedError(
            f"{key} cannot be made: {error}. Make {path} and give it to the hub's user"
        ) from error
    return path


def _is_blank(db: Database) -> bool:
    with db.reading() as conn:
        return not inspect(conn).get_table_names()
