"""Service for diagnosis files of nodes, for people who look after the node's area.

None or False: the item is unknown, or the person has no right to it.
"""

from uuid import UUID

from sqlalchemy import Connection, select

from hub.store import diagnosis_rows
from hub.store.acting import ActingBase
from hub.store.diagnosis_rows import Diagnosis, State
from hub.store.registry_tables import nodes
from hub.store.scope import tended_areas
from hub.store.views import Asker


class DiagnosisDoor(ActingBase):
    """Thread-safe."""

    def listed(self, asker: Asker, node_id: UUID) -> list[Diagnosis] | None:
        """Requests of a node, newest first; part of its page, covered by that page's line in the
        log."""
        with self._db.reading() as conn:
            if not self._is_theirs(conn, asker, node_id):
                return None
            return diagnosis_rows.listed(conn, node_id, now=self._clock.now())

    def ask(self, asker: Asker, node_id: UUID) -> bool:
        """Request a file from the node, unless a request is open; False if the node is not
        theirs."""
        now = self._clock.now()
        with self._db.writing() as conn:
            if not self._is_theirs(conn, asker, node_id):
                self._note_in(conn, asker, "diagnosis.ask.refused", "node", node_id)
                return False
            if diagnosis_rows.ask(conn, node_id, person_id=asker.person_id, now=now) is not None:
                self._note_in(conn, asker, "diagnosis.ask", "node", node_id)
        return True

    def fetch(self, asker: Asker, node_id: UUID, diagnosis_id: UUID) -> bytes | None:
        """The file, returned after its line in the log is written."""
        with self._db.writing() as conn:
            is_theirs = (
                self._is_theirs(conn, asker, node_id)
                and diagnosis_rows.node_of(conn, diagnosis_id) == node_id
            )
            found = diagnosis_rows.content(conn, diagnosis_id) if is_theirs else None
            act = "diagnosis.fetch" if found is not None else "diagnosis.fetch.refused"
            self._note_in(conn, asker, act, "node", node_id)
        return found

    def is_asked(self, node: str, command_id: UUID) -> bool:
        """True if the file that this node wants to upload was requested; for the node itself."""
        with self._db.reading() as conn:
            return diagnosis_rows.is_asked(conn, node, command_id)

    def put(self, node: str, command_id: UUID, answer: bytes | str) -> State | None:
        """Store the node's upload; see `diagnosis_rows.put`."""
        now = self._clock.now()
        with self._db.writing() as conn:
            return diagnosis_rows.put(conn, node, command_id, answer, now=now)

    def _is_theirs(self, conn: Connection, asker: Asker, node_id: UUID) -> bool:
        area_id = conn.scalar(select(nodes.c.area_id).where(nodes.c.id == node_id))
        return area_id in set(conn.scalars(tended_areas(asker.person_id, self._clock.now())))
