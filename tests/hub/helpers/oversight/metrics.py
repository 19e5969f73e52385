"""Helpers of the tests of metrics, used by more than one module."""

from hub.oversight.metrics.measured import Measured
from tests.hub.rigs.web_town import Town


def measured(town: Town, **more: object) -> Measured:
    return Measured(town.db, blobs=town.blobs, clock=town.clock, **more)  # type: ignore[arg-type] # by name
