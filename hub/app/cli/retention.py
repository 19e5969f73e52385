"""Commands for retention, holds, and reconciling the clip store."""

import argparse
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from hub.access.people import person_by_login
from hub.alerting.alerts.rules.grouping import Policy
from hub.app import stores
from hub.app.blob_owners import BLOB_OWNERS
from hub.app.cli.core import OK, enter, say, settings_of
from hub.app.cli.parsing import Commands, command, group
from hub.base.audit.log import SHELL, By
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.errors import RegistryError
from hub.footage.retention import holds
from hub.footage.retention import rows as retention_rows
from hub.footage.retention.reconcile import ManyLostError, Reconciler
from hub.footage.retention.rules import FootageClass, Hold
from hub.footage.retention.tables import retention_rules
from hub.registry import registry
from hub.registry.tables import areas


def add_to(verbs: Commands) -> None:
    """Add the commands of retention rules."""
    rules = group(verbs, "retention", "retention rules")
    set_rule = command(rules, "set", set_retention, "set a retention rule")
    days = set_rule.add_mutually_exclusive_group(required=True)
    days.add_argument(
        "--days", type=int, help="days until removal, unless a case holds the footage"
    )
    days.add_argument(
        "--for-good", action="store_const", const=None, dest="days", help="never remove"
    )
    set_rule.add_argument(
        "--reason", required=True, help="the reason; pages show it for removed footage"
    )
    end_rule = command(
        rules, "end", end_retention, "end a retention rule; the rule above applies again"
    )
    for rule in (set_rule, end_rule):
        rule.add_argument("--area", help="the area, with everything below it; default: everywhere")
        rule.add_argument(
            "--class",
            required=True,
            dest="footage_class",
            type=FootageClass,
            metavar="CLASS",
            help="sighting or alert",
        )
    command(rules, "list", list_retention, "list the rules in force")
    sweep = command(
        group(verbs, "media", "files of pictures and clips"),
        "sweep",
        sweep_media,
        "repair rows without files and files without rows",
    )
    sweep.add_argument(
        "--all-lost", action="store_true", help="mark files as lost even if many are missing"
    )


def add_holds_to(verbs: Commands) -> None:
    """Add the commands of holds."""
    cases = group(verbs, "hold", "holds of footage for cases")
    add = command(cases, "add", add_hold, "hold footage for a case")
    what = add.add_mutually_exclusive_group(required=True)
    what.add_argument("--clip", type=UUID, metavar="ID", help="a clip or a picture")
    what.add_argument("--alert", type=UUID, metavar="ID", help="all footage of an alert")
    what.add_argument(
        "--camera", metavar="NODE/CAMERA", help="the footage of this camera in a time span"
    )
    for name, meaning in (("from", "first moment"), ("until", "last moment; default: no end")):
        add.add_argument(
            f"--{name}",
            type=datetime.fromisoformat,
            metavar="YYYY-MM-DDTHH:MM",
            help=meaning,
            dest="since" if name == "from" else name,
        )
    end = command(cases, "end", end_hold, "end holds; the retention rules apply again")
    end.add_argument("--hold", type=UUID, metavar="ID", help="one hold; default: all of the case")
    for hold in (add, end):
        hold.add_argument("--case", required=True, metavar="NUMBER", help="the case number")
        hold.add_argument("--reason", required=True, help="the reason; it is logged")
        hold.add_argument(
            "--by", metavar="LOGIN", help="the person whose rights apply; default: the shell"
        )
    listed = command(cases, "list", list_holds, "list holds")
    listed.add_argument("--case", metavar="NUMBER", help="the holds of one case, ended ones too")


def set_retention(args: argparse.Namespace) -> int:
    """Set the retention of a class of footage in an area."""

    def set_rule(conn: Connection) -> str:
        area_id = registry.area_by_name(conn, args.area) if args.area else None
        rule_id = retention_rows.set_rule(
            conn,
            footage_class=args.footage_class,
            area_id=area_id,
            keep_days=args.days,
            reason=args.reason,
            now=HubClock().now(),
        )
        return f"rule: {rule_id}"

    return enter(args, lambda conn, _: set_rule(conn))


def end_retention(args: argparse.Namespace) -> int:
    """End the rule of an area: the rule above applies."""

    def end_rule(conn: Connection) -> str:
        area_id = registry.area_by_name(conn, args.area) if args.area else None
        now = HubClock().now()
        if not retention_rows.end_rule(
            conn, footage_class=args.footage_class, area_id=area_id, now=now
        ):
            raise RegistryError(f"there is no rule for {args.footage_class} there")
        return "ended"

    return enter(args, lambda conn, _: end_rule(conn))


def list_retention(args: argparse.Namespace) -> int:
    """List the rules in force."""
    db = stores.database(settings_of(args))
    try:
        with db.reading() as conn:
            query = (
                select(retention_rules, areas.c.name)
                .outerjoin(areas, areas.c.id == retention_rules.c.area_id)
                .where(retention_rules.c.ended_utc_us.is_(None))
                .order_by(areas.c.name, retention_rules.c.footage_class)
            )
            rows = conn.execute(query).all()
    finally:
        db.close()
    for row in rows:
        days = "for good" if row.keep_days is None else f"{row.keep_days} days"
        say(f"{row.name or 'everywhere'}: {row.footage_class} {days} ({row.reason})")
    if not rows:
        say("no rule: everything is kept. Set one: matthan-hub retention set")
    return OK


def add_hold(args: argparse.Namespace) -> int:
    """Hold footage for a case, whatever rules and disks say."""
    zone = ZoneInfo(settings_of(args).web.time_zone)

    def place(conn: Connection) -> str:
        hold_id = holds.place_hold(
            conn,
            _wanted(conn, args, zone),
            case_number=args.case,
            reason=args.reason,
            by=by_login(conn, args.by),
            now=HubClock().now(),
        )
        return f"hold: {hold_id}"

    return enter(args, lambda conn, _: place(conn))


def end_hold(args: argparse.Namespace) -> int:
    """End a hold: retention applies again."""

    def end(conn: Connection) -> str:
        count = holds.end_holds(
            conn,
            case_number=args.case,
            reason=args.reason,
            by=by_login(conn, args.by),
            hold_id=args.hold,
            now=HubClock().now(),
        )
        if count == 0:
            raise RegistryError(f"no hold of case {args.case!r} counts; see: hold list")
        return f"ended: {count}"

    return enter(args, lambda conn, _: end(conn))


def list_holds(args: argparse.Namespace) -> int:
    """List the holds."""
    settings = settings_of(args)
    db = stores.database(settings)
    try:
        with db.reading() as conn:
            rows = holds.list_holds(conn, args.case)
    finally:
        db.close()
    say("\n".join(_hold_lines(rows, ZoneInfo(settings.web.time_zone))) or "nothing is held")
    return OK


def sweep_media(args: argparse.Namespace) -> int:
    """Repair rows without files and files without rows."""
    settings = settings_of(args)
    db = stores.database(settings)
    try:
        sweep = Reconciler(
            db,
            blobs=stores.blobs(settings),
            clock=HubClock(),
            change_signal=ChangeSignal(),
            policy=Policy(),
            owners=BLOB_OWNERS,
            proxies=stores.proxies(settings),
        )
        swept = sweep.run(believes_all=args.all_lost)
    except ManyLostError as error:
        raise RegistryError(str(error)) from error
    finally:
        db.close()
    say(
        f"{swept.rows} stored, {swept.lost} lost, {swept.adopted} found again,"
        f" {swept.orphans} files removed that no row named"
    )
    return OK


def _wanted(conn: Connection, args: argparse.Namespace, zone: ZoneInfo) -> Hold:
    if args.camera is None:
        if args.since is not None or args.until is not None:
            raise RegistryError("--from and --until go with --camera")
        return Hold(media_id=args.clip, alert_id=args.alert)
    camera_id = camera_of(conn, args.camera)
    if args.since is None:
        raise RegistryError("a hold of a camera needs --from, and --until unless it goes on")
    until = None if args.until is None else utc_us_of(args.until, zone)
    return Hold(camera_id=camera_id, from_utc_us=utc_us_of(args.since, zone), until_utc_us=until)


def camera_of(conn: Connection, name: str) -> UUID:
    """The camera NODE/CAMERA; RegistryError if there is none."""
    node_name, _, camera = name.partition("/")
    node = registry.node_by_name(conn, node_name)
    camera_id = registry.camera_by_name(conn, node.node_id, camera) if node else None
    if camera_id is None:
        raise RegistryError(f"no camera is called {name!r}: write NODE/CAMERA")
    return camera_id


def utc_us_of(moment: datetime, zone: ZoneInfo) -> int:
    """A time without an offset is local time."""
    known = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return round(known.timestamp() * 1_000_000)


def by_login(conn: Connection, login: str | None) -> By:
    """The author of an act: a person, limited to their scope, or else the keeper's shell."""
    if login is None:
        return SHELL
    person_id = person_by_login(conn, login)
    if person_id is None:
        raise RegistryError(f"nobody signs in as {login!r}; add them with: officer add")
    return By(person_id=person_id, came_from="shell")


def _hold_lines(rows: Iterable[holds.HoldRow], zone: ZoneInfo) -> Iterable[str]:
    def when(utc_us: int) -> str:
        moment = datetime.fromtimestamp(utc_us / 1e6, UTC).astimezone(zone)
        return f"{moment:%d/%m/%Y %H:%M:%S}"

    for row in rows:
        ended = "" if row.ended_utc_us is None else f", ended {when(row.ended_utc_us)}"
        yield (
            f"case {row.case_number}: {_what(row.hold, when)} ({row.reason})"
            f", since {when(row.placed_utc_us)}{ended}, {row.hold_id}"
        )


def _what(hold: Hold, when: Callable[[int], str]) -> str:
    names: dict[str, UUID | None] = {"clip": hold.media_id, "alert": hold.alert_id}
    for name, one in names.items():
        if one is not None:
            return f"{name} {one}"
    until = "on" if hold.until_utc_us is None else f"to {when(hold.until_utc_us)}"
    return f"camera {hold.camera_id} from {when(hold.from_utc_us)} {until}"
