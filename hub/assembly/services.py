"""All services that pages use, made once: those that need `Acting` alone are named by their
features, the others are made here from the hub's resources."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.assembly.features import FEATURES
from hub.store import alert_rule_rows
from hub.store.account_door import AccountService
from hub.store.acting import Acting
from hub.store.alert_rule_door import AlertRuleService
from hub.store.arrival_door import CameraService
from hub.store.asking_door import HouseholdRequestService
from hub.store.bell import Bell
from hub.store.blobs import Blobs
from hub.store.bundle_desk import BundleService
from hub.store.bundles import update_key
from hub.store.case_door import CaseService
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.diagnosis_door import DiagnosisService
from hub.store.door import InboxService
from hub.store.duty_door import OnCallService
from hub.store.enrol_door import EnrolmentService
from hub.store.export_door import ExportService
from hub.store.footage_door import PlaybackService
from hub.store.growing import GrowingClips
from hub.store.household_door import HouseholdService
from hub.store.keepers_door import NodeHealthService
from hub.store.keeping_door import RetentionService
from hub.store.live_door import LiveService
from hub.store.notice_door import NoticeService
from hub.store.notification_service import NotificationService
from hub.store.own_account import OwnAccountService
from hub.store.parts import PartFolder
from hub.store.passwords import Passwords
from hub.store.petition_desk import PetitionDesk
from hub.store.petition_door import DataRequestService
from hub.store.petition_eraser import PetitionEraser
from hub.store.petition_views import Office
from hub.store.phone_service import PhoneService
from hub.store.phone_test_door import PhoneTestService
from hub.store.programs_door import ReleaseService
from hub.store.proxies import Proxies
from hub.store.public_sights import PublicService
from hub.store.response_service import ResponseService
from hub.store.search_door import SearchService
from hub.store.session_views import DEFAULT_LIMITS, SessionLimits
from hub.store.settings_door import SettingsService
from hub.store.silence_door import SilenceService
from hub.store.tip_box import TipBox
from hub.store.tip_desk import TipDesk
from hub.store.tip_door import TipService
from hub.store.tip_keeping import TipSpans
from hub.web.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What services are made of; None: the hub is without it."""

    db: Database
    clock: Clock
    bell: Bell
    blobs: Blobs
    passwords: Passwords = field(default_factory=Passwords)
    limits: SessionLimits = DEFAULT_LIMITS
    proxies: Proxies | None = None
    growing: GrowingClips | None = None
    """Without it only complete clips are shown."""
    tip_box: TipBox | None = None
    """None: the hub takes no tips."""
    tip_spans: TipSpans | None = None
    petition_box: TipBox | None = None
    """None, as without `office`: the hub takes no data requests."""
    office: Office | None = None
    household_box: TipBox | None = None
    """None: no households are asked for footage."""
    bundle_parts: PartFolder | None = None
    """None: the hub takes no bundles by a page."""
    update_key: Callable[[], Ed25519PublicKey | None] = update_key


def make_services(r: Resources) -> Services:
    """One of each."""
    acting = Acting(r.db, clock=r.clock, bell=r.bell)
    return Services(
        (
            *(make(acting) for feature in FEATURES for make in feature.services),
            *_alerts(r, acting),
            *_people(r, acting),
            *_nodes(r, acting),
            *_footage(r, acting),
            *_evidence(r, acting),
            *_public(r, acting),
            *_tips(r, acting),
            *_data_requests(r, acting),
            *_households(r, acting),
        )
    )


def _people(r: Resources, acting: Acting) -> Iterator[object]:
    yield OwnAccountService(acting, db=r.db, clock=r.clock, passwords=r.passwords, limits=r.limits)
    yield AccountService(acting, db=r.db, bell=r.bell)


def _alerts(r: Resources, acting: Acting) -> Iterator[object]:
    yield InboxService(acting, blobs=r.blobs, growing=r.growing)
    yield ResponseService(acting)
    yield CameraService(acting)
    yield NotificationService(acting)
    yield PhoneService(acting)
    yield PhoneTestService(acting)
    yield OnCallService(acting, is_named=alert_rule_rows.calls_team)
    yield SilenceService(acting)
    yield AlertRuleService(acting)


def _nodes(r: Resources, acting: Acting) -> Iterator[object]:
    yield NodeHealthService(acting)
    yield EnrolmentService(acting)
    yield SettingsService(acting)
    yield DiagnosisService(acting, r.db, clock=r.clock)
    yield ReleaseService(acting, r.db, blobs=r.blobs)
    if r.bundle_parts is not None:
        yield BundleService(
            acting, clock=r.clock, blobs=r.blobs, parts=r.bundle_parts, key=r.update_key
        )


def _footage(r: Resources, acting: Acting) -> Iterator[object]:
    yield PlaybackService(acting, blobs=r.blobs, proxies=r.proxies, growing=r.growing)
    yield SearchService(acting)
    yield LiveService(acting)
    yield RetentionService(acting)


def _evidence(r: Resources, acting: Acting) -> Iterator[object]:
    yield ExportService(acting, blobs=r.blobs)


def _public(r: Resources, acting: Acting) -> Iterator[object]:
    yield PublicService(r.db)
    yield NoticeService(acting, db=r.db, clock=r.clock)


def _tips(r: Resources, acting: Acting) -> Iterator[object]:
    if r.tip_box is not None:
        yield TipDesk(r.db, clock=r.clock, bell=r.bell, box=r.tip_box, spans=r.tip_spans)
        yield TipService(acting, box=r.tip_box, cases=CaseService(acting))


def _data_requests(r: Resources, acting: Acting) -> Iterator[object]:
    if r.petition_box is not None and r.office is not None:
        desk = PetitionDesk(r.db, clock=r.clock, box=r.petition_box, office=r.office)
        requests = DataRequestService(acting, desk=desk)
        yield from (desk, requests)
        yield PetitionEraser(
            r.db, requests=requests, blobs=r.blobs, clock=r.clock, bell=r.bell, proxies=r.proxies
        )


def _households(r: Resources, acting: Acting) -> Iterator[object]:
    if r.household_box is not None:
        yield HouseholdService(acting, box=r.household_box)
        yield HouseholdRequestService(acting, blobs=r.blobs, box=r.household_box)
