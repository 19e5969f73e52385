"""Helpers of the tests of account pages, used by more than one module."""

from sqlalchemy import update

from hub.access.tables import sessions
from hub.base.db.columns import columns
from tests.browser.conftest import Hub


def proofs_grow_old(hub: Hub) -> None:
    past = hub.town.clock.now().plus_s(-601)
    with hub.town.db.writing() as conn:
        conn.execute(update(sessions).values(columns("proved", past)))
