"""Builds a node from its settings: parts and their start order."""

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import structlog

from agent.app.explanations import Explanations
from agent.app.footage import open_store
from agent.app.models import load_models
from agent.app.once import Once
from agent.app.pace import allowances, look_times
from agent.app.view import View
from agent.board.board import Board
from agent.board.clock import SystemClock, boot_id
from agent.board.opencv import calm
from agent.cameras.codec.jpeg import jpeg
from agent.cameras.port import CameraError
from agent.config import Prover, SettingsFromHub
from agent.config.credentials import is_open_to_all
from agent.config.sections import AgentSettings
from agent.i18n import N_
from agent.identity.renewal import Renewal
from agent.inference.manifest import ModelError
from agent.journal import Journal, JournalCorrupt, JournalError, JournalLimits, Pruner
from agent.recording.store.store import ClipStore
from agent.runtime.health import HealthService, stats
from agent.runtime.supervisor import Service, SupervisePolicy, Supervisor
from agent.updates.fetch import ReleaseFetch
from agent.updates.install import is_installable, what_runs
from agent.updates.prover import SlotProver
from agent.updates.slots import Slots
from agent.uplink.live.leases import LiveLeases
from agent.uplink.live.post import LiveUpload
from agent.uplink.mqtt import errors
from agent.uplink.mqtt.conversation import LinkPolicy, NodeIdentity
from agent.uplink.mqtt.errors import Trouble
from agent.uplink.mqtt.latest_health import LatestHealth
from agent.uplink.mqtt.link import Link
from agent.uplink.mqtt.session import tls_context
from agent.uplink.outbox import OutboxPolicy
from agent.uplink.tokens import Tokens
from agent.uplink.upload.diagnostics import DiagnosisUpload, ExplanationUpload, Make
from agent.uplink.upload.uploader import Uploader

log = structlog.get_logger()


class StartError(Exception):
    """The node must not start; the message has the reason and the cure in one line."""


class Node:
    """Everything that runs on one node."""

    def __init__(
        self,
        settings: AgentSettings,
        *,
        plays_once: bool = False,
        from_hub: SettingsFromHub | None = None,
        diagnose: Make | None = None,
    ) -> None:
        """Build everything; raises JournalError, ModelError, Trouble or OSError.

        `diagnose` makes the file that the hub can request; without it none is sent.
        """
        check_papers(settings)
        clock = SystemClock()
        self.journal = open_journal(settings, clock)
        # Before cameras start: everything open is from an earlier run.
        close_left_open(self.journal)
        try:
            self._make(settings, clock, plays_once=plays_once, from_hub=from_hub, diagnose=diagnose)
        except BaseException:
            self.journal.close()
            raise
        self._plays_once = plays_once
        self._brought = settings.uploads.bring

    def _make(
        self,
        settings: AgentSettings,
        clock: SystemClock,
        *,
        plays_once: bool,
        from_hub: SettingsFromHub | None,
        diagnose: Make | None,
    ) -> None:
        leases, tokens, latest = (
            LiveLeases(one.name for one in settings.camera),
            Tokens(),
            LatestHealth(),
        )
        store = open_store(settings, self.journal, clock)
        self.views = make_views(settings, self.journal, store, clock, plays_once=plays_once)
        for view in self.views:
            view.show_to(leases)
        with (
            ThreadPoolExecutor() as pool
        ):  # dead cameras are waited for together, not one after the other
            tuple(pool.map(lambda view: view.camera.glance(), self.views))
        identity = NodeIdentity(
            node=settings.node.name,
            software=f"matthan {version('matthan')}",
            cameras=lambda: tuple(view.camera.words() for view in self.views),
            now=clock.now,
            trust=clock.trust,
        )
        self._make_line(
            settings, identity, leases=leases, tokens=tokens, latest=latest, store=store
        )
        self.diagnosis = self._diagnosis_post(settings, tokens, diagnose)
        self.explanation = self._explanation_post(settings, tokens, clock)
        self.programs = self._programs_fetch(settings, tokens) if from_hub is not None else None
        health = HealthService(
            identity,
            self.journal,
            board=Board(settings.journal.path.parent),
            cameras=lambda: tuple(view.counts() for view in self.views),
            latest=latest,
        )
        services = self._services(settings, tokens, store=store, health=health)
        if from_hub is not None:
            services += self._provers(from_hub)
        # A recording that plays once and cannot be read is not waited for.
        fatal = (JournalCorrupt, CameraError) if plays_once else (JournalCorrupt,)
        self.supervisor = Supervisor(services, policy=SupervisePolicy(), fatal=fatal)

    def _services(
        self, settings: AgentSettings, tokens: Tokens, *, store: ClipStore, health: HealthService
    ) -> list[Service]:
        """Uploading services start before anything is detected, and stop last."""
        # Link and seal read the new certificate when the agent restarts.
        renewal = Renewal(settings.broker.address(), tokens, renewed=self.stop)
        services = [
            Service(name="link", runs=self.link),
            Service(name="upload", runs=self.uploader, beat_within_s=90),
            Service(name="live", runs=self.live),
            Service(name="explanation", runs=self.explanation, beat_within_s=90),
            Service(name="shelf", runs=store, beat_within_s=180),
            Service(name="pruner", runs=Pruner(self.journal)),
            Service(name="health", runs=health),
            Service(name="renewal", runs=renewal),
            *(service for view in self.views for service in view.services()),
        ]
        if self.diagnosis is not None:
            services.append(Service(name="diagnosis", runs=self.diagnosis, beat_within_s=90))
        if self.programs is not None:
            services.append(Service(name="programs", runs=self.programs, beat_within_s=180))
        return services

    def _make_line(
        self,
        settings: AgentSettings,
        identity: NodeIdentity,
        *,
        leases: LiveLeases,
        tokens: Tokens,
        latest: LatestHealth,
        store: ClipStore,
    ) -> None:
        """Everything that goes to the hub: events, files, and live pictures."""
        policy, trusted = settings.uploads.policy(), settings.broker.ca_file
        self.link = Link(
            identity,
            *settings.broker.addresses(),
            journal=self.journal,
            tokens=tokens,
            policy=LinkPolicy(),
            outbox=OutboxPolicy(),
            latest=latest,
            leases=leases,
        )
        self.uploader = Uploader(
            self.journal,
            tokens,
            trusted=trusted,
            policy=policy,
            growing=store.growing,
            is_there=store.is_there,
        )
        self.live = LiveUpload(
            leases,
            tokens,
            encode=jpeg,
            trusted=trusted,
            bytes_per_s=policy.bytes_per_s,
            gives_way=lambda: self.uploader.is_bringing,
        )

    def _diagnosis_post(
        self, settings: AgentSettings, tokens: Tokens, diagnose: Make | None
    ) -> DiagnosisUpload | None:
        """Service that sends the diagnosis file."""
        if diagnose is None:
            return None
        post = DiagnosisUpload(
            diagnose,
            tokens,
            trusted=settings.broker.ca_file,
            bytes_per_s=settings.uploads.policy().bytes_per_s,
            gives_way=lambda: self.uploader.is_bringing,
        )
        self.link.diagnose_by(post)
        return post

    def _explanation_post(
        self, settings: AgentSettings, tokens: Tokens, clock: SystemClock
    ) -> ExplanationUpload:
        """Service that sends the page of a camera's last hour."""
        zone = ZoneInfo(settings.node.time_zone)
        post = ExplanationUpload(
            Explanations(self.views, now=clock.now, time_zone=zone),
            tokens,
            trusted=settings.broker.ca_file,
            bytes_per_s=settings.uploads.policy().bytes_per_s,
            gives_way=lambda: self.uploader.is_bringing,
        )
        self.link.explain_by(post)
        return post

    def _programs_fetch(self, settings: AgentSettings, tokens: Tokens) -> ReleaseFetch:
        """Service that downloads desired releases."""
        fetch = ReleaseFetch(
            settings.node.name,
            settings.journal.path.parent / "programs",
            tokens,
            trusted=settings.broker.ca_file,
            check=is_installable,
            installed=what_runs,
            bytes_per_s=settings.uploads.policy().bytes_per_s,
            gives_way=lambda: self.uploader.is_bringing,
        )
        self.link.renew_by(fetch)
        return fetch

    def _provers(self, from_hub: SettingsFromHub) -> tuple[Service, Service]:
        """Services that check whether new settings and new releases reach the broker."""
        self.link.answer_for(from_hub)
        from_hub.on_change(self.stop)
        settings = Prover(from_hub, self.link.up_for_s)
        slot = SlotProver(Slots(), self.link.up_for_s, self.stop)
        return (
            Service(name="settings", runs=settings, ends_by_itself=True),
            Service(name="update", runs=slot, ends_by_itself=True),
        )

    def run(self, *, drain_s: float) -> None:
        """Until `stop`; a node that plays once runs until everything is at the hub.

        Raises Unfinished if that takes longer than `drain_s`.
        """
        if not self._plays_once:
            self.supervisor.run()
            return
        once = Once(
            self.views,
            self.journal,
            supervisor=self.supervisor,
            drain_s=drain_s,
            brought=self._brought,
        )
        self.supervisor.run(until=once.is_done)

    def stop(self) -> None:
        """Request the end; safe from a signal handler."""
        self.supervisor.stop()

    def stats(self) -> dict[str, int | float]:
        """Resources used by the process, and counters."""
        watches = [view.watch.counts for view in self.views]
        recorders = [view.recorder.counts for view in self.views]
        continuous = [view.continuous.counts for view in self.views if view.continuous]
        return stats(
            self.journal.counts(),
            sightings=sum(counts.sightings for counts in watches),
            frames=sum(counts.frames for counts in watches),
            frames_late=sum(counts.frames_late for counts in watches),
            inferences=sum(counts.inferences for counts in watches),
            looks_put_off=sum(counts.looks_put_off for counts in watches),
            pictures_lost=sum(counts.pictures_lost for counts in watches),
            events_lost=sum(counts.events_lost for counts in watches),
            clips=sum(counts.clips for counts in recorders),
            clips_lost=sum(counts.clips_lost for counts in recorders),
            segments=sum(counts.segments for counts in continuous),
            segments_lost=sum(counts.segments_lost for counts in continuous),
            clips_unsealed=sum(counts.clips_unsealed for counts in recorders),
            connections=self.link.counts.connections,
            events_sent=self.link.counts.sent,
            events_resent=self.link.counts.resent,
            uploads_failed=self.uploader.counts.failed,
            live_shown=self.live.counts.shown,
            live_dropped=self.live.counts.dropped,
            restarts=self.supervisor.restarts,
        )

    def __enter__(self) -> Self:
        """Built already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all files."""
        self.live.close()
        for one in (self.diagnosis, self.explanation, self.programs):
            if one is not None:
                one.close()
        self.uploader.close()
        self.journal.close()


def assemble(
    settings: AgentSettings,
    *,
    plays_once: bool,
    from_hub: SettingsFromHub | None = None,
    diagnose: Make | None = None,
) -> Node:
    """Build the node from these settings; raises Refusal with the line to show."""
    try:
        return Node(settings, plays_once=plays_once, from_hub=from_hub, diagnose=diagnose)
    except (JournalError, ModelError, Trouble) as error:
        raise StartError(" ".join(str(error).split())) from error
    except OSError as error:
        raise StartError(
            f"the folder {settings.clips.folder} cannot be used: {error}. Give [clips] folder"
            " a place the agent's user may write to"
        ) from error


def check_papers(settings: AgentSettings) -> None:
    """Raise Trouble for key or certificate files that are missing, readable by all, or do not
    match."""
    address = settings.broker.address()
    try:
        tls_context(address)
        is_open = is_open_to_all(address.key_file)
    except OSError as error:
        raise errors.unreachable(error, address) from error
    if is_open:
        raise Trouble(
            N_("everybody on this machine may read the node's key {file}"),
            N_("run: chmod 600 {file}; if somebody may have read it, enrol the node anew"),
            {"file": address.key_file},
        )


def open_journal(settings: AgentSettings, clock: SystemClock) -> Journal:
    """The node's journal; raises JournalError."""
    return Journal.open(
        Path(settings.journal.path),
        now=clock.now,
        trust=clock.trust,
        boot_id=boot_id(),
        limits=JournalLimits(),
    )


def make_views(
    settings: AgentSettings,
    journal: Journal,
    store: ClipStore,
    clock: SystemClock,
    *,
    plays_once: bool,
) -> list[View]:
    """One per camera, in front of shared networks; raises ModelError."""
    calm()
    models = load_models(settings, keeps=True)
    board = Board(settings.journal.path.parent).model()
    times = look_times(settings, journal, board)
    looks = allowances(settings, times)
    return [
        View(
            camera,
            settings,
            models=models,
            journal=journal,
            store=store,
            clock=clock,
            allowance=looks.get(camera.name),
            plays_once=plays_once,
        )
        for camera in settings.camera
    ]


def close_left_open(journal: Journal) -> None:
    """Close sightings left open by an earlier run; a journal that refuses is asked at the next
    start."""
    try:
        closed = journal.close_left_open()
    except JournalError as error:
        log.error("sightings_left_open", reason=error.sentence, cure=error.cure)
        return
    if closed:
        log.warning("sightings_closed_late", count=closed, why="an earlier run was cut off")
