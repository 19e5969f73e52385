"""Tables of node releases: the bundles at the hub, and the wanted bundle of each node."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Table, Text, Uuid

from hub.base.db.columns import metadata, moment

program_bundles = Table(
    "program_bundles",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),  # release number; grows
    Column("name", Text, nullable=False),
    Column("is_verified", Boolean, nullable=False),  # by the update key, here at the hub
    *moment("added"),
    Column("added_by", Uuid),  # of people; null: the keeper's shell
)

node_programs = Table(
    "node_programs",
    metadata,
    Column("node_id", Uuid, ForeignKey("nodes.id"), primary_key=True),
    Column("version", BigInteger, nullable=False),  # grows with every change; 0: nothing wanted
    Column("sha256", Text),  # null: nothing is wanted
    Column("may_be_older", Boolean, nullable=False),
    Column("state", Text, nullable=False),  # of hub.nodes.desired_state.rules.layers.SettingsState
    Column("reason", Text, nullable=False),  # of a refusal or rollback, in the node's words
    Column("report", Text),  # the node's last ProgramsReport, JSON; null: none yet
    *moment("wanted"),
    *moment("sent", nullable=True),
    *moment("reported", nullable=True),  # or asked for the bundle, and had to wait
    Index("ix_node_programs_state", "state", "sent_utc_us"),
)
