"""Service for explanations of a camera's last hour.

For people who look after the camera and may see its pictures; others do not learn that there is an
explanation.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, select

from agent.wire.answers import SendExplanation
from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.db.rows import from_row
from hub.base.text.order import by_name
from hub.nodes.explanations.asked import AskedExplanation, AskedExplanations
from hub.nodes.uploaded_answer import AnswerState
from hub.registry.areas import places
from hub.registry.tables import cameras, nodes

SPAN_S: Final = 3600


@dataclass(frozen=True, slots=True)
class ExplainedCamera:
    """A camera whose last hour this person may read."""

    camera_id: UUID
    label: str
    place: str
    name: str
    """The name its node uses."""
    node_id: UUID
    node: str
    is_online: bool
    span_s: int
    """Seconds before now that this person may see, an hour at most."""


class ExplanationService:
    """Explanations of a camera's last hour. For any thread."""

    def __init__(self, acting: Acting, asked: AskedExplanations) -> None:
        self._acting = acting
        self._asked = asked

    def of_node(self, asker: Asker, node_id: UUID) -> list[ExplainedCamera]:
        """The cameras of a node that this person may ask about; part of its page."""
        with self._acting.part_of(asker, "node.open") as look:
            return _cameras(look, cameras.c.node_id == node_id)

    def ask(self, asker: Asker, camera_id: UUID, *, language: str) -> UUID | None:
        """Ask the node for an explanation; a request that waits is not repeated. Returns the
        request's id; None if the camera is not the asker's."""
        with self._acting.changing(asker, "explanation.ask", On("camera", camera_id)) as change:
            found = _cameras(change, cameras.c.id == camera_id)
            if not found:
                change.refuse()
                return None
            camera = found[0]
            wanted = SendExplanation(camera=camera.name, language=language, span_s=camera.span_s)
            command_id, is_new = self._asked.ask((asker.person_id, camera_id), camera.node, wanted)
            if is_new:
                change.done()
            else:
                change.refuse(how="again")
        return command_id

    def state(
        self, asker: Asker, camera_id: UUID
    ) -> tuple[ExplainedCamera, AskedExplanation | None] | None:
        """The camera and this person's request; None if the camera is not theirs. Only `open` shows
        the pictures."""
        with self._acting.part_of(asker, "explanation.ask") as look:
            found = _cameras(look, cameras.c.id == camera_id)
        if not found:
            self._acting.note(asker, "explanation.open", On("camera", camera_id), is_done=False)
            return None
        return found[0], self._asked.state((asker.person_id, camera_id))

    def open(self, asker: Asker, camera_id: UUID) -> bytes | None:
        """The page with its pictures; its line in the log is written first."""
        with self._acting.reading(asker, "explanation.open", On("camera", camera_id)) as look:
            is_theirs = bool(_cameras(look, cameras.c.id == camera_id))
            one = self._asked.state((asker.person_id, camera_id)) if is_theirs else None
            is_here = one is not None and one.state is AnswerState.HERE
            content = one.content if one is not None and is_here else None
            look.answer(content)
        return content


def _cameras(look: Reading, *conditions: ColumnElement[bool]) -> list[ExplainedCamera]:
    """Cameras that this person both looks after and may see."""
    who, now = look.asker.person_id, look.now
    seen = visible_cameras(who, Right.SEE, now).subquery("seen")
    tended = visible_cameras(who, Right.MANAGE, now).subquery("tended")
    query = (
        select(
            cameras.c.id,
            cameras.c.label,
            cameras.c.name,
            cameras.c.area_id,
            nodes.c.id.label("node_id"),
            nodes.c.name.label("node"),
            nodes.c.state,
            seen.c.from_utc_us,
        )
        .join(nodes, nodes.c.id == cameras.c.node_id)
        .join(seen, seen.c.camera_id == cameras.c.id)
        .join(tended, tended.c.camera_id == cameras.c.id)
        .where(*conditions)
    )
    rows = look.conn.execute(query).all()
    where = places(look.conn, {row.area_id for row in rows})
    return [
        from_row(
            ExplainedCamera,
            row,
            camera_id=row.id,
            place=where[row.area_id],
            is_online=row.state == "online",
            span_s=max(1, min(SPAN_S, (now.utc_us - row.from_utc_us) // 1_000_000)),
        )
        for row in sorted(rows, key=lambda row: (by_name(row.label), row.id))
    ]
