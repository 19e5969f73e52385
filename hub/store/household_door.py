"""Service for household cameras: registration with consent, withdrawal, contact data.

People who look after cameras in an area, or may export from it, register households there. Name and
contact are sealed; each access has a reason and a line in the log.
"""

from uuid import UUID

from sqlalchemy import Connection, insert, or_, select, update

from hub.alerts.grants import Right
from hub.alerts.households import (
    CONTACT_CHARS,
    NAME_CHARS,
    PLACE_CHARS,
    VIEW_CHARS,
    HouseholdError,
    HouseholdFault,
    NewHousehold,
    fault_of_household,
)
from hub.alerts.moment import Moment
from hub.store import household_rows
from hub.store.acting import ActingBase
from hub.store.areas import places
from hub.store.asker import Asker
from hub.store.bounds import text
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.household_tables import households
from hub.store.household_views import HouseholdRow
from hub.store.registry_tables import areas
from hub.store.scope import areas_with
from hub.store.tables import columns, new_id
from hub.store.tip_box import Reporter, TipBox


class HouseholdDoor(ActingBase):
    """Thread-safe. None or False: the item is unknown, or the person has no right to it."""

    def __init__(self, db: Database, *, clock: Clock, box: TipBox) -> None:
        super().__init__(db, clock=clock)
        self._box = box

    def areas(self, asker: Asker) -> list[tuple[UUID, str]]:
        """Areas where this person may register a household, by name; part of a page."""
        with self._db.reading() as conn:
            found = places(conn, set(_areas_of(conn, asker, self._clock.now())))
        return sorted(found.items(), key=lambda one: one[1])

    def households(self, asker: Asker) -> list[HouseholdRow]:
        """Households in this person's areas, withdrawn ones last."""
        now = self._clock.now()
        with self._db.reading() as conn:
            tended = household_rows.tended(asker.person_id, now)
            rows = household_rows.household_rows(conn, tended)
        self._note(asker, "households.open", detail=f"{len(rows)} households")
        return rows

    def household(self, asker: Asker, household_id: UUID) -> HouseholdRow | None:
        """One household in their areas."""
        with self._db.reading() as conn:
            row = self._mine(conn, asker, household_id)
        self._note(
            asker, "household.open" if row else "household.open.refused", "household", household_id
        )
        return row

    def register(self, asker: Asker, new: NewHousehold) -> tuple[UUID, str] | None:
        """Store a household; returns its id, and the token of its own link, which is known only
        now.

        None without the right; raises HouseholdError for a missing entry.
        """
        now = self._clock.now()
        with self._db.writing() as conn:
            mine = _areas_of(conn, asker, now)
            if not mine:
                self._note_in(conn, asker, "household.register.refused")
                return None
            if new.area_id not in mine:
                raise HouseholdError(HouseholdFault.AREA)
            if (fault := fault_of_household(new)) is not None:
                raise HouseholdError(fault)
            household_id, (token, token_hash) = new_id(now), household_rows.new_token()
            who = Reporter(text(new.name, NAME_CHARS), text(new.contact, CONTACT_CHARS))
            conn.execute(
                insert(households).values(
                    id=household_id,
                    area_id=new.area_id,
                    place=text(new.place, PLACE_CHARS),
                    latitude_deg=new.point and new.point.latitude_deg,
                    longitude_deg=new.point and new.point.longitude_deg,
                    view=text(new.view, VIEW_CHARS),
                    channel=new.channel,
                    sealed=self._box.seal_reporter(who, tip_id=household_id),
                    language=new.language,
                    consent_version=new.consent_version,
                    consent_text=new.consent_text,
                    recorded_by=asker.person_id,
                    token_hash=token_hash,
                    **columns("consented", now),
                )
            )
            agreed = f"consent {new.consent_version} ({new.language})"
            self._note_in(
                conn, asker, "household.register", "household", household_id, detail=agreed
            )
        return household_id, token

    def renew_link(self, asker: Asker, household_id: UUID) -> str | None:
        """Make a new link for the household; the old one is no longer valid."""
        token, token_hash = household_rows.new_token()
        with self._db.writing() as conn:
            row = self._mine(conn, asker, household_id)
            is_done = row is not None and row.withdrawn_utc_us is None
            act = "household.link" if is_done else "household.link.refused"
            self._note_in(conn, asker, act, "household", household_id)
            if not is_done:
                return None
            this = households.c.id == household_id
            conn.execute(update(households).where(this).values(token_hash=token_hash))
        return token

    def withdraw(self, asker: Asker, household_id: UUID) -> bool:
        """Withdraw at the household's wish; False if it is withdrawn already."""
        now = self._clock.now()
        with self._db.writing() as conn:
            row, by = self._mine(conn, asker, household_id), asker.by
            if row is not None and household_rows.withdraw(conn, household_id, by=by, now=now):
                return True
            self._note_in(conn, asker, "household.withdraw.refused", "household", household_id)
        return False

    def contact(self, asker: Asker, household_id: UUID, *, reason: str) -> Reporter | None:
        """Name and contact; the access and its reason are in the log.

        Raises UnsealError if the hub's key is not the key that sealed them.
        """
        with self._db.writing() as conn:
            is_theirs = self._mine(conn, asker, household_id) is not None and bool(reason.strip())
            this = households.c.id == household_id
            sealed = conn.scalar(select(households.c.sealed).where(this)) if is_theirs else None
            act = "household.contact" if sealed else "household.contact.refused"
            self._note_in(conn, asker, act, "household", household_id, detail=reason)
        return self._box.unseal_reporter(sealed, tip_id=household_id) if sealed else None

    def _mine(self, conn: Connection, asker: Asker, household_id: UUID) -> HouseholdRow | None:
        tended = household_rows.tended(asker.person_id, self._clock.now())
        this = households.c.id == household_id
        return next(iter(household_rows.household_rows(conn, this, tended)), None)


def _areas_of(conn: Connection, asker: Asker, now: Moment) -> list[UUID]:
    mine = or_(
        areas.c.id.in_(areas_with(asker.person_id, Right.MANAGE, now)),
        areas.c.id.in_(areas_with(asker.person_id, Right.EXPORT, now)),
    )
    return list(conn.scalars(select(areas.c.id).where(mine)))
