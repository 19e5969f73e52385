"""Public service behind household links: read the request, upload a file, withdraw.

Without sign-in: a link's token is the only credential and opens one request or one household. A
file comes in parts (`hub.base.storage.partial_files`); once complete,
`hub.public.households.arrivals` checks it.
"""

import secrets
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert, select, update

from hub.access.tables import people
from hub.base.audit import log
from hub.base.audit.acting import reason_of
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.clock.clock import Clock
from hub.base.db.bounds import MAX_INTEGER, text
from hub.base.db.columns import AnyRow, columns
from hub.base.db.database import Database
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.base.storage.blobs import NoSpaceError
from hub.base.storage.partial_files import PartialFiles, PartWriter, WrongOffsetError
from hub.cases.evidence.arrival_seal import ArrivalSeal, MarkedPart, SealContent
from hub.footage.films.films import FilmFacts
from hub.public.households import rows
from hub.public.households.rows import hashed
from hub.public.households.rows import household_rows as rows_of
from hub.public.households.rules import (
    FILE_NAME_CHARS,
    MOST_BYTES,
    HouseholdUploadError,
    HouseholdUploadFault,
    is_cut,
)
from hub.public.households.tables import household_clips, household_requests, households
from hub.public.households.views import HouseholdLink, HouseholdRow, Receipt
from hub.public.tips.rules import code_of

MARK_CHARS: Final = 400


class HouseholdUpload:
    """A file being uploaded; `write` each piece, then `finish`, also after a broken connection."""

    def __init__(self, part: PartWriter, *, upload_id: UUID, size_bytes: int) -> None:
        self._part = part
        self.upload_id = upload_id
        self.size_bytes = size_bytes

    @property
    def offset_bytes(self) -> int:
        """Bytes received so far."""
        return self._part.size_bytes

    def write(self, chunk: bytes) -> None:
        """Append a piece. Raises HouseholdUploadError beyond the announced size; also NoSpaceError,
        SupersededError."""
        if self._part.size_bytes + len(chunk) > self.size_bytes:
            self._part.close()
            raise HouseholdUploadError(HouseholdUploadFault.LARGE)
        self._part.write(chunk)

    def finish(self) -> None:
        """Make the received bytes durable."""
        self._part.close()


class HouseholdUploadService:
    """Everything that the holder of a link can do. Thread-safe."""

    def __init__(
        self, db: Database, *, clock: Clock, parts: PartialFiles, most_bytes: int = MOST_BYTES
    ) -> None:
        self._db = db
        self._clock = clock
        self._parts = parts
        self.most_bytes = min(most_bytes, MOST_BYTES)
        self.counts: Counter[str] = Counter()
        """Number of refusals, by fault."""

    def look(self, token: str) -> HouseholdLink | None:
        """Content of the link; None for an unknown link."""
        with self._db.reading() as conn:
            row = _request(conn, token)
            return None if row is None else self._link(conn, row)

    def begin(self, token: str, *, size_bytes: int, name: str, mark: str) -> HouseholdUpload:
        """Start a file of that length, or continue the same one (by its mark); raises
        HouseholdUploadError."""
        if size_bytes <= 0:
            raise self.refused(HouseholdUploadFault.EMPTY)
        if size_bytes > self.most_bytes:
            raise self.refused(HouseholdUploadFault.LARGE)
        name, mark = text(name, FILE_NAME_CHARS), text(mark, MARK_CHARS)
        with self._db.writing() as conn:
            row = self._open_request(conn, token)
            upload_id: UUID | None = row.upload_id
            is_same = (row.upload_mark, row.upload_bytes) == (mark, size_bytes) and mark
            if upload_id is None or not is_same:
                old_id, upload_id = upload_id, uuid4()
                values = {"upload_id": upload_id, "upload_bytes": size_bytes, "wrong": ""}
                values |= {"upload_name": name, "upload_mark": mark}
                self._set(conn, row.id, values)
                self._note(
                    conn,
                    "household.send.begin",
                    row.id,
                    Detail("household.upload_bytes", n=size_bytes),
                )
            else:
                old_id = None
        if old_id is not None:
            self._parts.drop(row.id, str(old_id))
        return self._open_part(row.id, upload_id, size_bytes)

    def resume(self, token: str, upload_id: UUID, offset_bytes: int) -> HouseholdUpload:
        """Continue an upload; raises HouseholdUploadError, WrongOffsetError."""
        with self._db.writing() as conn:
            row = self._open_request(conn, token)
        if row.upload_id != upload_id:
            raise self.refused(HouseholdUploadFault.LOST)
        upload = self._open_part(row.id, upload_id, row.upload_bytes)
        if upload.offset_bytes != offset_bytes:
            upload.finish()
            raise WrongOffsetError(f"{upload.offset_bytes} bytes have come, not {offset_bytes}")
        return upload

    def drop(self, token: str) -> None:
        """Drop the file so that another can be chosen; raises HouseholdUploadError."""
        with self._db.writing() as conn:
            row = self._open_request(conn, token)
            self._forget_upload(conn, row.id, "")
        if row.upload_id is not None:
            self._parts.drop(row.id, str(row.upload_id))

    def send(self, token: str, cut: MarkedPart) -> UUID:
        """Hand over the complete file; returns the request's id. Raises HouseholdUploadError."""
        if not is_cut(cut, duration_ms=0) or _beyond(cut):
            raise self.refused(HouseholdUploadFault.CUT)
        now = self._clock.now()
        with self._db.writing() as conn:
            row = self._open_request(conn, token)
            if row.upload_id is None or self._came_bytes(conn, row) != row.upload_bytes:
                raise self.refused(HouseholdUploadFault.LOST)
            values = {"cut_from_ms": cut.from_ms, "cut_until_ms": cut.until_ms, "wrong": ""}
            self._set(conn, row.id, {**values, **columns("sent", now)})
            self._note(conn, "household.send", row.id, _sent(row.upload_bytes, cut))
        request_id: UUID = row.id
        return request_id

    def withdraw(self, token: str) -> bool:
        """Withdraw the consent, by a request's link."""
        now = self._clock.now()
        with self._db.writing() as conn:
            row = _request(conn, token)
            return row is not None and rows.withdraw(conn, row.household_id, by=By(), now=now)

    def own(self, token: str) -> HouseholdRow | None:
        """The stored data of the household, by its own link."""
        this = households.c.token_hash == hashed(token)
        with self._db.reading() as conn:
            return next(iter(rows_of(conn, this)), None)

    def withdraw_own(self, token: str) -> bool:
        """Withdraw the consent, by the household's own link; False if it had ended."""
        now, this = self._clock.now(), households.c.token_hash == hashed(token)
        with self._db.writing() as conn:
            household_id = conn.scalar(select(households.c.id).where(this))
            return household_id is not None and rows.withdraw(conn, household_id, by=By(), now=now)

    def refused(self, fault: HouseholdUploadFault) -> HouseholdUploadError:
        """Count the refusal; returns the error."""
        self.counts[fault.value] += 1
        return HouseholdUploadError(fault)

    # For `hub.public.households.arrivals`.

    def waiting(self) -> list[UUID]:
        """Requests with a complete file that is not checked yet, oldest first."""
        here = household_requests.c
        query = select(here.id).where(here.sent_utc_us.is_not(None), here.ended_utc_us.is_(None))
        with self._db.reading() as conn:
            return list(conn.scalars(query.order_by(here.sent_utc_us)))

    def waiting_one(self, request_id: UUID) -> AnyRow | None:
        """The request of a file to be checked; None if it was withdrawn meanwhile."""
        here = household_requests.c
        query = select(household_requests).where(
            here.id == request_id, here.sent_utc_us.is_not(None), here.ended_utc_us.is_(None)
        )
        with self._db.reading() as conn:
            return conn.execute(query).first()

    def part_of(self, row: AnyRow, *, ending: str = "") -> Path:
        """Path of the received file, with all its bytes on this machine; with `ending`, path for
        its cut. BlobsError, FileNotFoundError."""
        name = str(row.upload_id)
        if not ending:
            return Path(self._parts.bring(row.id, name))
        return Path(self._parts.path(row.id, f"{name}{ending}"))

    def reject(self, row: AnyRow, fault: HouseholdUploadFault, why: str) -> None:
        """Refuse the checked file; the household may choose another."""
        with self._db.writing() as conn:
            self._forget_upload(conn, row.id, fault.value)
            self._note(
                conn, "household.send.refused", row.id, reason_of(HouseholdUploadError(fault), why)
            )
        self._parts.drop(row.id, str(row.upload_id))
        self.counts[fault.value] += 1

    def file(self, row: AnyRow, facts: FilmFacts, arrived: SealContent, seal: ArrivalSeal) -> bool:
        """Add the file to its case; False if the request had ended meanwhile."""
        now = Moment(arrived.arrived_utc_us, arrived.arrived_error_ms)
        is_this = household_requests.c.id == row.id
        is_open = household_requests.c.ended_utc_us.is_(None)
        done = {"ended_why": "done", **columns("ended", now)}
        with self._db.writing() as conn:
            ended = update(household_requests).where(is_this, is_open).values(**done)
            if not conn.execute(ended).rowcount:
                return False
            conn.execute(insert(household_clips).values(**_clip(row, facts, arrived, seal, now)))
            sealed = _sealed(row.id, arrived)
            self._note(conn, "given.seal", arrived.clip_id, sealed, kind="household_clip")
            given = Detail("case.household_upload", id=arrived.clip_id)
            self._note(conn, "case.given", row.case_id, given, kind="case")
        return True

    def _link(self, conn: Connection, row: AnyRow) -> HouseholdLink:
        household = rows_of(conn, households.c.id == row.household_id)[0]
        came_bytes = self._came_bytes(conn, row)
        return from_row(
            HouseholdLink,
            row,
            request_id=row.id,
            state=self._state(row),
            language=household.language,
            consent_version=household.consent_version,
            consent_text=household.consent_text,
            came_bytes=came_bytes,
            size_bytes=row.upload_bytes or 0,
            name=row.upload_name or "",
            mark=row.upload_mark or "",
            receipt=_receipt(conn, row.id),
        )

    def _state(self, row: AnyRow) -> str:
        is_over = row.expires_utc_us <= self._clock.now().utc_us
        if row.ended_why == "done":  # the receipt stays as long as the link would have been valid
            return "expired" if is_over else "done"
        if row.ended_why:
            return str(row.ended_why)
        if row.sent_utc_us is not None:
            return "sealing"
        if is_over:
            return "expired"
        return "open" if row.upload_id is None else "coming"

    def _open_request(self, conn: Connection, token: str) -> AnyRow:
        row = _request(conn, token)
        if row is None or self._state(row) not in ("open", "coming"):
            raise self.refused(HouseholdUploadFault.ENDED)
        return row

    def _open_part(self, request_id: UUID, upload_id: UUID, size_bytes: int) -> HouseholdUpload:
        name = str(upload_id)
        left_bytes = size_bytes - self._parts.size_bytes(request_id, name)
        try:
            part = self._parts.open(request_id, name, room_bytes=left_bytes)
        except NoSpaceError as error:
            raise self.refused(HouseholdUploadFault.ROOM) from error
        return HouseholdUpload(part, upload_id=upload_id, size_bytes=size_bytes)

    def _came_bytes(self, conn: Connection, row: AnyRow) -> int:
        if row.upload_id is None:
            return 0
        return self._parts.received_bytes(row.id, str(row.upload_id), conn)

    def _forget_upload(self, conn: Connection, request_id: UUID, wrong: str) -> None:
        nothing = dict.fromkeys(("upload_id", "upload_bytes", "upload_name", "upload_mark"))
        cut = dict.fromkeys(("cut_from_ms", "cut_until_ms"))
        self._set(conn, request_id, {**nothing, **cut, "wrong": wrong} | columns("sent", None))

    def _set(self, conn: Connection, request_id: UUID, values: Mapping[str, object]) -> None:
        this = household_requests.c.id == request_id
        conn.execute(update(household_requests).where(this).values(**values))

    def _note(
        self,
        conn: Connection,
        act: str,
        object_id: UUID,
        detail: Detail | None,
        *,
        kind: str = "household_request",
    ) -> None:
        """Log line of a household's own act, without its network address."""
        log.note(
            conn,
            By(),
            act=act,
            object_kind=kind,
            object_id=object_id,
            detail=detail,
            now=self._clock.now(),
        )


def _sent(size_bytes: int, cut: MarkedPart) -> Detail:
    if cut.is_none:
        return Detail("household.sent_whole", n=size_bytes)
    return Detail("household.sent_cut", n=size_bytes, m=cut.from_ms, k=cut.until_ms)


def _sealed(request_id: UUID, arrived: SealContent) -> Detail:
    if arrived.cut.is_none:
        return Detail(
            "household_upload.sealed", id=request_id, sha=arrived.sha256, n=arrived.size_bytes
        )
    return Detail(
        "household_upload.sealed_cut",
        id=request_id,
        sha=arrived.sha256,
        n=arrived.size_bytes,
        sha2=arrived.came_sha256,
        m=arrived.came_bytes,
    )


def new_code() -> str:
    """A random code that names the household's receipt."""
    return code_of(secrets.token_bytes(8))


def _request(conn: Connection, token: str) -> AnyRow | None:
    query = (
        select(household_requests, people.c.name.label("asked_by_name"))
        .join(people, people.c.id == household_requests.c.asked_by)
        .where(household_requests.c.token_hash == hashed(token))
    )
    return conn.execute(query).first()


def _receipt(conn: Connection, request_id: UUID) -> Receipt | None:
    of_it = household_clips.c.request_id == request_id
    row = conn.execute(select(household_clips).where(of_it)).first()
    if row is None:
        return None
    cut = MarkedPart(row.cut_from_ms, row.cut_until_ms)
    return from_row(Receipt, row, cut=cut)


def _beyond(cut: MarkedPart) -> bool:
    return max(cut.from_ms or 0, cut.until_ms or 0) > MAX_INTEGER


def _clip(
    row: AnyRow,
    facts: FilmFacts,
    arrived: SealContent,
    seal: ArrivalSeal,
    now: Moment,
) -> dict[str, object]:
    return {
        "id": arrived.clip_id,
        "request_id": row.id,
        "household_id": row.household_id,
        "case_id": row.case_id,
        "sha256": arrived.sha256,
        "size_bytes": arrived.size_bytes,
        "came_sha256": arrived.came_sha256,
        "came_bytes": arrived.came_bytes,
        "name": row.upload_name or "",
        "form": facts.form,
        "codec": facts.codec,
        "width": facts.width,
        "height": facts.height,
        "duration_ms": facts.duration_ms,
        "cut_from_ms": arrived.cut.from_ms,
        "cut_until_ms": arrived.cut.until_ms,
        "code": arrived.code,
        "receipt": seal.words,
        "signature": seal.signature,
        "certificate": seal.certificate,
        "note": "",
        "is_marked": False,
        **columns("stored", now),
    }
