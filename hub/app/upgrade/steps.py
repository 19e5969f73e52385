"""The steps of an upgrade of the installed hub, and the way back from each.

The installer runs it as root, and matthan-upgrade.service at boot, with the system's own Python and
not a slot's: the new version may not even start. So it uses only the standard library.

One file says how far an upgrade has come. It is on the disk before the step that it names begins,
so after a pulled plug the next boot, or the next run of the installer, completes the one or the
other:

| phase | what has been done | what completes it |
|---|---|---|
| begun | the new version was tried in its slot; units and settings were copied | back |
| stopping | the old hub is being stopped, and its database kept | back |
| migrating | the database is kept, the link points to the new slot | back, with the kept database |
| trial | the new hub runs, and takes and sends nothing until it is healthy | the same |
| returning | one of these four is being undone | the same |
| returned | database, programs and settings are the old ones | the old hub is started |
| live | the new hub takes and sends; there is no way back by itself | the copies are removed |
"""

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

HOME: Final = Path("/opt/matthan")
FOLDER: Final = "hub-upgrade"
"""Folder below `HOME` that is there during an upgrade only."""
STATE: Final = "state.json"
FACTS: Final = "database.json"
UNDONE: Final = ("begun", "stopping", "migrating", "trial", "returning")
"""Phases from which the way leads back."""
WITHOUT_LOSS: Final = ("stopping", "migrating", "trial", "returning")
"""Phases in which the kept database may take the place of the present one: nobody writes."""
HEALTHY: Final = "on trial: healthy"
"""Status line of a process of the hub that may go live."""
COPY_S: Final = 600
"""Seconds for a migration of a copy, while the old hub runs."""
TRIAL_S: Final = 300
"""Seconds until the new hub is healthy."""
LOOK_S: Final = 0.5
MOST_RESTARTS: Final = 3
LEAVE_S: Final = 30
"""Seconds for the last sessions of the old hub to leave PostgreSQL."""
SPARE_BYTES: Final = 200 << 20
LARGE_BYTES: Final = 8 << 30
"""A larger database is not migrated on a copy: it would take longer than `COPY_S`."""
HUB_UNITS: Final = ("matthan-hub.service", "matthan-hub@*.service")
KEPT: Final = ".before-upgrade"
TRIED: Final = ".tried"
TRIED_DATABASE: Final = "matthan_tried"

State = dict[str, Any]
"""State of an upgrade: `phase`; `old` and `new`, the slots; `units`, those of the hub; `kept`,
whether there is a kept database; `why`, the reason of a return."""


class UpgradeError(Exception):
    """A step failed; the message says which and why."""


def state_of(home: Path) -> State | None:
    """How far an upgrade has come; None if there is none."""
    try:
        said: State = json.loads((home / FOLDER / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return said


def is_on_trial(slot: Path) -> bool:
    """True if the programs of this slot are those of an upgrade that is not live yet."""
    said = state_of(slot.parent)
    return said is not None and said["new"] == str(slot) and said["phase"] != "live"


def is_under_way(slot: Path) -> bool:
    """True if what is written into the database now could be lost."""
    said = state_of(slot.parent)
    return said is not None and said["phase"] in WITHOUT_LOSS


class Upgrade:
    """An upgrade of the hub below `home`; for root, one process at a time."""

    def __init__(
        self,
        home: Path = HOME,
        *,
        settings: Path = Path("/etc/matthan"),
        units: Path = Path("/etc/systemd/system"),
    ) -> None:
        self._home = home
        self._link = home / "hub"
        self._folder = home / FOLDER
        self._settings = settings
        self._units = units

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let one process at a time go on; UpgradeError if another does."""
        handle = os.open(self._home, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise UpgradeError("an upgrade is under way already: wait for its end") from error
        finally:
            os.close(handle)

    def begin(self, slot: Path) -> None:
        """Try the new version in its slot while the old one runs, and note that an upgrade has
        begun. UpgradeError if it fails; nothing is changed then."""
        self._clear()
        try:
            self._rehearse(slot)
            self._copy_files()
        except BaseException:
            self._clear()
            raise
        self._write(
            {
                "phase": "begun",
                "old": str(self._link.resolve()),
                "new": str(slot),
                "units": self._hub_units(),
                "kept": False,
                "why": "it was cut off",
            }
        )

    def go(self) -> None:
        """Stop the old hub, keep its database, migrate it, start the new hub on trial, and make it
        live once it is healthy. UpgradeError after a return."""
        if (said := state_of(self._home)) is None or said["phase"] != "begun":
            raise UpgradeError("no upgrade has begun")
        try:
            self._put_on_trial(said)
        except BaseException as error:
            said = state_of(self._home) or said
            if said["phase"] != "live":
                why = str(error) or type(error).__name__
                self._go_back(said | {"why": why})
                raise UpgradeError(f"{why}. {self._old_hub_now(said['units'])}") from error
            raise
        self.resume()

    def resume(self) -> str:
        """Complete what was cut off; returns the action in words."""
        said = state_of(self._home)
        if said is None:
            self._clear()
            return ""
        if said["phase"] == "live":
            self._tidy(said)
            return ""
        self._go_back(said)
        return f"The upgrade to {said['new']} was taken back: {said['why']}."

    def _rehearse(self, slot: Path) -> None:
        """The new version imports its modules, reads the configuration, and migrates a copy."""
        _say("Trying the new version beside the one that runs …")
        found = _as_hub([str(slot / "bin/matthan-hub"), "rehearse"], "it cannot start")
        facts: dict[str, Any] = json.loads(found.splitlines()[-1])
        copies = self._folder / "copies"
        copies.mkdir(parents=True)
        copies.chmod(0o700)  # the database's password, and some settings are secret
        shutil.copy(__file__, self._folder / Path(__file__).name)
        _replace_text(copies / FACTS, json.dumps(facts))
        if not facts["migrates"]:
            return
        if facts["kind"] == "sqlite":
            here = Path(facts["file"]).parent
            free = shutil.disk_usage(here).free
            if free < facts["size_bytes"] + SPARE_BYTES:
                raise UpgradeError(
                    f"the disk of {here} has {free >> 20} MB free, and the database is kept before"
                    f" its migration: {facts['size_bytes'] + SPARE_BYTES >> 20} MB. Free some"
                )
        elif shutil.which("pg_dump") is None or shutil.which("psql") is None:
            raise UpgradeError(
                "the database is kept before its migration by pg_dump, which is not here:"
                " apt-get install postgresql-client"
            )
        else:  # which refuses a newer server
            shape = ["pg_dump", "--schema-only", "-d", facts["conninfo"], "-f", "/dev/null"]
            _as_hub(shape, "pg_dump", facts)
        why = _why_no_copy(facts)
        if not why:
            why = _migrate_copy(slot, facts)
        _say(
            f"The migration was not tried on a copy: {why}."
            if why
            else "The migration went well on a copy of the database."
        )

    def _copy_files(self) -> None:
        copies = self._folder / "copies"
        shutil.copytree(self._settings, copies / "settings", copy_function=_copy_as_it_is)
        (copies / "units").mkdir()
        for unit in self._units.glob("matthan-*"):
            if unit.is_file():
                shutil.copy2(unit, copies / "units")

    def _put_on_trial(self, said: State) -> None:
        said = said | {"phase": "stopping"}
        self._write(said)
        _run(["systemctl", "stop", *HUB_UNITS, "matthan-backup.service"], "it cannot be stopped")
        facts = self._facts()
        if facts["migrates"]:
            _say("The hub is stopped; its database is kept as it is now …")
            self._keep(facts)
        said = said | {"phase": "migrating", "kept": facts["migrates"]}
        self._write(said)
        self._point_to(said["new"])
        _as_hub([f"{said['new']}/bin/matthan-hub", "migrate"], "the migration failed")
        said = said | {"phase": "trial"}
        self._write(said)
        _say("The new version is on trial …")
        self._start(said["units"])
        self._wait_until_healthy(said["units"])
        self._write(said | {"phase": "live"})

    def _wait_until_healthy(self, units: Sequence[str]) -> None:
        until_s = time.monotonic() + TRIAL_S
        while True:
            seen = {unit: _shown(unit) for unit in units}
            if all(one["StatusText"] == HEALTHY for one in seen.values()):
                return
            for unit, one in seen.items():
                if int(one["NRestarts"] or 0) >= MOST_RESTARTS:
                    raise UpgradeError(
                        f"the new {unit} ended {one['NRestarts']} times. See: journalctl -u {unit}"
                    )
            if time.monotonic() > until_s:
                ill = {unit: one["StatusText"] or "it says nothing" for unit, one in seen.items()}
                unit = next(unit for unit in units if ill[unit] != HEALTHY)
                raise UpgradeError(
                    f"the new {unit} was not healthy after {TRIAL_S} s ({ill[unit]})."
                    f" See: journalctl -u {unit}"
                )
            time.sleep(LOOK_S)

    def _go_back(self, said: State) -> None:
        if said["phase"] != "returned":
            said = said | {"phase": "returning"}
            self._write(said)
            _run(["systemctl", "stop", *HUB_UNITS], "it cannot be stopped")
            if said["kept"]:
                self._put_back(self._facts())
            self._point_to(said["old"])
            self._bring_copies_back()
            said = said | {"phase": "returned"}
            self._write(said)  # before anybody writes into the database again
        _run(["systemctl", "daemon-reload"], "units cannot be read")
        others = ["matthan-broker.service", "matthan-proxy.service"]
        _run(["systemctl", "--no-block", "try-restart", *others], "broker and proxy")
        self._start(said["units"])
        self._tidy(said)

    def _bring_copies_back(self) -> None:
        copies = self._folder / "copies"
        shutil.copytree(
            copies / "settings", self._settings, copy_function=_replace, dirs_exist_ok=True
        )
        old = {unit.name for unit in (copies / "units").iterdir()}
        for unit in self._units.glob("matthan-*"):
            if unit.is_file() and unit.name not in old:
                unit.unlink()
        for name in old:
            _replace(str(copies / "units" / name), str(self._units / name))

    def _tidy(self, said: State) -> None:
        """Remove what only a return needs; of the slots, the one in use and the other stay."""
        if (facts := self._facts())["migrates"]:
            _own_command(["forget", facts["file"]])
        for slot in self._home.glob("hub-*"):
            if slot != self._folder and str(slot) not in (said["old"], said["new"]):
                shutil.rmtree(slot)
        (self._folder / STATE).unlink()
        _sync(self._folder)
        self._clear()

    def _clear(self) -> None:
        """Remove what was prepared for an upgrade that has not begun, or is over."""
        if (self._folder / "copies" / FACTS).exists() and (facts := self._facts())["migrates"]:
            _drop_copy(facts)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _keep(self, facts: dict[str, Any]) -> None:
        if facts["kind"] == "sqlite":
            _own_command(["keep", facts["file"]])
            return
        until_s = time.monotonic() + LEAVE_S
        others = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND usename = current_user AND pid <> pg_backend_pid()"
        )
        while _psql(facts, "-qAtc", others) != "0":
            if time.monotonic() > until_s:
                raise UpgradeError(
                    "other programs use the hub's database. Stop the hub on all machines:"
                    " systemctl stop 'matthan-hub*.service'"
                )
            time.sleep(LOOK_S)
        draft = f"{facts['file']}{KEPT}.part"
        _as_hub(["pg_dump", "-d", facts["conninfo"], "-f", draft], "pg_dump", facts)
        _own_command(["finish", facts["file"]])

    def _put_back(self, facts: dict[str, Any]) -> None:
        if facts["kind"] == "sqlite":
            _own_command(["put-back", facts["file"]])
            return
        fresh = "SET lock_timeout = '60s'; DROP SCHEMA public CASCADE; CREATE SCHEMA public"
        # All or nothing, and the same if it is done once more.
        script = ["-c", fresh, "-f", f"{facts['file']}{KEPT}"]
        _psql(facts, "-q", "--single-transaction", *script)

    def _facts(self) -> dict[str, Any]:
        text = (self._folder / "copies" / FACTS).read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text)
        return found

    def _hub_units(self) -> list[str]:
        """What runs the hub here: the whole of it, or the processes of the roles that the keeper
        enabled."""
        wants = self._units / "multi-user.target.wants"
        return sorted(unit.name for unit in wants.glob("matthan-hub@*.service")) or [HUB_UNITS[0]]

    def _start(self, units: Sequence[str]) -> None:
        # At boot these wait until this program has ended.
        _run(["systemctl", "--no-block", "start", *units], "it cannot be started")

    def _old_hub_now(self, units: Sequence[str]) -> str:
        """Whether the hub of before runs, in words."""
        until_s = time.monotonic() + TRIAL_S
        while time.monotonic() < until_s:
            if all(_shown(unit)["ActiveState"] == "active" for unit in units):
                return "The version before runs again, and nothing was lost"
            time.sleep(LOOK_S)
        return f"The version before was started again. See: journalctl -u {units[0]}"

    def _point_to(self, slot: str) -> None:
        draft = self._link.with_name(f"{self._link.name}.part")
        draft.unlink(missing_ok=True)
        draft.symlink_to(slot)
        draft.replace(self._link)
        _sync(self._home)

    def _write(self, said: State) -> None:
        """All that was written before is on the disk first, and this after it."""
        os.sync()
        _replace_text(self._folder / STATE, json.dumps(said))
        _sync(self._home)


def _why_no_copy(facts: dict[str, Any]) -> str:
    """Why the migration is not tried on a copy; empty if it is."""
    if facts["size_bytes"] > LARGE_BYTES:
        return f"the database has {facts['size_bytes'] >> 30} GB, which would take too long"
    if facts["kind"] == "sqlite":
        here = Path(facts["file"]).parent
        if shutil.disk_usage(here).free < 2 * facts["size_bytes"] + SPARE_BYTES:
            return f"the disk of {here} has no room for a second copy"
        return ""
    if not facts["server"]:
        return "PostgreSQL runs on another machine, where the installer may make no database"
    return ""


def _migrate_copy(slot: Path, facts: dict[str, Any]) -> str:
    """Migrate a copy; returns why it was not tried to its end, or an empty text. UpgradeError if
    the migration fails."""
    is_file = facts["kind"] == "sqlite"
    copy = f"{facts['file']}{TRIED}"
    url = f"sqlite:///{copy}" if is_file else facts["tried_url"]
    try:
        if is_file:
            _own_command(["copy", facts["file"]])
        else:
            _copy_postgresql(facts)
        command = [str(slot / "bin/matthan-hub"), "rehearse", "--copy", url]
        _as_hub(command, "its migration fails on a copy of the database", within_s=COPY_S)
    except subprocess.TimeoutExpired:
        return f"it takes longer than {COPY_S // 60} minutes"
    finally:
        _drop_copy(facts)
    return ""


def _drop_copy(facts: dict[str, Any]) -> None:
    _own_command(["drop", facts["file"]])
    if facts.get("server"):
        _as_postgres("dropdb", facts, "--if-exists")


def _copy_postgresql(facts: dict[str, Any]) -> None:
    _as_postgres("dropdb", facts, "--if-exists")
    _as_postgres("createdb", facts, "--owner", facts["user"])
    copied = f"{facts['file']}{TRIED}"
    _as_hub(["pg_dump", "-d", facts["conninfo"], "-f", copied], "pg_dump", facts, COPY_S)
    script = ["-v", "ON_ERROR_STOP=1", "-X", "-q", "-o", "/dev/null", "-f", copied]
    _as_hub(["psql", "-d", facts["tried"], *script], "psql", facts, COPY_S)


def _as_postgres(program: str, facts: dict[str, Any], *words: str) -> None:
    command = [program, *facts["server"], *words, TRIED_DATABASE]
    _run(["runuser", "-u", "postgres", "--", *command], program)


def _psql(facts: dict[str, Any], *words: str) -> str:
    head = ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", facts["conninfo"]]
    return _as_hub([*head, *words], "the database", facts)


def _as_hub(
    command: Sequence[str],
    what: str,
    facts: dict[str, Any] | None = None,
    within_s: float | None = None,
) -> str:
    """Output of a command of the hub's own user, whose files these are: root follows no link that
    it could have laid."""
    password = (facts or {}).get("password")
    env = {"PGPASSWORD": password} if password else {}
    return _run(["runuser", "-u", "matthan", "--", *command], what, env=env, within_s=within_s)


def _own_command(words: Sequence[str]) -> None:
    _as_hub([sys.executable, __file__, *words], words[0])


def _run(
    command: Sequence[str],
    what: str,
    *,
    env: dict[str, str] | None = None,
    within_s: float | None = None,
) -> str:
    done = subprocess.run(  # noqa: S603 - its own commands
        command,
        env=os.environ | (env or {}),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise UpgradeError(f"{what}: {lines[-1].strip() if lines else done.returncode}")
    return done.stdout.strip()


def _shown(unit: str) -> dict[str, str]:
    names = ["StatusText", "NRestarts", "ActiveState"]
    said = _run(["systemctl", "show", "-p", ",".join(names), unit], unit)
    pairs = (line.partition("=") for line in said.splitlines())
    return dict.fromkeys(names, "") | {name: text for name, _, text in pairs}


def keep(database: Path) -> None:
    """Keep a SQLite database whose hub has been stopped: whole under its name, or not at all."""
    copy_sqlite(database, Path(f"{database}{KEPT}.part"))
    finish(database)


def finish(database: Path) -> None:
    """Give the copy its name, once it is on the disk."""
    draft = Path(f"{database}{KEPT}.part")
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(f"{database}{KEPT}")
    _sync(database.parent)


def copy_sqlite(database: Path, copy: Path) -> None:
    """Copy a SQLite database, whoever writes into it meanwhile."""
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL, database.stat().st_mode & 0o777))
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file


def put_back(database: Path) -> None:
    """Write the kept SQLite database over the present one. A second time changes nothing.

    The file stays the same one: hubs at a broker are told apart by it, and another one would wait.
    No more room on the disk is needed.
    """
    kept = Path(f"{database}{KEPT}")
    if not kept.exists():
        return
    for ending in ("-wal", "-shm", "-journal"):  # of the one that goes
        Path(f"{database}{ending}").unlink(missing_ok=True)
    _sync(database.parent)
    with kept.open("rb") as source, database.open("r+b") as target:
        shutil.copyfileobj(source, target, 1 << 20)
        target.truncate()
        target.flush()
        os.fsync(target.fileno())
    kept.unlink()
    _sync(database.parent)


def _copy_as_it_is(source: str, target: str) -> str:
    shutil.copy2(source, target)
    found = Path(source).stat()
    os.chown(target, found.st_uid, found.st_gid)
    return target


def _replace(source: str, target: str) -> str:
    """As a whole or not at all."""
    draft = f"{target}.part"
    _copy_as_it_is(source, draft)
    Path(draft).replace(target)
    return target


def _remove(*files: str) -> None:
    for file in files:
        for ending in ("", "-wal", "-shm", "-journal"):
            Path(f"{file}{ending}").unlink(missing_ok=True)


def _replace_text(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.part")
    with draft.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)  # the hub reads the state
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _say(text: str) -> None:
    sys.stderr.write(f"• {text}\n")


_OF_DATABASE: Final[dict[str, Callable[[Path], object]]] = {
    "keep": keep,
    "finish": finish,
    "put-back": put_back,
    "copy": lambda database: copy_sqlite(database, Path(f"{database}{TRIED}")),
    "drop": lambda database: _remove(f"{database}{TRIED}"),
    "forget": lambda database: _remove(f"{database}{KEPT}", f"{database}{KEPT}.part"),
}
"""Commands for the hub's own user, with the database's file."""


def main(words: Sequence[str], upgrade: Upgrade | None = None) -> int:
    """The commands `begin SLOT`, `go` and `resume`, and those for the hub's own user."""
    one = upgrade or Upgrade()
    try:
        match words:
            case ["begin", slot]:
                with one.alone():
                    one.begin(Path(slot).resolve())
            case ["go"]:
                with one.alone():
                    one.go()
            case ["resume"]:
                with one.alone():
                    if done := one.resume():
                        _say(done)
            case [name, database] if name in _OF_DATABASE:
                _OF_DATABASE[name](Path(database))
            case _:
                sys.stderr.write("Say: begin SLOT, go or resume.\n")
                return 2
    except (UpgradeError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
