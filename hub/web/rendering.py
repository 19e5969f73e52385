"""Helpers of every route: services, settings, and rendering of pages."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hub.base.audit.asker import Asker
from hub.base.change_signal import ChangeSignal
from hub.web.calendar import Calendar
from hub.web.i18n import LANGUAGES, Messages, asked_language, script_catalog_json, words
from hub.web.navigation import Navigation, NavLink, Standing, navigation
from hub.web.origin import party_of
from hub.web.services import Services
from hub.web.session import Session
from hub.web.storage_notice import StorageNotice
from hub.web.styles.stylesheet import stylesheet

STATIC_FOLDER: Final = Path(__file__).parent / "static"

LANGUAGE_COOKIE: Final = "language"
THEME_COOKIE: Final = "theme"
THEMES: Final = ("auto", "dark", "light")


@dataclass(frozen=True, slots=True)
class PublicWords:
    """Public text of the keeper in the reader's language; empty if it is not written yet."""

    watched_by: str = ""
    purpose: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Settings of the pages. `now` (microseconds UTC) is their clock."""

    public_url: str
    """Address used by officers, such as https://matthan.example; https turns HSTS on."""
    push_public_key: str
    """VAPID public key, base64url without padding: browsers subscribe with it."""
    now: Callable[[], int]
    time_zone: str = "Asia/Ho_Chi_Minh"
    max_upload_bytes: int = 512 * 2**20
    keepalive_s: float = 15.0
    """A live page hears a beat at least this often. After 25 s without one it says that the line is
    lost, and asks again."""
    notice_channels: tuple[str, ...] = ()
    """Channels for public notices."""
    public_words: Mapping[str, PublicWords] = field(default_factory=dict)
    """Public texts, by language."""
    allows_local_push: bool = False
    """Accept push services on this machine or network: for tests, never in service."""

    @property
    def is_https(self) -> bool:
        """True if officers connect by TLS."""
        return urlsplit(self.public_url).scheme == "https"


_IMPORT: Final = re.compile(r'from "\./(\w+\.js)";')
"""A static import; `import(…)` on demand has no `from`."""


@cache
def _version(folder: Path) -> str:
    """Version of the static files: part of their address, so that they can be cached."""
    digest = hashlib.sha256(stylesheet())
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(file.relative_to(folder)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _modules() -> list[str]:
    """Modules that `app.js` imports at its start: loaded at once, not one after the other on a slow
    line."""
    found: set[str] = set()
    waiting = ["app.js"]
    while waiting:
        text = (STATIC_FOLDER / "js" / waiting.pop()).read_text(encoding="utf-8")
        new = set(_IMPORT.findall(text)) - found
        found |= new
        waiting += new
    return sorted(found)


def _inbox_scripts() -> tuple[str, ...]:
    """Scripts of the inbox: it is opened most, and carries no words of other pages' scripts."""
    return (*_modules(), "search.js", "bulk.js")


def environment(language: str, packages: Iterable[str], names: Mapping[str, object]) -> Environment:
    """One environment per language: a template keeps the texts it was loaded with. `packages` have
    templates too, and `names` are for all templates."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(one) for one in ("hub.web", *packages)]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    speech = words(language)
    made.globals.update(
        _=speech.say,
        count=speech.count,
        words=speech,
        script_words=Markup(script_catalog_json(language)),  # noqa: S704  made safe for HTML there
        inbox_words=Markup(script_catalog_json(language, _inbox_scripts())),  # noqa: S704  likewise
        modules=_modules(),
        **names,
    )
    return made


Pack = Callable[[Asker, Sequence[UUID], str, str, Sequence[bytes]], tuple[str, BinaryIO] | None]
"""Asker, footage, case, reason, and redaction plans: name and content of the package; None without
the right."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Prometheus metrics: the required token, and the content."""

    token: str
    text: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Site:
    """The application as seen by routes."""

    services: Services
    change_signal: ChangeSignal
    verify_token: Callable[[str], str | None]
    """Upload token → its node, while it is valid."""
    stopping: Callable[[], bool]
    settings: WebSettings
    templates: Mapping[str, Environment]
    """By language."""
    acts: Callable[[Messages], Mapping[str, str]]
    """Texts of the acts in the log."""
    details: Callable[[Calendar], Callable[[str, str, str], str]]
    """Text of a line's detail in the log, by its act, detail and data."""
    may: Mapping[str, Callable[[Any], bool]]
    """Whether a visit is shown a link to a capability, by name; see `hub.web.feature`."""
    shown: Mapping[str, object]
    """Values for every template, by name."""
    panels: Mapping[str, Sequence[Callable[[Any, UUID], Mapping[str, object]]]]
    """Parts of a page that other capabilities give, by the page's name."""
    links: Sequence[NavLink]
    """Links to the pages that this hub has."""
    shortcuts: Sequence[NavLink]
    """Acts, for the search of everything."""
    standing: Callable[[Asker], Standing]
    """Facts that decide which of them a person is shown."""
    sign: Callable[[bytes], tuple[bytes, str]] | None = None
    """Signs a proof with the hub's evidence key: signature, and certificate as PEM."""
    pack: Pack | None = None
    """Makes an evidence package; None if pages cannot export."""
    measured: Measures | None = None
    """Prometheus metrics; None if switched off."""
    version: str = field(default_factory=lambda: _version(STATIC_FOLDER))
    storage_notice: StorageNotice = field(default_factory=StorageNotice)

    def waiting(self, asker: Asker) -> dict[str, int]:
        """Numbers of waiting things, by the addresses of the navigation (`Navigation.waiting`)."""
        return navigation(self.links, self.standing(asker), "", words(asker.language)).waiting

    def calendar(self, language: str) -> Calendar:
        """Calendar of a reader, at this moment."""
        zone = ZoneInfo(self.settings.time_zone)
        return Calendar(zone=zone, words=words(language), now_utc_us=self.settings.now())


def site_of(request: Request) -> Site:
    """The site of this request."""
    site: Site = request.app.state.site
    return site


def language_of(request: Request, session: Session | None) -> str:
    """The officer's language; before signing in, the one chosen on this device or requested by the
    browser."""
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
    """A page in the reader's language, theme and time. Never cached."""
    site = site_of(request)
    calendar = site.calendar(language_of(request, session))
    choice = request.cookies.get(THEME_COOKIE, "auto")
    choice = choice if choice in THEMES else "auto"
    after_dusk = "dark" if calendar.is_dark() else "light"

    def links() -> Navigation:
        """Links of the navigation, made only for pages that show one."""
        standing = site.standing(session.asker) if session else Standing("", 0)
        shown = site.links if session else ()
        return navigation(shown, standing, request.url.path, calendar.words)

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
            navigation=links,
            has_passkeys=party_of(site.settings.public_url) is not None,
            **site.shown,
            **values,
        )
    )
    return HTMLResponse(html, status_code=status_code, headers={"Cache-Control": "no-store"})
