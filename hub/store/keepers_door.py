"""The door's way to nodes, to what could not be delivered, and to how one is told."""

from sqlalchemy import select

from hub.alerts.channels import ORDERS
from hub.store import keeper_sights, staff
from hub.store.keeper_views import FateCount, LostPhone, NodeState, Undelivered
from hub.store.search_door import SearchDoor
from hub.store.tables import people, phones
from hub.store.views import Asker


class KeepersDoor(SearchDoor):
    """What those who look after cameras ask; `hub.store.door` has all else."""

    def tends(self, asker: Asker) -> bool:
        """Whether this person looks after any camera; for the links of a page, shows nothing."""
        with self._db.reading() as conn:
            return keeper_sights.tends_any(conn, asker.person_id, self._clock.now())

    def node_states(self, asker: Asker) -> tuple[list[NodeState], list[FateCount]]:
        """The nodes of cameras this person may manage, those in trouble first, and what became of
        their events."""
        with self._db.reading() as conn:
            states = keeper_sights.node_states(conn, asker.person_id, self._clock.now())
            fates = keeper_sights.fates(conn, [one.node_id for one in states])
        self._note(asker, "nodes.open", detail=f"{len(states)} nodes")
        return states, fates

    def undelivered(self, asker: Asker) -> Undelivered:
        """What could not be delivered about cameras this person may manage."""
        with self._db.reading() as conn:
            found = keeper_sights.undelivered(conn, asker.person_id, self._clock.now())
        self._note(asker, "undelivered.open", detail=f"{found.in_a_day} in a day")
        return found

    def lost_phones(self, asker: Asker) -> list[LostPhone]:
        """The person's own phones that can no longer be reached; they have to be told so.

        Part of the inbox, and of its line in the audit.
        """
        mine = phones.c.person_id == asker.person_id
        with self._db.reading() as conn:
            return keeper_sights.lost_phones(conn, mine, now=self._clock.now())

    def dark_cameras(self, asker: Asker) -> list[str]:
        """The cameras this person may see that give no picture now: silence there means nothing.

        Part of the inbox, and of its line in the audit.
        """
        with self._db.reading() as conn:
            return keeper_sights.dark_cameras(conn, asker.person_id, self._clock.now())

    def channel_order(self, asker: Asker) -> str:
        """By which channel the person is told first."""
        query = select(people.c.channel_order).where(people.c.id == asker.person_id)
        with self._db.reading() as conn:
            return conn.scalar(query) or ORDERS[0]

    def choose_channels(self, asker: Asker, order: str) -> None:
        """Tell the person so from now on; `order` is one of `ORDERS`."""
        with self._db.writing() as conn:
            staff.choose_channels(conn, asker.person_id, order)
            self._note_in(conn, asker, "channels.choose", detail=order)
