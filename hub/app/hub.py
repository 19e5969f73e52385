"""The running hub: intake, notifier and pages, started in order and stopped in reverse."""

import asyncio
import gc
import signal
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Final
from uuid import UUID

import structlog
from fastapi import FastAPI

from agent.wire.answers import SendExplanation, ShowLive
from hub.access.passwords import Passwords
from hub.access.signin.accounts import Accounts
from hub.alerting.monitoring.monitor import LivenessMonitor
from hub.alerting.monitoring.rules.liveness import Thresholds
from hub.app.check import is_hub
from hub.app.config import HubSettings, PublicSection
from hub.app.errors import StartRefusedError
from hub.app.features import FEATURES
from hub.app.housekeeping import Housekeeping
from hub.app.watchdog import Beat, PartWatch
from hub.app.web.create_app import WebSettings, create_app
from hub.app.web.services import Resources, make_services
from hub.app.wiring import chores, delivery, enrolment, households, oidc, resources, shared_clock
from hub.app.wiring.channels import channels
from hub.app.wiring.data_requests import office
from hub.app.wiring.evidence import packer, proof_signer
from hub.app.wiring.metrics import Measured, token
from hub.app.wiring.policy import policy
from hub.base.change_signal import ChangeSignal
from hub.base.processes.change_listener import ChangeListener
from hub.base.processes.lease import CHORES, Lease
from hub.cases.evidence.service import ExportService
from hub.console.accounts.service import AccountService
from hub.footage.growing.clips import GrowingClips
from hub.footage.live.leases import LiveLeases
from hub.footage.live.service import LiveService
from hub.footage.live.views import LEASE_S, LiveViews
from hub.footage.transcoding.ahead import CopyQueue
from hub.footage.upload.service import Uploads
from hub.intake.filing.batch import BatchFiler
from hub.intake.filing.filing import Filing
from hub.intake.mqtt.probe import BrokerRefusedError, context
from hub.intake.presence import PresenceRecorder
from hub.intake.subscriber import BatchWriter, Subscriber
from hub.nodes.explanations.asked import WAITS_S
from hub.nodes.releases.upload import MOST_AT_ONCE
from hub.notify.channels.post import new_client
from hub.notify.channels.webpush import VapidSigner, WebPush
from hub.public.tips.retention import TipSpans
from hub.registry.registry import node_by_name
from hub.web.rendering import Measures, PublicWords
from hub.web.server import Pages
from hub.web.services import Services

log = structlog.get_logger()

_Part = Callable[[asyncio.Event, Beat], Coroutine[Any, Any, None]]

LOOK_S: Final = 0.1
KNOCK_S: Final = 15.0


class Hub:
    """All parts, built but not started; StartRefusedError if one cannot be built."""

    def __init__(self, settings: HubSettings) -> None:
        self._settings = settings
        self._stop = asyncio.Event()
        self._watch = PartWatch()
        self._change_signal = ChangeSignal()
        self._socket = resources.listening_socket(settings)
        self._db = resources.database(settings)
        self._lease = Lease(self._db, CHORES)
        self._tokens = resources.upload_tokens(settings)
        self._blobs = resources.blobs(settings)
        clocks = shared_clock.clocks(settings, self._db)
        self._clock = clocks[0]
        self._proxies = resources.proxies(settings)
        self._copies = CopyQueue(self._db, blobs=self._blobs, proxies=self._proxies)
        self._parts = resources.parts(settings, "parts")
        self._signer = VapidSigner(
            resources.push_key(settings), subject=settings.push.subject, clock=self._clock
        )
        self._intake = self._make_intake()
        self._client = new_client()
        webpush = WebPush(signer=self._signer, client=self._client)
        self._channels = channels(settings, webpush=webpush, client=self._client, clock=self._clock)
        self._delivery = delivery.put_together(
            settings,
            self._db,
            clock=self._clock,
            change_signal=self._change_signal,
            channels=self._channels,
            webpush=webpush,
        )
        self._monitor = self._make_monitor()
        self._clock_watch = shared_clock.watch(
            self._db, clocks, stepped=self._monitor.clock_stepped, lease=self._lease
        )
        self._provider = oidc.provider(
            settings,
            lambda: self._clock.now().utc_us / 1e6,
            redirect_key=self._tokens.key_for("redirects"),
        )
        self._enrolment = enrolment.put_together(settings, self._db, self._clock)
        if self._enrolment:  # a restored backup may have other revocations than the list
            enrolment.write_list(self._enrolment[1])
        self._households = households.put_together(
            settings, self._db, blobs=self._blobs, clock=self._clock, channels=self._channels
        )
        self._pages = self._make_pages()
        self._housekeeping = self._make_housekeeping()

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT; a failing part ends the whole hub."""
        # All objects now present stay: scanning them for garbage again and again would stop every
        # thread for tenths of a second.
        gc.collect()
        gc.freeze()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        try:
            await self._run_parts()
        finally:
            await self._client.aclose()
            self._socket.close()
            if self._enrolment:
                self._enrolment[1].stop()
            self._db.close()
            log.info("hub.stopped", **self._intake.counts)

    async def _run_parts(self) -> None:
        notifier_stop, chores_stop = asyncio.Event(), asyncio.Event()
        self._intake.start()
        try:
            async with asyncio.TaskGroup() as group:
                watched: dict[str, tuple[_Part, asyncio.Event]] = {
                    "notifier": (self._delivery.notifier.run, notifier_stop),
                    "liveness monitor": (self._monitor.run, self._stop),
                    "fallback channel": (self._delivery.fallback.run, self._stop),
                    "escalator": (self._delivery.escalator.run, self._stop),
                    "notice post": (self._delivery.notice_post.run, self._stop),
                    "phone test": (self._delivery.phone_test.run, self._stop),
                    "clock": (self._clock_watch.run, self._stop),
                    "live": (self._live.run, self._stop),
                    "housekeeping": (self._housekeeping.run, chores_stop),
                    "phone check": (self._delivery.phone_check.run, self._stop),
                    "copies": (self._copies.run, self._stop),
                }
                if self._db.is_shared:
                    listener = ChangeListener(self._db, self._change_signal)
                    watched["changes"] = (listener.run, self._stop)
                    watched["lease"] = (self._lease.run, chores_stop)
                for name, (run, stop) in watched.items():
                    group.create_task(run(stop, self._watch.part(name)), name=name)
                pages = group.create_task(self._serve(), name="pages")
                watch = group.create_task(self._watch_intake(), name="intake")
                ready = group.create_task(self._say_ready(), name="ready")
                watchdog = group.create_task(self._watch.run(), name="watchdog")
                probe = group.create_task(self._probe_pages(), name="page probe")
                await self._stop.wait()
                log.info("hub.stopping")
                self._watch.say_stopping()
                for told in (ready, watchdog, probe):
                    told.cancel()
                self._pages.should_exit = True
                self._change_signal.ring()  # live pages wait for it
                await pages
                chores_stop.set()
                notifier_stop.set()
                watch.cancel()
        finally:
            await asyncio.to_thread(self._intake.stop)

    async def _serve(self) -> None:
        await self._pages.serve(sockets=[self._socket])
        if not self._stop.is_set():
            raise RuntimeError("the web server ended by itself")

    async def _watch_intake(self) -> None:
        while self._intake.is_alive:
            await asyncio.sleep(1)
        raise RuntimeError("a thread of the intake died")

    async def _say_ready(self) -> None:
        web = self._settings.web
        while not self._pages.started:
            await asyncio.sleep(LOOK_S)
        # systemd is told before the broker is: pages are useful without it, and a start that waits
        # for a broker would count as failed.
        self._watch.say_ready("pages are served; the broker is not heard yet")
        while not self._intake.is_listening:
            await asyncio.sleep(LOOK_S)
        self._watch.say_status(f"pages are served at {web.public_url}, and nodes are heard")
        log.info("ready", address=f"http://{web.host}:{web.port}", public_url=web.public_url)

    async def _probe_pages(self) -> None:
        """Request a page like a browser: a server that runs and does not answer counts as
        silent."""
        beat, web = self._watch.part("pages"), self._settings.web
        while True:
            if await asyncio.to_thread(is_hub, web.host, web.port):
                beat()
            await asyncio.sleep(KNOCK_S)

    def _make_intake(self) -> Subscriber:
        address = resources.broker_address(self._settings)
        try:
            context(address)
        except BrokerRefusedError as refusal:
            raise StartRefusedError(str(refusal)) from refusal
        filer = BatchFiler(Filing(policy(self._settings.alerts)), PresenceRecorder(self._tokens))
        beat = self._watch.part("intake writer")
        writer = BatchWriter(
            self._db, filer=filer, clock=self._clock, change_signal=self._change_signal, beat=beat
        )
        return Subscriber(address, writer=writer, beat=self._watch.part("intake link"))

    def _make_monitor(self) -> LivenessMonitor:
        return LivenessMonitor(
            db=self._db,
            clock=self._clock,
            change_signal=self._change_signal,
            is_broker_up=lambda: self._intake.is_listening,
            bounds=Thresholds(**self._settings.troubles.model_dump()),
            lease=self._lease,
        )

    def _make_housekeeping(self) -> Housekeeping:
        return chores.put_together(
            self._settings,
            chores.Stores(self._db, self._blobs, self._proxies, self._parts),
            clock=self._clock,
            change_signal=self._change_signal,
            households=self._households,
            lease=self._lease,
        )

    def _make_pages(self) -> Pages:
        uploads = Uploads(
            self._db,
            blobs=self._blobs,
            parts=self._parts,
            clock=self._clock,
            change_signal=self._change_signal,
            policy=policy(self._settings.alerts),
            clip_stored=self._copies.offer,
        )
        services = self._make_services(uploads.growing)
        live, accounts = services.use(LiveService), services.use(AccountService)
        self._live = LiveLeases(live, accounts.hear_closings, LiveViews(self._tell_node))
        app = create_app(
            FEATURES,
            services=services,
            measured=Measures(token(self._settings), self._make_measured(lambda: app).text),
            pack=packer(self._settings, services.use(ExportService)),
            accounts=Accounts(
                self._db,
                passwords=Passwords(),
                clock=self._clock,
                passkey_key=self._tokens.key_for("passkeys"),
            ),
            uploads=uploads,
            change_signal=self._change_signal,
            verify_token=self._node_of,
            settings=self._web_settings(),
            stopping=self._stop.is_set,
            households=self._households,
            sign=proof_signer(self._settings, self._clock),
            enrolling=self._enrolment[0] if self._enrolment else None,
            live_leases=self._live,
            says_too_much=self._intake.over,
            provider=self._provider,
        )
        return Pages(app)

    def _make_services(self, growing: GrowingClips) -> Services:
        box = resources.tip_box(self._settings, self._db)
        takes_petitions = self._settings.petitions.accepted
        return make_services(
            Resources(
                db=self._db,
                clock=self._clock,
                change_signal=self._change_signal,
                blobs=self._blobs,
                proxies=self._proxies,
                copies=self._copies,
                growing=growing,
                tip_box=box if self._settings.tips.accepted else None,
                tip_spans=self._tip_spans(),
                petition_box=box if takes_petitions else None,
                office=office(self._settings) if takes_petitions else None,
                household_box=resources.household_box(self._settings),
                bundle_parts=resources.parts(self._settings, "bundles", most=MOST_AT_ONCE),
                tell_node=self._ask_node,
            )
        )

    def _tip_spans(self) -> TipSpans:
        return TipSpans(self._settings.tips.contact_days, self._settings.tips.keep_days)

    def _make_measured(self, app: Callable[[], FastAPI]) -> Measured:
        return Measured(
            self._db,
            blobs=self._blobs,
            clock=self._clock,
            silent=self._watch.silent,
            intake=lambda: self._intake.counts,
            refused=lambda: Counter(app().state.limits.counts),
            copies=lambda: self._copies.counts,
            office=office(self._settings) if self._settings.petitions.accepted else None,
        )

    def _web_settings(self) -> WebSettings:
        web = self._settings.web
        return WebSettings(
            public_url=web.public_url,
            push_public_key=self._signer.application_server_key,
            now=lambda: self._clock.now().utc_us,
            time_zone=web.time_zone,
            notice_channels=tuple(sorted({*self._channels} - {"webpush", "ntfy"})),
            map_folder=resources.map_folder(self._settings),
            allows_local_push=self._settings.push.allows_local,
            public_words=_public_words(self._settings.public),
        )

    def _tell_node(self, node: str, words: ShowLive) -> bool:
        return self._intake.say(node, words, expires_s=LEASE_S)

    def _ask_node(self, node: str, command_id: UUID, words: SendExplanation) -> bool:
        return self._intake.say(node, words, expires_s=round(WAITS_S), command_id=command_id)

    def _node_of(self, token: str) -> str | None:
        """Node of this upload token, unless it was revoked since."""
        name = self._tokens.verify(token, self._clock.now())
        if name is None:
            return None
        with self._db.reading() as conn:
            node = node_by_name(conn, name)
        return None if node is None or node.is_revoked else name


def _public_words(said: PublicSection) -> dict[str, PublicWords]:
    """Public texts, by language."""
    return {
        "vi": PublicWords(said.by_vi, said.purpose_vi, said.contact_vi),
        "en": PublicWords(said.by_en, said.purpose_en, said.contact_en),
    }
