"""Every command of the hub that changes something or lets footage out leaves a line in the log."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select

from hub.__main__ import parser
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from tests.agent.rigs.bundles import bundle, public_of
from tests.hub.cases.test_cases import ALL, let, whole
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import NODE, Town

pytestmark = pytest.mark.promise(
    "Audit and data protection: Each route and command leaves its line in the audit log."
)

TABLE: Final = "{folder}/cameras.csv"
LOGGED: Final[dict[str, tuple[str, Sequence[str]]]] = {
    "area add": ("area.add", ("Ấp 3", "--level", "quarter", "--parent", "Tân Khai")),
    "area import": ("area.add", ("{folder}/areas.csv",)),
    "node add": ("node.add", ("tram-02", "--area", "Ấp 3")),
    "camera place": (
        "camera.place",
        (NODE, "{camera}", "--latitude", "11.5", "--longitude", "106.6", "--bearing", "90"),
    ),
    "camera import": ("camera.place", (TABLE,)),
    "officer add": ("person.add", ("moi", "--name", "Mới", "--generate-password")),
    "officer channels": ("channels.choose", ("an", "webpush")),
    "officer invite": ("invitation.make", ("dung", "--name", "Dũng")),
    "grant add": (
        "grant.add",
        ("an", "--area", "Ấp 3", "--rights", "see", "--reason", "QĐ 1"),
    ),
    "officer close": ("person.disable", ("moi", "--reason", "nghỉ việc")),
    "officer reopen": ("invitation.make", ("moi",)),
    "phone add": ("phone.add", ("an", "--ntfy", "https://ntfy.example.org/an-1")),
    "evidence export": (
        "evidence.export",
        [
            "--case",
            "VA-1",
            "--reason",
            "x",
            "--by",
            "an",
            "--alert",
            "{alert}",
            "--into",
            "{folder}/out",
        ],
    ),
    "evidence key": ("evidence.key", ()),
    "retention set": ("retention.set", ("--days", "30", "--reason", "QĐ 2", "--class", "alert")),
    "retention end": ("retention.end", ("--class", "alert")),
    "footage ask": (
        "span.ask",
        (
            f"--camera {NODE}/{{camera}} --from 2026-11-25T02:00 --until 2026-11-25T02:10"
            " --reason VA-1"
        ).split(),
    ),
    "hold add": ("hold.add", ("--alert", "{alert}", "--case", "VA-9", "--reason", "x")),
    "hold end": ("hold.end", ("--case", "VA-9", "--reason", "xong")),
    "config group": ("group.add", ("--area", "Tân Khai", "nhom-1", NODE)),
    "config set": (
        "settings.want",
        ("--node", NODE, "--reason", "thử", "clips.preroll_s=6"),
    ),
    "tips key": ("tip_key.add", ("vneid",)),
    "tips revoke": ("tip_key.revoke", ("vneid",)),
    "programs add": ("programs.add", ("{bundle}", "--key", "{update_key}")),
    "backup": ("hub.backup", ("{folder}/all.zip",)),
}
ELSEWHERE: Final = {
    "node revoke": ("node.revoke", "hub/app/test_every_route_is_logged.py"),
    "node enrol": ("enrolment.make", "hub/app/test_every_route_is_logged.py"),
    "media sweep": ("media.remove", "hub/footage/test_remover.py"),
    "config again": ("settings.again", "hub/nodes/test_web_configuration.py"),
    "config halt": ("settings.halt", "hub/nodes/test_rollout.py"),
    "restore": ("hub.restore", "hub/app/test_backup.py"),
    "secrets backup-key": ("hub.backup_key", "hub/app/test_encrypted_backups.py"),
    "secrets change-key": ("hub.seal_keys", "hub/app/test_sealed_keys.py"),
    "secrets import": ("hub.seal_keys", "hub/app/test_sealed_keys.py"),
}
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
