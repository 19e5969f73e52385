"""A closed account: no way in, no grant, no phone, no duty; on both databases."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.access.account_errors import AccountError, AccountFault
from hub.access.account_state import CLOSED, OPEN, REOPENED
from hub.access.grants import rows as grants_rows
from hub.access.grants.faults import GrantError
from hub.access.grants.service import GrantService
from hub.access.rules.grants import Grant, Right
from hub.access.rules.roles import Role
from hub.access.signin.views import SignedIn
from hub.access.tables import grants, people
from hub.alerting.notifications import leasing
from hub.alerting.oncall.rows import NewShift, ShiftDate, Swap
from hub.alerting.oncall.rules.rosters import dated_gaps, people_on_call, weekly_gaps
from hub.alerting.oncall.service import OnCallService
from hub.base.audit.acting import Acting
from hub.base.audit.asker import Asker
from hub.base.audit.log import By
from hub.base.db.database import Database
from hub.console.accounts import closing
from hub.console.accounts.service import AccountService
from hub.nodes.enrolment import rows as enrolment_rows
from hub.nodes.enrolment.rows import Redeemed, TokenRefused
from hub.nodes.pki.authority import Authority
from hub.nodes.pki.signing import Signing
from hub.notify.phones.service import PhoneService
from hub.notify.tables import notifications, phones
from tests.hub.helpers.console.closed_account import passed_on, sees, state
from tests.hub.rigs.closing import AT_THE_OFFICE, SHELL, WHERE, Office, at_the_same_moment
from tests.hub.rigs.enrolling_rig import Box


@pytest.fixture
def office(db: Database, tmp_path: Path) -> Office:
    return Office.on(db, tmp_path)


WAYS = (
    "session",
    "password",
    "passkey",
    "provider",
    "invitation",
    "invitation by passkey",
    "invitation by provider",
)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_lets_in_while_the_account_is_open(office: Office, way: str) -> None:
    assert office.ways()[way]()


def test_no_way_lets_in_once_the_account_is_closed_whatever_the_clock_says(office: Office) -> None:
    office.streets.clock.pass_s(2 * 86_400)
    ways = office.ways()
    assert tuple(ways) == WAYS
    office.close(office.an)
    assert [way for way in WAYS if ways[way]()] == []
    office.streets.clock.pass_s(-86_400)
    assert [way for way in WAYS if ways[way]()] == []
    office.reopen(office.an)
    assert [way for way in WAYS if ways[way]()] == []


def test_only_a_new_password_or_passkey_opens_it_again_and_grants_stay_ended(
    office: Office,
) -> None:
    office.close(office.an)
    token = office.reopen(office.an)
    assert state(office, office.an) == REOPENED
    invited = office.accounts.invited.read(token, came_from=WHERE)
    assert invited is not None and not invited.is_by_provider
    assert office.accounts.identities.accept(token, AT_THE_OFFICE, came_from=WHERE) is None
    assert state(office, office.an) == REOPENED
    signed = office.accounts.invited.accept(token, password="a new password", came_from=WHERE)
    assert isinstance(signed, SignedIn)
    assert state(office, office.an) == OPEN
    assert sees(office, office.an) == 0
    session = office.accounts.session_by_token(signed.token, came_from=WHERE)
    assert session is not None
    assert office.accounts.identities.link(session, AT_THE_OFFICE)


def test_what_a_request_under_way_still_added_counts_no_more_after_reopening(
    office: Office,
) -> None:
    session = office.session(office.an)
    office.close(office.an)
    assert office.accounts.identities.link(session, AT_THE_OFFICE)  # it began a moment before
    office.reopen(office.an)
    with office.streets.db.writing() as conn:
        this = people.c.id == office.an.person_id
        conn.execute(update(people).where(this).values(state=OPEN))
    assert office.accounts.identities.sign_in(AT_THE_OFFICE, came_from=WHERE) is None


def test_each_act_is_one_line_of_the_log_with_its_reason(office: Office) -> None:
    assert office.people.close_account(office.kim, office.an.person_id, " nghỉ việc ")
    office.reopen(office.an)
    kim, an = office.kim.person_id, office.an.person_id
    assert office.lines("person.disable") == [(kim, an, "nghỉ việc")]
    assert office.lines("person.reopen") == [(kim, an, "trở lại")]


def test_links_that_the_person_made_for_others_hold_no_more(office: Office) -> None:
    token = office.invite("moi", office.lan)
    office.close(office.lan)
    assert office.accounts.invited.read(token, came_from=WHERE) is None


def test_enrolment_codes_that_the_person_made_for_camera_boxes_hold_no_more(
    office: Office, tmp_path: Path
) -> None:
    now = office.streets.clock.now()
    area_id = office.streets.junction
    with office.streets.db.writing() as conn:
        codes = [
            enrolment_rows.make(
                conn, node=node, area_id=area_id, cameras=[], by=By(one.person_id), now=now
            )
            for node, one in (("hop-1", office.lan), ("hop-2", office.kim))
        ]
    office.close(office.lan)
    signs = Signing(Authority.create(tmp_path / "ca", datetime.now(UTC)))
    with office.streets.db.writing() as conn:
        answers = [
            enrolment_rows.redeem(
                conn, token.hex(), Box().request, signs=signs, came_from=WHERE, now=now
            )
            for _, token in codes
        ]
    assert answers[0] == TokenRefused("withdrawn")
    assert isinstance(answers[1], Redeemed)


def test_a_keeper_who_was_closed_a_moment_ago_invites_nobody_and_decides_nothing(
    office: Office,
) -> None:
    """Their request had passed the sign-in before."""
    office.close(office.lan)
    accounts, an = office.people, office.an.person_id
    with pytest.raises(AssertionError):
        office.invite("moi", office.lan)
    assert not accounts.close_account(office.lan, an, "nghỉ")
    assert not office.streets.services.use(GrantService).set_role(office.lan, an, "keeper")
    assert accounts.account(office.lan, an) is None


def test_grants_and_those_passed_on_end_and_no_clock_revives_them(office: Office) -> None:
    other = passed_on(office, "tam")
    assert (sees(office, office.an), sees(office, other)) == (2, 1)
    office.streets.clock.pass_s(3600)
    office.close(office.an)
    assert (sees(office, office.an), sees(office, other)) == (0, 0)
    office.streets.clock.pass_s(-1800)
    assert (sees(office, office.an), sees(office, other)) == (0, 0)
    token = office.reopen(office.an)
    office.accounts.invited.accept(token, password="a new password", came_from=WHERE)
    assert (sees(office, office.an), sees(office, other)) == (0, 0)
    with office.streets.db.reading() as conn:
        theirs = grants.c.person_id.in_([office.an.person_id, other.person_id])
        ended = conn.scalars(select(grants.c.is_ended).where(theirs, grants.c.rights != 0)).all()
    assert ended == [True, True]


def test_nothing_is_granted_to_a_closed_account_and_no_phone_is_added(office: Office) -> None:
    office.close(office.an)
    now = office.streets.clock.now()
    grant = Grant(office.streets.commune, None, Right.SEE, now.utc_us)
    with pytest.raises(GrantError), office.streets.db.writing() as conn:
        grants_rows.add_grant(conn, person_id=office.an.person_id, grant=grant, reason="x", now=now)
    with pytest.raises(AccountError, match="closed"):
        office.streets.services.use(PhoneService).add_phone(
            office.an, channel="webpush", address="https://push.example/n", secrets="{}", label=""
        )
    with pytest.raises(AccountError, match="officer reopen"):
        office.invite("an", office.kim)


def test_phones_retire_and_a_queued_notification_is_never_sent(office: Office) -> None:
    office.streets.clock.pass_s(7200)
    office.streets.file(office.streets.node.opened())
    an = office.an.person_id
    office.close(office.an)
    office.streets.clock.pass_s(-3600)
    with office.streets.db.writing() as conn:
        now = office.streets.clock.now()
        claimed = leasing.claim(conn, worker="w", now=now, lease_s=30, limit=50)
        gone = conn.scalars(select(phones.c.gone_reason).where(phones.c.person_id == an)).all()
        told = conn.execute(select(notifications).where(notifications.c.person_id == an)).all()
    assert {one.phone.address for one in claimed} == {
        "https://push.example/kim",
        "https://push.example/lan",
    }
    assert gone == ["its owner's account was closed"]
    assert [(row.state, row.reason) for row in told] == [("dropped", "phone gone")]


def test_a_notification_that_is_being_sent_while_the_account_closes_is_not_tried_again(
    office: Office,
) -> None:
    office.streets.file(office.streets.node.opened())
    clock = office.streets.clock
    with office.streets.db.writing() as conn:
        leasing.claim(conn, worker="w", now=clock.now(), lease_s=30, limit=50)
    office.close(office.an)
    clock.pass_s(31)  # its worker died
    with office.streets.db.writing() as conn:
        again = leasing.claim(conn, worker="v", now=clock.now(), lease_s=30, limit=50)
    assert "https://push.example/an" not in {one.phone.address for one in again}


def test_they_leave_every_roster_and_its_keeper_sees_the_gap(office: Office) -> None:
    an = office.an.person_id
    binh = office.streets.officer("binh").person_id
    on_call = office.streets.services.use(OnCallService)
    team = on_call.add_team(office.kim, office.streets.commune, name="Đội 1", time_zone="UTC")
    assert team is not None
    on_call.change_team(office.kim, team, name="Đội 1", members=[an, binh])
    on_call.put_shift(
        office.kim, team, NewShift("Ngày", 360, 1080, {0: (an,), 1: (an, binh)}), None
    )
    shift_id = on_call.team(office.kim, team).team.roster.shifts[0].shift_id
    holiday, later = ShiftDate(shift_id, date(2199, 1, 1)), ShiftDate(shift_id, date(2199, 1, 7))
    on_call.put_exception(office.kim, team, holiday, crew=(an,), reason="Tết")
    on_call.swap(office.kim, team, later, Swap(an, binh, None, "nghỉ phép"))
    before = on_call.team(office.kim, team)
    page = office.people.account(office.kim, an)
    office.close(office.an)
    after = on_call.team(office.kim, team)
    assert before is not None and after is not None and page is not None
    assert page.teams == ("Đội 1",)
    assert after.team.members == (binh,)
    roster = after.team.roster
    assert roster.shifts[0].weekly == {1: (binh,)}
    assert people_on_call(roster, datetime.fromisoformat("2199-01-01 12:00")) == ()
    assert roster.stand_ins == ()
    free = [(one.starts.weekday(), one.ends.weekday()) for one in weekly_gaps(roster)]
    assert free == [(1, 1)], "from Tuesday evening over all the week to Tuesday morning"


def test_a_date_of_a_swap_with_them_is_covered_by_the_other_or_a_gap(office: Office) -> None:
    an = office.an.person_id
    binh, chi = (office.streets.officer(login).person_id for login in ("binh", "chi"))
    on_call = office.streets.services.use(OnCallService)
    team = on_call.add_team(office.kim, office.streets.commune, name="Đội 1", time_zone="UTC")
    assert team is not None
    on_call.put_shift(office.kim, team, NewShift("Ngày", 0, 0, {0: (an,), 1: (binh,)}), None)
    shift_id = on_call.team(office.kim, team).team.roster.shifts[0].shift_id
    monday, tuesday = date(2199, 1, 7), date(2199, 1, 8)
    on_call.swap(office.kim, team, ShiftDate(shift_id, monday), Swap(an, chi, None, "nghỉ phép"))
    on_call.swap(office.kim, team, ShiftDate(shift_id, tuesday), Swap(binh, an, None, "đi học"))
    office.close(office.an)
    after = on_call.team(office.kim, team)
    assert after is not None
    roster = after.team.roster
    assert people_on_call(roster, datetime.fromisoformat("2199-01-07 12:00")) == (chi,)
    assert people_on_call(roster, datetime.fromisoformat("2199-01-08 12:00")) == ()
    assert people_on_call(roster, datetime.fromisoformat("2199-01-15 12:00")) == (binh,)
    [gap] = dated_gaps(roster, tuesday, 1)
    assert (gap.starts.date(), gap.ends.date()) == (tuesday, date(2199, 1, 9))
    assert after.reasons[shift_id, "2199-01-08"] == "đi học"


def test_the_last_account_that_may_manage_cannot_be_closed(office: Office) -> None:
    office.close(office.lan)
    with pytest.raises(AccountError) as refused:
        office.close(office.kim)
    assert refused.value.fault is AccountFault.LAST
    assert (state(office, office.kim), state(office, office.lan)) == (OPEN, CLOSED)
    assert sees(office, office.kim) == 2
    assert isinstance(office.accounts.sign_in("kim", "password of kim", came_from=WHERE), SignedIn)


def test_a_keeper_who_cannot_sign_in_yet_is_no_other_manager(office: Office) -> None:
    office.close(office.lan)
    office.reopen(office.lan)
    with office.streets.db.writing() as conn:
        now = office.streets.clock.now()
        grant = Grant(office.streets.commune, None, Right(255), now.utc_us)
        grants_rows.add_grant(
            conn, person_id=office.lan.person_id, grant=grant, reason="x", now=now
        )
    with pytest.raises(AccountError, match="last account"):
        office.close(office.kim)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.TECHNICIAN])
def test_the_last_who_looks_after_the_cameras_cannot_be_closed_either(
    office: Office, role: str
) -> None:
    """A keeper without any grant cannot give one."""
    technician = office.streets.officer("ky-thuat", rights=Right.MANAGE)
    with office.streets.db.writing() as conn:
        now = office.streets.clock.now()
        grants_rows.set_role(conn, technician.person_id, role, by=SHELL, now=now)
        for keeper in (office.kim, office.lan):
            grants_rows.end_of_person(conn, keeper.person_id, by=SHELL, now=now)
    with pytest.raises(AccountError, match="last account"):
        office.close(technician)
    office.close(office.lan)


@pytest.fixture
def other_program(office: Office, database_url: str) -> Iterator[Database]:
    """The same town in a second program: it shares no lock with the first."""
    db = Database(database_url)
    yield db
    db.close()


@pytest.mark.parametrize("is_one_program", [True, False])
def test_of_two_managers_who_close_each_other_at_once_one_stays(
    office: Office, other_program: Database, is_one_program: bool
) -> None:
    first = office.people
    clock, change_signal = office.streets.clock, office.streets.change_signal
    acting = Acting(other_program, clock=clock, change_signal=change_signal)
    other = AccountService(acting, db=other_program, change_signal=change_signal)
    second = first if is_one_program else other
    kim, lan = office.kim, office.lan
    done = at_the_same_moment(
        lambda: first.close_account(kim, lan.person_id, "nghỉ"),
        lambda: second.close_account(lan, kim.person_id, "nghỉ"),
    )
    assert sorted(done) == [False, True]
    assert sorted([state(office, kim), state(office, lan)]) == [CLOSED, OPEN]
    assert len(office.lines("person.disable")) == 1


def test_of_two_shells_that_close_the_last_two_managers_at_once_one_is_refused(
    office: Office, other_program: Database
) -> None:
    def close(db: Database, who: Asker) -> str:
        now = office.streets.clock.now()
        try:
            with db.writing() as conn:
                closing.close(conn, who.person_id, reason="nghỉ", by=SHELL, now=now)
        except AccountError as error:
            return error.fault.value
        return "closed"

    done = at_the_same_moment(
        lambda: close(office.streets.db, office.kim),
        lambda: close(other_program, office.lan),
    )
    assert sorted(done) == ["closed", "last"]
    assert sorted([state(office, office.kim), state(office, office.lan)]) == [CLOSED, OPEN]


@pytest.mark.parametrize(
    ("reason", "whom", "fault"),
    [
        ("  ", "an", AccountFault.REASON),
        ("nghỉ", "kim", AccountFault.SELF),
        ("nghỉ", "lan", AccountFault.CLOSED),
        ("nghỉ", "nobody", AccountFault.NOBODY),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    office: Office, reason: str, whom: str, fault: AccountFault
) -> None:
    office.close(office.lan)
    ids = {"an": office.an, "kim": office.kim, "lan": office.lan}
    person_id = ids[whom].person_id if whom in ids else UUID(int=7)
    before = office.lines("person.disable")
    with pytest.raises(AccountError) as refused:
        office.people.close_account(office.kim, person_id, reason)
    assert refused.value.fault is fault
    assert office.lines("person.disable") == before
    assert state(office, office.an) == OPEN


def test_an_account_that_is_open_is_not_reopened(office: Office) -> None:
    with pytest.raises(AccountError) as refused:
        office.reopen(office.an)
    assert refused.value.fault is AccountFault.NOT_CLOSED
