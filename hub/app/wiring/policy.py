"""Wiring of the policy that says which sightings raise and join alerts."""

from hub.alerting.alerts.rules.grouping import Policy
from hub.app.config import AlertsSection


def policy(section: AlertsSection) -> Policy:
    """The configured policy for alerts."""
    return Policy(
        group_quiet_s=section.group_quiet_s,
        group_max_s=section.group_max_s,
        cooldown_s=section.cooldown_s,
        critical_kinds=frozenset(section.critical_kinds),
        critical_rules=frozenset(section.critical_rules),
    )
