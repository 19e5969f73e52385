"""Small pictures: made once, in turn for each owner, in a child process with limits."""

import io
import resource
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from PIL import Image

from hub.web.pictures.maker import ChildProcess, Job, PictureError, PictureMaker
from tests.waiting import patience_s

pytestmark = pytest.mark.system


@pytest.fixture
def maker() -> Iterator[PictureMaker]:
    real = PictureMaker(ChildProcess)
    yield real
    real.close()


class Counted:
    """A stored picture that counts how often it is read."""

    def __init__(self, content: bytes) -> None:
        self.reads = 0
        self._content = content

    def __call__(self) -> bytes:
        self.reads += 1
        return self._content


def photo(width: int = 640, height: int = 360, *, form: str = "JPEG", mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height), 90).save(out, form)
    return out.getvalue()


def progressive(width: int, height: int, *, shade: int) -> bytes:
    """Few bytes; a decoder holds all of it until the last scan."""
    out = io.BytesIO()
    plain = Image.new("RGB", (width, height), (shade, 90, 90))
    plain.save(out, "JPEG", quality=90, progressive=True, subsampling=0)
    return out.getvalue()


def fault(maker: PictureMaker, job: Job) -> str:
    with pytest.raises(PictureError) as caught:
        maker.ask(job).result(patience_s())
    return caught.value.fault


def held(until: threading.Event) -> Callable[[], bytes]:
    def load() -> bytes:
        until.wait(patience_s())
        return photo()

    return load


def test_a_picture_is_made_once_for_all_who_ask(maker: PictureMaker) -> None:
    go_on, reads = threading.Event(), []

    def load() -> bytes:
        reads.append(1)
        go_on.wait(patience_s())
        return photo()

    job = Job("small", "node", load, key="once")
    together = [maker.ask(job) for _ in range(20)]
    go_on.set()
    made = {one.result(patience_s()).content for one in together}
    assert maker.ask(job).result(patience_s()).content in made
    assert (len(made), len(reads)) == (1, 1)


def test_another_cut_of_the_same_picture_is_another_picture(maker: PictureMaker) -> None:
    stored = Counted(photo())
    whole = maker.ask(Job("small", "node", stored, key="cuts")).result(patience_s())
    box = (0.1, 0.1, 0.3, 0.9)
    cut = maker.ask(Job("small", "node", stored, key="cuts", around=box)).result(patience_s())
    assert (whole.width, whole.height) == (400, 225)
    assert (cut.width, cut.height) == (360, 360)


@pytest.mark.parametrize("content", [b"no picture", b"\xff\xd8\xff\xe0 broken", b""])
def test_a_refusal_is_remembered(maker: PictureMaker, content: bytes) -> None:
    stored = Counted(content)
    job = Job("small", "node", stored, key=f"refused {content!r}")
    assert [fault(maker, job), fault(maker, job)] == ["picture", "picture"]
    assert stored.reads == 1


def test_a_picture_above_the_memory_of_a_child_is_refused(maker: PictureMaker) -> None:
    # Its header allows it; its decoder asks for more than the process may have.
    bomb = photo(3800, 3100, form="WEBP")
    assert fault(maker, Job("redrawn", "node", lambda: bomb)) == "large"
    assert fault(maker, Job("small", "node", lambda: bomb)) == "large"


def test_one_owner_with_slow_pictures_delays_no_other(maker: PictureMaker) -> None:
    go_on = threading.Event()
    slow = [maker.ask(Job("small", "slow", held(go_on))) for _ in range(10)]
    try:
        others = [maker.ask(Job("small", f"node {n}", photo)) for n in range(5)]
        assert all(one.result(patience_s()).width == 400 for one in others)
        assert not any(one.done() for one in slow)
    finally:
        go_on.set()
    assert all(one.result(patience_s()).width == 400 for one in slow)


def test_an_owner_with_too_many_waiting_is_refused_at_once_and_counted(
    maker: PictureMaker,
) -> None:
    go_on, refused = threading.Event(), maker.counts()["busy"]
    try:
        three = [maker.ask(Job("small", "many", held(go_on)), most=3) for _ in range(3)]
        fourth = maker.ask(Job("small", "many", photo), most=3)
        assert isinstance(fourth.exception(0), PictureError)
        assert maker.counts()["busy"] == refused + 1
    finally:
        go_on.set()
    assert all(one.result(patience_s()).width == 400 for one in three)


def test_a_child_that_does_not_answer_is_killed_and_its_picture_tried_again(
    maker: PictureMaker,
) -> None:
    stored = Counted(photo())
    job = Job("small", "node", stored, key="slow")
    impatient = PictureMaker(partial(ChildProcess, time_s=0.0))
    assert [fault(impatient, job), fault(impatient, job)] == ["slow", "slow"]
    impatient.close()
    assert (stored.reads, impatient.counts()["slow"]) == (2, 2)
    assert maker.ask(job).result(patience_s()).width == 400


@pytest.mark.promise("Footage: A box's pictures take neither the memory nor the pages of the hub.")
def test_pictures_of_many_pixels_made_together_take_no_memory_of_the_hub(
    maker: PictureMaker,
) -> None:
    bombs = [progressive(7300, 5400, shade=shade) for shade in range(6)]
    assert max(map(len, bombs)) < 2**20
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    jobs = [Job("small", f"node {n}", partial(bytes, one)) for n, one in enumerate(bombs)]
    ends = [one.exception(patience_s()) for one in [maker.ask(job) for job in jobs]]
    assert [str(end) for end in ends] == ["large"] * 6
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 100 * 1024


def test_an_original_that_cannot_be_read_is_no_refusal(maker: PictureMaker) -> None:
    def gone() -> bytes:
        raise FileNotFoundError("gone")

    with pytest.raises(FileNotFoundError):
        maker.ask(Job("small", "node", gone, key="gone")).result(patience_s())
    assert maker.ask(Job("small", "node", photo, key="gone")).result(patience_s()).width == 400
