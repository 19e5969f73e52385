"""Commands for enrolment and revocation of nodes."""

import argparse
from pathlib import Path

import segno

from hub.app import enrolment, keys, stores
from hub.app.cli import entries
from hub.app.cli.core import OK, enter, say, settings_of
from hub.app.cli.parsing import Commands, command, group
from hub.base.audit.log import SHELL
from hub.base.clock.clock import HubClock
from hub.base.errors import RegistryError
from hub.base.private_files import write_private
from hub.nodes.enrolment import rows
from hub.nodes.enrolment.camera_sources import camera_of
from hub.nodes.enrolment.cloud_init import user_data
from hub.nodes.pki.authority import AuthorityError
from hub.registry.registry import area_by_name, node_by_name


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    nodes = group(verbs, "node", "nodes (camera boxes)")
    node = command(nodes, "add", add_node, "add a node whose certificate is issued by hand")
    node.add_argument("name", help="the common name of its certificate")
    node.add_argument("--area", required=True, help="the area of the node")
    meaning = "make a one-time enrolment code for a camera box"
    new = command(nodes, "enrol", enrol, meaning)
    new.add_argument("node", help="the name of the node: a-z, 0-9 and inner hyphens")
    new.add_argument("--area", required=True, help="the area of the node")
    new.add_argument(
        "--camera",
        action="append",
        default=[],
        metavar="NAME=SOURCE",
        help="a camera and its source: rtsp://…, /dev/video0 or picamera:0",
    )
    new.add_argument("--hours", type=int, default=24, help="how long the code is valid (24)")
    new.add_argument(
        "--first-boot",
        type=Path,
        metavar="FILE",
        help="also write the file user-data for a card that enrols itself",
    )
    lost = command(nodes, "revoke", revoke, "shut a stolen node out at once")
    lost.add_argument("node", help="the name of the node")
    lost.add_argument("--reason", required=True, help="the reason; it is logged")


def add_node(args: argparse.Namespace) -> int:
    """Add a node to the registry."""
    return enter(
        args, lambda conn, now: entries.enter_node(conn, args.name, area=args.area, now=now)
    )


def enrol(args: argparse.Namespace) -> int:
    """Create an enrolment, and show its code, command and QR code."""
    settings = settings_of(args)
    db, clock = stores.database(settings), HubClock()
    try:
        made = enrolment.build(settings, db, clock)
        if made is None:
            raise AuthorityError("the authority's key is not here; issue papers by hand: ca issue")
        with db.writing() as conn:
            _, token = rows.make(
                conn,
                node=args.node,
                area_id=area_by_name(conn, args.area),
                cameras=[camera_of(one) for one in args.camera],
                by=SHELL,
                now=clock.now(),
                valid_s=args.hours * 3600,
            )
    finally:
        db.close()
    whole = made[0].code(token)
    if args.first_boot is not None:
        write_private(args.first_boot, user_data(args.node, whole).encode())
        say(f"for a flashed card, beside the stick's folder matthan: {args.first_boot}")
    code = whole.text
    say(f"on a new box, in the folder of the programs or the stick, within {args.hours} hours:\n")
    say(f"    sudo deploy/node/install.sh {code}\n\non one that has the programs already:\n")
    say(f"    sudo matthan-agent enrol {code}\n")
    segno.make(code, micro=False, error="m").terminal(compact=True)
    return OK


def revoke(args: argparse.Namespace) -> int:
    """Revoke a node: certificate, connection, uploads and commands."""
    settings = settings_of(args)
    db, clock = stores.database(settings), HubClock()
    try:
        with db.writing() as conn:
            node = node_by_name(conn, args.node)
            if node is None:
                raise RegistryError(f"no node is called {args.node!r}")
            rows.shut_out(conn, node, why=args.reason, by=SHELL, now=clock.now())
        say(f"{args.node}: nothing that comes under its name counts from now on")
        authority = enrolment.open_authority(settings, keys.secrets(settings, db))
        shutting = enrolment.shutting_out(settings, db, authority, clock)
        shutting.shut_out(args.node).join()
        say(f"{args.node}: its papers are on the broker's list, its connection was ended")
    finally:
        db.close()
    return OK
