"""The columns from which `hub.registry.condition` judges a camera and its node."""

from typing import Final

from sqlalchemy import BigInteger, and_, bindparam, exists, func, not_, select

from hub.base.db.columns import AnyColumn, AnyRow
from hub.base.moment import Moment
from hub.registry.condition import DOUBT_US, CameraCondition, NodeFacts, camera_condition
from hub.registry.health import readable
from hub.registry.tables import node_health, nodes, set_aside
from hub.registry.unheard import UNHEARD_AFTER_S

_OF_NODE: Final = node_health.c.node_id == nodes.c.id
_DAY_AGO: Final = bindparam("day_ago", type_=BigInteger)
_SILENT_FROM: Final = bindparam("silent_from", type_=BigInteger)

IS_HEARD: Final = and_(
    nodes.c.state == "online",
    not_(
        exists().where(
            _OF_NODE,
            node_health.c.received_utc_us < _SILENT_FROM,
            nodes.c.state_since_utc_us < _SILENT_FROM,
        )
    ),
)  # as `hub.registry.unheard` has it
"""Whether a node is connected and not silent; needs the values of `condition_values`."""


def node_columns() -> tuple[AnyColumn, ...]:
    """The columns for a query that joins `nodes`; it needs the values of `condition_values`."""
    refused = select(func.count()).where(
        set_aside.c.node_name == nodes.c.name, set_aside.c.received_utc_us > _DAY_AGO
    )
    reported = select(node_health.c.received_utc_us).where(_OF_NODE)
    body = select(node_health.c.body).where(_OF_NODE)
    return (
        nodes.c.state.label("node_state"),
        nodes.c.state_since_utc_us.label("node_since_utc_us"),
        nodes.c.unrecorded_why,
        (nodes.c.rival_utc_us > _DAY_AGO).label("is_doubled"),
        (nodes.c.held_back_utc_us > _DAY_AGO).label("is_held_back"),
        reported.scalar_subquery().label("reported_utc_us"),
        body.scalar_subquery().label("health_body"),
        refused.scalar_subquery().label("refused"),
    )


def condition_values(now: Moment) -> dict[str, int]:
    """Values of the parameters at this moment."""
    return {
        "silent_from": now.plus_s(-UNHEARD_AFTER_S).utc_us,
        "day_ago": now.utc_us - DOUBT_US,
    }


def node_facts(row: AnyRow) -> NodeFacts:
    """The facts of a node in a row with `node_columns`."""
    return NodeFacts(
        state=row.node_state,
        since_utc_us=row.node_since_utc_us,
        reported_utc_us=row.reported_utc_us,
        health=None if row.health_body is None else readable(row.health_body),
        unrecorded_why=row.unrecorded_why,
        is_doubled=bool(row.is_doubled),
        refused=row.refused,
        is_held_back=bool(row.is_held_back),
    )


def condition_of(row: AnyRow, now: Moment) -> CameraCondition:
    """The condition of a camera in a row of `cameras` with `node_columns`."""
    return camera_condition(
        node_facts(row),
        is_lost=bool(row.is_lost),
        since_utc_us=row.state_since_utc_us,
        now_utc_us=now.utc_us,
    )
