"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "areas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("valid_from_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_from_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("valid_until_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("valid_until_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["areas.id"], name=op.f("fk_areas_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas")),
    )
    op.create_index(op.f("ix_areas_name_folded"), "areas", ["name_folded"], unique=False)
    op.create_index(op.f("ix_areas_parent_id"), "areas", ["parent_id"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("created_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("disabled_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("disabled_error_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("login", name=op.f("uq_people_login")),
    )
    op.create_table(
        "set_aside",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("node_name", sa.Text(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("received_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("received_error_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_aside")),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("came_from", sa.Text(), nullable=False),
        sa.Column("at_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("at_error_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failures")),
    )
    op.create_index(op.f("ix_sign_in_failures_login"), "sign_in_failures", ["login"], unique=False)
    op.create_table(
        "nodes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("birth_id", sa.Uuid(), nullable=True),
        sa.Column("boot_id", sa.Uuid(), nullable=True),
        sa.Column("spool_id", sa.Uuid(), nullable=True),
        sa.Column("software", sa.Text(), nullable=True),
        sa.Column("state_since_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("state_since_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("seen_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("seen_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_nodes_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
        sa.UniqueConstraint("name", name=op.f("uq_nodes_name")),
    )
    op.create_table(
        "phones",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("created_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("gone_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("gone_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_phones_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phones")),
        sa.UniqueConstraint("address", name=op.f("uq_phones_address")),
    )
    op.create_index(op.f("ix_phones_person_id"), "phones", ["person_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("created_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("seen_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("seen_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("ends_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("ends_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sessions_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    op.create_index(op.f("ix_sessions_person_id"), "sessions", ["person_id"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("node_id", sa.Uuid(), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("came_from", sa.Text(), nullable=False),
        sa.Column("at_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("at_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_audit_node_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_audit_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at_utc_us", "audit", ["at_utc_us"], unique=False)
    op.create_index(op.f("ix_audit_person_id"), "audit", ["person_id"], unique=False)
    op.create_table(
        "cameras",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("latitude_deg", sa.Float(), nullable=True),
        sa.Column("longitude_deg", sa.Float(), nullable=True),
        sa.Column("codec", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("frames_per_s", sa.Float(), nullable=True),
        sa.Column("is_lost", sa.Boolean(), nullable=False),
        sa.Column("lost_reason", sa.Text(), nullable=True),
        sa.Column("state_since_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("state_since_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_cameras_area_id")),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_cameras_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cameras")),
        sa.UniqueConstraint("node_id", "name", name=op.f("uq_cameras_node_id_name")),
    )
    op.create_index(op.f("ix_cameras_area_id"), "cameras", ["area_id"], unique=False)
    op.create_table(
        "dropped_numbers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("spool_id", sa.Uuid(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("said_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("said_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_dropped_numbers_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dropped_numbers")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("spool_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("boot_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=True),
        sa.Column("sighting_id", sa.Uuid(), nullable=True),
        sa.Column("happened_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("happened_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("clock_source", sa.Text(), nullable=False),
        sa.Column("age_ms", sa.BigInteger(), nullable=True),
        sa.Column("received_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("received_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("fate_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_events_camera_id")),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_events_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint(
            "node_id", "spool_id", "seq", name=op.f("uq_events_node_id_spool_id_seq")
        ),
    )
    op.create_index(op.f("ix_events_sighting_id"), "events", ["sighting_id"], unique=False)
    op.create_table(
        "grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("camera_id", sa.Uuid(), nullable=True),
        sa.Column("rights", sa.Integer(), nullable=False),
        sa.Column("starts_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("starts_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("ends_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("ends_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("history_from_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("history_from_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_grants_area_id")),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_grants_camera_id")),
        sa.ForeignKeyConstraint(["granted_by"], ["people.id"], name=op.f("fk_grants_granted_by")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_grants_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index(op.f("ix_grants_person_id"), "grants", ["person_id"], unique=False)
    op.create_table(
        "media",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("first_frame_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("first_frame_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("announced_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("announced_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("stored_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("stored_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_media_camera_id")),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_media_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("node_id", "sha256", name=op.f("uq_media_node_id_sha256")),
    )
    op.create_index(op.f("ix_media_sha256"), "media", ["sha256"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("clock_source", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("picture_id", sa.Uuid(), nullable=True),
        sa.Column("clip_id", sa.Uuid(), nullable=True),
        sa.Column("began_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("began_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_seen_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("raised_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("raised_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("taken_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("taken_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("closed_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_alerts_camera_id")),
        sa.ForeignKeyConstraint(["clip_id"], ["media.id"], name=op.f("fk_alerts_clip_id")),
        sa.ForeignKeyConstraint(["closed_by"], ["people.id"], name=op.f("fk_alerts_closed_by")),
        sa.ForeignKeyConstraint(["picture_id"], ["media.id"], name=op.f("fk_alerts_picture_id")),
        sa.ForeignKeyConstraint(["taken_by"], ["people.id"], name=op.f("fk_alerts_taken_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(
        "ix_alerts_camera_id_kind_last_seen",
        "alerts",
        ["camera_id", "kind", "last_seen_utc_us"],
        unique=False,
    )
    op.create_index("ix_alerts_closed_utc_us", "alerts", ["closed_utc_us"], unique=False)
    op.create_index(
        "ix_alerts_state_raised_utc_us", "alerts", ["state", "raised_utc_us"], unique=False
    )
    op.create_table(
        "media_sightings",
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("sighting_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["media_id"], ["media.id"], name=op.f("fk_media_sightings_media_id")
        ),
        sa.PrimaryKeyConstraint("media_id", "sighting_id", name=op.f("pk_media_sightings")),
    )
    op.create_index(
        "ix_media_sightings_sighting_id", "media_sightings", ["sighting_id"], unique=False
    )
    op.create_table(
        "alert_changes",
        sa.Column(
            "cursor",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("at_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_alert_changes_alert_id")
        ),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["cameras.id"], name=op.f("fk_alert_changes_camera_id")
        ),
        sa.PrimaryKeyConstraint("cursor", name=op.f("pk_alert_changes")),
    )
    op.create_table(
        "alert_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("at_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_alert_history_alert_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_alert_history_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_history")),
    )
    op.create_index(op.f("ix_alert_history_alert_id"), "alert_history", ["alert_id"], unique=False)
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("phone_id", sa.Uuid(), nullable=False),
        sa.Column("moment", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_by", sa.Text(), nullable=True),
        sa.Column("owed_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("owed_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("due_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("due_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("lease_until_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("lease_until_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("answered_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("answered_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("shown_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("shown_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("opened_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("opened_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_notifications_alert_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_notifications_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["phone_id"], ["phones.id"], name=op.f("fk_notifications_phone_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint(
            "alert_id", "phone_id", "moment", name=op.f("uq_notifications_alert_id_phone_id_moment")
        ),
    )
    op.create_index(op.f("ix_notifications_alert_id"), "notifications", ["alert_id"], unique=False)
    op.create_index(
        "ix_notifications_state_due", "notifications", ["state", "due_utc_us"], unique=False
    )
    op.create_table(
        "sightings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=True),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("x0", sa.Float(), nullable=False),
        sa.Column("y0", sa.Float(), nullable=False),
        sa.Column("x1", sa.Float(), nullable=False),
        sa.Column("y1", sa.Float(), nullable=False),
        sa.Column("first_seen_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_seen_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("closed_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("closed_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_sightings_alert_id")),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_sightings_camera_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sightings")),
    )
    op.create_index(op.f("ix_sightings_alert_id"), "sightings", ["alert_id"], unique=False)
    op.create_index(
        "ix_sightings_camera_id_first_seen",
        "sightings",
        ["camera_id", "first_seen_utc_us"],
        unique=False,
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("started_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("started_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifications.id"], name=op.f("fk_attempts_notification_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(
        op.f("ix_attempts_notification_id"), "attempts", ["notification_id"], unique=False
    )
    # ### end Alembic commands ###
