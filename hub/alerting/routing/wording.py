"""Texts of alert rules: each rule as a sentence, with its coverage gaps."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from hub.alerting.alerts.rules.kinds import Kind, is_tampering
from hub.alerting.oncall import wording
from hub.alerting.oncall.roster_rows import Team
from hub.alerting.routing.rules import (
    NODE,
    TAMPER,
    AlertRule,
    RoutingDecision,
    RuleFault,
    RuleRecipients,
    Urgency,
    Window,
    empty_hours,
)
from hub.alerting.routing.views import RuleTrial, TriedAlert
from hub.registry.zones import ZoneLabels, called
from hub.web.calendar import Calendar
from hub.web.i18n import Messages

Teams = Mapping[UUID, Team]


@dataclass(frozen=True, slots=True)
class TriedLine:
    """An alert that a rule would have changed, as text."""

    alert_id: UUID
    time: str
    camera: str
    what: str
    before: str
    after: str
    is_quiet: bool


def kind_name(kind: str | None, words: Messages) -> str:
    """Name of a rule's kind."""
    say = words.say
    names = {
        None: say("whatever there is"),
        Kind.PERSON: say("people who only pass"),
        Kind.CROWD: say("crowds"),
        "entry": say("entry"),
        "loitering": say("loitering"),
        "crossing": say("crossing a line"),
        "after_hours": say("after hours"),
        "group": say("many at once"),
        Kind.TIP: say("tips from people"),
        TAMPER: say("a camera covered or turned"),
        NODE: say("a camera or box without a sign"),
    }
    return names.get(kind, kind or "")


def sentence(
    rule: AlertRule, place: str, teams: Teams, words: Messages, *, zones: ZoneLabels
) -> str:
    """The rule as a sentence; `zones`: labels of the zones and lines that the reader may name."""
    what = kind_name(rule.kind, words)
    if rule.zone is not None:
        zone = called(zones, rule.zone, rule.camera_id)
        what = words.say("%(what)s in %(zone)s") % {"what": what, "zone": zone}
    values = {
        "place": place,
        "what": what,
        "when": when(rule.window, words),
        "who": recipients(rule.tells, rule.team_id, teams, words),
    }
    said = words.say("%(place)s: of %(what)s, %(when)s, %(who)s.") % values
    if rule.tells is RuleRecipients.TEAM:
        after = words.say("After %(n)d s without an answer it goes on as the plan says.")
        said = f"{said} {after % {'n': rule.wait_s}}"
    if rule.urgency is Urgency.CRITICAL:
        said = f"{said} {words.say('It is critical: no rest and no storm holds it back.')}"
    if rule.urgency is Urgency.USUAL:
        said = f"{said} {words.say('It is never critical.')}"
    return said


def recipients(tells: RuleRecipients, team_id: UUID | None, teams: Teams, words: Messages) -> str:
    """Recipients of a rule in words."""
    if tells is RuleRecipients.NOBODY:
        return words.say("nobody is woken")
    if tells is RuleRecipients.EVERYBODY or team_id is None:
        return words.say("everybody who may know is told")
    team = teams.get(team_id)
    return words.say("%(team)s is told first") % {"team": team.name if team else "?"}


def when(window: Window, words: Messages) -> str:
    """A time window in words, such as `Saturday, Sunday 22:00–05:00, from 01/02/2027 until
    05/02/2027`."""
    say = words.say
    days = wording.weekdays(words)
    parts = []
    if window.is_always:
        parts.append(say("always"))
    else:
        if len(window.weekdays) == 7:
            parts.append(say("every day"))
        else:
            parts.append(", ".join(days[day] for day in sorted(window.weekdays)))
        if window.starts_minute != window.ends_minute:
            starts, ends = (
                wording.clock(one) for one in (window.starts_minute, window.ends_minute)
            )
            parts.append(f"{starts}–{ends}")
    if window.from_day is not None:
        parts.append(say("from %(day)s") % {"day": f"{window.from_day:%d/%m/%Y}"})
    if window.until_day is not None:
        parts.append(say("until %(day)s") % {"day": f"{window.until_day:%d/%m/%Y}"})
    return " ".join(parts[:2]) + "".join(f", {one}" for one in parts[2:])


def warnings(rule: AlertRule, teams: Teams, words: Messages) -> list[str]:
    """Warnings before a rule takes effect: times when nobody of its team is on duty, or nobody is
    told."""
    if rule.tells is RuleRecipients.NOBODY:
        values = {"when": when(rule.window, words)}
        return [
            words.say("Nobody's phone rings of this: %(when)s. It stays in the inbox.") % values
        ]
    team = teams.get(rule.team_id) if rule.team_id is not None else None
    if team is None:
        return []
    if not team.roster.shifts:
        nobody = words.say("%(team)s has no people yet: everybody is told instead.")
        return [] if team.present else [nobody % {"team": team.name}]
    empty = empty_hours(rule.window, team.roster)
    if not empty:
        return []
    there = words.say("Nobody of %(team)s is on duty then, and it goes on as the plan says:")
    said = [wording.weekly_gap(one, words) for one in empty]
    return [f"{there % {'team': team.name}} {'; '.join(said)}"]


def tried(trial: RuleTrial, teams: Teams, calendar: Calendar) -> list[TriedLine]:
    """Each alert of last week that the rule would have changed."""
    return [_tried(one, teams, calendar) for one in trial.changed]


def _tried(one: TriedAlert, teams: Teams, calendar: Calendar) -> TriedLine:
    kind = TAMPER if is_tampering(one.kind) else one.kind
    words = calendar.words
    return TriedLine(
        alert_id=one.alert_id,
        time=calendar.full(one.began_utc_us),
        camera=one.camera,
        what=words.say("people") if kind == Kind.PERSON else kind_name(kind, words),
        before=_decision(one.before, teams, words),
        after=_decision(one.after, teams, words),
        is_quiet=one.after.tells is RuleRecipients.NOBODY,
    )


def _decision(decision: RoutingDecision, teams: Teams, words: Messages) -> str:
    said = recipients(decision.tells, decision.team_id, teams, words)
    if decision.urgency is Urgency.CRITICAL:
        return words.say("%(who)s, critical") % {"who": said}
    return said


def fault(what: RuleFault, words: Messages) -> str:
    """Why a rule is invalid."""
    say = words.say
    return {
        RuleFault.PLACE: say("Choose an area or a camera."),
        RuleFault.KIND: say("There is no such kind."),
        RuleFault.DAYS: say("Choose one day at least."),
        RuleFault.TIME: say("A time of day is missing, such as 06:00."),
        RuleFault.DATES: say("Its last day is before its first."),
        RuleFault.TEAM: say("Choose a team of yours; of boxes without a sign no team is called."),
        RuleFault.WAIT: say("A team has 10 to 3600 seconds to answer."),
        RuleFault.NEVER_QUIET: say("A camera that is covered or silent always tells somebody."),
        RuleFault.NOTHING: say("What tells nobody cannot be critical."),
        RuleFault.MANY: say("That are too many."),
    }[what]
