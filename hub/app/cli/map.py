"""The command of the map: what lies under the cameras."""

import argparse

from hub.app.cli.core import OK, say, settings_of
from hub.app.wiring import resources
from hub.places.map.ground import Corners, MapFiles


def set_ground(args: argparse.Namespace) -> int:
    """Tiles, a plan, or nothing."""
    files = MapFiles(resources.map_folder(settings_of(args)))
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
