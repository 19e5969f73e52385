"""Page of silences: their alerts, reasons and ends, and how to end one."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn, own_path
from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.oncall import wording
from hub.alerting.oncall.faults import OnCallError
from hub.alerting.silences.listing import LISTING, SilenceLine
from hub.alerting.silences.rules import NOT_CRITICAL
from hub.alerting.silences.service import NewSilence, SilenceRow, SilenceService
from hub.web.calendar import Calendar
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/silences")

Silences = Annotated[SilenceService, service(SilenceService)]

KINDS: Final = ("", Kind.PERSON, Kind.CROWD)
SPANS_S: Final = (3600, 4 * 3600, 12 * 3600, 86_400, 7 * 86_400, 14 * 86_400)


def lines(rows: list[SilenceRow], calendar: Calendar) -> list[SilenceLine]:
    """Each silence as text."""
    return [_line(row, calendar) for row in rows]


def _line(row: SilenceRow, calendar: Calendar) -> SilenceLine:
    say, silence = calendar.words.say, row.silence
    why = say("three false alarms in a row")
    if row.made_by_name is not None:
        reason = why if silence.is_exact else silence.reason
        told = {"name": row.made_by_name, "reason": reason}
        why = say("%(reason)s (%(name)s)") % told
    hits = ""
    if row.hits and row.last_hit_utc_us is not None:
        told_hits = {"n": row.hits, "time": calendar.clock(row.last_hit_utc_us)}
        hits = (
            calendar.words.count(
                "kept %(n)d sighting quiet, the last at %(time)s",
                "kept %(n)d sightings quiet, the last at %(time)s",
                row.hits,
            )
            % told_hits
        )
    return SilenceLine(
        row=row,
        where=f"{row.camera_label} · {row.place}",
        what=_what(row, calendar.words),
        until=calendar.clock(silence.until_utc_us),
        why=why,
        hits=hits,
    )


def _what(row: SilenceRow, words: Messages) -> str:
    silence = row.silence
    kind = kind_name(silence.kind or "", words)
    if silence.rule is not None and silence.zone is not None:
        return f"{kind} · {_rule_name(silence.rule, words)} · {row.zone_label}"
    if silence.rule == NOT_CRITICAL:
        return f"{kind} · {words.say('without critical alerts')}"
    return kind if silence.zone is None else f"{kind} · {row.zone_label}"


def snooze_reasons(words: Messages) -> list[str]:
    """Reasons that an alert's page offers for a snooze; the chosen text is stored."""
    say = words.say
    return [
        say("We are there"),
        say("A known event"),
        say("Alerts again and again without need"),
    ]


def _rule_name(rule: str, words: Messages) -> str:
    names = {
        "entry": words.say("entry"),
        "loitering": words.say("loitering"),
        "crossing": words.say("crossing a line"),
        "after_hours": words.say("after hours"),
        "group": words.say("many at once"),
    }
    return names.get(rule, rule)


def kind_name(kind: str, words: Messages) -> str:
    """Kind of alert in words."""
    names = {
        "": words.say("all that is seen"),
        Kind.PERSON: words.say("people"),
        Kind.CROWD: words.say("crowds"),
    }
    return names.get(kind, kind)


def span_name(span_s: int, words: Messages) -> str:
    """Length of a silence in hours or days."""
    if span_s < 86_400:
        hours = span_s // 3600
        return words.count("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    days = span_s // 86_400
    return words.count("%(n)d day", "%(n)d days", days) % {"n": days}


@router.get("")
def show_silences(
    request: Request, visit: SignedIn, silences: Silences, camera: str = ""
) -> Response:
    """Silences of cameras one may see; managers of any of them may add one."""
    return _page(request, visit, silences, camera=camera)


def _page(
    request: Request,
    visit: Visit,
    silences: SilenceService,
    *,
    camera: str = "",
    wrong: OnCallError | None = None,
) -> Response:
    calendar = visit.site.calendar(visit.asker.language)
    words = calendar.words
    all_lines = lines(silences.silences(visit.asker), calendar)
    table = LISTING.view(request.query_params)
    return render(
        request,
        "silences.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        lines=LISTING.rows(all_lines, table),
        total=len(all_lines),
        table=table,
        cameras=silences.cameras_to_silence(visit.asker),
        zones=silences.zones_to_silence(visit.asker),
        kinds=[(kind, kind_name(kind, words)) for kind in KINDS],
        spans=[(span_s, span_name(span_s, words)) for span_s in SPANS_S],
        chosen=camera,
        wrong=wording.fault(wrong.fault, words) if wrong else "",
    )


@router.post("")
def add_silence(
    request: Request,
    visit: FormSent,
    silences: Silences,
    camera: Annotated[UUID, Form()],
    span_s: Annotated[int, Form(ge=60, le=31 * 86_400)],
    kind: Annotated[str, Form(max_length=40)] = "",
    zone: Annotated[str, Form(max_length=200)] = "",
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Silence a camera, or a zone or kind on it."""
    if kind not in KINDS:
        raise HTTPException(422)
    new = NewSilence(camera, kind or None, zone.strip() or None, span_s, reason)
    try:
        is_theirs = silences.add_silence(visit.asker, new)
    except OnCallError as error:
        return _page(request, visit, silences, camera=str(camera), wrong=error)
    if not is_theirs:
        raise HTTPException(404)
    return RedirectResponse("/silences", 303)


@router.post("/{silence_id}/end")
def end_silence(
    visit: FormSent,
    silences: Silences,
    silence_id: UUID,
    back: Annotated[str, Form(max_length=200)] = "/silences",
) -> Response:
    """End a silence."""
    if not silences.end_silence(visit.asker, silence_id):
        raise HTTPException(404)
    return RedirectResponse(own_path(back), 303)


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "silences.count": say("%(n)s silences"),
        "silence.already_or_often": say("silenced already, or too often"),
        "silence.not_three_in_a_row": say("not three false alarms in a row"),
        "silence.three_in_a_row": say("three false alarms in a row"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "silences.open": say("read what does not alert"),
        "alert.snooze": say("silenced a camera for an hour from an alert"),
        "alert.mute": say("muted a spot for two weeks after three false alarms"),
        "silence.add": say("silenced alerts"),
        "silence.end": say("ended a silence"),
    }
