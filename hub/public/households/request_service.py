"""Service from a case to households: households nearby, a request for a time span, the clips
received.

Everything is for people who work on the case; only households in the asker's areas can be asked.
Only members of the case see the clips.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from hub.base.audit.acting import Acting, Changing, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.db.bounds import text
from hub.base.db.columns import columns, new_id
from hub.base.moment import Moment
from hub.base.storage.blobs import Blobs
from hub.cases.rows import works_on
from hub.footage.views import OpenMedia
from hub.public.households import rows as households_rows
from hub.public.households.rules import (
    MOST_RADIUS_M,
    WHY_CHARS,
    HouseholdError,
    HouseholdFault,
    RequestedFootage,
    fault_of_wanted,
)
from hub.public.households.tables import household_clips, household_requests, households
from hub.public.households.views import (
    HouseholdClip,
    HouseholdRow,
    MadeRequest,
    NearHousehold,
    RequestRow,
)
from hub.public.tips.sealing import SealBox
from hub.registry.neighbours import distance
from hub.registry.shapes import Point

NOTE_CHARS: Final = 1000
MEDIA_TYPES: Final = {
    "mp4": "video/mp4",
    "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
    "ts": "video/mp2t",
}


class HouseholdRequestService:
    """Requests of a case to households, and their clips. For any thread. None or False: the item
    is unknown, or the person has no right to it."""

    def __init__(self, acting: Acting, *, blobs: Blobs, box: SealBox) -> None:
        self._acting = acting
        self._blobs = blobs
        self._box = box

    def near(
        self, asker: Asker, case_id: UUID, point: Point | None, radius_m: float
    ) -> list[NearHousehold] | None:
        """Households that may be asked for an open case, nearest first; without a point all, by
        place."""
        with self._acting.reading(asker, "case.households", On("case", case_id)) as look:
            if not _works_on(look, case_id, open_=True):
                look.refuse()
                return None
            rows = _askable(look)
            look.done()
        return _near(rows, point, min(radius_m, MOST_RADIUS_M))

    def ask(
        self, asker: Asker, case_id: UUID, wanted: RequestedFootage
    ) -> list[MadeRequest] | None:
        """Make a link for each household; its token is known only now. None if the case is not the
        asker's or not open.

        Raises HouseholdError for an invalid request; then nobody is asked. Raises UnsealError if
        the hub's key is not the key that sealed the contacts.
        """
        with self._acting.changing(asker, "case.ask", On("case", case_id)) as change:
            if not _works_on(change, case_id, open_=True):
                change.refuse()
                return None
            if (fault := fault_of_wanted(wanted, now_utc_us=change.now.utc_us)) is not None:
                raise HouseholdError(fault)
            theirs = {one.household_id: one for one in _askable(change)}
            if any(one not in theirs for one in wanted.household_ids):
                raise HouseholdError(HouseholdFault.NOBODY)
            chosen = [theirs[one] for one in dict.fromkeys(wanted.household_ids)]
            return [self._ask_one(change, case_id, one, wanted) for one in chosen]

    def _ask_one(
        self, change: Changing, case_id: UUID, household: HouseholdRow, wanted: RequestedFootage
    ) -> MadeRequest:
        now = change.now
        request_id, (token, token_hash) = new_id(now), households_rows.new_token()
        expires = now.plus_s(wanted.hours * 3600)
        change.conn.execute(
            insert(household_requests).values(
                id=request_id,
                household_id=household.household_id,
                case_id=case_id,
                asked_by=change.asker.person_id,
                why=text(wanted.why, WHY_CHARS),
                token_hash=token_hash,
                wrong="",
                **columns("since", Moment(wanted.since_utc_us, 0)),
                **columns("until", Moment(wanted.until_utc_us, 0)),
                **columns("asked", now),
                **columns("expires", expires),
            )
        )
        change.done(Detail("case.household", id=household.household_id, id2=request_id))
        return MadeRequest(
            request_id=request_id,
            household_id=household.household_id,
            place=household.place,
            token=token,
            channel=household.channel,
            address=self._address(change.conn, household),
            language=household.language,
            expires_utc_us=expires.utc_us,
        )

    def _address(self, conn: Connection, household: HouseholdRow) -> str:
        """Address for the link; empty if only people bring it."""
        this = households.c.id == household.household_id
        sealed = conn.scalar(select(households.c.sealed).where(this))
        if not household.channel or sealed is None:
            return ""
        return self._box.unseal_reporter(sealed, tip_id=household.household_id).contact

    def told(self, asker: Asker, request_id: UUID, channel: str, outcome: str) -> None:
        """Record that a channel of the hub sent the link, or could not."""
        act, this = "household.request.tell", On("household_request", request_id)
        if outcome == "sent":
            detail = Detail("household.told", name=channel)
        else:
            detail = Detail("household.not_told", name=channel, reason=outcome)
        self._acting.note(asker, act, this, detail)

    def requests(self, asker: Asker, case_id: UUID) -> list[RequestRow]:
        """Requests of a case: part of its page, and covered by that page's line in the log."""
        with self._acting.part_of(asker, "case.open") as look:
            is_theirs = _works_on(look, case_id)
            return households_rows.request_rows(look.conn, case_id) if is_theirs else []

    def end_request(self, asker: Asker, case_id: UUID, request_id: UUID) -> bool:
        """End the request; its link is no longer valid."""
        here = household_requests.c
        with self._acting.changing(asker, "case.ask.end", On("case", case_id)) as change:
            is_this = (here.id == request_id, here.case_id == case_id)
            is_done = _works_on(change, case_id) and households_rows.end_requests(
                change.conn, *is_this, why="withdrawn", by=change.by, now=change.now
            )
            if not is_done:
                change.refuse()
        return bool(is_done)

    def clips(self, asker: Asker, case_id: UUID) -> list[HouseholdClip]:
        """Clips given to a case: part of its page, and covered by that page's line in the log."""
        here = household_clips.c
        with self._acting.part_of(asker, "case.open") as look:
            if not _works_on(look, case_id):
                return []
            in_it = (here.case_id == case_id, here.released_utc_us.is_(None))
            return households_rows.clip_rows(look.conn, *in_it)

    def open_clip(self, asker: Asker, case_id: UUID, clip_id: UUID) -> OpenMedia | None:
        """A clip from a household, for people who work on its case."""
        with self._acting.part_of(asker, "given.open") as look:
            clip = _clip(look, case_id, clip_id)
        is_here = clip is not None and not clip.is_removed and self._blobs.has(clip.sha256)
        self._acting.note(asker, "given.open", On("household_clip", clip_id), is_done=is_here)
        if clip is None or not is_here:
            return None
        return OpenMedia(
            media_id=clip_id,
            kind="clip",
            read=lambda start, length: self._blobs.read(clip.sha256, start=start, length=length),
            media_type=MEDIA_TYPES[clip.form],
            size_bytes=clip.size_bytes,
            sha256=clip.sha256,
        )

    def change_clip(
        self, asker: Asker, case_id: UUID, clip_id: UUID, *, note: str, is_marked: bool
    ) -> bool:
        """Change the note, or mark the clip as important."""
        values = {"note": text(note.strip(), NOTE_CHARS), "is_marked": is_marked}
        with self._acting.changing(asker, "case.note", On("case", case_id)) as change:
            is_done = _clip(change, case_id, clip_id, open_=True) is not None
            if is_done:
                this = update(household_clips).where(household_clips.c.id == clip_id)
                change.conn.execute(this.values(**values))
            change.answer(is_done, Detail("case.household_upload", id=clip_id))
        return is_done

    def remove_clip(self, asker: Asker, case_id: UUID, clip_id: UUID) -> bool:
        """Take a clip out of the case: it is no longer held, and is removed after the configured
        days."""
        with self._acting.changing(asker, "case.remove", On("case", case_id)) as change:
            is_done = _clip(change, case_id, clip_id, open_=True) is not None
            if is_done:
                households_rows.release(change.conn, clip_id, change.now)
            change.answer(is_done, Detail("case.household_upload", id=clip_id))
        return is_done


def _works_on(look: Reading, case_id: UUID, *, open_: bool = False) -> bool:
    return works_on(look.conn, look.asker.person_id, case_id, look.now, open_=open_)


def _askable(look: Reading) -> list[HouseholdRow]:
    tended = households_rows.tended(look.asker.person_id, look.now)
    agrees = households.c.withdrawn_utc_us.is_(None)
    return households_rows.household_rows(look.conn, tended, agrees, limit=10_000)


def _clip(
    look: Reading, case_id: UUID, clip_id: UUID, *, open_: bool = False
) -> HouseholdClip | None:
    if not _works_on(look, case_id, open_=open_):
        return None
    here = household_clips.c
    this = (here.id == clip_id, here.case_id == case_id, here.released_utc_us.is_(None))
    return next(iter(households_rows.clip_rows(look.conn, *this)), None)


def _near(
    rows: Sequence[HouseholdRow], point: Point | None, radius_m: float
) -> list[NearHousehold]:
    if point is None:
        return [NearHousehold(row, None) for row in rows]
    found = [(distance(point, row), row) for row in rows]
    within = [(m, row) for m, row in found if m is not None and m <= radius_m]
    return [NearHousehold(row, m) for m, row in sorted(within, key=lambda one: one[0])]
