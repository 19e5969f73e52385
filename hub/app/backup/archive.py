"""Backup file: a ZIP whose last member lists all others with their hashes.

An incomplete one has no manifest and not its final name. Secrets can be sealed with a passphrase
(scrypt, then AES-256-GCM per file). The file is always readable by its owner only, because the
database has names of people.
"""

import contextlib
import hashlib
import lzma
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import BaseModel, ConfigDict, ValidationError

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

    def __init__(self, path: Path, *, overwrites: bool = False) -> None:
        if path.exists() and not overwrites:
            raise ArchiveError(f"{path} is there already; --force writes over it")
        self._path = path
        self._draft = path.with_name(f".{path.name}.part")
        self._draft.unlink(missing_ok=True)
        descriptor = os.open(self._draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", allowZip64=True)
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
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._draft.rename(self._path)
        descriptor = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def abort(self) -> None:
        """Remove the unfinished file; harmless after `finish`."""
        with contextlib.suppress(OSError, ValueError):
            self._zip.close()
        with contextlib.suppress(OSError):
            self._file.close()
        self._draft.unlink(missing_ok=True)


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
    """Reads a complete backup: every hash is checked before any content is returned."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("rb")
        except FileNotFoundError as error:
            raise ArchiveError(f"there is no {path}") from error
        try:
            self._zip = zipfile.ZipFile(self._file)
            self.manifest = self._read_manifest()
        except ArchiveError:
            self._file.close()
            raise
        except UNREADABLE as error:
            self._file.close()
            raise ArchiveError(
                f"{path} is no whole backup: it was cut off, or is another file"
            ) from error

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
