"""Service for nodes, undelivered notifications, and a person's choice of channels."""

from uuid import UUID

from hub.access import scope
from hub.base.audit.acting import Acting, On
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.nodes.health import queries
from hub.nodes.health.views import FateCount, NodeState
from hub.registry import health
from hub.registry.health import LastHealth


class NodeHealthService:
    """Health of nodes, for people who look after their cameras. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def tends(self, asker: Asker) -> bool:
        """True if this person looks after any camera or area; for a page's links, reveals
        nothing."""
        with self._acting.part_of(asker, "nodes.open") as look:
            return scope.tends_any(look.conn, asker.person_id, look.now)

    def node_states(self, asker: Asker) -> tuple[list[NodeState], list[FateCount]]:
        """Nodes of cameras this person may manage, by place and name, and the results of their
        events."""
        with self._acting.reading(asker, "nodes.open") as look:
            states = queries.node_states(look.conn, asker.person_id, look.now)
            fates = queries.fates(look.conn, [one.node_id for one in states])
            look.done(Detail("nodes.count", n=len(states)))
        return states, fates

    def node_week(self, asker: Asker, node_id: UUID) -> tuple[NodeState, list[LastHealth]] | None:
        """One of their nodes and its health reports of the last week, oldest first."""
        with self._acting.reading(asker, "node.open", On("node", node_id)) as look:
            states = queries.node_states(look.conn, asker.person_id, look.now)
            found = next((one for one in states if one.node_id == node_id), None)
            said = health.history(look.conn, node_id) if found is not None else []
            look.answer(found)
        return None if found is None else (found, said)

    def dark_cameras(self, asker: Asker) -> list[str]:
        """Cameras this person may see that deliver no picture now: no alert from them means
        nothing."""
        with self._acting.part_of(asker, "inbox.open") as look:
            return queries.dark_cameras(look.conn, asker.person_id, look.now)
