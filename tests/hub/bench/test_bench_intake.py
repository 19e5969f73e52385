"""The benchmark of the intake measures what it prints, in a form short enough for a test."""

import json
from random import Random
from uuid import UUID

import pytest

from agent.wire.codec import decode_event, encode
from agent.wire.messages import SightingClosed, SightingOpened, SightingUpdated
from tests.bench.hub.__main__ import parser
from tests.bench.hub.talk import Talker

pytestmark = pytest.mark.promise("Faults: The intake stores each message of its bench once.")

NOW_US = 1_800_000_000_000_000


def test_everybody_comes_is_seen_and_goes_in_that_order_and_numbers_have_no_gap() -> None:
    talker = Talker("nga-tu-01", 3, Random(1))  # noqa: S311
    inside: set[UUID] = set()
    kinds = set()
    for number in range(1, 200):
        event = talker.event(NOW_US + number, NOW_US + 1_000_000)
        assert decode_event(encode(event)) == event
        assert event.seq == number
        match event.body:
            case SightingOpened(sighting_id=one):
                assert one not in inside
                inside.add(one)
            case SightingUpdated(sighting_id=one):
                assert one in inside
            case SightingClosed(sighting_id=one):
                inside.remove(one)
        kinds.add(event.body.kind)
    assert kinds == {"sighting_opened", "sighting_updated", "sighting_closed"}
    assert talker.health(NOW_US).last_seq == 199


def run(*words: str) -> int:
    args = parser().parse_args(["intake", *words])
    code: int = args.do(args)
    return code


@pytest.mark.broker
def test_all_that_was_said_is_stored_once_and_the_peer_heard_the_same(
    capsys: pytest.CaptureFixture[str], database_url: str
) -> None:
    words = ("--messages", "140", "--rounds", "2", "--seconds", "1", "--json")
    assert run(*words, "--database", database_url) == 0
    [found] = [
        value for value in json.loads(capsys.readouterr().out).values() if isinstance(value, dict)
    ]
    assert (found["missing"], found["doubled"]) == (0, 0)
    assert found["stored"]["events"] == found["events_said"] > 240
    assert len(found["own_per_s"]) == len(found["peer_per_s"]) == 2
    assert found["share_of_peer"] > 0
    for waits in found["wait_ms"].values():
        assert 0 < waits["p50"] <= waits["p99"] <= waits["most"] < float("inf")


@pytest.mark.broker
def test_two_intakes_behind_a_slow_line_store_all_once(
    capsys: pytest.CaptureFixture[str], postgres_url: str
) -> None:
    words = ("--messages", "140", "--rounds", "1", "--seconds", "0", "--json")
    assert run(*words, "--workers", "2", "--delay-ms", "1", "--database", postgres_url) == 0
    found = json.loads(capsys.readouterr().out)["postgresql"]
    [together] = found["together"]
    assert (together["workers"], together["delay_ms"]) == (2, 1)
    assert together["own_per_s"] > 0 < together["relay_cpu_s"]
    assert found["stored"]["events"] == found["events_said"] > together["events"] > 100


@pytest.mark.parametrize("words", [("--messages", "20001"), ("--rounds", "0")])
def test_what_the_broker_would_drop_is_not_tried(
    capsys: pytest.CaptureFixture[str], words: tuple[str, str]
) -> None:
    assert run(*words) == 2
    assert words[0] in capsys.readouterr().err
