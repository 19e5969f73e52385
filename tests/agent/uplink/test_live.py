"""Live pictures: only during a lease, masked, small, and never before anything else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import cv2
import numpy as np
import pytest
from structlog.testing import capture_logs

from agent.cameras.codec.jpeg import jpeg
from agent.cameras.port import NOWHERE
from agent.media.frame import Frame
from agent.uplink.live.leases import LiveLeases
from agent.uplink.live.post import LiveUpload, small
from agent.uplink.mqtt.inbound import Inbound, LinkCounts
from agent.uplink.outbox import Outbox, OutboxPolicy
from agent.uplink.tokens import Tokens
from agent.vision.privacy import GREY
from agent.wire import topics
from agent.wire.answers import Command, ShowLive, UploadToken
from agent.wire.codec import encode
from tests.agent.helpers.uplink.live import TOKEN, Hub
from tests.agent.helpers.vision.privacy import never, of_pictures
from tests.agent.rigs.hubside import NODE, Running, now, open_journal
from tests.waiting import until

pytestmark = pytest.mark.promise("Pages: Live view sends pictures only while somebody watches.")


def wanted(camera: str = "cam", **terms: int) -> ShowLive:
    return ShowLive(camera=camera, **{"for_s": 10, "watchers": 1, **terms})


def street(width: int = 1280, height: int = 720) -> Frame:
    """A picture that compresses badly."""
    noise = np.random.default_rng(1).integers(0, 256, (height * 3 // 2, width), np.uint8)
    return Frame(1, now(), noise, width, height)


class Time:
    """Passes when it is told to."""

    now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def leases(clock: Time) -> LiveLeases:
    return LiveLeases(["cam", "other"], now_s=clock)


def test_nothing_is_kept_of_a_camera_that_nobody_watches(leases: LiveLeases) -> None:
    leases.offer("cam", street())
    assert leases.take(0) is None
    assert leases.counts.dropped == 0


def test_a_lease_gives_one_frame_a_second_and_ends_by_itself(
    leases: LiveLeases, clock: Time
) -> None:
    leases.ask(wanted(), clock())
    taken = 0
    for _ in range(300):  # thirty seconds of ten frames each
        leases.offer("cam", street(64, 64))
        taken += leases.take(0) is not None
        clock.now_s += 0.1
    assert taken == 10
    assert not leases.is_watched("cam")
    assert leases.counts.dropped == 0


def test_a_lease_that_is_renewed_goes_on_and_brings_no_picture_before_its_time(
    leases: LiveLeases, clock: Time
) -> None:
    taken = 0
    for tenth in range(300):
        if tenth % 40 == 0:
            leases.ask(wanted(every_ms=2000), clock())
        leases.offer("cam", street(64, 64))
        taken += leases.take(0) is not None
        clock.now_s += 0.1
    assert taken == 15
    assert leases.is_watched("cam")


def test_the_end_is_at_once_and_what_waited_does_not_go(leases: LiveLeases, clock: Time) -> None:
    leases.ask(wanted(), clock())
    leases.offer("cam", street(64, 64))
    leases.ask(wanted(for_s=0, watchers=0), clock())
    assert leases.take(0) is None
    assert not leases.is_watched("cam")


def test_of_pictures_that_nobody_took_only_the_newest_waits_and_the_others_are_counted(
    leases: LiveLeases, clock: Time
) -> None:
    leases.ask(wanted(), clock())
    for _ in range(4):
        newest = street(64, 64)
        leases.offer("cam", newest)
        clock.now_s += 1
    shot = leases.take(0)
    assert shot is not None and shot.frame is newest
    assert leases.take(0) is None
    assert leases.counts.dropped == 3


def test_who_watches_is_said_once_a_change(leases: LiveLeases, clock: Time) -> None:
    with capture_logs() as said:
        for watchers in (1, 1, 2, 2):
            leases.ask(wanted(watchers=watchers), clock())
        leases.end("cam")
        leases.end("cam")
    assert [(line["event"], line.get("watchers")) for line in said] == [
        ("live_watched", 1),
        ("live_watched", 2),
        ("live_ended", None),
    ]


def test_the_hub_asks_on_the_command_topic_and_a_camera_that_is_not_here_is_strange(
    leases: LiveLeases, tmp_path: Path
) -> None:
    counts = LinkCounts()
    journal = open_journal(tmp_path / "journal.db")
    parts: dict[str, Any] = {
        "journal": journal,
        "outbox": Outbox(OutboxPolicy()),
        "tokens": Tokens(),
    }
    inbound = Inbound(NODE, leases=leases, counts=counts, **parts)
    leases._now_s = time.monotonic
    for camera in ("cam", "elsewhere"):
        command = Command(command_id=uuid4(), body=wanted(camera))
        inbound.receive(topics.address(topics.COMMAND, NODE), encode(command))
    assert leases.is_watched("cam") and not leases.is_watched("elsewhere")
    assert counts.strange == 1
    assert journal.waiting(10) == []  # no event answers it
    journal.close()


@pytest.mark.parametrize("most_bytes", [60_000, 8_000])
def test_a_picture_is_as_small_as_was_asked_however_wild_the_street(
    leases: LiveLeases, clock: Time, most_bytes: int
) -> None:
    leases.ask(wanted(most_bytes=most_bytes), clock())
    leases.offer("cam", street())
    shot = leases.take(0)
    assert shot is not None
    made = small(shot, jpeg)
    assert made is not None and len(made) <= most_bytes
    picture = cv2.imdecode(np.frombuffer(made, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None and picture.shape[1] <= 640


@contextmanager
def posting(hub: Hub, leases: LiveLeases, *, is_busy: bool = False) -> Iterator[LiveUpload]:
    tokens = Tokens()
    token = UploadToken(token=TOKEN, valid_for_s=3600, upload_url=hub.url)
    tokens.put(token, time.monotonic())
    post = LiveUpload(leases, tokens, encode=jpeg, trusted=None, gives_way=lambda: is_busy)
    with Running(post):
        yield post
    post.close()


def live_picture(hub: Hub, folder: Path, secret: int) -> bytes:
    """The first that leaves of a masked camera's street, with that secret behind the mask."""
    leases, camera = LiveLeases(["cong"]), of_pictures(folder, secret)
    camera.open()
    leases.ask(wanted("cong", every_ms=60_000, for_s=60), time.monotonic())
    before = len(hub.came)
    with posting(hub, leases):
        leases.offer("cong", next(camera.frames(NOWHERE, never)))
        until(lambda: len(hub.came) > before)
    camera.close()
    path, leave, data = hub.came[-1]
    assert (path, leave) == ("/upload/live/cong", f"Bearer {TOKEN}")
    return data


def test_what_is_behind_a_mask_changes_no_bit_of_a_live_picture(hub: Hub, tmp_path: Path) -> None:
    pictures = [live_picture(hub, tmp_path / str(secret), secret) for secret in (1, 2)]
    assert pictures[0] == pictures[1]
    shown = cv2.imdecode(np.frombuffer(pictures[0], np.uint8), cv2.IMREAD_GRAYSCALE)
    assert shown is not None
    height, width = shown.shape
    masked = shown[int(0.3 * height) : int(0.5 * height), int(0.68 * width) : int(0.85 * width)]
    assert masked.size > 100
    assert np.abs(masked.astype(int) - GREY).max() <= 8


def test_while_a_file_is_brought_no_picture_goes_and_each_is_counted(hub: Hub) -> None:
    leases = LiveLeases(["cam"])
    leases.ask(wanted(every_ms=200, for_s=60), time.monotonic())
    with posting(hub, leases, is_busy=True) as post:
        leases.offer("cam", street(64, 64))
        until(lambda: post.counts.dropped == 1)
    assert hub.came == []


def test_a_hub_where_nobody_watches_ends_the_lease_with_its_answer(hub: Hub) -> None:
    leases = LiveLeases(["cam"])
    leases.ask(wanted(for_s=60), time.monotonic())
    hub.status = 410
    with posting(hub, leases):
        leases.offer("cam", street(64, 64))
        until(lambda: not leases.is_watched("cam"))
        leases.offer("cam", street(64, 64))
    assert len(hub.came) == 1


@pytest.mark.clock
def test_a_hub_that_does_not_answer_costs_the_picture_and_says_so_once(hub: Hub) -> None:
    leases = LiveLeases(["cam"])
    leases.ask(wanted(every_ms=200, for_s=60), time.monotonic())
    hub.url = "http://127.0.0.1:9/upload"
    with capture_logs() as said, posting(hub, leases) as post:
        for lost in (1, 2):
            time.sleep(0.25)
            leases.offer("cam", street(64, 64))
            until(lambda lost=lost: post.counts.dropped == lost)  # type: ignore[misc]  # binds the value of this round
    assert [line["event"] for line in said].count("live_picture_dropped") == 1
