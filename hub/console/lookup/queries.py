"""Names that a person may find, each limited to the scope of the page that it leads to.

Only the service calls these; it writes the line in the log.
"""

from collections.abc import Iterator
from urllib.parse import urlencode

from sqlalchemy import Connection, or_, select

from hub.access.account_state import NOT_CLOSED
from hub.access.grants.queries import keeps_everything
from hub.access.rules.grants import Right
from hub.access.scope import tended_areas, tended_cameras, tends_any, visible_cameras
from hub.access.tables import people
from hub.base.audit.asker import Asker
from hub.base.moment import Moment
from hub.cases import rows
from hub.cases.tables import cases
from hub.console.lookup.rules import MOST_CHARS, Entry, Kind
from hub.registry.areas import places
from hub.registry.tables import cameras, nodes


def entries(conn: Connection, asker: Asker, now: Moment) -> Iterator[Entry]:
    """Everything with a name that this person may open."""
    yield from _cameras(conn, asker, now)
    yield from _nodes(conn, asker, now)
    yield from _people(conn, asker, now)
    yield from _cases(conn, asker, now)


def _cameras(conn: Connection, asker: Asker, now: Moment) -> Iterator[Entry]:
    """Cameras they may see, and the places of these."""
    seen = visible_cameras(asker.person_id, Right.SEE, now).subquery("seen")
    query = (
        select(cameras.c.id, cameras.c.label, cameras.c.name, cameras.c.area_id)
        .add_columns(nodes.c.name.label("node"))
        .join(seen, seen.c.camera_id == cameras.c.id)
        .join(nodes, nodes.c.id == cameras.c.node_id)
    )
    found = conn.execute(query).all()
    where = places(conn, {row.area_id for row in found})
    for row in found:
        name = row.label or f"{row.node}/{row.name}"
        yield Entry(Kind.CAMERA, name, where[row.area_id], f"/cameras/{row.id}")
    # A place is worth a line only if the person sees something there: it leads to the map's table.
    parts = {part for place in where.values() for part in _at_or_above(place)}
    for name, above in sorted(parts):
        begins = name[:MOST_CHARS]  # the map takes no more
        yield Entry(Kind.PLACE, name, above, f"/map?{urlencode({'find': begins})}")


def _at_or_above(place: str) -> Iterator[tuple[str, str]]:
    """Names of a place and of the places above it, each with the names above it."""
    rest = place
    while rest:
        name, _, rest = rest.partition(", ")
        yield name, rest


def _nodes(conn: Connection, asker: Asker, now: Moment) -> Iterator[Entry]:
    """Camera boxes they look after."""
    mine = select(tended_cameras(asker.person_id, now).subquery("mine").c.camera_id)
    here = select(cameras.c.node_id).where(cameras.c.id.in_(mine))
    in_area = nodes.c.area_id.in_(tended_areas(asker.person_id, now))
    query = select(nodes.c.id, nodes.c.name, nodes.c.area_id)
    found = conn.execute(query.where(or_(nodes.c.id.in_(here), in_area))).all()
    where = places(conn, {row.area_id for row in found})
    for row in found:
        yield Entry(Kind.NODE, row.name, where[row.area_id], f"/nodes/{row.id}")


def _people(conn: Connection, asker: Asker, now: Moment) -> Iterator[Entry]:
    """People whom the page of people and grants shows to the asker; with the login for an asker who
    may open the page of each."""
    if not tends_any(conn, asker.person_id, now):
        return
    has_pages = keeps_everything(conn, asker, now)
    for row in conn.execute(select(people.c.id, people.c.name, people.c.login).where(NOT_CLOSED)):
        address = f"/grants/people/{row.id}" if has_pages else "/grants"
        yield Entry(Kind.PERSON, row.name, row.login if has_pages else "", address)


def _cases(conn: Connection, asker: Asker, now: Moment) -> Iterator[Entry]:
    """Cases they work on."""
    query = select(cases.c.id, cases.c.number, cases.c.purpose)
    for row in conn.execute(query.where(rows.is_in(asker.person_id, now))):
        yield Entry(Kind.CASE, row.number, row.purpose, f"/cases/{row.id}")
