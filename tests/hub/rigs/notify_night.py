"""A night on a virtual clock: which phone gets which alert, and when.

The ledger, the escalator and the notifier's claims are real, on a real database; only the phones'
service is a fake that accepts everything at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from hub.alerting.oncall import plan_rows, rows
from hub.alerting.oncall.roster_rows import read_teams
from hub.alerting.oncall.rules.escalation import EscalationPlan, EscalationStep, StepRecipients
from hub.alerting.oncall.rules.rosters import Crew
from hub.alerting.response import calls
from hub.alerting.response.escalator import Escalator
from hub.base.audit.log import By
from hub.base.change_signal import ChangeSignal
from hub.notify.rules.delivery_result import Delivered
from tests.hub.rigs.notify_town import NOON, Officer, Town

ZONE = "Asia/Ho_Chi_Minh"
KEEPER = By(came_from="shell")


@dataclass(frozen=True)
class Got:
    """One message on one phone; seconds count from the beginning of the night."""

    login: str
    alert_id: UUID
    at_s: float
    moment: str


@dataclass(frozen=True)
class Between:
    first_s: float
    last_s: float


def between(first_s: float, last_s: float) -> Between:
    return Between(first_s, last_s)


@dataclass
class Night:
    """A town, its officers by login, and what their phones got."""

    town: Town
    officers: dict[str, Officer] = field(default_factory=dict)
    got: list[Got] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.escalator = Escalator(
            db=self.town.db, clock=self.town.clock, change_signal=ChangeSignal()
        )

    def officer(self, login: str, **options: object) -> UUID:
        self.officers[login] = self.town.officer(login, **options)  # type: ignore[arg-type]
        return self.officers[login].person_id

    def now_s(self) -> float:
        return (self.town.clock.now().utc_us - NOON.utc_us) / 1e6

    def team(self, name: str, members: Iterable[UUID] = ()) -> UUID:
        """A team that keeps no roster."""
        now = self.town.clock.now()
        with self.town.db.writing() as conn:
            team_id = rows.add_team(
                conn, area_id=self.town.area_id, name=name, time_zone=ZONE, by=KEEPER, now=now
            )
            team = read_teams(conn, [team_id])[team_id]
            rows.change_team(conn, team, name=name, members=tuple(members), by=KEEPER, now=now)
        return team_id

    def shift(self, team_id: UUID, starts: str, ends: str, crew: Crew) -> UUID:
        """A shift of every day, "06:00" to "18:00", with these people."""
        week = dict.fromkeys(range(7), crew)
        new = rows.NewShift(f"{starts}-{ends}", minute(starts), minute(ends), week)
        now = self.town.clock.now()
        with self.town.db.writing() as conn:
            team = read_teams(conn, [team_id])[team_id]
            return rows.put_shift(conn, team, new, shift_id=None, by=KEEPER, now=now)

    def plan(self, *steps: EscalationStep, repeats: int = 0, area_id: UUID | None = None) -> None:
        with self.town.db.writing() as conn:
            plan_rows.put_plan(
                conn,
                area_id or self.town.area_id,
                EscalationPlan(steps, repeats),
                by=KEEPER,
                now=self.town.clock.now(),
            )

    def raised(self, **facts: object) -> UUID:
        """An alert, as intake raises it, and what follows at once."""
        alert_id = self.town.alert(**facts)  # type: ignore[arg-type]
        self.town.owe(alert_id)
        self.deliver()
        return alert_id

    def take(self, alert_id: UUID, login: str) -> None:
        self.town.take(alert_id, self.officers[login])
        self.deliver()

    def deliver(self) -> None:
        """Deliver the due messages to their phones."""
        while claimed := self.town.claim():
            for owed in claimed:
                self.town.record(owed, Delivered(201))
                login = owed.phone.address.rpartition("/")[2].rpartition("-")[0]
                self.got.append(Got(login, owed.alert_id, self.now_s(), owed.moment))

    def pass_until(self, until_s: float) -> None:
        """The clock goes on; the escalator wakes when it says it would."""
        while self.now_s() < until_s:
            asleep_s = min(self.escalator.quiet_s(), until_s - self.now_s())
            self.town.clock.go_on(asleep_s)
            if self.escalator.look():
                self.deliver()

    def phone(self, login: str) -> "Phone":
        return Phone(self, login)

    def next_due_s(self) -> float | None:
        with self.town.db.reading() as conn:
            due_utc_us = calls.next_due(conn)
        return None if due_utc_us is None else (due_utc_us - NOON.utc_us) / 1e6

    def no_one_gets_more(self, *, after_s: float, until_s: float) -> None:
        """Nobody is woken from then on; "taken" is no waking."""
        self.pass_until(until_s)
        more = [one for one in self.got if one.at_s > after_s and one.moment != "taken"]
        assert more == []


@dataclass(frozen=True)
class Phone:
    night: Night
    login: str

    def gets(self, alert_id: UUID, when: Between, moment: str = "opened") -> None:
        """Just once within that time, and in these words."""
        mine = [
            one.at_s
            for one in self.night.got
            if (one.login, one.alert_id, one.moment) == (self.login, alert_id, moment)
            and when.first_s <= one.at_s <= when.last_s
        ]
        assert len(mine) == 1, (self.login, when, self.night.got)

    def gets_nothing(self) -> None:
        assert [one for one in self.night.got if one.login == self.login] == []


def minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def on_duty(team_id: UUID, place: int, wait_s: int = 60) -> EscalationStep:
    return EscalationStep(StepRecipients.ON_DUTY, wait_s, team_id, place)


def all_of(team_id: UUID, wait_s: int = 60) -> EscalationStep:
    return EscalationStep(StepRecipients.TEAM, wait_s, team_id)


def everybody(wait_s: int = 60) -> EscalationStep:
    return EscalationStep(StepRecipients.EVERYBODY, wait_s)
