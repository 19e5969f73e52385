"""`update`: installs a bundle signed by the town's update key.

The key is separate from the hub's authority: control of the hub is not control of the nodes. The
bundle is copied where only root writes, file by file against the signed list, and the copy is
installed.
"""

import hashlib
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent import crypto
from agent.i18n import N_
from agent.uplink.mqtt.errors import Trouble
from agent.wire.programs import SIGNATURE, SUMS

KEY: Final = Path("/etc/matthan/update.pub")
SIGNATURE_BYTES: Final = 64
INSTALLER: Final = "deploy/node/install.sh"
MOST_LIST_BYTES: Final = 4 * 2**20
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](?:\./)?(.+)")
_CHUNK: Final = 2**20


def update(bundle: Path, *, key: Path = KEY, run: Callable[[Path], int] | None = None) -> int:
    """Check, copy and install; returns the installer's exit code. Raises Trouble or OSError."""
    text, listed = checked(bundle, key)
    with tempfile.TemporaryDirectory(prefix="matthan-update-", dir="/var/tmp") as folder:
        copy = Path(folder) / "bundle"
        for digest, name in listed:
            _copy(bundle, copy, name, digest)
        (copy / SUMS).write_bytes(text)
        installer = copy / INSTALLER
        if not installer.is_file():
            raise _unsigned(N_("the bundle has no {installer}"), installer=INSTALLER)
        return (run or _run)(installer)


def checked(bundle: Path, key: Path) -> tuple[bytes, list[tuple[str, PurePosixPath]]]:
    """The signed list, and hash and name of every file in it; raises Trouble or OSError."""
    public = public_key(key)
    try:
        with (bundle / SUMS).open("rb") as file:
            text = file.read(MOST_LIST_BYTES + 1)
        with (bundle / SIGNATURE).open("rb") as file:
            signature = file.read(SIGNATURE_BYTES)
    except FileNotFoundError as error:
        raise _unsigned(N_("{file} is missing"), file=error.filename) from error
    if not crypto.is_signed(text, signature, key=public):
        raise _unsigned(N_("the bundle is not signed by this town's update key"))
    if len(text) > MOST_LIST_BYTES:
        raise _unsigned(N_("the list of the bundle is too long"))
    return text, list(_listed(text.decode()))


def public_key(key: Path) -> Ed25519PublicKey:
    """The town's update key from `key`; raises Trouble or OSError."""
    try:
        return crypto.update_key(key.read_bytes())
    except FileNotFoundError as error:
        raise Trouble(
            N_("this node knows no key of updates"),
            N_("put the keeper's update.pub at {key}, owned by root"),
            {"key": key},
        ) from error
    except crypto.CryptoError as error:
        raise _unsigned(N_("{key} is no key of updates"), key=key) from error


def _listed(text: str) -> Iterator[tuple[str, PurePosixPath]]:
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        name = PurePosixPath(found[2]) if found else PurePosixPath("/")
        if found is None or name.is_absolute() or ".." in name.parts:
            raise _unsigned(N_("the list of the bundle names no files"))
        yield found[1], name


def _copy(bundle: Path, copy: Path, name: PurePosixPath, digest: str) -> None:
    """Read, hash and store in one pass: a USB stick can change between two reads."""
    source, target = bundle / name, copy / name
    target.parent.mkdir(parents=True, exist_ok=True)
    hashed = hashlib.sha256()
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(_CHUNK):
            hashed.update(chunk)
            writing.write(chunk)
    if hashed.hexdigest() != digest:
        raise _unsigned(N_("{file} differs from what was signed"), file=str(name))
    target.chmod(0o755 if target.suffix == ".sh" else 0o644)


def _run(installer: Path) -> int:
    return subprocess.run([str(installer)], check=False).returncode  # noqa: S603 - the signed copy


def _unsigned(sentence: str, **facts: object) -> Trouble:
    return Trouble(sentence, N_("copy the bundle again, or ask who made it"), facts)
