"""The recordings that scenes are made of, loaded once."""

import pytest

from agent.bench.scenes.command import SCENES, cache, material
from agent.bench.scenes.programme import Material
from agent.cameras.port import CameraError


@pytest.fixture(scope="session")
def stock(needs_media: None) -> Material:
    try:
        return material(cache(), SCENES / "vtest.truth.toml")
    except CameraError as missing:
        pytest.skip(str(missing))
