"""What every route shares: the rooms it may ask, the settings, and how a page is rendered."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hub.store.accounts import Accounts, Session
from hub.store.bell import Bell
from hub.store.bundle_desk import BundleDesk
from hub.store.case_door import CaseDoor
from hub.store.door import Door
from hub.store.map_files import MapFiles
from hub.store.passkey_checks import party_of
from hub.store.petition_desk import PetitionDesk
from hub.store.petition_door import PetitionDoor
from hub.store.petition_eraser import PetitionEraser
from hub.store.tip_desk import TipDesk
from hub.store.tip_door import TipDoor
from hub.store.uploads import Uploads
from hub.store.views import Asker
from hub.web import footage, sentences, tellings
from hub.web.enrolling import Enrolling
from hub.web.household_room import HouseholdRoom
from hub.web.live_round import LiveRound
from hub.web.providing import OpenIdProvider
from hub.web.room import RoomWord
from hub.web.watching import Watching
from hub.web.when import Calendar
from hub.web.words import LANGUAGES, asked_language, script_catalog_json, words

STATIC_FOLDER: Final = Path(__file__).parent / "static"

LANGUAGE_COOKIE: Final = "language"
THEME_COOKIE: Final = "theme"
THEMES: Final = ("auto", "dark", "light")


@dataclass(frozen=True, slots=True)
class PublicWords:
    """What the keeper says to everyone, in the reader's language; empty: not said yet."""

    watched_by: str = ""
    purpose: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What a technician decides about the pages. `now` (microseconds UTC) is for their clock."""

    public_url: str
    """The address officers use, such as https://matthan.example; https turns HSTS on."""
    push_public_key: str
    """The VAPID public key, base64url without padding: browsers subscribe with it."""
    now: Callable[[], int]
    time_zone: str = "Asia/Ho_Chi_Minh"
    max_upload_bytes: int = 512 * 2**20
    keepalive_s: float = 15.0
    """A live page hears at least a comment this often, or takes the line for dead."""
    notice_channels: tuple[str, ...] = ()
    """By which channels notices to people may go."""
    map_folder: Path | None = None
    """Where the ground of the map lies; None: it is blank."""
    public_words: Mapping[str, PublicWords] = field(default_factory=dict)
    """What the keeper says to everyone, by language."""
    allows_local_push: bool = False
    """Accept push services on this machine or network: for rehearsals, never in service."""

    @property
    def is_https(self) -> bool:
        """Whether officers come over TLS."""
        return urlsplit(self.public_url).scheme == "https"


def _version(folder: Path) -> str:
    """A name for the static files as they are: part of their address, so they may be kept."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(file.relative_to(folder)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _modules() -> list[str]:
    """What `app.js` imports: asked for at once, not one after another over a slow line."""
    scripts = {path.name for path in (STATIC_FOLDER / "js").glob("*.js")}
    own = {"app.js", "offline.js", "passkeys.js", "map.js", "find.js", "moment.js", "here.js"}
    return sorted(scripts - own - {"hide.js", "liveview.js", "aim.js", "pieces.js"})


def _templates(language: str) -> Environment:
    """One environment a language: a template keeps the words it was loaded with."""
    environment = Environment(
        loader=PackageLoader("hub.web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    speech = words(language)
    environment.globals.update(
        _=speech.say,
        count=speech.count,
        words=speech,
        script_words=Markup(script_catalog_json(language)),  # noqa: S704  made safe for HTML there
        modules=_modules(),
        sentences=sentences,
        footage=footage.footage,
        told=tellings.told,
    )
    return environment


def _all_templates() -> Mapping[str, Environment]:
    return {language: _templates(language) for language in LANGUAGES}


Pack = Callable[[Asker, Sequence[UUID], str, str, Sequence[bytes]], Path | None]
"""Who asks, which footage, for which case, why, and what copies hide: where the package is; None
where they may not."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Numbers for Prometheus: what one must say, and what one is told."""

    token: str
    text: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Site:
    """The hub as the routes see it."""

    door: Door
    live_round: LiveRound
    cases: CaseDoor
    accounts: Accounts
    uploads: Uploads
    bell: Bell
    verify_token: Callable[[str], str | None]
    """An upload token → the node it was given to, while it holds."""
    stopping: Callable[[], bool]
    settings: WebSettings
    enrolling: Enrolling | None = None
    """None: the authority's key is elsewhere, and nodes get their papers by hand."""
    tip_desk: TipDesk | None = None
    """Where tips come in; None where the hub takes none."""
    tip_door: TipDoor | None = None
    households: HouseholdRoom | None = None
    """Households that agreed to be asked; None where none are."""
    petition_desk: PetitionDesk | None = None
    """Where persons concerned ask about data of theirs; None where the hub takes no requests."""
    petition_door: PetitionDoor | None = None
    eraser: PetitionEraser | None = None
    """Deletes what a granted request asks for."""
    sign: Callable[[bytes], tuple[bytes, str]] | None = None
    """Signs a proof with the hub's evidence key: the signature, and the certificate as PEM."""
    pack: Pack | None = None
    """Makes an evidence package; None where nothing can leave by a page."""
    measured: Measures | None = None
    """Numbers for Prometheus; None where nobody may ask."""
    says_too_much: Callable[[str], int] = lambda _node: 0
    """How many messages of a node had to wait lately, because it says more than it may."""
    provider: OpenIdProvider | None = None
    """Another way to sign in; None: there is none."""
    bundle_desk: BundleDesk | None = None
    """Where keepers bring programs of camera boxes; None: by command alone."""
    version: str = field(default_factory=lambda: _version(STATIC_FOLDER))
    room: RoomWord = field(default_factory=RoomWord)
    templates: Mapping[str, Environment] = field(default_factory=_all_templates)

    @property
    def watching(self) -> Watching:
        """Who watches which camera now."""
        return self.live_round.watching

    @property
    def map_files(self) -> MapFiles:
        """What lies under the cameras of the map."""
        return MapFiles(self.settings.map_folder or Path("/nowhere"))

    def calendar(self, language: str) -> Calendar:
        """The calendar of a reader, at this moment."""
        zone = ZoneInfo(self.settings.time_zone)
        return Calendar(zone=zone, words=words(language), now_utc_us=self.settings.now())


def site_of(request: Request) -> Site:
    """The site this request came to."""
    site: Site = request.app.state.site
    return site


def language_of(request: Request, session: Session | None) -> str:
    """The officer's own language; before signing in, the one chosen here or asked for."""
    if session is not None:
        return session.asker.language
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else asked_language(_accept_language(request))


def _accept_language(request: Request) -> str:
    return request.headers.get("accept-language", "")


def render(
    request: Request,
    template: str,
    *,
    session: Session | None,
    status_code: int = 200,
    **values: Any,
) -> HTMLResponse:
    """A page in the reader's language, theme and time. Never kept by any cache."""
    site = site_of(request)
    calendar = site.calendar(language_of(request, session))
    choice = request.cookies.get(THEME_COOKIE, "auto")
    choice = choice if choice in THEMES else "auto"
    after_dusk = "dark" if calendar.is_dark() else "light"
    html = (
        site.templates[calendar.words.language]
        .get_template(template)
        .render(
            static=f"/static/{site.version}",
            calendar=calendar,
            theme=after_dusk if choice == "auto" else choice,
            theme_choice=choice,
            zone=site.settings.time_zone,
            session=session,
            asker=session.asker if session else None,
            csrf=session.csrf if session else "",
            path=request.url.path,
            takes_tips=site.tip_desk is not None,
            asks_households=site.households is not None,
            provider=site.provider,
            takes_petitions=site.petition_desk is not None,
            has_passkeys=party_of(site.settings.public_url) is not None,
            **values,
        )
    )
    return HTMLResponse(html, status_code=status_code, headers={"Cache-Control": "no-store"})
