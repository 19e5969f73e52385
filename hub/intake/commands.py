"""Commands of people to nodes, for publishing."""

from sqlalchemy import Connection

from agent.wire import topics
from agent.wire.answers import BringMedia, Command, SendDiagnosis
from agent.wire.codec import encode
from hub.base.moment import Moment
from hub.footage.requests import clips, spans
from hub.footage.retention import node_holds
from hub.intake.replies import Reply
from hub.nodes.desired_state import release_rows, rollout_rows, settings_rows
from hub.nodes.diagnostics import rows


def commands(conn: Connection, *, now: Moment) -> list[Reply]:
    """The commands due now, recorded as sent; each is repeated until it is answered."""
    rollout_rows.step(conn, now=now)
    wanted = [
        (due.node, Command(command_id=due.command_id, body=BringMedia(sha256s=(due.sha256,))))
        for due in clips.due(conn, now=now)
    ]
    wanted += [
        (due.node, Command(command_id=due.command_id, body=due.words))
        for due in node_holds.due(conn, now=now)
    ]
    wanted += [
        (due.node, Command(command_id=due.command_id, body=due.words))
        for due in spans.due(conn, now=now)
    ]
    wanted += [
        (due.node, Command(command_id=due.command_id, body=due.words))
        for due in settings_rows.due(conn, now=now)
    ]
    wanted += [
        (due.node, Command(command_id=due.command_id, body=due.words))
        for due in release_rows.due(conn, now=now)
    ]
    wanted += [
        (due.node, Command(command_id=due.command_id, body=SendDiagnosis()))
        for due in rows.due(conn, now=now)
    ]
    return [
        Reply(topics.address(topics.COMMAND, node), encode(command), expires_s=600)
        for node, command in wanted
    ]
