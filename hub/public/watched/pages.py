"""Public page: watched areas, purpose, responsible office, retention, contact."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hub.base.text.normalize import fold
from hub.footage.retention.rules import FootageClass
from hub.public.watched.queries import PublicRetention, PublicService
from hub.public.watched.sketch import sketch
from hub.web.i18n import Messages, words
from hub.web.rendering import PublicWords, language_of, render, site_of
from hub.web.services import service

router = APIRouter(prefix="/watched")

Public = Annotated[PublicService, service(PublicService)]

MOST_SHOWN: Final = 2000


@router.get("")
def show_watched(
    request: Request, public: Public, find: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """The page, for anybody; no log line, because it shows no personal data. A name or place
    filters."""
    site = site_of(request)
    language = language_of(request, None)
    speech = words(language)
    areas = [one for one in public.watched() if fold(find) in fold(one.place)]
    return render(
        request,
        "watched.html",
        session=None,
        areas=[(one, [_sentence(kept, speech) for kept in one.kept]) for one in areas[:MOST_SHOWN]],
        more=max(0, len(areas) - MOST_SHOWN),
        cameras=sum(one.cameras for one in areas),
        find=find,
        sketch=sketch(areas[:MOST_SHOWN]),
        said=site.settings.public_words.get(language, PublicWords()),
    )


def _sentence(kept: PublicRetention, speech: Messages) -> str:
    what = (
        speech.say("Footage of alerts")
        if kept.footage_class is FootageClass.ALERT
        else speech.say("All other footage")
    )
    how_long = speech.say("kept for good")
    if kept.days is not None:
        days = speech.count("kept for %(n)d day", "kept for %(n)d days", kept.days)
        how_long = days % {"n": kept.days}
    return f"{what}: {how_long}. {kept.reason}".rstrip()
