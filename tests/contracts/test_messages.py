"""Golden messages reach their receivers: the hub's decoder and the node's handler."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from agent.journal import Journal
from agent.uplink.live.leases import LiveLeases
from agent.uplink.mqtt.inbound import Inbound, LinkCounts
from agent.uplink.outbox import Outbox, OutboxPolicy
from agent.uplink.tokens import Tokens
from agent.wire import topics
from agent.wire.codec import encode
from hub.intake.filing.decode import DecodedMessage, read
from tests.agent.helpers.wire.wire import GOLDEN
from tests.agent.rigs.hubside import NODE, open_journal

TOPICS: Final = {topic.message: topic for topic in topics.TOPICS.values()}


def topic_of(path: Path) -> topics.Topic:
    return TOPICS[path.name.partition(".")[0]]


def is_up(path: Path) -> bool:
    return topic_of(path).path.startswith("up/")


@pytest.mark.parametrize("path", [*filter(is_up, GOLDEN)], ids=lambda path: path.stem)
def test_the_hub_takes_what_a_node_of_then_says(path: Path) -> None:
    payload = path.read_bytes()
    node = json.loads(payload)["node"]
    said = read(topics.address(topic_of(path), node), payload)
    assert isinstance(said, DecodedMessage), said
    assert (said.node, encode(said.message)) == (node, payload)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Journal of the node and the spool that the messages are for."""
    journal = open_journal(tmp_path / "journal.db")
    journal.spool_id = UUID("01927f6e-7c04-7abc-8def-0123456789ab")
    yield journal
    journal.close()


@pytest.mark.parametrize("path", [one for one in GOLDEN if not is_up(one)], ids=lambda p: p.stem)
def test_a_node_takes_what_the_hub_of_then_says(path: Path, journal: Journal) -> None:
    inbound = Inbound(
        NODE,
        journal=journal,
        outbox=Outbox(OutboxPolicy()),
        tokens=Tokens(),
        leases=LiveLeases(["cong-bac"]),
        counts=LinkCounts(),
    )
    topic = topic_of(path)
    is_of_all = topic is topics.PRESENCE
    with capture_logs() as logs:
        inbound.receive(
            topics.HUB_PRESENCE if is_of_all else topics.address(topic, NODE), path.read_bytes()
        )
    strange = [line["why"] for line in logs if line["event"] == "strange_message"]
    never_given = ["885 numbers that were never given"]  # this journal is empty
    assert strange == (never_given if topic is topics.MISSING else [])
