"""What one process of the hub has: database, keys, stores, clients, clocks."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import cached_property, partial
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent.wire.answers import SendExplanation, ShowLive
from hub.access.passwords import Passwords
from hub.access.signin.provider_port import OpenIdProvider
from hub.access.signin.views import DEFAULT_LIMITS, SessionLimits
from hub.alerting.alerts.rules.grouping import Policy
from hub.app import enrolment, households, keys, provider, stores
from hub.app.channels import channels, private_hosts
from hub.app.clocks import opening
from hub.app.config import HubSettings
from hub.app.evidence import packer
from hub.base.audit.acting import Acting
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.processes.broadcast import Broadcast
from hub.base.secret_store.store import SecretStore
from hub.base.storage.blobs import Blobs
from hub.base.storage.partial_files import PartialFiles
from hub.cases.evidence.keys import proof_signer
from hub.cases.evidence.service import ExportService
from hub.footage.growing.clips import protect
from hub.footage.live.views import LEASE_S, LiveViews
from hub.footage.transcoding.ahead import CopyQueue
from hub.footage.transcoding.proxies import Proxies
from hub.footage.upload.service import Uploads
from hub.intake.mqtt.revocation import Revocation
from hub.nodes.enrolment.port import Enrolling
from hub.nodes.explanations.asked import MOST_BYTES, WAITS_S, AskedExplanations
from hub.nodes.pki.upload_tokens import UploadTokens
from hub.nodes.releases import bundles
from hub.nodes.releases.upload import MOST_AT_ONCE
from hub.notify.channels.descriptor import ChannelTools
from hub.notify.channels.port import Channel
from hub.notify.channels.post import new_client
from hub.notify.channels.reach import PrivateHosts
from hub.notify.channels.webpush import VapidSigner, WebPush
from hub.places.map.ground import MapFiles
from hub.public.data_requests.views import AnswerSettings
from hub.public.households.case_material import HouseholdMaterial
from hub.public.households.port import HouseholdServices
from hub.public.tips.retention import TipSpans
from hub.public.tips.sealing import SealBox
from hub.registry.registry import node_by_name
from hub.web.rendering import Measures, Pack

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


class Resources:
    """What one process has. Each is made from the settings when it is first used; None: the hub is
    without it. StartRefusedError if it cannot be made.

    To replace one, set it before it is used: `stores.clock = HandClock()`.
    """

    def __init__(
        self, settings: HubSettings, *, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        """`stopping`: whether the process comes to its end."""
        self.settings = settings
        self.stopping = stopping
        self.change_signal = ChangeSignal()
        self.tell_node: Tell = lambda *_, **__: False
        self.measured: Measures | None = None
        """Metrics of this process for Prometheus."""
        self._opened = AsyncExitStack()

    async def close(self) -> None:
        """Release what was made here, the last first. What was set is its owner's."""
        await self._opened.aclose()

    # Database, keys and clock.

    @cached_property
    def db(self) -> Database:
        """The database, at this program's schema."""
        db = stores.database(self.settings)
        self._opened.callback(db.close)
        return db

    @cached_property
    def secrets(self) -> SecretStore:
        """The store of the hub's keys."""
        return keys.secrets(self.settings, self.db)

    @cached_property
    def clocks(self) -> opening.Clocks:
        """The hub's clock, and that of the database server if it counts by that."""
        return opening.clocks(self.settings, self.db)

    @cached_property
    def clock(self) -> Clock:
        """The hub's clock."""
        return self.clocks[0]

    @cached_property
    def acting(self) -> Acting:
        """What services open their calls with."""
        return Acting(self.db, clock=self.clock, change_signal=self.change_signal)

    @cached_property
    def tokens(self) -> UploadTokens:
        """Upload tokens of nodes; further keys are derived from theirs."""
        return keys.upload_tokens(self.settings, self.secrets)

    @cached_property
    def verify_token(self) -> Callable[[str], str | None]:
        """Node of an upload token, unless it was revoked since."""
        return self._node_of

    def _node_of(self, token: str) -> str | None:
        name = self.tokens.verify(token, self.clock.now())
        if name is None:
            return None
        with self.db.reading() as conn:
            node = node_by_name(conn, name)
        return None if node is None or node.is_revoked else name

    @cached_property
    def _seal_box(self) -> SealBox | None:
        return keys.tip_box(self.settings, self.db, self.secrets)

    @cached_property
    def tip_box(self) -> SealBox | None:
        """Encrypts senders of tips."""
        return self._seal_box if self.settings.tips.accepted else None

    @cached_property
    def tip_spans(self) -> TipSpans:
        """How long tips and their senders are kept."""
        return TipSpans(self.settings.tips.contact_days, self.settings.tips.keep_days)

    @cached_property
    def request_box(self) -> SealBox | None:
        """Encrypts senders of data requests."""
        return self._seal_box if self.settings.petitions.accepted else None

    @cached_property
    def office(self) -> AnswerSettings | None:
        """How data requests are answered."""
        said = self.settings.petitions
        return said.answers(ZoneInfo(self.settings.web.time_zone)) if said.accepted else None

    @cached_property
    def household_box(self) -> SealBox | None:
        """Encrypts names and contacts of households."""
        return keys.household_box(self.settings, self.secrets)

    # Stores of files.

    @cached_property
    def blobs(self) -> Blobs:
        """The clip store."""
        return stores.blobs(self.settings)

    @cached_property
    def _stores(self) -> stores.Stores:
        return stores.Stores(self.db, self.blobs, self.clock)

    @cached_property
    def parts(self) -> PartialFiles:
        """Partial files of nodes' uploads."""
        parts = stores.parts(self.settings, "parts", self._stores)
        protect(parts, self.db)  # also for the chores of a process without pages
        return parts

    @cached_property
    def proxies(self) -> Proxies:
        """Copies of clips for browsers that cannot play the original."""
        return stores.proxies(self.settings)

    @cached_property
    def copies(self) -> CopyQueue:
        """Makes these copies."""
        return CopyQueue(self.db, blobs=self.blobs, proxies=self.proxies)

    @cached_property
    def policy(self) -> Policy:
        """Which sightings raise and join alerts."""
        return self.settings.alerts.policy()

    @cached_property
    def uploads(self) -> Uploads:
        """Uploads of nodes, for a process with pages."""
        return Uploads(
            self.db,
            blobs=self.blobs,
            parts=self.parts,
            clock=self.clock,
            change_signal=self.change_signal,
            policy=self.policy,
            clip_stored=self.copies.offer,
            short_bytes=stores.short_bytes(self.settings.store.media_folder),
        )

    @cached_property
    def bundle_parts(self) -> PartialFiles | None:
        """Partial files of program bundles; None: the hub takes none by a page."""
        return stores.parts(self.settings, "bundles", self._stores, most=MOST_AT_ONCE)

    @cached_property
    def update_key(self) -> Callable[[], Ed25519PublicKey | None]:
        """Reads the key that program bundles are signed with."""
        return bundles.update_key

    @cached_property
    def map_files(self) -> MapFiles:
        """The background of the map."""
        return stores.map_files(self.settings, self.db, self.blobs)

    @cached_property
    def pack(self) -> Pack | None:
        """Makes evidence packages."""
        exports = ExportService(self.acting, blobs=self.blobs, material=HouseholdMaterial())
        return packer(self.settings, exports, self.secrets)

    @cached_property
    def sign(self) -> Callable[[bytes], tuple[bytes, str]] | None:
        """Signs a proof with the evidence key: signature, and certificate as PEM."""
        return proof_signer(self.settings.secrets.folder, self.clock, self.secrets)

    # People.

    @cached_property
    def passwords(self) -> Passwords:
        """Hashes passwords."""
        return Passwords()

    @cached_property
    def limits(self) -> SessionLimits:
        """Limits of sessions."""
        return DEFAULT_LIMITS

    @cached_property
    def provider(self) -> OpenIdProvider | None:
        """The OpenID provider."""
        made = provider.provider(
            self.settings,
            lambda: self.clock.now().utc_us / 1e6,
            redirect_key=self.tokens.key_for("redirects"),
        )
        if made:
            self._opened.callback(made.close)
        return made

    # Messages to people.

    @cached_property
    def client(self) -> httpx.AsyncClient:
        """For addresses that the keeper set."""
        client = new_client(private=private_hosts(self.settings))
        self._opened.push_async_callback(client.aclose)
        return client

    @cached_property
    def push_signer(self) -> VapidSigner:
        """Signs pushes."""
        key = keys.push_key(self.settings, self.secrets)
        return VapidSigner(key, subject=self.settings.push.subject, clock=self.clock)

    @cached_property
    def webpush(self) -> WebPush:
        """Web Push, with a client of its own for addresses that phones register."""
        client = new_client(private=PrivateHosts(all_of_them=self.settings.push.allows_local))
        self._opened.push_async_callback(client.aclose)
        return WebPush(signer=self.push_signer, client=client)

    @cached_property
    def channels(self) -> Mapping[str, Channel]:
        """All channels, by name."""
        tools = ChannelTools(
            public_url=self.settings.web.public_url,
            client=self.client,
            webpush=self.webpush,
            private=private_hosts(self.settings),
            clock=self.clock,
            secrets=self.secrets,
        )
        return channels(self.settings, tools)

    @cached_property
    def households(self) -> HouseholdServices | None:
        """Services for households."""
        return households.build(
            self.settings,
            self.db,
            blobs=self.blobs,
            clock=self.clock,
            channels=self.channels,
            secrets=self.secrets,
        )

    # Nodes.

    @cached_property
    def _enrolment(self) -> tuple[Enrolling, Revocation] | None:
        made = enrolment.build(self.settings, self.db, self.clock, self.secrets)
        if made:
            self._opened.callback(made[1].stop)
        return made

    @cached_property
    def enrolling(self) -> Enrolling | None:
        """Enrols nodes; None: the authority's key is elsewhere."""
        return self._enrolment[0] if self._enrolment else None

    @cached_property
    def revocation(self) -> Revocation | None:
        """Shuts nodes out; None: the authority's key is elsewhere."""
        return self._enrolment[1] if self._enrolment else None

    @cached_property
    def broadcast(self) -> Broadcast | None:
        """Sends to the other processes with pages; None: there are none."""
        if not self.db.is_shared:
            return None
        return Broadcast(self.db, CHANNEL, self.tokens.key_for("broadcast"))

    @cached_property
    def live_views(self) -> LiveViews:
        """Live views; where several processes may have pages, connected with theirs."""

        def say(node: str, words: ShowLive) -> bool:
            return self.tell_node(node, words, expires_s=LEASE_S)

        if self.broadcast is None:
            return LiveViews(say)
        views = LiveViews(
            say,
            tell_others=partial(self.broadcast.say, LIVE),
            least_number=lambda: self.clock.now().utc_us // 1000,
        )
        self.broadcast.hear(LIVE, views.hear, most_bytes=LIVE_BYTES)
        return views

    @cached_property
    def explanations(self) -> AskedExplanations:
        """Requested explanations, likewise."""

        def ask(node: str, command_id: UUID, words: SendExplanation) -> bool:
            return self.tell_node(node, words, expires_s=round(WAITS_S), command_id=command_id)

        if self.broadcast is None:
            return AskedExplanations(ask)
        asked = AskedExplanations(ask, tell_others=partial(self.broadcast.say, EXPLANATIONS))
        self.broadcast.hear(EXPLANATIONS, asked.hear, most_bytes=EXPLANATION_BYTES)
        return asked
