"""While the disk is short, a node above its share waits, and others go on."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.monitoring.rules.liveness import (
    BrokerLiveness,
    LivenessFacts,
    NodeLiveness,
    Thresholds,
)
from hub.alerting.monitoring.rules.troubles import TroubleRaised, decide
from hub.footage.upload.rules.share import is_above_share
from hub.footage.upload.service import Uploads
from hub.footage.upload.shares import OverShareError
from hub.registry.tables import nodes
from tests.hub.rigs.streets import Streets, picture, sha

GIB = 2**30
A, B, C = (UUID(int=n) for n in range(3))


def waits(node_id: UUID, *, free: int | None, short: int = 32 * GIB, **brought: int) -> bool:
    by_name = {"a": A, "b": B, "c": C}
    said = {by_name[name]: size for name, size in brought.items()}
    return is_above_share(node_id, said, free_bytes=free, short_bytes=short)


@pytest.mark.promise("Footage: While the hub's disk is short, no box takes the room of others.")
def test_one_that_fills_the_disk_waits_and_the_others_go_on() -> None:
    brought = {"a": 40 * GIB, "b": GIB, "c": 2 * GIB}
    assert [waits(one, free=GIB, **brought) for one in (A, B, C)] == [True, False, False]


def test_nobody_waits_while_there_is_room_or_nothing_is_known_of_it() -> None:
    brought = {"a": 40 * GIB, "b": 1, "c": 1}
    assert not waits(A, free=32 * GIB, **brought)
    assert not waits(A, free=None, **brought)


def test_one_of_two_cannot_raise_the_share_by_what_it_brings() -> None:
    assert waits(A, free=0, a=400 * GIB, b=GIB)
    assert not waits(B, free=0, a=400 * GIB, b=GIB)


def test_a_node_alone_a_busy_one_and_one_that_brought_nothing_go_on() -> None:
    assert not waits(A, free=GIB, a=40 * GIB)
    assert not waits(A, free=GIB, a=4 * GIB, b=GIB, c=2 * GIB)
    assert not waits(C, free=GIB, a=4 * GIB, b=GIB)


def test_what_is_left_is_divided_while_nobody_brought_much() -> None:
    assert not waits(A, free=3 * GIB, a=GIB, b=1, c=1)
    assert waits(A, free=3 * GIB, a=GIB + 1, b=1, c=1)


def test_a_node_above_its_share_waits_is_noted_and_raises_a_trouble(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = Uploads(
        streets.db,
        blobs=streets.blobs,
        parts=streets.parts,
        clock=streets.clock,
        change_signal=streets.change_signal,
        policy=streets.policy,
        short_bytes=GIB,
    )
    monkeypatch.setattr(streets.blobs, "free_bytes", lambda: 2 * GIB)
    content = b"picture"
    streets.file(streets.node.opened(picture=picture(content)))
    begun = uploads.begin(streets.node.name, sha(content), len(content))
    assert begun is not None
    begun.finish()  # the line broke
    others = {uuid4(): 1 for _ in range(3)}
    mine = streets.rows(nodes)[0].id
    monkeypatch.setattr(streets.parts, "bytes_by_owner", lambda: {**others, mine: GIB})
    monkeypatch.setattr(streets.blobs, "free_bytes", lambda: 1000)
    with pytest.raises(OverShareError):
        uploads.begin(streets.node.name, sha(content), len(content))
    with streets.db.reading() as conn:
        noted = conn.scalar(select(nodes.c.held_back_utc_us).where(nodes.c.id == mine))
    assert noted == streets.clock.now().utc_us
    streets.clock.pass_s(60)
    monkeypatch.setattr(streets.blobs, "free_bytes", lambda: 2 * GIB)
    begun = uploads.begin(streets.node.name, sha(content), len(content))
    assert begun is not None
    begun.finish()  # the line broke


def test_a_node_that_waits_is_one_trouble_until_an_hour_after_its_last_try() -> None:
    bounds, hour_us = Thresholds(), 3600 * 1_000_000
    node = NodeLiveness(A, (), True, 0, held_back_utc_us=hour_us)
    facts = LivenessFacts(BrokerLiveness(True, 0), [node], [])

    def kinds(now_utc_us: int) -> list[Kind]:
        steps = decide(facts, [], bounds, now_utc_us=now_utc_us)
        return [one.kind for one in steps if isinstance(one, TroubleRaised)]

    assert kinds(2 * hour_us - 1) == [Kind.NODE_HELD_BACK]
    assert kinds(2 * hour_us + 1) == []
