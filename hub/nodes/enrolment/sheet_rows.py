"""Rows of enrolment sheets: codes that were made from one table, and their states.

A sheet's codes are derived from a secret of the form that asked for it; the secret is not stored.
So the same form, sent twice by a double tap, shows the same codes again and makes no others.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection, Select, insert, select, update

from agent.wire.enrolment import TOKEN_BYTES
from hub.base.audit import log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.nodes.enrolment import rows
from hub.nodes.enrolment.sheet_import import PlannedBox, Position
from hub.nodes.enrolment.tables import enrolment_sheets, enrolments, sheet_codes
from hub.registry.tables import areas, cameras, nodes

DAY_S: Final = 86_400
MOST_DAYS: Final = 7

CodeState = Literal["waiting", "used", "connected", "withdrawn", "over"]


@dataclass(frozen=True, slots=True)
class SheetCode:
    """A code of a sheet."""

    enrolment_id: UUID
    node_id: UUID
    node: str
    area_id: UUID
    area: str
    state: CodeState
    """`used`: a box has its certificate and has not connected since."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with its codes by name of the box; times are UTC microseconds."""

    sheet_id: UUID
    made_by: UUID
    made_utc_us: int
    ends_utc_us: int
    is_withdrawn: bool
    codes: tuple[SheetCode, ...]

    def count(self, state: CodeState) -> int:
        """Number of the sheet's codes in this state."""
        return sum(code.state == state for code in self.codes)


def token_of(submission: str, node: str) -> bytes:
    """Token of a box on the sheet of this form; `submission` is 32 random bytes as hex."""
    made = hmac.new(bytes.fromhex(submission), node.encode(), hashlib.sha256)
    return made.digest()[:TOKEN_BYTES]


def make(
    conn: Connection,
    boxes: Iterable[PlannedBox],
    *,
    submission: str,
    days: int,
    by: By,
    now: Moment,
) -> UUID:
    """Make a sheet with a code for each box; raises RegistryError for an invalid entry."""
    sheet_id, valid_s = new_id(now), days * DAY_S
    conn.execute(
        insert(enrolment_sheets).values(
            id=sheet_id,
            submission_hash=rows.hashed(submission),
            made_by=by.person_id,
            **columns("made", now),
            **columns("ends", now.plus_s(valid_s)),
        )
    )
    count = 0
    for box in boxes:
        enrolment_id, _ = rows.make(
            conn,
            node=box.node,
            area_id=box.area_id,
            cameras=box.cameras,
            by=by,
            now=now,
            valid_s=valid_s,
            token=token_of(submission, box.node),
        )
        positions = json.dumps(box.positions)
        code = {"enrolment_id": enrolment_id, "sheet_id": sheet_id, "positions": positions}
        conn.execute(insert(sheet_codes).values(code))
        count += 1
    detail = Detail("enrolment_sheet.boxes_and_days", n=count, m=days)
    _note(conn, sheet_id, "enrolment_sheet.make", detail, by, now)
    return sheet_id


def withdraw(conn: Connection, sheet_id: UUID, *, by: By, now: Moment) -> None:
    """Make all codes of the sheet invalid that no box has used."""
    this = enrolment_sheets.c.id == sheet_id
    done = update(enrolment_sheets).where(this, enrolment_sheets.c.withdrawn_utc_us.is_(None))
    conn.execute(done.values(columns("withdrawn", now)))
    its = select(sheet_codes.c.enrolment_id).where(sheet_codes.c.sheet_id == sheet_id)
    rows.withdraw_unused(conn, enrolments.c.id.in_(its), now=now)
    _note(conn, sheet_id, "enrolment_sheet.withdraw", None, by, now)


def sheet_of_submission(conn: Connection, submission: str) -> UUID | None:
    """The sheet that this form has made."""
    sent = enrolment_sheets.c.submission_hash == rows.hashed(submission)
    return conn.scalar(select(enrolment_sheets.c.id).where(sent))


def sheet(conn: Connection, sheet_id: UUID, now: Moment) -> Sheet | None:
    """A sheet as it is now."""
    found = conn.execute(select(enrolment_sheets).where(enrolment_sheets.c.id == sheet_id)).first()
    if found is None:
        return None
    query = (
        select(
            enrolments,
            nodes.c.name,
            nodes.c.area_id,
            nodes.c.state,
            nodes.c.state_since_utc_us,
            nodes.c.seen_utc_us,
            areas.c.name.label("area"),
        )
        .join(sheet_codes, sheet_codes.c.enrolment_id == enrolments.c.id)
        .join(nodes, nodes.c.id == enrolments.c.node_id)
        .join(areas, areas.c.id == nodes.c.area_id)
        .where(sheet_codes.c.sheet_id == sheet_id)
        .order_by(nodes.c.name)
    )
    return Sheet(
        sheet_id=found.id,
        made_by=found.made_by,
        made_utc_us=found.made_utc_us,
        ends_utc_us=found.ends_utc_us,
        is_withdrawn=found.withdrawn_utc_us is not None,
        codes=tuple(
            from_row(SheetCode, row, enrolment_id=row.id, node=row.name, state=_state(row, now))
            for row in conn.execute(query)
        ),
    )


def recent_sheets(
    conn: Connection, within: Select[UUID], now: Moment, *, most: int = 20
) -> list[Sheet]:
    """The newest sheets whose boxes all lie in these areas, newest first."""
    outside = (
        select(sheet_codes.c.enrolment_id)
        .join(enrolments, enrolments.c.id == sheet_codes.c.enrolment_id)
        .join(nodes, nodes.c.id == enrolments.c.node_id)
        .where(sheet_codes.c.sheet_id == enrolment_sheets.c.id, nodes.c.area_id.not_in(within))
    )
    query = select(enrolment_sheets.c.id).where(~outside.exists())
    newest = query.order_by(enrolment_sheets.c.made_utc_us.desc(), enrolment_sheets.c.id.desc())
    ids = conn.scalars(newest.limit(most)).all()
    return [one for sheet_id in ids if (one := sheet(conn, sheet_id, now)) is not None]


def position_new_camera(conn: Connection, node_id: UUID, camera_id: UUID, name: str) -> None:
    """Give a camera that its node names for the first time the position of the sheet, if any."""
    query = (
        select(sheet_codes.c.positions)
        .join(enrolments, enrolments.c.id == sheet_codes.c.enrolment_id)
        .where(enrolments.c.node_id == node_id, enrolments.c.used_utc_us.is_not(None))
        .order_by(enrolments.c.used_utc_us.desc())
        .limit(1)
    )
    positions: dict[str, Position] = json.loads(conn.scalar(query) or "{}")
    if name in positions:
        names = ("latitude_deg", "longitude_deg", "bearing_deg")
        given = dict(zip(names, positions[name], strict=True))
        conn.execute(update(cameras).where(cameras.c.id == camera_id).values(given))


def _state(row: AnyRow, now: Moment) -> CodeState:
    if row.used_utc_us is not None:
        # Its old board goes offline when the code is used, and says nothing afterwards.
        has_spoken = row.state == "online" or (row.seen_utc_us or 0) >= row.used_utc_us
        is_new = row.state != "never" and row.state_since_utc_us >= row.used_utc_us
        return "connected" if is_new and has_spoken else "used"
    if row.withdrawn_utc_us is not None:
        return "withdrawn"
    return "over" if row.ends_utc_us <= now.utc_us else "waiting"


def _note(
    conn: Connection, sheet_id: UUID, act: str, detail: Detail | None, by: By, now: Moment
) -> None:
    kind = "enrolment_sheet"
    log.note(conn, by, act=act, object_kind=kind, object_id=sheet_id, detail=detail, now=now)
