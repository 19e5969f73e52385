"""The pre-roll ring: bounded twice, begins at a keyframe, keeps the takes apart."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.media.frame import Instant, Packet, StreamInfo
from agent.recording.ring.preroll import Preroll, PrerollBounds, Take

FRAME_NS = 100_000_000
STREAM = StreamInfo("h264", 320, 240, Fraction(1, 10), 10.0, b"")


def packet(index: int, *, key: bool, size: int = 100) -> Packet:
    at = Instant(index * FRAME_NS, index * FRAME_NS // 1000)
    return Packet(b"x" * size, at, index, index, 1, key)


def filled(
    frames: int, gop: int, bounds: PrerollBounds | None = None, size: int = 100
) -> tuple[Preroll, Take]:
    ring = Preroll(bounds or PrerollBounds())
    take = ring.begin(STREAM)
    for index in range(frames):
        ring.push(packet(index, key=index % gop == 0, size=size))
    return ring, take


def test_nothing_is_kept_before_the_first_keyframe() -> None:
    ring = Preroll(PrerollBounds())
    take = ring.begin(STREAM)
    ring.push(packet(0, key=False))
    assert ring.size_bytes == 0
    assert ring.start_before(Instant(0, 0), take) is None


def test_nothing_is_kept_of_a_camera_that_was_not_opened() -> None:
    ring = Preroll(PrerollBounds())
    ring.push(packet(0, key=True))
    assert ring.size_bytes == 0


def test_run_up_starts_at_the_latest_keyframe_that_is_early_enough() -> None:
    ring, take = filled(100, 10)
    start = ring.start_before(Instant(45 * FRAME_NS, 0), take)
    assert start is not None
    first = ring.since(start)[0].packet
    assert first.is_keyframe
    assert first.dts == 40


def test_short_ring_gives_the_oldest_keyframe_it_has() -> None:
    ring, take = filled(15, 10)
    assert ring.start_before(Instant(-5 * FRAME_NS, 0), take) == 1


def test_no_start_is_given_for_a_moment_that_has_not_come() -> None:
    ring, take = filled(15, 10)
    assert ring.start_before(Instant(15 * FRAME_NS, 0), take) is None


def test_reading_on_gives_each_packet_once() -> None:
    ring, _ = filled(30, 10)
    held = ring.since(1)
    assert [item.number for item in held] == list(range(1, 31))
    ring.push(packet(30, key=True))
    assert [item.number for item in ring.since(31)] == [31]


def test_new_take_begins_at_its_own_keyframe_and_leaves_the_old_one_whole() -> None:
    ring, old = filled(15, 10)
    new = ring.begin(STREAM)
    ring.push(packet(15, key=False))
    ring.push(packet(16, key=True))
    assert ring.is_over(old)
    assert not ring.is_over(new)
    assert [item.take for item in ring.since(1)] == [old] * 15 + [new]
    assert ring.start_before(Instant(0, 0), new) == 17
    assert ring.start_before(Instant(0, 0), old) == 1


def test_at_rest_it_is_short_and_grows_for_who_has_still_to_read() -> None:
    ring, _ = filled(200, 10, PrerollBounds(span_s=15, rest_s=5))
    assert (held_from(ring), ring.since(1)[-1].number) == (141, 200)
    ring.want("clips", 161)
    ring.want("clips", 181)
    for index in range(200, 300):
        ring.push(packet(index, key=index % 10 == 0))
    assert held_from(ring) == 161
    ring.want("continuous", 171)
    ring.read("clips", 301)
    ring.push(packet(300, key=True))
    assert held_from(ring) == 171
    for index in range(301, 400):
        ring.push(packet(index, key=index % 10 == 0))
    assert held_from(ring) == 241, "no reader is waited for longer than the bound"
    for reader in ("continuous", "clips"):
        ring.read(reader, None)
    ring.push(packet(400, key=True))
    assert held_from(ring) == 351


def held_from(ring: Preroll) -> int:
    return ring.since(1)[0].number


@pytest.mark.promise("Clips: A stream without keyframes cannot fill the memory.")
def test_camera_without_a_second_keyframe_cannot_fill_the_memory() -> None:
    ring, _ = filled(1000, 10_000, PrerollBounds(size_bytes=5_000))
    assert ring.size_bytes <= 5_000
    ring.push(packet(1000, key=True))
    assert [item.number for item in ring.since(1)] == [1001]


@pytest.mark.promise("Clips: The ring has a bound in seconds and bytes and starts at a keyframe.")
@given(
    frames=st.integers(1, 400),
    gop=st.integers(1, 60),
    span_s=st.floats(0.5, 15),
    rest_s=st.floats(0, 20) | st.none(),
    wanted=st.none() | st.integers(1, 400),
    size=st.integers(1, 5000),
)
def test_ring_stays_within_its_bounds_and_starts_at_a_keyframe(
    frames: int, gop: int, span_s: float, rest_s: float | None, wanted: int | None, size: int
) -> None:
    bounds = PrerollBounds(span_s=span_s, size_bytes=100_000, rest_s=rest_s)
    ring, take = filled(min(frames, wanted or 0), gop, bounds, size)
    if wanted is not None:
        ring.want("clips", wanted)
    for index in range(min(frames, wanted or 0), frames):
        ring.push(packet(index, key=index % gop == 0, size=size))
    assert not ring.is_over(take)
    held = [item.packet for item in ring.since(1)]
    assert ring.size_bytes == sum(len(p.data) for p in held) <= bounds.size_bytes
    assert not held or held[0].is_keyframe
    second_group = [p for p in held[1:] if p.is_keyframe][:1]
    if second_group:
        assert held[-1].at.seconds_since(second_group[0].at) < span_s
