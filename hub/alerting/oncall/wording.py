"""Texts of rosters and plans: on call, coverage gaps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from hub.alerting.oncall.faults import OnCallFault
from hub.alerting.oncall.roster_rows import Team
from hub.alerting.oncall.rules.escalation import EscalationPlan, EscalationStep, StepRecipients
from hub.alerting.oncall.rules.rosters import (
    SOME_MONDAY,
    CoverageGap,
    Shift,
    dated_gaps,
    next_turns,
    numbers,
    numbers_on_call,
    roster_turns,
    weekly_gaps,
)
from hub.base.moment import Moment
from hub.web.i18n import Messages

AHEAD_DAYS: Final = 60
"""Days ahead searched for gaps caused by exceptions."""
WEEK_END: Final = datetime.combine(SOME_MONDAY + timedelta(days=7), datetime.min.time())

Names = Mapping[UUID, str]


@dataclass(frozen=True, slots=True)
class OnCallLine:
    """A team as shown in a list."""

    team: Team
    now: str
    next: str
    """Empty without a roster, or if nobody follows."""
    is_empty: bool
    """Nobody is on duty now."""
    gaps: list[str]


def weekdays(words: Messages) -> list[str]:
    """Names of the weekdays, Monday first."""
    say = words.say
    return [
        say("Monday"),
        say("Tuesday"),
        say("Wednesday"),
        say("Thursday"),
        say("Friday"),
        say("Saturday"),
        say("Sunday"),
    ]


def hours(shift: Shift) -> str:
    """Hours of a shift, such as `18:00–06:00`."""
    return f"{clock(shift.starts_minute)}–{clock(shift.ends_minute)}"


def clock(minute: int) -> str:
    """A minute of the day as `06:00`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def people(crew: Iterable[UUID], names: Names) -> str:
    """Names of these people, in calling order."""
    return ", ".join(names.get(one, "?") for one in crew)


def with_suspended(names: Names, absent: frozenset[UUID], words: Messages) -> dict[UUID, str]:
    """The names, with a remark on suspended people."""
    said = words.say("%(name)s (suspended)")
    return {one: said % {"name": name} if one in absent else name for one, name in names.items()}


def on_call_line(team: Team, names: Names, words: Messages, *, now_utc_us: int) -> OnCallLine:
    """A team for the list: on duty now, on duty next, coverage gaps."""
    now = Moment(now_utc_us)
    crew, local = team.crew(now), team.local(now)
    nobody = words.say("Nobody is on duty now")
    if not team.roster.shifts:
        there = words.say("Always on duty: %(names)s") % {"names": people(crew, names)}
        nobody = nobody if team.members else words.say("This team has no people yet")
        return OnCallLine(team, there if crew else nobody, "", is_empty=not crew, gaps=[])
    said = nobody
    if crew:
        running = roster_turns(team.roster, local.date() - timedelta(days=1), 2)
        ends = min(one.ends for one in running if one.crew and one.starts <= local < one.ends)
        values = {"names": people(crew, names), "time": f"{ends:%H:%M}"}
        said = words.say("On duty until %(time)s: %(names)s") % values
    coming = next_turns(team.roster, local)
    after = ""
    if coming:
        values = {"names": people(coming[0].crew, names), "time": _when(coming[0].starts, local)}
        after = words.say("From %(time)s: %(names)s") % values
    return OnCallLine(
        team, said, after, is_empty=not crew, gaps=gap_sentences(team, local.date(), words)
    )


def _when(moment: datetime, now: datetime) -> str:
    return f"{moment:%H:%M}" if moment.date() == now.date() else f"{moment:%H:%M %d/%m}"


def gap_sentences(team: Team, today: date, words: Messages) -> list[str]:
    """All gaps of the week, and gaps of the next 60 days that the week does not have."""
    usual = weekly_gaps(team.roster)
    every_day = {(one.starts.time(), one.ends - one.starts) for one in usual}
    if len(usual) == 7 and len(every_day) == 1:
        values = {"from": f"{usual[0].starts:%H:%M}", "until": f"{usual[0].ends:%H:%M}"}
        said = [words.say("Every day nobody from %(from)s to %(until)s") % values]
    else:
        said = [weekly_gap(one, words) for one in usual]
    odd = dated_gaps(team.roster, today, AHEAD_DAYS)
    return said + [_dated(one, words) for one in odd]


def weekly_gap(gap: CoverageGap, words: Messages) -> str:
    """A gap in the week of `SOME_MONDAY`."""
    if gap.ends - gap.starts >= timedelta(days=7):
        return words.say("Nobody all week")
    days = weekdays(words)
    values = {
        "day": days[gap.starts.weekday()],
        "until_day": days[gap.ends.weekday()],
        "from": f"{gap.starts:%H:%M}",
        "until": _end_of(gap),
    }
    if _is_one_day(gap):
        return words.say("%(day)s: nobody from %(from)s to %(until)s") % values
    return words.say("Nobody from %(day)s %(from)s to %(until_day)s %(until)s") % values


def _dated(gap: CoverageGap, words: Messages) -> str:
    values = {
        "day": f"{gap.starts:%d/%m/%Y}",
        "until_day": f"{gap.ends:%d/%m/%Y}",
        "from": f"{gap.starts:%H:%M}",
        "until": _end_of(gap),
    }
    if _is_one_day(gap):
        return words.say("%(day)s: nobody from %(from)s to %(until)s") % values
    return words.say("Nobody from %(day)s %(from)s to %(until_day)s %(until)s") % values


def _is_one_day(gap: CoverageGap) -> bool:
    return (gap.ends - timedelta(microseconds=1)).date() == gap.starts.date()


def _end_of(gap: CoverageGap) -> str:
    is_midnight = f"{gap.ends:%H:%M}" == "00:00" and _is_one_day(gap)
    return "24:00" if is_midnight else f"{gap.ends:%H:%M}"


def steps(plan: EscalationPlan, team_names: Mapping[UUID, str], words: Messages) -> list[str]:
    """A plan as sentences, one per step, with its repeats."""
    said = [
        words.say("%(who)s; %(n)d s to answer")
        % {"who": recipients(one, team_names, words), "n": one.wait_s}
        for one in plan.steps
    ]
    if plan.repeats:
        again = words.count(
            "Then from the beginning, %(n)d time more",
            "Then from the beginning, %(n)d times more",
            plan.repeats,
        )
        said.append(again % {"n": plan.repeats})
    return said


def plan_gaps(plan: EscalationPlan, teams: Mapping[UUID, Team], words: Messages) -> list[str]:
    """Steps that can reach nobody: an empty team, or no shift with that many people."""
    gaps = []
    for step in plan.steps:
        team = teams.get(step.team_id) if step.team_id is not None else None
        if team is None:
            continue
        roster = team.roster
        always = numbers(team.members, roster.absent)
        there = numbers_on_call(roster) if roster.shifts else always
        values = {"team": team.name, "n": step.place or 1}
        if not there:
            gaps.append(words.say("%(team)s has nobody: its step is passed over.") % values)
        elif step.whom is StepRecipients.ON_DUTY and (step.place or 1) not in there:
            said = words.say("%(team)s has no number %(n)d on duty: that step is passed over.")
            gaps.append(said % values)
    return list(dict.fromkeys(gaps))


def recipients(step: EscalationStep, team_names: Mapping[UUID, str], words: Messages) -> str:
    """Recipients of a step."""
    if step.whom is StepRecipients.EVERYBODY or step.team_id is None:
        return words.say("Everybody who may know")
    values = {"team": team_names.get(step.team_id, "?"), "n": step.place or 1}
    if step.whom is StepRecipients.TEAM:
        return words.say("%(team)s: all on duty") % values
    return words.say("%(team)s: number %(n)d on duty") % values


def fault(what: OnCallFault, words: Messages) -> str:
    """Why an entry is invalid."""
    say = words.say
    return {
        OnCallFault.NAME: say("It needs a name."),
        OnCallFault.NAME_TAKEN: say("A team here has that name already."),
        OnCallFault.MANY: say("That are too many."),
        OnCallFault.TIME: say("A time of day is missing, such as 06:00."),
        OnCallFault.PERSON: say(
            "One of these people may not be alerted here. Grant them that first."
        ),
        OnCallFault.DAY: say("A date is missing."),
        OnCallFault.REASON: say("It needs a reason: somebody will ask one day."),
        OnCallFault.NOT_ON_CALL: say("That person is not on duty then."),
        OnCallFault.ON_CALL_ALREADY: say("That person is on duty then already."),
        OnCallFault.IN_PLAN: say("A plan or a rule calls this team. Change that first."),
        OnCallFault.PLAN: say("A plan needs a first step, and 10 to 3600 seconds for each."),
    }[what]


def exceptions(team: Team, today: date) -> Sequence[tuple[Shift, date, tuple[UUID, ...]]]:
    """Exceptions of a team from today on, with their people."""
    shifts = {one.shift_id: one for one in team.roster.shifts}
    return [
        (shifts[one.shift_id], one.day, one.crew)
        for one in team.roster.odd_days
        if one.day >= today
    ]
