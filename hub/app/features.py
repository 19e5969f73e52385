"""All features of the hub: the one list that a new capability is added to."""

from typing import Final

from hub.access.grants import feature as grants_feature
from hub.access.invitations import feature as invitations_feature
from hub.access.oidc import feature as oidc_feature
from hub.access.signin import feature as signin_feature
from hub.alerting.alerts import feature as alerts_feature
from hub.alerting.escalation import feature as escalation_feature
from hub.alerting.notifications import feature as notifications_feature
from hub.alerting.oncall import feature as oncall_feature
from hub.alerting.routing import feature as routing_feature
from hub.alerting.silences import feature as silences_feature
from hub.app import processes_feature
from hub.cases import feature as cases_feature
from hub.console import feature as console_feature
from hub.console.accounts import feature as accounts_feature
from hub.console.lookup import feature as lookup_feature
from hub.footage import feature as footage_feature
from hub.footage.live import feature as live_feature
from hub.footage.retention import feature as retention_feature
from hub.nodes.commissioning import feature as commissioning_feature
from hub.nodes.desired_state import feature as desired_state_feature
from hub.nodes.diagnostics import feature as diagnostics_feature
from hub.nodes.enrolment import feature as enrolment_feature
from hub.nodes.explanations import feature as explanations_feature
from hub.nodes.health import feature as health_feature
from hub.nodes.releases import feature as releases_feature
from hub.nodes.spool import feature as spool_feature
from hub.notify.phones import feature as phones_feature
from hub.oversight.log import feature as log_feature
from hub.oversight.metrics import feature as metrics_feature
from hub.oversight.reports import feature as reports_feature
from hub.places.areas import feature as areas_feature
from hub.places.cameras import feature as cameras_feature
from hub.places.map import feature as map_feature
from hub.public.data_requests import feature as data_requests_feature
from hub.public.households import feature as households_feature
from hub.public.notices import feature as notices_feature
from hub.public.tips import feature as tips_feature
from hub.public.watched import feature as watched_feature
from hub.registry import feature as registry_feature
from hub.search import feature as search_feature
from hub.web import app_shell_feature
from hub.web.feature import Feature

FEATURES: Final[tuple[Feature, ...]] = (
    signin_feature.FEATURE,
    app_shell_feature.FEATURE,
    console_feature.STREAM,
    live_feature.FEATURE,
    commissioning_feature.FEATURE,
    footage_feature.FEATURE,
    console_feature.FEATURE,
    search_feature.FEATURE,
    health_feature.FEATURE,
    notifications_feature.FEATURE,
    retention_feature.FEATURE,
    oncall_feature.FEATURE,
    silences_feature.FEATURE,
    signin_feature.ACCOUNT,
    phones_feature.FEATURE,
    invitations_feature.FEATURE,
    signin_feature.PASSKEYS,
    oidc_feature.FEATURE,
    cameras_feature.FEATURE,
    cases_feature.FEATURE,
    reports_feature.FEATURE,
    enrolment_feature.FEATURE,
    grants_feature.FEATURE,
    accounts_feature.FEATURE,
    lookup_feature.FEATURE,
    log_feature.FEATURE,
    routing_feature.FEATURE,
    enrolment_feature.PAGES,
    releases_feature.FEATURE,  # before addresses with an id
    desired_state_feature.FEATURE,
    diagnostics_feature.FEATURE,
    explanations_feature.FEATURE,
    areas_feature.FEATURE,
    map_feature.FEATURE,
    watched_feature.FEATURE,
    notices_feature.FEATURE,
    metrics_feature.FEATURE,
    tips_feature.FEATURE,
    households_feature.FEATURE,
    data_requests_feature.FEATURE,
    # Without pages of their own:
    registry_feature.FEATURE,
    spool_feature.FEATURE,
    alerts_feature.FEATURE,
    escalation_feature.FEATURE,
    processes_feature.FEATURE,
)
"""In the order in which addresses are tried."""
