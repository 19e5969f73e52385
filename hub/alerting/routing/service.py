"""Service for rules that say who must know, for people who look after the places.

The answer is the same (False or None) for an unknown rule and for somebody else's. A `RuleError`
says what is wrong with a rule.
"""

from collections.abc import Mapping
from typing import Final, assert_never
from uuid import UUID

from sqlalchemy import func, select

from hub.alerting.oncall.faults import NAME_CHARS, checked_reason
from hub.alerting.routing import queries, rows
from hub.alerting.routing.rules import AlertRule, RuleFault, RuleRecipients, Urgency, faults
from hub.alerting.routing.tables import alert_rules
from hub.alerting.routing.views import NewAlertRule, RulesPage, RuleTrial
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.db.bounds import text
from hub.base.db.columns import new_id
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.registry.zones import name_meant

MOST_RULES: Final = 500
"""Limit for the whole hub: every alert is compared with all active rules."""

_SENTENCES: Final[Mapping[RuleFault, str]] = {
    RuleFault.PLACE: "a rule is of an area or a camera, one of the two",
    RuleFault.KIND: "there is no such kind of alert",
    RuleFault.DAYS: "a rule counts on one day of the week at least",
    RuleFault.TIME: "a time of day is written 06:00, from 00:00 to 23:59",
    RuleFault.DATES: "its last day is before its first",
    RuleFault.TEAM: "a rule that tells a team names one, and troubles of nodes call no team",
    RuleFault.WAIT: "a team has 10-3600 s to answer",
    RuleFault.NEVER_QUIET: "a camera that is covered or gives no sign always tells somebody",
    RuleFault.NOTHING: "what tells nobody cannot be critical",
    RuleFault.MANY: f"there are {MOST_RULES} rules already: end some first",
}


class RuleError(RegistryError):
    """Invalid entry; `fault` is the reason for a page, the text a sentence for the shell."""

    def __init__(self, fault: RuleFault) -> None:
        super().__init__(_SENTENCES[fault], f"rule.{fault}")
        self.fault = fault


class AlertRuleService:
    """Rules that say who must know. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def alert_rules(self, asker: Asker) -> RulesPage:
        """Active rules of the places this person looks after."""
        with self._acting.reading(asker, "rules.open") as look:
            page = _page(look)
            if not page.places:
                page = RulesPage((), (), {}, (), page.seen_utc_us)
            look.done(Detail("rules.count", n=len(page.rules)))
        return page

    def try_alert_rule(
        self, asker: Asker, new: NewAlertRule, *, time_zone: str
    ) -> RuleTrial | None:
        """Effect the rule would have had last week; None if they do not look after its place."""
        with self._acting.reading(asker, "rule.try") as look:
            page = _page(look)
            rule = _rule(new, page, look.now)
            place = _place_of(page, rule)
            if place is None:
                look.refuse()
                return None
            found = queries.trial(
                look.conn, asker.person_id, rule, time_zone=time_zone, place=place, now=look.now
            )
            look.done()
        return found

    def add_alert_rule(self, asker: Asker, new: NewAlertRule, *, time_zone: str) -> UUID | None:
        """Store a rule; None if they do not look after its place."""
        with self._acting.changing(asker, "rule.add") as change:
            reason, page = checked_reason(new.reason), _page(change)
            rule = _rule(new, page, change.now)
            place = _place_of(page, rule)
            if place is None:
                change.refuse()
                return None
            counting = select(func.count()).where(alert_rules.c.ended_utc_us.is_(None))
            if (change.conn.scalar(counting) or 0) >= MOST_RULES:
                raise RuleError(RuleFault.MANY)
            rows.add(
                change.conn,
                rule,
                time_zone=time_zone,
                reason=reason,
                made_by=asker.person_id,
                now=change.now,
            )
            change.done(_told(rule, place, reason), On("rule", rule.rule_id))
        return rule.rule_id

    def end_alert_rule(self, asker: Asker, rule_id: UUID) -> bool:
        """End a rule; False if they do not look after its place."""
        with self._acting.changing(asker, "rule.end", On("rule", rule_id)) as change:
            page = _page(change)
            may = any(one.rule.rule_id == rule_id and one.may_end for one in page.rules)
            change.answer(may)
            if may:
                rows.end(change.conn, rule_id, ended_by=asker.person_id, now=change.now)
        return may


def _page(look: Reading) -> RulesPage:
    return queries.rules_page(look.conn, look.asker.person_id, look.now)


def _place_of(page: RulesPage, rule: AlertRule) -> str | None:
    """Name of its place if this person looks after it; raises RuleError for a team that is not
    theirs."""
    key = rule.area_id, rule.camera_id
    place = next((one.name for one in page.places if (one.area_id, one.camera_id) == key), None)
    if place is not None and rule.team_id is not None and rule.team_id not in page.callable_teams:
        raise RuleError(RuleFault.TEAM)
    return place


def _rule(new: NewAlertRule, page: RulesPage, now: Moment) -> AlertRule:
    try:
        tells, urgency = RuleRecipients(new.tells), Urgency(new.urgency)
    except ValueError as error:
        raise RuleError(RuleFault.NOTHING) from error
    known = {key: label for key, label in page.zones.items() if new.camera_id in (None, key[0])}
    rule = AlertRule(
        rule_id=new_id(now),
        area_id=new.area_id,
        camera_id=new.camera_id,
        kind=new.kind or None,
        zone=text(name_meant(known, new.zone), NAME_CHARS) if new.zone else None,
        window=new.window,
        tells=tells,
        team_id=new.team_id if tells is RuleRecipients.TEAM else None,
        wait_s=new.wait_s,
        urgency=urgency,
        made_utc_us=now.utc_us,
    )
    for fault in faults(rule):
        raise RuleError(fault)
    return rule


def _told(rule: AlertRule, place: str, reason: str) -> Detail:
    kind = rule.kind or "all"
    match rule.tells:
        case RuleRecipients.EVERYBODY:
            return Detail("rule.tells_everybody", place=place, kind=kind, reason=reason)
        case RuleRecipients.NOBODY:
            return Detail("rule.tells_nobody", place=place, kind=kind, reason=reason)
        case RuleRecipients.TEAM:
            return Detail("rule.tells_team", place=place, kind=kind, reason=reason)
        case _:
            assert_never(rule.tells)
