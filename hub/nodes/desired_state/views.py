"""Views of the wanted settings, for people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from agent.wire.settings import SettingsReport
from hub.nodes.desired_state.layer_rows import Scope
from hub.nodes.desired_state.rollout_rows import Rollout
from hub.nodes.desired_state.rules.layers import LayerChange, SettingsState
from hub.nodes.desired_state.rules.origins import Origin


@dataclass(frozen=True, slots=True)
class CameraNow:
    """A camera's values as its node last reported them, and its wanted values."""

    node: str
    camera: str
    works_by: Mapping[str, Any]
    """Keys of `agent.wire.settings.CameraSettings`; empty until the node reports."""
    wanted: Mapping[str, Any]
    """The keys that the hub sets, from the node's own layer alone."""
    state: SettingsState
    reason: str
    waiting: tuple[str, ...] = ()
    """Keys that the node gets only with a newer program, as in `ScopePage`."""


@dataclass(frozen=True, slots=True)
class NodeSettingsRow:
    """One node, and its progress with the wanted settings."""

    node_id: UUID
    name: str
    place: str
    is_here: bool
    version: int
    state: SettingsState
    reason: str


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """An area or group with settings of its own."""

    scope: Scope
    name: str
    nodes: int
    keys: int
    """Number of keys set there."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Every node, area and group that this person looks after."""

    nodes: list[NodeSettingsRow]
    scopes: list[ScopeRow]
    rollouts: list[Rollout]
    """The running ones first, then the newest."""


@dataclass(frozen=True, slots=True)
class PastChange:
    """One change: author, time, reason, and the keys it changed."""

    at_utc_us: int
    who: str
    """Empty: the keeper's shell, or the hub itself."""
    reason: str
    changed: list[LayerChange]


@dataclass(frozen=True, slots=True)
class ScopePage:
    """All about the wanted settings of one scope."""

    scope: Scope
    name: str
    wanted: Mapping[str, Any]
    seen: UUID
    """The change after which the form was shown; see `layer_rows.layer_after`."""
    seen_wanted: Mapping[str, Any]
    """Settings that the form showed: what differs from them was typed."""
    nodes: list[NodeSettingsRow]
    history: list[PastChange]
    report: SettingsReport | None
    """Only for a single node."""
    waiting: tuple[str, ...] = ()
    """Keys that a single node gets only with a newer program, as
    `agent.wire.settings.setting_keys` names them."""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """By dotted key: the value that applies, and what decides it."""


@dataclass(frozen=True, slots=True)
class NodePreview:
    """Effect of a change on one node."""

    node: str
    changed: list[LayerChange]
    fault: str
    """Reason why this node cannot take the change; empty: it can."""
    waiting: tuple[str, ...]
    """Keys that it would get only with a newer program."""
