"""Helpers of the tests of programs, used by more than one module."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from agent.wire.codec import decode_command, encode
from agent.wire.programs import (
    ProgramsAnswer,
    ProgramsReport,
    Release,
    TakePrograms,
)
from hub.base.db.database import Database
from hub.intake.commands import commands
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.nodes.desired_state import release_rows, rollout_rows
from hub.nodes.desired_state.tables import rollout_nodes
from hub.registry.registry import add_node
from hub.registry.tables import nodes
from tests.hub.helpers.nodes.settings import SHELL, Yard, report
from tests.hub.rigs.web_town import NODE

STEP_S = 60


OLD, NEW = "a" * 64, "b" * 64


def said(node: str, words: TakePrograms | None, outcome: str, brought: int = 0) -> ProgramsReport:
    last = words and ProgramsAnswer(
        version=words.version,
        sha256=words.sha256,
        outcome=outcome,
        reason="vì sao" if outcome in ("refused", "fell_back") else "",
        brought_bytes=brought,
    )
    return ProgramsReport(node=node, number=50, name="1.0", last=last)


class Fleet(Yard):
    """Twenty-one nodes in one area, and two bundles at the hub."""

    def __init__(self, db: Database, folder: Path) -> None:
        super().__init__(db, folder)
        self.names = [f"tram-{number:02d}" for number in range(2, 22)]
        with db.writing() as conn:
            for name in self.names:
                add_node(conn, name=name, area_id=self.town.area_id, now=self.now)
            conn.execute(update(nodes).values(state="online"))
            for sha256, number in ((OLD, 50), (NEW, 60)):
                release = Release(number, f"r{number}")
                told: dict[str, Any] = {"size_bytes": 1000, "is_verified": True, "now": self.now}
                release_rows.add(conn, sha256, release, **told)
        self.names.append(NODE)
        for name in self.names:
            self.hear(report(name))
            self.hear_programs(said(name, None, ""))

    def hear_programs(self, words: ProgramsReport) -> None:
        arrival = ReceivedMessage(f"matthan/{words.node}/up/programs", encode(words), lambda: None)
        with self.db.writing() as conn:
            counts = self.filer.file(conn, [arrival], now=self.now).counts
        assert counts == {"received": 1}

    def begin(self, sha256: str) -> UUID:
        body = {"programs": {"bundle": sha256}}
        with self.db.writing() as conn:
            return rollout_rows.begin(conn, self.area, body, reason="gió", by=SHELL, now=self.now)

    def told_programs(self) -> list[tuple[str, TakePrograms]]:
        with self.db.writing() as conn:
            replies = commands(conn, now=self.now)
        found = [(one.topic.split("/")[1], decode_command(one.payload).body) for one in replies]
        return [(name, body) for name, body in found if isinstance(body, TakePrograms)]

    def live(self, span_s: int, answer: Callable[[str], str]) -> dict[str, TakePrograms]:
        told: dict[str, TakePrograms] = {}
        for _ in range(span_s // STEP_S):
            self.pass_s(STEP_S)
            for name, words in self.told_programs():
                told[name] = words
                if answer(name):
                    self.hear_programs(said(name, words, answer(name)))
        return told

    def course(self) -> rollout_rows.Rollout:
        with self.db.reading() as conn:
            return rollout_rows.listed(conn)[0]

    def stage_of(self, conn: Connection, node_id: UUID) -> int | None:
        mine = rollout_nodes.c.node_id == node_id
        return conn.scalar(select(rollout_nodes.c.stage).where(mine))

    def of(self, node_id: UUID) -> release_rows.ReleaseStatus:
        with self.db.reading() as conn:
            return release_rows.status(conn, node_id)
