"""Query for `hub.oversight.log.digest`: a time span's log by person, act and camera."""

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from hub.access.tables import people
from hub.alerting.alerts.tables import alerts
from hub.base.audit.tables import audit
from hub.footage.tables import media
from hub.oversight.log.digest import LogDigest, Tally, digest
from hub.registry.areas import camera_at, places
from hub.registry.tables import cameras


def digest_of(conn: Connection, since_utc_us: int, until_utc_us: int) -> LogDigest:
    """Digest of all people and all present cameras, with or without acts; without the nodes' own
    lines."""
    who = {row.id: (row.name, row.role) for row in conn.execute(select(people))}
    rows = conn.execute(select(cameras.c.id, cameras.c.label, cameras.c.area_id)).all()
    where = places(conn, {row.area_id for row in rows})
    which = {row.id: camera_at(row.label, where[row.area_id]) for row in rows}
    return digest(_tallies(conn, since_utc_us, until_utc_us), who, which)


def _tallies(conn: Connection, since_utc_us: int, until_utc_us: int) -> Iterator[Tally]:
    # The camera of the line's object, of whichever kind that is.
    camera_id = func.coalesce(media.c.camera_id, alerts.c.camera_id, cameras.c.id)
    query = (
        select(audit.c.person_id, camera_id, audit.c.act, func.count())
        .outerjoin(media, (audit.c.object_kind == "media") & (media.c.id == audit.c.object_id))
        .outerjoin(alerts, (audit.c.object_kind == "alert") & (alerts.c.id == audit.c.object_id))
        .outerjoin(cameras, (audit.c.object_kind == "camera") & (cameras.c.id == audit.c.object_id))
        .where(
            audit.c.at_utc_us >= since_utc_us,
            audit.c.at_utc_us < until_utc_us,
            audit.c.node_id.is_(None),
        )
        .group_by(audit.c.person_id, camera_id, audit.c.act)
    )
    for row in conn.execute(query):
        yield Tally(*row)
