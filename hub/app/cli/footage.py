"""Commands that request footage by time from nodes."""

import argparse
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from hub.app import stores
from hub.app.cli.core import OK, enter, say, settings_of
from hub.app.cli.parsing import Commands, command, group
from hub.app.cli.retention import by_login, camera_of, utc_us_of
from hub.base.clock.clock import HubClock
from hub.footage.requests import spans


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    footage = group(verbs, "footage", "footage that is still at the nodes")
    ask = command(footage, "ask", ask_for_span, "ask a node for the footage of a time span")
    ask.add_argument("--camera", required=True, metavar="NODE/CAMERA", help="the camera")
    for name, meaning in (
        ("from", "first moment"),
        ("until", "last moment, an hour later at most"),
    ):
        ask.add_argument(
            f"--{name}",
            dest="since" if name == "from" else name,
            required=True,
            type=datetime.fromisoformat,
            metavar="YYYY-MM-DDTHH:MM",
            help=meaning,
        )
    ask.add_argument("--reason", required=True, help="the reason; it is logged")
    ask.add_argument("--sound", action="store_true", help="also the sound, if it is recorded")
    ask.add_argument(
        "--by", metavar="LOGIN", help="the person whose rights apply; default: the shell"
    )
    command(footage, "list", list_spans, "list requests and their results")


def ask_for_span(args: argparse.Namespace) -> int:
    """Request a camera's footage of a time span from its node."""
    zone = ZoneInfo(settings_of(args).web.time_zone)

    def ask(conn: Connection) -> str:
        command_id = spans.ask(
            conn,
            camera_of(conn, args.camera),
            span=spans.RequestedTimes(
                utc_us_of(args.since, zone), utc_us_of(args.until, zone), with_sound=args.sound
            ),
            reason=args.reason,
            by=by_login(conn, args.by),
            now=HubClock().now(),
        )
        return f"asked: {command_id}"

    return enter(args, lambda conn, _: ask(conn))


def list_spans(args: argparse.Namespace) -> int:
    """List the requests for time spans."""
    settings = settings_of(args)
    db = stores.database(settings)
    try:
        with db.reading() as conn:
            rows = spans.requested(conn)
    finally:
        db.close()
    say("\n".join(_lines(rows, ZoneInfo(settings.web.time_zone))) or "nothing was asked for")
    return OK


def _lines(rows: Iterable[spans.SpanRow], zone: ZoneInfo) -> Iterable[str]:
    def when(utc_us: int) -> str:
        return f"{datetime.fromtimestamp(utc_us / 1e6, UTC).astimezone(zone):%d/%m/%Y %H:%M:%S}"

    for row in rows:
        told = "the node has not answered" if row.files is None else f"{row.files} files there"
        span = f"{when(row.from_utc_us)} - {when(row.until_utc_us)}"
        yield f"{row.camera}, {span} ({row.reason}): {told}, {row.stored} at the hub"
