"""The town of these tests has phones, and a virtual clock."""

from tests.hub.rigs.notify_fixtures import clock, town

__all__ = ["clock", "town"]
