"""Ended grants: their person reads what ended, when, and whom to ask."""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.grants import rows
from hub.access.grants.service import GrantService
from hub.access.grants.views import EndedRow
from hub.access.rules.ended import TOLD_FOR_S, EndedGrant, HeldGrant, HowEnded, ended
from hub.access.rules.grants import ALL, Grant, Right
from hub.base.audit.asker import Asker
from hub.base.audit.log import SHELL
from hub.console.accounts import closing
from hub.places.areas import rows as area_rows
from tests.hub.rigs.streets import Streets
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

DAY_US: Final = 86_400_000_000
NOW: Final = 1_000 * DAY_US
TOWN, MARKET, BRIDGE = (UUID(int=number) for number in (1, 2, 3))
PARENTS: Final = {TOWN: None, MARKET: TOWN, BRIDGE: TOWN}
CAMERA: Final = UUID(int=9)
HOMES: Final = {CAMERA: MARKET}
WATCH: Final = Right.SEE | Right.ALERTED


def held(
    ends_ago: float | None,
    *,
    area: UUID | None = MARKET,
    camera: UUID | None = None,
    rights: Right = WATCH,
    **more: Any,
) -> HeldGrant:
    """A grant since a hundred days; `ends_ago` days before now, None: without an end."""
    ends = None if ends_ago is None else NOW - round(ends_ago * DAY_US)
    grant = Grant(None if camera else area, camera, rights, NOW - 100 * DAY_US, ends)
    return HeldGrant(grant, **{"is_revoked": False, "granted_by": None, **more})


def found(*grants: HeldGrant, fence: Right = ALL) -> list[EndedGrant]:
    return list(ended(grants, PARENTS, HOMES, now_utc_us=NOW, fence=fence))


def test_a_grant_that_ran_out_is_told_for_thirty_days() -> None:
    (one,) = found(held(1))
    assert (one.rights, one.how, one.ended_utc_us) == (WATCH, HowEnded.TIME, NOW - DAY_US)
    assert found(held(29.9)) != []
    assert found(held(30.1)) == []
    assert found(held(-1)) == []
    assert found(held(None)) == []


def test_how_it_ended_is_told() -> None:
    assert found(held(1, is_revoked=True))[0].how is HowEnded.REVOKED
    assert found(held(1, is_revoked=True, is_source_over=True))[0].how is HowEnded.WITH_SOURCE


def test_a_revoked_grant_is_told_though_the_clock_was_set_back() -> None:
    assert found(held(-0.1, is_revoked=True)) != []


def test_a_grant_that_never_counted_is_no_loss() -> None:
    future = held(1)
    grant = replace(future.grant, starts_utc_us=NOW)
    assert found(replace(future, grant=grant, is_revoked=True)) == []


def test_a_new_grant_that_covers_it_ends_the_notice() -> None:
    assert found(held(1), held(None)) == []
    assert found(held(1), held(None, area=TOWN)) == []
    assert found(held(1, camera=CAMERA), held(None)) == []
    assert len(found(held(1), held(None, area=BRIDGE))) == 1
    assert len(found(held(1), held(None, camera=CAMERA))) == 1
    assert len(found(held(1), held(None, is_revoked=True))) == 1


def test_what_a_narrower_grant_does_not_give_again_is_told() -> None:
    (one,) = found(held(1, rights=WATCH | Right.CLIPS), held(None, rights=WATCH))
    assert one.rights is Right.CLIPS


def test_of_two_losses_of_one_right_the_later_is_told() -> None:
    (one,) = found(held(9), held(2))
    assert one.ended_utc_us == NOW - 2 * DAY_US
    (one,) = found(held(9, camera=CAMERA), held(2, area=TOWN))
    assert one.grant.area_id == TOWN


def test_parts_of_one_delegation_are_told_together() -> None:
    giver = UUID(int=77)
    parts = [held(1, rights=one, granted_by=giver) for one in (Right.SEE, Right.ALERTED)]
    (one,) = found(*parts)
    assert one.rights == WATCH


def test_a_right_that_the_role_never_had_is_no_loss() -> None:
    assert found(held(1, rights=Right.EXPORT), fence=WATCH) == []


GRANTS: Final = st.builds(
    held,
    st.none() | st.floats(-40, 40),
    area=st.sampled_from([TOWN, MARKET, BRIDGE]),
    camera=st.none() | st.just(CAMERA),
    rights=st.integers(1, 255).map(Right),
    is_revoked=st.booleans(),
)


@given(st.lists(GRANTS, max_size=6))
def test_what_is_told_was_theirs_lately_and_is_not_now(grants: list[HeldGrant]) -> None:
    told = found(*grants)
    living = [
        one.grant
        for one in grants
        if not one.is_revoked and (one.grant.ends_utc_us or NOW + 1) > NOW
    ]
    for one in told:
        assert one.rights
        assert one.ended_utc_us > NOW - TOLD_FOR_S * 1e6
        assert any(one.grant == other.grant or one.rights & other.grant.rights for other in grants)
        for other in living:
            same = (other.area_id, other.camera_id) == (one.grant.area_id, one.grant.camera_id)
            assert not (same and other.rights & one.rights)
    assert [one.ended_utc_us for one in told] == sorted(
        (one.ended_utc_us for one in told), reverse=True
    )


# --- on a database, with a clock that a test moves ------------------------------------------------


def told(streets: Streets, who: Asker) -> tuple[EndedRow, ...]:
    return streets.services.use(GrantService).ended(who).rows


def lent(streets: Streets, giver: Asker, to: Asker, *, days: float) -> list[UUID]:
    """The giver lends what they have at the junction."""
    now = streets.clock.now()
    offer = Grant(streets.junction, None, WATCH, now.utc_us, now.plus_s(days * 86_400).utc_us)
    with streets.db.writing() as conn:
        return rows.give(
            conn,
            offer,
            giver_id=giver.person_id,
            person_id=to.person_id,
            reason="holiday",
            ends_with_mine=True,
            by=giver.by,
            now=now,
        )


def test_when_the_time_of_a_grant_is_over_its_person_reads_whom_to_ask(streets: Streets) -> None:
    kim = streets.officer("kim", rights=Right.MANAGE | WATCH)
    binh = streets.officer("binh", area=streets.bridge)
    lent(streets, kim, binh, days=7)
    assert told(streets, binh) == ()
    streets.clock.pass_s(7 * 86_400)
    (row,) = told(streets, binh)
    assert (row.place, row.rights, row.how) == ("Ngã tư chợ, Tân Khai", WATCH, HowEnded.TIME)
    assert row.ask == ("Anh kim",)
    assert told(streets, kim) == ()
    streets.clock.pass_s(TOLD_FOR_S)
    assert told(streets, binh) == ()


def test_a_delegation_that_ends_with_its_source_says_so(streets: Streets) -> None:
    streets.officer("quan", rights=ALL)
    kim = streets.officer("kim", rights=Right.MANAGE | WATCH, area=streets.junction)
    binh = streets.officer("binh", area=streets.bridge)
    lent(streets, kim, binh, days=7)
    streets.clock.pass_s(60)
    with streets.db.writing() as conn:
        rows.end_of_person(conn, kim.person_id, by=kim.by, now=streets.clock.now())
    (row,) = told(streets, binh)
    assert row.how is HowEnded.WITH_SOURCE
    assert row.ask == ("Anh quan",)  # the giver looks after nothing any more


def test_a_moved_border_that_ends_a_delegation_is_no_quiet_night(streets: Streets) -> None:
    streets.officer("quan", rights=ALL)
    kim = streets.officer("kim", rights=Right.MANAGE | WATCH, area=streets.bridge)
    an = streets.officer("an", area=streets.bridge, rights=Right.SEE)
    now = streets.clock.now()
    with streets.db.writing() as conn:
        school = area_rows.add(
            conn, area_rows.AreaWords("Cổng trường", "junction", streets.bridge), by=kim.by, now=now
        )
        offer = Grant(school, None, Right.ALERTED, now.utc_us, now.plus_s(86_400).utc_us)
        rows.give(
            conn,
            offer,
            giver_id=kim.person_id,
            person_id=an.person_id,
            reason="x",
            ends_with_mine=True,
            by=kim.by,
            now=now,
        )
        moved = area_rows.AreaWords("Cổng trường", "junction", streets.junction)
        assert area_rows.change(conn, school, moved, by=kim.by, now=now.plus_s(5)).ended_grants == 1
    streets.clock.pass_s(10)
    (row,) = told(streets, an)
    assert row.how is HowEnded.REVOKED
    assert row.ask == ("Anh quan",)


def test_a_new_grant_ends_the_notice_and_a_closed_account_is_told_all_after_it_opens(
    streets: Streets,
) -> None:
    an = streets.officer("an")
    streets.clock.pass_s(60)
    with streets.db.writing() as conn:
        closing.close(conn, an.person_id, reason="left", by=SHELL, now=streets.clock.now())
    streets.clock.pass_s(60)
    (row,) = told(streets, an)
    assert (row.how, row.ask) == (HowEnded.REVOKED, ())
    assert not streets.services.use(GrantService).ended(an).watches
    with streets.db.writing() as conn:
        now = streets.clock.now()
        closing.reopen(conn, an.person_id, reason="back", by=SHELL, now=now)
        again = Grant(streets.commune, None, ALL, now.utc_us)
        rows.add_grant(conn, person_id=an.person_id, grant=again, reason="back", now=now)
    assert told(streets, an) == ()
    assert streets.services.use(GrantService).ended(an).watches


# --- on the page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/list"])
def test_the_list_says_what_ended_and_whom_to_ask_to_its_person_alone(
    town: Town, path: str
) -> None:
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    assert "Bạn không còn nhận được" not in text_of(an.get(path))
    with town.db.writing() as conn:
        grant_id = town.grants["an"]
        assert grant_id is not None
        rows.end_grant(conn, grant_id, now=town.clock.now())
    words = text_of(an.get(path))
    assert "Bạn không còn nhận được cảnh báo ở Ngã tư Chợ Cũ, Tân Khai." in words
    assert "nhận cảnh báo, xem cảnh báo và ảnh, xem đoạn ghi hình" in words
    assert "Nếu vẫn cần, hãy hỏi Phạm Kim." in words
    assert "Hiện bạn không được giao theo dõi nơi nào" in words
    assert "Không có cảnh báo nào đang mở" not in words
    for other in ("binh", "kim", "guest"):
        page = Visitor(town.app()).sign_in(other, PASSWORD).get(path)
        assert "is-ended" not in page.text
        assert not any(said in page.text for said in ("không còn nhận", "reach you no longer"))
    town.allow("an", Right.SEE | Right.CLIPS | Right.ALERTED)
    words = text_of(an.get(path))
    assert "không còn nhận" not in words and "Không có cảnh báo nào đang mở" in words


def test_it_is_said_in_english_too(town: Town) -> None:
    person_id = town.add_person("joe", "Joe", "officer", Right.SEE, language="en")
    joe = Visitor(town.app()).sign_in("joe", PASSWORD)
    with town.db.writing() as conn:
        rows.end_of_person(conn, person_id, by=SHELL, now=town.clock.now())
    words = text_of(joe.get("/"))
    assert "Alerts from Ngã tư Chợ Cũ, Tân Khai reach you no longer." in words
    assert "If you still need them, ask Phạm Kim." in words
