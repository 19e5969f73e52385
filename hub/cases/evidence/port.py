"""Port to files of cases that are not pictures or clips of cameras; another capability provides
them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy import Connection

from hub.base.audit.log import By
from hub.base.moment import Moment
from hub.cases.evidence.arrival_seal import ArrivalSeal


@dataclass(frozen=True, slots=True)
class ExportedHouseholdFile:
    """A household's video file in an export."""

    clip_id: UUID
    request_id: UUID
    sha256: str
    size_bytes: int
    form: str
    place: str
    area: str
    since_utc_us: int
    duration_ms: int
    stored_utc_us: int
    seal: ArrivalSeal


class CaseMaterial(Protocol):
    """Files of households in cases. All calls run in the transaction of the case's own change."""

    def file_ids(
        self, conn: Connection, case_id: UUID, *, only_marked: bool = False
    ) -> Sequence[UUID]:
        """The stored files of a case."""

    def exported(
        self, conn: Connection, person_id: UUID, file_ids: Sequence[UUID], now: Moment
    ) -> list[ExportedHouseholdFile]:
        """The files among these that this person may export."""

    def case_closes(
        self, conn: Connection, case_id: UUID, *, keeps: bool, by: By, now: Moment
    ) -> None:
        """Keep or release the holds of the case's files, because the case is closed."""

    def case_reopens(self, conn: Connection, case_id: UUID, *, closed_utc_us: int) -> None:
        """Hold again the stored files that were released when the case was closed, at this time."""
