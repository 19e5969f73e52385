"""Helpers of the tests of batching runs, used by more than one module."""

from uuid import UUID

from tests.hub.rigs.notify_town import Town


def raise_alerts(town: Town, number: int, *, camera_id: UUID | None = None) -> list[UUID]:
    made = []
    for _ in range(number):
        made.append(town.alert(camera_id=camera_id))
        town.owe(made[-1])
    return made
