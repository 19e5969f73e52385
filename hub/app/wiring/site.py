"""Wiring of the pages: all services, live views, and the web application."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from fastapi import FastAPI

from agent.wire.answers import SendExplanation, ShowLive
from hub.access.oidc.provider import OidcProvider
from hub.access.passwords import Passwords
from hub.access.signin.accounts import Accounts
from hub.app.config import HubSettings, PublicSection
from hub.app.features import FEATURES
from hub.app.web.create_app import WebSettings, create_app
from hub.app.web.services import Resources, make_services
from hub.app.wiring import resources
from hub.app.wiring.data_requests import office
from hub.app.wiring.evidence import packer, proof_signer
from hub.app.wiring.metrics import Measured, token
from hub.app.wiring.policy import policy
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.processes.broadcast import Broadcast
from hub.base.secret_store.store import SecretStore
from hub.base.storage.blobs import Blobs
from hub.base.storage.partial_files import PartialFiles
from hub.cases.evidence.service import ExportService
from hub.console.accounts.service import AccountService
from hub.footage.growing.clips import GrowingClips
from hub.footage.live.leases import LiveLeases
from hub.footage.live.service import LiveService
from hub.footage.live.views import LEASE_S, LiveViews
from hub.footage.transcoding.ahead import CopyQueue
from hub.footage.transcoding.proxies import Proxies
from hub.footage.upload.service import Uploads
from hub.nodes.enrolment.port import Enrolling
from hub.nodes.explanations.asked import MOST_BYTES, WAITS_S, AskedExplanations
from hub.nodes.pki.upload_tokens import UploadTokens
from hub.nodes.releases.upload import MOST_AT_ONCE
from hub.public.households.port import HouseholdServices
from hub.public.tips.retention import TipSpans
from hub.registry.registry import node_by_name
from hub.web.rendering import Measures, PublicWords
from hub.web.services import Services

CHANNEL: Final = "matthan_live"
"""PostgreSQL channel by which processes with pages send each other values that no table holds: live
views and explanations, by these topics."""
LIVE: Final = "live"
EXPLANATIONS: Final = "explanations"
LIVE_BYTES: Final = 90_000
EXPLANATION_BYTES: Final = MOST_BYTES + 4096
"""Largest messages on these topics: a picture or a page, and the words with it."""
Tell = Callable[..., bool]
"""Sends a command to a node (`node, wanted, expires_s=, command_id=`); False if nobody can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteParts:
    """The parts that the pages need."""

    settings: HubSettings
    db: Database
    clock: Clock
    change_signal: ChangeSignal
    blobs: Blobs
    proxies: Proxies
    copies: CopyQueue
    partial: PartialFiles
    secrets: SecretStore
    tokens: UploadTokens
    push_public_key: str
    notice_channels: tuple[str, ...]
    enrolling: Enrolling | None
    households: HouseholdServices | None
    provider: OidcProvider | None
    measured: Callable[[Callable[[], FastAPI]], Measured]
    tell: Tell
    stopping: Callable[[], bool]


def make_site(parts: SiteParts) -> tuple[FastAPI, LiveLeases]:
    """The web application, and the task that ends live views."""
    settings, tokens = parts.settings, parts.tokens
    uploads = Uploads(
        parts.db,
        blobs=parts.blobs,
        parts=parts.partial,
        clock=parts.clock,
        change_signal=parts.change_signal,
        policy=policy(settings.alerts),
        clip_stored=parts.copies.offer,
        short_bytes=resources.short_bytes(settings.store.media_folder),
    )
    words = None  # between several processes with pages
    if parts.db.is_shared:
        words = Broadcast(parts.db, CHANNEL, tokens.key_for("broadcast"))
    services = _services(parts, uploads.growing, words)
    live = _live(parts, services, words)
    app = create_app(
        FEATURES,
        services=services,
        measured=Measures(token(settings, parts.secrets), parts.measured(lambda: app).text),
        pack=packer(settings, services.use(ExportService), parts.secrets),
        accounts=Accounts(
            parts.db,
            passwords=Passwords(),
            clock=parts.clock,
            passkey_key=tokens.key_for("passkeys"),
            cookie_key=tokens.key_for("cookies"),
        ),
        uploads=uploads,
        change_signal=parts.change_signal,
        verify_token=lambda said: _node_of(parts, said),
        settings=_web_settings(parts),
        stopping=parts.stopping,
        households=parts.households,
        sign=proof_signer(settings, parts.clock, parts.secrets),
        enrolling=parts.enrolling,
        live_leases=live,
        provider=parts.provider,
    )
    return app, live


def _live(parts: SiteParts, services: Services, words: Broadcast | None) -> LiveLeases:
    """Live views; where several processes may have pages, connected with theirs."""
    service, closings = services.use(LiveService), services.use(AccountService).hear_closings

    def say(node: str, words: ShowLive) -> bool:
        return parts.tell(node, words, expires_s=LEASE_S)

    if words is None:
        return LiveLeases(service, closings, LiveViews(say))
    views = LiveViews(
        say,
        tell_others=partial(words.say, LIVE),
        least_number=lambda: parts.clock.now().utc_us // 1000,
    )
    words.hear(LIVE, views.hear, most_bytes=LIVE_BYTES)
    return LiveLeases(service, closings, views, words=words)


def tip_spans(settings: HubSettings) -> TipSpans:
    """How long tips and their senders are kept."""
    return TipSpans(settings.tips.contact_days, settings.tips.keep_days)


def _services(parts: SiteParts, growing: GrowingClips, words: Broadcast | None) -> Services:
    settings = parts.settings
    box = resources.tip_box(settings, parts.db, parts.secrets)
    takes_petitions = settings.petitions.accepted

    def ask(node: str, command_id: UUID, words: SendExplanation) -> bool:
        return parts.tell(node, words, expires_s=round(WAITS_S), command_id=command_id)

    stores = resources.Stores(parts.db, parts.blobs, parts.clock)
    services = make_services(
        Resources(
            db=parts.db,
            clock=parts.clock,
            change_signal=parts.change_signal,
            blobs=parts.blobs,
            proxies=parts.proxies,
            copies=parts.copies,
            growing=growing,
            tip_box=box if settings.tips.accepted else None,
            tip_spans=tip_spans(settings),
            petition_box=box if takes_petitions else None,
            office=office(settings) if takes_petitions else None,
            household_box=resources.household_box(settings, parts.secrets),
            bundle_parts=resources.parts(settings, "bundles", stores, most=MOST_AT_ONCE),
            tell_node=ask,
            tell_processes=partial(words.say, EXPLANATIONS) if words else None,
        )
    )
    if words:
        hear = services.use(AskedExplanations).hear
        words.hear(EXPLANATIONS, hear, most_bytes=EXPLANATION_BYTES)
    return services.and_those([resources.map_files(settings, parts.db, parts.blobs)])


def _web_settings(parts: SiteParts) -> WebSettings:
    web = parts.settings.web
    return WebSettings(
        public_url=web.public_url,
        push_public_key=parts.push_public_key,
        now=lambda: parts.clock.now().utc_us,
        time_zone=web.time_zone,
        notice_channels=parts.notice_channels,
        map_folder=resources.map_folder(parts.settings),
        allows_local_push=parts.settings.push.allows_local,
        public_words=_public_words(parts.settings.public),
    )


def _node_of(parts: SiteParts, said: str) -> str | None:
    """Node of this upload token, unless it was revoked since."""
    name = parts.tokens.verify(said, parts.clock.now())
    if name is None:
        return None
    with parts.db.reading() as conn:
        node = node_by_name(conn, name)
    return None if node is None or node.is_revoked else name


def _public_words(said: PublicSection) -> dict[str, PublicWords]:
    """Public texts, by language."""
    return {
        "vi": PublicWords(said.by_vi, said.purpose_vi, said.contact_vi),
        "en": PublicWords(said.by_en, said.purpose_en, said.contact_en),
    }
