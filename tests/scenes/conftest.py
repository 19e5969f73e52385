"""The recordings that scenes are made of, loaded once."""

import pytest

from agent.cameras.port import CameraError
from tests.bench.agent.scenes.command import SCENES, cache, material
from tests.bench.agent.scenes.programme import Material


@pytest.fixture(scope="session")
def stock(needs_media: None) -> Material:
    try:
        return material(cache(), SCENES / "vtest.truth.toml")
    except CameraError as missing:
        pytest.skip(str(missing))
