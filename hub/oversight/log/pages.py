"""Page of the access log: who looked at what, when and why."""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from hub.access.grants import wording
from hub.access.signin.visit import SignedIn
from hub.base.audit.log import SHELL
from hub.oversight.log.acts import REFUSED, act_words
from hub.oversight.log.digest import Act, LogDigest
from hub.oversight.log.service import LogService
from hub.oversight.log.views import LogLine, LogQuestion
from hub.oversight.reports.spans import midnight, month_from, month_of, today
from hub.oversight.reports.wording import harmless
from hub.web.calendar import Calendar
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/log")

AccessLog = Annotated[LogService, service(LogService)]

SHOWN: Final = 200
"""People and cameras on the page; the file has all."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the log as text."""

    time: str
    who: str
    role: str
    what: str
    act: str
    """Act id, as in the log."""
    of: str
    why: str
    came_from: str
    is_refused: bool


@router.get("")
def show_log(
    request: Request,
    visit: SignedIn,
    log: AccessLog,
    person: str = "",
    looks: str = "",
    refreshes: str = "",
    before: str = "",
) -> Response:
    """The newest lines of the log; 404 for people who may not read it."""
    question = LogQuestion(
        person_id=_key(person),
        only_looks=bool(looks),
        with_refreshes=bool(refreshes),
        before=_key(before),
    )
    page = log.log(visit.asker, question)
    if page is None:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    known, detail_of = visit.site.acts(calendar.words), visit.site.details(calendar)
    return render(
        request,
        "log.html",
        session=visit.session,
        page=page,
        entries=[entry(one, calendar, known, detail_of) for one in page.lines],
        question=question,
    )


@router.get("/month")
def show_month(request: Request, visit: SignedIn, log: AccessLog, on: str = "") -> Response:
    """A month per person and per camera; 404 for people who may not read the log."""
    first, found = _month(visit, log, on)
    return render(
        request,
        "log_month.html",
        session=visit.session,
        digest=found,
        first=first,
        before=month_from(first, -1),
        after=month_from(first, 1),
        heads=act_heads(visit.site.calendar(visit.asker.language).words),
        role_name=wording.role_name,
        shown=SHOWN,
    )


@router.get("/month/file.csv")
def save_month(visit: SignedIn, log: AccessLog, on: str = "") -> Response:
    """The whole month as a table file."""
    first, found = _month(visit, log, on)
    text = io.StringIO()
    words = visit.site.calendar(visit.asker.language).words
    csv.writer(text).writerows(month_rows(found, words))
    # With a byte order mark, or spreadsheets misread the letters.
    page = Response(text.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8")
    page.headers["Cache-Control"] = "no-store"
    page.headers["Content-Disposition"] = f'attachment; filename="matthan-log-{first:%Y-%m}.csv"'
    return page


def _month(visit: Visit, log: LogService, on: str) -> tuple[date, LogDigest]:
    calendar = visit.site.calendar(visit.asker.language)
    first = month_of(on, today(calendar))
    since_utc_us, until_utc_us = (
        midnight(day, calendar.zone) for day in (first, month_from(first, 1))
    )
    found = log.digest(
        visit.asker, since_utc_us=since_utc_us, until_utc_us=until_utc_us, name=f"{first:%Y-%m}"
    )
    if found is None:
        raise HTTPException(404)
    return first, found


def act_heads(words: Messages) -> list[tuple[Act, str]]:
    """Counted categories of acts, in the order of the columns."""
    say = words.say
    return [
        (Act.LOOK, say("Looks")),
        (Act.SEARCH, say("Searches")),
        (Act.EXPORT, say("Exports")),
        (Act.ANSWER, say("Alerts answered")),
        (Act.CHANGE, say("Changes")),
        (Act.REFUSED, say("Refused")),
    ]


def month_rows(found: LogDigest, words: Messages) -> list[list[str]]:
    """The summary as one table, people first."""
    say, heads = words.say, act_heads(words)
    rows = [
        [
            say("Part"),
            say("Person or camera"),
            say("Role"),
            *(head for _, head in heads),
            say("Cameras / people"),
        ]
    ]
    for one in found.people:
        role = wording.role_name(one.role, words) if one.role else ""
        counts = [str(one.counts.get(act, 0)) for act, _ in heads]
        name = one.name or say("the hub")
        rows.append([say("Person"), name, role, *counts, str(one.cameras)])
    for camera in found.cameras:
        counts = [str(camera.counts.get(act, 0)) for act, _ in heads]
        rows.append([say("Camera"), camera.label, "", *counts, str(camera.people)])
    return [[harmless(cell) for cell in row] for row in rows]


def entry(
    line: LogLine,
    calendar: Calendar,
    known: Mapping[str, str],
    detail_of: Callable[[str, str, str], str],
) -> LogEntry:
    """A line as text; `known` are the texts of acts, `detail_of` tells those of details."""
    words = calendar.words
    is_shell = line.came_from == SHELL.came_from
    of = line.object_name
    if line.object_utc_us is not None:
        of = f"{of} · {calendar.full(line.object_utc_us)}"
    return LogEntry(
        time=calendar.full(line.at_utc_us),
        who=line.who or words.say("the hub"),
        role=wording.role_name(line.role, words) if line.role else "",
        what=act_words(line.act, words, known),
        act=line.act,
        of=of,
        why=detail_of(line.act, line.detail, line.data),
        came_from=words.say("the keeper's shell") if is_shell else line.came_from,
        is_refused=line.act.endswith(REFUSED),
    )


def _key(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise HTTPException(404) from error


def details(words: Messages) -> dict[str, str]:
    """Texts of the details in the log, by code."""
    say = words.say
    return {
        "plain": "%(text)s",
        "backup.into": say("into %(name)s"),
        "backup.with_footage": say("into %(name)s, with footage"),
        "backup.restored": say("a backup of %(at)s"),
        "keys.by_another_master_key": say("by another master key: %(names)s"),
        "months.dropped": say("%(name)s of %(month)s"),
        "log.lines": say("%(n)s lines"),
        "log.lines_and_refreshes": say("%(n)s lines, refreshes too"),
        "log.looks": say("%(n)s lines, looks only"),
        "log.looks_and_refreshes": say("%(n)s lines, looks only, refreshes too"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of this page's acts, and of acts of the hub itself, which belong to no capability."""
    say = words.say
    return {
        "log.open": say("read the log"),
        "log.digest": say("read a month of the log"),
        "hub.backup": say("a backup of the hub was made"),
        "hub.backup_key": say("the key that encrypts the backups was set"),
        "hub.restore": say("the hub was restored from a backup"),
        "months.drop": say("a month of old records was removed"),
        "hub.seal_keys": say("the hub's keys were sealed in its database"),
    }
