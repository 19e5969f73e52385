"""Service for enrolments, for people who look after the nodes' areas."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from agent.wire.enrolment import EnrolledCamera
from hub.access.area_names import AreaName, area_names
from hub.access.scope import tended_area_ids, tended_areas, tends_area
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail, plain
from hub.nodes.enrolment import rows
from hub.nodes.enrolment.tables import enrolments, sheet_codes
from hub.registry.registry import node_by_name
from hub.registry.tables import nodes


@dataclass(frozen=True, slots=True)
class WaitingEnrolment:
    """An unused code; `is_over` once it has expired."""

    enrolment_id: UUID
    node: str
    ends_utc_us: int
    is_over: bool
    refused: int


@dataclass(frozen=True, slots=True)
class RevokedNode:
    """A revoked node, with time and reason."""

    node: str
    since_utc_us: int
    why: str


@dataclass(frozen=True, slots=True)
class EnrolPage:
    """Content of the page: areas for new nodes, open codes that are on no sheet, nodes that may be
    revoked."""

    areas: list[AreaName]
    waiting: list[WaitingEnrolment]
    nodes: list[str]
    out: list[RevokedNode]


class EnrolmentService:
    """Enrol and revoke nodes. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def tends_areas(self, asker: Asker) -> bool:
        """True if this person looks after any area; for the links of a page, reveals nothing."""
        with self._acting.part_of(asker, "enrolments.open") as look:
            return tends_area(look.conn, asker.person_id, look.now)

    def enrolments(self, asker: Asker) -> EnrolPage:
        """Enrolments of the areas this person looks after."""
        with self._acting.reading(asker, "enrolments.open") as look:
            conn, now = look.conn, look.now
            mine = tended_areas(asker.person_id, now)
            areas = area_names(conn, asker.person_id, now)
            waiting = conn.execute(
                select(enrolments, nodes.c.name)
                .join(nodes, nodes.c.id == enrolments.c.node_id)
                .where(
                    nodes.c.area_id.in_(mine),
                    enrolments.c.used_utc_us.is_(None),
                    enrolments.c.withdrawn_utc_us.is_(None),
                    enrolments.c.id.not_in(select(sheet_codes.c.enrolment_id)),
                )
                .order_by(enrolments.c.made_utc_us.desc())
                .limit(200)
            ).all()
            known = conn.execute(
                select(nodes).where(nodes.c.area_id.in_(mine)).order_by(nodes.c.name)
            ).all()
            look.done(Detail("enrolments.count", n=len(waiting)))
        return EnrolPage(
            areas=areas,
            waiting=[
                WaitingEnrolment(
                    one.id, one.name, one.ends_utc_us, one.ends_utc_us <= now.utc_us, one.refused
                )
                for one in waiting
            ],
            nodes=[one.name for one in known if one.revoked_utc_us is None],
            out=[
                RevokedNode(one.name, one.revoked_utc_us, one.revoked_why or "")
                for one in known
                if one.revoked_utc_us is not None
            ],
        )

    def make_enrolment(
        self, asker: Asker, area_id: UUID, *, node: str, cameras: Sequence[EnrolledCamera]
    ) -> bytes | None:
        """A token, shown only this once; None if this person looks after nothing.

        Raises RegistryError for an invalid entry.
        """
        with self._acting.changing(asker, "enrolment.make", On("area", area_id)) as change:
            if not _is_tended(change, area_id):
                change.refuse()
                return None
            _, token = rows.make(
                change.conn,
                node=node,
                area_id=area_id,
                cameras=cameras,
                by=change.by,
                now=change.now,
            )
        return token

    def withdraw_enrolment(self, asker: Asker, enrolment_id: UUID) -> bool:
        """Make the code invalid; False if the enrolment is not the asker's."""
        on = On("enrolment", enrolment_id)
        with self._acting.changing(asker, "enrolment.withdraw", on) as change:
            query = select(nodes.c.area_id).join(enrolments, enrolments.c.node_id == nodes.c.id)
            area_id = change.conn.scalar(query.where(enrolments.c.id == enrolment_id))
            if not _is_tended(change, area_id):
                change.refuse()
                return False
            rows.withdraw(change.conn, enrolment_id, by=change.by, now=change.now)
        return True

    def revoke_node(self, asker: Asker, name: str, *, why: str) -> bool:
        """Revoke a node: nothing under its name is accepted any more; False if the node is not the
        asker's."""
        with self._acting.changing(asker, "node.revoke") as change:
            node = node_by_name(change.conn, name)
            if node is None or not _is_tended(change, node.area_id):
                change.refuse(plain(name))
                return False
            rows.shut_out(change.conn, node, why=why, by=change.by, now=change.now)
        return True


def _is_tended(look: Reading, area_id: UUID | None) -> bool:
    return area_id in tended_area_ids(look.conn, look.asker.person_id, look.now)
