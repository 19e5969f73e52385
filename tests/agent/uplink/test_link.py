"""The link with a real Mosquitto: an event is deleted only after the hub's receipt; refusals are
reported."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agent.journal import Journal
from agent.uplink.mqtt.conversation import Conversation
from agent.uplink.mqtt.errors import Trouble
from agent.uplink.mqtt.latest_health import LatestHealth
from agent.uplink.mqtt.session import (
    ConnectRefused,
    Disconnected,
    Inbox,
    SessionEvent,
    Subscribed,
)
from agent.uplink.tokens import Tokens
from agent.wire import topics
from agent.wire.codec import MAX_BYTES
from agent.wire.presence import Birth, Death
from deploy.broker import Broker
from hub.nodes.pki.authority import Authority, TlsFiles
from tests.agent.helpers.uplink.link import QUICK, address, make_link
from tests.agent.rigs.hubside import (
    BOOT,
    NODE,
    FakeHub,
    FullJournal,
    Running,
    now,
    open_journal,
    put,
)
from tests.hub.rigs.wire_words import NodeVoice
from tests.waiting import patience_s, until


@pytest.fixture(scope="module")
def shared_broker(needs_broker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for the tests that do it no harm."""
    with Broker(tmp_path_factory.mktemp("mqtt")) as broker:
        yield broker


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = open_journal(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.mark.promise("Node to hub: An event is deleted at the node only after the hub's receipt.")
def test_events_are_forgotten_on_the_hubs_receipt(shared_broker: Broker, journal: Journal) -> None:
    sent = {put(journal) for _ in range(50)}
    with FakeHub(shared_broker) as hub, Running(make_link(journal, address(shared_broker))):
        until(lambda: journal.counts().waiting == 0)
        late = put(journal)
        until(lambda: late in hub.heard_ids)

    assert hub.heard_ids == {*sent, late}
    assert [event.seq for event in hub.heard[:20]] == list(range(1, 21))
    assert all(
        event.age_ms is not None and event.age_ms < patience_s() * 1000 for event in hub.heard
    )
    assert all(event.boot_id == BOOT for event in hub.heard)


@pytest.mark.promise("Node to hub: An event is deleted at the node only after the hub's receipt.")
def test_event_without_receipt_is_kept_and_sent_again_with_its_age(
    shared_broker: Broker, journal: Journal
) -> None:
    event_id = put(journal)
    link = make_link(journal, address(shared_broker))
    with FakeHub(shared_broker, answers=False) as hub, Running(link):
        until(lambda: len(hub.heard) >= 3)
        assert journal.counts().waiting == 1, "the broker's nod is no receipt"
        hub.receipt(hub.heard[0])
        until(lambda: journal.counts().waiting == 0)

    ages = [event.age_ms or 0 for event in hub.heard]
    assert {event.event_id for event in hub.heard} == {event_id}
    assert ages == sorted(ages)
    assert ages[-1] >= 1000


@pytest.mark.promise("Wire protocol: A refused event is set aside and not sent again.")
@pytest.mark.promise("Node to hub: A refused event is shown with its reason.")
def test_refused_event_is_set_aside_and_not_sent_again(
    shared_broker: Broker, journal: Journal
) -> None:
    put(journal)
    link = make_link(journal, address(shared_broker))
    with FakeHub(shared_broker, refuses=True) as hub, Running(link):
        until(lambda: journal.counts().refused == 1)
        hub.refuses = False
        put(journal)
        until(lambda: journal.counts().waiting == 0)

    assert journal.counts().receipted == 1


def test_full_disk_under_the_journal_keeps_the_line_and_what_the_hub_said_is_heard_again(
    shared_broker: Broker, tmp_path: Path
) -> None:
    journal = FullJournal.open(tmp_path / "full.db", now=now, boot_id=BOOT)
    put(journal)
    link = make_link(journal, address(shared_broker))
    with FakeHub(shared_broker, refuses=True) as hub, Running(link), capture_logs() as logs:
        until(lambda: any(line["event"] == "refusal_unwritten" for line in logs))
        hub.refuses = False
        until(lambda: any(line["event"] == "receipt_unwritten" for line in logs))
        journal.is_full = False
        until(lambda: journal.counts().receipted == 1)

    assert link.counts.connections == 1
    journal.close()


def test_birth_and_goodbye_carry_one_birth_id_and_the_next_birth_another(
    shared_broker: Broker, journal: Journal
) -> None:
    said: list[Birth | Death] = []
    with FakeHub(shared_broker) as hub:
        for _ in range(2):
            hub.statuses.clear()
            with Running(make_link(journal, address(shared_broker))):
                until(lambda: any(isinstance(status, Birth) for status in hub.statuses))
            until(lambda: isinstance(hub.statuses[-1], Death))
            said += [status for status in hub.statuses if status not in said]

    births = [status for status in said if isinstance(status, Birth)]
    deaths = [status for status in said if isinstance(status, Death)]
    assert births[-1].birth_id != births[-2].birth_id
    assert [death.birth_id for death in deaths[-2:]] == [birth.birth_id for birth in births[-2:]]
    assert births[-1].cameras[0].label == "Cổng"
    assert births[-1].spool_id == journal.spool_id


def test_camera_that_opens_later_is_described_by_the_same_birth_said_again(
    shared_broker: Broker, journal: Journal
) -> None:
    link = make_link(journal, address(shared_broker))
    (seen,) = link._identity.cameras()
    blind = seen.model_copy(update={"codec": "unknown", "width": 1, "height": 1})
    cameras = [blind]
    link._identity = replace(link._identity, cameras=lambda: tuple(cameras))
    with FakeHub(shared_broker) as hub:
        hub.statuses.clear()
        with Running(link):
            until(lambda: hub.statuses and isinstance(hub.statuses[-1], Birth))
            cameras[0] = seen
            until(lambda: getattr(hub.statuses[-1], "cameras", ()) == (seen,))
            first, *_, again = [one for one in hub.statuses if isinstance(one, Birth)]
    assert first.birth_id == again.birth_id, "so that the will still belongs to it"
    assert link.counts.connections == 1


@pytest.mark.promise("Wire protocol: Birth and status are retained.")
@pytest.mark.broker
def test_who_listens_later_hears_the_birth_and_after_the_goodbye_the_death(
    tmp_path: Path, journal: Journal
) -> None:
    with Broker(tmp_path / "mqtt") as broker:
        with Running(make_link(journal, address(broker))):
            with FakeHub(broker) as hub:
                until(lambda: hub.statuses)
            with FakeHub(broker) as late:
                until(lambda: late.statuses)
        with FakeHub(broker) as too_late:
            until(lambda: too_late.statuses)

    (birth,) = hub.statuses
    assert isinstance(birth, Birth)
    assert late.statuses == [birth]
    assert too_late.statuses == [Death(node=NODE, birth_id=birth.birth_id)]


@pytest.mark.promise("Bad input: A malformed message to a node changes nothing.")
@pytest.mark.promise("Faults: A receipt for an unsent event changes nothing.")
def test_receipt_for_another_spool_or_out_of_nonsense_changes_nothing(
    shared_broker: Broker, journal: Journal
) -> None:
    put(journal)
    link = make_link(journal, address(shared_broker))
    with FakeHub(shared_broker, answers=False) as hub, Running(link):
        until(lambda: hub.heard)
        foreign = hub.heard[0].model_copy(update={"spool_id": BOOT})
        hub.receipt(foreign)
        hub.say_raw(topics.RECEIPT, b"{{{")
        until(lambda: link.counts.strange == 2)
        assert journal.counts().waiting == 1


@pytest.mark.promise("Node to hub: A broker that is killed loses nothing.")
@pytest.mark.promise("Node to hub: A killed broker loses no event.")
@pytest.mark.broker
def test_killed_broker_loses_nothing(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db")
    sent = set()
    with Broker(tmp_path / "mqtt") as broker, FakeHub(broker) as hub:
        link = make_link(journal, address(broker))
        with Running(link):
            for _ in range(3):
                sent |= {put(journal) for _ in range(30)}
                until(lambda: journal.counts().waiting < 25)
                broker.kill()
                sent |= {put(journal) for _ in range(10)}
                broker.start()
                until(lambda: journal.counts().waiting == 0, 30)

    assert hub.heard_ids == sent
    assert journal.counts().receipted == len(sent)
    journal.close()


@pytest.mark.promise("Node to hub: Nodes reconnect at random times.")
@pytest.mark.broker
def test_a_line_that_the_broker_ended_is_tried_again_at_a_moment_of_a_wide_span(
    tmp_path: Path, journal: Journal
) -> None:
    spans: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        spans.append((low, high))
        return 0.1

    policy = replace(QUICK, retry_cap_s=60, after_hang_up_s=15)
    with Broker(tmp_path / "mqtt") as broker, FakeHub(broker) as hub:
        link = make_link(journal, address(broker), policy=policy, draw=draw)
        with Running(link):
            until(lambda: bool(hub.statuses))
            broker.kill()
            until(lambda: len(spans) >= 2)
            broker.start()
            until(lambda: link.counts.connections == 2)
    assert spans[:2] == [(0, 15), (0, 30)]


@pytest.mark.promise("Wire protocol: A last will counts only for its own birth.")
def test_killed_agents_will_belongs_to_its_birth(shared_broker: Broker, journal: Journal) -> None:
    with FakeHub(shared_broker) as hub:
        seen = len(hub.statuses)
        with Running(make_link(journal, address(shared_broker))):
            until(lambda: len(hub.statuses) > seen)
            first = hub.statuses[-1]
            usurper = make_link(open_journal(journal.path.with_name("other.db")),
                                address(shared_broker))  # fmt: skip
            with Running(usurper):  # the broker throws the first one out as it would a dead line
                until(lambda: Death(node=NODE, birth_id=first.birth_id) in hub.statuses)
            usurper._state.journal.close()


@pytest.mark.promise("Node trouble: A hub that is away or foreign is reported.")
def test_broker_that_is_not_there_is_named_once_with_a_cure(
    tmp_path: Path, shared_broker: Broker, journal: Journal
) -> None:
    absent = Broker(tmp_path / "absent")
    with capture_logs() as logs:
        link = make_link(journal, address(absent))
        with Running(link) as running:
            until(lambda: running.beats > 5)

    troubles = [entry["trouble"] for entry in logs if entry["event"] == "link_trouble"]
    assert len(troubles) == 1
    assert f"nobody listens at 127.0.0.1:{absent.port}" in troubles[0]
    assert "[broker] host and port" in troubles[0]


@pytest.mark.promise("Bad input: A broker that refuses the login is reported with the cure.")
def test_certificate_of_a_foreign_authority_is_refused_with_a_cure(
    tmp_path: Path, shared_broker: Broker, journal: Journal
) -> None:
    foreign = Broker(tmp_path / "foreign").papers(NODE)
    mixed = TlsFiles(
        ca_file=shared_broker.papers(NODE).ca_file,
        cert_file=foreign.cert_file,
        key_file=foreign.key_file,
    )
    with capture_logs() as logs, Running(make_link(journal, address(shared_broker, mixed))):
        until(lambda: any(entry["event"] == "link_trouble" for entry in logs))

    trouble = next(entry["trouble"] for entry in logs if entry["event"] == "link_trouble")
    assert "authority the broker trusts" in trouble or "belong together" in trouble


@pytest.mark.promise("Hub: Broker and node know each other by certificate.")
@pytest.mark.promise("Node trouble: A hub that is away or foreign is reported.")
def test_broker_of_a_foreign_authority_is_not_trusted(
    tmp_path: Path, shared_broker: Broker, journal: Journal
) -> None:
    ours = shared_broker.papers(NODE)
    foreign = Broker(tmp_path / "foreign").papers(NODE)
    mixed = TlsFiles(ca_file=foreign.ca_file, cert_file=ours.cert_file, key_file=ours.key_file)
    with capture_logs() as logs, Running(make_link(journal, address(shared_broker, mixed))):
        until(lambda: any(entry["event"] == "link_trouble" for entry in logs))

    trouble = next(entry["trouble"] for entry in logs if entry["event"] == "link_trouble")
    assert "is not vouched for" in trouble
    assert "[broker] ca_file" in trouble


def test_missing_certificate_file_is_named(
    tmp_path: Path, shared_broker: Broker, journal: Journal
) -> None:
    ours = shared_broker.papers(NODE)
    gone = TlsFiles(ours.ca_file, tmp_path / "gone.crt", ours.key_file)
    with capture_logs() as logs, Running(make_link(journal, address(shared_broker, gone))):
        until(lambda: any(entry["event"] == "link_trouble" for entry in logs))

    trouble = next(entry["trouble"] for entry in logs if entry["event"] == "link_trouble")
    assert str(tmp_path / "gone.crt") in trouble


def test_speaking_under_another_nodes_name_is_told_by_the_acknowledgement(
    shared_broker: Broker, journal: Journal
) -> None:
    put(journal)
    link = make_link(journal, address(shared_broker), node="another-node")
    with capture_logs() as logs, FakeHub(shared_broker) as hub, Running(link):
        until(lambda: any(entry["event"] == "link_trouble" for entry in logs))

    trouble = next(entry["trouble"] for entry in logs if entry["event"] == "link_trouble")
    assert "matthan/another-node/down/" in trouble
    assert "issued for that very name" in trouble
    assert journal.counts().waiting == 1
    assert not hub.heard


@pytest.mark.promise("Node state and clocks: A dead camera, node, line and broker are told apart.")
def test_line_that_takes_connections_and_says_nothing_is_told_from_one_that_is_down(
    shared_broker: Broker, journal: Journal
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        where = replace(address(shared_broker), port=mute.getsockname()[1])
        link = make_link(journal, where, policy=replace(QUICK, answer_s=0.3))
        with capture_logs() as logs, Running(link):
            until(lambda: any(entry["event"] == "link_trouble" for entry in logs))
        assert "does not answer" in next(e["trouble"] for e in logs if e["event"] == "link_trouble")


class Transport:
    """A session that goes nowhere."""

    def subscribe(self, topics: str) -> None:
        """Nobody answers."""

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> int:
        return 1


@pytest.mark.promise("Bad input: A broker that refuses the login is reported with the cure.")
@pytest.mark.promise("Node to hub: A refused or expired certificate is reported with the cure.")
@pytest.mark.parametrize(
    ("said", "told"),
    [
        (ConnectRefused("Not authorized"), "refused the login of nga-tu-01: Not authorized"),
        (Disconnected("Unspecified error"), "hung up before answering"),
        (Subscribed("Not authorized"), "does not let this node use matthan/nga-tu-01/down/#"),
        (None, "did not answer within"),
    ],
    ids=["refused", "hung up", "deaf", "silent"],
)
def test_broker_that_does_not_let_us_in_is_told_with_a_cure(
    shared_broker: Broker, journal: Journal, said: SessionEvent | None, told: str
) -> None:
    link = make_link(journal, address(shared_broker), policy=replace(QUICK, answer_s=0.2))
    inbox = Inbox()
    if said is not None:
        inbox.put(said)
    talk = Conversation(
        link._identity,
        Transport(),  # type: ignore[arg-type]  # a line that only a test has
        inbox,
        birth_id=BOOT,
        address=link._address,
        state=link._state,
    )
    with pytest.raises(Trouble, match=told) as trouble:
        talk.enter(lambda: None)
    assert trouble.value.cure
    assert "\n" not in str(trouble.value)


def test_token_is_asked_for_until_it_comes(shared_broker: Broker, journal: Journal) -> None:
    tokens = Tokens()
    link = make_link(journal, address(shared_broker), tokens=tokens)
    with FakeHub(shared_broker) as hub, Running(link):
        tokens.ask()
        until(lambda: hub.requests >= 2)
        hub.say_raw(
            topics.TOKEN,
            b'{"v":1,"token":"0123456789abcdef","valid_for_s":60,"upload_url":"http://h/u"}',
        )
        until(lambda: not tokens.is_wanted)


@pytest.mark.promise("Bad input: A malformed message to a node changes nothing.")
def test_nonsense_for_a_token_is_a_line_each_and_the_next_good_one_works(
    shared_broker: Broker, journal: Journal
) -> None:
    good = b'{"v":1,"token":"0123456789abcdef","valid_for_s":60,"upload_url":"http://h/u"}'
    nonsense = [
        b"",
        b"\xff\x00",
        b"[" * 5000,
        good.replace(b'"v":1', b'"v":99'),
        good.replace(b"60", b"-1"),
        good.replace(b"abcdef", b"x" * MAX_BYTES),
    ]
    tokens = Tokens()
    link = make_link(journal, address(shared_broker), tokens=tokens)
    with capture_logs() as logs, FakeHub(shared_broker) as hub, Running(link):
        tokens.ask()
        until(lambda: hub.requests)
        for payload in nonsense:
            hub.say_raw(topics.TOKEN, payload)
        hub.say_raw(topics.TOKEN, good)
        until(lambda: not tokens.is_wanted)

    told = [entry["why"] for entry in logs if entry["event"] == "strange_message"]
    assert link.counts.strange == len(told) == len(nonsense)
    assert all("\n" not in line and len(line) < 1000 for line in told)


def test_stopping_does_not_wait_for_a_hub_that_is_silent(
    shared_broker: Broker, journal: Journal
) -> None:
    put(journal)
    with FakeHub(shared_broker, answers=False) as hub:
        running = Running(make_link(journal, address(shared_broker)))
        with running:
            until(lambda: hub.heard)
        until(lambda: isinstance(hub.statuses[-1], Death))
    assert journal.counts().waiting == 1


def test_health_goes_out_once_and_is_no_event(shared_broker: Broker, journal: Journal) -> None:
    latest = LatestHealth()
    link = make_link(journal, address(shared_broker), latest=latest)
    said = NodeVoice(NODE).health()
    with FakeHub(shared_broker) as hub, Running(link):
        until(lambda: hub.statuses)
        latest.put(said)
        until(lambda: hub.healths)
        latest.put(said)
        until(lambda: len(hub.healths) == 2)
        birth = [status for status in hub.statuses if isinstance(status, Birth)][-1].birth_id
    assert hub.healths == 2 * [said.model_copy(update={"birth_id": birth})]
    assert journal.counts().spooled == 0


@pytest.mark.promise("Node to hub: A refused or expired certificate is reported with the cure.")
def test_a_node_whose_certificate_ran_out_says_so_with_its_date(
    shared_broker: Broker, journal: Journal, tmp_path: Path
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    papers = shared_broker.authority.issue_client(NODE, long_ago, days=10, into=tmp_path)
    ended = f"{long_ago + timedelta(days=10):%d/%m/%Y}"
    with capture_logs() as logs, Running(make_link(journal, address(shared_broker, papers))):
        until(lambda: [line for line in logs if line["event"] == "link_trouble"])
    (said,) = {line["trouble"] for line in logs if line["event"] == "link_trouble"}
    assert f"ran out on {ended}" in said
    assert "matthan-hub ca issue" in said


@pytest.mark.promise("Node to hub: A refused or expired certificate is reported with the cure.")
@pytest.mark.broker
def test_a_broker_whose_certificate_ran_out_is_told_from_a_foreign_one(
    tmp_path: Path, journal: Journal
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    authority = Authority.create(tmp_path / "ca", long_ago)
    with Broker(tmp_path / "mqtt", authority=authority) as broker:
        home = tmp_path / "mqtt" / "broker"
        papers = authority.issue_server(
            "broker", long_ago, hosts=(broker.host,), days=10, into=tmp_path / "old"
        )
        for file, name in ((papers.cert_file, "broker.crt"), (papers.key_file, "broker.key")):
            (home / name).write_bytes(file.read_bytes())
        broker.restart()
        with capture_logs() as logs, Running(make_link(journal, address(broker))):
            until(lambda: [line for line in logs if line["event"] == "link_trouble"])
    (said,) = {line["trouble"] for line in logs if line["event"] == "link_trouble"}
    assert "the certificate of the broker" in said
    assert "ran out. give the broker a new one" in said


@pytest.mark.promise("Node to hub: Two nodes with one identity raise one alarm.")
def test_two_nodes_with_one_certificate_step_back_instead_of_fighting(
    tmp_path: Path, shared_broker: Broker, journal: Journal
) -> None:
    patient = replace(QUICK, step_back_low_s=1.0, step_back_high_s=1.5)
    twin_journal = open_journal(tmp_path / "twin.db")
    links = [
        make_link(one, address(shared_broker), policy=patient) for one in (journal, twin_journal)
    ]
    with capture_logs() as logs, Running(links[0]), Running(links[1]):
        until(lambda: all(link.counts.taken_over for link in links))
    twin_journal.close()
    counts = [link.counts for link in links]
    for one in counts:
        assert one.connections <= one.taken_over + 1, "each return comes after a step back"
    said = [line["trouble"] for line in logs if line["event"] == "link_trouble"]
    assert all("another computer took this node's place" in line for line in said)


@pytest.mark.promise("Node to hub: A node that loses its broker goes to the next one.")
def test_a_node_that_loses_its_broker_goes_to_the_next_with_jitter(
    shared_broker: Broker, journal: Journal, tmp_path: Path
) -> None:
    spans: list[float] = []

    def draw(_low: float, high: float) -> float:
        spans.append(high)
        return 0.01

    with Broker(tmp_path / "first", authority=shared_broker.authority) as first:
        places = address(first), address(shared_broker)
        link = make_link(journal, *places, draw=draw)
        with FakeHub(first) as hub, FakeHub(shared_broker) as other, Running(link):
            early = put(journal)
            until(lambda: early in hub.heard_ids and journal.counts().waiting == 0, "it is told")
            first.kill()
            late = put(journal)
            until(lambda: late in other.heard_ids and journal.counts().waiting == 0, "the next")
    assert spans == [QUICK.next_broker_s]
    assert early not in other.heard_ids
    assert len({status.birth_id for status in hub.statuses + other.statuses}) >= 2


def test_a_node_that_reaches_no_broker_tries_each_in_turn_and_then_waits_longer(
    journal: Journal, shared_broker: Broker
) -> None:
    waits: list[float] = []
    enough = threading.Event()

    def draw(_low: float, high: float) -> float:
        waits.append(high)
        if len(waits) == 9:
            enough.set()
        return 0.0

    policy = replace(QUICK, retry_cap_s=100.0)
    with closed_ports(3) as ports:
        places = [replace(address(shared_broker), port=port) for port in ports]
        with Running(make_link(journal, *places, policy=policy, draw=draw)):
            assert enough.wait(patience_s())
    next_s = policy.next_broker_s
    assert waits[:9] == [next_s, next_s, 0.1, next_s, next_s, 0.2, next_s, next_s, 0.4]


@contextmanager
def closed_ports(number: int) -> Iterator[list[int]]:
    """Nobody listens there: they are bound, so that no other program takes them."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        yield [int(one.getsockname()[1]) for one in sockets]
