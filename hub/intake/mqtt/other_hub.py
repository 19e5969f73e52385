"""Two hubs at one broker: hubs with different databases must not take each other's place.

Both have the certificate of the hub, so the broker ends the connection of one when the other
connects. Then each would store a part of the nodes' messages. So the birth id of a hub's presence
begins with the hub's id. A hub that comes to a broker where another one was last waits before it
subscribes, and says its presence. If the other is alive, it comes back at once, which ends the
connection of the one that waits, or it answers under a further name (`hub.2`); the one that waits
then stays away. Values in, values out.
"""

from os import urandom
from typing import Final
from uuid import UUID, uuid4

from hub.base.db.identity import ID_BYTES

WAIT_S: Final = 3.0
"""A hub whose connection was ended is back well within this time."""
NEW_S: Final = 60.0
"""A hub that is thrown out so soon after it waited is the one that came later."""
AWAY_S: Final = 120.0
"""Time until it tries again; twice as long after each further time, up to `LONGEST_AWAY_S`: at each
try the nodes there take the other hub's answer for a new connection, and send again what has no
receipt."""
LONGEST_AWAY_S: Final = 3600.0


def new_birth(hub_id: bytes | None) -> UUID:
    """A birth id for the hub with this id, or for a hub without one."""
    return uuid4() if hub_id is None else UUID(bytes=hub_id + urandom(16 - ID_BYTES))


def away_s(gave_way: int) -> float:
    """Time to stay away for a hub that gave way so many times in a row before."""
    return min(AWAY_S * 2.0 ** min(gave_way, 10), LONGEST_AWAY_S)


def is_anothers(birth_id: UUID, hub_id: bytes | None) -> bool:
    """True if this birth is of another hub than the one with this id."""
    return hub_id is not None and birth_id.bytes[:ID_BYTES] != hub_id
