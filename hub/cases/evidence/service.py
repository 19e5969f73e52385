"""Service for evidence export: the footage, and the log lines about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, or_, select

from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.access.tables import people
from hub.alerting.alerts.tables import sightings
from hub.base.audit import log as audit_log
from hub.base.audit.acting import Acting, On
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.audit.tables import audit as audit_rows
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow
from hub.base.db.rows import from_row
from hub.base.errors import DomainError
from hub.base.hash_chain import LogAnchor
from hub.base.moment import Moment
from hub.base.storage.blobs import Blobs
from hub.cases.evidence.port import CaseMaterial, ExportedHouseholdFile
from hub.footage.scope import seen_media
from hub.footage.tables import media, media_sightings
from hub.nodes.enrolment.key_lines import KeyLine, key_lines
from hub.registry import areas
from hub.registry.tables import cameras, nodes

MOST_FILES: Final = 500
MOST_LINES: Final = 20_000
CASE_CHARS: Final = 100
REASON_CHARS: Final = 500


class CannotLeaveError(DomainError):
    """The package cannot be made; the text gives the cure. Nothing was exported."""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One stored file of an export."""

    media_id: UUID
    kind: str
    sha256: str
    size_bytes: int
    node: str
    camera: str
    label: str
    place: str
    first_frame_utc_us: int
    first_frame_error_ms: int | None
    duration_ms: int
    stored_utc_us: int
    node_id: UUID | None = None
    """Its box; None for a household's file."""
    given: ExportedHouseholdFile | None = None
    """Set for a household's file; it was recorded by no node of the hub."""


@dataclass(frozen=True, slots=True)
class Custody:
    """One log line about exported footage."""

    seq: int | None
    hash: str | None
    at_utc_us: int
    who: str
    act: str
    object_kind: str
    object_id: UUID | None
    detail: str
    data: str
    """JSON of the detail (`hub.base.audit.detail`); empty in a line of an older hub."""
    came_from: str


@dataclass(frozen=True, slots=True)
class Export:
    """Content of a package; its own log line is already written."""

    now: Moment
    case_number: str
    reason: str
    exported_by: str
    footage: Sequence[ExportedFile]
    custody: Sequence[Custody]
    log: LogAnchor
    key_lines: Sequence[KeyLine] = ()
    """Lines of the log that name the keys of its boxes."""


class ExportService:
    """Exports footage as evidence. For any thread. An export is complete or refused: half a
    package is no evidence."""

    def __init__(self, acting: Acting, *, blobs: Blobs, material: CaseMaterial) -> None:
        self._acting = acting
        self._blobs = blobs
        self._material = material

    def export(
        self, asker: Asker, media_ids: Iterable[UUID], *, case_number: str, reason: str
    ) -> Export | None:
        """Footage to export for a case (needs EXPORT, and the right to see it); None if any item is
        refused.

        Raises ValueError if the case number, reason or footage is missing or too much.
        """
        wanted = _checked(media_ids)
        case_number = text(case_number.strip(), CASE_CHARS)
        reason = text(reason.strip(), REASON_CHARS)
        if not case_number or not reason:
            raise ValueError("an export needs a case number and a reason")
        found = self._found(asker, wanted)
        given = [one.given for one in found if one.given is not None]
        kinds = {one.clip_id: "household_clip" for one in given}
        may = len(found) == len(wanted) and all(self._blobs.has(one.sha256) for one in found)
        with self._acting.changing(asker, "evidence.export") as change:
            for media_id in wanted:
                on = On(kinds.get(media_id, "media"), media_id)
                why = Detail("case.reason", number=case_number, reason=reason)
                change.answer(may, why, on)
            if not may:
                return None
            return Export(
                now=change.now,
                case_number=case_number,
                reason=reason,
                exported_by=f"{asker.name} ({asker.login})",
                footage=found,
                custody=_custody(change.conn, [*wanted, *(one.request_id for one in given)]),
                log=audit_log.head(change.conn, change.now),
                key_lines=key_lines(
                    change.conn, {one.node_id for one in found if one.node_id is not None}
                ),
            )

    def still_may(self, asker: Asker, leaving: Export) -> bool:
        """True if this person may still export all of it, now that the package is made. A refusal
        is logged."""
        found = self._found(asker, [one.media_id for one in leaving.footage])
        if len(found) == len(leaving.footage):
            return True
        detail = Detail("case.reason", number=leaving.case_number, reason=leaving.reason)
        for one in leaving.footage:
            on = On("household_clip" if one.given else "media", one.media_id)
            self._acting.note(asker, "evidence.export", on, detail, is_done=False)
        return False

    def _found(self, asker: Asker, wanted: Sequence[UUID]) -> list[ExportedFile]:
        """The wanted files that this person may export."""
        with self._acting.part_of(asker, "evidence.export") as look:
            found = _leaving(look.conn, asker.person_id, wanted, look.now)
            given = self._material.exported(look.conn, asker.person_id, wanted, look.now)
        return [*found, *map(_given, given)]

    def read(self, one: ExportedFile) -> Iterable[bytes]:
        """Bytes of the file as stored; raises BlobsError."""
        return self._blobs.read(one.sha256, length=one.size_bytes)


def _checked(media_ids: Iterable[UUID]) -> list[UUID]:
    wanted = list(dict.fromkeys(media_ids))
    if not wanted:
        raise ValueError("an export needs footage: name a clip, a picture or an alert")
    if len(wanted) > MOST_FILES:
        raise ValueError(f"{len(wanted)} files are too many for a package: {MOST_FILES} at most")
    return wanted


def _leaving(
    conn: Connection, person_id: UUID, media_ids: Sequence[UUID], now: Moment
) -> list[ExportedFile]:
    scopes = {
        right: visible_cameras(person_id, right, now).subquery(f"scope_{right.name}")
        for right in (Right.EXPORT | Right.SEE, Right.EXPORT | Right.CLIPS)
    }
    found: dict[UUID, AnyRow] = {}
    for right, scope in scopes.items():
        is_picture = media.c.kind == "picture"
        query = (
            select(media, cameras.c.name.label("camera"), cameras.c.label, cameras.c.area_id)
            .add_columns(nodes.c.name.label("node"))
            .join(cameras, cameras.c.id == media.c.camera_id)
            .join(nodes, nodes.c.id == media.c.node_id)
            .join(scope, seen_media(scope))
            .where(media.c.id.in_(media_ids), media.c.stored_utc_us.is_not(None))
            .where(is_picture if Right.SEE in right else ~is_picture)
        )
        found |= {row.id: row for row in conn.execute(query)}
    places = areas.places(conn, {row.area_id for row in found.values()})
    rows = sorted(found.values(), key=lambda row: (row.first_frame_utc_us, row.id))
    return [
        from_row(ExportedFile, row, media_id=row.id, place=places.get(row.area_id, ""))
        for row in rows
    ]


def _given(one: ExportedHouseholdFile) -> ExportedFile:
    """A household's file in the export. Its time span is the requested one: nobody can confirm the
    household's clock."""
    return ExportedFile(
        media_id=one.clip_id,
        kind="clip",
        sha256=one.sha256,
        size_bytes=one.size_bytes,
        node="",
        camera="household",
        label=one.place,
        place=one.area,
        first_frame_utc_us=one.since_utc_us,
        first_frame_error_ms=None,
        duration_ms=one.duration_ms,
        stored_utc_us=one.stored_utc_us,
        given=one,
    )


def _custody(conn: Connection, media_ids: Sequence[UUID]) -> list[Custody]:
    """All log lines about the footage, or about an alert it belongs to."""
    of_alerts = (
        select(sightings.c.alert_id)
        .join(media_sightings, media_sightings.c.sighting_id == sightings.c.id)
        .where(media_sightings.c.media_id.in_(media_ids), sightings.c.alert_id.is_not(None))
    )
    line = audit_rows.c
    query = (
        select(audit_rows, people.c.name.label("person"), people.c.login, nodes.c.name)
        .outerjoin(people, people.c.id == line.person_id)
        .outerjoin(nodes, nodes.c.id == line.node_id)
        .where(or_(line.object_id.in_(media_ids), line.object_id.in_(of_alerts)))
        .order_by(line.seq)
        .limit(MOST_LINES)
    )
    return [
        from_row(
            Custody,
            row,
            who=f"{row.person} ({row.login})" if row.login else row.name or "hub",
            data=row.data or "",
        )
        for row in conn.execute(query)
    ]
