"""Helpers of the tests of remover, used by more than one module."""

from typing import Any
from uuid import UUID, uuid4

from hub.app.blob_owners import BLOB_OWNERS
from hub.footage.retention import rows as retention_rows
from hub.footage.retention.remover import Remover
from hub.footage.retention.rules import FootageClass
from hub.footage.tables import media
from tests.hub.rigs.streets import Streets, sha

DAY_S = 86_400


def remover(streets: Streets, **options: Any) -> Remover:
    rooms: dict[str, Any] = {
        "owners": BLOB_OWNERS,
        "blobs": streets.blobs,
        "clock": streets.clock,
        "change_signal": streets.change_signal,
    }
    return Remover(streets.db, **rooms, **options)


def keep(
    streets: Streets,
    days: int | None,
    *,
    footage_class: FootageClass = FootageClass.ALERT,
    area: UUID | None = None,
) -> UUID:
    with streets.db.writing() as conn:
        return retention_rows.set_rule(
            conn,
            footage_class=footage_class,
            area_id=area,
            keep_days=days,
            reason="decision 12",
            now=streets.clock.now(),
        )


def alert_with_clip(streets: Streets, content: bytes, mouth: Any = None) -> UUID:
    """Somebody is seen, and the clip of it is at the hub; the alert."""
    mouth, sighting = mouth or streets.node, uuid4()
    [filed, _] = streets.file(mouth.opened(sighting), mouth.clip(sighting, content=content))
    streets.bring(content, node=mouth.name)
    assert filed.alert_id is not None
    return filed.alert_id


def row_of(streets: Streets, content: bytes) -> Any:
    [row] = [row for row in streets.rows(media) if row.sha256 == sha(content)]
    return row


def is_here(streets: Streets, content: bytes) -> bool:
    """Row and file must say the same."""
    says_stored = row_of(streets, content).stored_utc_us is not None
    assert streets.blobs.has(sha(content)) == says_stored
    return says_stored
