"""The wire: golden messages are read and written byte for byte, and nothing else is accepted.

A golden file is never edited: nodes in the field speak it. A new meaning is a new version.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from agent.wire import topics
from agent.wire.answers import RefusalReason, TokenWanted
from agent.wire.codec import (
    ADAPTERS,
    MAX_BYTES,
    WireError,
    decode_command,
    decode_event,
    decode_health,
    decode_missing,
    decode_presence,
    decode_programs,
    decode_receipt,
    decode_request,
    decode_settings,
    decode_status,
    decode_token,
    encode,
)
from agent.wire.ident import is_name, uuid7
from agent.wire.messages import Body, Event, NumbersDropped
from agent.wire.schema import asyncapi
from agent.wire.terms import Stamp
from deploy.make_wire_schema import FILE, text
from tests.agent.helpers.wire.wire import GOLDEN
from tests.schedules import tries

READERS: dict[str, Callable[[bytes], BaseModel]] = {
    "event": decode_event,
    "status": decode_status,
    "request": decode_request,
    "health": decode_health,
    "presence": decode_presence,
    "receipt": decode_receipt,
    "token": decode_token,
    "missing": decode_missing,
    "command": decode_command,
    "settings": decode_settings,
    "programs": decode_programs,
}

names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
sha256s = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
micros = st.integers(0, 253_402_300_799_999_999)
shares = st.floats(0, 1)
sizes = st.integers(1, 8 * 2**20)
pictures = st.fixed_dictionaries(
    {"sha256": sha256s, "size_bytes": sizes, "width": sizes, "height": sizes}
)
boxes = st.fixed_dictionaries(dict.fromkeys(("x0", "y0", "x1", "y1"), shares))
said = {
    "camera": names,
    "sighting_id": st.uuids(),
    "people": st.integers(0, 99),
    "score": shares,
    "box": boxes,
    "picture": st.none() | pictures,
}
kinds = st.sampled_from(["person", "bicycle", "motorcycle", "car", "bus", "truck"])
bodies = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("sighting_opened"), "object_kind": kinds, "first_seen_utc_us": micros}
        | said
    ),
    st.fixed_dictionaries({"kind": st.just("sighting_updated")} | said),
    st.fixed_dictionaries(
        {
            "kind": st.just("camera_lost"),
            "camera": names,
            "reason": st.text(max_size=200),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("numbers_dropped"),
            "ranges": st.lists(
                st.tuples(sizes, sizes).map(sorted).map(tuple), min_size=1, max_size=20
            ),
            "reason": st.text(max_size=20),
        }
    ),
)
events = st.fixed_dictionaries(
    {
        "event_id": st.uuids(),
        "node": names,
        "spool_id": st.uuids(),
        "seq": st.integers(1, 2**53 - 1),
        "boot_id": st.uuids(),
        "stamp": st.fixed_dictionaries(
            {
                "utc_us": micros,
                "source": st.sampled_from(["ntp", "gps", "rtc", "none"]),
                "error_ms": st.none() | st.integers(0, 2**53 - 1),
            }
        ),
        "age_ms": st.none() | st.integers(0, 2**53 - 1),
        "body": bodies,
    }
).map(Event.model_validate)


def reader_of(path: Path) -> Callable[[bytes], BaseModel]:
    return READERS[path.name.partition(".")[0]]


@pytest.mark.promise(
    "Wire protocol: An event carries its boot, its clock source, its error bound and its age."
)
@pytest.mark.promise(
    "Wire protocol: Each kind of message has a reference message, equal byte for byte."
)
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_message_is_read_and_written_byte_for_byte(path: Path) -> None:
    payload = path.read_bytes()
    assert encode(reader_of(path)(payload)) == payload


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_prefix_of_a_golden_message_is_refused(path: Path) -> None:
    payload = path.read_bytes()
    for length in range(len(payload)):
        with pytest.raises(WireError) as refused:
            reader_of(path)(payload[:length])
        assert refused.value.reason is RefusalReason.MALFORMED


@pytest.mark.promise(
    "Wire protocol: Another schema version is refused, and unknown fields are accepted."
)
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_field_of_a_newer_sender_is_let_pass(path: Path) -> None:
    raw = json.loads(path.read_bytes()) | {"mood": "calm"}
    assert encode(reader_of(path)(json.dumps(raw).encode())) == path.read_bytes()


@pytest.mark.promise(
    "Wire protocol: Another schema version is refused, and unknown fields are accepted."
)
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_other_version_is_refused_as_such(path: Path) -> None:
    raw = json.loads(path.read_bytes()) | {"v": 2}
    with pytest.raises(WireError) as refused:
        reader_of(path)(json.dumps(raw).encode())
    assert refused.value.reason is RefusalReason.WRONG_VERSION
    assert str(refused.value.event_id) == str(raw.get("event_id"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_message_that_names_no_version_is_refused_as_of_another(path: Path) -> None:
    raw = json.loads(path.read_bytes())
    del raw["v"]
    with pytest.raises(WireError) as refused:
        reader_of(path)(json.dumps(raw).encode())
    assert refused.value.reason is RefusalReason.WRONG_VERSION
    assert str(refused.value.event_id) == str(raw.get("event_id"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_message_without_one_of_its_fields_is_refused(path: Path) -> None:
    raw = json.loads(path.read_bytes())
    optional = {"v", "state", "alerted", "uptime_ms", "keys"}
    optional |= {"last_seq"} if path.name.startswith("status") else {"birth_id"}
    for missing in raw.keys() - optional:
        fewer = {name: value for name, value in raw.items() if name != missing}
        with pytest.raises(WireError):
            reader_of(path)(json.dumps(fewer).encode())


@pytest.mark.promise(
    "Wire protocol: Each kind of message has a reference message, equal byte for byte."
)
def test_there_is_a_golden_message_of_every_kind() -> None:
    kinds = {path.name.split(".")[1] for path in GOLDEN if path.name.startswith("event.")}
    spoken = {
        kind.model_fields["kind"].default
        for kind in Body.__origin__.__args__  # type: ignore[attr-defined]
    }
    assert spoken <= kinds
    assert {path.name.partition(".")[0] for path in GOLDEN} == set(ADAPTERS)


@settings(max_examples=tries(150))
@given(event=events)
def test_event_comes_back_as_it_went(event: Event) -> None:
    assert decode_event(encode(event)) == event


@settings(max_examples=tries(300))
@given(noise=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_a_wire_error_and_nothing_else(noise: bytes) -> None:
    for read in READERS.values():
        with pytest.raises(WireError):
            read(noise)


@settings(max_examples=tries(200))
@given(data=st.data())
def test_one_changed_byte_reads_as_a_message_or_as_a_wire_error(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(GOLDEN))
    payload = bytearray(path.read_bytes())
    payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try:
        reader_of(path)(bytes(payload))
    except WireError as error:
        assert error.detail


@pytest.mark.parametrize(
    "payload",
    [b"null", b"[]", b"3", b'"x"', b"\xff\xfe", b"[" * 50_000, b'{"v":1}', b'{"v":NaN}'],
    ids=["null", "list", "number", "text", "not utf-8", "deep", "bare", "nan"],
)
def test_json_that_is_no_message_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError) as refused:
        decode_event(payload)
    assert refused.value.event_id is None


@pytest.mark.promise("Wire protocol: A message over 65,536 bytes is neither written nor read.")
def test_message_over_the_bound_is_neither_written_nor_read() -> None:
    with pytest.raises(WireError) as refused:
        decode_event(b" " * (MAX_BYTES + 1))
    assert refused.value.reason is RefusalReason.OVERSIZE
    with pytest.raises(WireError):
        encode(TokenWanted.model_construct(node="n" * MAX_BYTES))


def test_wrong_event_is_refused_by_its_id_so_that_its_node_can_be_told() -> None:
    raw: dict[str, Any] = json.loads(
        next(path for path in GOLDEN if "camera_lost" in path.name).read_bytes()
    )
    raw["body"]["camera"] = "Not A Name"
    with pytest.raises(WireError) as refused:
        decode_event(json.dumps(raw).encode())
    assert str(refused.value.event_id) == raw["event_id"]
    assert "body" in refused.value.detail


@pytest.mark.parametrize(
    "strange",
    [
        {"upper": [{"colour": "beige", "confidence": 0.5}]},
        {"upper": [{"colour": "red", "confidence": 1.5}]},
        {"lower": [{"colour": "red", "confidence": 0.3}] * 3},
        {"transport": "car"},
        {"people": 0},
        {"people": 21},
        {"height_m": 2.6},
        {"speed": "slow"},
    ],
    ids=str,
)
def test_a_description_takes_no_other_words(strange: dict[str, Any]) -> None:
    path = next(path for path in GOLDEN if path.stem.endswith("described"))
    raw: dict[str, Any] = json.loads(path.read_bytes())
    raw["body"]["description"] |= strange
    with pytest.raises(WireError):
        decode_event(json.dumps(raw).encode())


spool_ends = st.integers(-3, 9) | st.integers(2**53 - 2, 2**53 + 1)


@given(first=spool_ends, last=spool_ends)
def test_dropped_numbers_are_a_range_of_a_spool_or_no_message(first: int, last: int) -> None:
    path = next(path for path in GOLDEN if "numbers_dropped" in path.name)
    raw: dict[str, Any] = json.loads(path.read_bytes())
    raw["body"]["ranges"] = [[1, 1], [first, last]]
    payload = json.dumps(raw).encode()
    if 1 <= first <= last < 2**53:
        assert decode_event(payload).body == NumbersDropped(
            ranges=((1, 1), (first, last)), reason="the journal was full"
        )
    else:
        with pytest.raises(WireError) as refused:
            decode_event(payload)
        assert refused.value.reason is RefusalReason.MALFORMED
        assert str(refused.value.event_id) == raw["event_id"], "so its node can be told"


def test_stamp_is_bounded_to_real_years() -> None:
    with pytest.raises(ValidationError):
        Stamp.model_validate({"utc_us": 2**62, "source": "ntp", "error_ms": 0})


@pytest.mark.parametrize("name", ["a", "nga-tu-01", "0", "a" * 63])
def test_name_that_fits_a_topic_is_taken_apart_again(name: str) -> None:
    for topic in topics.TOPICS.values():
        assert topics.split(topics.address(topic, name)) == (name, topic)


@pytest.mark.promise("Node trouble: A node name that does not fit a topic is refused.")
@pytest.mark.parametrize("name", ["", "A", "a/b", "+", "#", "-a", "a-", "ngã", "a" * 64, "a\n"])
def test_name_that_could_leave_its_branch_is_refused(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(ValueError, match="not a node name"):
        topics.address(topics.EVENT, name)
    assert topics.split(f"matthan/{name}/up/event") is None


@pytest.mark.promise("Wire protocol: Event ids sort by time.")
@given(
    first=st.integers(0, 2**47 * 1000),
    later_us=st.integers(1, 10**9),
    random=st.binary(min_size=10, max_size=10),
)
def test_later_ids_sort_later_whatever_the_dice_say(
    first: int, later_us: int, random: bytes
) -> None:
    sooner, later = uuid7(first, b"\xff" * 10), uuid7(first + later_us, random)
    assert sooner < later
    assert sooner.version == later.version == 7


@pytest.mark.promise("Wire protocol: The published schema equals the code.")
def test_published_schema_is_the_one_of_the_code() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run: python -m deploy.make_wire_schema"


def test_schema_names_every_topic_and_every_reference_leads_somewhere() -> None:
    document = asyncapi()
    addresses = {channel["address"] for channel in document["channels"].values()}
    of_nodes = {path for path in topics.TOPICS if path != topics.PRESENCE.path}
    assert addresses == {f"matthan/{{node}}/{path}" for path in of_nodes} | {topics.HUB_PRESENCE}
    for reference in references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for inner in value.values() for ref in references(inner)]
    if isinstance(value, list):
        return [ref for inner in value for ref in references(inner)]
    return []
