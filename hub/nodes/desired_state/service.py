"""Service for node settings, for people who look after the areas of the nodes.

`want_of_camera` saves the zones and masks of one camera; `of_camera` returns the values in use.
None and False mean either "does not exist" or "not theirs".
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select

from agent.wire.settings import (
    SettingsFault,
    check_settings,
)
from hub.access.scope import tended_area_ids
from hub.access.tables import people
from hub.base.audit.acting import Acting, Changing, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.text.order import by_place
from hub.nodes.desired_state import layer_rows, release_rows, rollout_rows, settings_rows
from hub.nodes.desired_state.layer_rows import Scope
from hub.nodes.desired_state.rules.known_keys import known_part
from hub.nodes.desired_state.rules.layers import (
    SettingsState,
    difference,
    dotted,
    with_keys,
    works_by,
)
from hub.nodes.desired_state.rules.origins import Layer, OriginKind, origins
from hub.nodes.desired_state.rules.releases import GroupWanted, NodeWanted
from hub.nodes.desired_state.tables import node_groups, node_settings
from hub.nodes.desired_state.views import (
    CameraNow,
    NodePreview,
    NodeSettingsRow,
    Overview,
    PastChange,
    ScopePage,
    ScopeRow,
)
from hub.registry.areas import places
from hub.registry.tables import cameras, nodes

MOST_NODES_SHOWN: Final = 2000


class SettingsService:
    """Desired settings of areas, groups and nodes. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def of_camera(self, asker: Asker, camera_id: UUID) -> CameraNow | None:
        """This camera's values in use, and its wanted values."""
        with self._acting.reading(asker, "settings.open", On("camera", camera_id)) as look:
            found = _camera(look, camera_id)
            now = None if found is None else _camera_now(look.conn, *found)
            look.answer(now)
        return now

    def want_of_camera(
        self, asker: Asker, camera_id: UUID, keys: Mapping[str, Any], *, reason: str
    ) -> bool:
        """Set these keys of one camera (`zone`, `line`, `private`, `ignored`, `alert_hours`, …), as
        JSON values; None removes a key, so that the node's own file applies again. Other keys stay.
        False if the asker does not look after the camera.

        Raises SettingsFault with a line for each fault, RegistryError without a reason.
        """
        with self._acting.changing(asker, "settings.want", On("camera", camera_id)) as change:
            found = _camera(change, camera_id)
            if found is None:
                change.refuse()
                return False
            node_id, _, camera = found
            changes = {f"cameras.{camera}.{key}": value for key, value in keys.items()}
            _change(change, Scope("node", node_id), changes, reason)
        return True

    def overview(self, asker: Asker) -> Overview:
        """Every node, area and group that this person looks after."""
        with self._acting.reading(asker, "settings.list") as look:
            conn, mine = look.conn, _mine(look)
            rows = _node_rows(conn, nodes.c.area_id.in_(mine))
            scopes = _scope_rows(conn, mine)
            going = rollout_rows.listed(conn, among=[row.scope for row in scopes])
            look.done(Detail("nodes.count", n=len(rows)))
        return Overview(rows, scopes, going)

    def page(self, asker: Asker, scope: Scope, seen: UUID | None = None) -> ScopePage | None:
        """All about the wanted settings of one scope. `seen`: of the page whose form was sent."""
        with self._acting.reading(asker, "settings.open", _on(scope)) as look:
            page = _page(look.conn, scope, seen) if _is_theirs(look, scope) else None
            look.answer(page)
        return page

    def waiting(self, asker: Asker, node_id: UUID) -> tuple[str, ...]:
        """Wanted keys that this node gets only with a newer program; none if the node is not the
        asker's."""
        with self._acting.part_of(asker, "node.open") as look:
            if not _is_theirs(look, Scope("node", node_id)):
                return ()
            return settings_rows.waiting(look.conn, node_id)

    def preview(
        self, asker: Asker, scope: Scope, changes: Mapping[str, Any]
    ) -> list[NodePreview] | None:
        """Effect of these dotted keys on each node; nothing is changed.

        Raises SettingsFault for invalid keys or values.
        """
        with self._acting.reading(asker, "settings.preview", _on(scope)) as look:
            if not _is_theirs(look, scope):
                look.refuse()
                return None
            found = previews(look.conn, scope, _changed_body(look.conn, scope, changes))
            look.done()
        return found

    def want(self, asker: Asker, scope: Scope, changes: Mapping[str, Any], *, reason: str) -> bool:
        """Set these dotted keys in this scope: for a node at once, for an area or group in stages.
        False if the scope is not the asker's.

        Raises SettingsFault; RegistryError without a reason or during another roll-out.
        """
        with self._acting.changing(asker, "settings.want", _on(scope)) as change:
            if not _is_theirs(change, scope):
                change.refuse()
                return False
            _change(change, scope, changes, reason)
        return True

    def halt(self, asker: Asker, rollout_id: UUID, *, reason: str) -> bool:
        """Restore the previous values everywhere; False if the asker has no running roll-out with
        this id."""
        with self._acting.changing(asker, "settings.want", On("rollout", rollout_id)) as change:
            conn, by, now = change.conn, change.by, change.now
            found = rollout_rows.one(conn, rollout_id)
            is_done = (
                found is not None
                and _is_theirs(change, found.scope)
                and rollout_rows.halt(conn, rollout_id, why=reason.strip() or "-", by=by, now=now)
            )
            if not is_done:
                change.refuse()
        return is_done

    def try_again(self, asker: Asker, node_id: UUID) -> bool:
        """Let a node that refused or fell back try the same once more."""
        with self._acting.changing(asker, "settings.want", On("node", node_id)) as change:
            is_done = _is_theirs(change, Scope("node", node_id)) and settings_rows.again(
                change.conn, node_id, by=change.by, now=change.now
            )
            if not is_done:
                change.refuse()
        return is_done


def _on(scope: Scope) -> On:
    return On(scope.kind, scope.scope_id)


def _mine(look: Reading) -> set[UUID]:
    return tended_area_ids(look.conn, look.asker.person_id, look.now)


def _is_theirs(look: Reading, scope: Scope) -> bool:
    return area_of(look.conn, scope) in _mine(look)


def _camera(look: Reading, camera_id: UUID) -> tuple[UUID, str, str] | None:
    """Node id, node name and camera name, if node and camera are in an area of theirs."""
    mine = _mine(look)
    row = look.conn.execute(
        select(nodes.c.id, nodes.c.name, cameras.c.name.label("camera"))
        .join(cameras, cameras.c.node_id == nodes.c.id)
        .where(
            cameras.c.id == camera_id,
            cameras.c.area_id.in_(mine),
            nodes.c.area_id.in_(mine),
        )
    ).first()
    return None if row is None else (row.id, row.name, row.camera)


def _change(change: Changing, scope: Scope, changes: Mapping[str, Any], reason: str) -> None:
    body = _changed_body(change.conn, scope, changes)
    write = settings_rows.want if scope.kind == "node" else rollout_rows.begin
    write(change.conn, scope, body, reason=reason, by=change.by, now=change.now)


def _page(conn: Connection, scope: Scope, seen: UUID | None) -> ScopePage:
    node_ids = layer_rows.nodes_of(conn, scope)
    is_node = scope.kind == "node"
    report = settings_rows.status(conn, scope.scope_id).report if is_node else None
    over = layer_rows.scopes_over(conn, scope)
    seen, seen_wanted = layer_rows.layer_after(conn, scope, seen)
    return ScopePage(
        scope=scope,
        name=name_of(conn, scope),
        wanted=layer_rows.layer(conn, scope),
        seen=seen,
        seen_wanted=seen_wanted,
        nodes=_node_rows(conn, nodes.c.id.in_(node_ids)),
        history=past(conn, scope),
        report=report,
        waiting=settings_rows.waiting(conn, scope.scope_id) if is_node else (),
        origins=origins([_origin_layer(conn, one, scope) for one in over], report),
    )


def _origin_layer(conn: Connection, one: Scope, scope: Scope) -> Layer:
    kind = OriginKind.HERE if one == scope else OriginKind(one.kind)
    name = "" if one == scope else name_of(conn, one)
    return Layer(kind, name, layer_rows.layer_for(conn, one, scope))


def previews(conn: Connection, scope: Scope, body: Mapping[str, Any]) -> list[NodePreview]:
    """Effect on each node if `body` replaces the wanted settings of the scope."""
    check_settings(body, NodeWanted if scope.kind == "node" else GroupWanted)
    release_rows.check(conn, body)
    found = []
    names = _names(conn, layer_rows.nodes_of(conn, scope))
    for node_id, name in names.items():
        known = settings_rows.status(conn, node_id)
        after = layer_rows.would_be(conn, node_id, scope, body)
        fault = ""
        try:
            check_settings(after, NodeWanted)
        except SettingsFault as refusal:
            fault = str(refusal)
        after, waiting = known_part(after, known.report)
        before = {**known.wanted, **release_rows.section(conn, node_id)}
        changed = difference(known.report, before, after)
        if changed or fault or waiting:
            found.append(NodePreview(name, changed, fault, waiting))
    return found


def past(conn: Connection, scope: Scope) -> list[PastChange]:
    """The changes of this scope, newest first."""
    rows = layer_rows.history(conn, scope)
    who = _people(conn, {row.changed_by for row in rows if row.changed_by is not None})
    bodies = [layer_rows.body_of(row) for row in rows] + [{}]
    return [
        PastChange(
            row.changed_utc_us,
            who.get(row.changed_by, ""),
            row.reason,
            difference(None, before, after),
        )
        for row, after, before in zip(rows, bodies, bodies[1:], strict=False)
    ]


def area_of(conn: Connection, scope: Scope) -> UUID | None:
    """The area whose keepers may change this scope."""
    match scope.kind:
        case "node":
            query = select(nodes.c.area_id).where(nodes.c.id == scope.scope_id)
        case "group":
            query = select(node_groups.c.area_id).where(node_groups.c.id == scope.scope_id)
        case "area":
            return scope.scope_id
    return conn.scalar(query)


def name_of(conn: Connection, scope: Scope) -> str:
    """Name of the scope for people."""
    match scope.kind:
        case "node":
            query = select(nodes.c.name).where(nodes.c.id == scope.scope_id)
        case "group":
            query = select(node_groups.c.name).where(node_groups.c.id == scope.scope_id)
        case "area":
            return places(conn, [scope.scope_id]).get(scope.scope_id, "")
    return conn.scalar(query) or ""


def _camera_now(conn: Connection, node_id: UUID, node: str, camera: str) -> CameraNow:
    known = settings_rows.status(conn, node_id)
    own_layer = layer_rows.layer(conn, Scope("node", node_id))
    values: dict[str, object] = {}
    if known.report is not None:
        prefix = f"cameras.{camera}."
        at_work = works_by(known.report, known.report.from_afar or {})
        values = {
            key.removeprefix(prefix): value
            for key, value in at_work.items()
            if key.startswith(prefix)
        }
    wanted = own_layer.get("cameras", {}).get(camera, {})
    waiting = settings_rows.waiting(conn, node_id)
    return CameraNow(node, camera, values, wanted, known.state, known.reason, waiting)


def _changed_body(conn: Connection, scope: Scope, changes: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return with_keys(layer_rows.layer(conn, scope), changes)
    except ValueError as error:
        raise SettingsFault(str(error)) from error


def _node_rows(conn: Connection, which: ColumnElement[bool]) -> list[NodeSettingsRow]:
    query = (
        select(nodes, node_settings.c.version, node_settings.c.reason)
        .add_columns(node_settings.c.state.label("settings_state"))
        .outerjoin(node_settings, node_settings.c.node_id == nodes.c.id)
        .where(which, nodes.c.revoked_utc_us.is_(None))
        .order_by(nodes.c.name)
        .limit(MOST_NODES_SHOWN)
    )
    rows = conn.execute(query).all()
    where = places(conn, {row.area_id for row in rows})
    return [
        NodeSettingsRow(
            row.id,
            row.name,
            where.get(row.area_id, ""),
            row.state == "online",
            row.version or 0,
            SettingsState(row.settings_state or SettingsState.UNASKED),
            row.reason or "",
        )
        for row in rows
    ]


def _scope_rows(conn: Connection, mine: set[UUID]) -> list[ScopeRow]:
    named = [(Scope("area", one), place) for one, place in places(conn, mine).items()]
    groups = select(node_groups).where(node_groups.c.area_id.in_(mine))
    named += [(Scope("group", row.id), row.name) for row in conn.execute(groups)]
    rows = [
        ScopeRow(
            scope,
            name,
            len(layer_rows.nodes_of(conn, scope)),
            sum(1 for _ in dotted(layer_rows.layer(conn, scope))),
        )
        for scope, name in named
    ]
    return sorted(rows, key=lambda row: (row.scope.kind, by_place(row.name)))


def _names(conn: Connection, node_ids: list[UUID]) -> dict[UUID, str]:
    query = select(nodes.c.id, nodes.c.name).where(nodes.c.id.in_(node_ids))
    return {row.id: row.name for row in conn.execute(query.order_by(nodes.c.name))}


def _people(conn: Connection, ids: set[UUID]) -> dict[UUID, str]:
    query = select(people.c.id, people.c.name).where(people.c.id.in_(ids))
    return {row.id: row.name for row in conn.execute(query)}
