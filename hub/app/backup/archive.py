"""Backup file: a ZIP whose last member lists all others with their hashes.

An incomplete one has no manifest and not its final name. The whole file can be encrypted to a
public key (see `hub.base.age`), and secrets sealed with a passphrase (scrypt, then AES-256-GCM per
file). The file is always readable by its owner only, because the database has names of people.
"""

import contextlib
import hashlib
import io
import lzma
import os
import secrets
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import BaseModel, ConfigDict, ValidationError

from hub.base.age import (
    AgeError,
    DecryptedReader,
    EncryptedWriter,
    PrivateKey,
    PublicKey,
    is_encrypted,
)

PIECE_BYTES: Final = 256 * 1024
MANIFEST: Final = "manifest.json"
FORMAT: Final = 1


class ArchiveError(Exception):
    """The file is not a complete backup, or cannot be opened; the message says why."""


class Member(BaseModel):
    """One file of the backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    size_bytes: int


class BackupManifest(BaseModel):
    """Content of the backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    made_utc_us: int
    software: str
    database_kind: str
    schema_revision: str
    tables: dict[str, list[str]]
    has_media: bool
    sealed_with: str | None
    """Salt of the passphrase's key in hex; None: secrets are not encrypted."""
    members: dict[str, Member]


@dataclass(frozen=True, slots=True)
class Seal:
    """Encrypts secrets with a passphrase."""

    salt: bytes
    key: bytes

    @classmethod
    def make(cls, passphrase: str, salt: bytes | None = None) -> "Seal":
        """Derive the key of a passphrase; takes some tenths of a second on purpose."""
        salt = salt or secrets.token_bytes(16)
        key = Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())
        return cls(salt, key)

    def close(self, name: str, content: bytes) -> bytes:
        """Encrypt a file; without the passphrase nobody can read it or pass it off as another
        file."""
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(self.key).encrypt(nonce, content, name.encode())

    def open(self, name: str, content: bytes) -> bytes:
        """Decrypt a file; ArchiveError for a wrong passphrase."""
        try:
            return AESGCM(self.key).decrypt(content[:12], content[12:], name.encode())
        except InvalidTag as error:
            raise ArchiveError("the passphrase is not that of this backup") from error


class ArchiveWriter:
    """Writes a backup; complete only after `finish`."""

    def __init__(
        self, path: Path, *, to: PublicKey | None = None, overwrites: bool = False
    ) -> None:
        if path.exists() and not overwrites:
            raise ArchiveError(f"{path} is there already; --force writes over it")
        self._draft = Draft(path)
        self._encrypted = None if to is None else EncryptedWriter(self._draft.file, to)
        into: Any = self._encrypted or self._draft.file
        self._zip = zipfile.ZipFile(into, "w", allowZip64=True)
        self.members: dict[str, Member] = {}

    def add(self, name: str, pieces: Iterable[bytes], *, compresses: bool = True) -> Member:
        """Write a file in pieces."""
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED if compresses else zipfile.ZIP_STORED
        digest, size_bytes = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)
                digest.update(piece)
                size_bytes += len(piece)
        self.members[name] = Member(sha256=digest.hexdigest(), size_bytes=size_bytes)
        return self.members[name]

    def finish(self, manifest: BackupManifest) -> None:
        """Write the manifest and finish the file, durably: bytes, then name, then folder."""
        self._zip.writestr(MANIFEST, manifest.model_dump_json(indent=1))
        self._zip.close()
        if self._encrypted is not None:
            self._encrypted.finish()
        self._draft.finish()

    def abort(self) -> None:
        """Remove the unfinished file; harmless after `finish`."""
        with contextlib.suppress(OSError, ValueError):
            self._zip.close()
        self._draft.abort()


class Draft:
    """A file that gets its name when it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_name(f".{path.name}.part")
        self._draft.unlink(missing_ok=True)
        descriptor = os.open(self._draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self.file = os.fdopen(descriptor, "w+b")

    def finish(self) -> None:
        """Durably: bytes, then name, then folder."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        self._draft.rename(self._path)
        descriptor = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def abort(self) -> None:
        """Remove the unfinished file; harmless after `finish`."""
        with contextlib.suppress(OSError):
            self.file.close()
        self._draft.unlink(missing_ok=True)


def encrypt_file(path: Path, into: Path, to: PublicKey) -> None:
    """Replace a file by an encrypted one of another name; a crash leaves one of them whole."""
    draft = Draft(into)
    try:
        encrypted = EncryptedWriter(draft.file, to)
        with path.open("rb") as source:
            while piece := source.read(PIECE_BYTES):
                encrypted.write(piece)
        encrypted.finish()
        draft.finish()
    finally:
        draft.abort()
    path.unlink()


UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,  # a damaged field asks for another method that there is
    EOFError,
    KeyError,
    NotImplementedError,  # a damaged field asks for a method that there is not
    OSError,
    RuntimeError,  # or for a password
    ValueError,
)
"""Errors that reading a damaged archive ends with, by the place of the damage."""


class ArchiveReader:
    """Reads a complete backup: every hash is checked before any content is returned. `key` is asked
    for the private key if the file is encrypted."""

    def __init__(self, path: Path, key: Callable[[], PrivateKey] | None = None) -> None:
        self._path = path
        try:
            self._file: BinaryIO = path.open("rb")
        except FileNotFoundError as error:
            raise ArchiveError(f"there is no {path}") from error
        with contextlib.ExitStack() as undone:
            undone.callback(self._file.close)
            private = self._private_key(key)
            self.opened_by: PublicKey | None = None if private is None else private.public
            try:
                self._zip = zipfile.ZipFile(self._opened(private))
                self.manifest = self._read_manifest()
            except ArchiveError:
                raise
            except AgeError as error:
                raise ArchiveError(f"{path} is not to be opened: {error}") from error
            except UNREADABLE as error:
                raise ArchiveError(
                    f"{path} is no whole backup: it was cut off, or is another file"
                ) from error
            undone.pop_all()

    def _private_key(self, key: Callable[[], PrivateKey] | None) -> PrivateKey | None:
        """None for a file in the clear."""
        if not is_encrypted(self._file):
            return None
        if key is None:
            raise ArchiveError(f"{self._path} is encrypted, and its private key is needed")
        return key()

    def _opened(self, private: PrivateKey | None) -> IO[bytes]:
        if private is None:
            return self._file
        return io.BufferedReader(DecryptedReader(self._file, private), PIECE_BYTES)

    def _read_manifest(self) -> BackupManifest:
        try:
            return BackupManifest.model_validate_json(self._zip.read(MANIFEST))
        except ValidationError as error:
            why = str(error).splitlines()[0]
            raise ArchiveError(f"{self._path} was made by another version: {why}") from error

    def check(self) -> None:
        """ArchiveError unless every file is there and matches the manifest."""
        if self.manifest.format != FORMAT:
            raise ArchiveError(f"{self._path} has format {self.manifest.format}, not {FORMAT}")
        for name, said in self.manifest.members.items():
            digest, size_bytes = hashlib.sha256(), 0
            try:
                for piece in self.read(name):
                    digest.update(piece)
                    size_bytes += len(piece)
            except UNREADABLE as error:
                raise ArchiveError(f"{self._path} is damaged at {name}: {error}") from error
            if (digest.hexdigest(), size_bytes) != (said.sha256, said.size_bytes):
                raise ArchiveError(f"{self._path} is damaged: {name} is not what was backed up")

    def names(self, folder: str) -> list[str]:
        """Members below a folder, without its name."""
        prefix = f"{folder}/"
        return [name[len(prefix) :] for name in self.manifest.members if name.startswith(prefix)]

    def read(self, name: str) -> Iterator[bytes]:
        """A member in pieces."""
        with self._zip.open(name) as member:
            while piece := member.read(PIECE_BYTES):
                yield piece

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()
