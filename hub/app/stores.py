"""Opens the database and the stores of files. Refuses with the cure."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import inspect

from hub.app.blob_owners import is_needed
from hub.app.config import HubSettings
from hub.app.errors import StartRefusedError
from hub.app.new_database import bring_up_to_date
from hub.base.clock.clock import Clock
from hub.base.db.database import Database, DatabaseError
from hub.base.db.schema import check_schema
from hub.base.private_files import read_private
from hub.base.storage.blobs import BlobFolder, Blobs
from hub.base.storage.partial_files import MOST_PER_NODE, PartialFiles
from hub.base.storage.s3 import BlobBucket, BucketAddress, BucketKey
from hub.base.storage.shared_parts import SharedParts
from hub.footage.transcoding.proxies import Proxies
from hub.places.map.ground import MapFiles
from hub.places.map.stored_map import StoredMap

log = structlog.get_logger()

SPARE_BYTES: Final = 256 * 2**20
"""Left free on the disk of the media folder: the database may need it."""
SHORT_BYTES: Final = 32 * 2**30
"""Some hours of a town's footage: time for the keeper to make room."""


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


def blobs(settings: HubSettings) -> Blobs:
    """The clip store. A bucket is not asked whether it exists, so that alerts go on without it."""
    store = settings.store
    folder = folder_of(store.media_folder, "store.media_folder")
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


def folder_of(path: Path, key: str) -> Path:
    """The folder that the setting `key` names, created if missing; StartRefusedError."""
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
