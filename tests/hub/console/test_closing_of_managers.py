"""Refused closings: grants passed on by the last manager, and a log line for each."""

from pathlib import Path
from uuid import UUID

import pytest

from hub.access.account_errors import AccountError, AccountFault
from hub.access.grants import rows
from hub.access.rules.grants import ALL, Grant
from hub.base.db.database import Database
from tests.hub.helpers.console.closed_account import passed_on, sees, state
from tests.hub.rigs.closing import SHELL, Office

LAST = "This is the last account that may manage"


@pytest.fixture
def office(db: Database, tmp_path: Path) -> Office:
    return Office.on(db, tmp_path)


def give_lan_the_town_from_kim(office: Office) -> None:
    """Lan has the whole town only as long as Kim has it."""
    now = office.streets.clock.now()
    with office.streets.db.writing() as conn:
        rows.end_of_person(conn, office.lan.person_id, by=SHELL, now=now)
        rows.give(
            conn,
            Grant(office.streets.commune, None, ALL, 0, now.plus_s(86_400).utc_us),
            giver_id=office.kim.person_id,
            person_id=office.lan.person_id,
            reason="giúp",
            ends_with_mine=True,
            by=SHELL,
            now=now,
        )


def test_a_manager_whose_grants_end_with_the_closing_is_no_other_manager(office: Office) -> None:
    give_lan_the_town_from_kim(office)
    with pytest.raises(AccountError) as refused:
        office.close(office.kim)
    assert refused.value.fault is AccountFault.LAST
    assert (state(office, office.kim), state(office, office.lan)) == ("open", "open")
    assert (sees(office, office.kim), sees(office, office.lan)) == (2, 2)
    office.session(office.kim)


def test_a_refused_attempt_to_close_the_last_manager_stays_in_the_log(office: Office) -> None:
    give_lan_the_town_from_kim(office)
    kim, lan = office.kim.person_id, office.lan.person_id
    with pytest.raises(AccountError):
        office.people.close_account(office.lan, kim, "nghỉ việc")
    [(who, whom, why)] = office.lines("person.disable.refused")
    assert (who, whom) == (lan, kim)
    assert why.startswith(LAST)
    assert office.lines("person.disable") == []


def test_each_other_refusal_is_one_line_too(office: Office) -> None:
    accounts, kim, an = office.people, office.kim, office.an.person_id
    for whom, reason in ((an, " "), (kim.person_id, "nghỉ"), (UUID(int=7), "nghỉ")):
        with pytest.raises(AccountError):
            accounts.close_account(kim, whom, reason)
    with pytest.raises(AccountError):
        accounts.reopen_account(kim, an, "")
    refused = office.lines("person.disable.refused")
    assert [whom for _, whom, _ in refused] == [an, kim.person_id, UUID(int=7)]
    [(_, whom, why)] = office.lines("person.reopen.refused")
    assert (whom, why) == (an, "This account is not closed.")


def test_the_page_counts_the_grants_that_end_with_those_passed_on(office: Office) -> None:
    passed_on(office, "tam")
    page = office.people.account(office.kim, office.an.person_id)
    assert page is not None
    assert (len(page.grants), page.ending_grants) == (1, 2)
