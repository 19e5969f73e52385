"""Wiring of the clock: that of this machine, or that of the database server if several hub
processes share it."""

from collections.abc import Callable

from hub.app.clocks.clock_watch import ClockWatch
from hub.app.clocks.shared_clock_watch import SharedClockWatch
from hub.app.config import HubSettings
from hub.app.errors import StartRefusedError
from hub.base.clock.steady_clock import SteadyClock
from hub.base.db.database import FAULTS, Database
from hub.base.processes.lease import Lease
from hub.base.processes.server_wall import ServerWall

Clocks = tuple[SteadyClock, ServerWall | None]
"""The hub's clock, and the server's if it counts by that."""


def clocks(settings: HubSettings, db: Database) -> Clocks:
    """The clocks of this hub; StartRefusedError if the database server does not answer."""
    folder = settings.store.media_folder
    if not db.is_shared:
        return SteadyClock(folder), None
    try:
        wall = ServerWall(db)
    except FAULTS as error:
        raise StartRefusedError(f"the database does not tell the time: {error}") from error
    return SteadyClock(folder, wall=wall, steps=wall.first.steps), wall


def watch(
    db: Database, clocks: Clocks, *, stepped: Callable[[int], None], lease: Lease
) -> ClockWatch:
    """The task that applies steps of the clock."""
    clock, wall = clocks
    if wall is None:
        return ClockWatch(db, clock=clock, stepped=stepped)
    return SharedClockWatch(db, clock=clock, stepped=stepped, wall=wall, lease=lease)
