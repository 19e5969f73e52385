"""Helpers of the tests of settings, used by more than one module."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from agent.wire.codec import decode_command, encode
from agent.wire.settings import (
    Configure,
    SettingsAnswer,
    SettingsName,
    SettingsReport,
)
from hub.access.tables import people
from hub.base.audit.asker import Asker
from hub.base.audit.log import By
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.intake.commands import commands
from hub.intake.filing.batch import BatchFiler
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.intake.presence import PresenceRecorder
from hub.nodes.desired_state import settings_rows
from hub.nodes.desired_state.layer_rows import Scope
from hub.nodes.desired_state.service import SettingsService
from hub.registry.registry import node_by_name
from hub.registry.tables import areas, cameras
from tests.hub.rigs.web_town import NODE, Town

SHELL = By(came_from="shell")
OWN: dict[str, Any] = {
    "clips": {"preroll_s": 5.0, "postroll_s": 3.0},
    "cameras": {"cong": {"least_change": 6.0, "zone": [], "alert_hours": []}},
}
LONGER = {"clips": {"preroll_s": 8.0}}


def report(
    node: str = NODE, *, words: Configure | None = None, outcome: str = "in_force", why: str = ""
) -> SettingsReport:
    """What a node says that works by these, or made that of them."""
    name = SettingsName(version=words.version, sha256=words.sha256) if words else None
    return SettingsReport(
        node=node,
        in_force=name if outcome == "in_force" else None,
        last=SettingsAnswer(**name.model_dump(), outcome=outcome, reason=why) if name else None,
        own=OWN,
        from_afar=words.settings if words and outcome == "in_force" else None,
    )


class Yard:
    """A town with one node, and what is said to and fro."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.town = Town(db, folder)
        self.db = db
        self.now = self.town.clock.now()
        self.service = self.town.services.use(SettingsService)
        self.filer = BatchFiler(self.town.filing, PresenceRecorder(_NoTokens()))
        with db.reading() as conn:
            self.node = Scope("node", self._id(conn, NODE))
            self.camera_id = conn.scalar(select(cameras.c.id))
            self.camera = conn.scalar(select(cameras.c.name))
            self.top = Scope(
                "area", conn.scalar(select(areas.c.id).where(areas.c.parent_id.is_(None)))
            )
        self.area = Scope("area", self.town.area_id)

    def _id(self, conn: Connection, name: str) -> UUID:
        found = node_by_name(conn, name)
        assert found is not None
        return found.node_id

    def asker(self, login: str = "kim") -> Asker:
        with self.db.reading() as conn:
            row = conn.execute(select(people).where(people.c.login == login)).one()
        return Asker(row.id, login, row.name, row.role, "vi", "10.0.0.1")

    def want(self, scope: Scope, body: Mapping[str, Any]) -> list[UUID]:
        self.pass_s(1)
        with self.db.writing() as conn:
            return settings_rows.want(conn, scope, body, reason="gió", by=SHELL, now=self.now)

    def told(self) -> list[Configure]:
        """Commands that are published to nodes now."""
        return [words for _, words in self.told_by_name()]

    def told_by_name(self) -> list[tuple[str, Configure]]:
        """Commands that are published now, by the name of the node."""
        with self.db.writing() as conn:
            replies = commands(conn, now=self.now)
        said = [(one.topic.split("/")[1], decode_command(one.payload).body) for one in replies]
        return [(name, body) for name, body in said if isinstance(body, Configure)]

    def hear(self, said: SettingsReport, topic: str | None = None) -> Mapping[str, int]:
        arrival = ReceivedMessage(
            topic or f"matthan/{said.node}/up/settings", encode(said), lambda: None
        )
        with self.db.writing() as conn:
            return self.filer.file(conn, [arrival], now=self.now).counts

    def status(self) -> settings_rows.SettingsStatus:
        with self.db.reading() as conn:
            return settings_rows.status(conn, self.node.scope_id)

    def pass_s(self, span_s: float) -> None:
        self.now = self.now.plus_s(span_s)

    def acts(self) -> list[str]:
        with self.db.reading() as conn:
            found = conn.scalars(select(audit.c.act).order_by(audit.c.seq))
            return [act for act in found if act.startswith(("settings.", "group."))]


class _NoTokens:
    def issue(self, node: str, now: Moment) -> Any:
        raise AssertionError("no leave to upload was asked for")
