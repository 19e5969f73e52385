"""What people want of nodes, as commands to be published."""

from sqlalchemy import Connection

from agent.wire import topics
from agent.wire.codec import encode
from agent.wire.messages import BringMedia, Command
from hub.alerts.moment import Moment
from hub.intake.replies import Reply
from hub.store import wishes


def commands(conn: Connection, *, now: Moment) -> list[Reply]:
    """The commands that are due now, noted as said; each is said again until it is answered."""
    return [
        Reply(
            topics.address(topics.COMMAND, wish.node),
            encode(Command(command_id=wish.command_id, body=BringMedia(sha256s=(wish.sha256,)))),
            expires_s=600,
        )
        for wish in wishes.due(conn, now=now)
    ]
