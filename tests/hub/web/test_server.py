"""The pages' web server: as many requests at once as it has threads, the others in turn."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import FastAPI

from hub.web.server import HANDS, Pages
from tests.browser.served import address, free_socket
from tests.waiting import patience_s, until


@pytest.mark.loopback
def test_more_readers_than_hands_wait_their_turn_and_all_are_served() -> None:
    app, lock, busy, most = FastAPI(), threading.Lock(), 0, 0
    all_of_them = threading.Barrier(HANDS)

    @app.get("/page")
    def page() -> str:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        all_of_them.wait(patience_s())
        time.sleep(0.1)  # one hand more would come meanwhile
        with lock:
            busy -= 1
        return "page"

    place, server = free_socket(), Pages(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]})
    thread.start()
    try:
        until(lambda: server.started)
        with ThreadPoolExecutor(3 * HANDS) as readers:
            asked = [
                readers.submit(httpx.get, f"{address(place)}/page", timeout=patience_s())
                for _ in range(3 * HANDS)
            ]
            assert {one.result().status_code for one in asked} == {200}
    finally:
        server.should_exit = True
        thread.join(patience_s())
        place.close()
    assert most == HANDS
