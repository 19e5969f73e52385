"""Missing event numbers of a spool, as ranges; few rows while all is well."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from hub.base.db.columns import AnyRow, columns
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.footage.tables import media
from hub.nodes.spool.event_rows import highest
from hub.nodes.spool.rules import Gap
from hub.nodes.spool.tables import missing_numbers
from hub.registry.tables import nodes


@dataclass(frozen=True, slots=True)
class DueGaps:
    """Gaps of a node's current spool to request now."""

    node: str
    node_id: UUID
    spool_id: UUID
    gaps: tuple[Gap, ...]


def load(conn: Connection, node_id: UUID, spool_id: UUID) -> tuple[int, tuple[Gap, ...]]:
    """The highest known number of a spool (0: none), and its gaps in order."""
    here = (missing_numbers.c.node_id == node_id) & (missing_numbers.c.spool_id == spool_id)
    rows = conn.execute(
        select(missing_numbers).where(here).order_by(missing_numbers.c.first_seq)
    ).all()
    gaps = tuple(_gap(row) for row in rows)
    return max(highest(conn, node_id, spool_id), *(gap.last for gap in gaps), 0), gaps


def save(
    conn: Connection, node_id: UUID, spool_id: UUID, *, gone: Iterable[Gap], new: Iterable[Gap]
) -> None:
    """Write the changes of a spool's gaps."""
    for gap in gone:
        conn.execute(
            delete(missing_numbers).where(
                missing_numbers.c.node_id == node_id,
                missing_numbers.c.spool_id == spool_id,
                missing_numbers.c.first_seq == gap.first,
            )
        )
    rows = [
        {
            "node_id": node_id,
            "spool_id": spool_id,
            "first_seq": gap.first,
            "last_seq": gap.last,
            "asks": gap.asks,
            **columns("noticed", Moment(gap.noticed_utc_us)),
            **columns("due", None if gap.due_utc_us is None else Moment(gap.due_utc_us)),
        }
        for gap in new
    ]
    if rows:
        conn.execute(insert(missing_numbers), rows)


def due(
    conn: Connection,
    *,
    now: Moment,
    spools_at_most: int,
    among: ColumnElement[bool] | None = None,
) -> list[DueGaps]:
    """Due gaps of nodes that are online with the same spool; only of nodes in `among`, if given."""
    rows = conn.execute(
        select(missing_numbers, nodes.c.name)
        .join(nodes, nodes.c.id == missing_numbers.c.node_id)
        .where(
            missing_numbers.c.due_utc_us <= now.utc_us,
            nodes.c.spool_id == missing_numbers.c.spool_id,
            nodes.c.state == "online",
            true() if among is None else among,
        )
        .order_by(missing_numbers.c.due_utc_us, missing_numbers.c.first_seq)
        .limit(100 * spools_at_most)
    ).all()
    found: dict[UUID, DueGaps] = {}
    for row in rows:
        before = found.get(row.node_id)
        if before is None and len(found) == spools_at_most:
            continue
        gaps = (*(before.gaps if before else ()), _gap(row))
        found[row.node_id] = DueGaps(row.name, row.node_id, row.spool_id, gaps)
    return list(found.values())


def present_spool(conn: Connection, node_id: UUID) -> UUID | None:
    """The spool of the node's last birth message."""
    return conn.scalar(select(nodes.c.spool_id).where(nodes.c.id == node_id))


def lost_with(conn: Connection, node_id: UUID, *, spool_id: UUID) -> int:
    """Count of the missing numbers of this node's other spools."""
    span = missing_numbers.c.last_seq - missing_numbers.c.first_seq + 1
    lost = conn.scalar(
        select(func.sum(span)).where(
            missing_numbers.c.node_id == node_id, missing_numbers.c.spool_id != spool_id
        )
    )
    return int(lost or 0)


@dataclass(frozen=True, slots=True)
class MissingFiles:
    """Files that a node announced long ago and has not uploaded."""

    node: str
    spool_id: UUID
    hashes: tuple[str, ...]


def ask_for_files(
    conn: Connection, *, now: Moment, after_s: float, again_s: float, until_s: float, at_most: int
) -> list[MissingFiles]:
    """Select and mark files to request now: announced between `until_s` and `after_s` ago, not
    uploaded, and not requested within `again_s`."""
    rows = conn.execute(
        select(media.c.id, media.c.sha256, nodes.c.name, nodes.c.spool_id)
        .join(nodes, nodes.c.id == media.c.node_id)
        .where(
            media.c.stored_utc_us.is_(None),
            or_(media.c.removed_why.is_(None), media.c.removed_why == "lost"),
            media.c.announced_utc_us < now.plus_s(-after_s).utc_us,
            media.c.announced_utc_us > now.plus_s(-until_s).utc_us,
            func.coalesce(media.c.asked_utc_us, 0) < now.plus_s(-again_s).utc_us,
            nodes.c.state == "online",
        )
        .order_by(media.c.announced_utc_us)
        .limit(at_most)
    ).all()
    if not rows:
        return []
    conn.execute(
        update(media).where(media.c.id.in_([row.id for row in rows])).values(columns("asked", now))
    )
    found: dict[tuple[str, UUID], list[str]] = {}
    for row in rows:
        found.setdefault((row.name, row.spool_id), []).append(row.sha256)
    return [MissingFiles(node, spool, tuple(hashes)) for (node, spool), hashes in found.items()]


def _gap(row: AnyRow) -> Gap:
    return from_row(Gap, row, first=row.first_seq, last=row.last_seq)
