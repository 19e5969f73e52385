"""Helpers of the tests of live page, used by more than one module."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any
from uuid import UUID

import cv2
import httpx
from sqlalchemy import select

from hub.registry.tables import cameras
from tests.browser import footage
from tests.browser.conftest import Hub
from tests.hub.rigs.web_town import TOKEN, Town
from tests.waiting import patience_s


def small(frame: Any) -> bytes:
    """Live picture as nodes send it: 640 pixels wide."""
    _, data = cv2.imencode(".jpg", cv2.resize(frame, (640, 480)), [cv2.IMWRITE_JPEG_QUALITY, 60])
    return bytes(data)


class Node:
    """Brings a picture four times a second while the hub takes them; another after another."""

    def __init__(self, hub: Hub) -> None:
        self._url = f"{hub.url}/upload/live/{hub.town.voice.camera}"
        self._pictures = [small(frame) for frame in islice(footage.frames(90), 0, None, 30)]
        self.is_on = True
        self.answers: list[int] = []

    def run(self, stop: threading.Event) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "image/jpeg"}
        while not stop.wait(0.25):
            if self.is_on:
                data = self._pictures[len(self.answers) % 3]
                answer = httpx.put(self._url, content=data, headers=headers, timeout=patience_s())
                self.answers.append(answer.status_code)


@contextmanager
def running(hub: Hub) -> Iterator[Node]:
    """The node, and the hub's own rounds."""
    node, stop = Node(hub), threading.Event()

    def rounds() -> None:
        while not stop.wait(0.3):
            hub.town.live_leases.look()

    threads = [
        threading.Thread(target=node.run, args=(stop,)),
        threading.Thread(target=rounds),
    ]
    for thread in threads:
        thread.start()
    try:
        yield node
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def camera_of(town: Town) -> UUID:
    with town.db.reading() as conn:
        found: UUID = conn.scalars(select(cameras.c.id)).one()
    return found
