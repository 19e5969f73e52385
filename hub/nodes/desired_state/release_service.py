"""Service for node releases: bundles for people who may choose them, and for the node itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from hub.access.scope import tended_areas
from hub.access.tables import people
from hub.base.audit.acting import Acting
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.clock.clock import Clock
from hub.base.db.columns import AnyRow
from hub.base.db.database import Database
from hub.base.storage.blobs import Blobs
from hub.nodes.desired_state import release_rows
from hub.nodes.desired_state.release_rows import NOTHING, Bundle
from hub.nodes.desired_state.rules.layers import SettingsState
from hub.registry.areas import places
from hub.registry.tables import nodes


@dataclass(frozen=True, slots=True)
class NodeReleaseRow:
    """One node, the release it runs, and its progress with the wanted one."""

    node_id: UUID
    name: str
    place: str
    is_here: bool
    runs: str
    """The release, or the programs' version if their bundle named none."""
    wanted: str
    """The release; empty: none."""
    state: SettingsState
    outcome: str
    """The node's last report: fetching, installing, on_probation, …; may be empty."""
    brought_bytes: int
    size_bytes: int
    reason: str


@dataclass(frozen=True, slots=True)
class BundleRow:
    """A bundle, and the person who added it."""

    bundle: Bundle
    added_by: str
    """Empty: the keeper's shell."""


class ReleaseService:
    """Bundles of programs, and the release that nodes should run. For any thread."""

    def __init__(self, acting: Acting, db: Database, *, clock: Clock, blobs: Blobs) -> None:
        """`db` is for the nodes themselves."""
        self._acting = acting
        self._db = db
        self._clock = clock
        self._blobs = blobs

    def bundles(self, asker: Asker) -> list[Bundle]:
        """Bundles at the hub, for a choice on a page of settings; not secret."""
        with self._acting.part_of(asker, "settings.open") as look:
            return release_rows.bundles(look.conn)

    def bundles_shown(self, asker: Asker) -> list[BundleRow]:
        """Bundles for the page of `overview`, each with the person who added it."""
        with self._acting.part_of(asker, "programs.list") as look:
            found = release_rows.bundles(look.conn)
            ids = {one.added_by for one in found if one.added_by is not None}
            query = select(people.c.id, people.c.name).where(people.c.id.in_(ids))
            who = {row.id: row.name for row in look.conn.execute(query)}
        return [BundleRow(one, who.get(one.added_by, "")) for one in found]

    def overview(self, asker: Asker) -> list[NodeReleaseRow]:
        """Every node that this person looks after."""
        with self._acting.reading(asker, "programs.list") as look:
            conn = look.conn
            mine = nodes.c.area_id.in_(tended_areas(asker.person_id, look.now))
            query = select(nodes).where(mine, nodes.c.revoked_utc_us.is_(None))
            rows = conn.execute(query.order_by(nodes.c.name)).all()
            where = places(conn, {row.area_id for row in rows})
            known = release_rows.statuses(conn, [row.id for row in rows])
            here = {one.sha256: one for one in release_rows.bundles(conn)}
            look.done(Detail("nodes.count", n=len(rows)))
        return [
            _row(row, known.get(row.id, NOTHING), here, where.get(row.area_id, "")) for row in rows
        ]

    def wanted_of(self, node: str, sha256: str) -> Bundle | None:
        """For the node itself: the bundle, if it is wanted for the node and at the hub."""
        with self._db.reading() as conn:
            found = release_rows.wanted_of(conn, node, sha256)
        return found if found is not None and self._blobs.has(sha256) else None

    def note_waits(self, node: str) -> None:
        """For the node itself: it asked for its bundle and must wait for its turn."""
        with self._db.writing(is_durable=False) as conn:
            release_rows.note_waits(conn, node, now=self._clock.now())

    def read(self, sha256: str, start: int, length: int) -> Iterator[bytes]:
        """Bytes of a bundle."""
        return self._blobs.read(sha256, start=start, length=length)


def _row(
    row: AnyRow,
    known: release_rows.ReleaseStatus,
    here: dict[str, Bundle],
    place: str,
) -> NodeReleaseRow:
    report, last = known.report, known.report.last if known.report else None
    wanted = here.get(known.sha256 or "")
    is_last = last is not None and last.version == known.version
    return NodeReleaseRow(
        node_id=row.id,
        name=row.name,
        place=place,
        is_here=row.state == "online",
        runs=(report.name if report else None) or row.software or "",
        wanted=wanted.release.name if wanted else "",
        state=known.state,
        outcome=last.outcome if last is not None and is_last else "",
        brought_bytes=last.brought_bytes if last is not None and is_last else 0,
        size_bytes=wanted.size_bytes if wanted else 0,
        reason=known.reason,
    )
