"""Everything that the features of the hub contain together, for tests."""

from typing import Final

from hub.app.features import FEATURES
from hub.web import rate_limits
from hub.web.i18n import words
from hub.web.rate_limits import RateRule

RATES: Final = [rate for feature in FEATURES for rate in feature.rates]
ACTS: Final = {act for feature in FEATURES for act in feature.acts(words("en"))}
"""Acts of the log that have a text."""


def rule_of(method: str, path: str) -> RateRule | None:
    """The limit of a route; None: no limit."""
    return rate_limits.rule_of(method, path, RATES)
