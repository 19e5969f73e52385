"""What a camera showed in a span is asked of its node, by whom it may be, until it answers."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from agent.wire.codec import decode_command
from agent.wire.messages import BringSpan, Command, MediaAnswered
from hub.intake.commands import commands
from hub.store import spans
from hub.store.audit import By
from hub.store.database import Database
from hub.store.registry import RegistryError
from hub.store.spans import AGAIN_S, LONGEST_S
from hub.store.tables import audit, cameras, media
from tests.hub.streets import Streets, sha

SHELL = By(came_from="shell")


@pytest.fixture
def streets(db: Database, tmp_path: Path) -> Streets:
    return Streets(db, tmp_path / "media")


def ask(streets: Streets, *, by: By = SHELL, span_s: float = 60, reason: str = "theft") -> UUID:
    camera = next(row for row in streets.rows(cameras) if row.name == "cam-1")
    from_utc_us = streets.clock.now().utc_us - 3_600_000_000
    with streets.db.writing() as conn:
        return spans.ask(
            conn,
            camera.id,
            from_utc_us=from_utc_us,
            until_utc_us=from_utc_us + round(span_s * 1e6),
            reason=reason,
            by=by,
            now=streets.clock.now(),
        )


def said(streets: Streets) -> list[Command]:
    with streets.db.writing() as conn:
        replies = commands(conn, now=streets.clock.now())
    return [decode_command(reply.payload) for reply in replies]


def listed(streets: Streets) -> list[tuple[int | None, int]]:
    with streets.db.reading() as conn:
        return [(row.files, row.stored) for row in spans.asked(conn)]


def test_a_span_is_asked_for_until_the_node_answers_and_its_files_are_counted(
    streets: Streets,
) -> None:
    streets.file(streets.node.opened())
    command_id = ask(streets)
    [told] = said(streets)
    assert told.command_id == command_id
    assert isinstance(told.body, BringSpan)
    assert told.body.camera == "cam-1"
    assert told.body.until_utc_us - told.body.from_utc_us == 60_000_000
    assert said(streets) == []
    streets.clock.pass_s(AGAIN_S)
    assert said(streets) == [told]
    assert listed(streets) == [(None, 0)]
    lie = MediaAnswered(command_id=command_id, coming=("ab" * 32,), gone=())
    streets.file(streets.other.says(lie))
    assert listed(streets) == [(None, 0)]
    ready = streets.node.clip(uuid4(), content=b"night").body.model_copy(
        update={"sighting_ids": (), "first_frame_utc_us": told.body.from_utc_us + 5}
    )
    answer = MediaAnswered(command_id=command_id, coming=(sha(b"night"),), gone=())
    streets.file(streets.node.says(ready), streets.node.says(answer))
    assert listed(streets) == [(1, 0)]
    streets.bring(b"night")
    assert listed(streets) == [(1, 1)]
    [row] = streets.rows(media)
    assert row.stored_utc_us is not None
    streets.clock.pass_s(AGAIN_S)
    assert said(streets) == []


def test_only_who_may_see_clips_there_may_ask_and_it_is_noted(streets: Streets) -> None:
    streets.file(streets.node.opened())
    inside, outside = streets.officer("an"), streets.officer("la", area=streets.bridge)
    with pytest.raises(RegistryError, match="may not see"):
        ask(streets, by=By(person_id=outside.person_id))
    ask(streets, by=By(person_id=inside.person_id))
    assert [row.act for row in streets.rows(audit)].count("span.ask") == 1


@pytest.mark.parametrize(
    ("span_s", "reason", "why"),
    [(-1, "theft", "an hour at most"), (LONGEST_S + 1, "theft", "an hour"), (1, " ", "a reason")],
)
def test_a_span_that_is_none_or_endless_or_without_reason_is_refused(
    streets: Streets, span_s: float, reason: str, why: str
) -> None:
    streets.file(streets.node.opened())
    with pytest.raises(RegistryError, match=why):
        ask(streets, span_s=span_s, reason=reason)
