"""Requests for a clip that is still at its node: who may make one, and its result."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from agent.wire.codec import decode_command
from agent.wire.messages import MediaAnswered
from agent.wire.presence import Death
from hub.alerting.alerts.tables import alerts
from hub.base.audit.asker import Asker
from hub.base.audit.tables import audit
from hub.console.service import InboxService
from hub.footage.requests.clips import AGAIN_S
from hub.footage.tables import media, wishes
from hub.footage.views import ClipRequestRow, MediaRow
from hub.intake.commands import commands
from hub.nodes import presence
from tests.hub.rigs.streets import Streets, sha

pytestmark = pytest.mark.promise("Clips: A clip at its node can be asked for.")


@pytest.fixture
def alert_id(streets: Streets) -> UUID:
    """An alert whose clip is still at its node."""
    sighting_id = uuid4()
    [filed, _] = streets.file(
        streets.node.opened(sighting_id), streets.node.clip(sighting_id, content=b"video")
    )
    assert filed.alert_id is not None
    return filed.alert_id


def media_id(streets: Streets) -> UUID:
    [row] = streets.rows(media)
    return UUID(str(row.id))


def said(streets: Streets) -> list[tuple[str, UUID, tuple[str, ...]]]:
    """Commands that are published to nodes now."""
    with streets.db.writing() as conn:
        replies = commands(conn, now=streets.clock.now())
    read: list[tuple[str, Any]] = [
        (reply.topic, decode_command(reply.payload)) for reply in replies
    ]
    return [(topic, command.command_id, command.body.sha256s) for topic, command in read]


def clip(streets: Streets, who: Asker, alert_id: UUID) -> MediaRow:
    page = streets.services.use(InboxService).alert(who, alert_id)
    assert page is not None
    return page.media[0]


def acts(streets: Streets) -> list[str]:
    return [row.act for row in streets.rows(audit) if row.act.startswith("media.ask")]


def test_a_wish_is_told_to_its_node_until_it_answers_and_the_page_says_how_it_stands(
    streets: Streets, alert_id: UUID
) -> None:
    an = streets.officer("an")
    rings, revision = streets.change_signal.rings, streets.rows(alerts)[0].revision
    assert streets.playback.ask_for_clip(an, alert_id, media_id(streets))
    assert streets.change_signal.rings == rings + 1
    assert streets.rows(alerts)[0].revision == revision + 1
    wish = clip(streets, an, alert_id).wish
    asked_utc_us = streets.clock.now().utc_us
    assert wish == ClipRequestRow(an.name, asked_utc_us, answer=None, answered_utc_us=None)

    [(topic, command_id, sha256s)] = said(streets)
    assert (topic, sha256s) == ("matthan/nga-tu/down/command", (sha(b"video"),))
    assert said(streets) == []
    streets.clock.pass_s(AGAIN_S)
    assert said(streets) == [(topic, command_id, sha256s)]

    streets.file(streets.node.says(MediaAnswered(command_id=command_id, coming=sha256s, gone=())))
    wish = clip(streets, an, alert_id).wish
    assert wish is not None and wish.answer == "coming"
    streets.clock.pass_s(AGAIN_S)
    assert said(streets) == []
    streets.bring(b"video")
    assert clip(streets, an, alert_id).is_stored


def test_asking_again_changes_nothing_until_the_node_said_it_is_gone(
    streets: Streets, alert_id: UUID
) -> None:
    an, binh = streets.officer("an"), streets.officer("binh")
    for who in (an, binh, an):
        assert streets.playback.ask_for_clip(who, alert_id, media_id(streets))
    [row] = streets.rows(wishes)
    assert row.person_id == an.person_id
    assert acts(streets) == ["media.ask", "media.ask.again", "media.ask.again"]
    [(_, command_id, sha256s)] = said(streets)
    streets.file(streets.node.says(MediaAnswered(command_id=command_id, coming=(), gone=sha256s)))
    wish = clip(streets, binh, alert_id).wish
    assert wish is not None and wish.answer == "gone"
    assert streets.playback.ask_for_clip(binh, alert_id, media_id(streets))
    [(_, second_id, _)] = said(streets)
    assert second_id != command_id


def test_who_may_not_play_clips_asks_for_nothing(streets: Streets, alert_id: UUID) -> None:
    stranger = streets.officer("la", area=streets.bridge)
    assert not streets.playback.ask_for_clip(stranger, alert_id, media_id(streets))
    an = streets.officer("an")
    assert not streets.playback.ask_for_clip(an, uuid4(), media_id(streets))
    assert not streets.playback.ask_for_clip(an, alert_id, uuid4())
    streets.bring(b"video")
    assert not streets.playback.ask_for_clip(an, alert_id, media_id(streets))
    assert acts(streets) == ["media.ask.refused"] * 4
    assert said(streets) == []


def test_another_node_answers_for_nobody_else(streets: Streets, alert_id: UUID) -> None:
    an = streets.officer("an")
    streets.playback.ask_for_clip(an, alert_id, media_id(streets))
    [(_, command_id, sha256s)] = said(streets)
    lie = MediaAnswered(command_id=command_id, coming=(), gone=sha256s)
    streets.file(streets.other.says(lie))
    wish = clip(streets, an, alert_id).wish
    assert wish is not None and wish.answer is None


def test_a_node_that_is_away_is_told_when_it_is_back(streets: Streets, alert_id: UUID) -> None:
    an = streets.officer("an")
    birth = streets.node.birth()
    with streets.db.writing() as conn:
        presence.note_birth(conn, birth, now=streets.clock.now())
        death = Death(node="nga-tu", birth_id=birth.birth_id)
        presence.note_death(conn, death, now=streets.clock.now())
    streets.playback.ask_for_clip(an, alert_id, media_id(streets))
    assert said(streets) == []
    page = streets.services.use(InboxService).alert(an, alert_id)
    assert page is not None and not page.is_node_here
    with streets.db.writing() as conn:
        presence.note_birth(conn, streets.node.birth(), now=streets.clock.now())
    assert len(said(streets)) == 1
