"""Nodes, dead letters and lost phones, only for people who look after cameras."""

from collections import Counter
from dataclasses import replace
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from agent.wire.answers import RefusalReason
from agent.wire.messages import (
    CameraBack,
    CameraLost,
    ClipReady,
    Event,
    NumbersDropped,
    SightingClosed,
    SightingOpened,
    SightingUpdated,
)
from hub.access.rules.grants import Right
from hub.alerting.notifications import leasing, outcomes
from hub.alerting.notifications.batching import BATCHING_LIMITS
from hub.alerting.notifications.service import NotificationService
from hub.intake.filing.batch import BatchFiler
from hub.intake.filing.filing import set_aside
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.intake.presence import PresenceRecorder
from hub.nodes.health import queries
from hub.nodes.health.service import NodeHealthService
from hub.nodes.health.views import LastRefusal
from hub.nodes.health.wording import card
from hub.notify.phones.service import PhoneService
from hub.notify.rules.delivery_result import Gone, MessageRefused
from hub.registry import registry
from hub.web.calendar import Calendar
from hub.web.i18n import words as words_of
from tests.hub.rigs.streets import Streets, picture

KEEPER = Right.SEE | Right.MANAGE


def health(streets: Streets) -> NodeHealthService:
    return streets.services.use(NodeHealthService)


@pytest.mark.promise("Pages: A page shows each node's state and week.")
def test_a_keeper_sees_the_nodes_of_their_cameras(streets: Streets) -> None:
    kim = streets.officer("kim", rights=KEEPER)
    near = streets.officer("lan", rights=KEEPER, area=streets.bridge)
    an = streets.officer("an")
    streets.file(streets.node.says(CameraLost(camera="cam-1", reason="no route to host")))
    streets.file(streets.node.says(NumbersDropped(ranges=((90, 99),), reason="full")))
    nodes, _ = health(streets).node_states(kim)
    assert [one.name for one in nodes] == ["cau-moi", "nga-tu"]
    assert (nodes[1].cameras[0].lost_reason, nodes[1].dropped) == ("no route to host", 10)
    assert [one.name for one in health(streets).node_states(near)[0]] == ["cau-moi"]
    assert health(streets).node_states(an) == ([], [])
    assert [health(streets).tends(one) for one in (kim, near, an)] == [True, True, False]


def test_an_inbox_names_the_dark_cameras_its_reader_may_see_and_no_others(
    streets: Streets,
) -> None:
    an, elsewhere = streets.officer("an"), streets.officer("lan", area=streets.bridge)
    assert health(streets).dark_cameras(an) == []
    streets.file(streets.node.says(CameraLost(camera="cam-1", reason="no route to host")))
    assert len(health(streets).dark_cameras(an)) == 1
    assert health(streets).dark_cameras(elsewhere) == []


@pytest.mark.promise("Node to hub: A refused event is shown with its reason.")
@pytest.mark.parametrize(
    ("reason", "language", "said"),
    [
        (
            RefusalReason.NUMBER_TAKEN,
            "en",
            "2 messages refused in 24 hours, the last at 18:06:45: its number belongs to another"
            " event: was its disk copied?",
        ),
        (
            RefusalReason.WRONG_VERSION,
            "vi",
            "2 tin bị từ chối trong 24 giờ, lần cuối lúc 18:06:45: trạm dùng phiên bản khác với"
            " trung tâm",
        ),
    ],
)
def test_what_the_hub_refused_is_on_the_page_of_nodes_with_count_reason_and_time(
    streets: Streets, reason: RefusalReason, language: str, said: str
) -> None:
    kim = streets.officer("kim", rights=KEEPER)
    for why, after_s in ((RefusalReason.MALFORMED, 0), (reason, 5)):
        streets.clock.pass_s(after_s)
        with streets.db.writing() as conn:
            set_aside(
                conn, topic="matthan/nga-tu/up/event", payload=b"?", reason=why, detail="",
                node_name="nga-tu", event_id=uuid4(), now=streets.clock.now(),
            )  # fmt: skip
    nodes, _ = health(streets).node_states(kim)
    told = {one.name: (one.refused, one.last_refusal) for one in nodes}
    assert told["cau-moi"] == (0, None)
    assert told["nga-tu"] == (2, LastRefusal(reason, streets.clock.now().utc_us))
    calendar = Calendar(
        ZoneInfo("Asia/Ho_Chi_Minh"), words_of(language), streets.clock.now().utc_us
    )
    [crossing] = [one for one in nodes if one.name == "nga-tu"]
    assert said in card(crossing, calendar).lines
    streets.clock.pass_s(86_401)
    assert {one.refused for one in health(streets).node_states(kim)[0]} == {0}


@pytest.mark.promise("Node to hub: Each notification arrives, or somebody is told why not.")
@pytest.mark.promise("Notifications: A notification that failed for good is listed.")
def test_what_could_not_be_delivered_is_listed_counted_and_told_to_its_owner(
    streets: Streets,
) -> None:
    kim = streets.officer("kim", rights=KEEPER)
    stranger = streets.officer("lan", rights=KEEPER, area=streets.bridge)
    an, binh = streets.officer("an"), streets.officer("binh")
    streets.file(streets.node.opened())
    now = streets.clock.now()
    with streets.db.writing() as conn:
        claimed = leasing.claim(
            conn, worker="w", now=now, lease_s=30, limit=10, limits=BATCHING_LIMITS
        )
        for owed in claimed:
            is_an = owed.phone.address.endswith("/an")
            answer = Gone("410 from push.example", 410) if is_an else MessageRefused("413", 413)
            outcomes.record(conn, owed, answer, started=now, now=now)
    found = streets.services.use(NotificationService).undelivered(kim)
    assert found.in_a_day == 2
    assert {(one.person_name, one.reason) for one in found.letters} == {
        ("Anh an", "410 from push.example"),
        ("Anh binh", "413"),
    }
    assert [one.person_name for one in found.phones] == ["Anh an"]
    assert streets.services.use(NotificationService).undelivered(stranger).letters == []
    assert streets.services.use(NotificationService).undelivered(stranger).phones == []
    (lost,) = streets.services.use(PhoneService).lost_phones(an)
    assert streets.services.use(PhoneService).lost_phones(binh) == []
    assert streets.services.use(PhoneService).remove_phone(an, lost.phone_id)
    assert streets.services.use(PhoneService).lost_phones(an) == []


def all_kinds(streets: Streets) -> list[Event]:
    """An event of every kind, each with every fate it can have, and some repeated."""
    node, sighting = streets.node, uuid4()
    said = [
        node.opened(sighting, picture=picture()),
        node.opened(),
        node.updated(sighting),
        node.closed(sighting),
        node.clip(sighting),
        node.updated(uuid4()),
        node.says(CameraLost(camera="cam-1", reason="x")),
        node.says(CameraBack(camera="cam-1", lost_for_ms=1)),
        node.says(NumbersDropped(ranges=((500, 510),), reason="full")),
        replace(node, age_ms=3_600_000, seq=100).opened(),
        replace(node, seq=200).opened().model_copy(update={"seq": 1}),  # taken: refused
    ]
    return [*said, said[0], said[4]]


class NoTokens:
    def issue(self, node: str, now: object) -> object:
        raise NotImplementedError


@pytest.mark.promise("Node to hub: Each event has exactly one outcome.")
def test_every_event_of_every_kind_has_exactly_one_fate(streets: Streets) -> None:
    said = all_kinds(streets)
    filer = BatchFiler(streets.filing, PresenceRecorder(NoTokens()))  # type: ignore[arg-type]  # none is minted
    arrivals = [
        ReceivedMessage(
            f"matthan/{one.node}/up/event", one.model_dump_json().encode(), lambda: None
        )
        for one in said
    ]
    with streets.db.writing() as conn:
        filer.file(conn, arrivals, now=streets.clock.now())
        found = queries.fates(conn)
    assert sum(one.events for one in found) == len({one.event_id for one in said})
    told = Counter(one.body.kind for one in {one.event_id: one for one in said}.values())
    stored = Counter[str]()
    for one in found:
        if one.fate != "refused":
            stored[one.kind] += one.events
    refused = Counter({"sighting_opened": 1})
    assert told == stored + refused
    assert {one.fate for one in found} == {"alerted", "grouped", "late", "noted", "refused"}
    spoken = {kind.model_fields["kind"].default for kind in (
        SightingOpened, SightingUpdated, SightingClosed, ClipReady, CameraLost, CameraBack,
        NumbersDropped,
    )}  # fmt: skip
    assert spoken <= set(stored)


def test_who_looks_after_an_area_without_a_camera_yet_is_a_keeper_all_the_same(
    streets: Streets,
) -> None:
    """As the first keeper of a new hub, who has still to make its first camera box."""
    with streets.db.writing() as conn:
        market = registry.add_area(
            conn,
            name="Chợ mới",
            level="quarter",
            parent_id=streets.commune,
            now=streets.clock.now(),
        )
    first = streets.officer("quan", rights=KEEPER, area=market)
    looks = streets.officer("lan", rights=Right.SEE, area=market)
    assert [health(streets).tends(one) for one in (first, looks)] == [True, False]
