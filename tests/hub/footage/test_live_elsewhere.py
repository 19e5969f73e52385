"""Live views of several processes: each learns what the others watch, and passes pictures on."""

import base64
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from agent.wire.answers import ShowLive
from hub.app.resources import EXPLANATION_BYTES, LIVE_BYTES
from hub.base.audit.asker import Asker
from hub.base.db.database import Database
from hub.base.processes.broadcast import KEPT, KEPT_BYTES, Broadcast
from hub.footage.live.elsewhere import PictureWord, packed, unpacked
from hub.footage.live.service import LiveCamera, Purpose
from hub.footage.live.views import LEASE_S, SAY_EVERY_S, LiveView, LiveViews
from hub.registry.condition import CameraCondition, Condition
from tests.waiting import until

pytestmark = pytest.mark.promise("Roles: Live view works whichever process answers.")

NODE, NAME = "nga-tu-01", "cam"
KEY = bytes(32)
CAMERA = LiveCamera(uuid4(), "Cổng", "Ngã tư", NODE, NAME, CameraCondition(Condition.WELL, 0, ()))
PLACE = (NODE, NAME)


class Process:
    """The live views of one process."""

    def __init__(self, hub: "TwoProcesses") -> None:
        self.told: list[ShowLive] = []
        self.views = LiveViews(
            self._say,
            hub.now,
            tell_others=lambda message: hub.pass_on(self, message),
            least_number=lambda: int(hub.now_s * 1000),
        )

    def open(self, session: UUID) -> tuple[UUID, UUID, Purpose]:
        """A page of it is open, or asks again."""
        asker = Asker(session, "an", "An", "officer", "vi", "")
        begun = self.views.come(session, asker, CAMERA, Purpose.LIVE)
        if begun is not None:
            begun.is_noted = True
            self.views.tell_nodes()
        return session, CAMERA.camera_id, Purpose.LIVE

    def bring(self, jpeg: bytes) -> bool | None:
        return self.views.put(NODE, NAME, jpeg, age_s=0.1)

    def look(self) -> list[LiveView]:
        """A round of the task that ends views; the ones that ended."""
        over = [watch for watch in self.views.watches() if self.views.is_over(watch)]
        for watch in over:
            self.views.leave(watch.key)
        self.views.tell_nodes()
        return over

    def _say(self, _node: str, words: ShowLive) -> bool:
        self.told.append(words)
        return True


class TwoProcesses:
    """Without a database between them."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.is_cut = False
        self.late: list[tuple[Process, bytes]] | None = None
        """Messages under way; None: each arrives at once."""
        self.here, self.there = Process(self), Process(self)

    def now(self) -> float:
        return self.now_s

    def pass_on(self, sender: Process, message: bytes) -> None:
        other = self.there if sender is self.here else self.here
        if self.late is not None:
            self.late.append((other, message))
        elif not self.is_cut:
            other.views.hear(message)

    def arrive(self) -> None:
        """What is under way arrives, one by one, and a round follows each."""
        assert self.late is not None
        while self.late:
            process, message = self.late.pop(0)
            process.views.hear(message)
            process.look()


@pytest.fixture
def two() -> TwoProcesses:
    return TwoProcesses()


def test_a_picture_that_comes_to_one_process_is_shown_by_the_page_of_the_other(
    two: TwoProcesses,
) -> None:
    assert two.there.bring(b"nobody watches") is None
    key = two.here.open(uuid4())
    assert two.there.bring(b"first") is True
    shown = two.here.views.newest(key)
    assert shown is not None
    assert shown.jpeg == b"first"
    two.now_s += 1
    assert two.here.views.age_s(shown) == pytest.approx(1.1)
    assert two.there.bring(b"second") is True
    newer = two.here.views.newest(key, after=shown.number)
    assert newer is not None
    assert newer.jpeg == b"second"


def test_a_page_that_goes_to_the_other_process_is_shown_what_is_newer(two: TwoProcesses) -> None:
    session = uuid4()
    key = two.here.open(session)
    for _ in range(8):
        two.now_s += 1
        two.here.bring(b"picture")
    last = two.here.views.newest(key)
    assert last is not None
    two.there.open(session)
    assert two.there.views.newest(key, after=last.number) is None
    two.now_s += 1
    two.there.bring(b"newer")
    for process in (two.here, two.there):
        picture = process.views.newest(key, after=last.number)
        assert picture is not None
        assert picture.jpeg == b"newer"


def test_a_view_of_two_processes_counts_once_and_others_count(two: TwoProcesses) -> None:
    session = uuid4()
    two.here.open(session)
    two.there.open(session)
    assert (two.here.views.watchers(CAMERA), two.there.views.watchers(CAMERA)) == (1, 1)
    two.there.open(uuid4())
    assert (two.here.views.watchers(CAMERA), two.there.views.watchers(CAMERA)) == (2, 2)
    two.here.views.tell_nodes()
    assert two.here.told[-1].watchers == 2


def test_the_camera_goes_on_while_another_process_watches_and_stops_after_the_last(
    two: TwoProcesses,
) -> None:
    one, other = two.here.open(uuid4()), two.there.open(uuid4())
    two.here.views.leave(one)
    assert all(words.for_s == LEASE_S for words in two.here.told)
    two.there.views.tell_nodes()
    assert (two.there.told[-1].for_s, two.there.told[-1].watchers) == (LEASE_S, 1)
    two.there.views.leave(other)
    assert two.there.told[-1].for_s == 0
    two.now_s += 1
    assert two.here.bring(b"nobody watches") is None


def test_a_page_that_is_closed_ends_its_view_in_every_process(two: TwoProcesses) -> None:
    session = uuid4()
    key = two.here.open(session)
    two.there.open(session)
    two.there.views.close(key)
    assert [watch.key for watch in two.here.look()] == [key]
    assert two.here.told[-1].for_s == 0


def test_one_of_them_tells_the_node_however_soon_the_other_ends_the_view_too(
    two: TwoProcesses,
) -> None:
    session = uuid4()
    two.here.open(session)
    key = two.there.open(session)
    two.late = []
    two.there.views.close(key)
    two.arrive()
    assert two.here.views.watches() == []
    told = [*two.here.told, *two.there.told]
    assert 0 in [words.for_s for words in told]


def test_a_page_that_comes_again_at_once_goes_on(two: TwoProcesses) -> None:
    session = uuid4()
    key = two.here.open(session)
    two.there.views.close(key)
    two.here.open(session)
    assert two.here.look() == []


def test_the_views_of_a_process_that_is_gone_are_forgotten(two: TwoProcesses) -> None:
    session = uuid4()
    two.here.open(session)
    for _ in range(4):
        two.now_s += SAY_EVERY_S
        two.here.open(session)
        two.here.look()
        assert two.there.bring(b"picture") is True
    two.is_cut = True
    two.now_s += LEASE_S + 0.1
    assert two.there.bring(b"picture") is None


def test_pictures_that_come_too_fast_are_refused_where_nobody_watches_too(
    two: TwoProcesses,
) -> None:
    two.here.open(uuid4())
    assert two.there.bring(b"one") is True
    assert two.there.bring(b"two") is False


@pytest.mark.parametrize("message", [b"", b"[]", b"{}", b"\xff", b'{"node": "n"}', b"{}\njpeg"])
def test_a_message_that_is_none_is_refused(two: TwoProcesses, message: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        two.here.views.hear(message)


def test_a_picture_arrives_as_it_was_sent() -> None:
    word = PictureWord(PLACE, 17, 0.25, bytes(range(256)) * 200)
    assert unpacked(packed(word)) == word


@pytest.fixture
def pair(postgres_url: str) -> Iterator[tuple[Broadcast, Broadcast, list[bytes], list[bytes]]]:
    bases = Database(postgres_url), Database(postgres_url)
    heard: tuple[list[bytes], list[bytes]] = ([], [])
    one, other = (Broadcast(db, "matthan_test", KEY) for db in bases)
    for each, messages in zip((one, other), heard, strict=True):
        each.hear("live", messages.append, most_bytes=EXPLANATION_BYTES)
    one.hear("another", print, most_bytes=100)
    for each in (one, other):
        each.start()
    until(lambda: one.is_connected and other.is_connected, "both listen")
    yield one, other, *heard
    for each in (one, other):
        each.stop()
    for db in bases:
        db.close()


def test_messages_of_every_length_reach_the_other_process_whole_and_in_order(
    pair: tuple[Broadcast, Broadcast, list[bytes], list[bytes]],
) -> None:
    one, _, heard_here, heard_there = pair
    sizes = (1, 5_849, 5_850, 5_851, 60_000, EXPLANATION_BYTES)
    messages = [bytes([size % 251]) * size for size in sizes]
    for message in messages:
        one.say("live", message)
    until(lambda: len(heard_there) == len(messages), "all have come")
    assert heard_there == messages
    assert heard_here == []
    one.say("another", b"nobody hears of it")
    with pytest.raises(ValueError, match="at most"):
        one.say("live", b"x" * (EXPLANATION_BYTES + 1))


def test_a_message_without_room_is_dropped_and_counted(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    words = Broadcast(db, "matthan_test", KEY)  # not started: nothing is sent
    words.hear("live", print, most_bytes=LIVE_BYTES)
    for _ in range(KEPT + 2):
        words.say("live", b"one")
    assert words.dropped == 2
    with pytest.raises(ValueError, match="at most"):
        words.say("live", bytes(LIVE_BYTES + 1))
    words.stop()
    large = Broadcast(db, "matthan_test", KEY)
    large.hear("explanations", print, most_bytes=EXPLANATION_BYTES)
    for _ in range(8):
        large.say("explanations", bytes(EXPLANATION_BYTES))
    assert large.dropped == 8 - KEPT_BYTES // EXPLANATION_BYTES
    large.stop()
    db.close()


def test_who_is_cut_off_hears_again(
    pair: tuple[Broadcast, Broadcast, list[bytes], list[bytes]], postgres_url: str
) -> None:
    one, other, _, heard = pair
    cut(postgres_url)
    until(lambda: not other.is_connected or other.connections > 1, "the line is cut")
    until(lambda: one.is_connected and other.is_connected, "both listen again")
    one.say("live", b"again")
    until(lambda: heard == [b"again"], "it is heard")


def test_what_the_server_carries_can_be_read_with_the_key_alone(
    pair: tuple[Broadcast, Broadcast, list[bytes], list[bytes]], postgres_url: str
) -> None:
    one, _, _, heard = pair
    db = Database(postgres_url)
    stranger, overheard = Broadcast(db, "matthan_test", bytes(31) + b"x"), list[bytes]()
    stranger.hear("live", overheard.append, most_bytes=LIVE_BYTES)
    stranger.start()
    until(lambda: stranger.is_connected, "it listens")
    with psycopg.connect(**db.listening_address(), autocommit=True) as raw:
        raw.execute("LISTEN matthan_test")
        one.say("live", b"a picture")
        carried = next(raw.notifies(timeout=60)).payload
    assert b"a picture" not in base64.b64decode(carried.rpartition(" ")[2])
    stranger.say("live", b"made up")
    one.say("live", b"the next")
    until(lambda: heard == [b"a picture", b"the next"], "it is heard")
    stranger.stop()
    assert overheard == []
    db.close()


def cut(url: str) -> None:
    """The server ends every session that listens for these."""
    db = Database(url)
    with db.writing() as conn:
        conn.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'matthan_test' AND datname = current_database()"
        )
    db.close()
