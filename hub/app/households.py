"""Services for households: store, evidence key and channels."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from hub.app import stores
from hub.app.config import HubSettings
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.secret_store.store import FILES, SecretStore
from hub.base.storage.blobs import Blobs
from hub.cases.evidence.arrival import seal_arrival
from hub.cases.evidence.arrival_seal import ArrivalSeal, SealContent
from hub.cases.evidence.keys import EvidenceKeyError, signing_key
from hub.notify.channels.port import Channel
from hub.public.households.arrivals import ArrivalQueue
from hub.public.households.port import HouseholdServices, HouseholdTerms
from hub.public.households.telling import teller
from hub.public.households.upload_service import HouseholdUploadService


def build(
    settings: HubSettings,
    db: Database,
    *,
    blobs: Blobs,
    clock: Clock,
    channels: Mapping[str, Channel],
    secrets: SecretStore = FILES,
) -> HouseholdServices | None:
    """All services for households; None if the hub has none."""
    said = settings.households
    if not said.asked:
        return None
    parts = stores.parts(settings, "given", stores.Stores(db, blobs, clock))
    uploads = HouseholdUploadService(db, clock=clock, parts=parts)
    return HouseholdServices(
        uploads=uploads,
        arrivals=ArrivalQueue(
            db,
            clock=clock,
            blobs=blobs,
            parts=parts,
            uploads=uploads,
            seal=lambda one: _seal(settings.secrets.folder, one, secrets),
            keep_days=said.keep_days,
        ),
        terms=HouseholdTerms(
            version=said.consent_version,
            texts={"vi": said.consent_vi, "en": said.consent_en},
        ),
        tell=teller(channels),
    )


def _seal(folder: Path, one: SealContent, secrets: SecretStore) -> ArrivalSeal:
    now = datetime.fromtimestamp(one.arrived_utc_us / 1e6, UTC)
    try:
        return seal_arrival(signing_key(folder, now, secrets), one)
    except EvidenceKeyError as error:
        raise ValueError(str(error)) from error
