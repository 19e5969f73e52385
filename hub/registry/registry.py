"""The registry: areas, the nodes in them, and the cameras in the nodes' birth messages."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select, update

from agent.wire.ident import is_name
from hub.base.audit import log
from hub.base.audit.log import SHELL, By
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.rows import from_row
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.base.text.normalize import fold
from hub.registry.areas import areas_in_place, areas_meant
from hub.registry.placing import placing
from hub.registry.tables import areas, cameras, nodes


@dataclass(frozen=True, slots=True)
class Origin:
    """Node and camera of a message; camera None for a message about the whole node."""

    node_id: UUID
    camera_id: UUID | None


RESERVED: Final = frozenset({"hub", "ca", "broker"})
"""Certificate names that no node may have: the broker lets "hub" read everything."""


_NODES: Final = select(
    nodes.c.id,
    nodes.c.name,
    nodes.c.area_id,
    nodes.c.state,
    nodes.c.birth_id,
    nodes.c.boot_id,
    nodes.c.spool_id,
    nodes.c.revoked_utc_us,
)
_NODE: Final = _NODES.where(nodes.c.name == bindparam("name"))
_THESE_NODES: Final = _NODES.where(nodes.c.name.in_(bindparam("names", expanding=True)))


@dataclass(frozen=True, slots=True)
class Node:
    """A node in the registry; `state` is never, online or offline."""

    node_id: UUID
    name: str
    area_id: UUID
    state: str
    birth_id: UUID | None
    boot_id: UUID | None = None
    spool_id: UUID | None = None
    is_revoked: bool = False
    """True if the node is revoked: everything under its name is ignored."""


def add_area(
    conn: Connection, *, name: str, level: str, now: Moment, parent_id: UUID | None = None
) -> UUID:
    """Add an area below `parent_id` (None: at the top); RegistryError if one there has the name."""
    if not name.strip():
        raise RegistryError("an area needs a name")
    if areas_in_place(conn, name, parent_id):
        raise RegistryError(f"there is an area {name.strip()!r} in the same place already")
    area_id = new_id(now)
    conn.execute(
        insert(areas).values(
            id=area_id,
            parent_id=parent_id,
            level=level,
            name=name.strip(),
            name_folded=fold(name),
            **columns("valid_from", now),
        )
    )
    log.note(conn, SHELL, act="area.add", object_kind="area", object_id=area_id, now=now)
    return area_id


def area_by_name(conn: Connection, name: str) -> UUID:
    """The one area of this name, ignoring diacritics and case; RegistryError for none or several.

    "Quarter 3 / Tan Khai" means the one directly below an area of the second name.
    """

    def called(folded: str) -> list[UUID]:
        return list(conn.scalars(select(areas.c.id).where(areas.c.name_folded == folded)))

    def parent_of(area_id: UUID) -> UUID | None:
        parent: UUID | None = conn.scalar(select(areas.c.parent_id).where(areas.c.id == area_id))
        return parent

    found = areas_meant(name, called, parent_of)
    match found:
        case [area_id]:
            return area_id
        case []:
            raise RegistryError(
                f"no area is called {name!r}; add it on the page of areas, or with: "
                f"matthan-hub area add '{name}' --level LEVEL --parent AREA"
            )
        case _:
            raise RegistryError(
                f"{len(found)} areas are called {name!r}; say which: '{name.strip()} / PARENT'"
            )


def add_node(conn: Connection, *, name: str, area_id: UUID, now: Moment, by: By = SHELL) -> UUID:
    """Add a node; its cameras come with its first birth message, into the node's area."""
    if not is_name(name):
        raise RegistryError(f"{name!r} is no node name: a-z, 0-9 and inner hyphens, 63 at most")
    if name in RESERVED:
        raise RegistryError(f"no node may be called {name!r}: reserved for a certificate")
    if node_by_name(conn, name) is not None:
        raise RegistryError(f"there is a node {name!r} already")
    node_id = new_id(now)
    conn.execute(
        insert(nodes).values(
            id=node_id, name=name, area_id=area_id, state="never", **columns("state_since", now)
        )
    )
    log.note(conn, by, act="node.add", object_kind="node", object_id=node_id, now=now)
    return node_id


def node_by_name(conn: Connection, name: str) -> Node | None:
    """The node of this name."""
    if "\0" in name:  # PostgreSQL takes none
        return None
    row = conn.execute(_NODE, {"name": name}).first()
    return None if row is None else _node_of(row)


def nodes_by_name(conn: Connection, names: Iterable[str]) -> dict[str, Node]:
    """Existing nodes among these names, by name."""
    rows = conn.execute(_THESE_NODES, {"names": [*names]})
    return {row.name: _node_of(row) for row in rows}


def _node_of(row: AnyRow) -> Node:
    return from_row(Node, row, node_id=row.id, is_revoked=row.revoked_utc_us is not None)


def camera_by_name(conn: Connection, node_id: UUID, name: str) -> UUID | None:
    """A node's camera, by the node's name for it."""
    return conn.scalar(
        select(cameras.c.id).where(cameras.c.node_id == node_id, cameras.c.name == name)
    )


def is_bearing(degrees: float) -> bool:
    """True if this is a valid bearing."""
    return 0 <= degrees <= 360  # false for NaN too


@dataclass(frozen=True, slots=True)
class CameraPosition:
    """A camera's position in degrees (WGS 84, north and east positive), and its viewing
    direction."""

    latitude_deg: float
    longitude_deg: float
    bearing_deg: float | None = None
    """Clockwise from north; None leaves it unchanged."""

    def __post_init__(self) -> None:
        """RegistryError for coordinates out of range."""
        for name, value, bound in (
            ("latitude", self.latitude_deg, 90),
            ("longitude", self.longitude_deg, 180),
        ):
            if not -bound <= value <= bound:  # false for NaN too
                raise RegistryError(
                    f"a {name} is between -{bound} and {bound} degrees, and {value:g} is not"
                )
        if self.bearing_deg is not None and not is_bearing(self.bearing_deg):
            raise RegistryError(
                "a bearing is from 0 to 360 degrees, clockwise from north,"
                f" and {self.bearing_deg:g} is not"
            )


def place_camera(
    conn: Connection,
    *,
    node_name: str,
    camera: str,
    place: CameraPosition,
    now: Moment,
    label: str | None = None,
    area_id: UUID | None = None,
) -> UUID:
    """Store a camera's position, and its label or area if given. Birth messages change none of the
    three."""
    node = node_by_name(conn, node_name)
    if node is None:
        raise RegistryError(f"no node is called {node_name!r}; add it with: node add")
    camera_id = camera_by_name(conn, node.node_id, camera)
    if camera_id is None:
        raise RegistryError(_no_such_camera(conn, node, camera))
    values: dict[str, object] = {
        "latitude_deg": place.latitude_deg,
        "longitude_deg": place.longitude_deg,
    }
    if place.bearing_deg is not None:
        values["bearing_deg"] = place.bearing_deg % 360
    if label is not None:
        kept = text(label.strip(), 200)
        if not kept:
            raise RegistryError("a label needs a letter at least; leave it out to keep the old one")
        values |= {"label": kept, "kept_label": kept}
    if area_id is not None:
        values["area_id"] = area_id
    conn.execute(update(cameras).where(cameras.c.id == camera_id).values(values))
    log.note(
        conn,
        SHELL,
        act="camera.place",
        object_kind="camera",
        object_id=camera_id,
        detail=placing(values),
        now=now,
    )
    return camera_id


def _no_such_camera(conn: Connection, node: Node, camera: str) -> str:
    known = conn.scalars(
        select(cameras.c.name).where(cameras.c.node_id == node.node_id).order_by(cameras.c.name)
    ).all()
    if not known:
        return f"{node.name} has named no camera yet: start its agent once, then place {camera!r}"
    return f"{node.name} has no camera {camera!r}; it has named: {', '.join(known)}"
