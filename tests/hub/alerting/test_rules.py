"""Camera rules met at a node: what the hub does with them, once, in people's words."""

from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.terms import RuleWords
from hub.alerting.alerts import wording
from hub.alerting.alerts.rule_wording import rule_sentence
from hub.alerting.alerts.rules.grouping import Policy
from hub.alerting.alerts.rules.rules_met import (
    MOST,
    RuleMet,
    Rules,
    foremost,
    from_text,
    new_rules,
    to_text,
)
from hub.alerting.alerts.tables import alert_history, alerts, sightings
from hub.alerting.notifications import leasing, outcomes
from hub.alerting.notifications.send import why_not_needed
from hub.alerting.oncall import plan_rows
from hub.alerting.oncall.rules.escalation import EscalationPlan
from hub.alerting.response import calls
from hub.alerting.response.service import ResponseService
from hub.base.audit.log import By
from hub.base.db.database import Database
from hub.intake.filing.filing import Filing
from hub.nodes.spool.tables import events
from hub.notify.rules.delivery_result import Delivered
from hub.notify.tables import notifications
from hub.web.i18n import words
from tests.hub.rigs.alert_rows import alert_row
from tests.hub.rigs.notify_night import everybody
from tests.hub.rigs.streets import Streets

pytestmark = pytest.mark.promise(
    "Zones and rules: Loitering, crossed lines, entries, hours and groups raise events."
)

LINGERS = RuleWords(rule="loitering", place="san-sau", seconds=20)
CLIMBED = RuleWords(rule="crossing", place="hang-rao", towards="left")


@pytest.fixture
def streets(db: Database, tmp_path: Path) -> Streets:
    streets = Streets(db, tmp_path / "media")
    streets.officer("an")
    return streets


def moments(streets: Streets) -> list[str]:
    return [row.moment for row in streets.rows(notifications)]


def rules(streets: Streets) -> list[list[str]]:
    return [[met.rule for met in from_text(row.rules)] for row in streets.rows(alerts)]


def fates(streets: Streets) -> list[str]:
    return [row.fate for row in sorted(streets.rows(events), key=lambda row: row.seq)]


def test_a_rule_raises_the_alert_that_is_there_and_is_told_once(streets: Streets) -> None:
    person = uuid4()
    streets.file(streets.node.opened(person))
    streets.file(streets.node.updated(person, rules=(LINGERS,)))
    assert rules(streets) == [["loitering"]]
    assert moments(streets) == ["opened", "raised"]
    streets.file(streets.node.updated(person, rules=(CLIMBED,)))
    assert rules(streets) == [["loitering", "crossing"]]
    assert moments(streets) == ["opened", "raised"]
    assert [row.act for row in streets.rows(alert_history)].count("rules") == 2


def test_a_rule_that_the_keeper_does_not_call_critical_is_written_and_rings_nobody(
    db: Database, tmp_path: Path
) -> None:
    policy = Policy(critical_rules=frozenset({"crossing"}))
    streets = Streets(db, tmp_path / "media")
    streets.filing = Filing(policy)
    streets.officer("an")
    person = uuid4()
    streets.file(streets.node.opened(person), streets.node.updated(person, rules=(LINGERS,)))
    [alert] = streets.rows(alerts)
    assert (alert.rules is None, alert.severity) == (False, None)
    assert moments(streets) == ["opened"]
    streets.file(streets.node.updated(person, rules=(CLIMBED,)))
    [alert] = streets.rows(alerts)
    assert alert.severity == "critical"
    assert moments(streets) == ["opened", "raised"]


def test_an_alert_that_rang_nobody_because_its_spot_had_just_rung_rings_when_a_rule_is_met(
    streets: Streets,
) -> None:
    first, person = uuid4(), uuid4()
    streets.file(streets.node.opened(first))
    streets.clock.pass_s(1)
    streets.file(streets.node.closed(first))
    streets.clock.pass_s(25)
    streets.file(streets.node.opened(person))
    assert fates(streets)[-1] == "silenced"
    streets.file(streets.node.updated(person, rules=(LINGERS,)))
    assert moments(streets)[-1] == "raised"
    [_, alert] = streets.rows(alerts)
    assert (alert.severity, alert.quiet_reason) == ("critical", None)


def test_a_critical_rule_met_after_the_alert_was_closed_opens_it_and_rings(
    streets: Streets,
) -> None:
    binh, person = streets.officer("binh"), uuid4()
    plan = EscalationPlan((everybody(60), everybody(60)))
    with streets.db.writing() as conn:
        plan_rows.put_plan(conn, streets.commune, plan, by=By(), now=streets.clock.now())
    streets.file(streets.node.opened(person))
    [alert] = streets.rows(alerts)
    assert sent(streets) == ["opened", "opened"]
    responses = streets.services.use(ResponseService)
    for rule, moment in ((LINGERS, "raised"), (CLIMBED, "again")):
        streets.clock.pass_s(20)
        responses.act(binh, alert.id, act="false_alarm", cause="known_person")
        assert sent(streets) == ["taken"]
        streets.clock.pass_s(20)
        streets.file(streets.node.updated(person, rules=(rule,)))
        [alert] = streets.rows(alerts)
        assert (alert.state, alert.severity) == ("open", "critical")
        assert (alert.closed_by, alert.closed_utc_us, alert.false_cause) == (None, None, None)
        with streets.db.reading() as conn:
            assert calls.next_due(conn) == streets.clock.now().plus_s(60).utc_us
        assert sent(streets) == [moment, moment]
    acts = [row.act for row in streets.rows(alert_history)]
    assert acts[-2:] == ["rules", "reopened"]


def sent(streets: Streets) -> list[str]:
    """The moment of each message that the phones need now."""
    now = streets.clock.now()
    found: list[str] = []
    with streets.db.writing() as conn:
        while claimed := leasing.claim(conn, worker="w", now=now, lease_s=30, limit=50):
            for one in claimed:
                outcomes.record(conn, one, Delivered(201), started=now, now=now)
                found += [] if why_not_needed(one) else [one.moment]
    return found


def test_the_same_rule_again_adds_nothing(streets: Streets) -> None:
    """A node that starts again finds the same person anew, and says so again."""
    for _ in range(3):
        streets.file(streets.node.opened(rules=(LINGERS,)))
    [alert] = streets.rows(alerts)
    assert [met.rule for met in from_text(alert.rules)] == ["loitering"]
    assert moments(streets) == ["opened"]
    assert [row.act for row in streets.rows(alert_history)].count("rules") == 1


def test_a_repeated_message_adds_nothing(streets: Streets) -> None:
    person = uuid4()
    streets.file(streets.node.opened(person))
    event = streets.node.updated(person, rules=(LINGERS,))
    streets.file(event)
    before = streets.rows(alerts)
    streets.file(event)
    assert streets.rows(alerts) == before
    assert moments(streets) == ["opened", "raised"]


def test_outside_the_alert_hours_a_sighting_is_noted_and_wakes_nobody(streets: Streets) -> None:
    person = uuid4()
    streets.file(streets.node.opened(person, wakes=False), streets.node.updated(person))
    assert fates(streets) == ["noted", "noted"]
    assert streets.rows(alerts) == []
    [row] = streets.rows(sightings)
    assert (row.people, row.alert_id) == (2, None)


@pytest.mark.parametrize("news_of_it", [{"rules": (LINGERS,), "wakes": True}, {"wakes": True}])
def test_it_wakes_people_when_it_meets_a_rule_or_the_hours_begin(
    streets: Streets, news_of_it: dict[str, object]
) -> None:
    person = uuid4()
    streets.file(streets.node.opened(person, wakes=False))
    streets.clock.pass_s(3600)
    streets.file(streets.node.updated(person, **news_of_it))
    [alert] = streets.rows(alerts)
    [sighting] = streets.rows(sightings)
    assert sighting.alert_id == alert.id
    assert alert.began_utc_us == streets.clock.now().utc_us
    assert alert.people == 2
    assert moments(streets) == ["opened"]
    assert fates(streets) == ["noted", "alerted"]
    streets.file(streets.node.closed(person))
    assert len(streets.rows(alerts)) == 1


def test_a_quiet_sighting_joins_an_alert_that_runs(streets: Streets) -> None:
    streets.file(streets.node.opened(), streets.node.opened(wakes=False))
    assert fates(streets) == ["alerted", "grouped"]


def test_a_rule_that_arrives_before_its_opening_counts_with_it(streets: Streets) -> None:
    person = uuid4()
    opened = streets.node.opened(person, wakes=False)
    streets.file(streets.node.updated(person, rules=(LINGERS,), wakes=True), opened)
    assert rules(streets) == [["loitering"]]
    assert moments(streets) == ["opened"]


def test_a_rule_that_comes_too_late_is_written_down_and_wakes_nobody(streets: Streets) -> None:
    person = uuid4()
    streets.file(streets.node.opened(person))
    late = streets.node.updated(person, rules=(LINGERS,))
    streets.clock.pass_s(3600)
    streets.file(late.model_copy(update={"age_ms": 3_600_000}))
    assert rules(streets) == [["loitering"]]
    assert moments(streets) == ["opened"]


@pytest.mark.parametrize(
    ("met", "vi", "en"),
    [
        (("entry", None), "Ở trong san-sau", "Is in san-sau"),
        (("loitering", 20), "Nán lại ở san-sau 20 giây", "Lingers in san-sau for 20 seconds"),
        (("crossing", None), "Vượt vạch san-sau", "Stepped over san-sau"),
        (("after_hours", None), "Ở trong san-sau ngoài giờ", "Is in san-sau after hours"),
        (("of_a_newer_node", None), "of_a_newer_node · san-sau", "of_a_newer_node · san-sau"),
    ],
)
def test_a_page_says_which_rule_was_met(met: tuple[str, int | None], vi: str, en: str) -> None:
    rule = RuleMet(met[0], "san-sau", seconds=met[1])
    assert rule_sentence(rule, words("vi")) == vi
    assert rule_sentence(rule, words("en")) == en
    row = alert_row(people=2, rules=(rule,))
    assert wording.headline(row, words("en")) == f"{en} · 2 people"


def test_a_group_says_its_number_once() -> None:
    row = alert_row(people=5, rules=(RuleMet("group", "san-sau", people=5),))
    assert wording.headline(row, words("en")) == "5 people in san-sau"
    assert wording.headline(row, words("vi")) == "5 người ở san-sau"


def test_an_alert_holds_a_bounded_number_of_rules() -> None:
    made_up = tuple(RuleMet("entry", f"z{n}") for n in range(MOST + 50))
    kept = new_rules((), made_up)
    assert kept == made_up[:MOST]
    assert new_rules(kept, made_up) == ()


names = st.text("abcxyz_", min_size=1, max_size=8)
met_rules = st.lists(
    st.builds(RuleMet, names, names, st.none() | st.integers(0, 99), st.none() | st.integers(0, 9))
).map(tuple)


@given(known=met_rules, said=met_rules)
def test_what_is_news_is_said_and_each_rule_of_a_place_once(known: Rules, said: Rules) -> None:
    fresh = new_rules(known, said)
    keys = [met.key for met in fresh]
    assert len(keys) == len(set(keys))
    assert set(keys) == {met.key for met in said} - {met.key for met in known}
    assert new_rules((*known, *fresh), said) == ()
    assert from_text(to_text(fresh)) == fresh
    assert (foremost(fresh) is None) == (not fresh)
