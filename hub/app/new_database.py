"""Creates an empty database with this program's schema, or migrates an older one."""

from hub.app.months import moving
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.db.schema import migrate


def bring_up_to_date(url: str) -> None:
    """Migrate the database to this program's schema. A new one on PostgreSQL keeps events and
    sightings by month from the first row on. DatabaseError as `migrate`."""
    if not migrate(url):
        return
    db = Database(url)
    try:
        if db.is_shared:
            moving.split(db, HubClock().now())
    finally:
        db.close()
