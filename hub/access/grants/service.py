"""Service for grants, for people who look after the places.

False or None: the item is unknown, or the person has no right to it. A `GrantError` names the
fault of a grant.
"""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from hub.access.grants import queries
from hub.access.grants import rows as grants_rows
from hub.access.grants.ended import ended_grants
from hub.access.grants.faults import GrantError, GrantFault
from hub.access.grants.views import EndedGrants, GrantForm, GrantsPage, NewGrant
from hub.access.rules.delegation import holds_place, place_of
from hub.access.rules.grants import Grant, Right, counts
from hub.access.rules.roles import USUAL
from hub.access.tables import grants, people
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.registry.areas import area_parents


class GrantService:
    """Grants: person, place, end, and giver."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def grants(self, asker: Asker) -> GrantsPage:
        """Grants in the areas this person looks after; empty for all others."""
        with self._acting.reading(asker, "grants.open") as look:
            page = queries.grants_page(look.conn, asker, look.now)
            if not page.tree:
                page = GrantsPage((), (), False, page.may_set_roles, ())
            count = sum(len(area.grants) for area in page.tree)
            look.done(Detail("grants.count", n=len(page.tree), m=count))
        return page

    def ended(self, asker: Asker) -> EndedGrants:
        """Grants of the asker that ended within the last weeks and were not replaced."""
        with self._acting.part_of(asker, "inbox.open") as look:
            return ended_grants(look.conn, asker.person_id, look.now)

    def grant_form(self, asker: Asker) -> GrantForm | None:
        """Choices for a new grant, including everybody with an account."""
        with self._acting.reading(asker, "grants.form") as look:
            form = queries.grant_form(look.conn, asker, look.now)
            look.answer(form, Detail("grants.people", n=len(form.people)) if form else None)
        return form

    def give(self, asker: Asker, new: NewGrant) -> bool:
        """Give a grant; False if this person does not look after the place."""
        to = On("person", new.person_id)
        with self._acting.changing(asker, "grant.add", to, rings=True) as change:
            tended, seen = queries.tended_places(change.conn, asker.person_id, change.now)
            place = new.grant.area_id or new.grant.camera_id
            if place not in tended and place not in {row.id for row in seen}:
                change.refuse()
                return False
            grants_rows.give(
                change.conn,
                _with_usual_rights(change, new),
                giver_id=asker.person_id,
                person_id=new.person_id,
                reason=new.reason,
                ends_with_mine=new.ends_with_mine,
                by=change.by,
                now=change.now,
            )
        return True

    def revoke(self, asker: Asker, grant_id: UUID) -> bool:
        """End a grant now, with all grants made from it; False without the right."""
        this = On("grant", grant_id)
        with self._acting.changing(asker, "grant.end", this, rings=True) as change:
            rows = queries.grant_rows(change.conn, asker, grants.c.id == grant_id, change.now)
            if not any(row.may_end for row in rows):
                change.refuse()
                return False
            grants_rows.end(change.conn, grant_id, by=change.by, now=change.now)
        return True

    def set_role(self, asker: Asker, person_id: UUID, role: str) -> bool:
        """Set a person's role; only a keeper of everything may, and not for themselves.

        Raises GrantError for an unknown role.
        """
        whose = On("person", person_id)
        with self._acting.changing(asker, "person.role", whose, rings=True) as change:
            conn, this = change.conn, people.c.id == person_id
            is_there = conn.scalar(select(people.c.id).where(this)) is not None
            if not is_there or not queries.keeps_everything(conn, asker, change.now):
                change.refuse()
                return False
            if person_id == asker.person_id:
                raise GrantError(GrantFault.SELF)
            grants_rows.set_role(conn, person_id, role, by=change.by, now=change.now)
        return True


def _with_usual_rights(look: Reading, new: NewGrant) -> Grant:
    """The new grant; without a chosen right, it has those rights of the person's role that the
    giver has."""
    if new.grant.rights:
        return new.grant
    conn = look.conn
    role = conn.scalar(select(people.c.role).where(people.c.id == new.person_id)) or ""
    parents, homes = area_parents(conn), grants_rows.camera_homes(conn)
    place = place_of(new.grant, homes)
    mine = Right(0)
    for one in grants_rows.owned(conn, look.asker.person_id):
        if counts(one.grant, look.now.utc_us) and holds_place(one.grant, place, parents):
            mine |= one.grant.rights
    return replace(new.grant, rights=USUAL.get(role, Right(0)) & mine)
