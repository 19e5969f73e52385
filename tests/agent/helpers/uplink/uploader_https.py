"""Helpers of the tests of uploader https, used by more than one module."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from agent.uplink.tokens import Tokens
from agent.wire.answers import UploadToken
from hub.nodes.pki.authority import Authority
from tests.browser.served import address, free_socket, served
from tests.hub.rigs.web_town import TOKEN, Town


@contextmanager
def site(town: Town, authority: Authority, host: str = "127.0.0.1") -> Iterator[Tokens]:
    """The hub's pages are up over HTTPS; inside is a token for them."""
    papers = authority.issue_server("web", datetime.now(UTC), hosts=(host,))
    place, stopped = free_socket(), threading.Event()
    url = address(place, "https")
    tokens = Tokens()
    tokens.put(
        UploadToken(token=TOKEN, valid_for_s=3600, upload_url=f"{url}/upload"), time.monotonic()
    )
    app = town.app(public_url=url, stopping=stopped.is_set)
    with served(app, place, stop=stopped.set, papers=papers):
        yield tokens
