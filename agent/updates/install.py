"""Root service for releases from the hub: checks the downloaded file again, unpacks it where only
root writes, and installs it into the other slot.

Neither agent nor hub is trusted: only the update key on this node counts. An older release is
accepted only if the keeper allowed it at the hub and it worked on this node before. The result is
written beside the slots, where the agent reads it.
"""

import hashlib
import json
import os
import stat
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from pydantic import ValidationError

from agent.crypto import is_signed
from agent.journal.durable import write_whole
from agent.updates.fetch import BUNDLE, NOTE, InstalledRelease
from agent.updates.slots import HOME, MARK, Slots
from agent.updates.slots import RELEASE as IN_SLOT
from agent.updates.update import INSTALLER, KEY, public_key
from agent.uplink.mqtt.errors import Trouble
from agent.wire.programs import (
    DAMAGED,
    FELL_BACK,
    MOST_BUNDLE_BYTES,
    RELEASE,
    SIGNATURE,
    SUMS,
    BundleFault,
    Head,
    ProgramsAnswer,
    Release,
    TakePrograms,
    files,
    read_head,
    read_release,
)

ANSWER: Final = "update.json"
MOST_NOTE_BYTES: Final = 4096
REASON_CHARS: Final = 500
SCRATCH: Final = "/var/tmp"  # noqa: S108 - a folder of its own in it, as root

Install = Callable[[Path], None]
"""Raises BundleFault with the installer's last message."""


def is_installable(bundle: Path, *, key: Path = KEY) -> None:
    """Check a bundle before the root service is started for it; raises BundleFault, OSError."""
    try:
        public = public_key(key)
    except Trouble as why:
        raise BundleFault(str(why)) from why
    with bundle.open("rb") as file, _opened(file) as opened:
        read_head(opened, partial(is_signed, key=public))


def install_fetched(
    folder: Path,
    *,
    key: Path = KEY,
    home: Path = HOME,
    install: Install | None = None,
    scratch: str = SCRATCH,
) -> bool:
    """Install the file in the agent's folder and store the result; True if it was installed.

    After an interruption anywhere it starts again, because the note stays until the result is
    written. What has its result is only cleared away.
    """
    note = folder / NOTE
    try:
        wanted = TakePrograms.model_validate_json(_read_plain(note, MOST_NOTE_BYTES))
    except (OSError, ValidationError):
        note.unlink(missing_ok=True)
        return False
    if _has_answer(home, wanted):
        _clear(folder)
        return False
    answer: dict[str, Any] = {"version": wanted.version, "sha256": wanted.sha256, "slot": ""}
    try:
        with tempfile.TemporaryDirectory(prefix="matthan-update-", dir=scratch) as place:
            copy = Path(place) / "bundle"
            release = _unpack(folder / BUNDLE, copy, wanted, key=key, home=home)
            (install or _install)(copy / INSTALLER)
    except (BundleFault, Trouble, OSError, *DAMAGED) as why:
        answer |= {"outcome": "refused", "reason": str(why)[:REASON_CHARS]}
    else:
        answer |= {"outcome": "installed", "reason": ""} | _turned_to(Slots(home), release)
    write_whole(home / ANSWER, json.dumps(answer).encode(), mode=0o644)
    _clear(folder)
    return bool(answer["outcome"] == "installed")


def what_runs(home: Path = HOME, mark: Path = MARK) -> InstalledRelease:
    """The running release, and the result of the last bundle from the hub."""
    slots = Slots(home, mark=mark)
    in_use = slots.in_use
    release = _release_of(in_use)
    number, name = (release.number, release.name) if release else (None, None)
    try:
        said = json.loads((home / ANSWER).read_bytes())
        if str(in_use) not in (said["slot"], said.get("before", str(in_use))):
            # In a third slot: a technician has installed something else since.
            return InstalledRelease(number, name, None)
        probation = slots.probation()
        on_probation = probation is not None and not slots.is_proved(str(probation["now"]))
        outcome, reason = outcome_of(said, in_use=str(in_use), is_on_probation=on_probation)
        last = ProgramsAnswer(
            version=said["version"], sha256=said["sha256"], outcome=outcome, reason=reason
        )
    except (OSError, ValueError, TypeError, KeyError):  # none yet, or not ours
        last = None
    return InstalledRelease(number, name, last)


def outcome_of(said: dict[str, Any], *, in_use: str, is_on_probation: bool) -> tuple[str, str]:
    """Result and reason for the hub, from the root service's result and the target of the link."""
    if said["outcome"] != "installed":
        return "refused", str(said["reason"])
    if said["slot"] != in_use:
        return "fell_back", FELL_BACK
    return ("on_probation" if is_on_probation else "in_force"), ""


def _turned_to(slots: Slots, release: Release) -> dict[str, str]:
    """The slot of this release, and the one before it. The installer takes a while to end after it
    has turned to the slot: the guard may have left it by then, and the slot is none."""
    in_use = slots.in_use
    found = _release_of(in_use)
    if found is None or found.number != release.number:
        return {"slot": "", "before": str(in_use)}
    return {"slot": str(in_use), "before": str((slots.probation() or {}).get("before", ""))}


def _has_answer(home: Path, wanted: TakePrograms) -> bool:
    try:
        said = json.loads((home / ANSWER).read_bytes())
        return bool((said["version"], said["sha256"]) == (wanted.version, wanted.sha256))
    except (OSError, ValueError, TypeError, KeyError):  # none yet, or not ours
        return False


def _clear(folder: Path) -> None:
    for name in (BUNDLE, NOTE):  # the note last: then no large file is left behind
        with suppress(OSError):
            (folder / name).unlink()


def _unpack(bundle: Path, copy: Path, wanted: TakePrograms, *, key: Path, home: Path) -> Release:
    public = public_key(key)
    with _open_plain(bundle) as file, _opened(file) as opened:
        head = read_head(opened, partial(is_signed, key=public))
        _check_age(head.release, Slots(home), may_be_older=wanted.may_be_older)
        copy.mkdir()
        _write(copy / SUMS, [head.sums])
        _write(copy / RELEASE, [head.release_text])
        left_bytes = MOST_BUNDLE_BYTES
        for name, content in files(opened, head):
            left_bytes -= _copy(content, copy / name, head, name, left_bytes)
    if not (copy / INSTALLER).is_file():
        raise BundleFault(f"it has no {INSTALLER}")
    (copy / SIGNATURE).touch()
    return head.release


def _check_age(release: Release, slots: Slots, *, may_be_older: bool) -> None:
    """An older release is accepted only if the keeper allowed it and it worked here before.
    Otherwise whoever controls the hub could bring back any hole that was ever signed."""
    runs = _release_of(slots.in_use)
    if runs is None or release.number >= runs.number:
        return
    if not may_be_older:
        raise BundleFault(
            f"{release.name} is older than {runs.name}, which runs; to go back, say so"
        )
    if release.number not in slots.worked():
        raise BundleFault(
            f"{release.name} is older than {runs.name} and never worked on this box: sign the same"
            " programs again with a higher number"
        )


def _copy(content: IO[bytes], target: Path, head: Head, name: str, left_bytes: int) -> int:
    """Hash and store in one read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    hashed, size = hashlib.sha256(), 0
    with target.open("xb") as writing:
        while chunk := content.read(2**20):
            size += len(chunk)
            if size > left_bytes:
                raise BundleFault("it is larger than bundles are")
            hashed.update(chunk)
            writing.write(chunk)
    if hashed.hexdigest() != head.listed[name]:
        raise BundleFault(f"{name} differs from what was signed")
    target.chmod(0o755 if target.suffix == ".sh" else 0o644)
    return size


def _write(path: Path, pieces: list[bytes]) -> None:
    with path.open("xb") as file:
        file.writelines(pieces)


def _install(installer: Path) -> None:
    ended = subprocess.run(  # noqa: S603 - the signed copy
        [str(installer)], check=False, capture_output=True, stdin=subprocess.DEVNULL
    )
    lines = ended.stderr.decode("utf-8", "replace").strip().splitlines()
    if ended.returncode != 0:
        said = lines[-1] if lines else ""
        raise BundleFault(f"the installer ended with {ended.returncode}: {said}")


def _release_of(slot: Path | None) -> Release | None:
    try:
        return read_release((slot / IN_SLOT).read_text(encoding="utf-8")) if slot else None
    except (OSError, ValueError, BundleFault):
        return None


def _opened(file: IO[bytes]) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=file, mode="r:")
    except DAMAGED as error:
        raise BundleFault(f"it is no bundle: {error}") from error


def _open_plain(path: Path) -> IO[bytes]:
    """Open a plain file, never a link placed by the folder's owner; OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{path} is no file")
    return os.fdopen(handle, "rb")


def _read_plain(path: Path, most_bytes: int) -> bytes:
    with _open_plain(path) as file:
        return file.read(most_bytes)
