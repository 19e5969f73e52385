"""Alert rules through service and filing: who owns them, whom an alert calls, what a trial
shows."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from agent.wire.terms import RuleWords
from hub.access.rules.grants import Right
from hub.alerting.alerts.tables import alerts
from hub.alerting.notifications import leasing
from hub.alerting.oncall.faults import OnCallError
from hub.alerting.oncall.rules.escalation import EscalationPlan, EscalationStep, StepRecipients
from hub.alerting.oncall.service import OnCallService
from hub.alerting.oncall.tables import team_people
from hub.alerting.response import calls
from hub.alerting.routing.rows import on_wall
from hub.alerting.routing.rules import RuleFault, RuleRecipients, Window
from hub.alerting.routing.service import AlertRuleService, RuleError
from hub.alerting.routing.views import NewAlertRule
from hub.base.audit.asker import Asker
from hub.base.db.database import Database
from hub.console.service import InboxService
from hub.nodes.spool.tables import events
from hub.notify.tables import notifications
from tests.hub.rigs.streets import EVERYTHING, Streets

pytestmark = pytest.mark.promise(
    "Rules and duty: Alert rules apply by area, camera, zone, kind and time."
)

ZONE = "Asia/Ho_Chi_Minh"


@dataclass
class Office:
    """A keeper of the commune who sees too, two officers, and a team of the first of them."""

    streets: Streets
    keeper: Asker
    an: UUID
    binh: UUID
    team: UUID

    def new(self, **changed: Any) -> NewAlertRule:
        rule = NewAlertRule(
            self.streets.commune, None, None, None, Window(), "team", self.team, 60, "as_is", "thử"
        )
        return replace(rule, **changed)

    def add(self, **changed: Any) -> UUID:
        rule_id = self.streets.services.use(AlertRuleService).add_alert_rule(
            self.keeper, self.new(**changed), time_zone=ZONE
        )
        assert rule_id is not None
        return rule_id

    def told(self) -> dict[UUID, list[str]]:
        """Person → the moments that their phone is owed."""
        found: dict[UUID, list[str]] = {}
        for row in self.streets.rows(notifications):
            found.setdefault(row.person_id, []).append(row.moment)
        return found


@pytest.fixture
def office(db: Database, tmp_path: Path) -> Office:
    streets = Streets(db, tmp_path)
    keeper = streets.officer("kim", rights=Right.MANAGE | Right.SEE)
    an, binh = (streets.officer(login).person_id for login in ("an", "binh"))
    on_call = streets.services.use(OnCallService)
    team = on_call.add_team(keeper, streets.commune, name="Đội 1", time_zone=ZONE)
    assert team is not None
    assert on_call.change_team(keeper, team, name="Đội 1", members=[an])
    return Office(streets, keeper, an, binh, team)


def met(*rules: str) -> tuple[RuleWords, ...]:
    return tuple(RuleWords(rule=one, place="gate") for one in rules)


def test_without_a_rule_everybody_is_told(office: Office) -> None:
    office.streets.file(office.streets.node.opened())
    assert set(office.told()) == {office.an, office.binh}


def test_a_rule_calls_its_team_and_when_nobody_answers_everybody(office: Office) -> None:
    rule_id = office.add(wait_s=30)
    streets = office.streets
    (filed,) = streets.file(streets.node.opened())
    assert set(office.told()) == {office.an}
    assert streets.rows(alerts)[0].rule_id == rule_id
    assert filed.alert_id is not None
    row = streets.services.use(InboxService).row(office.keeper, filed.alert_id)
    assert row is not None and row.next_call is not None
    assert row.next_call.who == ""  # everybody
    streets.clock.pass_s(30)
    with streets.db.writing() as conn:
        assert calls.due(conn, now=streets.clock.now()) == [filed.alert_id]
        calls.call_next(conn, filed.alert_id, now=streets.clock.now())
    assert set(office.told()) == {office.an, office.binh}


def test_a_rules_team_comes_before_the_plan_and_an_empty_team_costs_no_time(office: Office) -> None:
    streets = office.streets
    on_call = office.streets.services.use(OnCallService)
    desk = on_call.add_team(office.keeper, streets.commune, name="Trực ban", time_zone=ZONE)
    assert desk is not None
    assert on_call.change_team(office.keeper, desk, name="Trực ban", members=[office.binh])
    assert on_call.put_plan(
        office.keeper,
        streets.commune,
        EscalationPlan((EscalationStep(StepRecipients.TEAM, 60, desk),)),
    )
    office.add()
    streets.file(streets.node.opened())
    assert set(office.told()) == {office.an}
    assert on_call.change_team(office.keeper, office.team, name="Đội 1", members=[])
    streets.clock.pass_s(120)
    streets.file(streets.node.opened())
    assert set(office.told()) == {office.an, office.binh}


def test_what_a_rule_keeps_quiet_is_in_the_inbox_and_rings_nobody(office: Office) -> None:
    office.add(tells="nobody", team_id=None, kind="person")
    streets = office.streets
    (filed,) = streets.file(streets.node.opened())
    assert office.told() == {}
    assert streets.rows(events)[-1].fate == "silenced"
    assert [
        row.alert_id for row in streets.services.use(InboxService).inbox(office.keeper).open
    ] == [filed.alert_id]


def test_what_was_quiet_rings_when_its_people_do_what_no_rule_keeps_quiet(office: Office) -> None:
    office.add(tells="nobody", team_id=None, kind="person")
    streets, sighting_id = office.streets, uuid4()
    streets.file(streets.node.opened(sighting_id))
    assert office.told() == {}
    streets.file(streets.node.updated(sighting_id, rules=met("loitering")))
    assert office.told() == {office.an: ["raised"], office.binh: ["raised"]}
    assert streets.rows(alerts)[0].severity == "critical"


def test_what_was_quiet_rings_when_the_hours_of_its_rule_are_over(office: Office) -> None:
    streets = office.streets
    local = on_wall(ZONE, streets.clock.now())
    minute = local.hour * 60 + local.minute
    office.add(
        tells="nobody",
        team_id=None,
        window=Window(starts_minute=(minute - 60) % 1440, ends_minute=(minute + 1) % 1440),
    )
    streets.file(streets.node.opened())
    assert office.told() == {}
    streets.clock.pass_s(60 - local.second)
    streets.node.camera = "cam-1"
    streets.file(streets.node.opened())
    assert set(office.told()) == {office.an, office.binh}


def test_a_rule_makes_it_critical_or_never(office: Office) -> None:
    streets = office.streets
    office.add(tells="everybody", team_id=None, kind="person", urgency="critical")
    office.add(tells="everybody", team_id=None, kind="entry", urgency="usual")
    streets.file(streets.node.opened())
    streets.clock.pass_s(200)
    streets.file(streets.node.opened(rules=met("entry")))
    assert [row.severity for row in streets.rows(alerts)] == ["critical", None]


def test_a_louder_rule_that_is_met_later_tells_everybody_though_a_team_was_first(
    office: Office,
) -> None:
    office.add(kind="person")
    streets, sighting_id = office.streets, uuid4()
    streets.file(streets.node.opened(sighting_id))
    assert set(office.told()) == {office.an}
    streets.file(streets.node.updated(sighting_id, rules=met("after_hours")))
    assert office.told() == {office.an: ["opened", "raised"], office.binh: ["raised"]}


def test_a_rule_entitles_nobody(office: Office) -> None:
    stranger = office.streets.officer("la", area=office.streets.bridge).person_id
    with office.streets.db.writing() as conn:
        conn.execute(team_people.delete())
        conn.execute(team_people.insert().values(team_id=office.team, person_id=stranger))
    office.add()
    office.streets.file(office.streets.node.opened())
    assert set(office.told()) == {office.an, office.binh}  # its team may not know: all others do


def test_a_keeper_of_the_bridge_neither_tries_nor_adds_nor_ends_a_rule_of_the_commune(
    office: Office,
) -> None:
    streets = office.streets
    lan = streets.officer("lan", area=streets.bridge, rights=Right.MANAGE | Right.SEE)
    officer = streets.officer("dung", rights=EVERYTHING)
    rule_id = office.add()
    rules = streets.services.use(AlertRuleService)
    for asker in (lan, officer):
        quiet = office.new(tells="nobody", team_id=None)
        assert rules.try_alert_rule(asker, quiet, time_zone=ZONE) is None
        assert rules.add_alert_rule(asker, quiet, time_zone=ZONE) is None
        assert not rules.end_alert_rule(asker, rule_id)
    assert [row.may_end for row in rules.alert_rules(lan).rules] == [False]
    assert rules.alert_rules(officer).rules == ()
    with pytest.raises(RuleError) as refused:
        rules.add_alert_rule(
            lan, office.new(area_id=streets.bridge), time_zone=ZONE
        )  # a team that is not hers
    assert refused.value.fault is RuleFault.TEAM
    assert rules.end_alert_rule(office.keeper, rule_id)
    assert not rules.end_alert_rule(office.keeper, rule_id)
    assert streets.acts().count("rule.end.refused") == 3


def test_a_rule_needs_a_reason_and_a_team_that_a_rule_calls_cannot_end(office: Office) -> None:
    with pytest.raises(OnCallError):
        office.add(reason=" ")
    office.add()
    with pytest.raises(OnCallError):
        office.streets.services.use(OnCallService).end_team(office.keeper, office.team)


@pytest.mark.promise("Rules and duty: A rule can be tried on past alerts.")
def test_a_trial_says_what_would_have_been_and_changes_nothing(office: Office) -> None:
    streets = office.streets
    for rules in ((), ("loitering",)):
        streets.file(streets.node.opened(rules=met(*rules)))
        streets.clock.pass_s(200)
    streets.file(streets.other.opened())
    quiet = office.new(tells="nobody", team_id=None, kind="person")
    service = streets.services.use(AlertRuleService)
    found = service.try_alert_rule(office.keeper, quiet, time_zone=ZONE)
    assert found is not None
    assert (found.alerts, len(found.changed), found.quiet) == (3, 2, 2)
    assert {one.after.tells for one in found.changed} == {RuleRecipients.NOBODY}
    here = replace(quiet, area_id=streets.bridge)
    found = service.try_alert_rule(office.keeper, here, time_zone=ZONE)
    assert found is not None
    assert (found.alerts, len(found.changed)) == (1, 1)
    streets.clock.pass_s(8 * 86_400)
    found = service.try_alert_rule(office.keeper, quiet, time_zone=ZONE)
    assert found is not None and found.alerts == 0
    assert service.alert_rules(office.keeper).rules == ()


def test_a_trial_shows_no_alert_that_the_keeper_may_not_see(office: Office) -> None:
    streets = office.streets
    technician = streets.officer("ky", rights=Right.MANAGE)
    streets.file(streets.node.opened())
    quiet = office.new(tells="nobody", team_id=None)
    found = streets.services.use(AlertRuleService).try_alert_rule(technician, quiet, time_zone=ZONE)
    assert found is not None
    assert (found.alerts, found.changed) == (0, ())


def test_a_quiet_alert_is_claimed_by_no_worker(office: Office) -> None:
    office.add(tells="nobody", team_id=None)
    office.streets.file(office.streets.node.opened())
    now = office.streets.clock.now()
    with office.streets.db.writing() as conn:
        assert leasing.claim(conn, worker="w", now=now, lease_s=60, limit=9) == []
