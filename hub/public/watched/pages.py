"""Public page: watched areas, purpose, responsible office, retention, contact."""

from typing import Annotated, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from hub.footage.retention.rules import FootageClass
from hub.public.watched.queries import PublicRetention, PublicService, Watched
from hub.web.i18n import Messages, words
from hub.web.rendering import PublicWords, language_of, render, site_of
from hub.web.services import service

router = APIRouter(prefix="/watched")

Public = Annotated[PublicService, service(PublicService)]

MOST_SHOWN: Final = 2000


@router.get("")
def show_watched(request: Request, public: Public) -> Response:
    """For anybody; no log line, because it shows no personal data."""
    site = site_of(request)
    language = language_of(request, None)
    speech = words(language)
    areas = public.watched()
    return render(
        request,
        "watched.html",
        session=None,
        areas=[(one, [_sentence(kept, speech) for kept in one.kept]) for one in areas[:MOST_SHOWN]],
        more=max(0, len(areas) - MOST_SHOWN),
        cameras=_count(areas),
        said=site.settings.public_words.get(language, PublicWords()),
    )


def _count(areas: list[Watched]) -> int:
    return sum(one.cameras for one in areas)


def _sentence(kept: PublicRetention, speech: Messages) -> str:
    what = (
        speech.say("Footage of alerts")
        if kept.footage_class is FootageClass.ALERT
        else speech.say("All other footage")
    )
    if kept.days is None:
        return f"{what}: {speech.say('kept for good')}. {kept.reason}"
    days = speech.count("kept for %(n)d day", "kept for %(n)d days", kept.days)
    return f"{what}: {days % {'n': kept.days}}. {kept.reason}"
