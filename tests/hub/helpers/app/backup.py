"""Helpers of the tests of backup, used by more than one module."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.access.tables import sessions
from hub.app.schema import metadata
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from tests.hub.rigs.desk import Desk


class Place:
    """A hub's folders, its configuration and its commands."""

    def __init__(self, folder: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.url = url
        folder.mkdir(exist_ok=True)
        config = folder / "hub.toml"
        config.write_text(f"""
[store]
url = "{url}"
media_folder = "{folder / "media"}"
[web]
port = 1
public_url = "http://testserver"
[push]
subject = "mailto:keeper@hub.example"
[broker]
ca_file = "{folder / "ca" / "ca.crt"}"
cert_file = "{folder / "ca" / "hub.crt"}"
key_file = "{folder / "ca" / "hub.key"}"
[secrets]
folder = "{folder / "secrets"}"
""")
        self.desk = Desk(config, capsys)

    def rows(self) -> dict[str, list[Any]]:
        """All there is, but for what a restore itself notes."""
        db = Database(self.url)
        with db.reading() as conn:
            everything = {
                table.name: sorted(map(repr, conn.execute(select(table)).all()))
                for table in metadata.sorted_tables
                if table not in (sessions, audit)
            }
        db.close()
        return everything
