"""The page of a camera's last hour on its way to the hub."""

from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from agent.app.explanations import Explanations
from agent.cameras.codec.jpeg import jpeg
from agent.journal import Journal
from agent.runtime.last_hour import LastHour
from agent.uplink.live.leases import LiveLeases
from agent.uplink.mqtt.inbound import Inbound, LinkCounts
from agent.uplink.outbox import Outbox, OutboxPolicy
from agent.uplink.tokens import Tokens
from agent.uplink.upload.diagnostics import ExplanationUpload, NoDiagnosis
from agent.wire import topics
from agent.wire.answers import Command, SendExplanation
from agent.wire.codec import encode
from agent.wire.no_answer import NoAnswer
from tests.agent.helpers.runtime.last_hour import Camera
from tests.agent.helpers.uplink.live import Hub
from tests.agent.helpers.vision.explain.record import unsure
from tests.agent.rigs.hubside import NODE, Running
from tests.agent.rigs.vision import after
from tests.waiting import until

pytestmark = pytest.mark.promise(
    "Fleet: Whoever may see a camera learns why it reported nobody in its last hour."
)


def explain(wanted: SendExplanation) -> bytes:
    if wanted.camera == "none":
        raise NoDiagnosis(NoAnswer.NO_CAMERA, wanted.camera)
    return f"<!doctype html> {wanted.camera}".encode()


def came(hub: Hub, command_id: UUID) -> bool:
    return any(path.endswith(str(command_id)) for path, _, _ in hub.came)


def test_each_request_gets_the_page_of_its_own_camera(hub: Hub, tokens: Tokens) -> None:
    post = ExplanationUpload(explain, tokens, trusted=None)
    one, other, third = uuid4(), uuid4(), uuid4()
    with Running(post):
        for command_id, camera in ((one, "cong"), (other, "cho"), (third, "none")):
            post.ask(command_id, SendExplanation(camera=camera))
            until(partial(came, hub, command_id))
    post.close()
    assert [(path, body) for path, _, body in hub.came] == [
        (f"/upload/explanation/{one}", b"<!doctype html> cong"),
        (f"/upload/explanation/{other}", b"<!doctype html> cho"),
        (f"/upload/explanation/{third}", b"no_camera: none"),
    ]


def test_a_page_that_did_not_go_is_not_kept_and_made_again(hub: Hub, tokens: Tokens) -> None:
    made: list[SendExplanation] = []

    def explain_and_count(wanted: SendExplanation) -> bytes:
        made.append(wanted)
        return explain(wanted)

    command_id, hub.status = uuid4(), 503
    post = ExplanationUpload(explain_and_count, tokens, trusted=None)
    with Running(post):
        post.ask(command_id, SendExplanation(camera="cong"))
        until(lambda: hub.came and post._kept is None)
        hub.status = 204

        def asked_again() -> bool:
            post.ask(command_id, SendExplanation(camera="cong"))
            return post._done == command_id

        until(asked_again)
    post.close()
    assert len(made) >= 2
    assert post._kept is None


def inbound_of(journal: Journal, port: Any) -> tuple[Inbound, LinkCounts]:
    counts = LinkCounts()
    inbound = Inbound(
        NODE,
        journal=journal,
        outbox=Outbox(OutboxPolicy()),
        tokens=Tokens(),
        leases=LiveLeases(()),
        counts=counts,
        explanation=port,
    )
    return inbound, counts


def test_the_hub_asks_on_the_command_topic(node_journal: Journal) -> None:
    asked: list[tuple[UUID, SendExplanation]] = []
    port = SimpleNamespace(ask=lambda command_id, wanted: asked.append((command_id, wanted)))
    inbound, counts = inbound_of(node_journal, port)
    body = SendExplanation(camera="cong", language="en", span_s=600)
    command = Command(command_id=uuid4(), body=body)
    inbound.receive(topics.address(topics.COMMAND, NODE), encode(command))
    assert asked == [(command.command_id, body)]
    assert counts.strange == 0


def test_a_command_of_a_newer_hub_is_counted_and_ignored(node_journal: Journal) -> None:
    """So does a node that is older than this command."""
    inbound, counts = inbound_of(node_journal, None)
    newer = b'{"v":1,"command_id":"%s","body":{"kind":"not_yet"}}' % str(uuid4()).encode()
    inbound.receive(topics.address(topics.COMMAND, NODE), newer)
    assert counts.strange == 1


def test_the_page_is_in_the_readers_language_with_the_times_of_the_place() -> None:
    hour = LastHour(jpeg)
    camera = Camera(hour)
    camera.shows(unsure(), for_s=2)
    view = SimpleNamespace(
        camera=SimpleNamespace(name="cong"), label="Cổng chính <1>", last_hour=hour
    )
    explained = Explanations(
        [view],  # type: ignore[list-item]
        now=lambda: after(2),
        time_zone=ZoneInfo("Asia/Ho_Chi_Minh"),
    )
    page = explained(SendExplanation(camera="cong")).decode()
    assert page.startswith("<!doctype html>")
    assert "Vì sao có người mà không báo?" in page
    assert "Cổng chính &lt;1&gt;, từ " in page
    assert "Why was" in explained(SendExplanation(camera="cong", language="fr")).decode()
    with pytest.raises(NoDiagnosis, match="no_camera: cho"):
        explained(SendExplanation(camera="cho"))
