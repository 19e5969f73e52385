"""Service for nodes, undelivered notifications, and a person's choice of channels."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from hub.alerts.channels import Order, read_orders, write_orders
from hub.store import health, keeper_sights, phone_checks, phone_rows, phone_sights, scope
from hub.store.acting import Acting, On
from hub.store.asker import Asker
from hub.store.health import LastHealth
from hub.store.keeper_views import FateCount, NodeState
from hub.store.notify_tables import phones
from hub.store.phone_views import LostPhone, SilentPhone
from hub.store.signin_tables import people
from hub.store.undelivered import Undelivered, undelivered


class NodeHealthService:
    """For people who look after cameras, and for each person's own phones. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def tends(self, asker: Asker) -> bool:
        """True if this person looks after any camera or area; for a page's links, reveals
        nothing."""
        with self._acting.part_of(asker, "nodes.open") as look:
            return scope.tends_any(look.conn, asker.person_id, look.now)

    def node_states(self, asker: Asker) -> tuple[list[NodeState], list[FateCount]]:
        """Nodes of cameras this person may manage, those with trouble first, and the results of
        their events."""
        with self._acting.reading(asker, "nodes.open") as look:
            states = keeper_sights.node_states(look.conn, asker.person_id, look.now)
            fates = keeper_sights.fates(look.conn, [one.node_id for one in states])
            look.done(f"{len(states)} nodes")
        return states, fates

    def node_week(self, asker: Asker, node_id: UUID) -> tuple[NodeState, list[LastHealth]] | None:
        """One of their nodes and its health reports of the last week, oldest first."""
        with self._acting.reading(asker, "node.open", On("node", node_id)) as look:
            states = keeper_sights.node_states(look.conn, asker.person_id, look.now)
            found = next((one for one in states if one.node_id == node_id), None)
            said = health.history(look.conn, node_id) if found is not None else []
            look.answer(found)
        return None if found is None else (found, said)

    def undelivered(self, asker: Asker) -> Undelivered:
        """Undelivered notifications about cameras this person may manage."""
        with self._acting.reading(asker, "undelivered.open") as look:
            found = undelivered(look.conn, asker.person_id, look.now)
            look.done(f"{found.in_a_day} in a day")
        return found

    def lost_phones(self, asker: Asker) -> list[LostPhone]:
        """The person's own phones that can no longer be reached; the person must be told."""
        mine = phones.c.person_id == asker.person_id
        with self._acting.part_of(asker, "inbox.open") as look:
            return phone_sights.lost_phones(look.conn, mine, now=look.now)

    def silent_phones(self, asker: Asker) -> list[SilentPhone]:
        """The person's own phones that did not answer their last daily check."""
        mine = phones.c.person_id == asker.person_id
        with self._acting.part_of(asker, "inbox.open") as look:
            return phone_checks.silent_phones(look.conn, mine, now=look.now)

    def check_shown(self, asker: Asker, check_id: UUID) -> bool:
        """Record that the phone shows its daily check; False if it was not for this person."""
        on = On("phone_check", check_id)
        with self._acting.changing(asker, "phone.check", on) as change:
            who, now = asker.person_id, change.now
            is_theirs = phone_checks.answered(change.conn, check_id, person_id=who, now=now)
            change.answer(is_theirs)
        return is_theirs

    def dark_cameras(self, asker: Asker) -> list[str]:
        """Cameras this person may see that deliver no picture now: no alert from them means
        nothing."""
        with self._acting.part_of(asker, "inbox.open") as look:
            return keeper_sights.dark_cameras(look.conn, asker.person_id, look.now)

    def channel_orders(self, asker: Asker) -> Mapping[str, Order]:
        """The person's order of channels for each severity with a choice."""
        query = select(people.c.channel_order).where(people.c.id == asker.person_id)
        with self._acting.part_of(asker, "phones.open") as look:
            return read_orders(look.conn.scalar(query))

    def choose_channels(self, asker: Asker, orders: Mapping[str, Order]) -> None:
        """Store the person's order of channels."""
        order = write_orders(orders)
        with self._acting.changing(asker, "channels.choose") as change:
            phone_rows.choose_channels(change.conn, asker.person_id, order)
            change.done(order)
