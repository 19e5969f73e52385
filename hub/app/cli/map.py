"""Command that sets the background of the map."""

import argparse
from pathlib import Path

from hub.app import stores
from hub.app.cli.core import OK, say, settings_of
from hub.app.cli.parsing import Commands, command, group
from hub.places.map.ground import Corners, MapFiles


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    ground = command(
        group(verbs, "map", "background of the map"),
        "set",
        set_ground,
        "set the background of the map",
    )
    which = ground.add_mutually_exclusive_group(required=True)
    which.add_argument("--tiles", type=Path, metavar="FILE", help="a PMTiles archive")
    which.add_argument("--plan", type=Path, metavar="FILE", help="a plan as PNG or JPEG, north up")
    which.add_argument("--blank", action="store_true", help="no background")
    names = ("WEST", "NORTH", "EAST", "SOUTH")
    ground.add_argument(
        "--corners", type=float, nargs=4, metavar=names, help="the corners of the plan, in degrees"
    )


def set_ground(args: argparse.Namespace) -> int:
    """Set tiles or a plan as the background of the map, or remove it."""
    settings = settings_of(args)
    if not settings.store.media_url:
        return _set(args, MapFiles(stores.map_folder(settings)))
    db = stores.database(settings)
    try:
        return _set(args, stores.map_files(settings, db, stores.blobs(settings)))
    finally:
        db.close()


def _set(args: argparse.Namespace, files: MapFiles) -> int:
    if args.tiles is not None:
        files.put_tiles(args.tiles)
        say(f"the map lies on the tiles of {args.tiles.name}")
    elif args.plan is not None:
        if args.corners is None:
            raise ValueError("a plan needs its place: --corners WEST NORTH EAST SOUTH, in degrees")
        files.put_plan(args.plan, Corners(*args.corners))
        say(f"the map lies on the plan {args.plan.name}")
    else:
        files.clear()
        say("the map is blank")
    return OK
