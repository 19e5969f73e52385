"""Helpers of the tests of web configuration, used by more than one module."""

from pathlib import Path

from hub.base.db.database import Database
from hub.nodes.desired_state import rollout_rows
from tests.hub.helpers.nodes.settings import Yard, report
from tests.hub.rigs.web_town import PASSWORD
from tests.hub.rigs.web_visitor import Visitor


class Pages(Yard):
    """The town, and its site."""

    def __init__(self, db: Database, folder: Path) -> None:
        super().__init__(db, folder)
        self.app = self.town.app()
        self.hear(report())
        self.box = f"/configuration/node/{self.node.scope_id}"
        self.place = f"/configuration/area/{self.area.scope_id}"

    def visitor(self, login: str = "kim") -> Visitor:
        return Visitor(self.app).sign_in(login, PASSWORD)

    def rollouts(self) -> list[rollout_rows.Rollout]:
        with self.db.reading() as conn:
            return rollout_rows.listed(conn)
