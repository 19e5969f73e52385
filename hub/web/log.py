"""The page of the log: who looked at what, when and for what."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from hub.store.log_views import LogLine, LogQuestion
from hub.web import grant_words
from hub.web.auth import SignedIn
from hub.web.site import render
from hub.web.when import Calendar
from hub.web.words import Words

router = APIRouter(prefix="/log")

REFUSED: Final = ".refused"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the log in words."""

    time: str
    who: str
    role: str
    what: str
    act: str
    """As it stands in the log."""
    of: str
    why: str
    came_from: str
    is_refused: bool


@router.get("")
def show_log(
    request: Request, visit: SignedIn, person: str = "", looks: str = "", before: str = ""
) -> Response:
    """The newest lines; 404 for who may not read it."""
    question = LogQuestion(person_id=_key(person), only_looks=bool(looks), before=_key(before))
    page = visit.site.door.log(visit.asker, question)
    if page is None:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    return render(
        request,
        "log.html",
        session=visit.session,
        page=page,
        entries=[entry(one, calendar) for one in page.lines],
        question=question,
    )


def entry(line: LogLine, calendar: Calendar) -> LogEntry:
    """A line in words."""
    words = calendar.words
    of = line.object_name
    if line.object_utc_us is not None:
        of = f"{of} · {calendar.full(line.object_utc_us)}"
    return LogEntry(
        time=calendar.full(line.at_utc_us),
        who=line.who or words.say("the hub"),
        role=grant_words.role_name(line.role, words) if line.role else "",
        what=act_words(line.act, words),
        act=line.act,
        of=of,
        why=line.detail,
        came_from=line.came_from,
        is_refused=line.act.endswith(REFUSED),
    )


def act_words(act: str, words: Words) -> str:
    """What was done; an act that has no words of its own is said as it stands in the log."""
    say = words.say
    known = {
        "inbox.open": say("read the list of alerts"),
        "changes.open": say("heard of changed alerts"),
        "alert.open": say("opened an alert"),
        "alert.glance": say("saw an alert in the list"),
        "alert.take": say("acknowledged an alert"),
        "alert.resolve": say("closed an alert"),
        "alert.false_alarm": say("called an alert false"),
        "alert.hand_over": say("handed an alert over"),
        "media.open": say("opened a picture or a clip"),
        "media.copy": say("watched a clip"),
        "media.ask": say("asked for a clip"),
        "clip.watch": say("watched a clip while it was recorded"),
        "clip.await": say("waited for a clip"),
        "search.open": say("opened the search for footage"),
        "search.find": say("searched footage"),
        "search.sightings": say("searched what was seen"),
        "span.ask": say("asked a camera box for footage"),
        "grants.open": say("read who may see what"),
        "grant.add": say("granted"),
        "grant.end": say("revoked a grant"),
        "grant.end.with": say("a grant ended with the one it came of"),
        "person.add": say("entered a person"),
        "person.role": say("changed a role"),
        "person.disable": say("closed an account"),
        "session.begin": say("signed in"),
        "session.end": say("signed out"),
        "log.open": say("read the log"),
    }
    plain = act.removesuffix(REFUSED)
    said = known.get(plain, plain)
    return say("%(act)s – refused") % {"act": said} if act != plain else said


def _key(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise HTTPException(404) from error
