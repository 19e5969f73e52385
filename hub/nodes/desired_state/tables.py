"""Tables of node settings: wanted settings by scope, their authors, and the nodes' answers."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, Uuid

from hub.base.db.columns import key, link, metadata, moment

node_groups = Table(
    "node_groups",
    metadata,
    key(),
    link("area_id", "areas", index=True),  # its keepers may change the group
    Column("name", Text, nullable=False),
    Column("name_folded", Text, nullable=False, unique=True),
    *moment("made"),
)

node_group_members = Table(
    "node_group_members",
    metadata,
    Column("group_id", Uuid, ForeignKey("node_groups.id"), primary_key=True),
    Column("node_id", Uuid, ForeignKey("nodes.id"), primary_key=True, index=True),
)

settings_changes = Table(
    "settings_changes",
    metadata,
    key(),
    Column("scope", Text, nullable=False),  # node, area, group
    Column("scope_id", Uuid, nullable=False),
    Column("body", Text, nullable=False),  # JSON: all settings of the scope from then on
    link("changed_by", "people", nullable=True),  # null: the keeper's shell, or the hub itself
    Column("reason", Text, nullable=False),
    *moment("changed"),
    Index("ix_settings_changes_scope_id", "scope_id", "id"),
)

node_settings = Table(
    "node_settings",
    metadata,
    Column("node_id", Uuid, ForeignKey("nodes.id"), primary_key=True),
    Column("version", BigInteger, nullable=False),  # grows with every change; 0: nothing wanted
    Column("wanted", Text, nullable=False),  # JSON: all layers combined
    Column("sha256", Text, nullable=False),
    Column("state", Text, nullable=False),  # of hub.nodes.desired_state.rules.layers.SettingsState
    Column("reason", Text, nullable=False),  # of a refusal or rollback, in the node's words
    Column("report", Text),  # the node's last SettingsReport, JSON; null: none yet
    *moment("wanted"),
    *moment("sent", nullable=True),
    *moment("reported", nullable=True),
    Index("ix_node_settings_state", "state", "sent_utc_us"),
)

rollouts = Table(
    "rollouts",
    metadata,
    key(),
    Column("scope", Text, nullable=False),  # area, group
    Column("scope_id", Uuid, nullable=False, index=True),
    Column("before", Text, nullable=False),  # JSON: the previous settings, for a rollback
    # Of hub.nodes.desired_state.rules.rollout.RolloutState.
    Column("course", Text, nullable=False, index=True),
    Column("stage", Integer, nullable=False),  # the last one started
    Column("why", Text, nullable=False),  # of a halt
    link("begun_by", "people", nullable=True),
    *moment("begun"),
    *moment("settled", nullable=True),  # since when no told node is waited for
    *moment("ended", nullable=True),
)

rollout_nodes = Table(
    "rollout_nodes",
    metadata,
    Column("rollout_id", Uuid, ForeignKey("rollouts.id"), primary_key=True),
    Column("node_id", Uuid, ForeignKey("nodes.id"), primary_key=True, index=True),
    Column("stage", Integer, nullable=False),
    Column("is_changed", Boolean, nullable=False),  # its stage started, and its settings change
    *moment("told", nullable=True),
    *moment("lost", nullable=True),  # since when it is offline without an answer
    Column("ran_sha256", Text),  # bundle of the release it ran, if at the hub
)
