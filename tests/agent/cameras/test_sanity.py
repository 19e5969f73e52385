"""Broken streams: pictures of one colour, and keyframes that do not decode."""

import av
import numpy as np
import pytest

from agent.cameras.file.reel import i420
from agent.cameras.rtsp.sanity import STRIKES, TRIED_EVERY_S, TrialDecodes, is_filling
from agent.media.frame import Frame, Plane
from tests.agent.rigs.vision import after

pytestmark = pytest.mark.promise("Cameras: A damaged frame does no harm.")


def framed(yuv: Plane) -> Frame:
    return Frame(1, after(0), yuv, yuv.shape[1], yuv.shape[0] * 2 // 3)


def one_colour(y: int, u: int, v: int, height: int = 48) -> Plane:
    yuv = np.full((height * 3 // 2, 64), y, np.uint8)
    chroma = yuv[height:].reshape(2, -1)
    chroma[0], chroma[1] = u, v
    return yuv


@pytest.mark.parametrize("height", [48, 46])
@pytest.mark.parametrize("colour", [(0, 0, 0), (149, 43, 21), (100, 200, 100)])
def test_a_picture_of_one_colour_is_a_decoders_filling(
    colour: tuple[int, int, int], height: int
) -> None:
    assert is_filling(framed(one_colour(*colour, height=height)))


@pytest.mark.parametrize("colour", [(0, 128, 128), (16, 128, 128), (255, 126, 131)])
def test_a_black_or_white_picture_may_be_the_night(colour: tuple[int, int, int]) -> None:
    assert not is_filling(framed(one_colour(*colour)))


@pytest.mark.parametrize("place", [(0, 0), (17, 33), (47, 63), (50, 3), (70, 60)])
def test_a_trace_of_anything_else_makes_it_a_picture(place: tuple[int, int]) -> None:
    yuv = one_colour(149, 43, 21)
    yuv[place] += 1
    assert not is_filling(framed(yuv))


def test_a_keyframe_is_tried_now_and_then_and_the_next_after_a_damaged_one() -> None:
    trial = TrialDecodes(after(0))
    assert not trial.is_due(after(TRIED_EVERY_S - 3))
    assert trial.is_due(after(TRIED_EVERY_S))
    assert not trial.is_lost(after(TRIED_EVERY_S), is_whole=True)
    assert not trial.is_due(after(TRIED_EVERY_S + 2))
    assert not trial.is_lost(after(2 * TRIED_EVERY_S), is_whole=False)
    assert trial.is_due(after(2 * TRIED_EVERY_S + 2))
    assert trial.is_lost(after(2 * TRIED_EVERY_S + 2), is_whole=False)


@pytest.mark.promise("Cameras: A camera fault is noticed within 15 seconds.")
@pytest.mark.parametrize(("apart_s", "last_s"), [(0.2, 13), (1, 13), (2, 14), (3, 15)])
def test_garbage_is_noticed_in_time_however_far_apart_keyframes_are(
    apart_s: float, last_s: float
) -> None:
    """Garbage begins right after a good trial, which is the worst moment."""
    trial, tried = TrialDecodes(after(0)), 0
    for number in range(1, 200):
        at = after(number * apart_s)
        if trial.is_due(at):
            tried += 1
            if trial.is_lost(at, is_whole=False):
                break
    assert tried == STRIKES
    assert number * apart_s <= last_s


def test_one_damaged_keyframe_is_forgiven() -> None:
    trial = TrialDecodes(after(0))
    assert not trial.is_lost(after(8), is_whole=False)
    assert not trial.is_lost(after(10), is_whole=True)
    assert not trial.is_lost(after(18), is_whole=False)


@pytest.mark.parametrize(
    "form", ["yuv420p", "yuv420p10le", "yuv420p16le", "gray16le", "gray", "nv12"]
)
def test_whatever_depth_and_size_a_decoder_gives_the_eyes_get_even_eight_bit_frames(
    form: str,
) -> None:
    picture = av.VideoFrame(321, 241, form)
    for plane in picture.planes:
        plane.update(bytes(plane.buffer_size))
    yuv = i420(picture)
    assert (yuv.shape, yuv.dtype) == ((360, 320), np.uint8)
