"""Helpers of the tests of web sentence, used by more than one module."""

from typing import Any
from uuid import UUID

from agent.wire.description import ColourWords, DescriptionWords
from agent.wire.messages import SightingClosed
from tests.hub.rigs.web_town import Town


def described(town: Town, sighting_id: UUID, **words: Any) -> None:
    """The end of a sighting, with a description."""
    body = SightingClosed(
        camera=town.voice.camera,
        sighting_id=sighting_id,
        last_seen_utc_us=town.clock.now().utc_us,
        duration_ms=3000,
        description=DescriptionWords(**words),
    )
    town.file(body)


def colours(*names: Any) -> tuple[ColourWords, ...]:
    return tuple(ColourWords(colour=name, confidence=0.8) for name in names)
