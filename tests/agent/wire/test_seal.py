"""Sealed footage: every change is found with its place; unchanged footage is never accused."""

import random
import subprocess
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.recording.mp4.mend import mend
from agent.recording.sealer import Sealer, SealError
from agent.wire.seal import BEGINNING, Claims, Record, to_sign
from agent.wire.seal_check import State, Verdict, judge
from agent.wire.sealed import stretches
from agent.wire.signature import ORDER
from agent.wire.terms import ClockSource
from tests.agent.rigs.sealing import (
    Office,
    Street,
    end_by_forger,
    office,
    own_key_sealer,
    parts_of,
    write_clip,
)
from tests.agent.rigs.stage import EPOCH_US, decoded_frames, read
from tests.agent.rigs.videos import hevc

FRAGMENTS = 6
END = FRAGMENTS + 1


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return office(tmp_path_factory.mktemp("town") / "ca")


@pytest.fixture(scope="module")
def sealer(town: Office) -> Sealer:
    return town.sealer()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, street: Street, sealer: Sealer) -> bytes:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return write_clip(path, street, sealer).close().path.read_bytes()


@pytest.fixture(scope="module")
def other_clip(tmp_path_factory: pytest.TempPathFactory, street: Street, sealer: Sealer) -> bytes:
    """Clip of the same street, camera and second, with an id of its own."""
    path = tmp_path_factory.mktemp("other") / "clip.mp4"
    return write_clip(path, street, sealer).close().path.read_bytes()


def places(verdict: Verdict) -> list[tuple[int, int]]:
    return [(fault.first, fault.last) for fault in verdict.faults]


def names(verdict: Verdict, place: int) -> bool:
    """The last record's own bits: a clip without its end, and bytes of which it says so."""
    if verdict.state is State.ENDS_EARLY:
        return place == END and any("are not sealed" in note for note in verdict.notes)
    named = any(first <= place <= last for first, last in places(verdict))
    return verdict.state is State.BROKEN and named


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


# What is true


def test_an_untouched_clip_is_intact_plays_and_says_whose_it_is(
    tmp_path: Path, street: Street, sealer: Sealer
) -> None:
    closed = write_clip(tmp_path / "clip.mp4", street, sealer).close()
    verdict = judge(closed.path.read_bytes(), sealer.holds)
    assert (verdict.state, verdict.faults, verdict.notes) == (State.INTACT, (), ())
    assert verdict.fragments == FRAGMENTS
    assert closed.is_sealed
    assert verdict.claims is not None
    assert (verdict.claims.node, verdict.claims.camera) == ("nga-tu-01", "cong-bac")
    stamp = verdict.claims.first_frame
    assert (stamp.utc_us, stamp.source, stamp.error_ms) == (EPOCH_US, ClockSource.NTP, 12)
    assert decoded_frames(closed.path) == 60


@pytest.mark.promise("Seal and footage store: A sealed clip plays in Chromium and ffmpeg.")
def test_ffmpeg_passes_over_the_seal_without_a_word(tmp_path: Path, clip: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip)
    play = ["ffmpeg", "-v", "warning", "-i", str(path), "-f", "null", "-"]
    done = subprocess.run(play, capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.media
def test_h265_is_sealed_like_h264(tmp_path: Path, sealer: Sealer) -> None:
    info, packets = read(hevc(tmp_path / "a.mp4"))
    street = replace(info, codec="hevc"), packets
    closed = write_clip(tmp_path / "clip.mp4", street, sealer, frames=len(packets)).close()
    assert judge(closed.path.read_bytes(), sealer.holds).state is State.INTACT
    assert decoded_frames(closed.path) == len(packets)


@pytest.mark.promise(
    "Seal and footage store: Each fragment is chained to the one before and signed."
)
@pytest.mark.promise(
    "Seal and footage store: Each changed bit of a sealed clip is found and its fragment named."
)
@pytest.mark.parametrize("sign_every", [1, 2, 4, 100])
@given(frames=st.integers(1, 60))
def test_no_true_clip_is_accused(
    tmp_path_factory: pytest.TempPathFactory,
    street: Street,
    town: Office,
    sign_every: int,
    frames: int,
) -> None:
    path = tmp_path_factory.mktemp("true") / "clip.mp4"
    sealer = town.sealer(sign_every=sign_every)
    closed = write_clip(path, street, sealer, frames=frames).close()
    verdict = judge(closed.path.read_bytes(), sealer.holds)
    assert (verdict.state, verdict.faults, verdict.notes) == (State.INTACT, (), ())


def test_an_unsealed_clip_carries_no_seal(
    tmp_path: Path, street: Street, clip: bytes, sealer: Sealer
) -> None:
    bare = b"".join(clip[piece.start : piece.end] for piece in stretches(clip))
    assert judge(bare, sealer.holds).state is State.UNSEALED
    assert judge(b"", sealer.holds).state is State.UNSEALED


# One bit


@pytest.mark.promise(
    "Seal and footage store: Each changed bit of a sealed clip is found and its fragment named."
)
def test_each_of_a_thousand_random_bits_is_found_and_its_fragment_named(
    clip: bytes, sealer: Sealer
) -> None:
    chance = random.Random(4)  # noqa: S311 - the same every time
    ends = [piece.next_start for piece in stretches(clip)]
    for bit in chance.sample(range(len(clip) * 8), 1000):
        place = next(number for number, end in enumerate(ends) if bit // 8 < end)
        assert names(judge(flipped(clip, bit), sealer.holds), place), bit


def test_each_byte_of_the_boxes_that_players_ignore_is_guarded(clip: bytes, sealer: Sealer) -> None:
    chance = random.Random(5)  # noqa: S311 - the same every time
    for place, piece in enumerate(stretches(clip)[:-1]):
        for byte in range(piece.end, piece.next_start):
            bit = byte * 8 + chance.randrange(8)
            assert names(judge(flipped(clip, bit), sealer.holds), place), bit


def test_each_bit_of_the_stated_length_is_guarded(clip: bytes, sealer: Sealer) -> None:
    at = clip.index(b"mehd") + 8
    for bit in range(at * 8, at * 8 + 64):
        verdict = judge(flipped(clip, bit), sealer.holds)
        assert verdict.faults[0].what == "the length that the file states was changed"


def test_bits_of_a_clip_that_is_signed_only_now_and_then_are_found_too(
    tmp_path: Path, street: Street, town: Office
) -> None:
    sealer = town.sealer(sign_every=4)
    clip = write_clip(tmp_path / "clip.mp4", street, sealer).close().path.read_bytes()
    chance = random.Random(6)  # noqa: S311 - the same every time
    ends = [piece.next_start for piece in stretches(clip)]
    for bit in chance.sample(range(len(clip) * 8), 300):
        place = next(number for number, end in enumerate(ends) if bit // 8 < end)
        assert names(judge(flipped(clip, bit), sealer.holds), place), bit


# What a forger does without the key


def changes(parts: list[bytes], other: list[bytes]) -> dict[str, tuple[list[bytes], int]]:
    """By the name of a change: the changed parts, and the place that must be named."""
    head, end = parts[:3], parts[-1]
    return {
        "dropped": ([*head, *parts[4:]], 3),
        "beginning dropped": (parts[1:], 0),
        "last fragment dropped": ([*parts[:-2], end], 6),
        "swapped": ([*head, parts[4], parts[3], *parts[5:]], 3),
        "doubled": ([*parts[:4], *parts[3:]], 4),
        "fragment after the end": ([*parts, parts[3]], END + 1),
        "bytes after the end": ([*parts, b"x"], END + 1),
        "box before the end": ([*parts[:-1], b"\0\0\0\x0cfreexxxx", end], END),
        "spliced": ([*head, *other[4:5], *parts[4:]], 3),
        "rest of another": ([*parts[:4], *other[4:]], 4),
        "beginning of another": ([other[0], *parts[1:]], 1),
        "put before another": (parts + other, END + 1),
    }


@pytest.mark.promise("Seal and footage store: Any change of a sealed clip is found.")
@pytest.mark.promise(
    "Seal and footage store: Each changed bit of a sealed clip is found and its fragment named."
)
@pytest.mark.parametrize("name", changes([b""] * 8, [b""] * 8))
def test_a_change_of_order_is_found_and_its_place_named(
    clip: bytes, other_clip: bytes, sealer: Sealer, name: str
) -> None:
    parts, place = changes(parts_of(clip), parts_of(other_clip))[name]
    verdict = judge(b"".join(parts), sealer.holds)
    assert verdict.state is State.BROKEN
    assert any(first <= place <= last for first, last in places(verdict)), places(verdict)


def test_swapped_pictures_are_told_from_changed_ones(clip: bytes, sealer: Sealer) -> None:
    pieces = stretches(clip)
    third, fourth = (clip[pieces[n].start : pieces[n].end] for n in (3, 4))
    parts = parts_of(clip)
    parts[3], parts[4] = fourth + parts[3][len(third) :], third + parts[4][len(fourth) :]
    verdict = judge(b"".join(parts), sealer.holds)
    assert [fault.what for fault in verdict.faults] == [
        "its pictures are those of fragment 4",
        "its pictures are those of fragment 3",
    ]
    assert [fault.into_clip_ms for fault in verdict.faults] == [2000, 3000]


def test_a_changed_picture_is_named_once_and_nothing_else_is(clip: bytes, sealer: Sealer) -> None:
    middle = stretches(clip)[3]
    verdict = judge(flipped(clip, (middle.end - 100) * 8), sealer.holds)
    assert [(fault.first, fault.last, fault.into_clip_ms) for fault in verdict.faults] == [
        (3, 3, 2000)
    ]
    assert verdict.faults[0].what == "its pictures were changed"


@pytest.mark.promise("Seal and footage store: Any change of a sealed clip is found.")
def test_a_fragment_moved_in_time_is_found(clip: bytes, sealer: Sealer) -> None:
    """Its decode time, in ticks: where a player puts it."""
    third = stretches(clip)[3]
    at = clip.index(b"tfdt", third.start) + 8
    later = int.from_bytes(clip[at : at + 8], "big") + 10_240
    verdict = judge(clip[:at] + later.to_bytes(8, "big") + clip[at + 8 :], sealer.holds)
    assert places(verdict) == [(3, 3)]


def test_a_fragment_of_another_hour_in_its_own_record_is_found(clip: bytes, sealer: Sealer) -> None:
    piece = stretches(clip)[3]
    assert piece.record is not None
    moment = piece.record.moment()
    assert moment is not None
    body = replace(moment, utc_us=moment.utc_us - 3_600_000_000).to_bytes()
    redated_box = replace(piece.record, body=body).to_box()
    forged = clip[: piece.end] + redated_box + clip[piece.next_start :]
    assert places(judge(forged, sealer.holds)) == [(3, 3)]


def redated(claims: Claims) -> Claims:
    first = claims.first_frame.model_copy(update={"utc_us": claims.first_frame.utc_us + 3_600_000})
    return claims.model_copy(update={"first_frame": first})


@pytest.mark.promise("Seal and footage store: Any change of a sealed clip is found.")
def test_a_redated_clip_is_found_though_all_hashes_were_made_anew(
    clip: bytes, sealer: Sealer
) -> None:
    forged = end_by_forger(clip, sealer, claims=redated)
    verdict = judge(forged, sealer.holds)
    assert verdict.state is State.BROKEN
    assert [(f.first, f.last, f.what) for f in verdict.faults] == [
        (0, END, "its signature does not hold")
    ]


def test_a_forger_who_makes_all_hashes_anew_is_stopped_where_he_began(
    clip: bytes, sealer: Sealer
) -> None:
    def black(number: int, fragment: bytes) -> bytes:
        return fragment[:-8] + b"\0" * 8 if number == 4 else fragment

    verdict = judge(end_by_forger(clip, sealer, fragments=black), sealer.holds)
    assert places(verdict) == [(4, END)]


def test_records_without_the_first_one_are_no_seal_though_all_hashes_were_made_anew(
    clip: bytes, sealer: Sealer
) -> None:
    """What anybody can make without a key: no record says who signs, so none is signed."""
    opening, *others = stretches(clip)[:-1]
    beginning = clip[: opening.end]
    made, before = beginning, BEGINNING
    for number, piece in enumerate(others, 1):
        assert piece.record is not None
        fragment = clip[piece.start : piece.end]
        covered = beginning + fragment if number == 1 else fragment
        if piece.record.tag == "shut":
            covered = made[: stretches(made)[0].end]
        new = Record.after(
            before,
            tag=piece.record.tag,
            number=number,
            body=piece.record.body,
            stretch=sha256(covered).digest(),
        )
        made, before = made + fragment + new.to_box(), new.chained
    verdict = judge(made, sealer.holds)
    assert verdict.state is State.BROKEN
    assert places(verdict) == [(0, 0)]


def test_signatures_of_another_key_do_not_hold(
    tmp_path: Path, street: Street, sealer: Sealer
) -> None:
    forged = write_clip(tmp_path / "clip.mp4", street, own_key_sealer(sealer)).close()
    verdict = judge(forged.path.read_bytes(), sealer.holds)
    assert places(verdict) == [(0, END)]


@pytest.mark.promise(
    "Seal and footage store: Each fragment is chained to the one before and signed."
)
def test_a_signature_left_out_is_missed(clip: bytes, sealer: Sealer) -> None:
    piece = stretches(clip)[3]
    assert piece.record is not None
    bare = replace(piece.record, signature=b"").to_box()
    verdict = judge(clip[: piece.end] + bare + clip[piece.next_start :], sealer.holds)
    assert [(f.first, f.what) for f in verdict.faults] == [(3, "its signature is missing")]


def test_of_the_two_signatures_that_hold_only_the_smaller_is_taken(
    clip: bytes, sealer: Sealer
) -> None:
    piece = stretches(clip)[3]
    record = piece.record
    assert record is not None
    s = ORDER - int.from_bytes(record.signature[32:], "big")
    twin = replace(record, signature=record.signature[:32] + s.to_bytes(32, "big"))
    forged = clip[: piece.end] + twin.to_box() + clip[piece.next_start :]
    assert places(judge(forged, sealer.holds)) == [(3, 3)]


@pytest.mark.promise("Seal and footage store: Any change of a sealed clip is found.")
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_clip_cut_at_any_place_is_found_and_says_how_far_it_is_sealed(
    clip: bytes, sealer: Sealer, share: float
) -> None:
    cut = int(share * len(clip))
    verdict = judge(clip[:cut], sealer.holds)
    sealed = sum(piece.next_start <= cut for piece in stretches(clip)[:-1])
    if sealed == 0:
        assert verdict.state is State.UNSEALED
    else:
        assert verdict.state is State.ENDS_EARLY
        assert verdict.notes[0] == f"sealed up to fragment {sealed - 1}"


@given(noise=st.binary(min_size=1, max_size=64), share=st.floats(0, 1))
def test_whatever_is_put_anywhere_is_found(
    clip: bytes, sealer: Sealer, noise: bytes, share: float
) -> None:
    at = int(share * len(clip))
    assert judge(clip[:at] + noise + clip[at:], sealer.holds).state is not State.INTACT


@given(noise=st.binary(max_size=300))
def test_noise_is_no_record_and_no_trouble(noise: bytes) -> None:
    assert Record.from_box(noise) is None
    assert judge(noise, lambda *_: True).state is State.UNSEALED


# Cut off by the plug


def cut_off(path: Path, street: Street, sealer: Sealer, *, lost_bytes: int = 0) -> Path:
    """File that a power cut leaves of a clip of five fragments and a half."""
    writer = write_clip(path, street, sealer, frames=55)
    part = path.with_name(path.name + ".part")
    kept = part.read_bytes()
    writer.abandon()
    part.write_bytes(kept[: len(kept) - lost_bytes])
    return part


@pytest.mark.promise("Seal and footage store: A clip cut by a power loss keeps its seal.")
@pytest.mark.parametrize("sign_every", [1, 4])
def test_a_mended_clip_is_intact_and_says_that_it_was_mended(
    tmp_path: Path, street: Street, town: Office, sign_every: int
) -> None:
    sealer = town.sealer(sign_every=sign_every)
    mended = mend(cut_off(tmp_path / "clip.mp4", street, sealer), sealer)
    assert mended is not None
    verdict = judge(mended.read_bytes(), sealer.holds)
    assert verdict.state is State.INTACT
    assert verdict.fragments == 5
    assert verdict.notes == (
        "the node was cut off while it wrote this, and ended it when it was back",
    )
    assert decoded_frames(mended) == 50


def test_a_fragment_without_its_record_is_sealed_late_and_says_so(
    tmp_path: Path, street: Street, sealer: Sealer
) -> None:
    mended = mend(cut_off(tmp_path / "clip.mp4", street, sealer, lost_bytes=10), sealer)
    assert mended is not None
    verdict = judge(mended.read_bytes(), sealer.holds)
    assert verdict.state is State.INTACT
    assert "its last 1 fragments were sealed only then" in verdict.notes[0]
    assert decoded_frames(mended) == 50


@pytest.mark.parametrize("sector", [0, 700, -700, -100])
def test_a_last_write_that_a_disk_took_in_part_is_cut_off(
    tmp_path: Path, street: Street, sealer: Sealer, sector: int
) -> None:
    part = cut_off(tmp_path / "clip.mp4", street, sealer)
    data = bytearray(part.read_bytes())
    last = stretches(bytes(data))[-2]
    at = (last.start if sector >= 0 else last.end) + sector
    data[at : at + 100] = bytes(100)
    part.write_bytes(data)
    mended = mend(part, sealer)
    assert mended is not None
    verdict = judge(mended.read_bytes(), sealer.holds)
    assert (verdict.state, verdict.fragments) == (State.INTACT, 4)
    assert decoded_frames(mended) == 40


@pytest.mark.promise("Clips: A power cut loses nothing that was announced.")
@pytest.mark.parametrize(
    ("begins", "ends", "frames"),
    [("new", "before", 50), ("new", "torn", 50), ("new", "shut", 55), ("old", "whole", 55)],
)
def test_an_end_of_which_the_disk_took_only_a_part_is_mended(
    tmp_path: Path, street: Street, sealer: Sealer, begins: str, ends: str, frames: int
) -> None:
    writer = write_clip(tmp_path / "clip.mp4", street, sealer, frames=55)
    before = writer.part.read_bytes()
    whole = writer.close().path.read_bytes()
    link, shut, _ = stretches(whole)[-3:]
    end = {
        "before": b"",
        "torn": whole[len(before) : link.start + 400] + bytes(300) + whole[link.start + 700 :],
        "shut": whole[len(before) : shut.start] + bytes(100),
        "whole": whole[len(before) :],
    }[ends]
    head = stretches(whole)[0].end
    part = tmp_path / "clip.mp4.part"
    part.write_bytes((before if begins == "old" else whole)[:head] + before[head:] + end)
    mended = mend(part, sealer)
    assert mended is not None
    assert judge(mended.read_bytes(), sealer.holds).state is State.INTACT
    assert decoded_frames(mended) == frames
    with av.open(str(mended)) as clip:
        assert clip.duration == frames * 100_000, "microseconds, as its beginning states"


def test_a_torn_fragment_without_its_record_is_known_by_its_zeros(
    tmp_path: Path, street: Street, sealer: Sealer
) -> None:
    part = cut_off(tmp_path / "clip.mp4", street, sealer)
    whole = part.read_bytes()
    last = stretches(whole)[-2]
    for kept in (0, 400, last.size_bytes - 1):
        torn = whole[: last.start] + whole[last.start : last.start + 300]
        torn += whole[len(torn) : max(len(torn), last.start + kept)]
        part.write_bytes(torn + bytes(last.end - len(torn)))
        mended = mend(part, sealer)
        assert mended is not None
        assert judge(mended.read_bytes(), sealer.holds).state is State.INTACT
        assert decoded_frames(mended) == 40
    part.write_bytes(whole[: last.end])
    assert (mended := mend(part)) is not None
    assert decoded_frames(mended) == 50, "what is as it was meant stays"


@pytest.mark.parametrize("kept", [0, 4, 8, 12, 24, 40, 200, -1])
@pytest.mark.parametrize("behind", [0, 5000])
def test_a_record_that_a_disk_took_in_part_costs_the_record_and_not_its_fragment(
    tmp_path: Path, street: Street, sealer: Sealer, kept: int, behind: int
) -> None:
    part = cut_off(tmp_path / "clip.mp4", street, sealer)
    whole = part.read_bytes()
    last = stretches(whole)[-2]
    there = whole[: last.end + kept if kept >= 0 else last.next_start + kept]
    part.write_bytes(there + bytes(last.next_start - len(there) + behind))
    mended = mend(part, sealer)
    assert mended is not None
    assert judge(mended.read_bytes(), sealer.holds).state is State.INTACT
    assert decoded_frames(mended) == 50


def test_bits_of_a_mended_clip_are_found(tmp_path: Path, street: Street, sealer: Sealer) -> None:
    mended = mend(cut_off(tmp_path / "clip.mp4", street, sealer), sealer)
    assert mended is not None
    clip = mended.read_bytes()
    chance = random.Random(7)  # noqa: S311 - the same every time
    for bit in chance.sample(range(len(clip) * 8), 300):
        assert judge(flipped(clip, bit), sealer.holds).state is not State.INTACT


def test_a_clip_mended_without_the_key_ends_early_and_accuses_nobody(
    tmp_path: Path, street: Street, town: Office
) -> None:
    sealer = town.sealer(sign_every=4)
    mended = mend(cut_off(tmp_path / "clip.mp4", street, sealer))
    assert mended is not None
    verdict = judge(mended.read_bytes(), sealer.holds)
    assert (verdict.state, verdict.faults) == (State.ENDS_EARLY, ())
    assert verdict.notes == (
        "sealed up to fragment 4",
        "1 fragments after the last signature are chained but not signed",
    )


def test_a_clip_changed_while_the_node_was_down_gets_no_end(
    tmp_path: Path, street: Street, sealer: Sealer
) -> None:
    part = cut_off(tmp_path / "clip.mp4", street, sealer)
    part.write_bytes(flipped(part.read_bytes(), (stretches(part.read_bytes())[2].end - 9) * 8))
    mended = mend(part, sealer)
    assert mended is not None
    verdict = judge(mended.read_bytes(), sealer.holds)
    assert (verdict.state, places(verdict)) == (State.BROKEN, [(2, 2)])


def test_another_nodes_clip_is_not_ended(tmp_path: Path, street: Street, sealer: Sealer) -> None:
    stranger = office(tmp_path / "elsewhere").sealer()
    part = cut_off(tmp_path / "clip.mp4", street, stranger)
    before = part.read_bytes()
    mended = mend(part, sealer)
    assert mended is not None
    assert mended.read_bytes() == before


# The key


def spoilt(papers: Office, how: str, folder: Path) -> tuple[Path, Path]:
    cert = papers.papers.cert_file
    if how == "another's":
        return office(folder / "other").papers.key_file, cert
    if how == "nonsense":
        (folder / "bad.key").write_text("no key")
    return folder / "bad.key", cert


@pytest.mark.parametrize("how", ["missing", "nonsense", "another's"])
def test_papers_that_cannot_seal_are_refused_with_the_reason(
    tmp_path: Path, town: Office, how: str
) -> None:
    key_file, cert_file = spoilt(town, how, tmp_path)
    with pytest.raises(SealError, match=r"key"):
        Sealer.open(
            "nga-tu-01",
            key_file=key_file,
            cert_file=cert_file,
            trust=lambda: (ClockSource.NONE, None),
        )


def test_what_is_signed_cannot_be_anything_else(sealer: Sealer) -> None:
    """A key that also speaks TLS must not sign what a stranger chose."""
    assert to_sign(b"x" * 32).startswith(b"matthan seal 1 signed\0")
