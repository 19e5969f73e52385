"""The intake between a real broker and a real database."""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from agent.wire.answers import RefusalReason, TokenWanted
from agent.wire.codec import MAX_BYTES, encode
from agent.wire.presence import Birth
from deploy.broker import Broker
from hub.base.backoff import Backoff
from hub.base.change_signal import ChangeSignal
from hub.base.db.database import Database
from hub.intake.mqtt.inbox import ReceivedMessage, ReceiveQueue
from hub.intake.mqtt.link import Link
from hub.intake.mqtt.probe import BrokerAddress, BrokerRefusedError, probe
from hub.intake.rate_limit import MessageLimits
from hub.intake.subscriber import Subscriber
from hub.nodes.spool.tables import events
from hub.registry.tables import nodes, set_aside
from tests.hub.rigs.intake_rig import (
    NOW,
    NodeLine,
    address,
    count,
    found_town,
    subscriber,
    tokens,
)
from tests.hub.rigs.wire_words import NodeVoice
from tests.waiting import patience_s, until

pytestmark = pytest.mark.promise(
    "Faults: A wrong, unknown, oversize or repeated message is refused."
)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Database]:
    db = Database(sqlite_url)
    found_town(db, "nga-tu-01", "nga-tu-02")
    yield db
    db.close()


@pytest.fixture
def hub(broker: Broker, town: Database) -> Iterator[Subscriber]:
    intake = subscriber(town, address(broker))
    intake.start()
    until(lambda: intake.is_listening, "the hub listens")
    yield intake
    intake.stop()


@pytest.fixture
def line(broker: Broker) -> Iterator[Callable[[str], NodeLine]]:
    lines: list[NodeLine] = []

    def connect(name: str) -> NodeLine:
        lines.append(NodeLine(broker, name))
        return lines[-1]

    yield connect
    for one in lines:
        one.leave()


@pytest.mark.promise("Node to hub: A repeated event changes nothing.")
def test_events_are_stored_once_and_receipted_every_time(
    hub: Subscriber, town: Database, line: Callable[[str], NodeLine]
) -> None:
    node, voice = line("nga-tu-01"), NodeVoice("nga-tu-01")
    node.say(voice.birth())
    said = [voice.event() for _ in range(50)]
    for event in said:
        node.say(event)
    node.await_stored(*said)
    for event in said[:10]:
        node.say(event)
    node.await_stored(*said[:10])
    assert count(town, events) == 50
    assert (hub.counts["stored"], hub.counts["repeated"]) == (50, 10)


@pytest.mark.promise("Bad input: A malformed message to the hub is set aside and counted.")
def test_bad_messages_are_refused_by_name_and_the_hub_goes_on(
    hub: Subscriber, town: Database, line: Callable[[str], NodeLine]
) -> None:
    node, voice = line("nga-tu-01"), NodeVoice("nga-tu-01")
    topic = "matthan/nga-tu-01/up/event"
    node.say(voice.birth())
    old, big, foreign, odd = (voice.event() for _ in range(4))
    foreign = foreign.model_copy(update={"node": "nga-tu-02"})
    node.shout(topic, b"\xff\x00 no message")
    node.shout(topic, b"[" * 5000)
    node.shout(topic, json.dumps(json.loads(encode(old)) | {"v": 99}).encode())
    node.shout(topic, json.dumps(json.loads(encode(big)) | {"x": "x" * MAX_BYTES}).encode())
    node.shout(topic, encode(foreign))
    node.shout(topic, json.dumps(json.loads(encode(odd)) | {"seq": -1}).encode())
    node.shout("matthan/nga-tu-01/up/spare-1", b"{}")  # of a later release
    good = voice.event()
    node.say(good)
    node.await_stored(good)
    refusals = [node.refused.get(timeout=patience_s()) for _ in range(4)]
    assert {one.event_id: one.reason for one in refusals} == {
        old.event_id: RefusalReason.WRONG_VERSION,
        big.event_id: RefusalReason.OVERSIZE,
        foreign.event_id: RefusalReason.WRONG_NODE,
        odd.event_id: RefusalReason.MALFORMED,
    }
    assert count(town, events) == 1
    assert count(town, set_aside) == 7
    assert hub.is_alive


@pytest.mark.promise("Bad input: A malformed message to the hub is set aside and counted.")
def test_bad_words_on_status_and_request_are_set_aside_and_counted_and_the_hub_goes_on(
    hub: Subscriber, town: Database, line: Callable[[str], NodeLine]
) -> None:
    node, voice = line("nga-tu-01"), NodeVoice("nga-tu-01")
    good: dict[str, Birth | TokenWanted] = {
        "status": voice.birth(),
        "request": TokenWanted(node="nga-tu-01"),
    }
    for place, message in good.items():
        words = json.loads(encode(message))
        for bad in (
            b"\xff\x00 no message",
            b"[" * 5000,
            json.dumps(words | {"v": 99}).encode(),
            json.dumps(words | {"x": "x" * MAX_BYTES}).encode(),
            json.dumps(words | {"node": "nga-tu-02"}).encode(),
            json.dumps({"v": words["v"]}).encode(),
        ):
            node.shout(f"matthan/nga-tu-01/up/{place}", bad)
    for message in good.values():
        node.say(message)
        node.tokens.get(timeout=patience_s())
    event = voice.event()
    node.say(event)
    node.await_stored(event)
    with town.reading() as conn:
        kept = conn.execute(select(set_aside.c.topic, set_aside.c.reason)).all()
    for place in good:
        reasons = sorted(reason for topic, reason in kept if topic.endswith(place))
        assert reasons == sorted(
            ["malformed", "malformed", "wrong_version", "oversize", "wrong_node", "malformed"]
        )
    assert (hub.counts["set_aside"], hub.counts["stored"]) == (12, 1)
    assert hub.is_alive


def test_what_a_node_said_before_anybody_added_it_is_filed_once_it_is_added(
    hub: Subscriber, town: Database, line: Callable[[str], NodeLine]
) -> None:
    late, voice = line("nga-tu-99"), NodeVoice("nga-tu-99")
    late.say(voice.birth())
    event = voice.event()
    late.say(event)
    until(lambda: hub.counts["not_yet"] == 1, "the hub puts it off")
    found_town(town, "nga-tu-99")
    late.say(event)  # as a node does with what got no receipt; the hub now asks for the birth
    late.tokens.get(timeout=patience_s())
    late.say(event)
    late.await_stored(event)
    assert late.refused.empty()


@pytest.mark.promise("Hub: An upload needs a short-lived token of its node.")
def test_a_birth_and_a_request_are_answered_with_a_token(
    hub: Subscriber, line: Callable[[str], NodeLine]
) -> None:
    node = line("nga-tu-01")
    node.say(NodeVoice("nga-tu-01").birth())
    first = node.tokens.get(timeout=patience_s())
    node.say(TokenWanted(node="nga-tu-01"))
    second = node.tokens.get(timeout=patience_s())
    assert {tokens().verify(one.token, NOW) for one in (first, second)} == {"nga-tu-01"}


@pytest.mark.promise("Hub: A broker that reloads while the hub is away keeps its next connection.")
def test_a_broker_that_reloads_while_the_hub_is_away_keeps_its_next_connection(
    broker: Broker, town: Database, line: Callable[[str], NodeLine]
) -> None:
    """Mosquitto 2.0 adds an absent session to its list of sessions that end once more with each
    reload, and later cuts the client each second."""
    for _ in range(3):
        hub = subscriber(town, address(broker))
        hub.start()
        until(lambda hub=hub: hub.is_listening, "the hub listens")  # type: ignore[misc] # a default
        hub.stop()
        reloads = broker.log.count("ACL pattern")
        broker.reload()
        until(lambda: broker.log.count("ACL pattern") > reloads, "the broker reloads")  # noqa: B023
    hub = subscriber(town, address(broker))
    with capture_logs() as logs:
        hub.start()
        until(lambda: hub.is_listening, "the hub listens")
        time.sleep(3)  # three looks of the broker at sessions
        node, voice = line("nga-tu-01"), NodeVoice("nga-tu-01")
        node.say(voice.birth())
        event = voice.event()
        node.say(event)
        node.await_stored(event)
        hub.stop()
    assert [one["event"] for one in logs].count("broker.listening") == 1


@pytest.mark.promise("Hub: The hub commits, then acknowledges, then sends the receipt.")
@pytest.mark.promise("Node to hub: A killed hub loses no event.")
@pytest.mark.system
def test_a_hub_killed_between_commit_and_acknowledgement_hears_it_again_and_stores_it_once(
    broker: Broker, town: Database, line: Callable[[str], NodeLine]
) -> None:
    where = address(broker)
    node, voice = line("nga-tu-01"), NodeVoice("nga-tu-01")
    mortal = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.hub.rigs.mortal_hub", str(town.url), where.host),
            *(str(where.port), where.ca_file, where.cert_file, where.key_file),
        ],
        cwd=ROOT,
    )
    until(lambda: "hub 1 matthan/+/up/#" in broker.log, "the mortal hub subscribes")
    said = [voice.event() for _ in range(20)]
    node.say(voice.birth())
    for event in said:
        node.say(event)
    assert mortal.wait(patience_s()) == -9
    hub = subscriber(town, where)
    hub.start()
    until(lambda: hub.is_listening, "the hub listens")
    for event in said:  # as a node does that hears of the hub's return
        node.say(event)
    node.await_stored(*said)
    hub.stop()
    assert count(town, events) == 20
    assert hub.counts["received"] >= 20


@pytest.mark.promise("Node to hub: A killed broker loses no event.")
def test_the_hub_comes_back_after_the_broker_does(
    hub: Subscriber, broker: Broker, line: Callable[[str], NodeLine]
) -> None:
    node, voice = line("nga-tu-01"), NodeVoice("nga-tu-01")
    said = "hub 1 matthan/+/up/#"
    before = broker.log.count(said)
    broker.kill()
    broker.start()
    until(lambda: broker.log.count(said) > before, "the hub is back")
    node.say(voice.birth())
    event = voice.event()
    node.say(event)
    node.await_stored(event)


def test_the_bell_rings_for_news_and_not_for_repeats(
    broker: Broker, town: Database, line: Callable[[str], NodeLine]
) -> None:
    change_signal = ChangeSignal()
    intake = subscriber(town, address(broker), change_signal=change_signal)
    intake.start()
    try:
        # Nobody listens before: the broker drops what is said then, and this node says it once.
        until(lambda: intake.is_listening, "the hub listens")
        node, voice = line("nga-tu-01"), NodeVoice("nga-tu-01")
        node.say(voice.birth())
        event = voice.event()
        node.say(event)
        node.await_stored(event)
        until(lambda: change_signal.rings == 1, "the change signal rings")
        node.say(event)
        node.await_stored(event)
    finally:
        intake.stop()
    assert change_signal.rings == 1


def refusal_line(where: BrokerAddress, town: Database) -> dict[str, str]:
    """What the hub logs when it cannot get in; it must say it once, however often it tries."""
    with capture_logs() as logs:
        intake = subscriber(town, where)
        intake.start()
        until(lambda: any(one["event"] == "broker.unreachable" for one in logs), "it says so")
        until(lambda: intake.tries > 3, "it tries again and again")
        intake.stop()
    (line,) = [one for one in logs if one["event"] == "broker.unreachable"]
    return dict(line)


def test_a_certificate_of_another_authority_is_one_clear_line(
    broker: Broker, town: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.intake.mqtt.probe._SILENCE_S", patience_s())
    foreign = Broker(tmp_path / "foreign").papers("hub")
    ours = broker.papers("hub")
    where = BrokerAddress(
        broker.host, broker.port, ours.ca_file, foreign.cert_file, foreign.key_file
    )
    line = refusal_line(where, town)
    assert "refuses the hub's certificate" in line["reason"]
    assert "anew from the authority that the broker trusts" in line["cure"]


def test_a_broker_that_is_not_there_is_one_clear_line(broker: Broker, town: Database) -> None:
    where = address(broker)
    broker.stop()
    line = refusal_line(where, town)
    assert "nobody answers" in line["reason"]


def test_knocking_at_the_broker_disturbs_nobody(hub: Subscriber, broker: Broker) -> None:
    probe(address(broker))
    assert hub.is_listening
    assert "already connected" not in broker.log


def test_a_broker_under_another_name_is_not_believed(broker: Broker) -> None:
    papers = broker.papers("hub")
    where = BrokerAddress(
        "127.0.0.2", broker.port, papers.ca_file, papers.cert_file, papers.key_file
    )
    with pytest.raises(BrokerRefusedError, match="nobody answers"):
        probe(where)


def test_papers_that_do_not_fit_are_named(broker: Broker) -> None:
    hub, node = broker.papers("hub"), broker.papers("nga-tu-01")
    where = BrokerAddress(broker.host, broker.port, hub.ca_file, hub.cert_file, node.key_file)
    with pytest.raises(BrokerRefusedError, match="do not fit together"):
        probe(where)


@pytest.mark.promise("Hub: A broker thread that dies is reported and replaced.")
def test_a_listening_thread_that_dies_is_told_and_another_takes_its_place(
    broker: Broker,
    town: Database,
    line: Callable[[str], NodeLine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fault in paho, or in what it calls, ended its thread: the line stood and nothing came."""
    monkeypatch.setattr("hub.intake.mqtt.link.BROKER_S", 0.1)
    faults = [RuntimeError("a fault of ours"), OSError("a fault below")]
    inbox = ReceiveQueue(100)

    def take(arrival: ReceivedMessage) -> bool:
        if faults:
            raise faults.pop()
        return inbox.put(arrival)

    patient = Backoff(first_s=3600, longest_s=3600, chance=lambda: 1.0)
    link = Link(address(broker), take=take, backoff=patient)
    stop = threading.Event()
    listening = threading.Thread(target=link.run, args=(stop, lambda: None))
    with capture_logs() as logs:
        listening.start()
        try:
            until(lambda: link.is_listening, "the hub listens")
            voice = NodeVoice("nga-tu-01")
            line("nga-tu-01").say(voice.birth())
            heard: list[ReceivedMessage] = []
            until(lambda: bool(heard.extend(inbox.take(0.1)) or heard), "the birth is heard")
        finally:
            stop.set()
            listening.join(patience_s())
    died = [entry["error"] for entry in logs if entry["event"] == "broker.thread_died"]
    assert died == ["OSError: a fault below", "RuntimeError: a fault of ours"]
    reasons = [entry["reason"] for entry in logs if entry["event"] == "broker.unreachable"]
    assert all("the thread that listens died" in reason for reason in reasons)


@pytest.mark.promise("Security: Pages, uploads, enrolment and messages have rate limits.")
def test_a_node_that_floods_is_slowed_and_another_is_heard_at_once(
    broker: Broker, town: Database, line: Callable[[str], NodeLine]
) -> None:
    few = MessageLimits(burst=100, per_s=0.001, held=20)
    hub = subscriber(town, address(broker), bounds=few)
    hub.start()
    try:
        until(lambda: hub.is_listening, "the hub listens")
        loud, calm = line("nga-tu-01"), line("nga-tu-02")
        loud_voice, calm_voice = NodeVoice("nga-tu-01"), NodeVoice("nga-tu-02")
        loud.say(loud_voice.birth())
        calm.say(calm_voice.birth())
        said = []
        # Fifteen of the one for each of the other; the broker refuses more than 1,000 at once.
        for _ in range(50):
            for _ in range(15):
                loud.say(loud_voice.event())
            said.append(calm_voice.event())
            calm.say(said[-1])
        calm.await_stored(*said)

        def delayed() -> dict[str, int]:
            with town.reading() as conn:
                rows = conn.execute(select(nodes.c.name, nodes.c.delayed_messages))
                return {name: number or 0 for name, number in rows}

        until(lambda: delayed()["nga-tu-01"] >= 751 - 100, "all was heard")
        with town.reading() as conn:
            of_each = Counter(conn.scalars(select(events.c.node_id)))
        few_of_it, all_of_the_other = sorted(of_each.values(), reverse=True)
        assert (few_of_it <= 99, all_of_the_other) == (True, 50)  # births are of the hundred
        assert hub.counts["slowed"] == 20
        assert delayed()["nga-tu-02"] == 0
    finally:
        hub.stop()
