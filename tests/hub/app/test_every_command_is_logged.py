"""Every command of the hub that changes something or lets footage out leaves a line in the log."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select

from hub.__main__ import parser
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from tests.agent.rigs.bundles import bundle, public_of
from tests.hub.helpers.app.every_command_is_logged import ELSEWHERE, LOGGED
from tests.hub.helpers.cases.cases import ALL, let, whole
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import NODE, Town

pytestmark = pytest.mark.promise(
    "Audit and data protection: Each route and command leaves its line in the audit log."
)

_SHOWS: Final = "shows settings or names to who has the machine itself, and no footage"
_PAPERS: Final = "works on papers in a folder; a hub and its log may be elsewhere"
_PARTS: Final = "moves rows between parts of one table; no row changes or goes"
SILENT: Final = {
    "run": "it is the hub; what people do in it is logged",
    "check": "changes nothing and shows no footage",
    "migrate": "makes the log's own table; no row of anybody changes",
    "rehearse": "changes nothing but a copy, and shows no footage",
    "ca init": _PAPERS,
    "ca issue": _PAPERS,
    "ca renew": _PAPERS,
    "ca list": _PAPERS,
    "verify": "reads a file that its reader has, without a hub",
    "evidence keys": _SHOWS,
    "retention list": _SHOWS,
    "footage list": _SHOWS,
    "hold list": _SHOWS,
    "map set": "lays another ground under the map",
    "config list": _SHOWS,
    "config show": _SHOWS,
    "config rollouts": _SHOWS,
    "log verify": _SHOWS,
    "log head": _SHOWS,
    "tips keys": _SHOWS,
    "programs list": _SHOWS,
    "months list": _SHOWS,
    "months split": _PARTS,
    "months join": _PARTS,
}


def commands(of: argparse.ArgumentParser, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command by its words."""
    groups = [one for one in of._actions if isinstance(one, argparse._SubParsersAction)]
    if not groups:
        yield " ".join(above)
    for group in groups:
        for name, inner in group.choices.items():
            yield from commands(inner, (*above, name))


def test_every_command_is_in_a_table_or_has_a_reason_to_be_silent() -> None:
    known = [*LOGGED, *ELSEWHERE, *SILENT]
    here = {*commands(parser())}
    assert sorted(here - set(known)) == [], f"say which line they leave: add each in {__file__}"
    assert sorted(set(known) - here) == [], "these commands are no more"
    for name, (act, where) in ELSEWHERE.items():
        text = (Path(__file__).parents[2] / where).read_text("utf-8")
        assert f'"{act}"' in text, (name, act, where)


def test_each_command_leaves_its_line(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    seen, _, _ = whole(town)
    let(town, "an", ALL)
    desk = Desk.of(sqlite_url, tmp_path, capsys)
    camera = town.voice.camera
    (tmp_path / "areas.csv").write_text("name,level,parent\nẤp 4,quarter,Tân Khai\n", "utf-8")
    (tmp_path / "cameras.csv").write_text(f"node,camera,bearing\n{NODE},{camera},45\n", "utf-8")
    blanks = {"folder": tmp_path, "camera": camera, "alert": seen.alert_id}
    blanks |= {"bundle": bundle(tmp_path), "update_key": public_of(tmp_path)}
    wrong = []
    for name, (act, words) in LOGGED.items():
        before = len(acts(db))
        desk.says(*name.split(), *(word.format(**blanks) for word in words))
        left = acts(db)[before:]
        if act not in left:
            wrong.append(f"{name} leaves {act}: left {left}")
    db.close()
    assert wrong == [], "\n".join(wrong)


def acts(db: Database) -> list[str]:
    with db.reading() as conn:
        return list(conn.scalars(select(audit.c.act).order_by(audit.c.seq)))
