"""Names of the zones and lines of cameras, and their labels for people."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from agent.wire.terms import LABEL_CHARS
from hub.base.db.bounds import text
from hub.base.db.statements import put
from hub.base.text.normalize import fold
from hub.base.text.order import by_name
from hub.registry.tables import camera_zones, cameras

NAME_CHARS: Final = 63
ZoneLabels = Mapping[tuple[UUID, str], str]
"""Label of a zone or line by camera and name; empty without one."""
MOST_NAMES: Final = 100
"""Per camera, with those that are gone: limits a node that sends invented ones."""


def note_names(conn: Connection, node_id: UUID, said: Mapping[str, Mapping[str, str]]) -> None:
    """Record these zones and lines of the node's cameras: by camera, name and label."""
    query = select(cameras.c.id, cameras.c.name).where(
        cameras.c.node_id == node_id, cameras.c.name.in_([*said])
    )
    ids = {row.id: row.name for row in conn.execute(query)} if any(said.values()) else {}
    known = labels(conn, ids)
    for camera_id, camera in ids.items():
        names = {name for one, name in known if one == camera_id}
        for said_name, said_label in said[camera].items():
            name = text(said_name, NAME_CHARS)
            label = text(unicodedata.normalize("NFC", said_label), LABEL_CHARS)
            is_new = name not in names
            if known.get((camera_id, name)) != label and not (is_new and len(names) >= MOST_NAMES):
                names.add(name)
                row = {"camera_id": camera_id, "name": name, "label": label}
                put(conn, camera_zones, row)


def labels(conn: Connection, camera_ids: Iterable[UUID]) -> dict[tuple[UUID, str], str]:
    """Label of every zone and line of these cameras, by camera and name; empty without one."""
    ids = [*camera_ids]
    if not ids:
        return {}
    query = select(camera_zones).where(camera_zones.c.camera_id.in_(ids))
    return {(row.camera_id, row.name): row.label for row in conn.execute(query)}


def name_meant(known: ZoneLabels, said: str) -> str:
    """The name of the zone or line with this label, or with this name. `said` unchanged if no
    label, or more than one, matches."""
    names = {name for (_, name), label in known.items() if label and fold(label) == fold(said)}
    return names.pop() if len(names) == 1 else said


def called(known: ZoneLabels, name: str, camera_id: UUID | None) -> str:
    """The name of a zone or line that people use. For any camera (None): its label, if all zones
    and lines of that name have the same one."""
    said = {
        label
        for (camera, one), label in known.items()
        if one == name and camera_id in (None, camera)
    }
    return said.pop() or name if len(said) == 1 else name


def all_called(known: ZoneLabels) -> list[str]:
    """All zones and lines by the names that people use, in alphabetical order, each once."""
    return sorted({label or name for (_, name), label in known.items()}, key=by_name)
