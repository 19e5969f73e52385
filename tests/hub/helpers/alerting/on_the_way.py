"""Helpers of the tests of on the way, used by more than one module."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select

from hub.base.audit.asker import Asker
from hub.base.db.columns import columns
from hub.registry.tables import cameras, nodes
from tests.hub.rigs.web_town import PASSWORD, Town


def asker(town: Town, login: str) -> Asker:
    signed_in: Any = town.accounts.sign_in(login, PASSWORD, came_from="")
    found: Asker = signed_in.asker
    return found


def another_camera(town: Town, label: str, *, area_id: UUID | None = None) -> UUID:
    camera_id, now = uuid4(), town.clock.now()
    with town.db.writing() as conn:
        conn.execute(
            insert(cameras).values(
                id=camera_id,
                node_id=conn.scalar(select(nodes.c.id)),
                name=label,
                label=label,
                area_id=area_id or town.area_id,
                is_lost=False,
                **columns("state_since", now),
            )
        )
    return camera_id
