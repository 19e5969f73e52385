"""All services that pages use, made once: those that need `Acting` alone are named by their
features, the others are made here from the hub's resources."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.access.invitations.service import Invitations
from hub.access.passwords import Passwords
from hub.access.signin.own_account import OwnAccountService
from hub.access.signin.views import DEFAULT_LIMITS, SessionLimits
from hub.access.standing import StandingService
from hub.alerting.oncall.service import OnCallService
from hub.alerting.routing import rows
from hub.app.features import FEATURES
from hub.base.audit.acting import Acting
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.storage.blobs import Blobs
from hub.base.storage.partial_files import PartialFiles
from hub.cases.evidence.service import ExportService
from hub.cases.service import CaseService
from hub.console.accounts.service import AccountService
from hub.console.service import InboxService
from hub.footage.growing.clips import GrowingClips
from hub.footage.playback.service import PlaybackService
from hub.footage.transcoding.ahead import CopyQueue
from hub.footage.transcoding.proxies import Proxies
from hub.nodes.desired_state.release_service import ReleaseService
from hub.nodes.diagnostics.service import DiagnosisService
from hub.nodes.explanations.asked import AskedExplanations, Tell
from hub.nodes.explanations.service import ExplanationService
from hub.nodes.releases.bundles import update_key
from hub.nodes.releases.upload import BundleService
from hub.public.data_requests.eraser import DataRequestEraser
from hub.public.data_requests.public_service import PublicDataRequestService
from hub.public.data_requests.service import DataRequestService
from hub.public.data_requests.views import AnswerSettings
from hub.public.households.case_material import HouseholdMaterial
from hub.public.households.request_service import HouseholdRequestService
from hub.public.households.service import HouseholdService
from hub.public.notices.service import NoticeService
from hub.public.tips.public_service import PublicTipService
from hub.public.tips.retention import TipSpans
from hub.public.tips.sealing import SealBox
from hub.public.tips.service import TipService
from hub.public.watched.queries import PublicService
from hub.web.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """The resources that services are made of; None: the hub is without it."""

    db: Database
    clock: Clock
    change_signal: ChangeSignal
    blobs: Blobs
    passwords: Passwords = field(default_factory=Passwords)
    limits: SessionLimits = DEFAULT_LIMITS
    proxies: Proxies | None = None
    copies: CopyQueue | None = None
    growing: GrowingClips | None = None
    """Without it only complete clips are shown."""
    tip_box: SealBox | None = None
    """None: the hub takes no tips."""
    tip_spans: TipSpans | None = None
    petition_box: SealBox | None = None
    """None, as without `office`: the hub takes no data requests."""
    office: AnswerSettings | None = None
    household_box: SealBox | None = None
    """None: no households are asked for footage."""
    bundle_parts: PartialFiles | None = None
    """None: the hub takes no bundles by a page."""
    update_key: Callable[[], Ed25519PublicKey | None] = update_key
    tell_node: Tell = lambda _node, _command_id, _words: False
    tell_processes: Callable[[bytes], None] | None = None
    """Sends to the other processes with pages, about explanations; None: there are none."""


def make_services(r: Resources) -> Services:
    """Make every service once."""
    acting = Acting(r.db, clock=r.clock, change_signal=r.change_signal)
    of_features = [make(acting) for feature in FEATURES for make in feature.services]
    cases = CaseService(acting, material=HouseholdMaterial())
    return Services(
        [*of_features, cases, *_of_resources(r, acting), *_for_outside(r, acting, cases)]
    )


def _of_resources(r: Resources, acting: Acting) -> Iterator[object]:
    numbers = {name: one for feature in FEATURES for name, one in feature.numbers.items()}
    counted = {name: one for feature in FEATURES for name, one in feature.counted.items()}
    yield StandingService(acting, numbers, counted)
    yield OwnAccountService(acting, db=r.db, clock=r.clock, passwords=r.passwords, limits=r.limits)
    yield Invitations(r.db, clock=r.clock)
    yield AccountService(acting, db=r.db, change_signal=r.change_signal)
    yield OnCallService(acting, is_named=rows.calls_team)
    yield DiagnosisService(acting, r.db, clock=r.clock)
    asked = AskedExplanations(r.tell_node, tell_others=r.tell_processes)
    yield asked
    yield ExplanationService(acting, asked)
    yield ReleaseService(acting, r.db, clock=r.clock, blobs=r.blobs)
    if r.bundle_parts is not None:
        yield BundleService(
            acting, clock=r.clock, blobs=r.blobs, parts=r.bundle_parts, key=r.update_key
        )
    playback = PlaybackService(acting, blobs=r.blobs, proxies=r.proxies, growing=r.growing)
    yield playback
    if r.copies is not None:
        yield r.copies
    yield InboxService(acting, playback=playback)
    yield ExportService(acting, blobs=r.blobs, material=HouseholdMaterial())


def _for_outside(r: Resources, acting: Acting, cases: CaseService) -> Iterator[object]:
    """Services for people outside, and those that answer them."""
    yield PublicService(r.db)
    yield NoticeService(acting, db=r.db, clock=r.clock)
    if r.tip_box is not None:
        yield PublicTipService(
            r.db, clock=r.clock, change_signal=r.change_signal, box=r.tip_box, spans=r.tip_spans
        )
        yield TipService(acting, box=r.tip_box, cases=cases)
    if r.petition_box is not None and r.office is not None:
        service = PublicDataRequestService(r.db, clock=r.clock, box=r.petition_box, office=r.office)
        requests = DataRequestService(acting, service=service)
        yield from (service, requests)
        yield DataRequestEraser(
            r.db,
            requests=requests,
            blobs=r.blobs,
            clock=r.clock,
            change_signal=r.change_signal,
            proxies=r.proxies,
        )
    if r.household_box is not None:
        yield HouseholdService(acting, box=r.household_box)
        yield HouseholdRequestService(acting, blobs=r.blobs, box=r.household_box)
