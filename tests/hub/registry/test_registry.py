"""Nodes and their cameras: births, deaths, and births that must break nothing."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from agent.wire.presence import Death
from hub.base import errors
from hub.nodes import presence
from hub.registry import registry
from hub.registry.tables import cameras
from tests.hub.rigs.streets import Streets


def node(streets: Streets) -> registry.Node:
    with streets.db.reading() as conn:
        found = registry.node_by_name(conn, "nga-tu")
    assert found is not None
    return found


def test_a_birth_makes_cameras_in_the_nodes_area_once(streets: Streets) -> None:
    birth = streets.node.birth("cam-1", "cam-2")
    for _ in range(2):
        with streets.db.writing() as conn:
            assert presence.note_birth(conn, birth, now=streets.clock.now())
    mine = [row for row in streets.rows(cameras) if row.area_id == streets.junction]
    assert sorted(row.name for row in mine) == ["cam-1", "cam-2"]
    assert (node(streets).state, node(streets).birth_id) == ("online", birth.birth_id)


def test_a_death_counts_only_against_its_own_birth(streets: Streets) -> None:
    first, second = streets.node.birth(), streets.node.birth()
    with streets.db.writing() as conn:
        now = streets.clock.now()
        presence.note_birth(conn, first, now=now)
        presence.note_birth(conn, second, now=now)
        old = Death(node="nga-tu", birth_id=first.birth_id)
        assert presence.note_death(conn, old, now=now) is False
    assert node(streets).state == "online"
    with streets.db.writing() as conn:
        death = Death(node="nga-tu", birth_id=second.birth_id)
        assert presence.note_death(conn, death, now=now) is True
        assert presence.note_death(conn, death, now=now) is False
    assert node(streets).state == "offline"


def test_a_node_nobody_noted_is_not_born(streets: Streets) -> None:
    stranger = replace(streets.node, name="stranger").birth()
    with streets.db.writing() as conn:
        assert presence.note_birth(conn, stranger, now=streets.clock.now()) is False
        nobody = Death(node="nobody", birth_id=uuid4())
        assert presence.note_death(conn, nobody, now=streets.clock.now()) is False


def test_a_strange_birth_does_not_stop_the_hub(streets: Streets) -> None:
    birth = streets.node.birth()
    [camera] = birth.cameras
    wild = camera.model_copy(update={"label": "a\0b", "width": 2**70, "codec": "x" * 999})
    with streets.db.writing() as conn:
        now = streets.clock.now()
        changed = birth.model_copy(update={"cameras": (wild,), "software": "\0" * 9999})
        assert presence.note_birth(conn, changed, now=now)
    [row] = [row for row in streets.rows(cameras) if row.area_id == streets.junction]
    assert (row.label, row.width, len(row.codec)) == ("a\ufffdb", 2**31 - 1, 40)


@pytest.mark.promise("Node trouble: A node name that does not fit a topic is refused.")
def test_a_node_has_a_name_of_its_own_that_fits_a_topic(streets: Streets) -> None:
    for name, complaint in (("nga-tu", "already"), ("Ngã tư", "no node name"), ("a/b", "no node")):
        with pytest.raises(errors.RegistryError, match=complaint), streets.db.writing() as conn:
            registry.add_node(conn, name=name, area_id=streets.junction, now=streets.clock.now())


CHO_CU = registry.CameraPosition(11.54, 106.6)


def place(streets: Streets, **changed: Any) -> None:
    asked: dict[str, Any] = {"node_name": "nga-tu", "camera": "cam-1", "place": CHO_CU}
    with streets.db.writing() as conn:
        registry.place_camera(conn, now=streets.clock.now(), **(asked | changed))


def test_where_a_camera_stands_and_what_it_is_called_outlast_every_birth(
    streets: Streets,
) -> None:
    place(streets, label="Cổng chợ", area_id=streets.bridge)
    with streets.db.writing() as conn:
        presence.note_birth(conn, streets.node.birth(), now=streets.clock.now())
    rows = [row for row in streets.rows(cameras) if row.label == "Cổng chợ"]
    assert [(row.latitude_deg, row.longitude_deg, row.area_id) for row in rows] == [
        (11.54, 106.6, streets.bridge)
    ]


def test_a_place_without_a_label_leaves_the_nodes_word(streets: Streets) -> None:
    place(streets)
    renamed = streets.node.birth()
    words = renamed.cameras[0].model_copy(update={"label": "Hướng cầu"})
    with streets.db.writing() as conn:
        birth = renamed.model_copy(update={"cameras": (words,)})
        presence.note_birth(conn, birth, now=streets.clock.now())
    [row] = [row for row in streets.rows(cameras) if row.area_id == streets.junction]
    assert (row.label, row.latitude_deg) == ("Hướng cầu", 11.54)


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"node_name": "nobody"}, "no node is called 'nobody'"),
        ({"camera": "cam-9"}, "nga-tu has no camera 'cam-9'; it has named: cam-1"),
        ({"label": "  "}, "a label needs a letter"),
    ],
)
def test_what_cannot_be_placed_is_said_with_what_there_is(
    streets: Streets, asked: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(errors.RegistryError, match=complaint):
        place(streets, **asked)


@pytest.mark.parametrize(
    ("latitude", "longitude", "complaint"),
    [
        (90.1, 0, "a latitude is between -90 and 90 degrees, and 90.1 is not"),
        (106.6, 11.54, "a latitude"),
        (0, -180.5, "a longitude"),
        (float("nan"), 0, "nan is not"),
        (0, float("inf"), "inf is not"),
    ],
)
def test_a_place_that_is_nowhere_on_earth_is_refused(
    latitude: float, longitude: float, complaint: str
) -> None:
    with pytest.raises(errors.RegistryError, match=complaint):
        registry.CameraPosition(latitude, longitude)


def test_an_area_is_added_once_in_one_place(streets: Streets) -> None:
    now = streets.clock.now()
    with streets.db.writing() as conn:
        top = registry.add_area(conn, name="Xã Lộc Ninh", level="xã", now=now)
        registry.add_area(conn, name="Xã Lộc Ninh", level="ấp", parent_id=top, now=now)
    for parent_id, name in ((None, " xa loc  ninh"), (top, "Xã Lộc Ninh")):
        with (
            pytest.raises(errors.RegistryError, match="in the same place already"),
            streets.db.writing() as conn,
        ):
            registry.add_area(conn, name=name, level="xã", parent_id=parent_id, now=now)
