"""Search of everything: its page, and the results alone for the script."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hub.access.signin.visit import SignedIn
from hub.access.standing import StandingService
from hub.console.lookup.rules import LEAST_CHARS, MOST_CHARS, Entry, Found, Kind
from hub.console.lookup.service import LookupService
from hub.web.i18n import Messages, words
from hub.web.navigation import part_name
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/search")

Lookup = Annotated[LookupService, service(LookupService)]
Asked = Annotated[str, Query(max_length=MOST_CHARS)]


@router.get("")
def show_search(request: Request, visit: SignedIn, lookup: Lookup, q: Asked = "") -> Response:
    """The search page, with the results for the typed text."""
    return _answer(request, visit, lookup, q, "search.html")


@router.get("/found")
def show_found(request: Request, visit: SignedIn, lookup: Lookup, q: Asked = "") -> Response:
    """The results alone, while somebody types."""
    return _answer(request, visit, lookup, q, "search_found.html")


def _answer(
    request: Request, visit: Visit, lookup: LookupService, asked: str, template: str
) -> Response:
    asked = asked.strip()
    speech = words(visit.asker.language)
    is_long = len(asked) >= LEAST_CHARS
    found: list[Found] = []
    if is_long:
        found = lookup.found(visit.asker, asked, list(_pages(visit, speech)))
    return render(
        request,
        template,
        session=visit.session,
        asked=asked,
        is_long=is_long,
        found=found,
        kind_name={kind: kind_name(kind, speech) for kind in Kind},
        icon_of=ICONS,
    )


ICONS = {
    Kind.CAMERA: "live",
    Kind.PLACE: "pin",
    Kind.NODE: "box",
    Kind.PERSON: "taken",
    Kind.CASE: "case",
    Kind.PAGE: "log",
    Kind.ACT: "go",
}


def _pages(visit: Visit, speech: Messages) -> Iterator[Entry]:
    """Pages of the navigation, and acts, that this person is shown."""
    standing = visit.use(StandingService).standing(visit.asker)
    for kind, links in ((Kind.PAGE, visit.site.links), (Kind.ACT, visit.site.shortcuts)):
        for link in links:
            if link.may(standing):
                about = part_name(link.part, speech)
                yield Entry(kind, link.label(speech), about, link.address)


def kind_name(kind: Kind, words: Messages) -> str:
    """Heading of the results of a kind."""
    say = words.say
    return {
        Kind.CAMERA: say("Cameras"),
        Kind.PLACE: say("Places"),
        Kind.NODE: say("Camera boxes"),
        Kind.PERSON: say("Officers"),
        Kind.CASE: say("Cases"),
        Kind.PAGE: say("Pages"),
        Kind.ACT: say("Things to do"),
    }[kind]


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "lookup.found": say("%(typed)s: %(n)s found"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    return {"lookup.find": words.say("searched for a name")}
