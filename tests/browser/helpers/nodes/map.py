"""Helpers of the tests of map, used by more than one module."""

from hub.registry import registry
from tests.browser.conftest import Hub
from tests.hub.rigs.web_town import NODE


def place_all_but_new(hub: Hub) -> None:
    with hub.town.db.writing() as conn:
        registry.place_camera(
            conn,
            node_name=NODE,
            camera=hub.town.voice.camera,
            place=registry.CameraPosition(11.505, 106.505),
            now=hub.town.clock.now(),
        )
