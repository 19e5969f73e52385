"""A hold reaches its node, grows with its alert, is repeated until answered, and is released."""

from uuid import UUID, uuid4

import pytest

from agent.wire.answers import Command, HoldFootage, ReleaseFootage
from agent.wire.codec import decode_command
from agent.wire.messages import HoldAnswered, RecordingResumed, RecordingStopped, WhyStopped
from hub.base.audit.log import By
from hub.footage.retention import holds
from hub.footage.retention.node_holds import AGAIN_S, SLACK_US
from hub.footage.retention.rules import Hold
from hub.footage.retention.tables import node_holds
from hub.footage.tables import media
from hub.intake.commands import commands
from hub.registry.tables import cameras, nodes
from tests.hub.rigs.streets import Streets, sha

pytestmark = [
    pytest.mark.promise("Clips: Held footage is never removed."),
    pytest.mark.promise(
        "Cases and evidence: A legal hold has priority over retention and full disks."
    ),
]


def said(streets: Streets) -> list[Command]:
    with streets.db.writing() as conn:
        replies = commands(conn, now=streets.clock.now())
    return [decode_command(reply.payload) for reply in replies]


def place(streets: Streets, hold: Hold) -> UUID:
    with streets.db.writing() as conn:
        return holds.place_hold(
            conn,
            hold,
            case_number="12/2026",
            reason="theft",
            by=By(came_from="shell"),
            now=streets.clock.now(),
        )


def end(streets: Streets) -> None:
    with streets.db.writing() as conn:
        holds.end_holds(
            conn,
            case_number="12/2026",
            reason="closed",
            by=By(came_from="shell"),
            now=streets.clock.now(),
        )


def answer(streets: Streets, command: Command, *, is_held: bool = True) -> None:
    assert isinstance(command.body, HoldFootage | ReleaseFootage)
    body = HoldAnswered(
        command_id=command.command_id, hold_id=command.body.hold_id, is_held=is_held, files=2
    )
    streets.file(streets.node.says(body))


def test_a_held_alert_is_held_at_its_node_with_what_is_known_and_what_comes(
    streets: Streets,
) -> None:
    sighting_id = uuid4()
    [filed, _] = streets.file(
        streets.node.opened(sighting_id), streets.node.clip(sighting_id, content=b"one")
    )
    assert filed.alert_id is not None
    hold_id = place(streets, Hold(alert_id=filed.alert_id))
    [first] = said(streets)
    assert isinstance(first.body, HoldFootage)
    assert (first.body.hold_id, first.body.case_number) == (hold_id, "12/2026")
    assert first.body.camera == "cam-1"
    assert first.body.until_utc_us is not None
    assert first.body.until_utc_us - first.body.from_utc_us >= 2 * SLACK_US
    assert sha(b"one") in first.body.sha256s
    assert said(streets) == []
    streets.clock.pass_s(AGAIN_S)
    assert said(streets) == [first], "unanswered, it is said again with the same id"
    answer(streets, first)
    streets.clock.pass_s(AGAIN_S)
    assert said(streets) == []
    streets.file(streets.node.clip(sighting_id, content=b"two"))
    streets.clock.pass_s(AGAIN_S)
    [grown] = said(streets)
    assert isinstance(grown.body, HoldFootage)
    assert grown.command_id != first.command_id
    assert {sha(b"one"), sha(b"two")} <= set(grown.body.sha256s)


def test_a_hold_that_ended_is_taken_back_at_the_node_and_then_left_alone(streets: Streets) -> None:
    streets.file(streets.node.clip(uuid4(), content=b"one"))
    [row] = streets.rows(media)
    place(streets, Hold(media_id=row.id))
    [held] = said(streets)
    answer(streets, held)
    end(streets)
    [released] = said(streets)
    assert isinstance(released.body, ReleaseFootage)
    answer(streets, released, is_held=False)
    streets.clock.pass_s(10 * AGAIN_S)
    assert said(streets) == []


def test_a_hold_of_a_cameras_span_waits_for_its_node_and_one_that_ended_unsaid_is_never_said(
    streets: Streets,
) -> None:
    streets.file(streets.node.opened())
    camera = next(row for row in streets.rows(cameras) if row.name == "cam-1")
    with streets.db.writing() as conn:
        conn.execute(nodes.update().values(state="offline"))
    place(streets, Hold(camera_id=camera.id, from_utc_us=5))
    assert said(streets) == []
    end(streets)
    place(streets, Hold(camera_id=camera.id, from_utc_us=7))
    with streets.db.writing() as conn:
        conn.execute(nodes.update().values(state="online"))
    [told] = said(streets)
    assert isinstance(told.body, HoldFootage)
    assert (told.body.from_utc_us, told.body.until_utc_us) == (7, None)


def test_another_node_cannot_answer_for_this_one(streets: Streets) -> None:
    streets.file(streets.node.clip(uuid4(), content=b"one"))
    [row] = streets.rows(media)
    hold_id = place(streets, Hold(media_id=row.id))
    [told] = said(streets)
    lie = HoldAnswered(command_id=told.command_id, hold_id=hold_id, is_held=True, files=1)
    streets.file(streets.other.says(lie))
    [kept] = streets.rows(node_holds)
    assert kept.answered_utc_us is None


def test_a_node_that_records_nothing_is_known_as_such_whatever_the_order(streets: Streets) -> None:
    stopped = streets.node.says(RecordingStopped(why=WhyStopped.HELD, detail="full of held"))
    resumed = streets.node.says(RecordingResumed())
    streets.file(stopped)
    assert [row.unrecorded_why for row in streets.rows(nodes) if row.unrecorded_why] == ["held"]
    streets.file(resumed)
    early = streets.node.says(RecordingStopped(why=WhyStopped.ROOM, detail=""))
    late = streets.node.says(RecordingResumed())
    streets.file(late, early)
    assert not any(row.unrecorded_utc_us for row in streets.rows(nodes))
