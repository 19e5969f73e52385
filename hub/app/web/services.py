"""All services that pages use, made once: those that need `Acting` alone are named by their
features, the others are made here from the hub's resources."""

from collections.abc import Iterator

from hub.access.invitations.service import Invitations
from hub.access.signin.accounts import Accounts
from hub.access.signin.own_account import OwnAccountService
from hub.access.signin.provider_port import OpenIdProvider
from hub.access.standing import StandingService
from hub.alerting.oncall.service import OnCallService
from hub.alerting.routing import rows
from hub.app.features import FEATURES
from hub.app.resources import Resources
from hub.cases.evidence.service import ExportService
from hub.cases.service import CaseService
from hub.console.accounts.service import AccountService
from hub.console.service import InboxService
from hub.footage.live.leases import LiveLeases
from hub.footage.live.service import LiveService
from hub.footage.playback.service import PlaybackService
from hub.nodes.desired_state.release_service import ReleaseService
from hub.nodes.diagnostics.service import DiagnosisService
from hub.nodes.enrolment.port import Enrolling
from hub.nodes.explanations.service import ExplanationService
from hub.nodes.releases.upload import BundleService
from hub.places.map.ground import MapFiles
from hub.public.data_requests.eraser import DataRequestEraser
from hub.public.data_requests.public_service import PublicDataRequestService
from hub.public.data_requests.service import DataRequestService
from hub.public.households.case_material import HouseholdMaterial
from hub.public.households.port import HouseholdServices
from hub.public.households.request_service import HouseholdRequestService
from hub.public.households.service import HouseholdService
from hub.public.notices.service import NoticeService
from hub.public.tips.public_service import PublicTipService
from hub.public.tips.service import TipService
from hub.public.watched.queries import PublicService
from hub.web.services import Services, Under


def make_services(r: Resources) -> Services:
    """Make every service once, as far as the hub has what it needs."""
    of_features = [make(r.acting) for feature in FEATURES for make in feature.services]
    cases = CaseService(r.acting, material=HouseholdMaterial())
    return Services(
        [*of_features, cases, *_of_resources(r), *_of_nodes(r), *_for_outside(r, cases)]
    )


def _of_resources(r: Resources) -> Iterator[object]:
    numbers = {name: one for feature in FEATURES for name, one in feature.numbers.items()}
    counted = {name: one for feature in FEATURES for name, one in feature.counted.items()}
    yield StandingService(r.acting, numbers, counted)
    yield Accounts(
        r.db,
        clock=r.clock,
        passwords=r.passwords,
        limits=r.limits,
        passkey_key=r.tokens.key_for("passkeys"),
        cookie_key=r.tokens.key_for("cookies"),
    )
    yield Under(OpenIdProvider, r.provider)  # type: ignore[type-abstract]  # any that fits the port
    yield OwnAccountService(
        r.acting, db=r.db, clock=r.clock, passwords=r.passwords, limits=r.limits
    )
    yield Invitations(r.db, clock=r.clock)
    accounts = AccountService(r.acting, db=r.db, change_signal=r.change_signal)
    yield accounts
    yield OnCallService(r.acting, is_named=rows.calls_team)
    live = LiveService(r.acting)
    yield from (live, r.live_views)
    yield LiveLeases(live, accounts.hear_closings, r.live_views, words=r.broadcast)
    yield Under(MapFiles, r.map_files)
    yield from (r.uploads, r.copies)
    playback = PlaybackService(
        r.acting, blobs=r.blobs, proxies=r.proxies, growing=r.uploads.growing
    )
    yield playback
    yield InboxService(r.acting, playback=playback)
    yield ExportService(r.acting, blobs=r.blobs, material=HouseholdMaterial())


def _of_nodes(r: Resources) -> Iterator[object]:
    yield Under(Enrolling, r.enrolling)
    yield DiagnosisService(r.acting, r.db, clock=r.clock)
    yield r.explanations
    yield ExplanationService(r.acting, r.explanations)
    yield ReleaseService(r.acting, r.db, clock=r.clock, blobs=r.blobs)
    if r.bundle_parts is None:
        yield Under(BundleService)
    else:
        yield BundleService(
            r.acting, clock=r.clock, blobs=r.blobs, parts=r.bundle_parts, key=r.update_key
        )


def _for_outside(r: Resources, cases: CaseService) -> Iterator[object]:
    """Services for people outside, and those that answer them."""
    yield PublicService(r.db)
    yield NoticeService(r.acting, db=r.db, clock=r.clock)
    if r.tip_box is None:
        yield from (Under(PublicTipService), Under(TipService))
    else:
        yield PublicTipService(
            r.db, clock=r.clock, change_signal=r.change_signal, box=r.tip_box, spans=r.tip_spans
        )
        yield TipService(r.acting, box=r.tip_box, cases=cases)
    if r.request_box is None or r.office is None:
        yield from map(Under, (PublicDataRequestService, DataRequestService, DataRequestEraser))
    else:
        service = PublicDataRequestService(r.db, clock=r.clock, box=r.request_box, office=r.office)
        requests = DataRequestService(r.acting, service=service)
        yield from (service, requests)
        yield DataRequestEraser(
            r.db,
            requests=requests,
            blobs=r.blobs,
            clock=r.clock,
            change_signal=r.change_signal,
            proxies=r.proxies,
        )
    yield Under(HouseholdServices, r.households)
    if r.household_box is None:
        yield from (Under(HouseholdService), Under(HouseholdRequestService))
    else:
        yield HouseholdService(r.acting, box=r.household_box)
        yield HouseholdRequestService(r.acting, blobs=r.blobs, box=r.household_box)
