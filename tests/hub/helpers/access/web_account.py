"""Helpers of the tests of web account, used by more than one module."""

from sqlalchemy import update

from hub.access.tables import sessions
from hub.base.db.columns import columns
from tests.hub.rigs.web_town import Town


def time_passes(town: Town, span_s: float) -> None:
    """Everybody's last proof was given so long ago."""
    past = town.clock.now().plus_s(-span_s)
    with town.db.writing() as conn:
        conn.execute(update(sessions).values(columns("proved", past)))
