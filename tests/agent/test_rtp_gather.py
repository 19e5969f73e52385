"""RTP packets become the access units that were sent, however they were cut."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.devices.rtp_gather import AccessUnit, Gathering, Unreadable
from agent.devices.rtp_units import START, Codec
from tests.agent.packing import TYPE, packet, payloads

AVC = {"sets": b"\x67\x42", "key": b"\x65", "other": b"\x41"}
HEVC = {"sets": b"\x42\x01", "key": b"\x26\x01", "other": b"\x02\x01"}

FIRST, LATER = b"\x88", b"\x48"
"""How the first piece of a picture begins behind its head, and how the others do."""

Picture = tuple[bool, list[int]]
"""Whether it is a keyframe, and how long each of its NAL units is."""
pictures = st.lists(
    st.tuples(st.booleans(), st.lists(st.integers(1, 60), min_size=1, max_size=3)),
    min_size=1,
    max_size=12,
)


def nals(codec: Codec, picture: Picture, number: int) -> list[bytes]:
    kinds = AVC if codec == "h264" else HEVC
    is_key, sizes = picture
    head = kinds["key" if is_key else "other"]
    fill = bytes([number % 250 + 1])
    made = [head + (FIRST if n == 0 else LATER) + fill * size for n, size in enumerate(sizes)]
    return [kinds["sets"] + bytes(3), *made] if is_key else made


def sent(
    codec: Codec, shown: list[Picture], *, most: int = 20, start: int = 0, marks: str = "last"
) -> list[bytes]:
    """All packets of those pictures; marks at the `last` of each, at `none`, or at `all`."""
    out: list[bytes] = []
    for number, picture in enumerate(shown):
        cut = [one for nal in nals(codec, picture, number) for one in payloads(codec, nal, most)]
        for index, payload in enumerate(cut):
            mark = marks == "all" or (marks == "last" and index == len(cut) - 1)
            out.append(packet(payload, start + len(out), start + 3000 * number, mark=mark))
    return out


def gathered(codec: Codec, packets: list[bytes]) -> list[AccessUnit]:
    gathering = Gathering(codec, TYPE)
    found: list[AccessUnit] = []
    for one in packets:
        room = bytearray(b"before" + one + b"behind")
        found += gathering.take(room, 6, 6 + len(one))
    return found


def and_the_next(codec: Codec, packets: list[bytes]) -> list[bytes]:
    """With the beginning of one picture more, which ends what has no mark that is believed yet."""
    head = AVC["other"] if codec == "h264" else HEVC["other"]
    sequence, stamp = struct.unpack_from(">HI", packets[-1], 2)
    return [*packets, packet(head + FIRST, sequence + 1, stamp + 3000)]


def expected(codec: Codec, shown: list[Picture]) -> list[tuple[bytes, int, bool]]:
    return [
        (b"".join(START + nal for nal in nals(codec, picture, number)), 3000 * number, picture[0])
        for number, picture in enumerate(shown)
    ]


def plain(units: list[AccessUnit]) -> list[tuple[bytes, int, bool]]:
    first = units[0].pts if units else 0
    return [(unit.data, unit.pts - first, unit.is_keyframe) for unit in units]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@given(shown=pictures, most=st.integers(3, 80), start=st.integers(0, 2**32 - 1))
def test_units_come_out_as_they_went_in_over_turns_of_number_and_clock(
    codec: Codec, shown: list[Picture], most: int, start: int
) -> None:
    units = gathered(codec, and_the_next(codec, sent(codec, shown, most=most, start=start)))
    assert plain(units) == expected(codec, shown)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@given(shown=pictures)
def test_without_marks_a_picture_is_over_when_the_next_begins(
    codec: Codec, shown: list[Picture]
) -> None:
    units = gathered(codec, sent(codec, shown, marks="none"))
    assert plain(units) == expected(codec, shown)[:-1]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@given(shown=pictures)
def test_marks_at_every_packet_cut_no_picture(codec: Codec, shown: list[Picture]) -> None:
    told = [(True, [50, 50]), *shown]
    units = gathered(codec, and_the_next(codec, sent(codec, told, marks="all")))
    assert plain(units) == expected(codec, told)


@given(shown=pictures)
def test_once_a_keyframe_showed_that_marks_are_ends_no_picture_waits_for_the_next(
    shown: list[Picture],
) -> None:
    told = [(True, [50]), (False, [9]), *shown]
    assert plain(gathered("h264", sent("h264", told))) == expected("h264", told)


def test_marks_that_lie_later_cut_one_picture_and_no_more() -> None:
    told = [(True, [50]), (False, [9]), (False, [30, 30]), (False, [30, 30]), (False, [9])]
    units = gathered("h264", and_the_next("h264", sent("h264", told, marks="all")))
    known = expected("h264", told)
    assert [unit.data for unit in units if unit.pts != 6000] == [
        data for data, pts, _ in known if pts != 6000
    ]
    assert len(units) == len(told)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@given(shown=pictures, data=st.data())
def test_what_lost_a_packet_is_left_out_and_nothing_else(
    codec: Codec, shown: list[Picture], data: st.DataObject
) -> None:
    packets = and_the_next(codec, sent(codec, shown))
    gone = data.draw(st.integers(1, max(1, len(packets) - 2)))
    units = gathered(codec, packets[:gone] + packets[gone + 1 :])
    whole = [one[0] for one in expected(codec, shown)]
    assert {unit.data for unit in units} <= set(whole)
    # The picture of the lost packet, and where that was its last the one behind it.
    assert len(units) >= len(shown) - 2


def test_several_small_units_in_one_packet_come_apart() -> None:
    first, second = b"\x67\x42\0\1", b"\x65\x88" + b"\5" * 9
    together = b"\x18" + b"".join(len(one).to_bytes(2) + one for one in (first, second))
    (unit,) = gathered("h264", and_the_next("h264", [packet(together, 1, 90, mark=True)]))
    assert unit.data == START + first + START + second
    assert unit.is_keyframe


def test_sources_extension_and_padding_are_not_the_picture() -> None:
    nal = b"\x65\x88" + b"\5" * 9
    plain_packet = packet(nal + b"\0\0\3", 1, 90, mark=True)
    head = bytes([0x80 | 0x20 | 0x10 | 2]) + plain_packet[1:12]
    dressed = head + bytes(8) + b"\xab\xac\0\1" + bytes(4) + plain_packet[12:]
    (unit,) = gathered("h264", and_the_next("h264", [dressed]))
    assert unit.data == START + nal


def test_other_payloads_and_what_is_no_rtp_are_passed_over() -> None:
    nal = b"\x65" + b"\5" * 9
    strange = [packet(nal, 1, 90, mark=True, kind=97), b"\x40" * 30, b"\x80", b""]
    assert gathered("h264", strange) == []


@pytest.mark.parametrize("kind", [25, 26, 27, 29, 30])
def test_units_that_are_sent_out_of_order_are_somebody_elses(kind: int) -> None:
    with pytest.raises(Unreadable):
        gathered("h264", [packet(bytes([0x60 | kind]) + bytes(9), 1, 90)])


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_whatever_comes_memory_and_answers_stay_whole(noise: list[bytes]) -> None:
    gathering = Gathering("h264", TYPE)
    for number, one in enumerate(noise):
        dressed = packet(one, number, number // 3, mark=bool(len(one) % 2))
        try:
            units = gathering.take(bytearray(dressed), 0, len(dressed))
        except Unreadable:
            return
        assert all(unit.data.startswith(START) for unit in units)


def test_another_source_that_stays_is_the_camera_begun_anew() -> None:
    told = [(True, [50])] * 9
    before, behind = sent("h264", told), sent("h264", told, start=5000)
    other = [data[:8] + bytes(4) + data[12:] for data in behind]
    units = gathered("h264", before[:20] + other + other)
    assert [unit.is_keyframe for unit in units[-3:]] == [True] * 3
    assert len(units) > 9
