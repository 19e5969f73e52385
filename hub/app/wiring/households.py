"""Wiring of households: store, evidence key and channels."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

import structlog

from hub.app.config import HubSettings
from hub.app.wiring import resources
from hub.app.wiring.evidence import signer
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.secret_store.store import FILES, SecretStore
from hub.base.storage.blobs import Blobs
from hub.cases.evidence.arrival import seal_arrival
from hub.cases.evidence.arrival_seal import ArrivalSeal, SealContent
from hub.cases.evidence.keys import EvidenceKeyError
from hub.notify.channels.port import Channel, Message, Phone
from hub.notify.delivery.fan_out import our_fault, send_by
from hub.notify.rules.delivery_result import Answer, Delivered
from hub.public.households.arrivals import ArrivalQueue
from hub.public.households.port import HouseholdServices, HouseholdTerms, Tell
from hub.public.households.upload_service import HouseholdUploadService

log = structlog.get_logger(__name__)


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
    parts = resources.parts(settings, "given", resources.Stores(db, blobs, clock))
    uploads = HouseholdUploadService(db, clock=clock, parts=parts)
    return HouseholdServices(
        uploads=uploads,
        arrivals=ArrivalQueue(
            db,
            clock=clock,
            blobs=blobs,
            parts=parts,
            uploads=uploads,
            seal=lambda one: _seal(settings, one, secrets),
            keep_days=said.keep_days,
        ),
        terms=HouseholdTerms(
            version=said.consent_version,
            texts={"vi": said.consent_vi, "en": said.consent_en},
        ),
        tell=teller(channels),
    )


def _seal(settings: HubSettings, one: SealContent, secrets: SecretStore) -> ArrivalSeal:
    now = datetime.fromtimestamp(one.arrived_utc_us / 1e6, UTC)
    try:
        return seal_arrival(signer(settings, now, secrets), one)
    except EvidenceKeyError as error:
        raise ValueError(str(error)) from error


def teller(channels: Mapping[str, Channel]) -> Tell:
    """Sends a household one message; "" if the service accepted it, else why not."""

    async def tell(channel: str, address: str, title: str, body: str, path: str) -> str:
        number = uuid4()
        message = Message(
            notification_id=number,
            alert_id=number,
            revision=0,
            moment="notice",
            title=title,
            body=body,
            language="vi",
            take_label="",
            open_label="",
            useful_s=86_400,
            own_path=path,
        )
        phone = Phone(number, channel, f"{channel}:{address}", "")
        try:
            answer: Answer = await send_by(channels, message, phone)
        except Exception as error:  # the link is known only now: its page must be shown in any case
            log.exception("household.not_told", channel=channel)
            answer = our_fault(error)
        return "" if isinstance(answer, Delivered) else answer.reason

    return tell
