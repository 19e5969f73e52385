"""The parts of one process of the hub, by its roles: made from the configuration, not started."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Final
from uuid import UUID

import httpx
from fastapi import FastAPI

from agent.wire.answers import Wanted
from hub.alerting.monitoring.monitor import LivenessMonitor
from hub.alerting.monitoring.rules.liveness import Thresholds
from hub.app.config import HubSettings
from hub.app.errors import StartRefusedError
from hub.app.housekeeping import Housekeeping
from hub.app.roles.attendance import Attendance
from hub.app.roles.names import CHORES, INTAKE, NOTIFY, WEB, in_order
from hub.app.roles.pages import make_role_pages
from hub.app.roles.sole import only_process_of, starting_alone
from hub.app.upgrade.trial import ClosedOnTrial, Trial, fault_of_brokers, fault_of_pages
from hub.app.watchdog import PartWatch
from hub.app.wiring import (
    chores,
    delivery,
    enrolment,
    households,
    keys,
    oidc,
    resources,
    shared_clock,
)
from hub.app.wiring.channels import channels, private_hosts
from hub.app.wiring.data_requests import office
from hub.app.wiring.metrics import Measured, token
from hub.app.wiring.policy import policy
from hub.app.wiring.revocation import Revocation
from hub.app.wiring.site import SiteParts, make_site
from hub.base.change_signal import ChangeSignal
from hub.base.processes import lease
from hub.base.processes.file_lock import FileLock
from hub.base.processes.lease import Lease
from hub.base.processes.member import member_number
from hub.base.storage.blobs import Blobs
from hub.base.storage.partial_files import PartialFiles
from hub.footage.growing.clips import GrowingClips
from hub.footage.live.leases import LiveLeases
from hub.footage.transcoding.ahead import CopyQueue
from hub.footage.transcoding.proxies import Proxies
from hub.intake.filing.batch import BatchFiler
from hub.intake.filing.filing import Filing
from hub.intake.mqtt.probe import BrokerRefusedError, context, names_at
from hub.intake.presence import PresenceRecorder
from hub.intake.replies import command_reply
from hub.intake.shards import Shards
from hub.intake.subscriber import BatchWriter, Subscriber
from hub.nodes.enrolment.port import Enrolling
from hub.nodes.pki.authority import HUB_NAME
from hub.nodes.pki.upload_tokens import UploadTokens
from hub.notify.channels.port import Channel
from hub.notify.channels.post import new_client
from hub.notify.channels.reach import PrivateHosts
from hub.notify.channels.webpush import VapidSigner, WebPush
from hub.public.households.port import HouseholdServices
from hub.web.app_shell import SERVICE
from hub.web.pictures.maker import MAKER
from hub.web.rendering import Measures
from hub.web.server import Pages, slow


class Parts:
    """The parts that the roles of one process need, and no others; StartRefusedError if something
    is missing."""

    def __init__(
        self,
        settings: HubSettings,
        roles: frozenset[str],
        *,
        stopping: Callable[[], bool],
        trial: Trial | None = None,
    ) -> None:
        """`stopping`: whether the process comes to its end; while it is on `trial`, pages are
        closed."""
        self._settings = settings
        self._roles = roles
        self._stopping = stopping
        self._trial = trial or Trial()
        self.watch: Final = PartWatch()
        self.change_signal: Final = ChangeSignal()
        self.live: LiveLeases | None = None
        self._app: FastAPI | None = None
        self._enrolment: tuple[Enrolling, Revocation] | None = None
        self._sole: FileLock | None = None
        with starting_alone(resources.secrets_folder(settings)):
            self._make()

    def _make(self) -> None:
        settings, roles = self._settings, self._roles
        self.db = resources.database(settings)
        self._secrets = keys.secrets(settings, self.db)
        self.lease = Lease(self.db, lease.CHORES)
        self.attendance = self._make_attendance()
        clocks = shared_clock.clocks(settings, self.db)
        self.clock = clocks[0]
        self.intake = self._make_intake() if INTAKE in roles else None
        self.delivery = self._make_delivery() if NOTIFY in roles else None
        self.monitor = self._make_monitor() if CHORES in roles else None
        self.housekeeping = self._make_housekeeping() if roles & {CHORES, WEB} else None
        stepped = self.monitor.clock_stepped if self.monitor else lambda _us: None
        self.clock_watch = shared_clock.watch(self.db, clocks, stepped=stepped, lease=self.lease)
        self.pages = self._make_pages() if WEB in roles else self._make_role_pages()

    async def close(self) -> None:
        """Release everything, after all parts have ended."""
        for name in ("_client", "_phones_client"):
            if name in vars(self):
                await getattr(self, name).aclose()
        if self._enrolment:
            self._enrolment[1].stop()
        MAKER.close()
        self.db.close()
        if self._sole:
            self._sole.release()

    @property
    def revocation(self) -> Revocation | None:
        """The service that revokes nodes; None unless this process has the authority."""
        return self._enrolment[1] if self._enrolment else None

    def fault(self) -> str:
        """What keeps this process on trial; empty if it may go live. The database was opened, and
        has this version's schema, when the parts were made."""
        found = ""
        if self._app:
            found = fault_of_pages(self._app, self._settings.web.public_url)
        if not found and self.intake:
            found = fault_of_brokers([one for _, one in enrolment.brokers(self._settings)])
        return found

    def are_nodes_heard(self) -> bool:
        """True if messages of nodes can arrive, at this process or another."""
        is_here = self.intake is not None and self.intake.is_listening
        return is_here or (self.attendance is not None and self.attendance.hears_nodes)

    def _is_broker_up(self) -> bool:
        """See `are_nodes_heard`; also true while PostgreSQL is away: nobody can know then, and its
        return must not look like the return of the broker."""
        is_unknown = self.attendance is not None and self.attendance.unserved is None
        return is_unknown or self.are_nodes_heard()

    def _heard_brokers(self) -> dict[str, bool] | None:
        """Whether each broker is heard, by address, see `Attendance.unheard`; None while that is
        not known."""
        names = [name for name, _ in enrolment.brokers(self._settings)]
        if self.attendance:
            places = self.attendance.unheard(len(names))
        else:
            heard = self.intake.heard if self.intake else ()
            places = [place for place in range(len(names)) if place not in heard]
        if places is None:
            return None
        return {name: place not in places for place, name in enumerate(names)}

    def intake_now(self) -> str:
        """State of this process's intake, in words."""
        if self.intake is not None and self.intake.is_listening:
            return "nodes are heard"
        if self.are_nodes_heard():
            return "the intake stands by for another process"
        return "PostgreSQL does not answer" if self._is_broker_up() else "no broker is heard"

    @cached_property
    def _tokens(self) -> UploadTokens:
        return resources.upload_tokens(self._settings, self._secrets)

    @cached_property
    def _blobs(self) -> Blobs:
        return resources.blobs(self._settings)

    @cached_property
    def _proxies(self) -> Proxies:
        return resources.proxies(self._settings)

    @cached_property
    def copies(self) -> CopyQueue:
        return CopyQueue(self.db, blobs=self._blobs, proxies=self._proxies)

    @cached_property
    def _partial(self) -> PartialFiles:
        stores = resources.Stores(self.db, self._blobs, self.clock)
        parts = resources.parts(self._settings, "parts", stores)
        # Also for the chores of a process without pages.
        growing = GrowingClips(
            self.db, parts=parts, clock=self.clock, change_signal=self.change_signal
        )
        parts.is_held = growing.is_held
        return parts

    @cached_property
    def _signer(self) -> VapidSigner:
        key = resources.push_key(self._settings, self._secrets)
        return VapidSigner(key, subject=self._settings.push.subject, clock=self.clock)

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        return new_client(private=private_hosts(self._settings))

    @cached_property
    def _phones_client(self) -> httpx.AsyncClient:
        """For addresses that phones register."""
        return new_client(private=PrivateHosts(all_of_them=self._settings.push.allows_local))

    @cached_property
    def _webpush(self) -> WebPush:
        return WebPush(signer=self._signer, client=self._phones_client)

    @cached_property
    def _channels(self) -> Mapping[str, Channel]:
        return channels(
            self._settings,
            webpush=self._webpush,
            client=self._client,
            clock=self.clock,
            secrets=self._secrets,
        )

    @cached_property
    def _households(self) -> HouseholdServices | None:
        return households.build(
            self._settings,
            self.db,
            blobs=self._blobs,
            clock=self.clock,
            channels=self._channels,
            secrets=self._secrets,
        )

    def _make_attendance(self) -> Attendance | None:
        if not self.db.is_shared:
            self._sole = only_process_of(self.db.url.database or "")
            return None
        return Attendance(
            self.db.url,
            self._roles,
            member=member_number(self.db.process),
            names=names_at(resources.broker_address(self._settings)),
            hears=lambda: self.intake.heard if self.intake else (),
            publish=lambda reply: self.intake is not None and self.intake.publish_own(reply),
            beat=self.watch.part("attendance"),
        )

    def _make_intake(self) -> Subscriber:
        brokers = [one for _, one in enrolment.brokers(self._settings)]
        attendance = self.attendance
        try:
            context(brokers[0])
        except BrokerRefusedError as refusal:
            raise StartRefusedError(str(refusal)) from refusal
        filer = BatchFiler(Filing(policy(self._settings.alerts)), PresenceRecorder(self._tokens))
        beat = self.watch.part("intake writer")
        writer = BatchWriter(
            self.db,
            filer=filer,
            clock=self.clock,
            change_signal=self.change_signal,
            beat=beat,
            shards=Shards(self.db, lambda: attendance.members) if attendance else None,
        )
        return Subscriber(
            *brokers,
            writer=writer,
            beat=self.watch.part("intake link"),
            is_ours=lambda: attendance is None or attendance.is_intake_ours,
            name=lambda: attendance.name_at_broker if attendance else HUB_NAME,
            hub_id=resources.hub_id(self.db),
        )

    def _make_delivery(self) -> delivery.Delivery:
        return delivery.build(
            self._settings,
            self.db,
            clock=self.clock,
            change_signal=self.change_signal,
            channels=self._channels,
            webpush=self._webpush,
            senders=self._senders,
        )

    def _senders(self) -> Collection[int] | None:
        """Numbers of the processes that send notifications; None while that is not known."""
        return self.attendance.senders if self.attendance else {member_number(self.db.process)}

    def _make_monitor(self) -> LivenessMonitor:
        return LivenessMonitor(
            db=self.db,
            clock=self.clock,
            change_signal=self.change_signal,
            is_broker_up=self._is_broker_up,
            brokers=self._heard_brokers,
            bounds=Thresholds(**self._settings.troubles.model_dump()),
            lease=self.lease,
        )

    def _make_housekeeping(self) -> Housekeeping:
        return chores.build(
            self._settings,
            chores.Stores(self.db, self._blobs, self._proxies, self._partial),
            clock=self.clock,
            change_signal=self.change_signal,
            households=self._households,
            # Without the chores: uploads lie on the disk of the process that has the pages.
            lease=self.lease if CHORES in self._roles else None,
        )

    def _make_pages(self) -> Pages:
        enrolment_of = enrolment.build(self._settings, self.db, self.clock, self._secrets)
        if enrolment_of:  # a restored backup may have other revocations than the list
            enrolment.write_list(enrolment_of[1])
        self._enrolment = enrolment_of
        self._app, self.live = make_site(
            SiteParts(
                settings=self._settings,
                db=self.db,
                clock=self.clock,
                change_signal=self.change_signal,
                blobs=self._blobs,
                proxies=self._proxies,
                copies=self.copies,
                partial=self._partial,
                secrets=self._secrets,
                tokens=self._tokens,
                push_public_key=self._signer.application_server_key,
                notice_channels=tuple(sorted({*self._channels} - {"webpush", "ntfy"})),
                enrolling=enrolment_of[0] if enrolment_of else None,
                households=self._households,
                provider=oidc.provider(
                    self._settings,
                    lambda: self.clock.now().utc_us / 1e6,
                    redirect_key=self._tokens.key_for("redirects"),
                ),
                measured=self._make_measured,
                tell=self._tell_node,
                stopping=self._stopping,
            )
        )
        return Pages(ClosedOnTrial(self._app, self._trial))

    def _make_role_pages(self) -> Pages:
        measured = Measures(token(self._settings, self._secrets), self._make_measured(None).text)
        return Pages(make_role_pages(measured, self._health))

    def _health(self) -> dict[str, object]:
        """Health text of a process without pages."""
        silent = self.watch.silent()
        said: dict[str, object] = {"ok": not silent, "service": SERVICE, "silent": silent}
        said["roles"] = in_order(self._roles)
        said["unserved"] = self.attendance.unserved if self.attendance else []
        if self.intake:
            said["intake"] = self.intake_now()
        return said

    def _tell_node(
        self, node: str, wanted: Wanted, *, expires_s: int, command_id: UUID | None = None
    ) -> bool:
        """Send to a node now, through the process with the intake; False if none hears nodes."""
        reply = command_reply(node, wanted, expires_s=expires_s, command_id=command_id)
        if self.intake and self.intake.publish(reply):
            return True
        return self.attendance is not None and self.attendance.say(reply)

    def _make_measured(self, app: Callable[[], FastAPI] | None) -> Measured:
        is_counted = self._settings.petitions.accepted
        return Measured(
            self.db,
            blobs=self._blobs if self._roles & {WEB, CHORES} else None,
            clock=self.clock,
            silent=self.watch.silent,
            intake=lambda: self.intake.counts if self.intake else {},
            refused=lambda: Counter(app().state.limits.counts) + slow() if app else {},
            copies=lambda: self.copies.counts if app else {},
            office=office(self._settings) if is_counted else None,
            unserved=lambda: self.attendance.unserved if self.attendance else None,
        )
