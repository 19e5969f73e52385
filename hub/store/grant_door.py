"""Service for grants, for people who look after the places.

False or None: the item is unknown, or the person has no right to it. A `GrantError` names the
fault of a grant.
"""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection, select

from hub.alerts.giving import holds_place, place_of
from hub.alerts.grants import Grant, Right, counts
from hub.alerts.moment import Moment
from hub.alerts.roles import USUAL
from hub.store import grant_rows, grant_sights
from hub.store.asker import Asker
from hub.store.audit import By
from hub.store.door_base import DoorBase
from hub.store.grant_faults import GrantError, GrantFault
from hub.store.grant_views import GrantForm, GrantsPage, NewGrant
from hub.store.signin_tables import grants, people


class GrantDoor(DoorBase):
    """Grants: person, place, end, and giver."""

    def grants(self, asker: Asker) -> GrantsPage:
        """Grants in the areas this person looks after; empty for all others."""
        with self._db.reading() as conn:
            page = grant_sights.grants_page(conn, asker, self._clock.now())
        if not page.tree:
            page = GrantsPage((), (), False, page.may_set_roles, ())
        count = sum(len(area.grants) for area in page.tree)
        self._note(asker, "grants.open", detail=f"{len(page.tree)} areas, {count} grants")
        return page

    def grant_form(self, asker: Asker) -> GrantForm | None:
        """Choices for a new grant, including everybody with an account."""
        with self._db.reading() as conn:
            form = grant_sights.grant_form(conn, asker, self._clock.now())
        act = "grants.form" if form else "grants.form.refused"
        self._note(asker, act, detail=f"{len(form.people)} people" if form else "")
        return form

    def give(self, asker: Asker, new: NewGrant) -> bool:
        """Give a grant; False if this person does not look after the place."""
        now = self._clock.now()
        with self._db.writing() as conn:
            tended, seen = grant_sights.tended_places(conn, asker.person_id, now)
            place = new.grant.area_id or new.grant.camera_id
            if place not in tended and place not in {row.id for row in seen}:
                self._note_in(conn, asker, "grant.add.refused", "person", new.person_id)
                return False
            grant_rows.give(
                conn,
                _with_usual_rights(conn, asker, new, now),
                giver_id=asker.person_id,
                person_id=new.person_id,
                reason=new.reason,
                ends_with_mine=new.ends_with_mine,
                by=_by(asker),
                now=now,
            )
        self._bell.ring()
        return True

    def revoke(self, asker: Asker, grant_id: UUID) -> bool:
        """End a grant now, with all grants made from it; False without the right."""
        now = self._clock.now()
        with self._db.writing() as conn:
            rows = grant_sights.grant_rows(conn, asker, grants.c.id == grant_id, now)
            if not any(row.may_end for row in rows):
                self._note_in(conn, asker, "grant.end.refused", "grant", grant_id)
                return False
            grant_rows.end(conn, grant_id, by=_by(asker), now=now)
        self._bell.ring()
        return True

    def set_role(self, asker: Asker, person_id: UUID, role: str) -> bool:
        """Set a person's role; only a keeper of everything may, and not for themselves.

        Raises GrantError for an unknown role.
        """
        now = self._clock.now()
        with self._db.writing() as conn:
            is_there = conn.scalar(select(people.c.id).where(people.c.id == person_id)) is not None
            if not is_there or not grant_sights.keeps_everything(conn, asker, now):
                self._note_in(conn, asker, "person.role.refused", "person", person_id)
                return False
            if person_id == asker.person_id:
                raise GrantError(GrantFault.SELF)
            grant_rows.set_role(conn, person_id, role, by=_by(asker), now=now)
        self._bell.ring()
        return True


def _by(asker: Asker) -> By:
    return By(person_id=asker.person_id, came_from=asker.came_from)


def _with_usual_rights(conn: Connection, asker: Asker, new: NewGrant, now: Moment) -> Grant:
    """The new grant; without a chosen right, it has those rights of the person's role that the
    giver has."""
    if new.grant.rights:
        return new.grant
    role = conn.scalar(select(people.c.role).where(people.c.id == new.person_id)) or ""
    parents, homes = grant_rows.area_parents(conn), grant_rows.camera_homes(conn)
    place = place_of(new.grant, homes)
    mine = Right(0)
    for one in grant_rows.owned(conn, asker.person_id):
        if counts(one.grant, now.utc_us) and holds_place(one.grant, place, parents):
            mine |= one.grant.rights
    return replace(new.grant, rights=USUAL.get(role, Right(0)) & mine)
