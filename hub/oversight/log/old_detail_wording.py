"""Translates the English prose that hubs before 0.4.0 stored as details of the log. Frozen.

The chain of hashes binds that prose, so it stays as it is; whenever a line is shown, its text is
translated by its shape. A shape is such a text with places for its values. A text without a known
shape is shown as it is stored: text that a person typed is never changed. Acts of today write a
code and values (`hub.base.audit.detail`), whose text stands beside the act.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final

from hub.access.account_errors import AccountError, AccountFault
from hub.access.account_wording import fault_words
from hub.access.grants import wording as grants_wording
from hub.access.grants.faults import GrantError, GrantFault
from hub.access.grants.wording import right_name, role_name
from hub.access.rules.grants import Right
from hub.alerting.oncall import wording as oncall_wording
from hub.alerting.oncall.faults import OnCallError, OnCallFault
from hub.alerting.routing import wording as routing_wording
from hub.alerting.routing.rules import RuleFault
from hub.alerting.routing.service import RuleError
from hub.alerting.routing.wording import kind_name
from hub.base.text.stored_text import Shapes, parts_anew, said_anew
from hub.cases.pages import fault_word as case_fault_word
from hub.cases.views import CaseError, CaseFault
from hub.footage.retention.pages import class_name
from hub.footage.retention.rules import FootageClass
from hub.nodes.desired_state.wording import halt_words
from hub.nodes.releases.bundles import BundleRefusedError, BundleTrouble
from hub.nodes.releases.upload_pages import sentence as bundle_sentence
from hub.oversight.log.acts import plain_act
from hub.places.areas import pages as area_pages
from hub.places.areas.pages import table_name
from hub.places.areas.rows import AreaError, AreaFault
from hub.public.data_requests import wording as data_requests_wording
from hub.public.data_requests.rules import RequestKind
from hub.public.data_requests.views import DataRequestError, DataRequestFault
from hub.public.data_requests.wording import kind_word
from hub.public.households import pages as household_pages
from hub.public.households import upload_pages as household_upload_pages
from hub.public.households.rules import (
    HouseholdError,
    HouseholdFault,
    HouseholdUploadError,
    HouseholdUploadFault,
)
from hub.public.notices import pages as notice_pages
from hub.public.tips import forms as tip_forms
from hub.public.tips.rules import TipError, TipFault
from hub.search.chip_wording import colour_words
from hub.search.find_form import way_words
from hub.web.calendar import Calendar
from hub.web.compass import compass_words
from hub.web.i18n import Messages


def old_detail_text(act: str, detail: str, calendar: Calendar) -> str:
    """The detail of a line with this act; times in the zone of the calendar."""
    if not detail:
        return ""
    plain = plain_act(act)
    if plain != act and (told := fault_text(plain, detail, calendar.words)):
        return told
    return said_anew(
        detail,
        lambda say: shapes(say).get(plain, ()),
        calendar.words.say,
        partial(_value, calendar),
    )


def _value(calendar: Calendar, name: str, value: str) -> str:
    say = _VALUES.get(name)
    try:
        return value if say is None else say(value, calendar)
    except (KeyError, OverflowError, ValueError):
        return value  # a word of a newer or older hub


def _parts(value: str, calendar: Calendar, shapes_of: Shapes) -> str:
    return parts_anew(value, shapes_of, calendar.words.say, partial(_value, calendar))


def _iso(value: str, calendar: Calendar) -> str:
    moment = datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return calendar.full(round(moment.timestamp()) * 1_000_000)


def _colours(value: str, calendar: Calendar) -> str:
    names = {str(one): word for one, word in colour_words(calendar.words).items()}
    return "/".join(names[one] for one in value.split(" or "))


def _vehicles(value: str, calendar: Calendar) -> str:
    say = calendar.words.say
    names = {"motorbike": say("motorbike"), "bicycle": say("bicycle"), "foot": say("on foot")}
    return "/".join(names[one] for one in value.split(" or "))


def _way(value: str, calendar: Calendar) -> str:
    names = {str(one): word for one, word in way_words(calendar.words).items()}
    return names[value]


def _rights(value: str, calendar: Calendar) -> str:
    named = (right_name(Right[one.upper()], calendar.words) for one in value.split(","))
    return ", ".join(named)


_VALUES: Final[Mapping[str, Callable[[str, Calendar], str]]] = {
    "at": lambda value, calendar: calendar.full(int(value)),
    "colours": _colours,
    "compass": lambda value, calendar: compass_words(calendar.words)[value],
    "conditions": lambda value, calendar: _parts(value, calendar, conditions),
    "footage": lambda value, calendar: class_name(FootageClass(value), calendar.words),
    "day": lambda value, _: f"{date.fromisoformat(value):%d/%m/%Y}",
    "halted": lambda value, calendar: halt_words(value, calendar.words),
    "iso": _iso,
    "kind": lambda value, calendar: kind_name(None if value == "all" else value, calendar.words),
    "language": lambda value, _: {"vi": "tiếng Việt", "en": "English"}[value],
    "month": lambda value, _: f"{value[4:]}/{value[:4]}",
    "placings": lambda value, calendar: _parts(value, calendar, placings),
    "rights": _rights,
    "role": lambda value, calendar: role_name(value, calendar.words),
    "table": lambda value, calendar: table_name(value, calendar.words),
    "vehicles": _vehicles,
    "way": _way,
    "wish": lambda value, calendar: kind_word(RequestKind(value), calendar.words),
}

ActShapes = Mapping[str, tuple[str, ...]]
"""Act id, without the ending of a refusal → the shapes of its details, the first that fits."""


def shapes(say: Callable[[str], str]) -> ActShapes:
    """All shapes in the language of `say`; with `str` the English ones that are stored."""
    parts = (_looks, _footage, _cases, _people, _town)
    return {act: told for part in parts for act, told in part(say).items()}


def conditions(say: Callable[[str], str]) -> tuple[str, ...]:
    """Shapes of one condition of a search for sightings."""
    return (
        say("%(iso)s to %(iso2)s"),
        say("cameras %(ids)s"),
        say("area %(id)s"),
        say("named %(name)s"),
        say("near %(spot)s"),
        say("at %(spot)s"),
        say("%(n)s m round %(point)s"),
        say("%(n)s m along %(points)s"),
        say("inside %(points)s"),
        say("%(n)s people or more"),
        say("%(share)s of the picture or taller"),
        say("upper clothing %(colours)s"),
        say("lower clothing %(colours)s"),
        say("clothing %(colours)s"),
        say("vehicle %(colours)s"),
        say("on a %(vehicles)s"),
        say("%(n)s to %(m)s people"),
        say("%(n)s people"),
        say("%(n)s to %(m)s cm tall"),
        say("standing"),
        say("walking"),
        say("fast"),
        say("going %(way)s"),
        say("riding"),
        say("on foot"),
        say("leaving towards %(places)s"),
        say("leaving %(compass)s"),
        say("in %(n)s parts of it"),
        say("with a clip"),
        say("in alerts"),
        say("before %(iso)s"),
    )


def placings(say: Callable[[str], str]) -> tuple[str, ...]:
    """Shapes of one value of a camera's place."""
    return (
        say("latitude_deg %(number)s"),
        say("longitude_deg %(number)s"),
        say("bearing_deg None"),
        say("bearing_deg %(number)s"),
        say("kept_label %(name)s"),
        say("label %(name)s"),
        say("area_id %(id)s"),
    )


def _looks(say: Callable[[str], str]) -> ActShapes:
    cameras, nodes = say("%(n)s cameras"), say("%(n)s nodes")
    inbox = (
        say("%(n)s running, %(m)s handled; in words %(k)s running, %(l)s handled"),
        say("%(n)s running, %(m)s handled, %(o)s asked for; in words %(k)s running, %(l)s handled"),
        say("%(n)s running, %(m)s handled, %(o)s asked for"),
        say("%(n)s running, %(m)s handled"),
    )
    watched = (
        say("%(n)s s, %(m)s pictures; closed"),
        say("%(n)s s, %(m)s pictures; the page was left"),
        say("%(n)s s, %(m)s pictures; no longer granted"),
        say("%(n)s s, %(m)s pictures; the hub stopped"),
    )
    return {
        "aim.end": watched,
        "alert.glance": (say("in words"),),
        "areas.open": (say("%(n)s areas"),),
        "cameras.glance": (cameras,),
        "cameras.open": (cameras,),
        "cases.open": (say("%(n)s cases"),),
        "changes.open": (say("%(n)s since %(id)s"),),
        "duty.open": (say("%(n)s teams, %(m)s plans"),),
        "enrolments.open": (say("%(n)s wait"),),
        "grants.form": (say("%(n)s people"),),
        "grants.open": (say("%(n)s areas, %(m)s grants"),),
        "households.open": (say("%(n)s households"),),
        "inbox.glance": inbox,
        "inbox.open": inbox,
        "invitations.open": (say("%(n)s invitations"),),
        "keeping.open": (say("%(n)s holds, %(m)s rules"),),
        "live.choose": (cameras,),
        "live.end": watched,
        "log.open": (
            say("%(n)s lines, looks only, refreshes too"),
            say("%(n)s lines, looks only"),
            say("%(n)s lines, refreshes too"),
            say("%(n)s lines"),
        ),
        "lookup.find": (say("%(typed)s: %(n)s found"),),
        "nodes.open": (nodes,),
        "programs.list": (nodes,),
        "report.open": (
            say("day-%(day)s: %(n)s alerts"),
            say("week-%(day)s: %(n)s alerts"),
            say("month-%(day)s: %(n)s alerts"),
            say("%(name)s: %(n)s alerts"),
        ),
        "rules.open": (say("%(n)s rules"),),
        "search.find": (say("%(at)s-%(at2)s: %(n)s clips"),),
        "search.moment": ("%(at)s: %(ids)s",),
        "search.sightings": (
            say("%(typed)s: %(conditions)s: %(n)s sightings"),
            say("%(conditions)s: %(n)s sightings"),
        ),
        "search.open": (say("%(n)s areas"), cameras, say("%(n)s names")),
        "settings.list": (nodes,),
        "silences.open": (say("%(n)s silences"),),
        "undelivered.open": (say("%(n)s in a day"),),
    }


def _footage(say: Callable[[str], str]) -> ActShapes:
    sound = say("this person may not see clips of that camera, or not of that time")
    return {
        "given.seal": (
            say(
                "request %(id)s, sha256 %(sha)s, %(n)s bytes, cut from sha256 %(sha2)s, %(m)s bytes"
            ),
            say("request %(id)s, sha256 %(sha)s, %(n)s bytes"),
        ),
        "given.remove": (say("let go %(n)s days ago; %(m)s bytes, sha256 %(sha)s"),),
        "hold.add": (
            say("case %(number)s: %(reason)s"),
            say("a hold needs a case number and a reason"),
            say("the dates of a hold must lie between 1970 and 2199"),
            say("the hold ends before it begins"),
            say("this id does not exist, or is not visible to them"),
        ),
        "hold.end": (say("case %(number)s: %(reason)s"),),
        "media.adopt": (say("it was here already: sha256 %(sha)s"),),
        "media.lost": (say("not in the store: sha256 %(sha)s"),),
        "media.remove": (
            say("rule %(id)s; %(n)s bytes, sha256 %(sha)s"),
            say("the disk is full; %(n)s bytes, sha256 %(sha)s"),
        ),
        "media.store": (
            say("%(n)s bytes, sha256 %(sha)s, left of an unfinished clip"),
            say("%(n)s bytes, sha256 %(sha)s"),
        ),
        "retention.set": (
            say("%(footage)s for good: %(reason)s"),
            say("%(footage)s for %(n)s days: %(reason)s"),
        ),
        "span.ask": (
            say("%(at)s-%(at2)s with sound: %(reason)s"),
            say("%(at)s-%(at2)s: %(reason)s"),
            say("a span ends after it begins, and lasts an hour at most"),
            say("asking for footage needs a reason"),
            sound,
        ),
        "sound.ask": (sound,),
    }


def _cases(say: Callable[[str], str]) -> ActShapes:
    clip, media, person = say("given %(id)s"), say("media %(id)s"), say("person %(id)s")
    return {
        "case.add": (media,),
        "case.ask": (say("household %(id)s, request %(id2)s"),),
        "case.close": (say("held on"), say("no longer held")),
        "case.export": (say("%(n)s files not theirs to see"), say("no right to export")),
        "case.given": (clip,),
        "case.hand_over": (person,),
        "case.member": (person,),
        "case.member.end": (person,),
        "case.note": (
            say("not marked: items %(ids)s"),
            say("marked: items %(ids)s"),
            say("item %(id)s"),
            say("%(n)s items"),
            clip,
        ),
        "case.remove": (media, say("item %(id)s"), clip),
        "case.tip": (say("tip %(id)s"),),
        "evidence.export": (say("case %(number)s: %(reason)s"),),
    }


def _people(say: Callable[[str], str]) -> ActShapes:
    login = say("login %(login)s")
    return {
        "alert.false_alarm": _closing(say),
        "alert.go": (say("it is closed"),),
        "alert.not_go": (say("it is closed"),),
        "alert.mute": (say("not three false alarms in a row"),),
        "alert.resolve": _closing(say),
        "alert.snooze": (say("silenced already, or too often"),),
        "alert.undo": (say("too late"),),
        "grant.add": ("%(rights)s: %(reason)s",),
        "invitation": (say("no such link"),),
        "invitation.correct": (
            say("login %(login)s to %(login2)s, name %(name)s to %(name2)s"),
            login,
        ),
        "invitation.make": (login,),
        "person.drop_phone": (say("phone %(id)s"),),
        "person.language": ("%(language)s",),
        "person.rename": (say("%(name)s to %(name2)s"),),
        "person.role": ("%(role)s",),
        "person.sign_out": (say("%(n)s sessions"),),
        "phone.test": (say("%(n)s phones"), say("%(n)s tests in the last hour")),
        "session": (
            login,
            say("passkey"),
            say("an answer of the provider that this browser did not ask for"),
            say("an answer of the provider that came before"),
            say("the provider refused: %(reason)s"),
        ),
        "session.blocked": (login,),
        "session.end_others": (say("%(n)s ended"),),
        "silence.add": (say("three false alarms in a row"),),
    }


def _closing(say: Callable[[str], str]) -> tuple[str, ...]:
    return (say("right after taking it"),)


def _town(say: Callable[[str], str]) -> ActShapes:
    return {
        "area.change": (
            say("%(name)s, moved from %(place)s to %(place2)s"),
            "%(name)s",
        ),
        "camera.place": ("%(placings)s",),
        "enrolment": (
            say("unknown"),
            say("expired"),
            say("used"),
            say("withdrawn"),
            say("revoked"),
        ),
        "enrolment.make": (
            say("an enrolment is valid for at least one second and at most 14 days"),
            say("a node has at most %(n)s cameras, all with different names"),
            say("node %(name)s already exists in another area"),
        ),
        "enrolment_sheet.make": (
            say("%(n)s boxes, %(m)s days"),
            say("%(n)s lines are wrong"),
        ),
        "enrolment_sheet.try": (say("%(n)s boxes"),),
        "group.members": (say("%(n)s nodes, %(m)s new, %(k)s gone"),),
        "hub.backup": (say("into %(name)s, with footage"), say("into %(name)s")),
        "hub.restore": (say("a backup of %(name)s"),),
        "household.request.tell": (say("%(name)s: sent"),),
        "household.register": (say("consent %(name)s (%(language)s)"),),
        "household.request.end": (say("consent"), say("withdrawn"), say("done")),
        "household.send": (
            say("%(n)s bytes, cut %(m)s–%(k)s ms"),
            say("%(n)s bytes, whole"),
        ),
        "household.send.begin": (say("%(n)s bytes"),),
        "household.withdraw": (
            say(
                "%(n)s open requests ended; contact forgotten; %(m)s films given before stay under"
                " the rules of their cases"
            ),
        ),
        "months.drop": (say("%(name)s of %(month)s"),),
        "petition.answer": (
            say("%(number)s granted: %(reason)s"),
            say("%(number)s refused: %(reason)s"),
        ),
        "petition.erase": (say("%(number)s: media %(id)s, %(n)s bytes, sha256 %(sha)s"),),
        "petition.forget_contact": (say("%(number)s: who asked, %(n)s days after the answer"),),
        "petition.gone": (say("the store was asked again and has it no more: sha256 %(sha)s"),),
        "petition.take_in": (say("%(wish)s, form"), say("%(wish)s, counter")),
        "plan.set": (say("%(n)s steps, %(m)s repeats"),),
        "programs.add": (say("%(name)s, sha256 %(sha)s"),),
        "rule.add": (
            say("%(place)s: %(kind)s tells everybody: %(reason)s"),
            say("%(place)s: %(kind)s tells nobody: %(reason)s"),
            say("%(place)s: %(kind)s tells team: %(reason)s"),
        ),
        "settings.halt": (say("%(n)s nodes go back: %(halted)s"),),
        "settings.roll": (
            say("%(n)s nodes, in stages: %(reason)s"),
            say("a roll-out to some of these nodes is running (%(name)s): wait, or halt it"),
        ),
        "settings.want": (say("%(n)s nodes: %(reason)s"),),
        "table.take": (say("%(table)s: %(n)s lines"), "%(table)s"),
        "table.try": ("%(table)s",),
        "team.change": (say("%(name)s, %(n)s people"),),
        "tip.forget": (say("all of it, after %(n)s days: %(m)s pictures, %(k)s bytes"),),
        "tip.forget_contact": (say("who sent it, after %(n)s days"),),
        "tip.take_in": (say("form, %(n)s pictures"), say("%(name)s, %(n)s pictures")),
    }


@dataclass(frozen=True, slots=True)
class _Faults:
    """Faults of the acts that begin so: how each is stored, and its sentence."""

    acts: tuple[str, ...]
    faults: Iterable[Any]
    stored: Callable[[Any], str]
    said: Callable[[Any, Messages], str]


_NOTICES: Final = ("title", "text", "way", "channel", "picture", "sound", "large")

_ALL: Final = (
    _Faults(("area.",), AreaFault, lambda one: str(AreaError(one)), area_pages.fault_word),
    _Faults(
        ("grant.", "grants.", "person."),
        GrantFault,
        lambda one: str(GrantError(one)),
        grants_wording.fault,
    ),
    _Faults(
        ("person.", "invitation.", "case.hand_over", "phone."),
        AccountFault,
        lambda one: str(AccountError(one)),
        fault_words,
    ),
    _Faults(
        ("team.", "roster.", "plan.", "silence.", "alert.snooze"),
        OnCallFault,
        lambda one: str(OnCallError(one)),
        oncall_wording.fault,
    ),
    _Faults(("rule.",), RuleFault, lambda one: str(RuleError(one)), routing_wording.fault),
    _Faults(
        ("case.ask",),
        HouseholdFault,
        lambda one: str(HouseholdError(one)),
        household_pages.fault_word,
    ),
    _Faults(("case.",), CaseFault, lambda one: str(CaseError(one)), case_fault_word),
    _Faults(
        ("household.send",),
        HouseholdUploadFault,
        lambda one: str(HouseholdUploadError(one)),
        household_upload_pages.fault_word,
    ),
    _Faults(
        ("household.",),
        HouseholdFault,
        lambda one: str(HouseholdError(one)),
        household_pages.fault_word,
    ),
    _Faults(("tip.",), TipFault, lambda one: str(TipError(one)), tip_forms.fault_word),
    _Faults(
        ("petition.",),
        DataRequestFault,
        lambda one: str(DataRequestError(one)),
        data_requests_wording.fault_word,
    ),
    _Faults(("notice",), _NOTICES, str, notice_pages.fault_word),
    _Faults(
        ("programs.add",),
        BundleTrouble,
        lambda one: str(BundleRefusedError(one)),
        lambda one, words: bundle_sentence(BundleRefusedError(one), words),
    ),
)


def fault_text(act: str, detail: str, words: Messages) -> str:
    """The sentence of a refused act's error, with its details; empty for another text."""
    for theirs in _ALL:
        if not act.startswith(theirs.acts):
            continue
        for fault in theirs.faults:
            stored = theirs.stored(fault)
            if detail == stored:
                return theirs.said(fault, words)
            if detail.startswith(f"{stored}: "):
                return f"{theirs.said(fault, words)} ({detail[len(stored) + 2 :]})"
    return ""
