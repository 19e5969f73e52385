"""Encryption of footage on the card by the kernel (fscrypt): a folder and its key.

systemd runs it before the agent starts, with a key that systemd unsealed, so a reboot needs nobody.
The kernel encrypts contents and names below the folder; programs notice nothing; sizes and times
stay visible. `encrypt` can be interrupted anywhere and is completed by the next run: unencrypted
files are copied in one by one, each synced before its original is removed.

The system's own Python runs it, like `slots.py` of `agent.updates`, so it uses only the standard
library. Structures and numbers come from the kernel's documentation
(Documentation/filesystems/fscrypt.rst) and `linux/fscrypt.h`.
"""

import errno
import fcntl
import os
import shutil
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 64
AES_256_XTS: Final = 1
AES_256_CTS: Final = 4
PADDED_TO_32: Final = 3
"""For names: their lengths reveal less."""
BY_IDENTIFIER: Final = 2
VERSION: Final = 2
DRAFT: Final = ".moving"


def _number(direction: int, number: int, size_bytes: int) -> int:
    """Ioctl number, as made by the kernel's macros `_IOR` (2), `_IOW` (1) and `_IOWR` (3)."""
    return direction << 30 | size_bytes << 16 | ord("f") << 8 | number


SET_POLICY: Final = _number(2, 19, 12)
GET_POLICY: Final = _number(3, 22, 9)
ADD_KEY: Final = _number(3, 23, 80)
REMOVE_KEY: Final = _number(3, 24, 64)
KEY_STATUS: Final = _number(3, 26, 128)
PRESENT: Final = 2


class EncryptionError(Exception):
    """Footage cannot be encrypted or opened; the message has the reason and the cure."""


def encrypt(folder: Path, key: bytes) -> int:
    """Open `folder` with `key`; if it is not encrypted yet, encrypt it and copy its files in.
    Returns the number of files copied. Raises EncryptionError.

    Nobody else may use the folder meanwhile.
    """
    plain = folder.with_name(f"{folder.name}.plain")
    identifier = add_key(folder.parent, key)
    known = identifier_of(folder) if folder.is_dir() else None
    if known is None:
        _begin(folder, plain, identifier)
    elif known != identifier:
        _remove_key(folder.parent, identifier)
        raise EncryptionError(
            f"{folder} was encrypted with another key. Bring that key back, or remove the folder: "
            "what is in it cannot be read without it"
        )
    return _bring_in(plain, folder) if plain.is_dir() else 0


def add_key(place: Path, key: bytes) -> bytes:
    """Give the key to the file system of `place`; returns the identifier derived by the kernel."""
    if len(key) != KEY_BYTES:
        raise EncryptionError(
            f"the key has {len(key)} bytes, not {KEY_BYTES}. Is it the right file?"
        )
    head = struct.pack("=II32sII", BY_IDENTIFIER, 0, bytes(32), len(key), 0)
    asked = bytearray(head + bytes(32) + key)
    with _opened(place) as folder:
        try:
            fcntl.ioctl(folder, ADD_KEY, asked)
        except OSError as error:
            raise _not_here(place, error) from error
    return bytes(asked[8:24])


def identifier_of(folder: Path) -> bytes | None:
    """Identifier of the folder's key; None if it is not encrypted."""
    told = bytearray(struct.pack("=Q", 24) + bytes(24))
    with _opened(folder) as opened:
        try:
            fcntl.ioctl(opened, GET_POLICY, told)
        except OSError as error:
            if error.errno == errno.ENODATA:
                return None
            raise _not_here(folder, error) from error
    if told[8] != VERSION:
        raise EncryptionError(f"{folder} is encrypted by another program. Choose another folder")
    return bytes(told[16:32])


def is_locked(folder: Path) -> bool:
    """True if the folder is encrypted and its key is missing; False if it cannot be encrypted."""
    try:
        identifier = identifier_of(folder)
        if identifier is None:
            return False
        told = bytearray(struct.pack("=II32s88s", BY_IDENTIFIER, 0, identifier, bytes(88)))
        with _opened(folder) as opened:
            fcntl.ioctl(opened, KEY_STATUS, told)
    except (EncryptionError, OSError):
        return False
    return int.from_bytes(told[64:68], sys.byteorder) != PRESENT


def _set_policy(folder: Path, identifier: bytes) -> None:
    names = AES_256_XTS, AES_256_CTS, PADDED_TO_32
    policy = struct.pack("=BBBB4s16s", VERSION, *names, bytes(4), identifier)
    with _opened(folder) as opened:
        try:
            fcntl.ioctl(opened, SET_POLICY, policy)
        except OSError as error:
            raise _not_here(folder, error) from error


def _remove_key(place: Path, identifier: bytes) -> None:
    """Remove the key; open files stay open."""
    asked = bytearray(struct.pack("=II32sI20s", BY_IDENTIFIER, 0, identifier, 0, bytes(20)))
    with _opened(place) as folder:
        fcntl.ioctl(folder, REMOVE_KEY, asked)


def _begin(folder: Path, plain: Path, identifier: bytes) -> None:
    """Replace it by an empty encrypted folder: only an empty folder can be encrypted."""
    fresh = folder.with_name(f"{folder.name}.new")
    if fresh.exists():
        shutil.rmtree(fresh)  # it is always empty
    fresh.mkdir(mode=0o700)
    _set_policy(fresh, identifier)
    like = folder if folder.is_dir() else plain if plain.is_dir() else folder.parent
    _as(fresh, like)
    _sync(fresh)
    if folder.is_dir():
        if plain.is_dir() and any(folder.iterdir()):
            raise EncryptionError(f"{folder} and {plain} both hold files. Move those of one away")
        if plain.is_dir():
            folder.rmdir()
        else:
            folder.rename(plain)
        _sync(folder.parent)
    fresh.rename(folder)
    _sync(folder.parent)


def _bring_in(plain: Path, folder: Path) -> int:
    """Copy each file in and remove its original; files already inside are complete."""
    number = 0
    for root, _, names in os.walk(plain, topdown=False):
        place = Path(root)
        into = folder / place.relative_to(plain)
        missing = [one for one in (into, *into.parents) if not one.exists()]
        for one in reversed(missing):
            one.mkdir(mode=0o700)
            _as(one, plain / one.relative_to(folder))
        for name in names:
            _copy(place / name, into / name)
            number += 1
        _sync(into)
        for name in names:
            (place / name).unlink()
        place.rmdir()
    _sync(folder.parent)
    return number


def _copy(origin: Path, target: Path) -> None:
    if target.exists():
        return  # its original was about to be removed when the last run ended
    draft = target.with_name(DRAFT)
    try:
        shutil.copyfile(origin, draft, follow_symlinks=False)
    except OSError as error:
        draft.unlink(missing_ok=True)
        if error.errno == errno.ENOSPC:
            raise EncryptionError(
                f"the disk is full: {origin} has no room to be copied. Free as much as it has"
            ) from error
        raise
    shutil.copystat(origin, draft)
    _as(draft, origin)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.rename(target)


def _as(path: Path, other: Path) -> None:
    """Same owner; in the service all belong to the agent, and none may be given away."""
    mine, owner = path.lstat(), other.lstat()
    if (mine.st_uid, mine.st_gid) != (owner.st_uid, owner.st_gid):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _sync(folder: Path) -> None:
    with _opened(folder) as opened:
        os.fsync(opened)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _not_here(place: Path, error: OSError) -> EncryptionError:
    match error.errno:
        case errno.EOPNOTSUPP:
            cure = "Enable it: tune2fs -O encrypt DEVICE (ext4)"
        case errno.ENOTTY:
            cure = "This kernel, or this file system, cannot: a kernel with CONFIG_FS_ENCRYPTION"
        case _:
            cure = "See the kernel's log"
    return EncryptionError(f"{place} cannot be encrypted ({error.strerror}). {cure}")


def main(arguments: list[str]) -> int:
    """`vault.py FOLDER KEYFILE`: 0, or 1 with one line with the reason and the cure."""
    try:
        folder, key_file = (Path(one) for one in arguments)
        number = encrypt(folder, key_file.read_bytes())
    except (EncryptionError, OSError, ValueError) as error:
        sys.stderr.write(f"vault: {error}\n")
        return 1
    if number:
        sys.stderr.write(f"vault: {number} files are encrypted now\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
