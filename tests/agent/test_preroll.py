"""The ring of packets: bounded twice, keyframe first."""

from hypothesis import given
from hypothesis import strategies as st

from agent.clips.preroll import Preroll, PrerollBounds
from agent.media.frame import Instant, Packet

FRAME_NS = 100_000_000


def packet(index: int, *, key: bool, size: int = 100) -> Packet:
    at = Instant(index * FRAME_NS, index * FRAME_NS // 1000)
    return Packet(b"x" * size, at, index, index, 1, key)


def filled(frames: int, gop: int, bounds: PrerollBounds, size: int = 100) -> Preroll:
    ring = Preroll(bounds)
    for index in range(frames):
        ring.push(packet(index, key=index % gop == 0, size=size))
    return ring


def test_nothing_is_kept_before_the_first_keyframe() -> None:
    ring = Preroll(PrerollBounds())
    ring.push(packet(0, key=False))
    assert ring.size_bytes == 0
    assert ring.start_before(Instant(0, 0), 5.0) is None


def test_run_up_starts_at_the_latest_keyframe_that_is_early_enough() -> None:
    ring = filled(100, 10, PrerollBounds(span_s=10.0))
    start = ring.start_before(Instant(95 * FRAME_NS, 0), 5.0)
    assert start is not None
    first = ring.since(start)[0].packet
    assert first.is_keyframe
    assert first.dts == 40


def test_short_ring_gives_the_oldest_keyframe_it_has() -> None:
    ring = filled(15, 10, PrerollBounds())
    start = ring.start_before(Instant(14 * FRAME_NS, 0), 5.0)
    assert start == 1


def test_reading_on_gives_each_packet_once() -> None:
    ring = filled(30, 10, PrerollBounds())
    held = ring.since(1)
    assert [item.number for item in held] == list(range(1, 31))
    ring.push(packet(30, key=True))
    assert [item.number for item in ring.since(31)] == [31]


@given(
    frames=st.integers(1, 400),
    gop=st.integers(1, 60),
    span_s=st.floats(0.5, 15),
    size=st.integers(1, 5000),
)
def test_ring_stays_within_its_bounds_and_starts_at_a_keyframe(
    frames: int, gop: int, span_s: float, size: int
) -> None:
    bounds = PrerollBounds(span_s=span_s, size_bytes=100_000)
    ring = filled(frames, gop, bounds, size)
    held = [item.packet for item in ring.since(1)]
    assert held[0].is_keyframe
    one_group_bytes = gop * size
    assert ring.size_bytes == sum(len(p.data) for p in held)
    assert ring.size_bytes <= max(bounds.size_bytes, one_group_bytes)
    second_group = [p for p in held[1:] if p.is_keyframe][:1]
    if second_group:
        assert held[-1].at.seconds_since(second_group[0].at) < span_s
