"""Commands of the audit log: check that it is whole, and print its last line."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hub.app import stores
from hub.app.cli.core import OK, say, settings_of
from hub.app.cli.parsing import Commands, command, existing_file_or_stdin, group
from hub.app.config import HubSettings
from hub.base.audit import log
from hub.base.clock.clock import HubClock
from hub.base.hash_chain import LogAnchor, anchor_line, faults
from hub.base.timestamping import roots_of
from hub.oversight.log.anchor import anchor_file, parse_line, stamp_faults, stamps_of

SHOWN: Final = 20
"""More faults than this are counted, not listed."""


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    looks = group(verbs, "log", "audit log")
    check = command(
        looks, "verify", verify_log, "check that the audit log is complete and unchanged"
    )
    check.add_argument(
        "--anchor",
        action="append",
        default=[],
        metavar="LINE",
        help="a line of `log head` to compare with",
    )
    check.add_argument(
        "--anchors",
        action="append",
        default=[],
        type=existing_file_or_stdin,
        metavar="FILE",
        help="a file of such lines, beside the hub's own",
    )
    command(looks, "head", show_head, "print the head of the audit log, to keep elsewhere")


def show_head(args: argparse.Namespace) -> int:
    """Print the last line of the log with its hash. Kept elsewhere, it reveals any later change of
    the log."""
    db = stores.database(settings_of(args))
    try:
        with db.reading() as conn:
            say(anchor_line(log.head(conn, HubClock().now())))
    finally:
        db.close()
    return OK


def verify_log(args: argparse.Namespace) -> int:
    """Check that the log is as it was written; 1 with each faulty place if it is not."""
    settings = settings_of(args)
    anchors = [parse_line(line) for line in args.anchor]
    for path in [anchor_file(settings.store.media_folder), *args.anchors]:
        if path.exists() or path in args.anchors:
            anchors += list(_anchors_in(path))
    db = stores.database(settings)
    try:
        with db.reading() as conn:
            found = list(faults(log.read(conn), anchors))
            last = log.head(conn, HubClock().now())
            loose = log.unbound(conn)
    finally:
        db.close()
    stamped, unstamped = _stamps(settings)
    for line in unstamped:
        say(line)
    for fault in found[:SHOWN]:
        say(f"record {fault.seq}: {fault.what}")
    if len(found) > SHOWN:
        say(f"and {len(found) - SHOWN} more")
    if loose:
        say(f"{loose} lines are bound to nothing: no hub wrote them")
    if found or loose or unstamped:
        return 1
    held = f"{len(anchors)} anchors hold{f', {stamped} of them stamped' if stamped else ''}"
    say(f"the log is whole: {last.seq} records, {held}; head {last.hash}")
    return OK


def _stamps(settings: HubSettings) -> tuple[int, list[str]]:
    """Number of time stamps on the hub's own anchors, and the faults that were found in them."""
    file = anchor_file(settings.store.media_folder)
    count = len(list(stamps_of(file)))
    if not count:
        return 0, []
    given = settings.evidence.stamp_ca_file
    return count, list(stamp_faults(file, roots_of(Path(given)) if given else []))


def _anchors_in(path: Path) -> Iterator[LogAnchor]:
    with path.open(encoding="ascii", errors="replace") as file:
        for line in file:
            if line.strip():
                yield parse_line(line)
