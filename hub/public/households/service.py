"""Service for household cameras: registration with consent, withdrawal, contact data.

People who look after cameras in an area, or may export from it, register households there. Name and
contact are sealed; each access has a reason and a line in the log.
"""

from uuid import UUID

from sqlalchemy import insert, or_, select, update

from hub.access.rules.grants import Right
from hub.access.scope import areas_with
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail, plain
from hub.base.db.bounds import text
from hub.base.db.columns import columns, new_id
from hub.base.text.order import by_name
from hub.public.households import rows as households_rows
from hub.public.households.rules import (
    CONTACT_CHARS,
    NAME_CHARS,
    PLACE_CHARS,
    VIEW_CHARS,
    HouseholdError,
    HouseholdFault,
    NewHousehold,
    fault_of_household,
)
from hub.public.households.tables import households
from hub.public.households.views import HouseholdRow
from hub.public.tips.sealing import Reporter, SealBox
from hub.registry.areas import places
from hub.registry.tables import areas


class HouseholdService:
    """Registered household cameras. For any thread. None or False: the item is unknown, or the
    person has no right to it."""

    def __init__(self, acting: Acting, *, box: SealBox) -> None:
        self._acting = acting
        self._box = box

    def areas(self, asker: Asker) -> list[tuple[UUID, str]]:
        """Areas where this person may register a household, by name; part of a page."""
        with self._acting.part_of(asker, "households.open") as look:
            found = places(look.conn, set(_areas_of(look)))
        return sorted(found.items(), key=lambda one: by_name(one[1]))

    def households(self, asker: Asker) -> list[HouseholdRow]:
        """Households in this person's areas, withdrawn ones last."""
        with self._acting.reading(asker, "households.open") as look:
            tended = households_rows.tended(asker.person_id, look.now)
            rows = households_rows.household_rows(look.conn, tended)
            look.done(Detail("households.count", n=len(rows)))
        return rows

    def household(self, asker: Asker, household_id: UUID) -> HouseholdRow | None:
        """One household in the asker's areas."""
        this = On("household", household_id)
        with self._acting.reading(asker, "household.open", this) as look:
            row = _mine(look, household_id)
            look.answer(row)
        return row

    def register(self, asker: Asker, new: NewHousehold) -> tuple[UUID, str] | None:
        """Store a household; returns its id, and the token of its own link, which is known only
        now.

        None without the right; raises HouseholdError for a missing entry.
        """
        with self._acting.changing(asker, "household.register") as change:
            mine = _areas_of(change)
            if not mine:
                change.refuse()
                return None
            if new.area_id not in mine:
                raise HouseholdError(HouseholdFault.AREA)
            if (fault := fault_of_household(new)) is not None:
                raise HouseholdError(fault)
            household_id, (token, token_hash) = new_id(change.now), households_rows.new_token()
            who = Reporter(text(new.name, NAME_CHARS), text(new.contact, CONTACT_CHARS))
            change.conn.execute(
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
                    **columns("consented", change.now),
                )
            )
            agreed = Detail("household.agreed", name=new.consent_version, language=new.language)
            change.done(agreed, On("household", household_id))
        return household_id, token

    def renew_link(self, asker: Asker, household_id: UUID) -> str | None:
        """Make a new link for the household; the old one is no longer valid."""
        token, token_hash = households_rows.new_token()
        this = On("household", household_id)
        with self._acting.changing(asker, "household.link", this) as change:
            row = _mine(change, household_id)
            if row is None or row.withdrawn_utc_us is not None:
                change.refuse()
                return None
            new = update(households).where(households.c.id == household_id)
            change.conn.execute(new.values(token_hash=token_hash))
            change.done()
        return token

    def withdraw(self, asker: Asker, household_id: UUID) -> bool:
        """Withdraw at the household's wish; False if it is withdrawn already."""
        this = On("household", household_id)
        with self._acting.changing(asker, "household.withdraw", this) as change:
            is_done = _mine(change, household_id) is not None and households_rows.withdraw(
                change.conn, household_id, by=change.by, now=change.now
            )
            if not is_done:
                change.refuse()
        return is_done

    def contact(self, asker: Asker, household_id: UUID, *, reason: str) -> Reporter | None:
        """Name and contact; the access and its reason are in the log.

        Raises UnsealError if the hub's key is not the key that sealed them.
        """
        this = On("household", household_id)
        with self._acting.reading(asker, "household.contact", this) as look:
            is_theirs = _mine(look, household_id) is not None and bool(reason.strip())
            query = select(households.c.sealed).where(households.c.id == household_id)
            sealed = look.conn.scalar(query) if is_theirs else None
            look.answer(sealed, plain(reason))
        return self._box.unseal_reporter(sealed, tip_id=household_id) if sealed else None


def _mine(look: Reading, household_id: UUID) -> HouseholdRow | None:
    tended = households_rows.tended(look.asker.person_id, look.now)
    this = households.c.id == household_id
    return next(iter(households_rows.household_rows(look.conn, this, tended)), None)


def _areas_of(look: Reading) -> list[UUID]:
    person_id, now = look.asker.person_id, look.now
    mine = or_(
        areas.c.id.in_(areas_with(person_id, Right.MANAGE, now)),
        areas.c.id.in_(areas_with(person_id, Right.EXPORT, now)),
    )
    return list(look.conn.scalars(select(areas.c.id).where(mine)))
