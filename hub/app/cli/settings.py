"""The commands for the desired settings of nodes and their progress."""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from agent.wire.settings import SettingsFault
from hub.app import stores
from hub.app.cli.core import OK, enter, say, settings_of
from hub.app.cli.parsing import Commands, command, group
from hub.base.audit.log import SHELL
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.nodes.desired_state import groups, layer_rows, rollout_rows, service, settings_rows
from hub.nodes.desired_state.layer_rows import Scope
from hub.nodes.desired_state.rules.layers import LayerChange, SettingsState, dotted, with_keys
from hub.nodes.desired_state.views import NodePreview
from hub.registry.registry import area_by_name, node_by_name
from hub.registry.tables import nodes


def add_to(top: Commands) -> None:
    """Add the commands of this module."""
    verbs = group(top, "config", "settings of nodes")
    meaning = "list the state of each node's settings"
    command(verbs, "list", list_nodes, meaning)
    change = command(verbs, "set", set_keys, "change settings of a node, an area or a group")
    change.add_argument(
        "keys",
        nargs="+",
        metavar="KEY=VALUE",
        help="VALUE is JSON; without VALUE the key is taken back",
    )
    change.add_argument("--reason", default="", help="the reason; it is logged")
    change.add_argument(
        "--at-once",
        action="store_true",
        help="all nodes of an area or group at once, not in stages",
    )
    change.add_argument("--dry-run", action="store_true", help="only show the changes")
    looked = command(
        verbs, "show", show, "show the desired settings of one place and their history"
    )
    for one in (change, looked):
        where = one.add_mutually_exclusive_group(required=True)
        where.add_argument("--node", help="one node")
        where.add_argument("--area", help="an area, with everything below it")
        where.add_argument("--group", help="a group of nodes")
    again = command(verbs, "again", try_again, "let a node try again after a refusal or fall-back")
    again.add_argument("node", help="the name of the node")
    command(verbs, "rollouts", list_rollouts, "list the roll-outs and their progress")
    stop = command(verbs, "halt", halt, "stop a roll-out and go back everywhere")
    stop.add_argument("rollout", type=UUID, help="the id of the roll-out")
    stop.add_argument("--reason", required=True, help="the reason; it is logged")
    named = command(verbs, "group", make_group, "make a group of nodes, or change its nodes")
    named.add_argument("name", help="the name of the group")
    named.add_argument(
        "nodes", nargs="*", metavar="NODE", help="all nodes of the group from now on"
    )
    named.add_argument("--area", help="for a new group: its keepers are the keepers of this area")


def set_keys(args: argparse.Namespace) -> int:
    """Change desired values of some keys; with --dry-run, only show the effect."""

    def change(conn: Connection, now: Moment) -> str:
        scope = _scope(conn, args)
        body = with_keys(layer_rows.layer(conn, scope), _changes(args))
        lines = list(_preview(service.previews(conn, scope, body)))
        if args.dry_run:
            return "\n".join([*lines, "nothing was changed"])
        if not args.reason:
            raise RegistryError("give a --reason: somebody will ask one day")
        told = {"reason": args.reason, "by": SHELL, "now": now}
        if args.at_once and rollout_rows.running_of(conn, scope) is not None:
            raise RegistryError("something goes out there in stages: wait, or halt it")
        if scope.kind == "node" or args.at_once:
            changed = settings_rows.want(conn, scope, body, **told)
            return "\n".join([*lines, f"wanted of {len(changed)} nodes; see: config list"])
        rollout_id = rollout_rows.begin(conn, scope, body, **told)
        return "\n".join([*lines, f"goes out in stages: {rollout_id}; see: config rollouts"])

    return enter(args, change)


def show(args: argparse.Namespace) -> int:
    """Desired settings of one scope, and their history."""
    zone = ZoneInfo(settings_of(args).web.time_zone)

    def read(conn: Connection, _: Moment) -> str:
        scope = _scope(conn, args)
        lines = [f"{key} = {_json(value)}" for key, value in dotted(layer_rows.layer(conn, scope))]
        lines = lines or ["nothing is wanted here; what lies above counts"]
        for past in service.past(conn, scope):
            at = datetime.fromtimestamp(past.at_utc_us / 1e6, UTC).astimezone(zone)
            lines.append(f"{at:%d/%m/%Y %H:%M:%S} {past.who or 'the shell'}: {past.reason}")
            lines += [f"    {_change(one)}" for one in past.changed]
        return "\n".join(lines)

    return enter(args, read)


def list_nodes(args: argparse.Namespace) -> int:
    """Progress of each node, one line each; those that need attention first."""
    db = stores.database(settings_of(args))
    try:
        with db.reading() as conn:
            rows = conn.execute(select(nodes.c.id, nodes.c.name).order_by(nodes.c.name)).all()
            known = settings_rows.statuses(conn, [row.id for row in rows])
    finally:
        db.close()
    failed = (SettingsState.REFUSED, SettingsState.FELL_BACK)
    lines = []
    for row in rows:
        one = known.get(row.id)
        state = one.state if one else SettingsState.UNASKED
        why = f": {one.reason}" if one and one.reason else ""
        number = f" {one.version}" if one and one.version else ""
        lines.append((state not in failed, f"{row.name}: {state}{number}{why}"))
    say("\n".join(line for _, line in sorted(lines)) or "there is no node")
    return OK


def list_rollouts(args: argparse.Namespace) -> int:
    """Roll-outs, the running ones first, then the newest."""
    zone = ZoneInfo(settings_of(args).web.time_zone)

    def read(conn: Connection, _: Moment) -> str:
        lines = []
        for one in rollout_rows.listed(conn):
            at = datetime.fromtimestamp(one.begun_utc_us / 1e6, UTC).astimezone(zone)
            fates = ", ".join(f"{count} {fate}" for fate, count in sorted(one.fates.items()))
            why = f": {one.why}" if one.why else ""
            where = service.name_of(conn, one.scope)
            stage = f"stage {one.stage + 1} of 3"
            lines.append(
                f"{one.rollout_id} {at:%d/%m/%Y %H:%M} {where}: {one.course}, {stage}{why}"
            )
            lines.append(f"    {fates}")
        return "\n".join(lines) or "nothing ever went out"

    return enter(args, read)


def halt(args: argparse.Namespace) -> int:
    """Halt a roll-out: the earlier settings are desired everywhere again."""

    def stop(conn: Connection, now: Moment) -> str:
        if not rollout_rows.halt(conn, args.rollout, why=args.reason, by=SHELL, now=now):
            raise RegistryError("nothing of that name goes out; see: config rollouts")
        return "halted: what was wanted before is wanted again"

    return enter(args, stop)


def try_again(args: argparse.Namespace) -> int:
    """Let a node that refused or fell back try the same again."""

    def ask(conn: Connection, now: Moment) -> str:
        node = _node(conn, args.node)
        if not settings_rows.again(conn, node, by=SHELL, now=now):
            raise RegistryError(f"{args.node} neither refused nor fell back")
        return f"{args.node} is told once more"

    return enter(args, ask)


def make_group(args: argparse.Namespace) -> int:
    """Create a group of nodes, or change its members."""

    def make(conn: Connection, now: Moment) -> str:
        members = [_node(conn, name) for name in args.nodes]
        group_id = groups.group_by_name(conn, args.name)
        if group_id is None:
            if not args.area:
                raise RegistryError("a new group needs an --area: who looks after it may change it")
            area_id = area_by_name(conn, args.area)
            group_id = groups.make_group(conn, args.name, area_id=area_id, by=SHELL, now=now)
        changed = groups.put_members(conn, group_id, members, by=SHELL, now=now)
        return f"{len(members)} nodes are in {args.name}; {len(changed)} have other settings now"

    return enter(args, make)


def _scope(conn: Connection, args: argparse.Namespace) -> Scope:
    if args.node:
        return Scope("node", _node(conn, args.node))
    if args.area:
        return Scope("area", area_by_name(conn, args.area))
    group_id = groups.group_by_name(conn, args.group)
    if group_id is None:
        raise RegistryError(f"no group is called {args.group!r}; make it with: config group")
    return Scope("group", group_id)


def _node(conn: Connection, name: str) -> UUID:
    node = node_by_name(conn, name)
    if node is None:
        raise RegistryError(f"no node is called {name!r}; add it with: node add")
    return node.node_id


def _changes(args: argparse.Namespace) -> dict[str, Any]:
    """KEY=JSON; text that is not JSON is a string, and an empty value removes the key."""
    changes: dict[str, Any] = {}
    for text in args.keys:
        key, equals, value = text.partition("=")
        if not equals:
            raise SettingsFault(f"{text}: write KEY=VALUE, such as clips.preroll_s=8")
        try:
            changes[key] = json.loads(value) if value else None
        except json.JSONDecodeError:
            changes[key] = value
    return changes


def _preview(found: list[NodePreview]) -> Iterator[str]:
    if not found:
        yield "no node would work otherwise"
    for one in found:
        yield f"{one.node}:" + (f" CANNOT: {one.fault}" if one.fault else "")
        yield from (f"    {_change(change)}" for change in one.changed)
        if one.waiting:
            yield f"    waits for a newer program: {', '.join(one.waiting)}"


def _change(one: LayerChange) -> str:
    before = "the node's own" if one.before is None else _json(one.before)
    after = "the node's own" if one.after is None else _json(one.after)
    return f"{one.key}: {before} -> {after}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
