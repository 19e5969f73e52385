"""The parts of one process of the hub, by its roles: made from the configuration, not started."""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Final
from uuid import UUID

from fastapi import FastAPI

from agent.wire.answers import Wanted
from hub.alerting.monitoring.monitor import LivenessMonitor
from hub.alerting.monitoring.rules.liveness import Thresholds
from hub.app import delivery, enrolment, keys
from hub.app.clocks import opening
from hub.app.config import HubSettings
from hub.app.errors import StartRefusedError
from hub.app.features import FEATURES
from hub.app.housekeeping import Housekeeping, housekeeping_of
from hub.app.resources import Resources
from hub.app.roles.attendance import Attendance
from hub.app.roles.names import CHORES, INTAKE, NOTIFY, ROLES, WEB, in_order
from hub.app.roles.pages import make_role_pages
from hub.app.roles.sole import only_process_of, starting_alone
from hub.app.upgrade.trial import ClosedOnTrial, Trial, fault_of_brokers, fault_of_pages
from hub.app.watchdog import PartWatch
from hub.app.web.create_app import create_app
from hub.app.web.services import make_services
from hub.app.web.settings import web_settings
from hub.base.db.identity import database_id
from hub.base.processes import lease
from hub.base.processes.file_lock import FileLock
from hub.base.processes.lease import Lease
from hub.base.processes.member import member_number
from hub.footage.live.leases import LiveLeases
from hub.intake.filing.batch import BatchFiler
from hub.intake.filing.filing import Filing
from hub.intake.mqtt.probe import BrokerRefusedError, context, names_at
from hub.intake.mqtt.revocation import Revocation
from hub.intake.presence import PresenceRecorder
from hub.intake.replies import command_reply
from hub.intake.shards import Shards
from hub.intake.subscriber import BatchWriter, Subscriber
from hub.nodes.pki.authority import HUB_NAME
from hub.oversight.metrics.measured import Measured, token
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
        self._trial = trial or Trial()
        self.resources: Final = Resources(settings, stopping=stopping)
        self.watch: Final = PartWatch()
        self.live: LiveLeases | None = None
        self._app: FastAPI | None = None
        self._sole: FileLock | None = None
        with starting_alone(keys.secrets_folder(settings)):
            self._make()

    def _make(self) -> None:
        roles, hub = self._roles, self.resources
        self.lease = Lease(hub.db, lease.CHORES)
        _ = hub.secrets  # refuses first, before any key is made beside the true ones
        self.attendance = self._make_attendance()
        _ = hub.clock
        self.intake = self._make_intake() if INTAKE in roles else None
        self.delivery = delivery.build(hub, senders=self._senders) if NOTIFY in roles else None
        self.monitor = self._make_monitor() if CHORES in roles else None
        self.housekeeping = self._make_housekeeping() if roles & {CHORES, WEB} else None
        stepped = self.monitor.clock_stepped if self.monitor else lambda _us: None
        self.clock_watch = opening.watch(hub.db, hub.clocks, stepped=stepped, lease=self.lease)
        hub.tell_node = self._tell_node
        self.pages = self._make_pages() if WEB in roles else self._make_role_pages()

    async def close(self) -> None:
        """Release everything, after all parts have ended."""
        MAKER.close()
        await self.resources.close()
        if self._sole:
            self._sole.release()

    @property
    def revocation(self) -> Revocation | None:
        """The service that revokes nodes; None unless this process has pages and the authority."""
        return self.resources.revocation if self._app else None

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

    def _make_attendance(self) -> Attendance | None:
        db = self.resources.db
        if not db.is_shared:
            self._sole = only_process_of(db.url.database or "")
            return None
        return Attendance(
            db.url,
            self._roles,
            member=member_number(db.process),
            names=names_at(enrolment.broker_address(self._settings)),
            hears=lambda: self.intake.heard if self.intake else (),
            publish=lambda reply: self.intake is not None and self.intake.publish_own(reply),
            beat=self.watch.part("attendance"),
        )

    def _make_intake(self) -> Subscriber:
        hub = self.resources
        brokers = [one for _, one in enrolment.brokers(self._settings)]
        attendance = self.attendance
        try:
            context(brokers[0])
        except BrokerRefusedError as refusal:
            raise StartRefusedError(str(refusal)) from refusal
        filer = BatchFiler(Filing(hub.policy), PresenceRecorder(hub.tokens))
        beat = self.watch.part("intake writer")
        writer = BatchWriter(
            hub.db,
            filer=filer,
            clock=hub.clock,
            change_signal=hub.change_signal,
            beat=beat,
            shards=Shards(hub.db, lambda: attendance.members) if attendance else None,
        )
        return Subscriber(
            *brokers,
            writer=writer,
            beat=self.watch.part("intake link"),
            is_ours=lambda: attendance is None or attendance.is_intake_ours,
            name=lambda: attendance.name_at_broker if attendance else HUB_NAME,
            hub_id=database_id(hub.db),
        )

    def _senders(self) -> Collection[int] | None:
        """Numbers of the processes that send notifications; None while that is not known."""
        own = member_number(self.resources.db.process)
        return self.attendance.senders if self.attendance else {own}

    def _make_monitor(self) -> LivenessMonitor:
        return LivenessMonitor(
            db=self.resources.db,
            clock=self.resources.clock,
            change_signal=self.resources.change_signal,
            is_broker_up=self._is_broker_up,
            brokers=self._heard_brokers,
            bounds=Thresholds(**self._settings.troubles.model_dump()),
            lease=self.lease,
        )

    def _make_housekeeping(self) -> Housekeeping:
        # Without the chores: uploads lie on the disk of the process that has the pages.
        return housekeeping_of(self.resources, lease=self.lease if CHORES in self._roles else None)

    def _make_pages(self) -> Pages:
        hub = self.resources
        if hub.revocation:  # a restored backup may have other revocations than the list
            hub.revocation.try_to_write_list()
        hub.measured = self._make_measures()
        services = make_services(hub)
        self.live = services.use(LiveLeases)
        self._app = create_app(FEATURES, hub, services, web_settings(hub))
        return Pages(ClosedOnTrial(self._app, self._trial))

    def _make_role_pages(self) -> Pages:
        return Pages(make_role_pages(self._make_measures(), self._health))

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

    def _make_measures(self) -> Measures:
        hub = self.resources
        measured = Measured(
            hub.db,
            blobs=hub.blobs if self._roles & {WEB, CHORES} else None,
            clock=hub.clock,
            silent=self.watch.silent,
            intake=lambda: self.intake.counts if self.intake else {},
            refused=lambda: Counter(self._app.state.limits.counts) + slow() if self._app else {},
            copies=lambda: hub.copies.counts if self._app else {},
            office=hub.office,
            roles=ROLES,
            unserved=lambda: self.attendance.unserved if self.attendance else None,
        )
        return Measures(token(self._settings.secrets.folder, hub.secrets), measured.text)
