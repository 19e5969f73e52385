"""What the hub says to a node whose journal cannot write: the line stays, the hub says it again."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from agent.journal import Journal, JournalCorrupt
from agent.uplink.mqtt.inbound import Inbound
from agent.wire import topics
from agent.wire.answers import BringMedia, Command, Missing, Receipt
from agent.wire.codec import encode
from tests.agent.rigs.hubside import NODE, inbound_of, open_journal, put


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = open_journal(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.fixture
def inbound(journal: Journal) -> Inbound:
    return inbound_of(journal)


def all_answers(journal: Journal, event_id: UUID) -> list[tuple[topics.Topic, bytes]]:
    """One message of each kind that the journal must write down."""
    spool_id = journal.spool_id
    receipt = Receipt(spool_id=spool_id, stored=(event_id,), refused=())
    missing = Missing(spool_id=spool_id, ranges=((1, 1),), media=())
    command = Command(command_id=uuid4(), body=BringMedia(sha256s=("ab" * 32,)))
    return [
        (topics.RECEIPT, encode(receipt)),
        (topics.MISSING, encode(missing)),
        (topics.COMMAND, encode(command)),
    ]


def test_a_read_only_card_keeps_the_line_and_the_event_is_still_owed(
    journal: Journal, inbound: Inbound
) -> None:
    event_id = put(journal)
    journal._sql.execute("PRAGMA query_only = 1")
    with capture_logs() as logs:
        for topic, message in all_answers(journal, event_id):
            inbound.receive(topics.address(topic, NODE), message)
        inbound.set_aside(event_id, reason="malformed", detail="")
    assert [line["event"] for line in logs] == [
        "receipt_unwritten",
        "request_unwritten",
        "command_unwritten",
        "refusal_unwritten",
    ]
    assert [one.event_id for one in journal.waiting(9)] == [event_id]


def test_a_damaged_journal_ends_the_agent(
    journal: Journal, inbound: Inbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged() -> None:
        raise JournalCorrupt("the journal is damaged", "restart the agent")

    event_id = put(journal)
    messages = all_answers(journal, event_id)
    monkeypatch.setattr(journal, "transaction", damaged)
    for topic, message in messages:
        with pytest.raises(JournalCorrupt):
            inbound.receive(topics.address(topic, NODE), message)
    with pytest.raises(JournalCorrupt):
        inbound.set_aside(event_id, reason="malformed", detail="")
