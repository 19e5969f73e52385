"""Where keepers bring programs of camera boxes, put together of the store and the town's key."""

from hub.assembly import opening
from hub.config import HubSettings
from hub.store import bundles
from hub.store.blobs import Blobs
from hub.store.bundle_desk import MOST_AT_ONCE, BundleDesk
from hub.store.clock import Clock
from hub.store.database import Database


def bundle_desk(settings: HubSettings, db: Database, blobs: Blobs, clock: Clock) -> BundleDesk:
    """The desk; what comes lies beside the footage until it was looked at."""
    parts = opening.parts(settings, "bundles", most=MOST_AT_ONCE)
    return BundleDesk(db, clock=clock, blobs=blobs, parts=parts, key=bundles.update_key)
