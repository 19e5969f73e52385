"""A hub that takes uploads, and a token for it."""

import time
from collections.abc import Iterator

import pytest

from agent.uplink.tokens import Tokens
from agent.wire.answers import UploadToken
from tests.agent.helpers.uplink.live import TOKEN, Hub


@pytest.fixture
def hub(needs_loopback: None) -> Iterator[Hub]:
    with Hub() as hub:
        yield hub


@pytest.fixture
def tokens(hub: Hub) -> Tokens:
    tokens = Tokens()
    leave = UploadToken(token=TOKEN, valid_for_s=600, upload_url=hub.url)
    tokens.put(leave, time.monotonic())
    return tokens
