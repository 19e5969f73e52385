"""Checks the state that a pulled installer left on a node: does it work, and is anything
missing?"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.power.install_root import Root

# Their bytes are other ones with each run of pip: the folder that it built in, times.
VOLATILE: Final = re.compile(r"(\.pyc|/RECORD|/direct_url\.json)$")
PROGRAM: Final = Path("/opt/matthan/agent/bin/matthan-agent")
LOADS: Final = "from agent.config import load; import agent; load(None); print(agent.__file__)"


@dataclass(frozen=True)
class Release:
    """An installed release, and the files of a complete slot."""

    checkout: Path
    slot: str
    files: Path

    def unit(self, name: str) -> bytes:
        """The text of a unit."""
        return (self.checkout / "systemd" / name).read_bytes()

    @property
    def units(self) -> list[str]:
        """Units that a node has."""
        text = (self.checkout / "deploy/node/install.sh").read_text("utf-8")
        [words] = re.findall(r"^readonly units=\((.+?)\)", text, re.MULTILINE | re.DOTALL)
        return [
            f"{stem}{end}"
            for stem, ends in re.findall(r"([\w-]+)\.(\{[\w,]+\}|\w+)", words)
            for end in (f".{one}" for one in ends.strip("{}").split(","))
        ]


def broken(
    root: Root, before: Release | None, new: Release, *, config: str | None
) -> Iterator[str]:
    """Rules that must hold at any moment and do not: a fault a line."""
    may_be = [one for one in (before, new) if one is not None]
    link = root.path / "opt/matthan/agent"
    in_use = str(link.readlink()) if link.is_symlink() else ""
    using = next((one for one in may_be if one.slot == in_use), None)
    if using is None and (in_use or before is not None):
        yield f"{in_use or 'nothing'} is in use"
    if using is not None:
        yield from _slot_faults(root, using)
    yield from _file_faults(root, may_be, must_be=before is not None)
    if config is not None:
        yield from _config_faults(root, config)
        yield from _load_faults(root)
    guard = root.path / "opt/matthan/slots.py"
    if guard.exists():
        code, said = root.run("/usr/bin/python3", "/opt/matthan/slots.py", "guard")
        if code != 0:
            yield f"the guard before each start ends with {code}: {said[-200:]}"


def unfinished(root: Root, new: Release, *, config: str | None) -> Iterator[str]:
    """Things that a complete run leaves and that are missing: a fault a line."""
    yield from _slot_faults(root, new)
    yield from _file_faults(root, [new], must_be=True)
    if config is not None:
        yield from _config_faults(root, config)
    link = root.path / "opt/matthan/agent"
    if not link.is_symlink() or str(link.readlink()) != new.slot:
        yield "the release is not in use"
    for unit in ("matthan-agent.service", "matthan-update.path"):
        if not (root.path / "etc/systemd/system/multi-user.target.wants" / unit).is_symlink():
            yield f"{unit} is not enabled"
    program = root.path / "usr/local/bin/matthan-agent"
    if not program.is_symlink() or program.readlink() != PROGRAM:
        yield "there is no command matthan-agent"
    if (root.path / "usr/sbin/policy-rc.d").exists():
        yield "policy-rc.d is left: no package of Debian starts its service any more"
    if root.run("id", "-gn", "matthan") != (0, "matthan\n"):
        yield "there is no user matthan with its group"
    code, said = root.run("stat", "-c", "%U:%G:%a", "/var/lib/matthan")
    if (code, said) != (0, "matthan:matthan:700\n"):
        yield f"/var/lib/matthan is {said.strip()}"
    journal = root.path / "etc/systemd/journald.conf.d/matthan.conf"
    if not journal.is_file() or journal.read_bytes() != new.unit("journald-node.conf"):
        yield f"{journal.name} of the journal is not the release's"


def _slot_faults(root: Root, release: Release) -> Iterator[str]:
    slot = root.path / Path(release.slot).relative_to("/")
    if not (slot / "whole").is_file():
        yield f"{slot.name} is in use and was not filled to its end"
        return
    torn = [
        str(path.relative_to(release.files))
        for path in sorted(release.files.rglob("*"))
        if not _is_as_installed(path, slot / path.relative_to(release.files))
    ]
    if torn:
        yield f"{len(torn)} files of the slot in use are not whole: {', '.join(torn[:3])} …"


def _is_as_installed(wanted: Path, there: Path) -> bool:
    if wanted.is_symlink() or wanted.is_dir():
        return os.path.lexists(there)
    if not there.is_file():
        return False
    if VOLATILE.search(str(wanted)):
        return bool(wanted.stat().st_size) == bool(there.stat().st_size)
    return wanted.read_bytes() == there.read_bytes()


def _file_faults(root: Root, may_be: list[Release], *, must_be: bool) -> Iterator[str]:
    """Files of the system are one release's or the other's, never something between."""
    places = {f"etc/systemd/system/{name}": f"systemd/{name}" for name in may_be[0].units}
    places |= {
        "opt/matthan/slots.py": "agent/updates/slots.py",
        "opt/matthan/vault.py": "agent/recording/store/encryption.py",
    }
    for place, source in places.items():
        path = root.path / place
        if not path.exists():
            if must_be:
                yield f"/{place} is gone"
        elif path.read_bytes() not in {(one.checkout / source).read_bytes() for one in may_be}:
            yield f"/{place} is of no release: {path.stat().st_size} bytes"


def _config_faults(root: Root, config: str) -> Iterator[str]:
    path = root.path / "etc/matthan/agent.toml"
    if not path.is_file() or path.read_text("utf-8") != config:
        yield "the configuration is not what it was"


def _load_faults(root: Root) -> Iterator[str]:
    env = {"PYTHONPATH": "/srv/packages", "PYTHONDONTWRITEBYTECODE": "1"}
    code, said = root.run("/opt/matthan/agent/bin/python", "-c", LOADS, env=env)
    if code != 0 or not said.strip().startswith("/opt/matthan/agent"):
        yield f"the programs do not read their configuration: {said[-300:]}"
