"""Service for diagnosis files of nodes, for people who look after the node's area.

None or False: the item is unknown, or the person has no right to it.
"""

from uuid import UUID

from sqlalchemy import select

from hub.access.scope import tended_area_ids
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.nodes.diagnostics import rows
from hub.nodes.diagnostics.rows import Diagnosis
from hub.nodes.uploaded_answer import AnswerState
from hub.registry.tables import nodes


class DiagnosisService:
    """Requests for diagnosis files of nodes. For any thread."""

    def __init__(self, acting: Acting, db: Database, *, clock: Clock) -> None:
        """`db` is for the nodes themselves."""
        self._acting = acting
        self._db = db
        self._clock = clock

    def listed(self, asker: Asker, node_id: UUID) -> list[Diagnosis] | None:
        """Requests of a node, newest first; part of its page."""
        with self._acting.part_of(asker, "node.open") as look:
            if not _is_theirs(look, node_id):
                return None
            return rows.listed(look.conn, node_id, now=look.now)

    def ask(self, asker: Asker, node_id: UUID) -> bool:
        """Request a file from the node, unless a request is open; False if the asker does not look
        after the node."""
        with self._acting.changing(asker, "diagnosis.ask", On("node", node_id)) as change:
            if not _is_theirs(change, node_id):
                change.refuse()
                return False
            who, now = asker.person_id, change.now
            if rows.ask(change.conn, node_id, person_id=who, now=now) is None:
                change.refuse(how="again")
            else:
                change.done()
        return True

    def fetch(self, asker: Asker, node_id: UUID, diagnosis_id: UUID) -> bytes | None:
        """The file; its line in the log is written first."""
        with self._acting.reading(asker, "diagnosis.fetch", On("node", node_id)) as look:
            is_theirs = (
                _is_theirs(look, node_id) and rows.node_of(look.conn, diagnosis_id) == node_id
            )
            found = rows.content(look.conn, diagnosis_id) if is_theirs else None
            look.answer(found)
        return found

    def is_asked(self, node: str, command_id: UUID) -> bool:
        """True if the file that this node wants to upload was requested; for the node itself."""
        with self._db.reading() as conn:
            return rows.is_asked(conn, node, command_id)

    def put(self, node: str, command_id: UUID, answer: bytes | str) -> AnswerState | None:
        """Store the node's upload; see `rows.put`."""
        now = self._clock.now()
        with self._db.writing() as conn:
            return rows.put(conn, node, command_id, answer, now=now)


def _is_theirs(look: Reading, node_id: UUID) -> bool:
    area_id = look.conn.scalar(select(nodes.c.area_id).where(nodes.c.id == node_id))
    return area_id in tended_area_ids(look.conn, look.asker.person_id, look.now)
