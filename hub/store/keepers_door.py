"""Service for nodes, undelivered notifications, and a person's choice of channels."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from hub.alerts.channels import Order, read_orders, write_orders
from hub.store import health, keeper_sights, phone_checks, staff
from hub.store.door_base import DoorBase
from hub.store.health import LastHealth
from hub.store.keeper_views import FateCount, LostPhone, NodeState, SilentPhone, Undelivered
from hub.store.notify_tables import phones
from hub.store.signin_tables import people
from hub.store.views import Asker


class KeepersDoor(DoorBase):
    """Queries for people who look after cameras; `hub.store.door` has all else."""

    def tends(self, asker: Asker) -> bool:
        """True if this person looks after any camera or area; for a page's links, reveals
        nothing."""
        with self._db.reading() as conn:
            return keeper_sights.tends_any(conn, asker.person_id, self._clock.now())

    def node_states(self, asker: Asker) -> tuple[list[NodeState], list[FateCount]]:
        """Nodes of cameras this person may manage, those with trouble first, and the results of
        their events."""
        with self._db.reading() as conn:
            states = keeper_sights.node_states(conn, asker.person_id, self._clock.now())
            fates = keeper_sights.fates(conn, [one.node_id for one in states])
        self._note(asker, "nodes.open", detail=f"{len(states)} nodes")
        return states, fates

    def node_week(self, asker: Asker, node_id: UUID) -> tuple[NodeState, list[LastHealth]] | None:
        """One of their nodes and its health reports of the last week, oldest first."""
        with self._db.reading() as conn:
            states = keeper_sights.node_states(conn, asker.person_id, self._clock.now())
            found = next((one for one in states if one.node_id == node_id), None)
            said = health.history(conn, node_id) if found is not None else []
        act = "node.open" if found is not None else "node.open.refused"
        self._note(asker, act, "node", node_id)
        return None if found is None else (found, said)

    def undelivered(self, asker: Asker) -> Undelivered:
        """Undelivered notifications about cameras this person may manage."""
        with self._db.reading() as conn:
            found = keeper_sights.undelivered(conn, asker.person_id, self._clock.now())
        self._note(asker, "undelivered.open", detail=f"{found.in_a_day} in a day")
        return found

    def lost_phones(self, asker: Asker) -> list[LostPhone]:
        """The person's own phones that can no longer be reached; the person must be told.

        Part of the inbox, covered by its audit line.
        """
        mine = phones.c.person_id == asker.person_id
        with self._db.reading() as conn:
            return keeper_sights.lost_phones(conn, mine, now=self._clock.now())

    def silent_phones(self, asker: Asker) -> list[SilentPhone]:
        """The person's own phones that did not answer their last daily check.

        Part of the inbox, covered by its audit line.
        """
        mine = phones.c.person_id == asker.person_id
        with self._db.reading() as conn:
            return phone_checks.silent_phones(conn, mine, now=self._clock.now())

    def check_shown(self, asker: Asker, check_id: UUID) -> bool:
        """Record that the phone shows its daily check; False if it was not for this person."""
        with self._db.writing() as conn:
            now = self._clock.now()
            is_theirs = phone_checks.answered(conn, check_id, person_id=asker.person_id, now=now)
            act = "phone.check" if is_theirs else "phone.check.refused"
            self._note_in(conn, asker, act, "phone_check", check_id)
        return is_theirs

    def dark_cameras(self, asker: Asker) -> list[str]:
        """Cameras this person may see that deliver no picture now: no alert from them means
        nothing.

        Part of the inbox, covered by its audit line.
        """
        with self._db.reading() as conn:
            return keeper_sights.dark_cameras(conn, asker.person_id, self._clock.now())

    def channel_orders(self, asker: Asker) -> Mapping[str, Order]:
        """The person's order of channels for each severity with a choice."""
        query = select(people.c.channel_order).where(people.c.id == asker.person_id)
        with self._db.reading() as conn:
            return read_orders(conn.scalar(query))

    def choose_channels(self, asker: Asker, orders: Mapping[str, Order]) -> None:
        """Store the person's order of channels."""
        order = write_orders(orders)
        with self._db.writing() as conn:
            staff.choose_channels(conn, asker.person_id, order)
            self._note_in(conn, asker, "channels.choose", detail=order)
