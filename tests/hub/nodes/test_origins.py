"""Where the value of a setting comes from, and that the defaults are the node's own."""

from typing import Any

import pytest

from agent.config import AgentSettings
from agent.config.camera import CameraSection
from agent.wire.settings import SettingsReport
from hub.nodes.desired_state.rules.origins import (
    DEFAULTS,
    Layer,
    Origin,
    OriginKind,
    origins,
)

TOWN = Layer(OriginKind.AREA, "Tân Khai", {"clips": {"alert_days": 60, "preroll_s": 8.0}})
HERE = Layer(OriginKind.HERE, "", {"clips": {"alert_days": 0}})
DAYS, PREROLL, CONTINUOUS = "clips.alert_days", "clips.preroll_s", "every_camera.continuous"


def report(**own: Any) -> SettingsReport:
    """Report of a node with these values in its own file."""
    return SettingsReport(node="tk-01", in_force=None, last=None, own=own, from_afar=None)


def test_the_defaults_are_those_of_the_nodes_program() -> None:
    for key, value in DEFAULTS.items():
        section, _, name = key.partition(".")
        shape = (
            CameraSection
            if section == "every_camera"
            else AgentSettings.model_fields[section].annotation
        )
        assert shape is not None
        assert shape.model_fields[name].default == value, key


def test_the_innermost_layer_decides_also_with_a_value_that_is_false() -> None:
    found = origins([TOWN, HERE], report(clips={"alert_days": 5}))
    assert found[DAYS] == Origin(0, OriginKind.HERE)
    assert found[PREROLL] == Origin(8.0, OriginKind.AREA, "Tân Khai")
    assert found.keys() == DEFAULTS.keys()


def test_without_a_layer_the_nodes_own_file_decides_or_the_default() -> None:
    found = origins([], report(clips={"alert_days": 5, "preroll_s": 5.0}))
    assert found[DAYS] == Origin(5, OriginKind.FILE)
    assert found[PREROLL] == Origin(5.0, OriginKind.DEFAULT)
    assert found["uploads.bring"] == Origin("all", OriginKind.DEFAULT)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((True, True), OriginKind.FILE),
        ((False, False), OriginKind.DEFAULT),
        ((True, False), OriginKind.MIXED),
    ],
)
def test_cameras_of_one_node_can_differ(values: tuple[bool, ...], kind: OriginKind) -> None:
    cameras = {f"cam-{n}": {"continuous": value} for n, value in enumerate(values)}
    found = origins([], report(cameras=cameras))
    assert found[CONTINUOUS].kind is kind


def test_of_many_nodes_only_their_layers_are_known() -> None:
    assert origins([TOWN], None)[DAYS].value == 60
    assert origins([TOWN], None)[CONTINUOUS].kind is OriginKind.MIXED
