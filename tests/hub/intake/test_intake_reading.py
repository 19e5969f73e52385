"""Decoding of messages, and the answer to unreadable ones."""

import json
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire import topics
from agent.wire.answers import Refusal, RefusalReason, TokenWanted, UploadToken
from agent.wire.codec import MAX_BYTES, decode_receipt, encode
from hub.intake.filing.decode import DecodedMessage, Unreadable, read
from hub.intake.replies import NO_SPOOL, Replies
from tests.hub.rigs.wire_words import NodeVoice

NODE = NodeVoice("nga-tu-01")
EVENT_TOPIC = "matthan/nga-tu-01/up/event"


def test_a_nodes_event_on_its_own_topic_is_read() -> None:
    event = NODE.event()
    assert read(EVENT_TOPIC, encode(event)) == DecodedMessage("nga-tu-01", event)


def test_a_birth_a_death_and_a_request_are_read() -> None:
    birth = NODE.birth()
    death = NODE.death(birth.birth_id)
    wanted = TokenWanted(node="nga-tu-01")
    assert read("matthan/nga-tu-01/up/status", encode(birth)) == DecodedMessage("nga-tu-01", birth)
    assert read("matthan/nga-tu-01/up/status", encode(death)) == DecodedMessage("nga-tu-01", death)
    assert read("matthan/nga-tu-01/up/request", encode(wanted)) == DecodedMessage(
        "nga-tu-01", wanted
    )


def test_a_cleared_status_says_nothing() -> None:
    assert read("matthan/nga-tu-01/up/status", b"") is None


def test_an_event_in_anothers_name_is_refused_by_its_id() -> None:
    event = NODE.event()
    bad = read("matthan/nga-tu-02/up/event", encode(event))
    assert isinstance(bad, Unreadable)
    assert (bad.node, bad.reason) == ("nga-tu-02", RefusalReason.WRONG_NODE)
    assert (bad.event_id, bad.spool_id) == (event.event_id, event.spool_id)


def test_another_version_is_refused_by_its_id() -> None:
    event = NODE.event()
    raw = json.loads(encode(event)) | {"v": 2}
    bad = read(EVENT_TOPIC, json.dumps(raw).encode())
    assert isinstance(bad, Unreadable)
    assert (bad.reason, bad.event_id) == (RefusalReason.WRONG_VERSION, event.event_id)


def test_an_oversize_event_is_refused_by_its_id() -> None:
    event = NODE.event()
    raw = json.loads(encode(event)) | {"padding": "x" * MAX_BYTES}
    bad = read(EVENT_TOPIC, json.dumps(raw).encode())
    assert isinstance(bad, Unreadable)
    assert (bad.reason, bad.event_id) == (RefusalReason.OVERSIZE, event.event_id)
    assert bad.spool_id == event.spool_id


@pytest.mark.parametrize(
    "topic", ["other/nga-tu-01/up/event", "matthan/nga-tu-01/up/gossip", "matthan//up/event", ""]
)
def test_topics_that_are_not_in_the_table_are_set_aside(topic: str) -> None:
    bad = read(topic, b"{}")
    assert isinstance(bad, Unreadable)
    assert bad.node is None


def test_what_the_hub_itself_says_is_not_for_it_to_hear() -> None:
    bad = read("matthan/nga-tu-01/down/receipt", b"{}")
    assert isinstance(bad, Unreadable)
    assert bad.node == "nga-tu-01"


@pytest.mark.promise("Bad input: A malformed message to the hub is set aside and counted.")
@given(
    topic=st.sampled_from([f"matthan/nga-tu-01/{topic.path}" for topic in topics.TOPICS.values()]),
    payload=st.binary(max_size=300) | st.text().map(str.encode),
)
def test_no_bytes_break_the_reader(topic: str, payload: bytes) -> None:
    assert isinstance(read(topic, payload), Unreadable | None)


@given(cut=st.integers(0, 2000), flip=st.integers(0, 255))
def test_a_torn_or_bent_event_is_read_or_refused_but_never_breaks(cut: int, flip: int) -> None:
    payload = bytearray(encode(NODE.event()))
    payload[cut % len(payload)] ^= flip
    assert read(EVENT_TOPIC, bytes(payload[: 1 + cut % len(payload)])) is not None


def test_receipts_go_by_node_and_spool() -> None:
    replies = Replies()
    spools = [uuid4(), uuid4()]
    ids = [uuid4() for _ in range(3)]
    replies.store("a", spools[0], ids[0])
    replies.store("a", spools[1], ids[1])
    replies.store("a", spools[0], ids[2])
    receipts = [decode_receipt(reply.payload) for reply in replies.messages()]
    assert [(r.spool_id, r.stored) for r in receipts] == [
        (spools[0], (ids[0], ids[2])),
        (spools[1], (ids[1],)),
    ]
    assert {reply.topic for reply in replies.messages()} == {"matthan/a/down/receipt"}


def test_many_receipts_are_cut_into_messages_the_wire_lets_pass() -> None:
    replies = Replies()
    ids = [uuid4() for _ in range(1200)]
    for event_id in ids:
        replies.store("a", NO_SPOOL, event_id)
        detail = "\x01" * 500
        replies.refuse(
            "a", None, Refusal(event_id=event_id, reason=RefusalReason.MALFORMED, detail=detail)
        )
    payloads = [reply.payload for reply in replies.messages()]
    assert max(map(len, payloads)) <= MAX_BYTES
    receipts = [decode_receipt(payload) for payload in payloads]
    assert [one for receipt in receipts for one in receipt.stored] == ids
    assert [one.event_id for receipt in receipts for one in receipt.refused] == ids


def test_a_token_that_has_ended_is_not_kept_for_its_node() -> None:
    replies = Replies()
    token = UploadToken(token="t" * 20, valid_for_s=900, upload_url="https://hub.example/upload")
    replies.grant("a", token)
    (reply,) = replies.messages()
    assert (reply.topic, reply.expires_s) == ("matthan/a/down/token", 900)


def test_a_refusal_without_a_spool_still_reaches_its_node() -> None:
    replies = Replies()
    event_id = uuid4()
    refusal = Refusal(event_id=event_id, reason=RefusalReason.MALFORMED, detail="")
    replies.refuse("a", None, refusal)
    (reply,) = replies.messages()
    assert decode_receipt(reply.payload).spool_id == UUID(int=0)
