"""Requests for a camera's footage of a time span: who may make them; sent to the node until it
answers."""

from uuid import UUID, uuid4

import pytest

from agent.wire.answers import BringSpan, Command
from agent.wire.codec import decode_command
from agent.wire.messages import MediaAnswered
from hub.access.rules.grants import Right
from hub.base.audit.log import By
from hub.base.audit.tables import audit
from hub.base.errors import RegistryError
from hub.console.service import InboxService
from hub.footage.requests import spans
from hub.footage.requests.spans import AGAIN_S, LONGEST_S
from hub.footage.tables import media
from hub.intake.commands import commands
from hub.nodes import presence
from hub.registry.tables import cameras
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.rigs.streets import Streets, sha

pytestmark = pytest.mark.promise("Clips: Any span of continuous recording can be fetched by time.")

SHELL = By(came_from="shell")


def ask(
    streets: Streets,
    *,
    by: By = SHELL,
    span_s: float = 60,
    reason: str = "theft",
    with_sound: bool = False,
) -> UUID:
    camera = next(row for row in streets.rows(cameras) if row.name == "cam-1")
    from_utc_us = streets.clock.now().utc_us - 3_600_000_000
    with streets.db.writing() as conn:
        return spans.ask(
            conn,
            camera.id,
            span=spans.RequestedTimes(
                from_utc_us, from_utc_us + round(span_s * 1e6), with_sound=with_sound
            ),
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
        return [(row.files, row.stored) for row in spans.requested(conn)]


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


@pytest.mark.promise("Clips: Sound is off unless the owner gave a reason.")
def test_sound_comes_only_where_it_was_asked_for_and_only_who_may_play_clips_hears_it(
    streets: Streets,
) -> None:
    birth = streets.node.birth()
    [camera] = [one for one in birth.cameras if one.camera == "cam-1"]
    told = birth.model_copy(
        update={"cameras": (camera.model_copy(update={"sound": "broken into twice"}),)}
    )
    with streets.db.writing() as conn:
        presence.note_birth(conn, told, now=streets.clock.now())
    sighting_id = uuid4()
    [filed] = streets.file(streets.node.opened(sighting_id))
    assert filed.alert_id is not None
    ask(streets)
    assert isinstance(said(streets)[0].body, BringSpan)
    streets.clock.pass_s(1)
    ask(streets, with_sound=True)
    [command] = said(streets)
    assert isinstance(command.body, BringSpan)
    assert command.body.with_sound is True
    details = [detail_of(row) for row in streets.rows(audit) if row.act == "span.ask"]
    assert [" with sound: theft" in one for one in details] == [False, True]
    heard = streets.node.clip(sighting_id, content=b"voices")
    sound = heard.body.model_copy(
        update={"is_sound": True, "codec": "aac", "width": 0, "height": 0}
    )
    streets.file(heard.model_copy(update={"body": sound}))
    streets.bring(b"voices")
    [row] = streets.rows(media)
    assert row.kind == "sound"
    officer = streets.officer("an")
    inboxes = streets.services.use(InboxService)
    page = inboxes.alert(officer, filed.alert_id)
    assert page is not None
    assert page.sound == "broken into twice"
    assert page.row.clip_id is None, "sound is no clip"
    assert [one.kind for one in page.media] == ["sound"]
    opened = streets.playback.open_media(officer, row.id)
    assert opened is not None
    assert opened.media_type == "audio/mp4"
    watcher = streets.officer("chi", rights=Right.SEE)
    assert streets.playback.open_media(watcher, row.id) is None
    page = inboxes.alert(watcher, filed.alert_id)
    assert page is not None
    assert page.media == []
